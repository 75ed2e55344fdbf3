"""Local times without a zone -> UTC by this machine's zone.

What is read on another machine, or after a move, may so get another UTC. Ids are therefore made from the local time as
it is written (`RowCollector`), and a message that a clone holds keeps the time that it was first read with.
"""

from datetime import datetime

NOTE = "These chats tell local times without a zone, so they were read in the time zone of this machine."


class LocalClock:
    """Reads the local times of one chat in their order: in the hour that is repeated when summer time ends, a time
    earlier than the one before it is taken for the second pass."""

    def __init__(self) -> None:
        self._before = float("-inf")

    def utc(self, local: datetime) -> int | None:
        """Milliseconds since 1970; None if the time lies outside of what this machine can convert."""
        try:
            seconds = local.timestamp()
            if seconds < self._before and (second_pass := local.replace(fold=1).timestamp()) >= self._before:
                seconds = second_pass
        except (ValueError, OverflowError, OSError):
            return None
        self._before = seconds
        return round(seconds * 1000)
