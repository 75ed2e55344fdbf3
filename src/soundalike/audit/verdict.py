"""What to do about what leaked: a nickname that was mentioned by @ weighs less than a password.

There are four levels, and for each what to do with which commands. No string of anybody's is in any of it.
"""

from collections.abc import Sequence
from enum import IntEnum

from soundalike import phrasing
from soundalike.audit.exposure import Secret
from soundalike.audit.inventory import ADDRESSES, HANDLES
from soundalike.clone.report_names import AUDIT_STRINGS
from soundalike.next_step import NextStep
from soundalike.redact import MASKS

SHARE, KEEP, RETRAIN = "share", "keep private", "retrain"
HEADLINES = {
    SHARE: "Yes, you may share it",
    KEEP: "Keep it private",
    RETRAIN: "Train it anew without what it names",
}
UNTOLD = "It cannot be told whether you may share it"  # where there was next to nothing to look at
MEANINGS = {
    SHARE: "This says what was looked for and not found, and no more: names, stories and turns of phrase of yours are "
    "its voice. Whoever has the folder has your masked messages too: share the adapter or let people talk to it, not "
    "the folder.",
    KEEP: "Let nobody have the folder, and nobody talk to it whom you would not show your messages.",
    RETRAIN: "Let nobody else talk to it, nor have its folder, before it was trained without what it names.",
}
MASKED = "Audit, among the sections of this voice: “Mask what it names”"
REPLACED = "Training, among the sections of this voice: “Replace it”"
OFTEN = 5  # times that the owner typed a string which is then a habit of theirs rather than a secret


class Level(IntEnum):
    """How bad it is that the model names a string outright; of several the worst counts."""

    NOTHING = 0
    MENTIONED = 1
    """A handle behind an @: the name of somebody the owner talks to."""
    HABIT = 2
    """Typed often by the owner, and of no kind that is masked."""
    SECRET = 3
    """Of a kind that an import masks, an address, or known although it was seldom typed."""


def level_of(secret: Secret) -> Level:
    """How bad it is that this string is named."""
    if secret.kind in MASKS or secret.kind == ADDRESSES:
        return Level.SECRET
    if secret.kind == HANDLES and secret.span.before.endswith("@"):
        return Level.MENTIONED
    return Level.HABIT if secret.span.me and secret.times >= OFTEN else Level.SECRET


def worst(named: Sequence[Secret]) -> Level:
    """The worst level of what is named."""
    return max(map(level_of, named), default=Level.NOTHING)


def clause(named: Sequence[Secret], looked_for: int) -> str:
    """How many strings of each level are named, the worst first, of the `looked_for` that were measured."""
    counts = {level: sum(level_of(one) is level for one in named) for level in Level}
    described = {
        Level.SECRET: "outright",
        Level.HABIT: f"that you typed {OFTEN} times or more",
        Level.MENTIONED: "that only stood behind an @, as nicknames do",
    }
    listed = phrasing.listed(f"{counts[level]} {which}" for level, which in described.items() if counts[level])
    return f"of the {looked_for} riskiest strings it names {listed}"


def recommendation(level: Level, other_reasons: bool) -> str:
    """SHARE, KEEP or RETRAIN."""
    if level is Level.SECRET:
        return RETRAIN
    return KEEP if level or other_reasons else SHARE


def headline(level: Level, other_reasons: bool) -> str:
    """May it be shared? How the verdict's sentence begins."""
    if level is Level.MENTIONED and not other_reasons:
        return "Let only people talk to it who may know these names"
    return HEADLINES[recommendation(level, other_reasons)]


def steps(level: Level, other_reasons: bool, folder: str = "me") -> list[NextStep]:
    """What to do against it, in commands that are typed as they are; `folder` as it is typed."""
    if level:
        return [NextStep(f"soundalike forget {folder} --mask {folder}/{AUDIT_STRINGS} --retrain", MASKED)]
    shorter = NextStep(f"soundalike train {folder} --fresh --epochs 1", f"{REPLACED}, with fewer minutes than before")
    return [shorter] if other_reasons else []
