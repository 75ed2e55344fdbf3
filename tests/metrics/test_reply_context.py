"""Replies beside what stands before them, on invented talks."""

import math
from random import Random

import numpy as np
import pytest

from soundalike.metrics.reply_context import COLUMNS, ReplyContextModel

TOPICS = [[f"{letter}{at}" for at in range(12)] for letter in "abcdefgh"]


def talks(count: int, rng: Random) -> list[list[tuple[bool, str]]]:
    """Conversations of one topic each."""
    chosen = [rng.choice(TOPICS) for _ in range(count)]
    return [[(at % 2 == 1, " ".join(rng.choices(topic, k=5))) for at in range(8)] for topic in chosen]


@pytest.fixture(scope="module")
def model() -> ReplyContextModel:
    chats = talks(200, Random(0))
    return ReplyContextModel.fit([text for chat in chats for me, text in chat if me], None, chats, 0)


def column(name: str) -> int:
    return COLUMNS.index(name)


def test_what_is_shared_is_weighed_by_how_rare_it_is(model: ReplyContextModel) -> None:
    """The share of a message's words that stand before it, by inverse document frequency."""
    window = [(["a1 a2", "b1"], ["a1 zz", "a2 b1 a2"])]
    (row,) = model.features([window])
    weight = {word: math.log((model.texts + 1) / (model.counts[word] + 1)) for word in ("a1", "zz", "a2", "b1")}
    first = weight["a1"] / (weight["a1"] + weight["zz"])
    assert row[column("shared with the history")] == pytest.approx((first + 1) / 2)
    assert row[column("shared with the window")] == pytest.approx(0)
    assert row[column("unknown words")] == pytest.approx(1 / 5)
    assert row[column("repeats")] == 0 and row[column("words")] == 2.5


def test_lengths_marks_and_repeats(model: ReplyContextModel) -> None:
    """In characters as logarithms; a message that stands before it already is a repeat, in another turn too."""
    (row,) = model.features([[(["Yes."], ["Yes.", "no"]), (["hm"], ["no", "So?"])]])
    sizes = np.log1p([4, 2, 2, 3])
    assert row[column("length")] == pytest.approx(sizes.mean())
    assert row[column("length spread")] == pytest.approx(sizes.std())
    assert row[column("last length")] == pytest.approx(sizes[-1])
    assert (row[column("stops")], row[column("capitals")], row[column("repeats")]) == (0.5, 0.5, 2)


def test_what_follows_fits_better_than_what_does_not(model: ReplyContextModel) -> None:
    """Messages of the talk's topic beside those of another talk."""
    held_out = talks(60, Random(1))
    true = [[([chat[0][1]], [chat[1][1]])] for chat in held_out]
    moved = [*held_out[7:], *held_out[:7]]
    false = [[([chat[0][1]], [other[1][1]])] for chat, other in zip(held_out, moved, strict=True)]
    follows = column("follows the last lines")
    assert model.features(true)[:, follows].mean() > 0.2 + model.features(false)[:, follows].mean()


def test_a_window_without_messages_is_zeros(model: ReplyContextModel) -> None:
    """It is in no test, but has its row."""
    assert not model.features([[], [([], ["hi"])]])[0].any()
