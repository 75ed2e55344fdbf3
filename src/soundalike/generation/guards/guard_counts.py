"""What the guards did, counted."""

from dataclasses import asdict, dataclass, fields


@dataclass
class GuardCounts:
    """How often a guard stepped in.

    These count attempts that were stopped: `looped`, `repeated` (a line of the same reply), `echoed` (a line of an
    earlier reply), `parroted` (a line that somebody else has just said), `copied` (words in a row out of a message),
    `quoted` (fewer, out of other people's), `blocked` (a word that is not said), `handle` (nothing but somebody's
    handle). `resampled` of them were drawn again, `gave_up` were not, the tries being used up. `unmasked` counts
    messages that began in another's name, drawn again too, and those that went on in it and were cut there,
    `masked` pieces of personal data that were masked.
    """

    looped: int = 0
    repeated: int = 0
    echoed: int = 0
    parroted: int = 0
    copied: int = 0
    quoted: int = 0
    blocked: int = 0
    handle: int = 0
    unmasked: int = 0
    masked: int = 0
    resampled: int = 0
    gave_up: int = 0

    def add(self, other: "GuardCounts") -> None:
        """Count `other`'s with ours."""
        for name, count in other.as_dict().items():
            self.count(name, count)

    def count(self, name: str, times: int = 1) -> None:
        """Count one guard."""
        setattr(self, name, getattr(self, name) + times)

    def as_dict(self) -> dict[str, int]:
        """As plain values; guards that did nothing are left out."""
        return {name: count for name, count in asdict(self).items() if count}

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))
