"""Other people's names in a corpus -> invented ones: in the names, the keys, the titles of chats and the texts."""

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from soundalike.messages import Corpus
from soundalike.pseudonyms import Pseudonyms


def invent_names(corpus: Corpus, pseudonyms: Pseudonyms) -> Corpus:
    """The corpus without other people's names; the owner's stay."""
    others = corpus.authors.filter(~pl.col("me"))["name"].drop_nulls().unique().sort().to_list()
    mine = set(corpus.authors.filter("me")["name"].drop_nulls().str.to_lowercase())
    in_texts = pseudonyms.in_texts(name for name in others if name.casefold() not in mine)
    authors = corpus.authors.with_columns(
        _mapped("author", pseudonyms.key),
        name=pl.when("me").then("name").otherwise(_mapped("name", pseudonyms.name)),
    )
    direct, title = _mapped("title", pseudonyms.name), _mapped("title", in_texts)
    titles = pl.when(pl.col("kind") == "dm").then(direct).otherwise(title)
    channels = corpus.channels.with_columns(_mapped("channel", pseudonyms.key), title=titles)
    keys = [_mapped(column, pseudonyms.key) for column in ("id", "channel", "author", "reply_to")]
    messages = corpus.messages.with_columns(*keys, _mapped("text", in_texts)).sort("sent_at", "id")
    return replace(corpus, messages=messages, authors=authors, channels=channels)


def _mapped(column: str, change: Callable[[str], str]) -> pl.Expr:
    """A column of strings with each different value changed once."""

    def changed(values: pl.Series) -> pl.Series:
        different = values.drop_nulls().unique()
        table = {value: change(value) for value in different}
        return values.replace_strict(table, return_dtype=pl.String) if table else values

    return pl.col(column).map_batches(changed, return_dtype=pl.String)
