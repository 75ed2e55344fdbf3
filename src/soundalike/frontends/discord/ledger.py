"""What became of every message: each one that was heard has one fate, and the sums agree."""

from collections import Counter
from collections.abc import Callable

from soundalike.frontends.discord.heard import Heard

ANSWERED, MERGED, SILENT = "answered", "part of a burst", "chose to be silent"


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
        """Turns that the bot would have taken and did not, by want of room or time or model."""
        return self.fates.total() - sum(self.fates[fate] for fate in (ANSWERED, MERGED, SILENT))
