"""Messages -> documents: what the model reads, cut and split by time. `document_lines` renders their text.

A conversation is one channel's messages without a silence longer than the gap; what happens in other channels makes
no difference. A document is a conversation, or a part of one that does not fit a window. Sizes are in bytes: the
caller knows how many fill a window of tokens. Messages that are in no document are counted by reason.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from soundalike.importing.document_settings import SPLITS, DocumentSettings
from soundalike.messages import Corpus
from soundalike.prompt_template import (
    LINE_BREAKS,
    LINE_EDGES,
    NEEDS_CARE,
    UNSEEN,
    quotation,
    speaker_name,
    speaker_names,
)

_SPEAKER = ("row", "author", "me")

EMPTY = "messages with nothing readable in them"
SILENT = "messages in conversations in which you say nothing"
ASIDE = "messages in stretches of long conversations in which you say nothing"
LONG_RUN = "messages that only repeat the ones before"


@dataclass(frozen=True, slots=True)
class Documents:
    """The result of `build`. Every message is in one document or counted, by reason, in `left_out`.

    `frame` has a row per document, in order of time: conversation, started_at, messages, words, bytes, split and
    `first`, the document's first row in `lines`, which has a row per message: author (a number), me, text, and
    `quoted`, the line of an older message that it replies to, or an empty text. `conversations` has a row per
    conversation, in order of time: conversation, messages, words, split. `heads` maps an author's number to the text
    before their lines. `words` counts the words of each of the owner's messages, `own_bytes` all bytes of their text.
    `speaker` is the owner's name at the start of a line; `dialogue` is whether others speak too, `tagged` whether lines
    have names.
    """

    frame: pl.DataFrame
    conversations: pl.DataFrame
    lines: pl.DataFrame
    heads: dict[int, str]
    others_weight: float
    words: pl.Series
    own_bytes: int
    left_out: dict[str, int]
    speaker: str
    dialogue: bool
    tagged: bool


def build(corpus: Corpus, settings: DocumentSettings) -> Documents:
    """Make documents of a corpus whose messages are sorted by (sent_at, id)."""
    left_out: dict[str, int] = {}
    everything = _normalised_rows(corpus.messages)
    rows = _conversations(_keep(everything, pl.col("text") != "", EMPTY, left_out), settings.gap_minutes)
    dialogue = not rows["me"].all()
    if dialogue:
        rows = _keep(rows, pl.col("me").any().over("conversation"), SILENT, left_out)
    rows = _keep(rows, _position_in_run() <= settings.max_run, LONG_RUN, left_out)
    older = _replied_to(everything, rows, settings.near_lines) if dialogue else None
    names = _names(corpus, rows if older is None else pl.concat([rows.select(*_SPEAKER), older.select(*_SPEAKER)]))
    heads = {author: f"{name}: " if settings.tagged else "" for author, name in names.items()}
    rows = _documents(_with_sizes(_with_quoted(rows, older, heads), heads), settings.window_bytes)
    if dialogue:
        rows = _keep(rows, pl.col("me").any().over("document"), ASIDE, left_out)
    words, typed = rows.select("me", "words", "typed").filter("me").drop("me").get_columns()
    speaker = next(iter(names.values()), speaker_name(corpus.owner, "me"))
    frame, conversations = _split(_by_document(rows, corpus.messages["sent_at"]), settings.shares)
    lines, own, weight = rows.select("author", "me", "text", "quoted"), int(typed.sum()), settings.others_weight
    return Documents(
        frame, conversations, lines, heads, weight, words, own, left_out, speaker, dialogue, settings.tagged
    )


def normalise_all(texts: pl.Series) -> pl.Series:
    """`prompt_template.normalise` for a whole column; nulls stay."""
    at = _abnormal(texts)
    return texts.clone().scatter(at, texts.to_frame("text").select(_normalised(pl.col("text").gather(at))).to_series())


def _abnormal(texts: pl.Series) -> pl.Series:
    """Indices of the texts that normalisation may change. They are few, and only they meet slow regular expressions."""
    text = pl.col("text")
    odd = text.str.contains(NEEDS_CARE) | text.str.starts_with(" ") | text.str.ends_with(" ")
    return texts.to_frame("text").lazy().select(odd).collect(engine="streaming").to_series().fill_null(True).arg_true()


def _normalised_rows(messages: pl.DataFrame) -> pl.DataFrame:
    """The columns that documents need: `text` normalised with a tab before its inner lines, keys as numbers."""
    texts, at = messages["text"], _abnormal(messages["text"])
    indented = _normalised(pl.col("text").gather(at).fill_null("")).str.replace_all("\n", "\n\t", literal=True)
    numbers = pl.col("channel", "author").cast(pl.Categorical).to_physical()
    texts = texts.clone().scatter(at, messages.select(indented).to_series())
    rows = messages.select(numbers, "me", "sent_at", text=texts, replied=_replied_rows(messages))
    return rows.with_row_index("row")


def _replied_rows(messages: pl.DataFrame) -> pl.Series:
    """For each message, the row of the one that it replies to, or null."""
    replies = messages.select("reply_to").with_row_index("at").drop_nulls()
    found = replies.join(messages.select(reply_to="id").with_row_index("row"), on="reply_to")
    nothing = pl.Series([None], dtype=pl.UInt32).new_from_index(0, messages.height)
    return nothing.scatter(found["at"], found["row"])


def _normalised(text: pl.Expr) -> pl.Expr:
    """`prompt_template.normalise` as an expression."""
    for pattern, by in ((LINE_BREAKS, "\n"), (UNSEEN, ""), (LINE_EDGES, "")):
        text = text.str.replace_all(pattern, by)
    return text.str.strip_chars()


def _keep(rows: pl.DataFrame, keep: pl.Expr, reason: str, left_out: dict[str, int]) -> pl.DataFrame:
    """The rows where `keep` holds; the others are counted in `left_out`."""
    mask = rows.select(keep).to_series()
    if mask.all():
        return rows
    left_out[reason] = rows.height - int(mask.sum())
    return rows.filter(mask)


def _conversations(rows: pl.DataFrame, gap_minutes: float) -> pl.DataFrame:
    """Rows sorted by channel, then time, with the `silence` before each in ms and the number of its `conversation`."""
    rows = rows.sort("channel", maintain_order=True)
    rows = rows.with_columns(silence=pl.col("sent_at").diff().dt.total_milliseconds().fill_null(0))
    apart = (pl.col("channel") != pl.col("channel").shift()) | (pl.col("silence") > gap_minutes * 60_000)
    return rows.with_columns(conversation=apart.fill_null(True).cum_sum()).drop("channel")


def _position_in_run() -> pl.Expr:
    """1 for the first of identical messages in a row by one author in a conversation, 2 for the next, and so on."""
    same = pl.all_horizontal(pl.col(c) == pl.col(c).shift() for c in ("conversation", "author", "text"))
    at = pl.int_range(pl.len())
    return at - pl.when(~same.fill_null(False)).then(at).forward_fill() + 1


def _replied_to(everything: pl.DataFrame, rows: pl.DataFrame, near: int) -> pl.DataFrame | None:
    """The messages that `rows` reply to where they are not among the `near` lines before; None if there is none.

    `at` is the place of the reply in `rows`; the messages may be of other conversations, or of those left out.
    """
    placed = rows.with_row_index("at").select("at", "row", "conversation", "replied")
    replies = placed.filter(pl.col("replied").is_not_null())
    if not replies.height:
        return None
    there = placed.select("conversation", replied="row", place=pl.col("at").cast(pl.Int64))
    near_ones = replies.join(there, on=("conversation", "replied")).filter(pl.col("at") - pl.col("place") <= near)
    replies = replies.join(near_ones, on="at", how="anti")
    older = everything[replies["replied"]].select(*_SPEAKER, "text")
    return older.with_columns(replies["at"]).filter(pl.col("text") != "")


def _with_quoted(rows: pl.DataFrame, older: pl.DataFrame | None, heads: dict[int, str]) -> pl.DataFrame:
    """Rows with `quoted`, the line of the message in `older` that each replies to, or an empty text."""
    if older is None:
        return rows.with_columns(quoted=pl.lit(""))
    lines = [f"{heads[author]}{quotation(text)}\n" for author, text in older.select("author", "text").iter_rows()]
    quoted = pl.Series([""]).new_from_index(0, rows.height).scatter(older["at"], lines)
    return rows.with_columns(quoted=quoted)


def _names(corpus: Corpus, rows: pl.DataFrame) -> dict[int, str]:
    """Each speaker's number in `rows` -> the name at the start of their lines; the owner is first."""
    speaking = rows.group_by("author").agg(pl.col("me").first(), pl.col("row").min()).sort("row")
    keys, mine = corpus.messages["author"].gather(speaking["row"]), speaking["me"]
    known = dict(corpus.authors.select("author", "name").iter_rows())
    people = [(key, corpus.owner if me else known.get(key) or "", me) for key, me in zip(keys, mine, strict=True)]
    numbers = dict(zip(keys, speaking["author"], strict=True))
    return {numbers[key]: name for key, name in speaker_names(people).items()}


