"""Which lines that look like the header of a message are one: others stand in a chat that was pasted into a message."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

_DAY = timedelta(days=1)
_AHEAD = 200  # headers among which a pasted chat ends
_SHORT_PASTE = 4  # headers; more of them after a time far ahead show that the time before them is the wrong one


def plausible(moments: Sequence[datetime | None]) -> list[int]:
    """The places of headers that are no pasted text."""
    latest = datetime.fromtimestamp(time.time()) + _DAY
    kept: list[int] = []
    times: list[datetime] = []  # of those kept
    for place, moment in enumerate(moments):
        if moment and times and (moment > latest or (moment < times[-1] - _DAY and _is_pasted(moments, place, times))):
            continue
        kept.append(place)
        if moment:
            times.append(moment)
    return kept


def _is_pasted(moments: Sequence[datetime | None], place: int, times: list[datetime]) -> bool:
    """Whether the times soon come back to where they were, so that the lines in between are from elsewhere."""
    back = times[-1] - _DAY
    coming = [moment for moment in moments[place : place + _AHEAD] if moment]
    length = next((number for number, moment in enumerate(coming) if moment >= back), None)
    if length is None:
        return False
    jumped = len(times) > 1 and times[-1] - times[-2] > _DAY and coming[0] >= times[-2]
    return not (jumped and length >= _SHORT_PASTE)
