"""Invented people and what they type, for the tests."""

import string
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import polars as pl

from soundalike.messages import AUTHORS_SCHEMA, SCHEMA, Corpus

START = datetime(2024, 1, 1, tzinfo=UTC)
NAMES = {"me": "sam", "a": "ana", "b": "bo"}

Message = tuple[float, str, str, str]  # minutes after START, channel, author, text


def corpus(messages: Sequence[Message], owner: str = "me", names: Mapping[str, str] = NAMES) -> Corpus:
    """A corpus in which the author `owner` is the owner."""
    rows = [
        (str(number), channel, author, author == owner, START + timedelta(minutes=minute), text, None, "test")
        for number, (minute, channel, author, text) in enumerate(messages)
    ]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("sent_at", "id")
    people = [(key, name, key == owner) for key, name in names.items()]
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


FRIENDS = {name: name for name in ("ana", "bo", "cy", "di", "ed")}
_THINGS = (
    "the ferry",
    "the bread",
    "my bike",
    "that film",
    "the garden",
    "the heating",
    "her cat",
    "the exam",
    "the band",
)
_ASKED = ("how was {}", "did you see {} yesterday", "what about {} then", "is {} any better now", "who looks after {}")
_TOLD = (
    "{} was late again and nobody told us why",
    "honestly {} is the best thing that happened all week",
    "i would rather not talk about {} before breakfast",
    "ask {}, they know everything about {}",
    "{} again?? it was fine when i left it in the hall",
    "well {} will not wait for us, so hurry up please",
)
_ANSWERED = ("yeah", "no way", "haha ok", "lol", "i guess so", "you always say that", "tell me more about {}")


def friends(conversations: int, seed: int = 0) -> tuple[list[Message], list[str]]:
    """What five FRIENDS say to each other, three at a time, and the addresses, numbers and keys that some let slip.

    Who is asked answers: every question names the one who speaks next.
    """
    rng, minute, made, slipped = Random(seed), 0.0, list[Message](), list[str]()
    for number in range(conversations):
        minute += 60
        (one, other, third), (thing, next_) = rng.sample(list(FRIENDS), 3), rng.sample(_THINGS, 2)
        lines = [(one, f"{other}, {rng.choice(_ASKED).format(thing)}"), (other, _about(rng, thing, one))]
        if number % 5 == 0:
            slipped.append(_secret(rng, other, number))
            lines.append((other, f"you can reach me at {slipped[-1]} ok"))
        lines.append((one, rng.choice(_ANSWERED).format(thing)))
        lines += [(other, f"{third}, {rng.choice(_ASKED).format(next_)}"), (third, _about(rng, next_, other))]
        made += [(minute + at / 10, f"c{number % 3}", author, text) for at, (author, text) in enumerate(lines)]
    return made, slipped


def _about(rng: Random, thing: str, person: str) -> str:
    told = rng.choice(_TOLD)
    return told.format(person, thing) if told.count("{}") > 1 else told.format(thing)


def _secret(rng: Random, name: str, number: int) -> str:
    """An address, a telephone number or a key, each given out once."""
    key = "".join(rng.choices(string.ascii_letters + string.digits, k=36))
    return (f"{name}.{number}@sea-mail.org", f"+1 202 555 {1000 + number:04}", f"ghp_{key}")[number // 5 % 3]


HOSTILE = (
    *"ab:\n\t\r \x00\x07\x0b\x0c\x1c\x1d\x1e\x1f\x7f\x80\x85\x9f\u00a0\u00ad\u200b\u200c\u200d\u200e\u2028\u2029\u3000",
    *"\u202e\u2066\ufeff\ufe0f\ud800\U000e0067é漢😂",
    *("sam: ", "mo:", "\nsam: hi", "\n\t", "\r\n", "\t\t", "<|endoftext|>", "</s>", "<s>", "<|im_end|>", "\\n", '"'),
)


def hostile(seed: int) -> str:
    """A text that tries to break the template."""
    rng = Random(seed)
    return "".join(rng.choices(HOSTILE, k=rng.randrange(12)))
