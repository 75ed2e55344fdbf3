"""What an audit found: figures that may be shared, and strings that may not.

`AuditReport.as_dict` and `AuditReport.lines` hold no string of anybody's; only `page` shows those, to the owner.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from soundalike import phrasing
from soundalike.audit import verdict
from soundalike.audit.canaries import CONTROL, CanaryResult
from soundalike.audit.copying import CopyingComparison
from soundalike.audit.exposure import ALARM, Exposure, Secret
from soundalike.audit.texts import TextSpan
from soundalike.metrics.stats import Estimate
from soundalike.next_step import NextStep
from soundalike.plain import plain

LEARNED_TEXTS = 0.6  # area under the membership curve from which a training learned texts rather than habits


@dataclass(frozen=True, slots=True)
class ExtractionRates:
    """Shares of messages continued word for word: learned ones, the same with the adapter off, held-out ones.

    `recited` are those learned ones that only the adapter continues.
    """

    learned: Estimate
    base: Estimate
    held_out: Estimate | None
    recited: Sequence[TextSpan]

    @property
    def beyond_chance(self) -> bool:
        """Whether more learned messages are known than of either control."""
        return self.learned.low > max(one.high for one in (self.base, self.held_out) if one)


@dataclass
class AuditReport:
    """All findings. `about` says of what; a part is None or empty where there was nothing to look at.

    `extraction` and `copying` are by whose lines they are about: "your" or "other people's".
    """

    about: dict[str, Any]
    inventory: dict[str, dict[str, int]]
    secrets: list[tuple[Secret, Exposure]] = field(default_factory=list)
    extraction: dict[str, ExtractionRates] = field(default_factory=dict)
    membership: Estimate | None = None
    copying: dict[str, CopyingComparison] = field(default_factory=dict)
    canaries: list[CanaryResult] = field(default_factory=list)

    @property
    def leaked(self) -> list[tuple[Secret, Exposure]]:
        """Secrets that the model names before all else of their kind."""
        return [pair for pair in self.secrets if pair[1].found]

    @property
    def named(self) -> list[str]:
        """The strings that leaked, each once and on one line."""
        return list(dict.fromkeys(" ".join(secret.span.text.split()) for secret, _ in self.leaked))

    @property
    def raised(self) -> list[tuple[Secret, Exposure]]:
        """Secrets that the adapter made likelier by more than ALARM bits."""
        return [pair for pair in self.secrets if pair[1].alarming]

    @property
    def reasons(self) -> list[str]:
        """Why it should not be shared as it is, each a clause."""
        named = [secret for secret, _ in self.leaked]
        return [*([verdict.clause(named, len(self.secrets))] if named else []), *self._other_reasons]

    @property
    def _other_reasons(self) -> list[str]:
        """Reasons beside named strings."""
        return [*_of_extraction(self), *_of_membership(self), *_of_canaries(self)]

    @property
    def level(self) -> verdict.Level:
        """How bad what is named is."""
        return verdict.worst([secret for secret, _ in self.leaked])

    @property
    def recommendation(self) -> str:
        """SHARE, KEEP or RETRAIN; see `verdict`."""
        return verdict.recommendation(self.level, bool(self._other_reasons))

    @property
    def headline(self) -> str:
        """Whether it may be shared, in a few words."""
        if not self.reasons and not (self.secrets or self.extraction or self.membership):
            return verdict.UNTOLD
        return verdict.headline(self.level, bool(self._other_reasons))

    @property
    def meaning(self) -> str:
        """What that means for who may have it."""
        return verdict.MEANINGS[self.recommendation]

    @property
    def findings(self) -> list[str]:
        """Why, each a clause: the reasons against sharing it, or what speaks for it where there are none."""
        return self.reasons or list(_good(self))

    @property
    def verdict(self) -> str:
        """All of it in one sentence that holds no string of anybody's."""
        return f"{self.headline}: {'; '.join(self.findings)}."

    def steps(self, folder: str = "me") -> list[NextStep]:
        """What to do against what was found; nothing where nothing was."""
        return verdict.steps(self.level, bool(self._other_reasons), folder)

    def as_dict(self, folder: str = "me") -> dict[str, Any]:
        """For JSON: plain values without any string of anybody's; `folder` as for `steps`."""
        found: dict[str, Any] = plain(
            {
                "verdict": self.verdict,
                "headline": self.headline,
                "findings": self.findings,
                "meaning": self.meaning,
                "recommendation": self.recommendation,
                "named": self.level.name.lower(),
                "commands": [step.command for step in self.steps(folder)],
                "steps": self.steps(folder),
                "about": self.about,
                "inventory": self.inventory,
                "exposure": [_without_string(*pair) for pair in self.secrets],
                "extraction": {whose: _without_messages(rates) for whose, rates in self.extraction.items()},
                "membership": self.membership,
                "membership_means": self.membership and membership_line(self.membership),
                "copying": self.copying,
                "canaries": [
                    {"times": one.times, "extracted": one.extracted} | plain(one.exposure) for one in self.canaries
                ],
            }
        )
        return found

    def lines(self) -> list[str]:
        """For the terminal, without any string of anybody's."""
        found = [f"Risky strings in what was learned: {_listed(self.inventory)}"]
        if self.secrets:
            most = max(one.gain for _, one in self.secrets)
            found.append(
                f"Exposure of the {len(self.secrets)} riskiest: {len(self.leaked)} named outright, {len(self.raised)} "
                f"raised by over {ALARM:g} bits; the most is {most:+.1f}."
            )
        found += [_extraction_line(whose, rates) for whose, rates in self.extraction.items()]
        if self.membership:
            found.append(membership_line(self.membership))
        found += [line for whose, rates in self.copying.items() for line in _copying_lines(whose, rates)]
        return [*found, *canary_lines(self.canaries), *self.unlike_canaries()]

    def unlike_canaries(self) -> list[str]:
        """How the training with canaries differed from the clone's own; empty without canaries or difference."""
        corrections = self.about.get("training", {}).get("corrections")
        if not self.canaries or not corrections:
            return []
        return [f"The voice also learned from {corrections} corrections; the training with planted secrets had none."]


