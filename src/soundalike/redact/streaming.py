"""How much of a text that still grows no rule can take back.

What rules mask begins at most one word before the first character that no plain word has: a digit, a sign, an
unfinished word that may yet get one. The one word is the name in an address spelt out, "sam (at) ...", "sam dot poe
at ...". The words of spelt addresses and those for passwords and codes count as such a character, because all that
follows them may be plain words.
"""

import re

from soundalike.redact.emails import SPOKEN
from soundalike.redact.passwords import NAMES
from soundalike.redact.text_view import make_view

_CHUNK = re.compile(r"\S+")
_NAME = re.compile(NAMES, re.IGNORECASE)
_PLAIN = re.compile(rf"(?!{SPOKEN}\Z)[^\W\d_]+(?:['’][^\W\d_]+)*[.,!?;…]*", re.IGNORECASE)


def stable_length(text: str) -> int:
    """The length of a beginning of `text`, of whole words, that `redact_text` leaves alone whatever follows.

    It leaves it alone where it does so now.
    """
    chunks = list(_CHUNK.finditer(text))
    seen = make_view(text).text
    name = _NAME.search(seen)
    others = (at for at, chunk in enumerate(chunks) if chunk.end() == len(text) or not _PLAIN.fullmatch(chunk[0]))
    first = next(others, len(chunks))
    if name:
        first = min(first, sum(chunk.end() <= name.start() for chunk in _CHUNK.finditer(seen)))
    return chunks[first - 2].end() if first > 1 else 0
