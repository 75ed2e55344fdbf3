"""Finds the lines of a LINE chat that are days, and when each of them is.

A line that is only a date may also stand in a message. It is text if it lies between the quotes of a message of several
lines, or does not fit into the order of the days, which never go back.
"""

import re
import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from soundalike.sources._whatsapp_dates import DateOrder, decide
from soundalike.sources._whatsapp_lines import Header

_DAY = re.compile(
    r"(?:[^\W\d_]{2,12}[,.]? )?(?P<first>\d{1,4})(?P<sign>[./-])(?P<second>\d{1,2})[./-](?P<third>\d{1,4})"
    r"\.?(?: ?[(（]?[^\W\d_]{1,12}[)）]?)?"
)


def find_days(lines: Sequence[str], texts: Mapping[int, str]) -> tuple[dict[int, datetime], DateOrder | None, str]:
    """The days by number of line, the order of day and month, and an example of how they are written.

    `texts` are the first lines of what messages say, by number of line.
    """
    quoted = _quoted(lines, texts)
    found = [day for number, line in enumerate(lines) if number not in quoted and (day := _day(number, line))]
    if not found:
        return {}, None, ""
    order = decide(found)
    moments = {header.line: moment for header in found if (moment := order.moment(header))}
    return _in_order(moments), order, found[0].written


def _day(number: int, line: str) -> Header | None:
    """A line that is a day as the header of no message."""
    found = _DAY.fullmatch(line.strip()) if line[:1].isalnum() else None
    if found is None:
        return None
    date = (found["first"], found["second"], found["third"])
    return Header(number, (False, "", found["sign"]), date, (0, 0, 0), False, None, "")


def _quoted(lines: Sequence[str], texts: Mapping[int, str]) -> set[int]:
    """The lines inside the quotes of messages. A quote that is not closed before the next message is none."""
    inside: set[int] = set()
    for start, end in pairwise([*texts, len(lines)]):
        if not texts[start].startswith('"'):
            continue
        quotes, last = texts[start].count('"'), start
        for number in range(start + 1, end):
            quotes += lines[number].count('"')
            last = number if quotes % 2 == 0 and lines[number].rstrip().endswith('"') else last
        inside.update(range(start + 1, last + 1))
    return inside


def _in_order(moments: Mapping[int, datetime]) -> dict[int, datetime]:
    """The first day and as many of the others as do not go back and are not in the future."""
    latest = datetime.fromtimestamp(time.time()) + timedelta(days=1)
    first = min(moments, default=0)
    places = [place for place, moment in moments.items() if moments[first] <= moment <= latest]
    tails: list[datetime] = []  # the earliest day that ends a series of each length
    series: list[int] = []  # the place of that day
    before: dict[int, int | None] = {}
    for place in places:
        length = bisect_right(tails, moments[place])
        before[place] = series[length - 1] if length else None
        tails[length:], series[length:] = [moments[place], *tails[length + 1 :]], [place, *series[length + 1 :]]
    kept: list[int] = []
    place_or_none = series[-1] if series else None
    while place_or_none is not None:
        kept.append(place_or_none)
        place_or_none = before[place_or_none]
    return {place: moments[place] for place in reversed(kept)}
