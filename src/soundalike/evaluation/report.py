"""What an evaluation found, as plain values for JSON and as lines and a table for people."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from soundalike.evaluation.contest import Figures
from soundalike.likeness.distances import Distance
from soundalike.likeness.estimates import Estimate
from soundalike.likeness.giveaways import Giveaway
from soundalike.likeness.windows import TOO_LITTLE

if TYPE_CHECKING:
    from rich.table import Table

YOU, CLONE, BEFORE, OTHERS = "you", "clone", "you, months before", "other people"
COPY_LIMIT = 1.5  # times the owner's own rate
FAR = 2.0  # times the owner's own variation
COLUMNS = {
    "likeness": ("likeness", True),
    "area": ("told apart", False),
    "strict": ("in eights", False),
    "sense": ("sense", True),
    "copying": ("copying", True),
    "loops": ("loops", True),
}


@dataclass
class Report:
    """All figures of one evaluation; `about` says on what: split, windows, seeds, recipe, scale."""

    about: dict[str, Any]
    rows: dict[str, Figures]
    bits: dict[str, Estimate] = field(default_factory=dict)
    delta: dict[str, Estimate] = field(default_factory=dict)
    habits: list[Distance] = field(default_factory=list)
    words: list[Giveaway] = field(default_factory=list)
    grams: list[Giveaway] = field(default_factory=list)

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

    def needles(self) -> list[str]:
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
        told = [f"On {self.about['windows']} held-out windows of four messages, {self.about['seeds']} seeds."]
        if self.about["left_out"]:
            told.append(
                f"Not scored: {self.about['left_out']:,} held-out messages that stand word for word in learned ones."
            )
        if self.bits:
            names = {"on": "with what it learned", "off": "before", "renamed": "under another's name"}
            told.append("Bits a byte: " + "; ".join(f"{names[n]} {one.spelled()}" for n, one in self.bits.items()))
        rates = {name: self.rows[name].hit_rate for name in (YOU, CLONE)}
        if all(rates.values()):
            told.append("Windows given to you among others: " + _pairs(rates, True))
        if self.delta:
            told.append(f"Delta's rank of you among {self.about['people']}: " + _pairs(self.delta, False))
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
        """Everybody beside each other."""
        from rich.table import Table

        table = Table("", *(title for title, _ in COLUMNS.values()), box=None, pad_edge=False)
        for name, figures in self.rows.items():
            cells = [_cell(getattr(figures, column), percent) for column, (_, percent) in COLUMNS.items()]
            table.add_row(name, *cells, style="bold" if name == CLONE else None)
        return table


def recites(clone: Estimate | None, you: Estimate | None) -> bool:
    """Whether a clone copies clearly more than its owner says things again."""
    return bool(clone and you and clone.low > COPY_LIMIT * you.high)


def _plain(figures: Figures) -> dict[str, Any]:
    told = {name: getattr(figures, name) for name in Figures.__slots__}
    return {name: one.as_dict() if isinstance(one, Estimate) else one for name, one in told.items()}


def _spelled(one: Estimate | None, percent: bool) -> str:
    return one.spelled(percent=percent) if one else TOO_LITTLE


def _cell(one: Estimate | None, percent: bool) -> str:
    return one.spelled(percent=percent) if one else "-"


def _pairs(figures: dict[str, Any], percent: bool) -> str:
    return ", ".join(f"{name} {_spelled(one, percent)}" for name, one in figures.items())
