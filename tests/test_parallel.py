"""Work side by side: order, how much exists at once, and errors."""

from collections.abc import Iterator

import pytest

from soundalike.parallel import MAX_PENDING, ordered_parallel_map


def test_results_come_in_the_order_of_the_pieces() -> None:
    assert list(ordered_parallel_map(lambda piece: piece * 2, range(50))) == [piece * 2 for piece in range(50)]


def test_without_pieces_there_are_no_results() -> None:
    assert list(ordered_parallel_map(str, [])) == []


def test_pieces_are_made_only_a_little_ahead_of_what_is_taken() -> None:
    made: list[int] = []

    def pieces() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    results = ordered_parallel_map(str, pieces())
    for taken in range(1, 20):
        next(results)
        assert len(made) <= taken + MAX_PENDING


def test_an_error_in_the_work_reaches_whoever_takes_the_result() -> None:
    with pytest.raises(ZeroDivisionError):
        list(ordered_parallel_map(lambda piece: 1 // piece, [1, 0, 1]))
