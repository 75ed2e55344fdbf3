"""Documents -> their text, with a weight for each line, and the rows of the JSONL files."""

from collections.abc import Iterator
from io import BytesIO

import polars as pl

from soundalike.importing.documents import Documents
from soundalike.parallel import ordered_parallel_map

SLICE = 4_000  # documents rendered at a time, so that a large corpus is not in memory twice


def texts(documents: Documents, split: str | None = None) -> Iterator[pl.DataFrame]:
    """The `text` and, in a dialogue, the `turns` of the documents of one split or of all, SLICE at a time."""
    for part in _slices(documents, split):
        yield _render(documents, part)


def _slices(documents: Documents, split: str | None) -> Iterator[pl.DataFrame]:
    frame = documents.frame if split is None else documents.frame.filter(pl.col("split") == split)
    return frame.iter_slices(SLICE)


def _render(documents: Documents, part: pl.DataFrame) -> pl.DataFrame:
    """Rows of `documents.frame` -> `text` and `turns`, which is JSON."""
    at = pl.int_ranges("first", pl.col("first") + pl.col("messages"))
    places = part.select(document=pl.int_range(pl.len()), at=at).explode("at")
    head = pl.col("author").replace_strict(documents.heads, return_dtype=pl.String)
    lines = documents.lines[places["at"]].with_columns(places["document"])
    lines = lines.select("document", "me", "quoted", line=pl.concat_str(head, "text", pl.lit("\n")))
    rows = lines.group_by("document", maintain_order=True).agg(text=pl.concat_str("quoted", "line"))
    rows = rows.with_columns(pl.col("text").list.join(""))
    return rows.join(_turns(lines, documents.others_weight), on="document") if documents.dialogue else rows


def _turns(rows: pl.DataFrame, others_weight: float) -> pl.DataFrame:
    """(document, turns): the document's text in parts of one weight, as JSON `[[text, weight], ...]`.

    A quoted line was read where it stands and is not learned again.
    """
    own = pl.when("me").then(pl.lit("1.0")).otherwise(pl.lit(str(float(others_weight))))
    pieces = rows.select("document", line=pl.concat_list("quoted", "line"), weight=pl.concat_list(pl.lit("0.0"), own))
    pieces = pieces.explode("line", "weight").filter(pl.col("line") != "")
    part = pl.struct("document", "weight").rle_id().alias("part")
    parts = pieces.group_by(part, maintain_order=True).agg(pl.col("document", "weight").first(), "line")
    text = pl.struct(t=pl.col("line").list.join("")).struct.json_encode()
    text = text.str.strip_prefix('{"t":').str.strip_suffix("}")
    pairs = parts.select("document", turns=pl.format("[{},{}]", text, "weight"))
    turns = pairs.group_by("document", maintain_order=True).agg("turns")
    return turns.with_columns(turns=pl.format("[{}]", pl.col("turns").list.join(",")))


def jsonl(documents: Documents, split: str) -> Iterator[memoryview]:
    """The documents of one split as UTF-8, a JSON object per line with `text` and, in a dialogue, `turns`."""
    row = pl.struct("text").struct.json_encode()
    if documents.dialogue:
        row = pl.format('{},"turns":{}}}', row.str.strip_suffix("}"), "turns")

    def to_json(rows: pl.DataFrame) -> memoryview:
        lines = BytesIO()
        _render(documents, rows).select(row).write_csv(lines, include_header=False, quote_style="never")
        return lines.getbuffer()

    return ordered_parallel_map(to_json, _slices(documents, split))
