"""A list's words in every disguise, made from the list, so that no page of the tests holds them."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7+", "l": "1|", "b": "8", "g": "9"}
CYRILLIC = dict(zip("aceopxyikmtbh", "асеорхуікмтвн", strict=True))
GREEK = dict(zip("aeionuv", "αειοηυν", strict=True))
ACCENTS = {"a": "á", "e": "ê", "i": "ï", "o": "õ", "u": "ü", "y": "ý", "n": "ñ", "c": "ç"}
_VOWELS = "aeiouy"


def _each(letters: dict[str, str], word: str) -> str:
    return "".join(letters.get(letter, letter) for letter in word)


def _one_vowel(word: str, instead: Callable[[str], str]) -> str:
    at = next(at for at, letter in enumerate(word) if at and letter in _VOWELS)
    return word[:at] + instead(word[at]) + word[at + 1 :]


def _leet(word: str, which: int, letters: str) -> str:
    return "".join(LEET[c][which % len(LEET[c])] if c in letters and c in LEET else c for c in word)


def _between(word: str, sign: str) -> str:
    return sign.join(word.replace(" ", ""))


def _inflected(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") else word + "s"


FORMS: dict[str, Callable[[str], Iterable[str]]] = {
    "plain": lambda word: [word],
    "upper case": lambda word: [word.upper(), word.title()],
    "plural": lambda word: [_inflected(word), word + "'s"],
    "digits and signs": lambda word: [
        *(_one_vowel(word, partial(_leet, which=n, letters=_VOWELS)) for n in (0, 1)),
        *(_leet(word, n, _VOWELS) for n in (0, 1)),
        *(_leet(word, n, "aeioslt") for n in (0, 1)),
    ],
    "zero width": lambda word: ["\u200b".join(word), "\u2060".join(word), word[:1] + "\u00ad" + word[1:]],
    "Cyrillic": lambda word: [_each(CYRILLIC, word), _one_vowel(word, lambda c: _each(CYRILLIC, c))],
    "Greek": lambda word: [_each(GREEK, word)],
    "full width": lambda word: [_each({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)}, word)],
    "mathematical": lambda word: [_each({chr(0x61 + n): chr(0x1D41A + n) for n in range(26)}, word)],
    "accents": lambda word: [_each(ACCENTS, word), "\u0336".join(word), "\u0301".join(word) + "\u0323"],
    "spaced": lambda word: [_between(word, " "), _between(word, "  ").upper()],
    "dotted": lambda word: [_between(word, "."), _between(word, " . ")],
    "dashed": lambda word: [_between(word, "-"), _between(word, "_"), _between(word, "\u2013")],
    "starred": lambda word: [_one_vowel(word, lambda c: "*"), _between(word, "*")],
    "stretched": lambda word: [
        _one_vowel(word, lambda c: 5 * c),
        "".join(3 * c for c in word),
        word + 4 * word[-1],
    ],
}


def disguised(words: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """(form, word, disguised word) of every word in every form."""
    for word in words:
        for form, made in FORMS.items():
            for one in made(word):
                yield form, word, one
