"""Discord's ids: a message's time in the upper bits. https://docs.discord.com/developers/reference#snowflakes"""

import time

import polars as pl

DISCORD_EPOCH = 1_420_070_400_000  # ms from 1970 to 2015
SNOWFLAKE_MS = 1 << 22  # ids per millisecond
EARLIEST = 1 << 50  # smaller ids would be from the first three days of 2015, before Discord: they are no snowflakes


def moment(number: pl.Expr) -> pl.Expr:
    """The time in an id."""
    return (number // SNOWFLAKE_MS + DISCORD_EPOCH).cast(pl.Datetime("ms", "UTC"))


def is_snowflake(number: pl.Expr) -> pl.Expr:
    """Whether a number is the id of something between Discord's beginning and tomorrow."""
    return number.is_between(EARLIEST, (tomorrow() - DISCORD_EPOCH) * SNOWFLAKE_MS)


def tomorrow() -> int:
    """In milliseconds since 1970."""
    return int(time.time() * 1000) + 86_400_000
