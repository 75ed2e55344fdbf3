"""Invisible characters, unusual blanks and hyphens, and look-alikes of Latin letters.

The constants are contents of character classes, in the syntax that Python's `re` and Rust's engine share.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

BLANKS = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
HYPHENS = "\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U000e0000-\U000e01ef"
)
MARKS = "\u0300-\u036f"
"""Combining accents, which follow their letter."""

_MORE_MARKS = "\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
# Letters of other scripts that look exactly like a Latin one. A word of such letters alone may be a foreign word.
_TWINS = {
    "a": "аαΑ", "b": "вВΒβ", "c": "сСϲ", "d": "ԁ", "e": "еΕ", "h": "һнН\u0397", "i": "іιΙ", "j": "јϳ", "k": "кКκΚ",
    "m": "мМΜ", "n": "Ν", "o": "оОοΟօ", "p": "рРρΡ", "q": "ԛ", "s": "ѕЅ", "t": "тТτΤ", "u": "υս", "v": "νѵ", "w": "ԝѡ",
    "x": "хХχΧ", "y": "уУүҮΥγ", "z": "Ζ", "g": "ց", "|": "ӏӀ",
}  # fmt: skip
# Letters that are read as a Latin one only among Latin letters.
_LIKE = {
    "a": "ɑɐᴀΛдДƛ", "b": "ʙƀɓƃƄɃьъЬЪϐ", "c": "ᴄƈɕϹƇȼ", "d": "ɗɖđðÐᴅƌĐ", "e": "ɛɘəǝᴇɜєЄэЭεΣзЗҽɇξ",
    "f": "ƒꜰϝ", "g": "ɡɢɠǥɣƍ", "h": "ɦħĦʜҺћЋհӊ", "i": "ıɪɨɩᵻїƗ", "j": "ȷɉʝᴊ", "k": "ƙᴋĸќ", "l": "łŁɫɭʟƚ",
    "m": "ɱᴍμ", "n": "ŋɲɳɴƞηпПиИոπлЛŊ", "o": "øØɵᴏɔөӨσθ", "p": "ᴘƥþÞ", "q": "ʠզ", "r": "ʀɹɾɽɍгГяЯᴦ",
    "s": "ʂꜱƨςՏ", "t": "ƭʈŧᴛŦ", "u": "ʉᴜʊцЦ", "v": "ʋᴠ", "w": "ʍᴡωшШщЩɯ", "x": "ҳж", "y": "ʏɏƴўЎ", "z": "ʐƶᴢ",
}  # fmt: skip
_CHEROKEE = dict(zip("ꭰꭼꭱꮋꭵꭻꮶꮮꮇꮲꮪꭲꮩꮃꮓꭺꮯꮐ", "deehijklmpstvwzacg", strict=True))
_LISU = dict(zip("ꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓥꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ", "bpdtgkjczfmnlsravhwxyaeiou", strict=True))
_ENCLOSED = [0x1F150, 0x1F170, 0x1F1E6]  # first letters: in black circles, in black squares, of flags
_WORD = re.compile(r"[^\W\d_]+")
_FOREIGN = re.compile("[\u0370-\u1cff]+").fullmatch  # Greek, Cyrillic and all others up to the phonetic letters


def expand(ranges: str) -> Iterable[str]:
    """The characters that the contents of a character class match."""
    for first, last in re.findall("(.)(?:-(.))?", ranges, re.DOTALL):
        yield from map(chr, range(ord(first), ord(last or first) + 1))


def latin(text: str) -> str:
    """`text` in lower case without accents and invisible characters, look-alikes replaced by Latin letters.

    Words of another script are kept if the text has a word in that script that cannot be written with look-alikes
    alone.
    """
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFKD", text).translate(_bare())
    return (bare if bare.isascii() else _by_looks(bare)).casefold()


def _by_looks(text: str) -> str:
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    twins, table = _twins(), _letters()
    other = any(_FOREIGN(word) and not twins.issuperset(word) for word in words)

    def latinised(word: re.Match[str]) -> str:
        return word[0] if word[0].isascii() or (other and _FOREIGN(word[0])) else word[0].translate(table)

    return _WORD.sub(latinised, text)


@cache
def _bare() -> dict[int, str | None]:
    """Characters to remove, and symbols that are read as letters although Python does not class them as such."""
    table: dict[int, str | None] = {ord(c): None for c in expand(UNSEEN + MARKS + _MORE_MARKS)}
    table |= {ord(c): " " for c in expand(BLANKS + "\u2800")} | {ord(c): "-" for c in expand(HYPHENS)}
    table |= {first + n: chr(ord("a") + n) for first in _ENCLOSED for n in range(26)}
    return table | {ord(c): "'" for c in "\u2018\u2019\u02bc\u02b9"}


@cache
def _twins() -> frozenset[str]:
    return frozenset("".join(_TWINS.values()))


@cache
def _letters() -> dict[int, str]:
    table = {ord(c): letter for like in (_LIKE, _TWINS) for letter, letters in like.items() for c in letters}
    table |= {ord(c): letter for c, letter in (_CHEROKEE | _LISU).items()}
    table |= {ord(c.upper()): letter for c, letter in _CHEROKEE.items()}
    return table | {ord(c): two for c, two in zip("æÆœŒ", ("ae", "ae", "oe", "oe"), strict=True)}