def _with_sizes(rows: pl.DataFrame, heads: dict[int, str]) -> pl.DataFrame:
    """Rows with the message's number of `words`, its bytes as `typed`, and the `bytes` of its line."""
    words, typed = pl.col("text").str.count_matches("[ \n]") + 1, pl.col("text").str.len_bytes()
    sizes = {author: len(head.encode()) + 1 for author, head in heads.items()}
    size = pl.col("author").replace_strict(sizes, return_dtype=pl.UInt32) + pl.col("typed")
    size += pl.col("quoted").str.len_bytes()
    return rows.lazy().with_columns(words=words, typed=typed).with_columns(bytes=size).collect(engine="streaming")


def _documents(rows: pl.DataFrame, budget: int) -> pl.DataFrame:
    """Rows with the number of their `document`; conversations longer than `budget` bytes are cut."""
    starts = pl.col("conversation") != pl.col("conversation").shift()
    rows = rows.with_row_index("at").with_columns(opens=starts.fill_null(True))
    size = pl.col("bytes").sum().over("conversation")
    long = rows.select("at", "bytes", "silence", "opens", long=size > budget).filter("long")
    cuts = long["at"].gather(_cuts(long, budget)) if long.height else pl.Series([], dtype=pl.UInt32)
    opens = pl.col("opens") | pl.col("at").is_in(cuts.implode())
    return rows.with_columns(document=opens.cum_sum()).drop("at", "opens")


