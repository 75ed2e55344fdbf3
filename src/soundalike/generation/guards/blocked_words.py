"""Whether a text contains a word of a list: in the singular or plural, plain or obfuscated (see `obfuscation`).

The built-in list, `slurs.txt`, holds words whose only use is to demean a group of people; swearing is not on it,
because people swear. `harmless.txt` holds phrases in which such a word is harmless.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from soundalike.characters import latin
from soundalike.generation.guards.obfuscation import BlockedWord, shortened, skeletons, starred_pieces

# Colours and Canadian postcodes, whose digits stand for no letters.
_CODES = re.compile(
    r"(?<![\w&])#(?=[a-f]*\d)[0-9a-f]{3,8}(?!\w)|(?<!\w)[a-z]\d[a-z][ -]?\d[a-z]\d(?!\w)", re.IGNORECASE
)
_REMOVED = "\0"  # part of no word and of no gap
_GROWING = 8  # words at the end of a growing text that may become a blocked word together
_WORDS = re.compile(r"\S+")


def _lines(name: str) -> tuple[str, ...]:
    lines = (files(__package__) / name).read_text("utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def slurs() -> tuple[str, ...]:
    """The built-in list."""
    return _lines("slurs.txt")


class BlockedWords:
    """A list of words and phrases to look for."""

    def __init__(self, words: Iterable[str]) -> None:
        known = set(slurs())
        made = {BlockedWord.of(latin(word), word in known) for word in words if word.strip()}
        self._words = sorted((word for word in made if word.letters), key=lambda word: word.letters)
        self._skeletons = [(word.skeleton, word) for word in self._words]
        self._begun = {bones[:end] for bones, _ in self._skeletons for end in range(1, len(bones))}

    def has(self, text: str) -> bool:
        """Whether `text` contains one of the words."""
        return any(self._is_harmful(word, text) for word in self._found(latin(text)))

    def settled(self, text: str) -> int:
        """How many characters of a text that grows by whole words cannot become part of a blocked word."""
        for word in list(_WORDS.finditer(text))[-_GROWING:]:
            if skeletons(latin(text[word.start() :]))[-1] in self._begun:
                return word.start()
        return len(text)

    def _found(self, folded: str) -> list[BlockedWord]:
        bones = " ".join(skeletons(folded))
        likely = [word for skeleton, word in self._skeletons if skeleton in bones]
        text = shortened(folded) if likely else ""
        return [word for word in likely if word.occurs_in(text)] + self._hidden(folded)

    def _hidden(self, folded: str) -> list[BlockedWord]:
        """Words with stars for letters. Their first letter is never hidden, so few have to be looked for."""
        pieces = starred_pieces(folded)
        if not pieces:
            return []
        bones = " ".join(skeletons(" ".join(pieces)))
        return [
            word for skeleton, word in self._skeletons if skeleton[:1] in bones and word.is_hidden_in(pieces, folded)
        ]

    def _is_harmful(self, word: BlockedWord, text: str) -> bool:
        """Whether a word that was found occurs outside of codes and harmless phrases too."""
        rest = _CODES.sub(_REMOVED, text)
        if word.known:
            rest = _harmless().sub(_REMOVED, unicodedata.normalize("NFC", rest))
        if rest == text:
            return True
        folded = latin(rest)
        return word.occurs_in(shortened(folded)) or word in self._hidden(folded)


@cache
def _harmless() -> re.Pattern[str]:
    """A pattern of the phrases; lower case matches any case, a blank matches blanks and hyphens."""
    phrases = (line.replace(" ", r"[\s-]+") for line in _lines("harmless.txt"))
    return re.compile("|".join(rf"(?<!\w)(?{'i' if line.islower() else ''}:{line})(?!\w)" for line in phrases))
