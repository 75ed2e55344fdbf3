"""How the owner laughs: which laughs, how often beside others, how long."""

from collections import Counter

import numpy as np
import polars as pl

from soundalike import phrasing
from soundalike.portrait.card import Card
from soundalike.portrait.chart_kinds import BarChart, LineChart
from soundalike.portrait.data import PortraitData
from soundalike.portrait.laugh_spelling import AT_RANDOM, canonical_laughs, find_laughs
from soundalike.portrait.significance import compare_shares

FEWEST_LAUGHS, FEWEST_MONTH = 10, 30  # messages with a laugh; messages of a month
SHOWN, LEAST = 7, 0.005  # laughs that are shown, and the least share of laughing messages that each has
FACEBOOK = "On Facebook in 2015 it was haha 51 %, emoji 34 %, hehe 13 % and lol 2 %."


def laughter(data: PortraitData) -> Card:
    """Shares are of messages: a message with two kinds of laughs counts for both."""
    messages = data.messages
    found = [laughs for laughs in find_laughs(messages["text"]) if laughs]
    basis = f"{phrasing.count(len(found), 'message')} with a laugh in {phrasing.count(messages.height, 'message')}"
    if len(found) < FEWEST_LAUGHS:
        return Card("laughter", "Laughter", f"You laugh in {len(found) or 'none'} of your messages.", basis)
    counted = Counter(spelling for laughs in found for spelling in canonical_laughs(laughs))
    ordered = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [(name, times / len(found)) for name, times in ordered if times / len(found) >= LEAST][:SHOWN]
    lengths = np.array([len(laugh) for laughs in found for laugh in laughs])
    half = int(np.quantile(lengths, 0.5, method="inverted_cdf"))
    return Card(
        name="laughter",
        title="Laughter",
        sentence=f"You laugh in {phrasing.one_in(len(found) / messages.height)} of your messages: {_favourites(rows)}.",
        basis=basis,
        details=[
            _compared(data, len(found)),
            f"Half of your laughs have at most {phrasing.count(half, 'character')}, the longest has {lengths.max():,}.",
            "All lengths of a laugh count as one: loool is lol, hahahaha is haha. "
            f"“{AT_RANDOM}” stands for keys hit at random.",
            FACEBOOK,
        ],
        pictures=[
            BarChart("How you laugh", [(name, value * 100) for name, value in rows], "% of messages with a laugh"),
            *_by_month(messages),
        ],
    )


def _compared(data: PortraitData, laughing: int) -> str:
    both, others = compare_shares(laughing, data.messages.height, data.others.habits["laughs"]), data.others
    return (
        f"You laugh {both.words} {others.name}: in {phrasing.percent(both.own.value)} of your messages, "
        f"{others.median_person} in {phrasing.percent(both.others.value)}."
    )


def _favourites(rows: list[tuple[str, float]]) -> str:
    parts = [f"with “{name}” in {phrasing.percent(share)} of those" for name, share in rows[:2]]
    return phrasing.listed(parts).replace(" of those and", " and")


def _by_month(messages: pl.DataFrame) -> list[LineChart]:
    parts = messages.group_by("month").agg(share=pl.col("laughs").mean(), n=pl.len()).sort("month")
    months = parts.filter(pl.col("n") >= FEWEST_MONTH).select("month", "share").rows()
    points = [(month, share * 100) for month, share in months]
    return [LineChart("With a laugh, by month", points, "% of messages")] if len(points) > 2 else []
