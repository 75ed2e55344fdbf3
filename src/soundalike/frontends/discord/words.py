"""Discord's markup in one live message -> the words that training saw, by the same rules as the import."""

from collections.abc import Mapping
from datetime import UTC, datetime

_MARKS = ("<", "||")


def readable(text: str, people: Mapping[str, str]) -> str:
    """`text` without markup; `people` maps the ids that it may mention to names."""
    if not any(mark in text for mark in _MARKS):
        return text.strip()
    import polars as pl

    from soundalike.sources._markup import readable as all_readable

    frame = pl.DataFrame({"text": [text], "sent_at": [datetime.now(UTC)]})
    return str(all_readable(frame, people, {})[0]).strip()
