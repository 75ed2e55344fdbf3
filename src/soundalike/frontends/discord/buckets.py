"""How often, at most: a bucket of turns a person, a channel, and one for all."""

from dataclasses import dataclass

from soundalike.frontends.discord.ledger import TOO_OFTEN

KEPT = 4_096  # buckets, beyond which full ones are forgotten: a new one is full too


@dataclass(slots=True)
class Bucket:
    """Turns left, refilled evenly; `since` is when `left` was true."""

    left: float
    since: float


class Buckets:
    """Token buckets by key, all of one size."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def left(self, key: str, now: float, per_minute: float) -> float:
        """Turns left to `key`: a minute's worth at most."""
        bucket = self._buckets.get(key)
        size = max(1.0, per_minute)
        return size if bucket is None else min(size, bucket.left + (now - bucket.since) * per_minute / 60)

    def take(self, key: str, now: float, per_minute: float) -> None:
        """One turn less for `key`."""
        left = self.left(key, now, per_minute)
        if key not in self._buckets and len(self._buckets) >= KEPT:
            self._forget_full(now, per_minute)
        self._buckets[key] = Bucket(left - 1, now)

    def _forget_full(self, now: float, per_minute: float) -> None:
        self._buckets = {key: b for key, b in self._buckets.items() if self.left(key, now, per_minute) < per_minute}


class Rates:
    """The three buckets of a turn."""

    def __init__(self) -> None:
        self._people, self._channels, self._all = Buckets(), Buckets(), Buckets()

    def take(self, person: str, channel: str, now: float, limits: tuple[float, float, float]) -> str | None:
        """Take a turn from all three, or from none; then the reason. `limits` are turns a minute."""
        asked = ((self._people, person), (self._channels, channel), (self._all, ""))
        for (buckets, key), limit, reason in zip(asked, limits, TOO_OFTEN, strict=True):
            if buckets.left(key, now, limit) < 1:
                return reason
        for (buckets, key), limit in zip(asked, limits, strict=True):
            buckets.take(key, now, limit)
        return None

    def __len__(self) -> int:
        return len(self._people) + len(self._channels)
