"""The first card: the owner in one breath, from what the others found."""

from collections import Counter

import numpy as np

from soundalike.portrait.card import Card
from soundalike.portrait.data import Material
from soundalike.portrait.findings import saying
from soundalike.portrait.laughs import laughs, spellings

MOST, FEW = 0.7, 0.05  # shares at which somebody mostly, or hardly ever, does something


def in_words(material: Material) -> Card:
    """A sentence of the most telling habits, and beneath it the figures that it rests on."""
    mine = material.mine
    days = (mine["sent_at"].max() - mine["sent_at"].min()).days + 1  # type: ignore[operator,union-attr]
    told = [_length(material), _case(material), _ending(material), _laugh(material), _bursts(material)]
    return Card(
        name="words-first",
        title="In a sentence",
        sentence=f"You write {saying.listed([words for words, _ in told if words])}.",
        basis=f"{saying.count(mine.height, 'message')}, "
        f"{saying.count(sum(map(len, material.words)), 'word')}, {saying.count(days, 'day')}",
        details=[f"Of your messages {saying.listed([figure for _, figure in told if figure])}."],
    )


Told = tuple[str, str]  # in the sentence, and the figure beneath it


def _length(material: Material) -> Told:
    words = material.mine["words"].to_numpy()
    half = int(np.quantile(words, 0.5, method="inverted_cdf"))
    kind = "short" if half < 5 else "long" if half > 14 else "middling"
    return f"{kind} messages, half of them of at most {saying.count(half, 'word')}", ""


def _case(material: Material) -> Told:
    lower = float(material.mine["lowercase"].mean())  # type: ignore[arg-type]
    upper = float((material.mine["opening"] == "upper").sum()) / material.mine.height
    words = "mostly without a capital" if lower > MOST else "mostly with a capital first" if upper > MOST else ""
    return words, f"{saying.percent(lower)} have letters and no capital"


def _ending(material: Material) -> Told:
    stops = float((material.mine["ending"] == "stop").sum()) / material.mine.height
    words = "mostly with a full stop at the end" if stops > MOST else ""
    return words or ("hardly ever with a full stop" if stops < FEW else ""), f"{saying.percent(stops)} end in a stop"


def _laugh(material: Material) -> Told:
    found = Counter(one for some in laughs(material.mine["text"]) for one in spellings(some))
    share = float(material.mine["laughs"].mean())  # type: ignore[arg-type]
    figure = f"{saying.percent(share)} laugh"
    if share < 0.02 or not found:
        return "with a straight face", figure
    first, times = min(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return f"with “{first}” in {saying.one_in(times / material.mine.height)}", figure


def _bursts(material: Material) -> Told:
    sizes = material.mine["burst"].value_counts()["count"].to_numpy()
    inside = float(sizes[sizes > 1].sum() / sizes.sum())
    words = "mostly in volleys" if inside > MOST else "mostly one at a time" if inside < 1 - MOST else ""
    return words, f"{saying.percent(inside)} come in volleys of two and more"
