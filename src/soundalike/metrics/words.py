"""The word patterns of the house, and words masked by their shape.

A word is a run of letters and digits of any script, with apostrophes inside it; underscores separate words. Two
patterns differ, for reasons given with them: `RUST_WORD`, and that of `run_words`, by which copies are found.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

COMMON = 300  # the commonest words, which are not masked
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

# A word for Rust's regular expressions, as Polars runs them. Underscores are inside it, because a custom emoji's name
# is one word, and so are combining marks, which Python's `\w` leaves out.
RUST_WORD = r"[\p{L}\p{M}\p{N}]+(?:['’_][\p{L}\p{M}\p{N}]+)*"


def tokens(marks: str) -> re.Pattern[str]:
    """A pattern of words as they are typed, and of these marks beside them."""
    return re.compile(f"{WORD.pattern}|{marks}")


def fold_case(text: str) -> str:
    """`text` in lower case, each apostrophe as the plain one."""
    return text.lower().replace("’", "'")


def words(text: str) -> list[str]:
    """The words of `text`, in lower case; apostrophes inside them stay."""
    return WORD.findall(fold_case(text))


def common_words(texts: Iterable[str], count: int = COMMON) -> frozenset[str]:
    """The `count` commonest words: by frequency, never from a list, so that any language will do."""
    counted = Counter(word for text in texts for word in words(text))
    return frozenset(sorted(counted, key=lambda word: (-counted[word], word))[:count])


def mask(text: str, common: frozenset[str]) -> str:
    """`text` with every word outside `common` as its shape: x for a letter, X for a capital, 0 for a digit.

    Text distortion (Stamatatos 2017, "Authorship attribution using text distortion", EACL), so that topics tell nothing
    and habits everything.
    """

    def shape(match: re.Match[str]) -> str:
        word = match[0]
        return word if fold_case(word) in common else "".join(map(_shape, word))

    return WORD.sub(shape, text)


def _shape(character: str) -> str:
    if character.isalpha():
        return "X" if character.isupper() else "x"
    return "0" if character.isdigit() else character


# The words of `run_words`, spelt out so that Rust's and Python's regular expressions find the same ones.
_BREAKS = "\\x00-\\x20\\x7f-\\xa0\\u1680\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\ufeff"
_SIGNS = "!-&(-/:-@\\[-`{-~¡«»¿“”„…‹›。、，！？；：「」『』（）"
_SINGLE = "\\u3040-\\u30ff\\u3400-\\u9fff"
_RUN_WORD = f"[{_SINGLE}]|[^{_BREAKS}{_SIGNS}{_SINGLE}]+"
_APOSTROPHE = "['’]"
_RUST_CODE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4})")
_find_run_words, _drop_apostrophes = re.compile(_RUN_WORD).finditer, re.compile(_APOSTROPHE).sub


def run_words(text: str) -> list[tuple[str, int]]:
    """The words by which a copy is found, each with where it begins in `text`.

    Without apostrophes, which people type or leave out. Where a script sets no spaces, each ideograph or kana is a
    word, else a whole sentence would be one; and emoji are words.
    """
    found = ((_drop_apostrophes("", match[0].lower()), match.start()) for match in _find_run_words(text))
    return [(word, at) for word, at in found if word]


def run_word_lists(texts: "pl.Series") -> "pl.Series":
    """The words of `run_words` of each text, a Series of lists: the same in Rust, for many texts."""
    pattern = _RUST_CODE.sub(lambda code: f"\\x{{{code[1][1:]}}}", _RUN_WORD)  # as Rust writes a code point
    return texts.str.to_lowercase().str.replace_all(_APOSTROPHE, "").str.extract_all(pattern)
