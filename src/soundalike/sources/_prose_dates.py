"""Dates written out in words of many languages, as Google Takeout writes them -> milliseconds since 1970.

    Tuesday, May 3, 2022 at 5:43:01 PM UTC        3 May 2022, 17:43:01 UTC
    2015. február 15., vasárnap 21:54:36 UTC      2022年5月3日星期二 UTC 下午5:43:01

A date has a year of four digits, a month as a name or as a number beside the year, a day and a time, in any order.
"""

import re
from datetime import UTC, datetime

from soundalike.sources._month_names import MONTH_NAMES

_AFTERNOON = "pm 下午 晚上 中午 午後 오후 ch μμ م du md ptg ከሰዓት".split()
_MORNING = "am 上午 凌晨 清晨 早上 午前 오전 sa πμ ص fm de pd pg ጥዋት".split()

_BY_NAME: dict[str, int] = {}
_TIME = re.compile(r"(\d{1,2})(?:[:.]|\s?[時시h点點]\s?)(\d{2})(?:(?:[:.]|\s?(?:[分분]|min)\s?)(\d{1,2}))?")
_EAST = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")
_NUMBERED = re.compile(r"tháng\s(\d{1,2})")  # a month in Vietnamese
_CROATIAN = re.compile(r"\.\slistopada")  # October, which is November in Polish; only Croatian has a dot behind the day
_WORDS = re.compile(r"[^\s\d,.:;/()\[\]'’،၊\-]+")
_NUMBER = re.compile(r"\d+")
_OFFSET = re.compile(r"(?:gmt|utc)\s?([+\-\u2212])(\d{1,2})(?::?(\d{2}))?")
_DOTTED = re.compile(r"\b(?:([ap])\.?\s?(m)\.?(?!\w)|([^\W\d_])\.\s?([^\W\d_])\.)")
_BESIDE_TIME = re.compile(r"(?:\A|[\s\d])([^\s\d]+)\s*\Z"), re.compile(r"\s*([^\s\d]+)")
_BUDDHIST = 543  # years that the calendar of Thailand is ahead
_LATEST = 2400


def _fill() -> None:
    month = 0
    for line in MONTH_NAMES.strip().splitlines():
        month += not line.startswith(" ")
        for name in line.split():
            _BY_NAME.setdefault(name, month)


_fill()


def prose_milliseconds(date: str) -> int | None:
    """Milliseconds since 1970 of a date in UTC, or with its difference from UTC; None if it is none that is known
    here."""
    plain = _DOTTED.sub(lambda found: "".join(filter(None, found.groups())), " ".join(date.split()).lower())
    ahead, plain = _without_offset(plain)
    time = _TIME.search(plain)
    if time is None:
        return None
    before, after = plain[: time.start()], plain[time.end() :]
    day = _day(f"{before} {after}")
    if day is None:
        return None
    try:
        moment = datetime(*day, _hour(int(time[1]), before, after), int(time[2]), int(time[3] or 0), tzinfo=UTC)
    except ValueError:
        return None
    return round(moment.timestamp() - ahead) * 1000


def _without_offset(plain: str) -> tuple[int, str]:
    """The seconds that the date is ahead of UTC, and the date without what says so."""
    found = _OFFSET.search(plain)
    if found is None:
        return 0, plain
    ahead = int(found[2]) * 3600 + int(found[3] or 0) * 60
    return ahead if found[1] == "+" else -ahead, plain[: found.start()] + plain[found.end() :]


def _day(plain: str) -> tuple[int, int, int] | None:
    """Year, month and day."""
    if east := _EAST.search(plain):
        return int(east[1]), int(east[2]), int(east[3])
    numbers = [int(number) for number in _NUMBER.findall(plain) if len(number) <= 4]
    year = next((number for number in numbers if number >= 1000), None)
    day = next((number for number in numbers if 1 <= number <= 31), None)
    month = _month(plain)
    if not (year and month and day):
        return None
    return year - _BUDDHIST if year > _LATEST else year, month, day


def _month(plain: str) -> int | None:
    if numbered := _NUMBERED.search(plain):
        return int(numbered[1])
    if _CROATIAN.search(plain):
        return 10
    return next((_BY_NAME[word] for word in _WORDS.findall(plain) if word in _BY_NAME), None)


def _hour(hour: int, before: str, after: str) -> int:
    """The hour of 24, by what stands on either side of the time."""
    around = zip(_BESIDE_TIME, (before, after), strict=True)
    words = [found[1] for pattern, text in around if (found := pattern.search(text))]
    afternoon, morning = (any(_is_mark(word, marks) for word in words) for marks in (_AFTERNOON, _MORNING))
    if afternoon and hour < 12:
        return hour + 12
    return 0 if morning and hour == 12 else hour


def _is_mark(word: str, marks: list[str]) -> bool:
    """Whether a word is one of the marks; in Chinese, Japanese and Korean the day of the week may stand before it."""
    return any(word == mark or (len(mark) > 1 and not mark.isascii() and word.endswith(mark)) for mark in marks)
