"""The first card: the owner in one sentence."""

from collections import Counter

import numpy as np

from soundalike import phrasing
from soundalike.portrait.card import Card
from soundalike.portrait.data import PortraitData
from soundalike.portrait.laugh_spelling import canonical_laughs, find_laughs

MOST, FEW = 0.7, 0.05  # shares from which somebody mostly does something, and up to which hardly ever

Habit = tuple[str, str]  # its words in the sentence, and the figure for the line below; either may be empty


def summary(data: PortraitData) -> Card:
    """A sentence of the plainest habits, and the figures that it rests on below it."""
    messages = data.messages
    days = (messages["sent_at"].max() - messages["sent_at"].min()).days + 1  # type: ignore[operator,union-attr]
    habits = [_length(data), _case(data), _ending(data), _laugh(data), _bursts(data)]
    return Card(
        name="words-first",
        title="In a sentence",
        sentence=f"You write {phrasing.listed([words for words, _ in habits if words])}.",
        basis=f"{phrasing.count(messages.height, 'message')}, "
        f"{phrasing.count(sum(map(len, data.words)), 'word')} without links, names behind an @ and numbers, "
        f"{phrasing.count(days, 'day')}",
        details=[f"Of your messages {phrasing.listed([figure for _, figure in habits if figure])}."],
    )


def _length(data: PortraitData) -> Habit:
    words = data.messages["words"].to_numpy()
    half = int(np.quantile(words, 0.5, method="inverted_cdf"))
    kind = "short" if half < 5 else "long" if half > 14 else "middling"
    return f"{kind} messages, half of them of at most {phrasing.count(half, 'word')}", ""


def _case(data: PortraitData) -> Habit:
    lower = float(data.messages["lowercase"].mean())  # type: ignore[arg-type]
    upper = float((data.messages["opening"] == "upper").sum()) / data.messages.height
    words = "mostly without a capital" if lower > MOST else "mostly with a capital first" if upper > MOST else ""
    return words, f"{phrasing.percent(lower)} have letters and no capital"


def _ending(data: PortraitData) -> Habit:
    stops = float((data.messages["ending"] == "stop").sum()) / data.messages.height
    words = "mostly with a full stop at the end" if stops > MOST else ""
    return words or ("hardly ever with a full stop" if stops < FEW else ""), f"{phrasing.percent(stops)} end in a stop"


def _laugh(data: PortraitData) -> Habit:
    found = Counter(spelling for laughs in find_laughs(data.messages["text"]) for spelling in canonical_laughs(laughs))
    share = float(data.messages["laughs"].mean())  # type: ignore[arg-type]
    figure = f"{phrasing.percent(share)} laugh"
    if share < 0.02 or not found:
        return "with a straight face", figure
    first, times = min(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return f"with “{first}” in {phrasing.one_in(times / data.messages.height)}", figure


def _bursts(data: PortraitData) -> Habit:
    sizes = data.messages["burst"].value_counts()["count"].to_numpy()
    inside = float(sizes[sizes > 1].sum() / sizes.sum())
    words = "mostly in volleys" if inside > MOST else "mostly one at a time" if inside < 1 - MOST else ""
    return words, f"{phrasing.percent(inside)} come in volleys of two and more"
