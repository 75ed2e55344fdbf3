"""How the owner laughs: which laughs, how often beside others, how long."""

from collections import Counter

import numpy as np
import polars as pl

from soundalike.portrait.card import Card
from soundalike.portrait.chart_kinds import BarChart, LineChart
from soundalike.portrait.comparing import compared
from soundalike.portrait.data import Material
from soundalike.portrait.findings import saying
from soundalike.portrait.laughs import AT_RANDOM, laughs, spellings

FEWEST_LAUGHS, FEWEST_MONTH = 10, 30  # messages with a laugh; messages of a month
SHOWN, LEAST = 7, 0.005  # laughs that are shown, and the share of laughing messages that makes one
FACEBOOK = "On Facebook in 2015 it was haha 51 %, emoji 34 %, hehe 13 % and lol 2 %."


def laughter(material: Material) -> Card:
    """Shares are of messages: one with two kinds of laugh counts for both."""
    mine = material.mine
    found = [some for some in laughs(mine["text"]) if some]
    basis = f"{saying.count(len(found), 'message')} with a laugh in {saying.count(mine.height, 'message')}"
    if len(found) < FEWEST_LAUGHS:
        return Card("laughter", "Laughter", f"You laugh in {len(found) or 'none'} of your messages.", basis)
    counted = Counter(one for some in found for one in spellings(some))
    ordered = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [(name, times / len(found)) for name, times in ordered if times / len(found) >= LEAST][:SHOWN]
    lengths = np.array([len(laugh) for some in found for laugh in some])
    half = int(np.quantile(lengths, 0.5, method="inverted_cdf"))
    return Card(
        name="laughter",
        title="Laughter",
        sentence=f"You laugh in {saying.one_in(len(found) / mine.height)} of your messages: {_how(rows)}.",
        basis=basis,
        details=[
            _beside(material, len(found)),
            f"Half of your laughs have at most {saying.count(half, 'character')}, the longest has {lengths.max():,}.",
            "All lengths of a laugh count as one: loool is lol, hahahaha is haha. "
            f"“{AT_RANDOM}” stands for keys hit at random.",
            FACEBOOK,
        ],
        pictures=[
            BarChart("How you laugh", [(name, value * 100) for name, value in rows], "% of messages with a laugh"),
            *_over_time(mine),
        ],
    )


def _beside(material: Material, times: int) -> str:
    both, others = compared(times, material.mine.height, material.others.habits["laughs"]), material.others
    return (
        f"You laugh {both.words} {others.name}: in {saying.percent(both.own.value)} of your messages, "
        f"{others.middle} in {saying.percent(both.others.value)}."
    )


def _how(rows: list[tuple[str, float]]) -> str:
    told = [f"with “{name}” in {saying.percent(share)} of those" for name, share in rows[:2]]
    return saying.listed(told).replace(" of those and", " and")


def _over_time(mine: pl.DataFrame) -> list[LineChart]:
    parts = mine.group_by("month").agg(share=pl.col("laughs").mean(), n=pl.len()).sort("month")
    months = parts.filter(pl.col("n") >= FEWEST_MONTH).select("month", "share").rows()
    points = [(month, share * 100) for month, share in months]
    return [LineChart("With a laugh, by month", points, "% of messages")] if len(points) > 2 else []
