"""The counting baseline is a probability model and predicts what it counted."""

import math

import pytest

from benchmarks.kneser_ney import KneserNey

DOCUMENTS = [[0, 2, 3, 4, 1], [0, 2, 3, 5, 1], [0, 3, 4, 5, 2, 1], [0, 2, 3, 4, 5, 1], [0, 6, 2, 2, 3, 1]] * 2


@pytest.mark.parametrize("context", [[0], [0, 2], [0, 2, 3], [0, 2, 3, 4], [7, 7], [0, 6, 2, 2, 3]])
def test_chances_sum_to_one(context: list[int]) -> None:
    """After any context, counted or not."""
    model = KneserNey(DOCUMENTS, vocabulary=8)
    before = model.nats([context])
    chances = [math.exp(before - model.nats([[*context, token]])) for token in range(8)]
    assert sum(chances) == pytest.approx(1.0)


def test_what_was_counted_is_likely() -> None:
    """A text of the corpus costs less than the same words in another order, and more orders cost less than one."""
    model, unigrams = KneserNey(DOCUMENTS, 8), KneserNey(DOCUMENTS, 8, order=1)
    assert model.nats([[0, 2, 3, 4, 1]]) < model.nats([[0, 4, 3, 2, 1]])
    assert model.nats(DOCUMENTS) < 0.6 * unigrams.nats(DOCUMENTS)


def test_documents_are_apart() -> None:
    """What ends one document is no context of the next."""
    model = KneserNey(DOCUMENTS, 8)
    assert model.nats([[0, 2, 3], [0, 3]]) == pytest.approx(model.nats([[0, 2, 3]]) + model.nats([[0, 3]]))
