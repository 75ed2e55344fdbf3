"""Notices that one chat was read from two programs' exports, which give its messages different ids."""

from itertools import combinations

import polars as pl

from soundalike.messages import Corpus

_FEWEST = 20  # messages of an export, below which equal ones may be chance
_SHARE = 0.5  # of the smaller export's messages


def add_notes_on_chats_read_twice(corpus: Corpus, described: dict[str, str]) -> Corpus:
    """The corpus with a note for each two sources of which one has most messages of the other: same second and text.

    `described` says by source what its exports are.
    """
    counts = dict(corpus.messages["source"].value_counts().iter_rows())
    for pair in combinations(sorted(counts), 2):
        fewer, more = sorted(pair, key=lambda name: counts[name])
        if counts[fewer] >= _FEWEST and _shared(corpus.messages, fewer, more) >= _SHARE * counts[fewer]:
            corpus.notes.append(
                f"Most messages of {described[fewer]} are in {described[more]} too, and are now read twice: give one "
                "of the two."
            )
    return corpus


def _shared(messages: pl.DataFrame, one: str, other: str) -> int:
    """How many messages of one source the other has."""
    what = [pl.col("sent_at").dt.epoch("s"), pl.col("text")]
    mine, others = (messages.filter(pl.col("source") == name).select(what) for name in (one, other))
    return mine.join(others, on=["sent_at", "text"], how="semi").height
