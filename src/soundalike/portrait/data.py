"""What cards are made from: the owner's messages with their features, and others to compare them with."""

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
from soundalike.portrait.name_filter import NameFilter, own_words
from soundalike.proper_names import known_names

MIN_PERSON_MESSAGES = 100  # messages of a person, below which no habit is reported
PEOPLE = 5  # with MIN_PERSON_MESSAGES messages each are the comparison; with fewer, the reference population is
QUARTER = 15 * 60  # seconds: every time zone's offset is a multiple
OWN_CHATS = "the people in your chats"

Clock = Callable[[float], time.struct_time]  # seconds since 1970 -> local time


@dataclass(frozen=True, slots=True)
class ReferenceGroup:
    """The people whom the owner is compared with.

    `name` is how a sentence calls them and `people` how many they are. `habits` are the figures of
    `style_features.summary`, an array with a value per person each. `words` counts words over all of them,
    `word_total` is the sum of all words, and a word that is not in `words` may have been used up to `rare` times.
    """

    name: str
    people: int
    habits: dict[str, NDArray[np.float64]]
    words: Counter[str]
    word_total: int
    rare: int = 1

    @property
    def from_own_chats(self) -> bool:
        """Whether they are people of the owner's own chats."""
        return self.name == OWN_CHATS

    @property
    def median_person(self) -> str:
        """How a sentence calls the person in their middle."""
        return f"the middle one of {self.people} {'people there' if self.from_own_chats else self.name}"


@dataclass(frozen=True, slots=True)
class PortraitData:
    """The owner's messages and the group to compare them with.

    `messages` has a row per message of the owner: text, sent_at, all features, and `hour`, `weekday` (Monday 1),
    `day`, `month` and `year` by this machine's clock. `words` are the words of each message, `habits` the summary of
    all, `zone` is the clock's time zone.
    """

    owner: str
    messages: pl.DataFrame
    words: list[list[str]]
    habits: dict[str, float]
    others: ReferenceGroup
    name_filter: NameFilter
    zone: str


def load_data(clone: Clone, clock: Clock = time.localtime) -> PortraitData:
    """Read a clone's messages.

    `TooLittleText` if the owner has fewer than MIN_PERSON_MESSAGES, `CloneError` if they are damaged.
    """
    owner = str(clone.manifest().get("clone", {}).get("speaker", "me"))
    return build_data(clone.messages(), clone.names_of_others(), owner, clock)


def build_data(
    messages: pl.DataFrame, names: list[str], owner: str = "me", clock: Clock = time.localtime
) -> PortraitData:
    """The same from a message frame; `names` are other people's and titles of chats with them."""
    messages = messages.filter(pl.col("text").str.strip_chars() != "")
    rows = messages.with_columns(time_features(messages)).with_columns(_by_clock(messages["sent_at"], clock))
    own = rows.filter("me")
    if own.height < MIN_PERSON_MESSAGES:
        what = f"There are {own.height} messages of yours, and no habit shows in fewer than {MIN_PERSON_MESSAGES}."
        raise TooLittleText(what, "Import an export with more of them.")
    features = text_features(own["text"])
    texts = own["text"].to_list()
    known = known_names([name for name in names if name.lower() != owner.lower()], texts)
    return PortraitData(
        owner=owner,
        messages=own.hstack(features),
        words=[own_words(text) for text in texts],
        habits=summary(features),
        others=_others_in_chats(rows.filter(~pl.col("me"))) or built_in_reference(),
        name_filter=NameFilter(known, texts),
        zone=time.strftime("%Z", clock(0.0 if clock is time.gmtime else time.time())),
    )


def _by_clock(moments: pl.Series, clock: Clock) -> pl.DataFrame:
    """Parts of the local date. Python knows this machine's time zone, Polars does not; a lookup per quarter is
    enough."""
    quarters = (moments.dt.epoch("s") // QUARTER).alias("quarter")
    local = {number: clock(number * QUARTER) for number in quarters.unique().to_list()}
    parts: dict[str, list[Any]] = {"hour": [], "weekday": [], "day": [], "month": [], "year": []}
    for number in quarters.to_list():
        at = local[number]
        parts["hour"].append(at.tm_hour)
        parts["weekday"].append(at.tm_wday + 1)
        parts["day"].append(at.tm_year * 1000 + at.tm_yday)
        parts["month"].append(f"{at.tm_year}-{at.tm_mon:02}")
        parts["year"].append(str(at.tm_year))
    return pl.DataFrame(parts)


def _others_in_chats(theirs: pl.DataFrame) -> ReferenceGroup | None:
    """The other people of the chats; None if fewer than PEOPLE have written enough."""
    people = [rows for _, rows in theirs.group_by("author", maintain_order=True) if rows.height >= MIN_PERSON_MESSAGES]
    if len(people) < PEOPLE:
        return None
    each = [summary(text_features(rows["text"])) for rows in people]
    habits = {name: np.array([one[name] for one in each]) for name in each[0]}
    words = Counter(word for rows in people for text in rows["text"] for word in own_words(text))
    return ReferenceGroup(OWN_CHATS, len(people), habits, words, words.total())


def built_in_reference() -> ReferenceGroup:
    """The reference population that comes with the package."""
    people = reference_population()
    words = Counter(dict(zip(people.words, people.together.tolist(), strict=True)))
    rare = min(words.values())
    return ReferenceGroup("strangers", len(people.totals), people.habits, words, int(people.totals.sum()), rare)
