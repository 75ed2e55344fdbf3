"""Progress over several kinds of work, and an estimate of the total duration as a range.

A unit of each kind has a cost: the seconds that it takes on a reference machine. Another machine may be slower or
faster; as long as that holds for all kinds alike, the share of the cost done equals the share of the time passed.
"""

import math
from collections.abc import Callable
from time import perf_counter

OnProgress = Callable[[float, float], None]  # done, of
WARM_UP, WARM_UP_SHARE = 4.0, 0.04  # seconds, and share of the work, before the first estimate
SMOOTHING = 0.3  # of the time passed or left, whichever is less: the time constant of the end that is told
LOWER, UPPER = 0.85, 1.25  # bounds of the printed range, as factors of the computed remaining time


class WeightedProgress:
    """Counts work of several kinds and reports the sum of their costs."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._kinds: list[PlannedWork] = []

    def plan(self, units: float, cost: float) -> "PlannedWork":
        """Add `units` of work, `cost` seconds each."""
        self._kinds.append(PlannedWork(units, cost, self._report))
        return self._kinds[-1]

    def _report(self) -> None:
        """Tell the sum, rounded, so that it ends at the total."""
        done = sum(kind.cost * kind.done for kind in self._kinds)
        self._on_progress(round(done, 6), round(sum(kind.cost * kind.units for kind in self._kinds), 6))


class PlannedWork:
    """`units` of one kind of work, `cost` seconds each; to be called with the number of units just done."""

    def __init__(self, units: float, cost: float, report: Callable[[], None]) -> None:
        self.units, self.cost, self.done = units, cost, 0.0
        self._report = report

    def __call__(self, more: float) -> None:
        self.done += more
        self._report()

    def finish(self) -> None:
        """Count the rest as done: there was less to do than planned, or nothing."""
        if self.units != self.done:
            self(self.units - self.done)


class DurationEstimate:
    """How long all of the work takes, estimated once; estimated again only if the upper bound is passed.

    `left` is how many seconds the rest takes at the rate until now, None before enough was measured. The moment of the
    end that it implies is smoothed exponentially, because work is done in batches of unequal cost.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._began = clock()
        self._first: tuple[float, float] | None = None
        self._upper = 0.0
        self.text = ""
        self.left: float | None = None
        self._last = self._end = 0.0  # moments: of the last estimate, and the smoothed one of the end

    def at(self, done: float, of: float) -> str:
        """The range for all of the work in words, or "" before enough was measured; `done` and `of` are costs.

        Time before the first unit, such as compiling, counts as spent but not towards the rate.
        """
        now = self._clock()
        if self._first is None:
            self._first = (now, done)
            return self.text
        started, before = self._first
        passed, share = now - started, (done - before) / of if of else 0.0
        if share > 0 and passed >= WARM_UP and share >= WARM_UP_SHARE:
            left = passed / share * (of - done) / of
            if not self.text or self._is_late(now):
                self._tell(now - self._began, left)
            self.left = self._smoothed(now, passed, left)
        return self.text

    def _smoothed(self, now: float, passed: float, left: float) -> float:
        """The seconds to the smoothed end of the work, which at the rate until now takes `left` seconds more."""
        slow = SMOOTHING * min(passed, left)
        weight = 1.0 - math.exp(-(now - self._last) / slow) if slow and self.left is not None else 1.0
        self._end += weight * (now + left - self._end)
        self._last = now
        return max(0.0, self._end - now)

    def _tell(self, spent: float, left: float) -> None:
        self._upper = spent + UPPER * left
        self.text = format_minutes_range((spent + LOWER * left) / 60, self._upper / 60)

    def _is_late(self, now: float) -> bool:
        return now - self._began > self._upper


def format_minutes(minutes: float) -> str:
    """A duration in minutes as words."""
    if minutes < 90:
        return f"{minutes:.0f} minutes" if minutes >= 1.5 else "a minute" if minutes > 0.5 else "half a minute"
    return f"{minutes / 60:.0f} hours" if minutes < 48 * 60 else f"{minutes / 60 / 24:,.0f} days"


def format_minutes_range(lowest: float, highest: float) -> str:
    """A range of minutes as words, in the unit that suits the larger: "40 to 60 seconds", "7 to 11 minutes"."""
    for unit, size, step in (("seconds", 1 / 60, 10), ("minutes", 1.0, 1), ("hours", 60.0, 1), ("days", 1440.0, 1)):
        low, high = (max(step, round(value / size / step) * step) for value in (lowest, highest))
        if high < 90 or unit == "days":
            break
    return f"{low:,} to {high:,} {unit}" if low < high else f"about {high} {unit if high > 1 else unit[:-1]}"
