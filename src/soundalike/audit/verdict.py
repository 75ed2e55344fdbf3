"""What follows from what leaked: a nickname that was mentioned by @ weighs less than a password.

Four levels, and for each what to do with which commands. It holds no string of anybody's.
"""

from collections.abc import Sequence
from enum import IntEnum

from soundalike.audit.exposure import Secret
from soundalike.audit.inventory import ADDRESSES, HANDLES
from soundalike.redact import MASKS

SHARE, KEEP, RETRAIN = "share", "keep private", "retrain"
OFTEN = 5  # times that the owner typed a string which is then a habit of theirs rather than a secret


class Level(IntEnum):
    """How bad it is that a string is named outright; of several the worst counts."""

    NOTHING = 0
    MENTIONED = 1
    """A handle behind an @: the name of somebody the owner talks to."""
    HABIT = 2
    """Typed often by the owner, and of no kind that is masked."""
    SECRET = 3
    """Of a kind that an import masks, an address, or known although it was seldom typed."""


def level_of(suspect: Secret) -> Level:
    """How bad it is that this string is named."""
    place = suspect.place
    if suspect.kind in MASKS or suspect.kind == ADDRESSES:
        return Level.SECRET
    if suspect.kind == HANDLES and place.text.text[: place.start].endswith("@"):
        return Level.MENTIONED
    return Level.HABIT if place.me and suspect.times >= OFTEN else Level.SECRET


def worst(named: Sequence[Secret]) -> Level:
    """The level of what is named."""
    return max(map(level_of, named), default=Level.NOTHING)


def clauses(named: Sequence[Secret], looked_for: int) -> list[str]:
    """What is named, the worst first, each level a clause."""
    counts = {level: sum(level_of(one) is level for one in named) for level in Level}
    told = {
        Level.SECRET: "it names {count} of the {of} riskiest strings outright",
        Level.HABIT: f"it names {{count}} of the {{of}} that you typed {OFTEN} times and more",
        Level.MENTIONED: "it names {count} of the {of} that are nicknames mentioned by @",
    }
    return [text.format(count=counts[level], of=looked_for) for level, text in told.items() if counts[level]]


def recommendation(level: Level, other_reasons: bool) -> str:
    """SHARE, KEEP or RETRAIN."""
    if level is Level.SECRET:
        return RETRAIN
    return KEEP if level or other_reasons else SHARE


def advice(level: Level, other_reasons: bool) -> str:
    """How the verdict's sentence begins."""
    if level is Level.MENTIONED and not other_reasons:
        return "Let only people talk to it who may know these names"
    return {RETRAIN: "Retrain it without what it leaks", KEEP: "Keep it private"}.get(
        recommendation(level, other_reasons), "Nothing was found against sharing it"
    )


def commands(level: Level, other_reasons: bool, folder: str = "me") -> list[str]:
    """What mends it, to be typed as it stands but for the names of the export and of the file of strings."""
    if level:
        return [
            f"soundalike import package.zip --out {folder} --mask strings.txt",
            f"soundalike train {folder} --fresh",
        ]
    return [f"soundalike train {folder} --fresh --epochs 1"] if other_reasons else []
