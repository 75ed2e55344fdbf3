"""The ordered map over threads: order, how much exists at once, and errors."""

from collections.abc import Iterator

import pytest

from soundalike.parallel import MAX_PENDING, ordered_parallel_map


def test_results_are_in_the_order_of_the_items() -> None:
    assert list(ordered_parallel_map(lambda item: item * 2, range(50))) == [item * 2 for item in range(50)]


def test_without_items_there_are_no_results() -> None:
    assert list(ordered_parallel_map(str, [])) == []


def test_items_are_taken_only_a_little_ahead_of_the_results() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = ordered_parallel_map(str, items())
    for count in range(1, 20):
        next(results)
        assert len(taken) <= count + MAX_PENDING


def test_an_error_in_the_work_is_raised_at_its_result() -> None:
    with pytest.raises(ZeroDivisionError):
        list(ordered_parallel_map(lambda item: 1 // item, [1, 0, 1]))
