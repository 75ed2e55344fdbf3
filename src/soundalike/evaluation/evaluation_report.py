"""The report of an evaluation: for JSON as its fields are, for people as lines and a table."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from soundalike.evaluation.forced_choice import ForcedChoice
from soundalike.evaluation.system_metrics import SystemMetrics
from soundalike.metrics.distinctive_words import DistinctiveWord
from soundalike.metrics.habit_distances import HabitDistance
from soundalike.metrics.repetition import recites
from soundalike.metrics.stats import Estimate, difference
from soundalike.metrics.windows import TOO_LITTLE

if TYPE_CHECKING:
    from rich.table import Table

SHORT, FULL = "short", "full"
YOU, SAME, BEFORE = "you", "you, same months", "you, months before"
CLONE, PROMPT, OTHERS, BASE = "clone", "prompt", "other people", "the base alone"
BESIDE = {  # shown with the headline, as it says them
    "parrot": "your old messages at random",
    "word chain, order 2": "a word chain",
}
PROMPT_LEGEND = "prompt    a chat model that read a prompt on how you write, and learned nothing"
POINTS = 0.05  # a difference of the headline that somebody would want to see
FAR, MOST_HABITS = 2.0, 8  # times the owner's own variation; habits that are listed
HEADLINE = {  # columns of the table, with what they are called in it
    "fooled": "fooled",
    "likeness": "likeness",
    "coherence": "sense",
    "copying": "copying",
    "repetition": "loops",
}
WRITTEN_BY = {YOU: "for your text", CLONE: "for its text"}
SMALL = ("copying", "repetition")
ROW_TITLES = {
    SAME: "you, same",
    BEFORE: "you before",
    BASE: "base alone",
    "parrot": "old lines",
    "word chain, order 1": "word pairs",
    "word chain, order 2": "word trios",
}
LEGEND = (
    "fooled    shown what was said, your real reply and this one, how often a judge",
    "          takes this one for yours: 50 % is perfect, 0 % hopeless",
    "likeness  style alone: 100 % is as hard to tell from you as you from yourself",
    "          in the same months, 0 % as easy as {scale}",
    "sense     how often a reply fits what was said just before it better than it",
    "          fits another conversation; 50 % is chance",
    "copying   messages of five words and more that stand word for word in what was",
    "          learned from",
    "loops     messages that go round in circles, say again what was just said, or",
    "          echo it",
    "in [ ]    where the figure lies with a certainty of 95 %",
    "you, same; you before   you in other talks of the same months; in earlier ones",
    "old lines   your old messages, drawn at random",
    "word pairs   each word drawn after the one before it",
    "word trios   each word drawn after the two before it",
    "word salad, base alone   your words in any order; the model before it read you",
)


@dataclass
class GivesItAway:
    """What the clone writes surely more or less often than its owner."""

    words: list[DistinctiveWord] = field(default_factory=list)
    grams: list[DistinctiveWord] = field(default_factory=list)


@dataclass
class EvaluationReport:
    """All metrics of one evaluation, with the keys of evaluation.json.

    `about` says of which voice and text, see `evaluate`. `rows` are by system, `bits_per_byte` by adapter (on, off,
    renamed), `delta_rank` by author (you, clone). `not_kept` is why evaluation.json does not hold it, else None.
    """

    about: dict[str, Any]
    rows: dict[str, SystemMetrics]
    bits_per_byte: dict[str, Estimate] = field(default_factory=dict)
    delta_rank: dict[str, Estimate] = field(default_factory=dict)
    forced_choice: ForcedChoice | None = None
    habits: list[HabitDistance] = field(default_factory=list)
    gives_it_away: GivesItAway = field(default_factory=GivesItAway)
    not_kept: str | None = None

    def extent(self) -> str:
        """On how much the figures rest, and whether they are the short check's."""
        windows, seeds = self.about["windows"], self.about["seeds"]
        check = "Short check: " if self.about["form"] == SHORT else "Evaluation: "
        times = "once" if seeds == 1 else f"{seeds} times"
        return f"{check}{windows} windows, each four messages of yours that it has not read, answered {times}."

    def unkept(self) -> list[str]:
        """That the report was not written to evaluation.json, and why; empty where it was."""
        return [f"Not kept in evaluation.json. {self.not_kept}"] if self.not_kept else []

    def legend(self) -> list[str]:
        """What the columns and rows of the table mean."""
        lines = [line.format(scale=self.about["scale"]) for line in LEGEND]
        return [*lines, PROMPT_LEGEND] if PROMPT in self.rows else lines

    def headline(self) -> list[str]:
        """How good the voice is: the headline metric, then its parts; always shown together."""
        clone, you = self.rows[CLONE], self.rows[YOU]
        others = [f"{said} {100 * one.value:.0f} %" for name, said in BESIDE.items() if (one := self._fooled_by(name))]
        beside = "".join(f", {other}" for other in others)
        return [
            f"fooled    {_percent(clone.fooled)}  how often a judge takes its reply for your real one",
            f"          (50 % is perfect{beside})",
            f"likeness  {_percent(clone.likeness)}  style alone (100 % is you, 0 % is {self.about['scale']})",
            f"sense     {_percent(clone.coherence)}  (yours {_percent(you.coherence)}; chance is 50 %)",
            f"copying   {_percent(clone.copying)}  (you repeat yourself: {_percent(you.copying)}){self._veto()}",
            f"loops     {_percent(clone.repetition)}  (yours {_percent(you.repetition)})",
        ]

    def _fooled_by(self, name: str) -> Estimate | None:
        return self.rows[name].fooled if name in self.rows else None

    def _veto(self) -> str:
        vetoed = recites(self.rows[CLONE].copying, self.rows[YOU].copying)
        return " It recites: what is copied counts for nothing." if vetoed else ""

    def lines(self) -> list[str]:
        """Everything that is in no table."""
        return [
            self.extent(),
            *self.unkept(),
            *self._power(),
            *self._drift(),
            *self._unscored(),
            *self._prompted(),
            *self._bits(),
            *self._choice(),
            *self._attribution(),
            *self._differences(),
        ]

    def _power(self) -> list[str]:
        """What difference of two voices in the headline these windows can show, and how many five points need."""
        fooled = self.rows[CLONE].fooled
        if fooled is None or fooled.high == fooled.low:
            return []
        shown = math.sqrt(2) * (fooled.high - fooled.low) / 2  # two voices' intervals, half as wide to each side
        least = f"This text tells two voices apart if one is taken for you in {100 * shown:.0f} more of 100 replies"
        if shown <= POINTS:
            return [f"{least} than the other."]
        needed = math.ceil(self.about["windows"] * (shown / POINTS) ** 2 / 10) * 10
        return [f"{least} than the other; for {100 * POINTS:.0f} more about {needed:,} windows would be needed."]

    def _drift(self) -> list[str]:
        """How far the owner's own months are from one another."""
        same, before = (self.rows[name].auc if name in self.rows else None for name in (SAME, BEFORE))
        if same is None or before is None:
            return []
        apart = difference(before, same)
        drift = f"{before.as_text()} from the months before, {same.as_text()} within the same months (0.5: not at all)"
        changed = "Your style changed" if apart.low > 0 else "No change of your style shows"
        return [f"{changed}: a classifier tells your own windows apart by {drift}."]

    def _unscored(self) -> list[str]:
        count = self.about["left_out"]
        return [f"Not scored: {count:,} held-out messages that stand word for word in learned ones."] if count else []

    def _prompted(self) -> list[str]:
        """Which chat model the row is of."""
        if PROMPT not in self.rows:
            return []
        about = self.about["prompt"]
        return [f"The row prompt is {about['model']} with a prompt of {about['characters']:,} characters."]

    def _bits(self) -> list[str]:
        if not self.bits_per_byte:
            return []
        names = {"on": "with what it learned", "off": "before", "renamed": "under another's name"}
        costs = "; ".join(f"{names[name]} {bits.as_text()}" for name, bits in self.bits_per_byte.items())
        return [f"Your words in this evaluation cost the model in bits a byte, the fewer the better: {costs}."]

    def _choice(self) -> list[str]:
        choice = self.forced_choice
        if choice is None:
            return []
        right = f"{_percent(choice.correct)} (chance is 25 %; it took {choice.seconds:.0f} s)"
        return [f"Of four replies to a held-out context, it finds your real one the likeliest in {right}."]

    def _attribution(self) -> list[str]:
        found = []
        rates = {name: self.rows[name].hit_rate for name in (YOU, CLONE)}
        if all(rates.values()):
            found.append(
                f"In style {_percent(rates[CLONE])} of its windows are nearer to you than to anybody else here, and "
                f"{_percent(rates[YOU])} of your own."
            )
        if self.delta_rank:
            ranks = ", ".join(f"{WRITTEN_BY[name]} {rank.as_text()}" for name, rank in self.delta_rank.items())
            found.append(
                f"Where you stand among {self.about['people']} people whose use of common words is compared with that "
                f"of a text (Cosine Delta; 1 is the nearest): {ranks}."
            )
        return found

    def _differences(self) -> list[str]:
        far = [f"{one.habit.replace('_', ' ')} {one.ratio:.1f}" for one in self.habits if one.ratio >= FAR]
        found = [f"Habits farther off than your own change: {', '.join(far[:MOST_HABITS])} (times)"] if far else []
        for head, positive in (("It says too often: ", True), ("It says too seldom: ", False)):
            words = [one.what for one in self.gives_it_away.words if (one.sign > 0) == positive]
            found += [head + ", ".join(f"“{word}”" for word in words)] if words else []
        return found

    def cells(self) -> dict[str, list[str]]:
        """The headline metrics of all systems as texts: by system, one for each of HEADLINE."""
        found = {name: [getattr(metrics, column) for column in HEADLINE] for name, metrics in self.rows.items()}
        return {
            name: [_figures(column, cell) for column, cell in zip(HEADLINE, row, strict=True)]
            for name, row in found.items()
            if any(row)  # other people are one end of the scale, and nothing else
        }

    def table(self) -> "Table":
        """The headline metrics of all systems, within 80 columns."""
        from rich.table import Table

        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        for title in ("", *(f"{name} %" for name in HEADLINE.values())):
            table.add_column(title, no_wrap=True)
        for name, cells in self.cells().items():
            table.add_row(ROW_TITLES.get(name, name), *cells, style="bold" if name == CLONE else None)
        return table


def estimate_of(report: Mapping[str, Any], system: str, metric: str) -> Estimate | None:
    """One metric of a system in a report that was read from JSON; None where it was not measured."""
    found = report["rows"].get(system, {}).get(metric)
    return Estimate(**found) if found and None not in found.values() else None


def _figures(metric: str, estimate: Estimate | None) -> str:
    """`62 [55, 68]`, in percent; shares that are small, with a digit more, `0.2 [0.0, 0.7]`."""
    if estimate is None:
        return "-"
    if metric in SMALL:
        return estimate.as_text(percent=True).replace(" %", "")
    return f"{100 * estimate.value:.0f} [{100 * estimate.low:.0f}, {100 * estimate.high:.0f}]"


def _percent(estimate: Estimate | None, missing: str = TOO_LITTLE) -> str:
    return estimate.as_text(percent=True) if estimate else missing
