"""How much of a text that is still being generated no rule can mask any more.

A mask begins at most one word before the first character that plain words do not have: a digit, a sign, or the end of
an unfinished word, which may still get one. The one word is the name in a spelt address, "sam (at) ...", "sam dot poe
at ...". Words of spelt addresses and names of passwords and codes count as such a character, because everything after
them may be plain words.
"""

import re

from soundalike.redact.emails import SPOKEN
from soundalike.redact.passwords import NAMES
from soundalike.redact.text_view import make_view

_CHUNK = re.compile(r"\S+")
_NAME = re.compile(NAMES, re.IGNORECASE)
_PLAIN = re.compile(rf"(?!{SPOKEN}\Z)[^\W\d_]+(?:['’][^\W\d_]+)*[.,!?;…]*", re.IGNORECASE)


def stable_length(text: str) -> int:
    """The length of a beginning of `text`, in whole words, that `redact_text` will not change whatever follows.

    This holds if it does not change it now.
    """
    chunks = list(_CHUNK.finditer(text))
    seen = make_view(text).text
    name = _NAME.search(seen)
    others = (at for at, chunk in enumerate(chunks) if chunk.end() == len(text) or not _PLAIN.fullmatch(chunk[0]))
    first = next(others, len(chunks))
    if name:
        first = min(first, sum(chunk.end() <= name.start() for chunk in _CHUNK.finditer(seen)))
    return chunks[first - 2].end() if first > 1 else 0