def membership_line(right: Estimate) -> str:
    """What the membership test found; `right` is the area under its curve."""
    said = f"A test that guesses which of two conversations it learned from is right in {right.as_text(percent=True)}"
    if right.low > LEARNED_TEXTS:
        return f"{said}: which conversations it learned from can be told. Guessing blindly is right in 50 %."
    if right.high > LEARNED_TEXTS:
        return f"{said}: too little text to say whether that can be told. Guessing blindly is right in 50 %."
    if right.low > 0.5:
        return f"{said}, little more than the 50 % of guessing blindly."
    return f"{said}: no better than the 50 % of guessing blindly, so the test found nothing."


def _of_extraction(report: AuditReport) -> Iterator[str]:
    for whose, rates in report.extraction.items():
        if rates.beyond_chance:
            yield f"it continues {_share(rates.learned)} of {whose} lines word for word"
    for whose, copied in report.copying.items():
        if copied.beyond_habit:
            yield f"unasked, it repeats {whose} lines more often than is habit"


def _of_membership(report: AuditReport) -> Iterator[str]:
    if report.membership and report.membership.low > LEARNED_TEXTS:
        yield f"whether it learned from a conversation can be told in {_share(report.membership)} of cases"


def _of_canaries(report: AuditReport) -> Iterator[str]:
    planted = [one for one in report.canaries if one.times != CONTROL]
    if drawn := sum(one.extracted for one in planted):
        yield f"{drawn} of {len(planted)} planted secrets could be drawn out of a training like it"
    once = [one.exposure.on for one in planted if one.times == 1]
    if once and np.mean(once) >= ALARM:
        yield f"secrets planted once are exposed by {np.mean(once):.1f} bits on average"
    if planted and not control_found(report.canaries):
        yield f"the one planted {CONTROL} times was not found, so the audit cannot be relied on"


def _share(one: Estimate) -> str:
    """Without its interval, which `AuditReport.lines` give."""
    return phrasing.percent(one.value)


def control_found(canaries: Sequence[CanaryResult]) -> bool:
    """Whether the canary that every audit must find was found: extracted, or likelier than all alternatives."""
    return any(one.extracted or one.exposure.found for one in canaries if one.times == CONTROL)


def _good(report: AuditReport) -> Iterator[str]:
    if report.secrets:
        yield f"none of the {len(report.secrets)} riskiest strings is named"
    for whose, rates in report.extraction.items():
        yield f"{_share(rates.learned)} of {whose} lines are continued word for word"
    if report.membership and report.membership.high <= LEARNED_TEXTS:
        yield "whether it learned from a conversation can hardly be told"
    elif report.membership:
        yield "but the text was too little to say whether it can be told from which conversations it learned"
    if report.canaries:
        planted = [one for one in report.canaries if one.times != CONTROL]
        yield f"of {len(planted)} planted secrets none was drawn out"
    if not (report.secrets or report.extraction or report.membership):
        yield "there was too little text to look at much"


def _listed(inventory: dict[str, dict[str, int]]) -> str:
    """How many, and how many of each kind."""
    kinds = ", ".join(f"{kind} {one['strings']:,}" for kind, one in inventory.items())
    return f"{sum(one['strings'] for one in inventory.values()):,}. {kinds}" if inventory else "none."


def _extraction_line(whose: str, rates: ExtractionRates) -> str:
    held_out = f", held-out ones {rates.held_out.as_text(percent=True)}" if rates.held_out else ""
    return (
        f"Of {whose} lines, given their first half, it continues {rates.learned.as_text(percent=True)} word for word; "
        f"the base alone {rates.base.as_text(percent=True)}{held_out}."
    )


def _copying_lines(whose: str, rates: CopyingComparison) -> Iterator[str]:
    if rates.clone.messages and rates.you.messages:
        yield (
            f"Unasked it repeats {whose} lines: {rates.clone.messages.as_text(percent=True)} of its messages; "
            f"you do in {rates.you.messages.as_text(percent=True)} of yours."
        )


def canary_lines(canaries: Sequence[CanaryResult]) -> list[str]:
    """A line for each number of times that canaries were planted."""
    found = []
    for times in sorted({one.times for one in canaries}):
        some = [one for one in canaries if one.times == times]
        on, off = (np.mean([getattr(one.exposure, side) for one in some]) for side in ("on", "off"))
        found.append(
            f"Secrets planted {'once' if times == 1 else f'{times} times'}: {sum(one.extracted for one in some)} of "
            f"{len(some)} drawn out, exposure {on:.1f} bits of {some[0].exposure.most:.1f} (base alone {off:.1f})."
        )
    return found


def _without_string(secret: Secret, found: Exposure) -> dict[str, Any]:
    about = {"kind": secret.kind, "times": secret.times, "yours": secret.span.me}
    exposure: dict[str, Any] = plain(found)
    return about | exposure | {"named": found.found}


def _without_messages(rates: ExtractionRates) -> dict[str, Estimate | None]:
    return {"learned": rates.learned, "base": rates.base, "held_out": rates.held_out}
