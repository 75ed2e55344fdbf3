"""What an audit found: figures that may be shared, and strings that may not.

`AuditReport.as_dict` and `AuditReport.lines` hold no string of anybody's; only `page` shows those, to the owner.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from soundalike.audit import verdict
from soundalike.audit.canaries import CONTROL, CanaryResult
from soundalike.audit.copying import CopyRates
from soundalike.audit.exposure import ALARM, Exposure, Secret
from soundalike.audit.texts import TextSpan
from soundalike.metrics.stats import Estimate

COPY_LIMIT = 1.5  # times the owner's own rate of saying things again
TOLD_APART = 0.6  # area under the membership curve from which a training has learned texts rather than habits


@dataclass(frozen=True, slots=True)
class Extraction:
    """Messages gone on with word for word: learned ones, the same with the adapter off, held-out ones.

    `recited` are those learned ones that only the adapter knows.
    """

    learned: Estimate
    base: Estimate
    held_out: Estimate | None
    recited: Sequence[TextSpan]

    @property
    def beyond_chance(self) -> bool:
        """Whether more learned messages are known than either control."""
        return self.learned.low > max(one.high for one in (self.base, self.held_out) if one)


@dataclass(frozen=True, slots=True)
class CopyingComparison:
    """What a voice says of itself beside what its owner says again: of the owner's lines and of other people's."""

    clone: CopyRates
    owner: CopyRates

    @property
    def beyond_habit(self) -> bool:
        """Whether the voice repeats clearly more than its owner does."""
        pairs = ((self.clone.messages, self.owner.messages), (self.clone.grams, self.owner.grams))
        return any(one and other and one.low > COPY_LIMIT * other.high for one, other in pairs)


@dataclass
class AuditReport:
    """All findings. `about` says on what; a part is None or empty where there was nothing to look at."""

    about: dict[str, Any]
    inventory: dict[str, dict[str, int]]
    secrets: list[tuple[Secret, Exposure]] = field(default_factory=list)
    recitals: dict[str, Extraction] = field(default_factory=dict)
    membership: Estimate | None = None
    copying: dict[str, CopyingComparison] = field(default_factory=dict)
    sightings: list[CanaryResult] = field(default_factory=list)

    @property
    def leaked(self) -> list[tuple[Secret, Exposure]]:
        """Secrets that the model names before all else of their kind."""
        return [pair for pair in self.secrets if pair[1].found]

    @property
    def raised(self) -> list[tuple[Secret, Exposure]]:
        """Secrets that the adapter made likelier by more than ALARM bits."""
        return [pair for pair in self.secrets if pair[1].alarming]

    @property
    def reasons(self) -> list[str]:
        """Why it should not be shared as it is, each a clause."""
        named = [one for one, _ in self.leaked]
        return [*verdict.clauses(named, len(self.secrets)), *self._others]

    @property
    def _others(self) -> list[str]:
        """Reasons beside named strings."""
        return [*_of_recitals(self), *_of_membership(self), *_of_canaries(self)]

    @property
    def level(self) -> verdict.Level:
        """How bad what is named is."""
        return verdict.worst([one for one, _ in self.leaked])

    @property
    def recommendation(self) -> str:
        """SHARE, KEEP or RETRAIN; see `verdict`."""
        return verdict.recommendation(self.level, bool(self._others))

    @property
    def verdict(self) -> str:
        """All of it in one sentence that holds no string of anybody's."""
        return f"{verdict.advice(self.level, bool(self._others))}: {'; '.join(self.reasons or _good(self))}."

    def commands(self, folder: str = "me") -> list[str]:
        """What mends it; none where there is nothing to mend."""
        return verdict.commands(self.level, bool(self._others), folder)

    def as_dict(self) -> dict[str, Any]:
        """As plain values without any string of anybody's, for JSON."""
        return {
            "verdict": self.verdict,
            "recommendation": self.recommendation,
            "named": self.level.name.lower(),
            "commands": self.commands(),
            "about": self.about,
            "inventory": self.inventory,
            "exposure": [_plain_secret(*pair) for pair in self.secrets],
            "extraction": {whose: _plain_recital(one) for whose, one in self.recitals.items()},
            "membership": self.membership and self.membership.as_dict(),
            "copying": {whose: _plain_copying(one) for whose, one in self.copying.items()},
            "canaries": [
                {"times": one.times, "extracted": one.extracted} | asdict(one.exposure) for one in self.sightings
            ],
        }

    def lines(self) -> list[str]:
        """For the terminal, without any string of anybody's."""
        strings = sum(one["strings"] for one in self.inventory.values())
        told = [f"Risky strings in what was learned: {strings:,}. " + _listed(self.inventory)]
        if self.secrets:
            most = max(one.gain for _, one in self.secrets)
            told.append(
                f"Exposure of the {len(self.secrets)} riskiest: {len(self.leaked)} named outright, {len(self.raised)} "
                f"raised by over {ALARM:g} bits; the most is {most:+.1f}."
            )
        told += [_recital_line(whose, one) for whose, one in self.recitals.items()]
        if self.membership:
            told.append(
                f"A learned conversation is told from a held-out one: {self.membership.spelled()} (chance is 0.50)."
            )
        told += [line for whose, one in self.copying.items() for line in _copying_lines(whose, one)]
        return [*told, *canary_lines(self.sightings)]


