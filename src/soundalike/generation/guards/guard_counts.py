"""Counts of what the guards did."""

from dataclasses import asdict, dataclass, fields


@dataclass
class GuardCounts:
    """How often each guard stepped in.

    Attempts that were stopped: `looped`, `repeated` (a line of the same reply), `echoed` (a line of an earlier reply),
    `parroted` (a recent line of somebody else), `copied` (consecutive words of a message), `quoted` (fewer, of other
    people's messages), `blocked` (a blocked word), `handle` (nothing but somebody's handle), `rejected` (a line
    that the owner has rejected). `resampled` of them were generated again, `gave_up` were not because the retries were
    used up. `unmasked` counts messages that began in another's name, which are generated again too, and those that were
    cut where they went on in it; `masked` counts pieces of personal data that were masked.
    """

    looped: int = 0
    repeated: int = 0
    echoed: int = 0
    parroted: int = 0
    copied: int = 0
    quoted: int = 0
    blocked: int = 0
    handle: int = 0
    rejected: int = 0
    unmasked: int = 0
    masked: int = 0
    resampled: int = 0
    gave_up: int = 0

    def add(self, other: "GuardCounts") -> None:
        """Add the counts of `other`."""
        for name, count in other.as_dict().items():
            self.count(name, count)

    def count(self, name: str, times: int = 1) -> None:
        """Add to the count of one guard."""
        setattr(self, name, getattr(self, name) + times)

    def as_dict(self) -> dict[str, int]:
        """The counts above 0, by name."""
        return {name: count for name, count in asdict(self).items() if count}

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))
