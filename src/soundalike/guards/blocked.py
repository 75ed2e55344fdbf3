"""Words that are not said, whoever asks.

Takes a list, gives whether a text has one of its words: in any case, with digits and signs in place of letters, with
letters drawn out, in the plural. The built-in list, `slurs.txt`, holds words whose only use is to demean a group of
people; swearing is not on it, because people swear.
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from itertools import groupby

_DISGUISES = dict(zip("0134578@$!|", "oieastbasil", strict=True))
_DISGUISED = re.compile(rf"(?<=[^\W\d_])[{re.escape(''.join(_DISGUISES))}]+(?=[^\W\d_])").sub
_GAP = r"[\W_]+"


@cache
def slurs() -> tuple[str, ...]:
    """The built-in list."""
    lines = (files(__package__) / "slurs.txt").read_text("utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


class Blocked:
    """A list of words, or of phrases."""

    def __init__(self, words: Iterable[str]) -> None:
        patterns = sorted({_pattern(word) for word in words if word.strip()})
        self._search = (
            re.compile(rf"(?<![^\W\d_])(?:{'|'.join(patterns)})(?:e?s|z)?(?![^\W\d_])").search if patterns else None
        )

    def has(self, text: str) -> bool:
        """Whether one of the words stands in `text`."""
        return bool(self._search and self._search(_plain(text)))


def _plain(text: str) -> str:
    return _DISGUISED(lambda signs: "".join(map(_DISGUISES.__getitem__, signs[0])), text.casefold())


def _pattern(words: str) -> str:
    """Each letter at least as often in a row as it is written."""
    return _GAP.join(_drawn_out(word) for word in _plain(words).split())


def _drawn_out(word: str) -> str:
    runs = ((re.escape(letter), len(list(run))) for letter, run in groupby(word))
    return "".join(f"{letter}{{{count},}}" for letter, count in runs)
