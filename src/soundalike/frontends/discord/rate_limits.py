"""Rate limits of answers: token buckets for a person, for a channel, and in all. Times are arguments, in seconds."""

from collections import OrderedDict

from soundalike.frontends.discord.message import IncomingMessage
from soundalike.frontends.discord.settings import RateSettings
from soundalike.frontends.discord.state import CHANNEL_LIMIT, PERSON_LIMIT, TOTAL_LIMIT, store

BUCKETS = 4_096  # people, or channels, whose buckets are kept


class RateLimit:
    """Token buckets by key: a minute's worth at once, refilled evenly."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key -> (remaining, at that time)

    def __len__(self) -> int:
        return len(self._buckets)

    def remaining(self, key: str, now: float, per_minute: float) -> float:
        """How many are free now; at least one at first, even at a rate of 0."""
        size = max(1.0, per_minute)
        remaining, since = self._buckets.get(key, (size, now))
        return min(size, remaining + (now - since) * per_minute / 60)

    def take(self, key: str, now: float, per_minute: float) -> None:
        """Use one."""
        store(self._buckets, key, (self.remaining(key, now, per_minute) - 1, now), BUCKETS)


class AnswerRates:
    """The rate limits of answers: for a person, for a channel, and in all."""

    def __init__(self) -> None:
        self._limits = {PERSON_LIMIT: RateLimit(), CHANNEL_LIMIT: RateLimit(), TOTAL_LIMIT: RateLimit()}

    def take(self, message: IncomingMessage, now: float, rates: RateSettings) -> str | None:
        """Count an answer to `message` against all limits, or against none; then the outcome is returned."""
        keys = (message.author, message.channel, "")
        uses = list(zip(self._limits.items(), keys, (rates.person, rates.channel, rates.all), strict=True))
        for (outcome, limit), key, per_minute in uses:
            if limit.remaining(key, now, per_minute) < 1:
                return outcome
        for (_, limit), key, per_minute in uses:
            limit.take(key, now, per_minute)
        return None
