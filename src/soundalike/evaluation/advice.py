"""What an evaluation means for somebody who reads no tables: what is good, what is not, and what may help.

Each finding follows the interval of a difference, never the larger figure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from soundalike import phrasing
from soundalike.evaluation.evaluation_report import CLONE, POINTS, PROMPT, YOU, EvaluationReport
from soundalike.evaluation.guidance import guidance
from soundalike.metrics.repetition import recites
from soundalike.metrics.stats import Estimate, difference, reaches
from soundalike.next_step import Frontend

LIKENESS_MARGIN = 0.1  # of the scale from strangers to the owner, within which a voice counts as the owner
PARROT = "parrot"
BASELINES = (PARROT, "word chain, order 1", "word chain, order 2")
DESCRIBED = {
    PARROT: "old messages of yours drawn at random",
    "word chain, order 1": "a program that knows only which word follows which of yours",
    "word chain, order 2": "a program that knows only which word follows which two of yours",
}


class Kind(Enum):
    """What a finding is for the voice; the value is its title."""

    GOOD = "Good"
    POOR = "Not good"
    OPEN = "Not known"


@dataclass(frozen=True, slots=True)
class Assessment:
    """A sentence on one side of the voice."""

    kind: Kind
    sentence: str


@dataclass(frozen=True, slots=True)
class Advice:
    """`headline`: how close the voice is. `steps` may help, the one that helped most first; `evidence` says how much
    each did where it was measured."""

    headline: str
    findings: list[Assessment]
    steps: list[str]
    evidence: list[str]

    def of(self, kind: Kind) -> list[str]:
        """The sentences of one kind."""
        return [finding.sentence for finding in self.findings if finding.kind is kind]

    def lines(self) -> list[str]:
        """All of it but the evidence, a line each."""
        found = [f"{kind.value}: {sentence}" for kind in Kind for sentence in self.of(kind)]
        return [self.headline, *found, *(f"May help: {step}" for step in self.steps)]


def advice(report: EvaluationReport, frontend: Frontend = Frontend.COMMAND_LINE) -> Advice:
    """What `report` means; `frontend` names what to do."""
    found = guidance(report)
    return Advice(found.headline, list(_findings(report)), found.steps(frontend), found.evidence())


def _findings(report: EvaluationReport) -> Iterator[Assessment]:
    for part in (_recited, _fooled, _prompted, _sense, _likeness, _loops):
        yield from part(report)


def _recited(report: EvaluationReport) -> Iterator[Assessment]:
    clone, you = report.rows[CLONE].copying, report.rows[YOU].copying
    if clone is None or you is None:
        return
    both = f"{phrasing.percent(clone.value)} of what it writes, {phrasing.percent(you.value)} of what you do"
    if recites(clone, you):
        yield Assessment(
            Kind.POOR,
            f"It recites: it repeats your messages word for word more often than you do ({both}), so its other figures "
            "count for nothing. Train it for less time, or add more messages.",
        )
    else:
        yield Assessment(Kind.GOOD, f"It does not repeat your messages word for word more than you do ({both}).")


def _fooled(report: EvaluationReport) -> Iterator[Assessment]:
    clone = report.rows[CLONE].fooled
    if clone and clone.high < 0.5:
        right = f"a judge sees which reply is really yours in {100 - 100 * clone.value:.0f} of 100 cases"
        yield Assessment(Kind.POOR, f"It can still be told from you: {right}.")
    rivals = {name: one for name in BASELINES if (one := report.rows[name].fooled if name in report.rows else None)}
    if clone is None or not rivals:
        return
    first = max(rivals, key=lambda name: rivals[name].value)
    rival, both = DESCRIBED[first], f"in {_percent(clone)} against {_percent(rivals[first])}"
    match _order(clone, rivals[first]):
        case 1:
            yield Assessment(Kind.GOOD, f"It is taken for you more often than {rival} ({both}).")
        case -1:
            nothing = "although that understands nothing and only uses your words as often as you do"
            yield Assessment(Kind.POOR, f"It is taken for you less often than {rival} ({both}), {nothing}.")
        case _:
            which = f"it or {rival} is taken for you more often ({both})"
            yield Assessment(Kind.OPEN, f"This text is too little to tell whether {which}.")


def _prompted(report: EvaluationReport) -> Iterator[Assessment]:
    """Whether training or the prompt fools the judge more often, where a prompt was measured."""
    clone, prompt = (report.rows[name].fooled if name in report.rows else None for name in (CLONE, PROMPT))
    if clone is None or prompt is None:
        return
    both = f"it is taken for you in {_percent(clone)}, a chat model with a prompt in {_percent(prompt)}"
    verdicts = {
        1: (Kind.GOOD, "Training beats the prompt"),
        -1: (Kind.POOR, "The prompt beats training"),
    }
    kind, verdict = verdicts.get(
        _order(clone, prompt), (Kind.OPEN, "This text shows no difference between training and the prompt")
    )
    yield Assessment(kind, f"{verdict}: {both}.")


def _likeness(report: EvaluationReport) -> Iterator[Assessment]:
    clone = report.rows[CLONE].likeness
    if clone is None or clone.high < 1:
        return
    if reaches(clone, 1, LIKENESS_MARGIN):
        yield Assessment(Kind.GOOD, "In style alone it cannot be told from you.")
    else:
        yield Assessment(Kind.OPEN, "This text is too little to tell whether it can be told from you in style alone.")


def _sense(report: EvaluationReport) -> Iterator[Assessment]:
    clone = report.rows[CLONE].coherence
    if clone is None:
        return
    figure = f"({_percent(clone)}; those would in 50 %)"
    if clone.low > 0.5:
        yield Assessment(Kind.GOOD, f"Its replies fit what was said more often than replies drawn at random {figure}.")
    elif clone.high > 0.5 + POINTS:
        fit = "its replies fit what was said better than replies drawn at random"
        yield Assessment(Kind.OPEN, f"This text is too little to tell whether {fit} {figure}.")
    else:
        fit = f"Its replies fit what was said no more often than replies drawn at random {figure}"
        yield Assessment(Kind.POOR, f"{fit}. A lower temperature helps, more minutes hardly do.")


def _loops(report: EvaluationReport) -> Iterator[Assessment]:
    clone, you = report.rows[CLONE].repetition, report.rows[YOU].repetition
    if clone and you and _order(clone, you) == 1:
        both = f"{clone.as_text(percent=True)} of its messages, {you.as_text(percent=True)} of yours"
        yield Assessment(
            Kind.POOR, f"It goes round in circles or echoes what was said more often than you do ({both})."
        )


def _order(clone: Estimate, rival: Estimate) -> int:
    """1 where the clone is surely ahead, -1 where the rival is, else 0."""
    apart = difference(clone, rival)
    return int(apart.low > 0) - int(apart.high < 0)


def _percent(one: Estimate) -> str:
    return f"{one.value * 100:.0f} %"
