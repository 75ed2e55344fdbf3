"""Finds files in which another program has rounded the ids.

A double keeps 53 bits: ids in binary become multiples of 32 and more, printed ones (17 digits) end in 0 or 00. By
chance one exact id in eight looks like that; all rounded ones do. A spreadsheet writes 7.54803E+17, or as many zeros,
which no exact id has. Ids whose lower 22 bits are all zero were made from a time and are no evidence.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from soundalike.messages import Corpus

_LONG = 10**17  # ids from here on have more digits than a double
_ZEROS = 10**9  # a spreadsheet's ids are multiples of it; one exact id in as many is
_SNOWFLAKE_MS = 1 << 22
_FEW = 8  # ids from which a file is decided by itself
_MOST = 0.95  # share of ids that look rounded in a file of rounded ones
_SCIENTIFIC = r"^[0-9][.,]?[0-9]*[eE]\+?(1[5-9]|2[0-9])$"


@dataclass(frozen=True, slots=True)
class RoundingEvidence:
    """Counts of ids, in one file or several: long enough to be rounded, looking rounded, certainly rounded."""

    long: int = 0
    rounded: int = 0
    certain: int = 0

    def __add__(self, more: "RoundingEvidence") -> "RoundingEvidence":
        return RoundingEvidence(self.long + more.long, self.rounded + more.rounded, self.certain + more.certain)

    @property
    def looks_rounded(self) -> bool:
        """Whether there are enough ids to decide, and they went through a double."""
        return self.long >= _FEW and self.rounded >= _MOST * self.long


def evidence_by_file(rows: pl.DataFrame) -> dict[int, RoundingEvidence]:
    """Counts per file, from raw rows with `file`, `ID` and `number`; files without a long id are left out."""
    number, text = pl.col("number"), pl.col("ID")
    written = (number.is_null() & text.str.contains(_SCIENTIFIC)).fill_null(False)
    long = ((number >= _LONG) & (number % _SNOWFLAKE_MS != 0)).fill_null(False)
    zeros = (number % 100 == 0) | ((number < 10 * _LONG) & (number % 10 == 0))
    some = rows.select(
        "file",
        written=written,
        empty=long & (number % _ZEROS == 0),
        rounded=written | (long & ((number % 32 == 0) | zeros)),
        long=written | long,
    )
    counts = some.group_by("file").sum().filter(pl.col("long") > 0)
    certain = pl.col("written") + pl.when(pl.col("empty") > 1).then(pl.col("empty")).otherwise(0)  # one is chance
    counts = counts.select("file", certain, "rounded", "long")
    return {file: RoundingEvidence(long, rounded, certain) for file, certain, rounded, long in counts.iter_rows()}


def rounded_files(evidence: dict[int, RoundingEvidence]) -> set[int]:
    """The files whose ids were rounded. Files with few ids, all of which look rounded, are decided by all files
    together."""
    package = sum(evidence.values(), RoundingEvidence())
    return {
        file
        for file, one in evidence.items()
        if one.certain or one.looks_rounded or (one.long < _FEW and one.rounded == one.long and package.looks_rounded)
    }


def separate_rounded(corpus: Corpus, files: pl.Series, rounded: set[int]) -> Iterator[Corpus]:
    """Split a batch: the rows of all files with exact ids, with all counts, then each file with rounded ids by itself.

    `files` has the file of each row, `rounded` are those with rounded ids.
    """
    inexact = files.is_in(sorted(rounded)) if rounded else None
    if inexact is None or not inexact.any():
        yield corpus
        return
    rows = corpus.messages.with_columns(files.alias("file")).filter(inexact)
    corpus.messages = corpus.messages.filter(~inexact)
    yield corpus
    for part in rows.partition_by("file", maintain_order=True, include_key=False):
        yield Corpus(part, exact_ids=False)