def _cuts(rows: pl.DataFrame, budget: int) -> list[int]:
    """Rows at which a new document starts, for conversations that are each longer than `budget` bytes."""
    ends, silences = rows["bytes"].cast(pl.Int64).cum_sum().to_list(), rows["silence"].to_list()
    edges = [*rows["opens"].arg_true().to_list(), rows.height]
    return [cut for edge in pairwise(edges) for cut in _cuts_of_one(ends, silences, *edge, budget)]


def _cuts_of_one(ends: list[int], silences: list[int], first: int, last: int, budget: int) -> Iterator[int]:
    """Cut before the longest silences, so that a document starts as a conversation does.

    Each part has between half the budget and all of it, and leaves a quarter for the last part. If messages are too
    long for that, a part ends with the last message that fits; a message longer than the budget is a part of its own.
    """
    while (rest := ends[last - 1] - (done := ends[first - 1] if first else 0)) > budget and first + 1 < last:
        lowest = bisect_left(ends, done + budget // 2, first, last) + 1
        highest = bisect_right(ends, done + min(budget, rest - budget // 4), first, last)
        if lowest > highest:
            lowest = highest = max(first + 1, bisect_right(ends, done + budget, first, last))
        likely = silences[highest : lowest - 1 : -1]  # reversed, so that the later one of equal silences is chosen
        first = highest - likely.index(max(likely))
        yield first


def _by_document(rows: pl.DataFrame, sent_at: pl.Series) -> pl.DataFrame:
    """A row per document, from a row per message."""
    documents = rows.with_row_index("first").group_by("document", maintain_order=True)
    firsts, sums = pl.col("first", "row", "conversation").first(), pl.col("words", "bytes").sum()
    frame = documents.agg(firsts, pl.len().alias("messages"), sums)
    return frame.drop("document").with_columns(started_at=sent_at.gather(frame["row"]))


def _split(frame: pl.DataFrame, shares: tuple[float, float, float]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Documents and conversations in order of time; a conversation is in the split of its middle message."""
    sizes = pl.col("messages", "words").sum()
    conversations = frame.group_by("conversation").agg(pl.col("row").min(), sizes).sort("row")
    middle = (pl.col("messages").cum_sum() - pl.col("messages") / 2) / pl.col("messages").sum()
    train, valid, test = map(pl.lit, SPLITS)
    held_out = pl.when(middle <= shares[0] + shares[1]).then(valid).otherwise(test)
    conversations = conversations.with_columns(split=pl.when(middle <= shares[0]).then(train).otherwise(held_out))
    frame = frame.join(conversations.select("conversation", "split"), on="conversation").sort("row")
    return frame.drop("row"), conversations.drop("row")
