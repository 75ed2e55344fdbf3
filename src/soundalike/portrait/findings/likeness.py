"""The first card: the owner in one breath, from what the others found."""

import numpy as np
import polars as pl

from soundalike.portrait.card import Card
from soundalike.portrait.findings import saying
from soundalike.portrait.material import Material


def in_words(material: Material) -> Card:
    """A sentence of the most telling habits."""
    mine, habits = material.mine, material.habits
    days = (mine["sent_at"].max() - mine["sent_at"].min()).days + 1  # type: ignore[operator,union-attr]
    parts = [_length(mine), _case(habits), _ending(habits), _laugh(mine), _bursts(mine)]
    return Card(
        name="words-first",
        title="In a sentence",
        sentence=f"You write {saying.listed([part for part in parts if part])}.",
        basis=f"{saying.count(mine.height, 'message')}, "
        f"{saying.count(sum(map(len, material.words)), 'word')}, {saying.count(days, 'day')}",
    )


def _length(mine: pl.DataFrame) -> str:
    words = float(np.median(mine["words"].to_numpy()))
    kind = "short" if words < 5 else "longish" if words > 14 else "middling"
    return f"{kind} messages of {words:.0f} words"


def _case(habits: dict[str, float]) -> str:
    lower, upper = habits["opening=lower"], habits["opening=upper"]
    if not lower + upper:
        return ""
    share = lower / (lower + upper)
    return (
        "in lower case" if share > 0.8 else "with proper capitals" if share < 0.2 else "in lower case when it suits you"
    )


def _ending(habits: dict[str, float]) -> str:
    stops = habits["ending=stop"]
    return "with a full stop at the end" if stops > 0.4 else "without a full stop" if stops < 0.1 else ""


def _laugh(mine: pl.DataFrame) -> str:
    laughs = mine["laughter"].drop_nulls()
    share = len(laughs) / mine.height
    if share < 0.02:
        return "with a straight face"
    return f"with a {laughs.mode()[0]} in {saying.one_in(share)}"


def _bursts(mine: pl.DataFrame) -> str:
    sizes = mine.group_by("burst").agg(pl.len())["len"].to_numpy()
    inside = float(sizes[sizes > 1].sum() / sizes.sum())
    return "in volleys" if inside > 0.6 else "one at a time" if inside < 0.25 else ""
