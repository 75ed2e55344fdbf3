"""Progress in equal work, and how long all of it takes: told once, as a range, from what was measured.

Work of several kinds is counted in seconds that a unit of each takes on some machine. Any other machine may be slower
or faster; as long as it is so for all kinds alike, the share that is done is the share of the time that has passed.
"""

from collections.abc import Callable
from time import perf_counter

OnProgress = Callable[[float, float], None]  # done, of
WARM_UP, WARM_UP_SHARE = 4.0, 0.04  # seconds and share of the work after which there is enough to go by
LOWER, UPPER = 0.85, 1.25  # of what is computed: the range that is told


class Work:
    """What is done of some work of several kinds."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._tell = on_progress
        self._kinds: list[tuple[float, int]] = []  # cost and units of each kind
        self._done: list[int] = []

    def plan(self, units: int, cost: float) -> Callable[[int], None]:
        """Add so many units, each of which takes `cost` seconds; gives what is to be called with the units done."""
        number = len(self._kinds)
        self._kinds.append((cost, units))
        self._done.append(0)

        def step(more: int) -> None:
            self._done[number] += more
            done = sum(cost * units for (cost, _), units in zip(self._kinds, self._done, strict=True))
            self._tell(done, sum(cost * units for cost, units in self._kinds))

        return step


class Pace:
    """How long work takes, from its first measured part; made anew only where that turns out to be too little."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._began = clock()
        self._first: tuple[float, float] | None = None
        self._upper = 0.0
        self.told = ""

    def at(self, done: float, of: float) -> str:
        """What is to be said at this point: nothing yet, or the range for all of the work, as `spelled_range` has it.

        What comes before the first unit is done, such as compiling, is no measure of the others.
        """
        now = self._clock()
        if self._first is None:
            self._first = (now, done)
            return self.told
        started, before = self._first
        passed, share = now - started, (done - before) / of if of else 0.0
        if share > 0 and passed >= WARM_UP and share >= WARM_UP_SHARE and (not self.told or self._is_late(now)):
            left = passed / share * (of - done) / of
            spent = now - self._began
            self._upper = spent + UPPER * left
            self.told = spelled_range((spent + LOWER * left) / 60, self._upper / 60)
        return self.told

    def _is_late(self, now: float) -> bool:
        return now - self._began > self._upper


def spelled(minutes: float) -> str:
    """An estimate of time in words."""
    if minutes < 90:
        return f"{minutes:.0f} minutes" if minutes >= 1.5 else "a minute" if minutes > 0.5 else "half a minute"
    return f"{minutes / 60:.0f} hours" if minutes < 48 * 60 else f"{minutes / 60 / 24:,.0f} days"


def spelled_range(lowest: float, highest: float) -> str:
    """Two estimates in minutes as words, in the unit that fits the larger: "40 to 60 seconds", "7 to 11 minutes"."""
    for unit, size, step in (("seconds", 1 / 60, 10), ("minutes", 1.0, 1), ("hours", 60.0, 1)):
        low, high = (max(step, round(value / size / step) * step) for value in (lowest, highest))
        if high < 90 or unit == "hours":
            break
    return f"{low} to {high} {unit}" if low < high else f"about {high} {unit if high > 1 else unit[:-1]}"
