"""The report of an evaluation: for JSON as its fields are, for people as lines and a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from soundalike.evaluation.system_metrics import SystemMetrics
from soundalike.metrics.distinctive_words import DistinctiveWord
from soundalike.metrics.habit_distances import HabitDistance
from soundalike.metrics.repetition import recites
from soundalike.metrics.stats import Estimate
from soundalike.metrics.windows import TOO_LITTLE

if TYPE_CHECKING:
    from rich.table import Table

SHORT, FULL = "short", "full"
YOU, CLONE, BEFORE, OTHERS, BASE = "you", "clone", "you, months before", "other people", "the base alone"
FAR, MOST_HABITS = 2.0, 8  # times the owner's own variation; habits that are listed
HEADLINE = ("likeness", "sense", "copying", "loops")
ROW_TITLES = {
    BEFORE: "you, earlier",
    BASE: "base alone",
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
class GivesItAway:
    """What the clone writes surely more or less often than its owner."""

    words: list[DistinctiveWord] = field(default_factory=list)
    grams: list[DistinctiveWord] = field(default_factory=list)


@dataclass
class EvaluationReport:
    """All metrics of one evaluation, with the keys of evaluation.json; `about` says of what, see `evaluate._about`.

    `rows` are by system, `bits_per_byte` by adapter (on, off, renamed), `delta_rank` by author (you, clone).
    """

    about: dict[str, Any]
    rows: dict[str, SystemMetrics]
    bits_per_byte: dict[str, Estimate] = field(default_factory=dict)
    delta_rank: dict[str, Estimate] = field(default_factory=dict)
    habits: list[HabitDistance] = field(default_factory=list)
    gives_it_away: GivesItAway = field(default_factory=GivesItAway)

    def extent(self) -> str:
        """On how much the figures rest, and whether they are the short check's."""
        windows, seeds = self.about["windows"], self.about["seeds"]
        check = "Short check: " if self.about["form"] == SHORT else "On "
        return f"{check}{windows} held-out windows of four messages, {seeds} seed{'' if seeds == 1 else 's'}."

    def legend(self) -> list[str]:
        """What the columns and rows of the table mean."""
        return [line.format(scale=self.about["scale"]) for line in LEGEND]

    def headline(self) -> list[str]:
        """The four headline metrics, a line each; always shown together."""
        clone, you = self.rows[CLONE], self.rows[YOU]
        scale = f"100 % is you in the months before, 0 % {self.about['scale']}"
        own = f"you repeat yourself: {_percent(you.copying)}"
        return [
            f"likeness  {_percent(clone.likeness)}  ({scale})",
            f"sense     {_percent(clone.sense)}  (yours {_percent(you.sense)}; chance is 50 %)",
            f"copying   {_percent(clone.copying)}  ({own}){self._veto()}",
            f"loops     {_percent(clone.loops)}  (yours {_percent(you.loops)})",
        ]

    def _veto(self) -> str:
        vetoed = recites(self.rows[CLONE].copying, self.rows[YOU].copying)
        return " It recites: a likeness that is copied counts for nothing." if vetoed else ""

    def lines(self) -> list[str]:
        """Everything that is in no table."""
        return [self.extent(), *self._unscored(), *self._bits(), *self._attribution(), *self._differences()]

    def _unscored(self) -> list[str]:
        count = self.about["left_out"]
        return [f"Not scored: {count:,} held-out messages that stand word for word in learned ones."] if count else []

    def _bits(self) -> list[str]:
        if not self.bits_per_byte:
            return []
        names = {"on": "with what it learned", "off": "before", "renamed": "under another's name"}
        costs = "; ".join(f"{names[name]} {bits.as_text()}" for name, bits in self.bits_per_byte.items())
        return [f"Your held-out words cost the model in bits a byte, the fewer the better: {costs}."]

    def _attribution(self) -> list[str]:
        found = []
        rates = {name: self.rows[name].hit_rate for name in (YOU, CLONE)}
        if all(rates.values()):
            nearest = ", ".join(f"{name} {_percent(rate)}" for name, rate in rates.items())
            found.append(f"Windows whose style is nearer to yours than to anybody else's here: {nearest}")
        if self.delta_rank:
            people = self.about["people"]
            ranks = ", ".join(f"{name} {rank.as_text()}" for name, rank in self.delta_rank.items())
            found.append(
                f"Whose frequencies of common words they are nearest to (Cosine Delta; 1 is you, {people} is the last "
                f"of so many people): {ranks}"
            )
        return found

    def _differences(self) -> list[str]:
        far = [f"{one.habit.replace('_', ' ')} {one.ratio:.1f}" for one in self.habits if one.ratio >= FAR]
        found = [f"Habits farther off than your own change: {', '.join(far[:MOST_HABITS])} (times)"] if far else []
        for head, positive in (("It says too often: ", True), ("It says too seldom: ", False)):
            words = [one.what for one in self.gives_it_away.words if (one.sign > 0) == positive]
            found += [head + ", ".join(f"“{word}”" for word in words)] if words else []
        return found

    def table(self) -> "Table":
        """The headline metrics of all systems, within 80 columns."""
        from rich.table import Table

        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        for title in ("", *HEADLINE):
            table.add_column(title, no_wrap=True)
        for name, metrics in self.rows.items():
            cells = [getattr(metrics, column) for column in HEADLINE]
            if any(cells):  # other people are one end of the scale, and nothing else
                style = "bold" if name == CLONE else None
                table.add_row(ROW_TITLES.get(name, name), *(_percent(cell, "-") for cell in cells), style=style)
        return table


def estimate_of(report: Mapping[str, Any], system: str, metric: str) -> Estimate | None:
    """One metric of a system in a report that was read from JSON; None where it was not measured."""
    found = report["rows"].get(system, {}).get(metric)
    return Estimate(**found) if found and None not in found.values() else None


def _percent(estimate: Estimate | None, missing: str = TOO_LITTLE) -> str:
    return estimate.as_text(percent=True) if estimate else missing
