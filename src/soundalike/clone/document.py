"""One line of documents/*.jsonl: a transcript that a model learns from, as the import wrote it."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson


@dataclass(frozen=True, slots=True)
class Document:
    """One transcript. `turns` are its pieces in order, each with its loss weight; without them all of it weighs 1."""

    text: str
    turns: Sequence[tuple[str, float]] | None = None

    @property
    def weighted_turns(self) -> Sequence[tuple[str, float]]:
        """The pieces with their weights, also of a document that is one piece."""
        return self.turns or [(self.text, 1.0)]


def parse_document(line: bytes) -> Document:
    """The document of one JSON line; `ValueError`, `LookupError` or `TypeError` where the line holds none."""
    row = orjson.loads(line)
    turns = [(str(text), float(weight)) for text, weight in row["turns"]] if "turns" in row else None
    if not isinstance(row["text"], str):
        raise TypeError("a text is none")
    return Document(row["text"], turns)
