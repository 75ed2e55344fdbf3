"""Documents as windows to train on and to measure on."""

import math

import pytest

from soundalike.clone.document import Document
from soundalike.engines.markov import MarkovEngine
from soundalike.errors import TooLittleText
from soundalike.training.dataset import pack_documents

THEIRS = Document("bo: one two three four five six\n", [("bo: one two three four five six\n", 0.0)])
OWN = Document("ada: hi bo how are you\n", [("ada: hi bo how are you\n", 1.0)])


def test_windows_without_weight_are_left_out() -> None:
    """Other people's parts that do not count fill no step, and the bits per byte of any window are a number."""
    engine = MarkovEngine()
    whole = pack_documents([OWN], engine.tokenizer, 12, seed=0)
    data = pack_documents([THEIRS, OWN, THEIRS], engine.tokenizer, 12, seed=0)
    assert len(data.batch) == len(whole.batch) == 1
    for at in range(len(data.batch)):
        assert math.isfinite(data.bits_per_byte(*engine.loss(data.batch.take(slice(at, at + 1)))))


def test_documents_without_the_owners_words_are_too_little_text() -> None:
    """Nothing could be learned from them."""
    for documents in ([], [THEIRS]):
        with pytest.raises(TooLittleText, match="no text of yours"):
            pack_documents(documents, MarkovEngine().tokenizer, 12, seed=0)
