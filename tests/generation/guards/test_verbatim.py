"""A run of words out of a message is found, whatever its case and punctuation, and nothing else is."""

from random import Random

import polars as pl
import pytest

from soundalike.metrics.ngram_index import NgramIndex
from soundalike.metrics.words import run_words

MESSAGES = [
    "so i told her that the boat leaves at nine, and she just laughed",
    "Don't you ever put the GREEN soup bowl back on my shelf again!!",
    "short one",
    "我昨天晚上在海边看到了一只很大的鸟",
    "ποτέ μην αφήνεις το σκύλο μόνο του στο σπίτι ΣΟΥ",
    "मैं कल रात को घर पर था और बहुत खुश था सच में",
]


def index(length: int = 8) -> NgramIndex:
    return NgramIndex(pl.Series(MESSAGES), length)


@pytest.mark.parametrize("message", [message for message in MESSAGES if len(run_words(message)) >= 8])
def test_a_copied_message_is_found_at_its_eighth_word(message: str) -> None:
    """In any script, also where the copy has other cases and signs."""
    eighth = run_words(message)[7][1]
    assert index().copied_at(message) == eighth
    assert index().copied_at(message.upper().replace(",", " -- ").replace(" ", "  "))
    assert index().copied_at(message[:eighth].rstrip()) is None


def test_a_run_inside_other_words_is_found() -> None:
    """What stands before and after it is no matter; the place is that of the word that completes it."""
    text = "well, she said I TOLD HER that the boat leaves at nine or so"
    assert index().copied_at(text) == text.index("nine") - len("at ")
    assert index().copied_at(text, start=text.index("nine")) == text.index("nine")
    assert index().copied_at(text, start=text.index("or so")) is None
    assert index().copied_at(text, latest=1) is None


def test_apostrophes_do_not_hide_a_copy() -> None:
    """People write don't, dont and don’t."""
    for word in ("dont", "don’t", "DON'T"):
        assert index().copied_at(f"{word} you ever put the green soup bowl away") is not None


def test_other_words_are_no_copy() -> None:
    """Neither a word exchanged, nor the same words in another order, nor a run across two messages."""
    assert index().copied_at("so i told her that the train leaves at nine, and she just laughed") is None
    assert index().copied_at("and she just laughed short one don't you ever put") is None
    assert index().copied_at(" ".join(reversed(MESSAGES[0].split()))) is None
    assert NgramIndex(pl.Series([], dtype=pl.String), 8).copied_at(MESSAGES[0]) is None


def test_runs_of_both_can_be_taken_out() -> None:
    """A phrase that the owner types too is not somebody else's."""
    both = pl.Series(["i do not know what to do about it now"])
    everything = NgramIndex(pl.concat([both, pl.Series(MESSAGES)]), 6)
    others = everything.without(NgramIndex(both, 6))
    assert others.copied_at(both[0]) is None and others.copied_at(MESSAGES[0]) is not None
    assert everything.copied_at(both[0]) is not None


def test_every_run_of_many_messages_is_found_and_hardly_any_other() -> None:
    """Of 4,000 invented messages each is known by its runs; of as many others none is."""
    words = [f"w{number}" for number in range(300)]
    said, unsaid = (
        [" ".join(rng.choices(words, k=12)) for _ in range(4000)] for rng in (Random(seed) for seed in (1, 2))
    )
    known = NgramIndex(pl.Series(said), 8)
    assert len(known) == 4000 * 5
    assert all(known.copied_at(text) is not None for text in said)
    assert not any(known.copied_at(text) is not None for text in unsaid)
