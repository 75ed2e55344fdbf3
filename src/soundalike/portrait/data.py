"""A clone folder -> what findings are made of: the owner's messages with their features, and others to compare with."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from soundalike.clone import Clone
from soundalike.errors import TooLittleText
from soundalike.metrics.reference_population import reference_population
from soundalike.metrics.style_features import summary, text_features, time_features
from soundalike.portrait.name_filter import NameFilter, names_in, own_words

FEWEST = 100  # messages; under it no habit is one
PEOPLE = 5  # others with FEWEST messages that make a room; with fewer, strangers are the comparison
QUARTER = 15 * 60
ROOM = "the room"

Clock = Callable[[float], time.struct_time]


@dataclass(frozen=True, slots=True)
class Others:
    """Whom the owner is compared with: `name` as it stands in a sentence, and how many `people` they are.

    `habits` are by the names of `features.summary`, a value a person; `words` are counted over all of them. A word that
    is not in `words` may have been said `rare` times; `said` is how many words they said in all.
    """

    name: str
    people: int
    habits: dict[str, NDArray[np.float64]]
    words: Counter[str]
    said: int
    rare: int = 1

    @property
    def is_room(self) -> bool:
        """Whether they are people of the owner's own chats."""
        return self.name == ROOM

    @property
    def middle(self) -> str:
        """Whose figure the median of theirs is."""
        return f"the middle one of {self.people} {'people there' if self.is_room else self.name}"


@dataclass(frozen=True, slots=True)
class Material:
    """`mine` has a row for each of the owner's messages: text, sent_at, all features, and by the clock of this machine
    `hour`, `weekday` (Monday 1), `day`, `month` and `year`. `words` are the owner's in each, `habits` their summary.
    """

    owner: str
    mine: pl.DataFrame
    words: list[list[str]]
    habits: dict[str, float]
    others: Others
    discretion: NameFilter
    zone: str


def gather(clone: Clone, clock: Clock = time.localtime) -> Material:
    """Read the clone's messages; `TooLittleText` under FEWEST of the owner's, `CloneError` where they are damaged."""
    owner = str(clone.manifest().get("clone", {}).get("speaker", "me"))
    return material(clone.messages(), clone.names_of_others(), owner, clock)


def material(messages: pl.DataFrame, names: list[str], owner: str = "me", clock: Clock = time.localtime) -> Material:
    """The same from a message frame; `names` of other people, and titles of chats with them."""
    messages = messages.filter(pl.col("text").str.strip_chars() != "")
    rows = messages.with_columns(time_features(messages)).with_columns(_by_clock(messages["sent_at"], clock))
    mine, theirs = rows.filter("me"), rows.filter(~pl.col("me"))
    if mine.height < FEWEST:
        what = f"There are {mine.height} messages of yours, and no habit shows in fewer than {FEWEST}."
        raise TooLittleText(what, "Import an export with more of them.")
    table = text_features(mine["text"])
    texts = mine["text"].to_list()
    known = names_in([name for name in names if name.lower() != owner.lower()], texts)
    return Material(
        owner=owner,
        mine=mine.hstack(table),
        words=[own_words(text) for text in texts],
        habits=summary(table),
        others=_room(theirs) or strangers(),
        discretion=NameFilter(known, texts),
        zone=time.strftime("%Z", clock(0.0)) if clock is time.gmtime else time.strftime("%Z", clock(time.time())),
    )


def _by_clock(moments: pl.Series, clock: Clock) -> pl.DataFrame:
    """Parts of the date as the owner's clock showed them; Python knows the zone of this machine, Polars does not."""
    quarters = (moments.dt.epoch("s") // QUARTER).alias("quarter")
    seen = {number: clock(number * QUARTER) for number in quarters.unique().to_list()}
    parts: dict[str, list[Any]] = {"hour": [], "weekday": [], "day": [], "month": [], "year": []}
    for number in quarters.to_list():
        at = seen[number]
        parts["hour"].append(at.tm_hour)
        parts["weekday"].append(at.tm_wday + 1)
        parts["day"].append(at.tm_year * 1000 + at.tm_yday)
        parts["month"].append(f"{at.tm_year}-{at.tm_mon:02}")
        parts["year"].append(str(at.tm_year))
    return pl.DataFrame(parts)


def _room(theirs: pl.DataFrame) -> Others | None:
    """The other people of the chat, where enough of them have written enough."""
    people = [rows for _, rows in theirs.group_by("author", maintain_order=True) if rows.height >= FEWEST]
    if len(people) < PEOPLE:
        return None
    each = [summary(text_features(rows["text"])) for rows in people]
    habits = {name: np.array([one[name] for one in each]) for name in each[0]}
    words = Counter(word for rows in people for text in rows["text"] for word in own_words(text))
    return Others(ROOM, len(people), habits, words, words.total())


def strangers() -> Others:
    """The built-in crowd."""
    people = reference_population()
    words = Counter(dict(zip(people.words, people.together.tolist(), strict=True)))
    rare = min(words.values())
    return Others("strangers", len(people.totals), people.habits, words, int(people.totals.sum()), rare)