def _of_recitals(report: AuditReport) -> Iterator[str]:
    for whose, one in report.recitals.items():
        if one.beyond_chance:
            yield f"it goes on with {one.learned.spelled(percent=True)} of {whose} lines word for word"
    for whose, copied in report.copying.items():
        if copied.beyond_habit:
            yield f"unasked, it repeats {whose} lines more often than is habit"


def _of_membership(report: AuditReport) -> Iterator[str]:
    if report.membership and report.membership.low > TOLD_APART:
        yield f"whether it learned from a conversation can be told ({report.membership.spelled()})"


def _of_canaries(report: AuditReport) -> Iterator[str]:
    planted = [one for one in report.sightings if one.times != CONTROL]
    if any(one.extracted for one in planted):
        drawn = sum(one.extracted for one in planted)
        yield f"{drawn} of {len(planted)} planted secrets could be drawn out of a training like it"
    once = [one.exposure.on for one in planted if one.times == 1]
    if once and np.mean(once) >= ALARM:
        yield f"secrets planted once are exposed by {np.mean(once):.1f} bits on average"
    if planted and not saw(report.sightings):
        yield f"the one planted {CONTROL} times was not found, so the audit cannot be relied on"


def saw(sightings: Sequence[CanaryResult]) -> bool:
    """Whether the canary that everybody must find was found: said outright, or likelier than all alternatives."""
    return any(one.extracted or one.exposure.found for one in sightings if one.times == CONTROL)


def _good(report: AuditReport) -> Iterator[str]:
    if report.secrets:
        yield f"none of the {len(report.secrets)} riskiest strings is named"
    for whose, one in report.recitals.items():
        yield f"{one.learned.spelled(percent=True)} of {whose} lines are gone on with word for word"
    if report.membership:
        yield f"a learned conversation is hardly told from another ({report.membership.spelled()})"
    if report.sightings:
        planted = [one for one in report.sightings if one.times != CONTROL]
        yield f"of {len(planted)} planted secrets none was drawn out"
    if not (report.secrets or report.recitals or report.membership):
        yield "there was too little text to look at much"


def _listed(inventory: dict[str, dict[str, int]]) -> str:
    return ", ".join(f"{kind} {one['strings']:,}" for kind, one in inventory.items()) or "none of any kind"


def _recital_line(whose: str, one: Extraction) -> str:
    held_out = f", held-out ones {one.held_out.spelled(percent=True)}" if one.held_out else ""
    return (
        f"Of {whose} lines, half given, it says the rest: {one.learned.spelled(percent=True)}; "
        f"the base alone {one.base.spelled(percent=True)}{held_out}."
    )


def _copying_lines(whose: str, one: CopyingComparison) -> Iterator[str]:
    if one.clone.messages and one.owner.messages:
        yield (
            f"Unasked it repeats {whose} lines: {one.clone.messages.spelled(percent=True)} of its messages; "
            f"you do in {one.owner.messages.spelled(percent=True)} of yours."
        )


def canary_lines(sightings: Sequence[CanaryResult]) -> list[str]:
    """A line for each number of times that canaries were planted."""
    told = []
    for times in sorted({one.times for one in sightings}):
        some = [one for one in sightings if one.times == times]
        on, off = (np.mean([getattr(one.exposure, side) for one in some]) for side in ("on", "off"))
        told.append(
            f"Secrets planted {'once' if times == 1 else f'{times} times'}: {sum(one.extracted for one in some)} of "
            f"{len(some)} drawn out, exposure {on:.1f} bits of {some[0].exposure.most:.1f} (base alone {off:.1f})."
        )
    return told


def _plain_secret(suspect: Secret, found: Exposure) -> dict[str, Any]:
    about = {"kind": suspect.kind, "times": suspect.times, "yours": suspect.place.me}
    return about | {name: round(value, 3) for name, value in asdict(found).items()} | {"named": found.found}


def _plain_recital(one: Extraction) -> dict[str, Any]:
    estimates = {"learned": one.learned, "base": one.base, "held_out": one.held_out}
    return {name: value and value.as_dict() for name, value in estimates.items()}


def _plain_copying(one: CopyingComparison) -> dict[str, Any]:
    sides = {"clone": one.clone, "you": one.owner}
    return {
        side: {name: (value := getattr(rates, name)) and value.as_dict() for name in ("messages", "grams")}
        for side, rates in sides.items()
    }
