"""What exports hold, before anything is imported: who wrote in them, where, and whether they tell who the owner is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from soundalike import sources
from soundalike.errors import ExportError
from soundalike.messages import ROWS, Corpus
from soundalike.progress import OnProgress

MOST = 1000  # people, and channels, that a preview lists
SHOWN = 15  # of them that are printed


@dataclass(frozen=True, slots=True)
class PersonFound:
    """Somebody who wrote in the exports; `owner`: the exports say that it is the owner's account."""

    key: str
    name: str
    program: str
    messages: int
    owner: bool


@dataclass(frozen=True, slots=True)
class ChannelFound:
    """A channel with messages; `title` is its key where it has none."""

    key: str
    title: str
    kind: str
    messages: int


@dataclass(frozen=True, slots=True)
class ExportPreview:
    """The most active people and channels of exports, at most MOST of each, the one with most messages first.

    `asks`: who the owner is must be said, because in one of the programs nobody, or more than one, is stated to be.
    """

    formats: list[str]
    messages: int
    skipped: dict[str, int]
    first: str | None  # UTC dates of the first and the last message
    last: str | None
    asks: bool
    people: list[PersonFound]
    people_in_all: int
    channels: list[ChannelFound]
    channels_in_all: int
    notes: list[str]

    def lines(self) -> list[str]:
        """The preview for the terminal."""
        owners = [person.name for person in self.people if person.owner]
        stated = f"The owner, as the exports state: {', '.join(owners)}." if owners else ""
        return [
            f"{self.messages:,} messages, {self.first} to {self.last}: {', '.join(self.formats)}",
            *([stated] if stated else []),
            *(["Name yourself: --me NAME (and --also NAME for each further name of yours)."] if self.asks else []),
            f"People: {self.people_in_all:,}",
            *(f"  {one.name} ({one.key}): {one.messages:,} messages" for one in self.people[:SHOWN]),
            f"Channels: {self.channels_in_all:,}",
            *(f"  {one.title} ({one.kind}): {one.messages:,} messages" for one in self.channels[:SHOWN]),
            *(f"Note: {note}" for note in self.notes),
        ]


def preview_exports(paths: Sequence[str | Path], on_progress: OnProgress | None = None) -> ExportPreview:
    """Read exports and say what they hold; `ExportError` for one that cannot be read or holds no message."""
    corpus, people = sources.survey([Path(path) for path in paths], on_progress)
    if not corpus.messages.height:
        raise ExportError("There is not one message in these exports.", "Name the file or folder that you were sent.")
    first, last = corpus.messages.select(a=pl.col("sent_at").min(), b=pl.col("sent_at").max()).row(0)
    stated = set(people.stated_owners)
    found = [
        PersonFound(key, people.names[key], sources.program_of(key), people.messages(key), key in stated)
        for key in people.by_messages
    ]
    owners = Counter(one.program for one in found if one.owner)
    channels = _channels(corpus)
    return ExportPreview(
        formats=corpus.messages["source"].unique().sort().to_list(),
        messages=corpus.messages.height,
        skipped={reason: count for reason, count in corpus.skipped.items() if reason.startswith(ROWS)},
        first=first and first.date().isoformat(),
        last=last and last.date().isoformat(),
        asks=bool(sources.unknown_programs(people, people.stated_owners)) or max(owners.values(), default=0) > 1,
        people=found[:MOST],
        people_in_all=len(found),
        channels=channels[:MOST],
        channels_in_all=len(channels),
        notes=corpus.notes,
    )


def _channels(corpus: Corpus) -> list[ChannelFound]:
    counts = corpus.messages.group_by("channel").len("messages").join(corpus.channels, on="channel", how="left")
    ordered = counts.sort("messages", "channel", descending=[True, False])
    rows = ordered.select("channel", "title", pl.col("kind").fill_null("unknown"), "messages").iter_rows()
    return [ChannelFound(key, title or key, kind, messages) for key, title, kind, messages in rows]
