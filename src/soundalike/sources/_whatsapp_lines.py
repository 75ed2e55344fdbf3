"""Finds the header lines of a WhatsApp text: date, time and a separator, in the spelling of the phone's language.

    [13.06.23, 9:25:15 PM] Bo: hi          iOS
    6/13/23, 21:25 - Bo: hi                Android
    13.6.2018 klo 21.25.15 - Bo: hi        dots in the time, a word before it
    2018/6/13 下午9:25 - Bo: hi            half of the day before the time
    21:25, 13/6/2018 - Bo: hi              time first

Invisible direction marks may stand anywhere, digits may be of other scripts, blanks of other widths. One export has one
spelling throughout; lines in another are text that was pasted into a message.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

MARKS = "\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff"

_MARK = re.compile(f"[{MARKS}]")
_BEGINNING = re.compile(rf"[{MARKS}]*[\[\d]")
_SAME_WIDTH = str.maketrans("\u00a0\u2009\u202f\u3000–—،：，", "    --,:,")
_LONGEST = 90  # characters of a line in which a header ends
_SECOND_SHAPE = 4  # another spelling is the file's too (two exports in one file) from a quarter of the commonest one's

_BETWEEN = r"(?: ?[./-] ?|[年월년月] ?)"
_DATE = rf"(?P<first>\d{{1,4}})(?P<sign>{_BETWEEN})(?P<second>\d{{1,2}}){_BETWEEN}(?P<third>\d{{1,4}})[.日일]?"
_TIME = r"(?P<hour>\d{1,2}) ?(?P<point>[:.h]) ?(?P<minute>\d{2})(?:[:.](?P<seconds>\d{2}))?"
_HALF = r"(?: ?(?P<after>[^\W\d_][^\d\[\]:<>,\-]{0,14}?))?"
_BEFORE = r"(?P<before>[^\W\d_][^\d\[\]:<>,\-]{0,12}?)?"
_TIME_FIRST = rf"{_TIME}{_HALF},? {_DATE}".replace("(?P<", "(?P<x")
_HEADER = re.compile(
    rf"(?P<open>\[)?(?:{_DATE}(?P<comma>,)?(?: ?[гg]\.)?,? ?{_BEFORE} ?{_TIME}{_HALF}|{_TIME_FIRST})"
    r"(?(open)\] ?|(?P<end> -(?: |$)|:(?: |$)))"
)

# CLDR's words for the halves of the day, those of earlier versions too, without blanks and full stops.
_AM = """
am a fm de dop vorm ap sa pd pg öö πμ проб ص قظ 上午 凌晨 早上 清晨 半夜 오전 午前 पूर्वाह्न முற்பகல் vm fh dp дп то to
prijepodne пријеподне преподне претпл priešpiet prp priekšp priekšpusdienā eparadites таңкы тң
ก่อนเที่ยง ກ່ອນທ່ຽງ ጥዋት පෙව ಪೂರ್ವಾಹ್ನ मपू পূর্বাহ্ণ পূৰ্বাহ্ন לפנה״צ غم safiya
"""
_PM = """
pm p em du odp nachm ip ch md ptg ös μμ слоб م بظ 下午 中午 傍晚 晚上 오후 午後 अपराह्न பிற்பகல் nm eh пп тк tk
popodne поподне послијеподне попл popiet pop pēcp pēcpusdienā epasdites түштөнкийинки
หลังเที่ยง ຫຼັງທ່ຽງ ከሰዓት පව ಅಪರಾಹ್ನ मउ অপরাহ্ণ অপৰাহ্ন אחה״צ غو yamma
"""
_HALVES = {word: 0 for word in _AM.split()} | {word: 12 for word in _PM.split()}


@dataclass(frozen=True, slots=True)
class Header:
    """A header line: its number, its spelling, three numbers of a date whose order is not known yet, the time of day,
    whether it was told by AM or PM, the word behind it if that is neither, and the rest of the line, which is text."""

    line: int
    shape: tuple[object, ...]
    date: tuple[str, str, str]
    clock: tuple[int, int, int]
    half_day: bool
    unknown: str | None
    rest: str

    @property
    def written(self) -> str:
        """The date as it stands in the file, blanks left out."""
        return str(self.shape[2]).join(self.date)


def find_headers(lines: list[str]) -> list[Header]:
    """All header lines in the file's own spelling."""
    found = [header for number, line in enumerate(lines) if (header := parse_header(line, number))]
    shapes = Counter(header.shape for header in found)
    fewest = max(shapes.values(), default=0) / _SECOND_SHAPE
    return [header for header in found if shapes[header.shape] >= fewest]


def parse_header(line: str, number: int = 0) -> Header | None:
    """The line as a header; None if it is none."""
    if not _BEGINNING.match(line):
        return None
    start = line[:_LONGEST]
    bare, places = (start, None) if start.isascii() else _bare(start)
    found = _HEADER.match(bare)
    if found is None:
        return None
    end = places[found.end()] if places else found.end()
    x = "" if found["first"] else "x"
    date = (found[x + "first"], found[x + "second"], found[x + "third"])
    after = found[x + "after"]
    half = half_of_day(after) if after else half_of_day(found["before"]) if not x else None
    hour = int(found[x + "hour"])
    if half is not None and hour <= 12:
        hour = hour % 12 + half
    shape = (
        bool(found["open"]),
        found["end"],
        found[x + "sign"].strip(),
        bool(found["comma"]),
        found[x + "point"],
        found[x + "seconds"] is not None,
        x,
        len(date[0]) > 2,
    )
    clock = (hour, int(found[x + "minute"]), int(found[x + "seconds"] or 0))
    return Header(number, shape, date, clock, half is not None, after if half is None else None, line[end:])


def unknown_half(headers: Sequence[Header]) -> str | None:
    """A word behind times of the first half of the day alone, which may mean the second; None if there is none."""
    if any(header.clock[0] > 12 and not header.half_day for header in headers):
        return None
    return next((header.unknown for header in headers if header.unknown), None)


@lru_cache(maxsize=64)
def half_of_day(word: str | None) -> int | None:
    """Hours to add by the word for the half of the day; None for other words and no word."""
    return _HALVES.get(re.sub(r"[\s.]", "", word).casefold()) if word else None


def _bare(start: str) -> tuple[str, list[int] | None]:
    """The start of a line without marks, with plain digits, blanks and dashes; the place of each of its characters,
    None if all are where they were."""
    translated = start.translate(_SAME_WIDTH)
    if translated.isascii():
        return translated, None
    characters = list(_plain(start))
    places = [place for place, _ in characters]
    end = len(start)
    return "".join(character for _, character in characters), [*places, end]


def _plain(start: str) -> Iterator[tuple[int, str]]:
    for place, character in enumerate(start):
        if character.isascii():
            yield place, character
        elif _MARK.match(character):
            continue
        elif character.isdecimal():
            yield place, str(unicodedata.decimal(character))
        elif character.isspace():
            yield place, " "
        else:
            yield place, {"–": "-", "—": "-", "،": ",", "：": ":", "，": ","}.get(character, character)
