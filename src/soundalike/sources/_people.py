"""Keys and names of people: a phone number or an e-mail address stands in neither.

A person whom an export knows by such an address only is called `someone`; the key holds a hash of it.
"""

import re
from functools import lru_cache
from hashlib import blake2b

from soundalike.sources._rows import clean

SOMEONE = "someone"

_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_PHONE = re.compile(r"[+(\d][\d\s()./\-\u2010-\u2015\u00a0\u202f]{3,}\d")
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_KNOWN = 2048  # names that are remembered, since a chat repeats those of a few people in every row
_DIGITS = 6  # the fewest of a phone number; shorter ones are written in names


@lru_cache(_KNOWN)
def is_address(name: str) -> bool:
    """Whether this is a phone number or an e-mail address instead of a name."""
    bare = one_line(name)
    if _MAIL.fullmatch(bare):
        return True
    return bool(_PHONE.fullmatch(bare)) and sum(character.isdigit() for character in bare) >= _DIGITS


@lru_cache(_KNOWN)
def one_line(name: str) -> str:
    """A name or title on one line of at most 100 characters, without invisible characters."""
    return " ".join(_UNSEEN.sub("", clean(name)).split())[:100]


@lru_cache(_KNOWN)
def hashed(address: str) -> str:
    """16 hexadecimal digits in place of an address; one phone number gives the same ones however it is spaced."""
    bare = one_line(address).casefold()
    if _PHONE.fullmatch(bare):
        bare = "".join(character for character in bare if character.isdigit() or character == "+")
    return blake2b(bare.encode("utf-8", "replace"), digest_size=8).hexdigest()


def person(source: str, name: str) -> tuple[str, str]:
    """The author key and display name of somebody whom a source knows by `name` only."""
    bare = one_line(name)
    if not bare:
        return f"{source}:{SOMEONE}", SOMEONE
    if is_address(bare):
        return f"{source}:{hashed(bare)}", SOMEONE
    return f"{source}:{bare}", bare
