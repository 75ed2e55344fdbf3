"""Raw rows of DiscordChatExporter -> rows of the message frame, with every dropped row counted by reason.

A message's time is in its id; the written time, with its offset, replaces it where the id is no snowflake.
"""

from dataclasses import dataclass, field

import polars as pl

from soundalike.discord_markup import resolve_markup
from soundalike.messages import (
    BOTS,
    BY_THE_APP,
    FORWARDED,
    IMPOSSIBLE_TIME,
    NO_TIME,
    REACTIONS,
    ROWS,
    SCHEMA,
    UNREADABLE_ROWS,
    WITHOUT_TEXT,
    Corpus,
    add_counts,
    empty,
)
from soundalike.sources._chat_exporter_rows import to_rows
from soundalike.sources._json_files import iso_milliseconds
from soundalike.sources._people import one_line
from soundalike.sources._rows import authors_frame
from soundalike.sources._snowflakes import is_snowflake, moment, tomorrow

SOURCE = "discord_chat_exporter"

_TALK = ["Default", "Reply", "0", "19"]
_COMMANDS = ["20", "23"]  # slash and context menu commands: what a bot answered
_NO_ID = "messages without an id"
_REASONS = [BOTS, BY_THE_APP, FORWARDED, _NO_ID, NO_TIME, IMPOSSIBLE_TIME, WITHOUT_TEXT]  # the first that holds
_MARKED = r"[<\r]|\|\|"
_FIRST_DAY = 86_400_000  # ms


@dataclass
class ChannelMessages:
    """Makes frames of one channel's raw rows; knows the people seen so far by id."""

    channel: str
    title: str | None = None
    source: str = SOURCE
    people: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, set[str]] = field(default_factory=dict)  # all names of each author
    rows: int = 0

    def of_objects(self, messages: list[object]) -> Corpus:
        """The messages among parsed objects of any shape."""
        frame, lost = to_rows(messages)
        return self.lost(lost, self.of_frame(frame))

    def lost(self, count: int, corpus: Corpus | None = None) -> Corpus:
        """Count messages that could not be read, in `corpus` if there is one."""
        corpus = corpus or Corpus(empty())
        add_counts(corpus.read, {ROWS: count})
        add_counts(corpus.skipped, {UNREADABLE_ROWS: count})
        self.rows += count
        return corpus

    def of_frame(self, raw: pl.DataFrame) -> Corpus:
        """The messages of raw rows."""
        self.rows += raw.height
        frame = _with_time(raw.with_columns_seq(number=pl.col("id").str.strip_chars().cast(pl.Int64, strict=False)))
        self._learn_mentions(frame)
        frame = frame.with_columns_seq(self._plain(frame)).with_columns_seq(_or_sent()).with_columns_seq(_reason())
        kept = frame.filter(pl.col("reason") == len(_REASONS))
        counts = dict(frame["reason"].value_counts().iter_rows())
        skipped: dict[str, int] = {}
        add_counts(skipped, {reason: counts.get(code, 0) for code, reason in enumerate(_REASONS)})
        add_counts(skipped, {REACTIONS: int(frame["reactions"].clip(0, 1 << 31).sum())})
        return Corpus(self._messages(kept), self._authors(kept), read={ROWS: raw.height}, skipped=skipped)

    def _messages(self, kept: pl.DataFrame) -> pl.DataFrame:
        """Strings that repeat are gathered from one place each; others are copied, to free the parser's memory."""
        authors = kept["author"].unique()
        place = pl.DataFrame({"author": authors}).with_row_index("place")
        places = kept.select("author").join(place, on="author", how="left", maintain_order="left")["place"]
        reply = pl.when(pl.col("type").is_in(["Reply", "19"])).then("reply_to")
        return kept.select_seq(
            pl.col("id") + "",
            pl.lit(self.channel).alias("channel"),
            authors.gather(places).alias("author"),
            pl.lit(False).alias("me"),
            "sent_at",
            (pl.col("content") + "").alias("text"),
            reply.alias("reply_to"),
            pl.lit(self.source).alias("source"),
        ).select(*SCHEMA)

    def _authors(self, kept: pl.DataFrame) -> pl.DataFrame:
        """The people in these rows that were not in any before."""
        new: dict[str, str] = {}
        for author, name, tag in kept.select("author", "name", "tag").unique(maintain_order=True).iter_rows():
            if author not in self.accounts:
                new[author] = self.people[author] = one_line(name or tag or "") or "someone"
            self.accounts.setdefault(author, set()).update(one_line(each) for each in (name, tag) if each)
        return authors_frame(new)

    def _learn_mentions(self, frame: pl.DataFrame) -> None:
        """Names for mentions that stand in the text as ids."""
        marked = frame.filter(pl.col("content").str.contains("<@", literal=True).fill_null(False))
        for person in marked["mentions"].explode().drop_nulls().unique() if marked.height else ():
            if person["id"] and person["name"]:
                self.people.setdefault(person["id"], one_line(person["name"]))

    def _plain(self, frame: pl.DataFrame) -> pl.Series:
        """Contents without markup, for exports made without formatting."""
        text = frame["content"].fill_null("")
        rows = text.str.contains(_MARKED).arg_true()
        if not rows.len():
            return text
        some = frame[rows].select_seq(pl.col("content").str.replace_all("\r\n", "\n").alias("text"), "sent_at")
        titles = {self.channel: self.title} if self.title else {}
        return text.scatter(rows, resolve_markup(some, self.people, titles))


def _with_time(frame: pl.DataFrame) -> pl.DataFrame:
    number = pl.col("number")
    frame = frame.with_columns_seq(sent_at=pl.when(is_snowflake(number).fill_null(False)).then(moment(number)))
    if not frame["sent_at"].null_count():
        return frame
    written = [
        iso_milliseconds(stamp) if known is None else None
        for stamp, known in frame.select("timestamp", "sent_at").iter_rows()
    ]
    stamps = pl.Series(written, dtype=pl.Int64)
    possible = stamps.is_between(_FIRST_DAY, tomorrow())
    sent = stamps.set(~possible.fill_null(False), None).cast(SCHEMA["sent_at"])
    return frame.with_columns(pl.col("sent_at").fill_null(sent))


def _or_sent() -> pl.Expr:
    """The content, or what stands for a voice message or a sticker without one."""
    without = pl.col("content").str.strip_chars() == ""
    return pl.when(without).then(pl.col("sent").fill_null("")).otherwise("content").alias("content")


def _reason() -> pl.Expr:
    """Why a row is dropped, as an index into _REASONS."""
    kind, untimed = pl.col("type").fill_null("Default"), pl.col("sent_at").is_null()
    tests = [
        pl.col("bot") | kind.is_in(_COMMANDS),
        ~kind.is_in(_TALK),
        pl.col("forwarded"),
        (pl.col("id").fill_null("") == "") | (pl.col("author").fill_null("") == ""),
        untimed & (pl.col("timestamp").fill_null("") == ""),
        untimed,
        pl.col("content").str.strip_chars() == "",
    ]
    reason = pl.lit(len(_REASONS), pl.UInt8())
    for code, test in reversed(list(enumerate(tests))):
        reason = pl.when(test).then(pl.lit(code, pl.UInt8())).otherwise(reason)
    return reason.alias("reason")
