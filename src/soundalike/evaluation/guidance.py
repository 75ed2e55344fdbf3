"""Whether a voice is good, how much of the text it read, and what would help it most, by what helped others like it.

MEASURED are the voices that were measured so far (LOG.md), all of one person's export of own lines: 34,786 messages,
870,000 tokens. The first two were judged in 160 windows, the others in 240, in which the judge is fooled less often
(20 % where it was 26). Between them the share of fooled judgements is interpolated over the logarithm of what was read.
Another person's voice may gain more or less.
"""

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from soundalike.clone import Clone
from soundalike.evaluation.evaluation_report import CLONE, POINTS, EvaluationReport
from soundalike.metrics.stats import Estimate, reaches
from soundalike.next_step import Frontend, NextStep
from soundalike.training.plan import tokens_to_learn
from soundalike.training.status import ALL_READ

MOST = 5  # remedies that are named


@dataclass(frozen=True, slots=True)
class MeasuredVoice:
    """A voice on `base`: how much of its text it `read` (1: all, once), how often it `fooled` the judge."""

    base: str
    read: float
    fooled: float


MEASURED = (
    MeasuredVoice("pocket", 0.06, 0.02),  # 49,129 tokens
    MeasuredVoice("pocket", 0.35, 0.17),  # two minutes, at 2,654 tokens a second
    MeasuredVoice("pocket", 2.0, 0.20),  # 1,610,244 tokens
    MeasuredVoice("smollm2", 0.11, 0.13),  # ten minutes without native bf16: 83,904 tokens
    MeasuredVoice("smollm2", 0.38, 0.15),  # ten minutes with it: 283,009 tokens
    MeasuredVoice("smollm2", 1.1, 0.20),  # thirty minutes with it: 856,914 tokens
)
ORIGIN = "on one person's 34,786 messages"
OTHER_BASES = NextStep("soundalike doctor", "under Training, which lists bases with what each takes")
SLOWER = 10  # times the minutes that smollm2 needs to read what pocket reads


@dataclass(frozen=True, slots=True)
class Remedy:
    """What may help and `why`, in a sentence; `step` is how it is done, None where nothing here does it.

    `gain` is by how much more often the judge was fooled where that was measured, else None. `measured` is a sentence
    on what was measured.
    """

    what: str
    why: str
    step: NextStep | None = None
    gain: float | None = None
    measured: str = ""

    def line(self, frontend: Frontend) -> str:
        """All of it in a line."""
        how = f" ({self.step.wording(frontend)})" if self.step else ""
        return f"{self.what}{how}: {self.why}"


@dataclass(frozen=True, slots=True)
class Guidance:
    """`standing` says how good the voice is; `read` is how often it has read its text, None where that is unknown."""

    standing: str
    read: float | None
    remedies: list[Remedy]

    @property
    def headline(self) -> str:
        """How good it is, and how much it has read."""
        return self.standing if self.read is None else f"{self.standing} {_read_so_far(self.read)}"

    def steps(self, frontend: Frontend) -> list[str]:
        """The remedies, a line each."""
        return [remedy.line(frontend) for remedy in self.remedies]

    def evidence(self) -> list[str]:
        """What was measured of the remedies."""
        return [f"{remedy.what}: {remedy.measured}" for remedy in self.remedies if remedy.measured]


def facts(clone: Clone) -> dict[str, Any]:
    """What guidance needs to know of a clone: its base, how often it `read` its text, how many `minutes` it would take
    to read it once, its mode, and of how many replies it says the best. None for what its training did not record."""
    sections = clone.manifest()
    training, result = sections.get("training", {}), sections.get("result", {})
    tokens = tokens_to_learn(clone) / (1 - training.get("replay", 0.0))
    trained, rate = result.get("useful_tokens"), result.get("tokens_per_second")
    return {
        "base": training.get("base"),
        "read": result.get("epochs", trained and trained / tokens),  # older clones have no epochs
        "minutes": math.ceil(tokens / rate / 60) if rate else None,
        "mode": sections.get("clone", {}).get("mode"),
        "best_of": sections.get("sampling", {}).get("best_of", 1),
    }


def guidance(report: EvaluationReport) -> Guidance:
    """What the figures of an evaluation mean, and at most MOST remedies, those that gained most first."""
    about, fooled = report.about, report.rows[CLONE].fooled
    found = [*_reading(about), *_larger_base(about), *_best_of(about), _cooler(about), *_both_sides(about)]
    found.sort(key=lambda remedy: math.inf if remedy.gain is None else -remedy.gain)
    return Guidance(standing(fooled), about.get("read"), found[:MOST])


