"""Finds a word in its obfuscated forms: signs for letters, repeated letters, gaps between letters, stars for letters.

Takes folded text (`characters.latin`). A word is looked for in two steps: first whether the text's `skeletons` contain
the word's, which is quick and has false positives; then by regular expressions, which are exact.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, groupby

READINGS = {
    "a": "@4^", "b": "86", "c": "(<{[¢", "e": "3€", "g": "96q", "i": "1!|¡", "l": "1|!£", "o": "0", "s": "5$§",
    "t": "7+", "y": "¥", "z": "2",
}  # fmt: skip
_SIGNS = "@^(<{[¢€!|¡£$§+¥"
_ALIKE = dict(zip("@4^86q9(<{[¢3€1!|¡£l05$§7+¥2", "aaaggggccccceeiiiiiiossstt" + "yz", strict=True)) | {"b": "g"}
_VOWELS = frozenset("aeiouy")
_STARS, _STROKES = "*#%?•●×·", "._~-"  # in place of a letter; strokes only in words of five letters or more
_GAP, _ENDING = r"[\W_]{1,8}", r"(?:(?:e|')?[s5$]|z)?"
_GLUED = 10  # a phrase of so many letters may be written without gaps: "the rapist" has fewer
_ONE_LETTER_WORDS = frozenset("aiur")
_BEFORE = re.compile(r"(?<![^\W\d_])(?:[^\W\d_](?:[^\w\0]|_){1,3})+$")
_AFTER = re.compile(r"(?:(?:[^\w\0]|_){1,3}[^\W\d_](?![^\W\d_]))+")
_INNER_SIGNS = re.compile(rf"(?<=[^\W\d_])[{re.escape(''.join(READINGS.values()))}]+(?=[^\W\d_])")
_LONG_RUN = re.compile(r"(.)\1{3,}", re.DOTALL)
_LETTERS = re.compile(rf"(?:[^\W_]|[{re.escape(_SIGNS)}])")
_PIECES = {True: re.compile(rf"(?:[^\W_]|[{re.escape(_SIGNS)}])+").findall, False: re.compile(r"[^\W_]+").findall}
_has_signs = re.compile(f"[{re.escape(_SIGNS)}]").search
_hides = re.compile(rf"[^\W_][{re.escape(_STARS + _STROKES)}]+[^\W_]").search


def starred_pieces(folded: str) -> list[str]:
    """The pieces of a text in which a star or a stroke may stand for a letter."""
    return [piece for piece in folded.split() if _hides(piece)] if _hides(folded) else []


class _Skeleton(dict[int, str | None]):
    """A translation table: character -> one character for all that look alike, None for those that are no letters."""

    def __init__(self, signs: bool) -> None:
        super().__init__({ord(c): letter if signs or c not in _SIGNS else None for c, letter in _ALIKE.items()})

    def __missing__(self, point: int) -> str | None:
        self[point] = chr(point) if chr(point).isalnum() else None
        return self[point]


_WITH_SIGNS, _WITHOUT = _Skeleton(True), _Skeleton(False)


def skeletons(folded: str) -> list[str]:
    """A text without gaps and repetitions, with look-alikes unified: once with signs as letters, once without signs.

    One string if both are the same.
    """
    read = folded.translate(_WITH_SIGNS)
    bare = folded.translate(_WITHOUT)
    return [_squeezed(read)] if read == bare else [_squeezed(read), _squeezed(bare)]


def _squeezed(text: str) -> str:
    return "".join([letter for letter, _ in groupby(text)])


def shortened(folded: str) -> str:
    """The text with no character more than three times in a row, which bounds the work of the expressions."""
    return _LONG_RUN.sub(r"\1\1\1", folded)


@dataclass(frozen=True, slots=True)
class BlockedWord:
    """A folded word or phrase to look for; `parts` are its words. In `known` ones a single letter may be doubled.

    Doubling makes another word of many (god, good), so it is allowed only for the built-in list, which was checked.
    """

    parts: tuple[str, ...]
    known: bool = False

    @classmethod
    def of(cls, folded: str, known: bool = False) -> "BlockedWord":
        """From an entry of a list."""
        plain = _INNER_SIGNS.sub(lambda signs: "".join(_reading(sign) for sign in signs[0]), folded)
        return cls(tuple(re.split(r"[\s_-]+", plain.strip(" \t_-"))), known)

    @property
    def letters(self) -> str:
        """The word without gaps."""
        return "".join(self.parts)

    @property
    def skeleton(self) -> str:
        """The part of the word's skeleton that every form of it has: without a last y, which may become ies."""
        return skeletons(self.letters.removesuffix("y") if len(self.letters) > 2 else self.letters)[0]

    def occurs_in(self, text: str) -> bool:
        """Whether a folded, shortened text contains the word, except with stars for letters."""
        if any(self._is_read(text, match) for match in _solid(self).finditer(text)):
            return True
        splits = list(_split(self).items())[0 if _has_signs(text) else 1 :]
        return any(self._is_apart(text, match, signs) for signs, split in splits for match in split.finditer(text))

    def is_hidden_in(self, pieces: Iterable[str], text: str) -> bool:
        """Whether `pieces` of a text contain the word with stars for inner letters; for a phrase `text` is searched."""
        where = [text] if len(self.parts) > 1 else [piece for piece in pieces if len(piece) >= len(self.letters)]
        return any(self._is_starred(match["stem"]) for one in where for match in _starred(self).finditer(one))

    def _is_read(self, text: str, match: re.Match[str]) -> bool:
        stem = match["stem"]
        if not self._has_letters(stem):
            return False
        shown = "".join(_LETTERS.findall(stem))
        if not self.known and _squeezed(shown) != shown and len(shown) == len(self.letters) + 1 and not _tripled(shown):
            return False
        digits = any(map(str.isdigit, stem)) and not any(map(str.isdigit, self.letters))
        beside = text[max(0, match.start() - 1) : match.start()] + text[match.end() : match.end() + 1]
        return not (digits and len(self.letters) < 5 and any(map(str.isdigit, beside)))

    def _has_letters(self, stem: str) -> bool:
        """Whether enough characters are letters; otherwise it may be a number."""
        return sum(map(str.isalpha, stem)) >= min(2, sum(map(str.isalpha, self.letters)))

    def _is_apart(self, text: str, match: re.Match[str], signs: bool) -> bool:
        """Whether the pieces between gaps are neither words nor letters of a longer word."""
        pieces = _PIECES[signs](match["stem"])
        longest, size = max(map(len, pieces), default=0), len(self.letters)
        if len(pieces) < 2 or size < 3 or not self._has_letters(match["stem"]):
            return False
        if longest == 1:
            gaps = {gap for gap in _LETTERS.split(match["stem"]) if gap}
            return size > 5 or (len(gaps) == 1 and "," not in gaps.pop() and _alone(text, match))
        single = any(len(piece) == 1 and piece not in _ONE_LETTER_WORDS for piece in pieces)
        spaced = any(map(str.isspace, match["stem"]))
        return (size >= 5 and (longest == 2 or (single and not spaced))) or (size >= 6 and (single or not spaced))

    def _is_starred(self, stem: str) -> bool:
        stars, strokes = (sum(map(stem.count, signs)) for signs in (_STARS, _STROKES))
        size = len(self.letters)
        enough = stars <= size // 2 or size >= 6
        return (stars > 0 and strokes == 0 and enough) or (stars == 0 and strokes == 1 and size >= 5)


