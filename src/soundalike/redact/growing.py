"""How much of a text that still grows no rule can take back.

What rules mask begins at most one word before the first character that no plain word has: a digit, a sign, an
unfinished word that may yet get one. The one word is the name in an address spelt out, "sam (at) ...".
"""

import re

_CHUNK = re.compile(r"\S+")
_PLAIN = re.compile(r"(?!at$)[^\W\d_]+(?:['’][^\W\d_]+)*[.,!?;…]*", re.IGNORECASE)


def settled(text: str) -> int:
    """The length of a beginning of `text`, of whole words, that `redact_text` leaves alone whatever follows.

    It leaves it alone where it does so now: a password of mere letters after "password is" is masked as soon as it is
    whole.
    """
    chunks = list(_CHUNK.finditer(text))
    others = (at for at, chunk in enumerate(chunks) if chunk.end() == len(text) or not _PLAIN.fullmatch(chunk[0]))
    first = next(others, len(chunks))
    return chunks[first - 2].end() if first > 1 else 0
