"""Work is counted in equal parts, and the one printed range of the duration holds the true one."""

from collections.abc import Iterator
from itertools import accumulate, pairwise

import pytest

from soundalike.progress import DurationEstimate, WeightedProgress, format_minutes_range


def clock_of(times: list[float]) -> Iterator[float]:
    """These moments, one after another."""
    yield from times


def told_at(moments: list[tuple[float, float]]) -> list[str]:
    """The text at each (second, share done) of work that begins at 0."""
    clock = clock_of([0.0, *(second for second, _ in moments)])
    pace = DurationEstimate(lambda: next(clock))
    return [pace.at(share, 1.0) for _, share in moments]


def test_the_range_is_told_once_and_holds() -> None:
    """After a short beginning, from its own pace; small swings afterwards change nothing."""
    told = told_at([(1, 0.01), (3, 0.03), (11, 0.11), (30, 0.27), (60, 0.65), (100, 1.0)])
    assert told[:2] == ["", ""] and set(told[2:]) == {"1 to 2 minutes"}


def test_what_takes_longer_is_told_anew() -> None:
    """Only once the whole range has passed, and never as a moment that stands still."""
    told = told_at([(1, 0.01), (11, 0.11), (100, 0.3), (150, 0.35), (160, 0.36), (400, 1.0)])
    assert told[1] == told[2] != told[3] == told[4]


def test_the_first_part_is_no_measure() -> None:
    """Ten seconds of compiling before the first step do not make the rest look slow."""
    told = told_at([(10, 0.01), (20, 0.21), (30, 0.41)])
    assert told[1] == told[2] == "50 to 70 seconds"


def test_what_is_left_follows_the_rate_until_now() -> None:
    """Without the time before the first step, and unknown before enough was measured."""
    clock = clock_of([0.0, 10.0, 12.0, 20.0, 30.0])
    pace = DurationEstimate(lambda: next(clock))
    left = [(pace.at(done, 1.0), pace.left)[1] for done in (0.0, 0.02, 0.25, 0.8)]
    assert left[:2] == [None, None] and left[2:] == pytest.approx([30.0, 5.0], abs=0.5)


def test_the_end_that_is_told_does_not_jump_with_each_batch() -> None:
    """Batches that take 16 and 4 seconds by turns: the told end moves by less than half as much at once as the end at
    the rate until now, and is right at last."""
    times = [0.0, *accumulate([16.0, 4.0] * 10)]
    clock = clock_of([0.0, *times])
    pace = DurationEstimate(lambda: next(clock))
    told = [(pace.at(done, 20), pace.left)[1] for done in range(21)]
    ends = [at + left for at, left in zip(times, told, strict=True) if left is not None]
    exact = [20 * at / done for done, at in enumerate(times) if done]
    assert swing(ends[3:]) < swing(exact[3:]) / 2
    assert ends[-1] == exact[-1] == 200


def swing(ends: list[float]) -> float:
    """By how much two neighbours differ at most."""
    return max(abs(after - before) for before, after in pairwise(ends))


def test_work_of_several_kinds_adds_up() -> None:
    """A unit counts by what it costs, so that the share done is the share of the time."""
    seen: list[tuple[float, float]] = []
    work = WeightedProgress(lambda done, of: seen.append((done, of)))
    reading, writing = work.plan(100, 0.1), work.plan(10, 9.0)
    reading(100)
    writing(5)
    assert seen == [(10.0, 100.0), (55.0, 100.0)]
    writing.finish()
    reading.finish()
    assert seen[2:] == [(100.0, 100.0)]


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        ((0, 0), "about 10 seconds"),
        ((0.5, 1.0), "30 to 60 seconds"),
        ((1.2, 2.4), "1 to 2 minutes"),
        ((9.9, 10.1), "about 10 minutes"),
        ((7, 11), "7 to 11 minutes"),
        ((70, 140), "1 to 2 hours"),
        ((1440, 2880), "24 to 48 hours"),
        ((863_280, 1_726_560), "600 to 1,199 days"),
    ],
)
def test_a_range_is_spelled_in_the_unit_that_fits(minutes: tuple[float, float], words: str) -> None:
    """Tens of seconds, whole minutes, hours and days."""
    assert format_minutes_range(*minutes) == words
