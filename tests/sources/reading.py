"""Reads an export by its source alone, so that nobody has to be named as its owner."""

from pathlib import Path

import polars as pl

from soundalike import sources
from soundalike.errors import ExportError
from soundalike.messages import Corpus, merge
from soundalike.sources._open_tree import open_tree
from tests.sources.packages import checked


def read_alone(path: Path) -> Corpus:
    """The checked corpus of one export; `me` is set in messages of the owners that the source names.

    Raises ExportError if it cannot be read or no source recognises it.
    """
    with open_tree(path) as tree:
        found = [source for source in sources.list_sources() if source.recognise(tree)]
        if not found:
            raise ExportError("No source recognises this.", "Look at the example.")
        assert len(found) == 1
        parts = list(found[0].read(tree, lambda done, total: None))
    assert all(part.unaccounted == 0 for part in parts)
    corpus = checked(merge(parts))
    owners = corpus.authors.filter("me")["author"]
    corpus.messages = corpus.messages.with_columns(me=pl.col("author").is_in(owners.implode()))
    return corpus
