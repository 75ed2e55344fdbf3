"""Whether the model can speak: told once a channel, probed with growing pauses, back by itself."""

FIRST, LONGEST = 5.0, 60.0  # seconds between probes


class Health:
    """The state of one model. The time is an argument, in seconds."""

    def __init__(self) -> None:
        self.why = ""
        self._pause = FIRST
        self._probe_at = 0.0
        self._told: set[str] = set()

    @property
    def away(self) -> bool:
        """Whether it last failed."""
        return bool(self.why)

    def fail(self, why: str, now: float) -> bool:
        """It failed; True where it was well before. The next probe waits longer after every failure."""
        fresh, self.why = not self.why, why
        self._probe_at = now + self._pause
        self._pause = min(LONGEST, 2 * self._pause)
        return fresh

    def recover(self) -> None:
        """It answers again."""
        self.why, self._pause = "", FIRST
        self._told.clear()

    def until_probe(self, now: float) -> float:
        """Seconds until it should be asked again."""
        return max(0.0, self._probe_at - now)

    def tell(self, channel: str) -> bool:
        """Whether a channel should be told; True once an outage."""
        fresh = channel not in self._told
        self._told.add(channel)
        return fresh
