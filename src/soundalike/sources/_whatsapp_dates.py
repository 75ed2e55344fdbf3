"""Decides the order of day, month and year over a whole WhatsApp chat, never by a single line.

Of the orders that the numbers allow, the one that is possible for every line is taken; then the one in which time
goes back least often; then the one in which it moves least in all, if the difference is large; then the custom.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from soundalike.sources._whatsapp_lines import Header

DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "day/month/year", "month/day/year", "year/month/day"

_PLACES = {DAY_FIRST: (2, 1, 0), MONTH_FIRST: (2, 0, 1), YEAR_FIRST: (0, 1, 2)}  # of year, month and day
_FIRST_YEAR = 2009  # of WhatsApp
_BUDDHIST = 543  # years ahead of the common calendar
_MOVES = 3  # an order in which time moves so many times less than in the other is the right one
_FEWEST_DAYS = 5  # different dates for that
_CHUNK = 100_000  # different dates that are compared


@dataclass(frozen=True, slots=True)
class DateOrder:
    """The order, why it was chosen, and whether the file itself tells."""

    order: str
    why: str
    sure: bool

    def moment(self, header: Header) -> datetime | None:
        """The local time of a header; None if there is no such date or time."""
        day = _day(header.date, self.order)
        hour, minute, second = header.clock
        if day is None or hour > 23 or minute > 59 or second > 59:
            return None
        return datetime(day.year, day.month, day.day, hour, minute, second)


def decide(headers: Sequence[Header]) -> DateOrder:
    """The order of the dates of one file with at least one header."""
    dates = _changes(headers)
    orders = _spelled(dates)
    if len(orders) == 1:
        return DateOrder(orders[0], "they are spelled so", True)
    latest = date.fromtimestamp(time.time()) + timedelta(days=1)
    days = {order: [_day(one, order) for one in dates] for order in orders}
    impossible = {
        order: sum(day is None or not date(_FIRST_YEAR, 1, 1) <= day <= latest for day in found)
        for order, found in days.items()
    }
    if left := _least(orders, impossible):
        return DateOrder(left, "in another order some would be no dates, or lie far in the past or in the future", True)
    orders = _usual([order for order in orders if impossible[order] == min(impossible.values())], headers[0].shape[2])
    if len(orders) == 1:
        return DateOrder(orders[0], "they are spelled so", True)
    steps = {order: _steps(days[order]) for order in orders}
    if left := _least(orders, {order: sum(step < 0 for step in steps[order]) for order in orders}):
        return DateOrder(left, "in another order time would go back", True)
    moved = {order: sum(map(abs, steps[order])) for order in orders}
    best, other = sorted(orders, key=moved.__getitem__)[:2]
    if len(set(dates)) >= _FEWEST_DAYS and moved[other] > _MOVES * max(moved[best], 1):
        return DateOrder(best, "in another order days would lie far apart", True)
    return DateOrder(*_custom(headers, orders), False)


def _changes(headers: Sequence[Header]) -> list[tuple[str, str, str]]:
    """The dates in the file's order, without repetitions of the one before."""
    dates = [header.date for header in headers]
    return [one for before, one in zip([None, *dates], dates, strict=False) if one != before][:_CHUNK]


def _spelled(dates: Sequence[tuple[str, str, str]]) -> list[str]:
    """The orders that the lengths of the numbers allow; four digits are a year."""
    if any(len(one[0]) > 2 for one in dates):
        return [YEAR_FIRST]
    if any(len(one[2]) > 2 for one in dates):
        return [DAY_FIRST, MONTH_FIRST]
    return [DAY_FIRST, MONTH_FIRST, YEAR_FIRST]


def _usual(orders: list[str], sign: object) -> list[str]:
    """Without orders that occur only where the numbers force them: a year of two digits first, and the month first
    without slashes."""
    usual = [order for order in orders if order == DAY_FIRST or (order == MONTH_FIRST and sign == "/")]
    return usual or orders


def _least(orders: list[str], count: dict[str, int]) -> str | None:
    """The order with the lowest count; None if two share it."""
    best = [order for order in orders if count[order] == min(count.values())]
    return best[0] if len(best) == 1 else None


def _steps(days: Sequence[date | None]) -> list[int]:
    """Days from each date to the next."""
    known = [day for day in days if day]
    return [(after - before).days for before, after in zip(known, known[1:], strict=False)]


def _custom(headers: Sequence[Header], orders: list[str]) -> tuple[str, str]:
    """What is most common where the dates tell nothing: month first with slashes in a line with AM or PM only."""
    slashes = headers[0].shape[2] == "/"
    if slashes and MONTH_FIRST in orders and any(header.half_day for header in headers):
        return MONTH_FIRST, "nothing in the chat tells, and with AM and PM that is the custom"
    order = DAY_FIRST if DAY_FIRST in orders else orders[0]
    return order, "nothing in the chat tells, and that is the custom in most countries"


def _day(numbers: tuple[str, str, str], order: str) -> date | None:
    year, month, day = (int(numbers[place]) for place in _PLACES[order])
    if len(numbers[_PLACES[order][0]]) <= 2:
        year += 2000
    elif year > 2400:
        year -= _BUDDHIST
    try:
        return date(year, month, day)
    except ValueError:
        return None
