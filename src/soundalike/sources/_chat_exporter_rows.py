"""Messages of a DiscordChatExporter JSON file -> frames of raw rows, none dropped.

Polars parses what is as usual; what is not is parsed to objects and read field by field.
Format: https://github.com/Tyrrrz/DiscordChatExporter, Exporting/JsonMessageWriter.cs
"""

from collections.abc import Sequence
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from soundalike.messages import STICKER, VOICE_MESSAGE
from soundalike.sources._rows import clean

OPENING = r'\{\s*"id"\s*:\s*"[0-9]+"\s*,\s*"(?:type|timestamp)"'  # of a message; authors have a name after the id
RAW: dict[str, pl.DataType] = {
    "id": pl.String(),
    "type": pl.String(),
    "timestamp": pl.String(),
    "content": pl.String(),
    "author": pl.String(),
    "name": pl.String(),
    "tag": pl.String(),  # the name that belongs to the account, of which the name shown may be another
    "bot": pl.Boolean(),
    "reply_to": pl.String(),
    "forwarded": pl.Boolean(),
    "reactions": pl.Int64(),
    "mentions": pl.List(pl.Struct({"id": pl.String, "name": pl.String})),
    "sent": pl.String(),  # what stands for a voice message or a sticker, null without one
}
FORWARD = "Forward"
_VOICE_FILE = "voice-message.ogg"  # what Discord's programs call the attachment

_PERSON = {"id": pl.String, "name": pl.String, "nickname": pl.String}
_JSON: dict[str, pl.DataType] = {
    "id": pl.String(),
    "type": pl.String(),
    "timestamp": pl.String(),
    "content": pl.String(),
    "author": pl.Struct({**_PERSON, "isBot": pl.Boolean}),
    "reference": pl.Struct({"type": pl.String, "messageId": pl.String}),
    "forwardedMessage": pl.Struct({"timestamp": pl.String}),
    "interaction": pl.Struct({"id": pl.String}),
    "reactions": pl.List(pl.Struct({"count": pl.Int64})),
    "mentions": pl.List(pl.Struct(_PERSON)),
    "attachments": pl.List(pl.Struct({"fileName": pl.String})),
    "stickers": pl.List(pl.Struct({"id": pl.String})),
}


def parse(array: bytes) -> pl.DataFrame | None:
    """A JSON array of messages as a frame of nested columns; None if anything about them is unusual."""
    try:
        rows = pl.read_json(array, schema=_JSON)
    except PolarsError:
        return None
    if rows["id"].null_count() or rows["author"].null_count():
        return None
    return rows if b"\\u" not in array or _is_whole(rows) else None


def _is_whole(rows: pl.DataFrame) -> bool:
    """No text has a NUL, which Polars makes of half a surrogate pair."""
    author = rows["author"].struct
    texts = (rows["content"], author.field("name"), author.field("nickname"))
    return not any(text.str.contains("\0", literal=True).any() for text in texts)


def flatten(parsed: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The rows of what `parse` made."""
    author, reference = pl.col("author").struct, pl.col("reference").struct
    files = pl.col("attachments").list.eval(pl.element().struct.field("fileName"))
    return pl.concat(parsed).select_seq(
        "id",
        "type",
        "timestamp",
        "content",
        author.field("id").alias("author"),
        _shown(author.field("nickname"), author.field("name")).alias("name"),
        author.field("name").alias("tag"),
        (author.field("isBot").fill_null(False) | pl.col("interaction").is_not_null()).alias("bot"),
        reference.field("messageId").alias("reply_to"),
        (pl.col("forwardedMessage").is_not_null() | (reference.field("type") == FORWARD).fill_null(False)).alias(
            "forwarded"
        ),
        pl.col("reactions").list.eval(pl.element().struct.field("count")).list.sum().fill_null(0).alias("reactions"),
        pl.col("mentions").list.eval(
            pl.struct(
                pl.element().struct.field("id"),
                _shown(pl.element().struct.field("nickname"), pl.element().struct.field("name")).alias("name"),
            )
        ),
        pl.when(files.list.contains(_VOICE_FILE))
        .then(pl.lit(VOICE_MESSAGE))
        .when(pl.col("stickers").list.len() > 0)
        .then(pl.lit(STICKER))
        .alias("sent"),
    )


def _shown(nickname: pl.Expr, name: pl.Expr) -> pl.Expr:
    return pl.when(nickname != "").then(nickname).otherwise(name)


def to_rows(messages: Sequence[Any]) -> tuple[pl.DataFrame, int]:
    """The rows of parsed messages of any shape, and how many are none."""
    rows = [_row(message) for message in messages if isinstance(message, dict)]
    kept = [row for row in rows if row is not None]
    return pl.DataFrame(kept, schema=RAW, orient="row"), len(messages) - len(kept)


def _row(message: dict[str, Any]) -> tuple[Any, ...] | None:
    author = message.get("author")
    if not isinstance(author, dict) or not (text(message.get("id")) or text(message.get("timestamp"))):
        return None
    reference, forwarded = message.get("reference"), message.get("forwardedMessage")
    reference = reference if isinstance(reference, dict) else {}
    return (
        text(message.get("id")),
        text(message.get("type")),
        text(message.get("timestamp")),
        text(message.get("content")),
        text(author.get("id")),
        text(author.get("nickname")) or text(author.get("name")),
        text(author.get("name")),
        author.get("isBot") is True or bool(message.get("interaction")),
        text(reference.get("messageId")),
        bool(forwarded) or reference.get("type") == FORWARD,
        _reactions(message.get("reactions")),
        _mentions(message.get("mentions")),
        _sent(message),
    )


def text(value: object) -> str | None:
    """A string or integer as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return clean(value if isinstance(value, str) else str(value)[:40])


def _reactions(reactions: object) -> int:
    counts = [one.get("count") for one in reactions if isinstance(one, dict)] if isinstance(reactions, list) else []
    return sum(count for count in counts if isinstance(count, int) and 0 <= count < 1 << 31)


def _sent(message: dict[str, Any]) -> str | None:
    files, stickers = message.get("attachments"), message.get("stickers")
    if isinstance(files, list) and any(isinstance(one, dict) and one.get("fileName") == _VOICE_FILE for one in files):
        return VOICE_MESSAGE
    return STICKER if isinstance(stickers, list) and stickers else None


def _mentions(mentions: object) -> list[dict[str, str | None]]:
    people = [one for one in mentions if isinstance(one, dict)] if isinstance(mentions, list) else []
    return [{"id": text(one.get("id")), "name": text(one.get("nickname")) or text(one.get("name"))} for one in people]
