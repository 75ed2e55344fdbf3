"""Invented people and what they type, for the tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import polars as pl

from soundalike.messages import AUTHORS_SCHEMA, SCHEMA, Corpus

START = datetime(2024, 1, 1, tzinfo=UTC)
NAMES = {"me": "sam", "a": "ana", "b": "bo"}

Message = tuple[float, str, str, str]  # minutes after START, channel, author, text


def corpus(messages: Sequence[Message]) -> Corpus:
    """A corpus in which the author `me` is the owner."""
    rows = [
        (str(number), channel, author, author == "me", START + timedelta(minutes=minute), text, None, "test")
        for number, (minute, channel, author, text) in enumerate(messages)
    ]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("sent_at", "id")
    people = [(key, name, key == "me") for key, name in NAMES.items()]
    return Corpus(frame, pl.DataFrame(people, schema=AUTHORS_SCHEMA, orient="row"))


def crowd(count: int, seed: int = 0, authors: Sequence[str] = ("me",)) -> list[Message]:
    """A lot of chat in five channels."""
    rng, minute, made = Random(seed), 0.0, list[Message]()
    for number in range(count):
        minute += rng.choice((0.1, 0.5, 2, 40))
        made.append(
            (minute, f"c{rng.randrange(5)}", rng.choice(authors), f"message {number} " + "la " * rng.randrange(9))
        )
    return made


HOSTILE = (
    *"ab:\n\t\r \x00\x07\x0b\x0c\x1c\x1d\x1e\x1f\x7f\x80\x85\x9f\u00a0\u00ad\u200b\u200c\u200d\u200e\u2028\u2029\u3000",
    *"\u202e\u2066\ufeff\ufe0f\ud800\U000e0067é漢😂",
    *("sam: ", "mo:", "\nsam: hi", "\n\t", "\r\n", "\t\t", "<|endoftext|>", "</s>", "<s>", "<|im_end|>", "\\n", '"'),
)


def hostile(seed: int) -> str:
    """A text that tries to break the template."""
    rng = Random(seed)
    return "".join(rng.choices(HOSTILE, k=rng.randrange(12)))