def standing(fooled: Estimate | None) -> str:
    """How often the judge is fooled, beside the best that is possible and the best that was measured."""
    if fooled is None:
        return "There is too little text for a judge to say how often it is taken for you."
    said = f"A judge takes {100 * fooled.value:.0f} of 100 of its replies for yours"
    if reaches(fooled, 0.5, POINTS):
        return f"{said}: it can only guess, and no voice can do better."
    if fooled.high >= 0.5:
        return f"{said}; 50 would be perfect, and this text is too little to tell whether it reaches that."
    best = max(voice.fooled for voice in MEASURED)
    return f"{said}; 50 would be perfect, and the best voice that was measured so far reached {100 * best:.0f}."


def _read_so_far(read: float) -> str:
    if read < ALL_READ:
        return f"It has read {_percent(read)} of your text."
    times = "once" if read < 1.05 else f"{read:.1f} times"
    return f"It has read all of your text {times}."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _expected(base: str, read: float) -> float | None:
    """How often a voice on `base` fooled the judge after reading so much, at most as far as was measured."""
    known = [voice for voice in MEASURED if voice.base == base]
    if not known:
        return None
    return float(np.interp(np.log(read), np.log([one.read for one in known]), [one.fooled for one in known]))


def _reading(about: Mapping[str, Any]) -> list[Remedy]:
    """More minutes until all text was read once; then more text, since what is read again and again is recited."""
    me, read, minutes = shlex.quote(about["folder"]), about.get("read"), about.get("minutes")
    if not read or not minutes:
        return []
    if read >= ALL_READ:
        step = NextStep(f"soundalike import EXPORT --out {me}", "under New voice, with “Add what is new”")
        return [
            Remedy("More text", "it has read all that there is, and what it reads again and again it recites.", step)
        ]
    known = [voice for voice in MEASURED if voice.base == "pocket"]
    points = ", ".join(f"{_percent(voice.fooled)} after {_percent(voice.read)} of the text" for voice in known)
    then, now = _expected(about["base"], 1.0), _expected(about["base"], read)
    why = f"in {minutes} minutes it reads all of your text once."
    step = NextStep(
        f"soundalike train {me} --minutes {minutes} --keep-better", f"under Training, with {minutes} for Minutes"
    )
    gain = None if then is None or now is None else then - now
    return [Remedy("More minutes", why, step, gain, f"pocket fooled the judge in {points} ({ORIGIN}).")]


def _larger_base(about: Mapping[str, Any]) -> list[Remedy]:
    """A base that knew more before it read its owner: no gain of smollm2 over pocket beyond chance was measured."""
    if about.get("base") != "pocket":
        return []
    why = f"it may make more sense, and takes {SLOWER} times the minutes to read as much."
    measured = (
        f"after ten minutes each a blind reader found 27 of 80 replies of smollm2 fitting and 23 of pocket ({ORIGIN}). "
        "How much still larger ones gain was not measured."
    )
    return [Remedy("A larger base", why, OTHER_BASES, measured=measured)]


def _best_of(about: Mapping[str, Any]) -> list[Remedy]:
    """A choice among several replies, which gains sense and costs no likeness."""
    if about.get("best_of", 1) > 1:
        return []
    step = NextStep(f"soundalike chat {shlex.quote(about['folder'])} --best-of 4", "under Talk, below the reply")
    why = "it draws four and says the one that answers most, as much like you as before; it takes longer to answer."
    measured = (
        "at temperature 1 blind readers found 63 of 160 replies of two clones fitting, and 44 of 160 without a choice; "
        f"the judge was fooled as often ({ORIGIN})."
    )
    return [Remedy("The best of four replies", why, step, measured=measured)]


def _cooler(about: Mapping[str, Any]) -> Remedy:
    """A lower temperature, which gains sense and no fooled judgements."""
    step = NextStep(f"soundalike chat {shlex.quote(about['folder'])} --temperature 0.6", "under Talk, below the reply")
    return Remedy(
        "A lower temperature",
        "its replies make more sense then, but are less like you.",
        step,
        measured="a blind reader found 65 % of 80 replies fitting at 0.5 and 31 % at 1; the judge finds cool ones out.",
    )


def _both_sides(about: Mapping[str, Any]) -> list[Remedy]:
    if about.get("mode") != "monologue":
        return []
    why = "this one holds your messages alone, so the voice never saw what you answered. On pocket it gains little."
    measured = (
        "of the replies to 60 messages of other people a blind reader found 5 to fit where the voice had learned both "
        "sides, 5 where it had learned one person's messages alone, and all 60 where the person had written them."
    )
    return [Remedy("An export with both sides of your chats", why, measured=measured)]
