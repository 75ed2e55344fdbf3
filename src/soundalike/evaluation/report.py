"""What an evaluation found, as plain values for JSON and as lines and a table for people."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from soundalike.evaluation.report_file import SHORT
from soundalike.evaluation.systems import SystemMetrics
from soundalike.metrics.distinctive_words import DistinctiveWord
from soundalike.metrics.habit_distances import HabitDistance
from soundalike.metrics.stats import Estimate
from soundalike.metrics.windows import TOO_LITTLE

if TYPE_CHECKING:
    from rich.table import Table

YOU, CLONE, BEFORE, OTHERS = "you", "clone", "you, months before", "other people"
COPY_LIMIT = 1.5  # times the owner's own rate
FAR = 2.0  # times the owner's own variation
COLUMNS = ("likeness", "sense", "copying", "loops")
ROWS = {
    BEFORE: "you, earlier",
    "the base alone": "base alone",
    "word chain, order 1": "word chain 1",
    "word chain, order 2": "word chain 2",
}
LEGEND = (
    "likeness  how hard these lines are to tell from yours: 100 % is as hard as your",
    "          own of the months before, 0 % as easy as {scale}",
    "sense     how often a reply fits what was said just before it better than it",
    "          fits another conversation; 50 % is chance",
    "copying   messages of five words and more that stand word for word in what was",
    "          learned from",
    "loops     messages that go round in circles, say again what was just said, or",
    "          echo it",
    "in [ ]    where the figure lies with a certainty of 95 %",
    "parrot    your old messages, drawn at random",
    "word chain 1, 2   each word drawn after the one or the two words before it",
    "word salad, base alone   your words in any order; the model before it read you",
)


@dataclass
class EvaluationReport:
    """All figures of one evaluation; `about` says on what: split, windows, seeds, recipe, scale."""

    about: dict[str, Any]
    rows: dict[str, SystemMetrics]
    bits: dict[str, Estimate] = field(default_factory=dict)
    delta: dict[str, Estimate] = field(default_factory=dict)
    habits: list[HabitDistance] = field(default_factory=list)
    words: list[DistinctiveWord] = field(default_factory=list)
    grams: list[DistinctiveWord] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "about": self.about,
            "rows": {name: _plain(figures) for name, figures in self.rows.items()},
            "bits_per_byte": {name: one.as_dict() for name, one in self.bits.items()},
            "delta_rank": {name: one.as_dict() for name, one in self.delta.items()},
            "habits": [one.as_dict() for one in self.habits],
            "gives_it_away": {
                "words": [one.as_dict() for one in self.words],
                "grams": [one.as_dict() for one in self.grams],
            },
        }

    def extent(self) -> str:
        """On how much the figures rest, and whether they are the short check's."""
        windows, seeds = self.about["windows"], self.about["seeds"]
        check = "Short check: " if self.about["form"] == SHORT else "On "
        return f"{check}{windows} held-out windows of four messages, {seeds} seed{'' if seeds == 1 else 's'}."

    def legend(self) -> list[str]:
        """What the columns and rows of the table mean."""
        return [line.format(scale=self.about["scale"]) for line in LEGEND]

    def headline(self) -> list[str]:
        """The four figures that are never told apart from each other, a line each."""
        clone, you = self.rows[CLONE], self.rows[YOU]
        scale = f"100 % is you in the months before, 0 % {self.about['scale']}"
        own = f"you repeat yourself: {_spelled(you.copying, True)}"
        return [
            f"likeness  {_spelled(clone.likeness, True)}  ({scale})",
            f"sense     {_spelled(clone.sense, True)}  (yours {_spelled(you.sense, True)}; chance is 50 %)",
            f"copying   {_spelled(clone.copying, True)}  ({own}){self._veto()}",
            f"loops     {_spelled(clone.loops, True)}  (yours {_spelled(you.loops, True)})",
        ]

    def _veto(self) -> str:
        told = recites(self.rows[CLONE].copying, self.rows[YOU].copying)
        return " It recites: a likeness that is copied counts for nothing." if told else ""

    def lines(self) -> list[str]:
        """Everything that stands in no table."""
        told = [self.extent()]
        if self.about["left_out"]:
            told.append(
                f"Not scored: {self.about['left_out']:,} held-out messages that stand word for word in learned ones."
            )
        if self.bits:
            names = {"on": "with what it learned", "off": "before", "renamed": "under another's name"}
            costs = "; ".join(f"{names[n]} {one.spelled()}" for n, one in self.bits.items())
            told.append(f"Your held-out words cost the model in bits a byte, the fewer the better: {costs}.")
        rates = {name: self.rows[name].hit_rate for name in (YOU, CLONE)}
        if all(rates.values()):
            told.append("Windows whose style is nearer to yours than to anybody else's here: " + _pairs(rates, True))
        if self.delta:
            people = self.about["people"]
            told.append(
                f"Whose frequencies of common words they are nearest to (Cosine Delta; 1 is you, {people} is the last "
                f"of so many people): {_pairs(self.delta, False)}"
            )
        told += self._giveaways()
        return told

    def _giveaways(self) -> list[str]:
        far = [f"{one.habit.replace('_', ' ')} {one.ratio:.1f}" for one in self.habits if one.ratio >= FAR][:8]
        told = [f"Habits farther off than your own change: {', '.join(far)} (times)"] if far else []
        for head, positive in (("It says too often: ", True), ("It says too seldom: ", False)):
            said = [one.what for one in self.words if (one.sign > 0) == positive]
            told += [head + "  ".join(said)] if said else []
        return told

    def table(self) -> "Table":
        """Everybody beside each other, within 80 columns."""
        from rich.table import Table

        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        for title in ("", *COLUMNS):
            table.add_column(title, no_wrap=True)
        for name, figures in self.rows.items():
            cells = [_cell(getattr(figures, column)) for column in COLUMNS]
            if set(cells) == {"-"}:  # other people are one end of the scale, and nothing else
                continue
            table.add_row(ROWS.get(name, name), *cells, style="bold" if name == CLONE else None)
        return table


def recites(clone: Estimate | None, you: Estimate | None) -> bool:
    """Whether a clone copies clearly more than its owner says things again."""
    return bool(clone and you and clone.low > COPY_LIMIT * you.high)


def _plain(figures: SystemMetrics) -> dict[str, Any]:
    told = {name: getattr(figures, name) for name in SystemMetrics.__slots__}
    return {name: one.as_dict() if isinstance(one, Estimate) else one for name, one in told.items()}


def _spelled(one: Estimate | None, percent: bool) -> str:
    return one.spelled(percent=percent) if one else TOO_LITTLE


def _cell(one: Estimate | None) -> str:
    return one.spelled(percent=True) if one else "-"


def _pairs(figures: dict[str, Any], percent: bool) -> str:
    return ", ".join(f"{name} {_spelled(one, percent)}" for name, one in figures.items())
