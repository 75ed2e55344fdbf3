"""When the owner writes and how much at once: hours and weekdays, bursts, lengths of messages and conversations."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from soundalike import phrasing
from soundalike.portrait.card import Card
from soundalike.portrait.chart_kinds import Heatmap, Histogram
from soundalike.portrait.data import PortraitData
from soundalike.portrait.significance import exceeds_even_share, largest_categories

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Upper edges of the histograms' bins, both ends included; the last bin has none.
LENGTHS = (5, 10, 20, 40, 80, 160)
BURSTS = (1, 2, 3, 4, 6, 9)
CONVERSATIONS = (1, 2, 5, 10, 20, 40)
FEWEST_WEEKS = 8  # with messages, for a day or an hour to be named
MANY, SPAN = 2, 4  # days that may share the lead; hours in a row

Counts = NDArray[np.int64]


def rhythm(data: PortraitData) -> Card:
    """Shares, so that years of different length compare; times by this machine's clock."""
    messages = data.messages
    weeks = _weeks(messages)
    bursts = messages.group_by("burst").agg(pl.len())["len"].to_numpy()
    conversations = messages.group_by("conversation").agg(pl.len())["len"].to_numpy()
    lengths = messages["characters"].to_numpy()
    long = float((bursts >= 3).mean())
    night = float(weeks[:, :, :5].sum()) / messages.height
    return Card(
        name="rhythm",
        title="Rhythm",
        sentence=f"{_when(weeks)} Half of what you send has at most {phrasing.count(_half(lengths), 'character')}.",
        basis=f"{phrasing.count(messages.height, 'message')} in {phrasing.count(len(bursts), 'burst')} and "
        f"{phrasing.count(len(conversations), 'conversation')}; clock of this machine, {data.zone}",
        details=[
            f"{phrasing.percent(long)} of your bursts are three messages and more{_pace(messages)}.",
            f"{phrasing.percent(night)} of your messages leave between midnight and five.",
        ],
        pictures=[
            Heatmap("Your week", (weeks.sum(axis=0) / messages.height).tolist()),
            Histogram("Characters a message", _histogram(lengths, LENGTHS), "% of messages"),
            Histogram("Messages a burst", _histogram(bursts, BURSTS), "% of bursts"),
            Histogram("Your messages a conversation", _histogram(conversations, CONVERSATIONS), "% of conversations"),
        ],
    )


def _weeks(messages: pl.DataFrame) -> Counts:
    """(weeks, 7, 24): messages by day and hour, for each week that has any."""
    number = (messages["sent_at"].dt.epoch("d") // 7).to_numpy()
    week = np.unique(number, return_inverse=True)[1]
    at = week * 7 * 24 + (messages["weekday"].to_numpy() - 1) * 24 + messages["hour"].to_numpy()
    return np.bincount(at, minlength=(int(week.max()) + 1) * 7 * 24).reshape(-1, 7, 24)


def _when(weeks: Counts) -> str:
    """The hours and the day that stand out of an even week, judged by the variance between weeks."""
    if len(weeks) < FEWEST_WEEKS:
        return f"Your messages lie in {phrasing.count(len(weeks), 'week')}: too few to name a day or an hour."
    return f"{_hours(weeks.sum(axis=1))} {_day(weeks.sum(axis=2))}"


def _day(counts: Counts) -> str:
    """From counts (weeks, 7)."""
    first = largest_categories(counts)
    if len(first) > MANY:
        return "No day of the week stands out."
    days = phrasing.listed([f"{DAYS[day]}s" for day in first])
    rest = "other days" if len(first) > 1 else "any other day"
    share, even = (phrasing.percent(part) for part in (float(counts[:, first].sum() / counts.sum()), len(first) / 7))
    return f"More leaves on {days} than on {rest}: {share}, an even share is {even}."


def _hours(counts: Counts) -> str:
    """The fullest SPAN hours in a row, of 24 possible ones, from counts (weeks, 24)."""
    spans = np.asarray(sum(np.roll(counts, -later, axis=1) for later in range(SPAN)))
    start = int(spans.sum(axis=0).argmax())
    inside = spans[:, start]
    if not exceeds_even_share(inside, counts.sum(axis=1), SPAN / 24, 24):
        return "No time of day stands out."
    share = phrasing.percent(float(inside.sum() / counts.sum()))
    return f"{share} leaves between {_hour(start)} and {_hour((start + SPAN) % 24)}."


def _hour(hour: int) -> str:
    part = "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"
    return {0: "midnight", 12: "noon"}.get(hour, f"{hour % 12} in the {part}")


def _pace(messages: pl.DataFrame) -> str:
    inside = messages.filter(pl.col("burst_place") > 1)["gap"].to_numpy()
    if not len(inside):
        return ""
    return f"; within bursts, half of your messages follow the last one in at most {_half(inside):,} seconds"


def _half(values: NDArray[np.generic]) -> int:
    """The value that at least half of them do not exceed."""
    return int(np.ceil(np.quantile(values.astype(np.float64), 0.5, method="inverted_cdf")))


def _histogram(values: NDArray[np.generic], edges: Sequence[int]) -> list[tuple[str, float]]:
    """Each bin's label and share; bins end at `edges`, and one more lies beyond the last."""
    places = np.searchsorted(np.array(edges), values)
    shares = np.bincount(places, minlength=len(edges) + 1) / max(len(values), 1)
    lows = [1, *(edge + 1 for edge in edges)]
    names = [str(low) if low == high else f"{low}–{high}" for low, high in zip(lows, edges, strict=False)]
    return list(zip([*names, f"{lows[-1]}+"], shares.tolist(), strict=True))
