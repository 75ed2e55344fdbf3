"""What became of every message: each one that was heard has one fate, and the sums agree."""

from collections import Counter
from collections.abc import Callable

from soundalike.frontends.discord.heard import Heard

ANSWERED, MERGED, SILENT = "answered", "part of a burst", "chose to be silent"
FULL, OLD = "the line was full", "waited too long"
STALE, AWAY = "not ready in time", "the model was away"
TOO_OFTEN = ("too often for one person", "too often for one channel", "too often in all")
PAUSED, FORBIDDEN, REFUSED = "Discord asked for a pause", "not permitted to write there", "Discord failed to take it"
WRONG = "went wrong"
OPTED_OUT = "opted out"
SHED = (FULL, OLD, STALE, AWAY, *TOO_OFTEN, PAUSED, FORBIDDEN, REFUSED, WRONG)


class Ledger:
    """Counts by fate. `tell` is called with every fate that is not MERGED, for a rehearsal or a test."""

    def __init__(self, tell: Callable[[Heard, str], None] | None = None) -> None:
        self.heard = 0
        self.fates: Counter[str] = Counter()
        self.tell = tell

    def hear(self) -> None:
        """One more message."""
        self.heard += 1

    def settle(self, heard: Heard, fate: str) -> None:
        """That is what became of it."""
        self.fates[fate] += 1
        if self.tell is not None:
            self.tell(heard, fate)

    @property
    def pending(self) -> int:
        """Heard, and without a fate so far: in an open burst, in line, or being answered."""
        return self.heard - self.fates.total()

    @property
    def shed(self) -> int:
        """Turns that the bot would have taken and did not, for want of room, time, model or Discord."""
        return sum(self.fates[fate] for fate in SHED)
