"""Invented names in place of other people's, the same ones in what a clone learns and in what it reads when it talks.

An invented name follows from the real one and a secret of the clone, its salt, so that no list of real names is kept.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import blake2b

_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_SYLLABLES = 3
_NOBODY = frozenset({"", "me", "someone"})
_SHORTEST = 3  # letters of one word of a name that stands for all of it


class Pseudonyms:
    """`salt` is the clone's secret; names in `invented` are invented already and stay."""

    def __init__(self, salt: str, invented: Collection[str] = ()) -> None:
        self.salt, self._invented = salt, frozenset(invented)

    def name(self, real: str) -> str:
        """The invented name of a person, the same for every spelling in capitals and small letters."""
        folded = " ".join(real.casefold().split())
        if folded in _NOBODY or real in self._invented:
            return real
        number, made = int.from_bytes(self._digest(folded)), ""
        for _ in range(_SYLLABLES):
            number, consonant = divmod(number, len(_CONSONANTS))
            number, vowel = divmod(number, len(_VOWELS))
            made += _CONSONANTS[consonant] + _VOWELS[vowel]
        return made.capitalize()

    def key(self, key: str) -> str:
        """An id or key without the names in it; a bare number, as Discord's are, has none and stays."""
        program, colon, rest = key.partition(":")
        return f"{program}:{self._digest(rest).hex()}" if colon else key

    def in_texts(self, names: Iterable[str]) -> Callable[[str], str]:
        """A function that replaces these people's names in a text: whole words in any case, also behind an @.

        Of a name of several words, each that begins with a capital stands for the person too.
        """
        known: dict[str, str] = {}
        for real in names:
            invented = self.name(real)
            if invented == real:
                continue
            known.setdefault(real.casefold(), invented)
            words = real.split() if " " in real else []
            for word in words:
                if len(word) >= _SHORTEST and word[0].isupper():
                    known.setdefault(word.casefold(), invented)
        return replacing(known)

    def restoring(self, history: Sequence[tuple[str, str]], owner: str) -> Callable[[str], str] | None:
        """A function that gives the people of a conversation with the clone of `owner` their own names back in a text.

        None where nobody of them has an invented name. Who is not there keeps theirs: no list of real names is kept.
        """
        real = {self.name(name): name for name, _ in reversed(history) if name != owner}
        real = {invented: name for invented, name in real.items() if invented != name}
        return replacing(real) if real else None

    def history(self, history: Sequence[tuple[str, str]], owner: str) -> list[tuple[str, str]]:
        """A conversation of (name, text) as the clone of `owner` reads it."""
        others = {name for name, _ in history if name != owner}
        replace = self.in_texts(sorted(others))
        return [(name if name == owner else self.name(name), replace(text)) for name, text in history]

    def _digest(self, text: str) -> bytes:
        return blake2b(text.encode("utf-8", "replace"), key=self.salt.encode()[:64], digest_size=8).digest()


def replacing(names: Mapping[str, str]) -> Callable[[str], str]:
    """A function that replaces names in a text by others: whole words in any case, also behind an @."""
    known = {name.casefold(): other for name, other in names.items()}
    if not known:
        return lambda text: text
    longest_first = sorted(known, key=len, reverse=True)
    wanted = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
    return lambda text: wanted.sub(lambda match: known.get(match[0].casefold(), match[0]), text)