def _reading(sign: str) -> str:
    return next(letter for letter, signs in READINGS.items() if sign in signs)


def _tripled(stem: str) -> bool:
    return any(len(list(run)) > 2 for _, run in groupby(stem))


def _alone(text: str, match: re.Match[str]) -> bool:
    """Whether the single letters around a match of single letters, if any, are words of one letter."""
    before, after = _BEFORE.search(text[: match.start()][-24:]), _AFTER.match(text, match.end())
    around = (before[0] if before else "") + (after[0] if after else "")
    return all(letter in _ONE_LETTER_WORDS for letter in around if letter.isalpha())


def _read(word: BlockedWord, signs: bool = True) -> Iterator[str]:
    """For each letter of a word the inside of a character class: itself, and the signs that stand for it.

    In a word of three letters only vowels have signs, because n1 and fa9 are codes; an l is read as an i only where
    no vowel is beside it.
    """
    letters = word.letters
    for at, letter in enumerate(letters):
        vowel = letter in _VOWELS
        others = READINGS.get(letter, "") if vowel or len(letters) > 3 else ""
        others = "".join(c for c in others if signs or c not in _SIGNS)
        if at + 1 == len(letters):
            others = others.replace("!", "")
        beside = letters[max(0, at - 1) : at] + letters[at + 1 : at + 2]
        if letter == "i" and len(beside) == 2 and not _VOWELS & set(beside):
            others += "l"
        yield re.escape(letter) + re.escape(others)


