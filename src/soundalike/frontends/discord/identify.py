"""When the bot may identify itself to Discord: more than 1,000 times in 24 hours and the token is taken away.

Resumes are free; a restart, a lost session and a crash loop under a supervisor are not. Times in seconds since 1970.
Source: https://docs.discord.com/developers/events/gateway#identifying
"""

from collections.abc import Sequence

DAY, HOUR = 86_400.0, 3_600.0
A_DAY = 500
FREE_AN_HOUR = 5  # so many, 5 seconds apart; then twice as long each time
SHORTEST, LONGEST = 5.0, 900.0


def pause_before(identified: Sequence[float], now: float) -> float:
    """Seconds to wait before identifying again, given the times it was done, oldest first."""
    today = recent(identified, now)
    if len(today) >= A_DAY:
        return today[-A_DAY] + DAY - now
    hour = [at for at in today if now - at < HOUR]
    if not hour:
        return 0.0
    apart = min(LONGEST, SHORTEST * 2.0 ** max(0, len(hour) - FREE_AN_HOUR))
    return max(0.0, hour[-1] + apart - now)


def recent(identified: Sequence[float], now: float) -> list[float]:
    """Those of the last 24 hours. A time in the future, from a clock that was set back, counts as now."""
    return [min(at, now) for at in identified if now - at < DAY]
