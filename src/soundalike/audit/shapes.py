"""Alternatives to a secret: strings of the same shape, drawn at random.

Digits become other digits, dates other dates. Letters of keys and passwords become other letters of the same case; any
other run of letters becomes a name or a word of the kind that names and handles are made of, because any word is
likelier than an alternative that no person would type.
"""

import re
from random import Random
from string import ascii_lowercase, ascii_uppercase

from soundalike.pocket.names import FIRST, WORDS

RANDOM = frozenset(
    ("keys and tokens", "passwords", "wallet addresses", "hashes and ids")
)  # kinds without words in them
MIN_ALTERNATIVES = 15  # alternatives; under it a rank means nothing
TRIES = 20  # draws for each alternative that is wanted: a short secret has few
DATES = "full dates"
_RUN, _NUMBER = re.compile(r"[^\W\d_]+"), re.compile(r"[0-9]+")
_WORDS = (*FIRST, *WORDS)


def alternatives(secret: str, kind: str, count: int, rng: Random) -> list[str]:
    """Up to `count` different strings of the shape of `secret`, itself not among them."""
    found: dict[str, None] = {}
    for _ in range(count * TRIES):
        made = _other(secret, kind, rng)
        if made != secret:
            found.setdefault(made)
        if len(found) == count:
            break
    return list(found)


def _other(secret: str, kind: str, rng: Random) -> str:
    if kind in RANDOM:
        return "".join(_character(one, rng) for one in secret)
    if kind == DATES:
        return _NUMBER.sub(lambda number: _of_a_date(number[0], rng), secret)
    named = _RUN.sub(lambda run: _word(run[0], rng), secret)
    return "".join(_character(one, rng) if one.isdigit() else one for one in named)


def _of_a_date(number: str, rng: Random) -> str:
    """A day or month as wide as this one, or a year."""
    if len(number) == 4:
        return str(rng.randint(1950, 2030))
    low, high = (1, 12) if int(number) <= 12 else (13, min(99, max(28, int(number))))
    return f"{rng.randint(low, high):0{len(number)}}"[: len(number)] if len(number) > 1 else str(rng.randint(1, 9))


def _character(one: str, rng: Random) -> str:
    if one.isdigit():
        return str(rng.randrange(10))
    if not one.isalpha():
        return one
    return rng.choice(ascii_uppercase if one.isupper() else ascii_lowercase)


def _word(run: str, rng: Random) -> str:
    drawn = rng.choice(_WORDS)
    if run.isupper() and len(run) > 1:
        return drawn.upper()
    return drawn.capitalize() if run[0].isupper() else drawn.lower()