def _edges(word: BlockedWord, inside: str) -> str:
    """An expression that starts and ends at word boundaries; a digit at its edge has no other digit beside it."""
    ends = (
        (r"(?<!\w)" if word.letters[:1].isdigit() else r"(?<![^\W\d_])"),
        (r"(?!\w)" if word.letters[-1:].isdigit() else r"(?![^\W\d_])"),
    )
    return ends[0] + inside + ends[1]


def _stemmed(word: BlockedWord, letters: list[str], gap: str = "") -> str:
    """The letters' expressions and the plural, with `ies` for `y`; `gap` may precede each letter of an ending."""
    if word.letters.endswith("y") and len(letters) > 2:
        *head, last = letters
        ies = "".join(gap + letter for letter in ("i", "e", "[s5$z]"))
        return rf"(?P<stem>{''.join(head)}(?:{last})?)(?:(?<=[y¥]){gap}{_ENDING}|{ies})"
    return rf"(?P<stem>{''.join(letters)}){gap}{_ENDING}"


@cache
def _solid(word: BlockedWord) -> re.Pattern[str]:
    """Matches each letter at least as often in a row as it is written, with gaps between parts."""
    classes, gap = list(_read(word)), _GAP if len(word.letters) < _GLUED else r"[\W_]{0,8}"
    letters: list[str] = []
    at, starts = 0, _starts(word)
    for part in word.parts:
        for _, run in groupby(part):
            count = len(list(run))
            letters.append(rf"{gap if at in starts else ''}[{classes[at]}]{{{count},6}}")
            at += count
    return re.compile(_edges(word, _stemmed(word, letters)))


def _starts(word: BlockedWord) -> set[int]:
    """The indices of letters at which the parts of a phrase start."""
    return set(accumulate(map(len, word.parts[:-1])))


@cache
def _split(word: BlockedWord) -> dict[bool, re.Pattern[str]]:
    """Matches with gaps between letters: with signs read as letters (True), and as gaps (False)."""
    return {signs: _gapped(word, signs) for signs in (True, False)} if word.letters.isalnum() else {}


def _gapped(word: BlockedWord, signs: bool) -> re.Pattern[str]:
    gap = rf"(?:(?![{re.escape(_SIGNS) if signs else ''}\0])[\W_]){{0,3}}"
    first, *others = [f"[{one}]{{1,6}}" for one in _read(word, signs)]
    return re.compile(_edges(word, _stemmed(word, [first, *(gap + one for one in others)], gap)))


@cache
def _starred(word: BlockedWord) -> re.Pattern[str]:
    """Matches with stars or strokes for inner letters."""
    first, *inner, last = [f"[{one}]" for one in _read(word)] if len(word.letters) > 2 else ["(?!)", "(?!)"]
    hidden = re.escape(_STARS + (_STROKES if len(word.letters) >= 5 else ""))
    gaps = _starts(word)
    letters = [f"{_GAP if at in gaps else ''}{one[:-1]}{hidden}]" for at, one in enumerate(inner, 1)]
    end = f"{_GAP if len(word.letters) - 1 in gaps else ''}{last}"
    return re.compile(_edges(word, _stemmed(word, [first, *letters, end])))
