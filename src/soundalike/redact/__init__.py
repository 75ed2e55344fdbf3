"""Masks personal data and secrets with short words that a chatter could have typed, and counts them by kind.

E-mail addresses, phone, card and account numbers, network and wallet addresses, keys, passwords and hashes are masked,
links are reduced to their host. Names, streets and birthdays are not recognised. What was masked is stored nowhere, and
masking twice changes nothing more.

In a frame, Polars finds the texts that any rule may change (`frame`); only texts that match a rule's own hint are
processed in Python. A single text goes through the same rules in the same order.
"""

import polars as pl

from soundalike.redact.frame import mask_texts
from soundalike.redact.links import LINK_KIND
from soundalike.redact.rule import MASKS, Counts
from soundalike.redact.rules import AFTER_LINKS, SIFTS, contains, edit_links
from soundalike.redact.text_view import make_view

__all__ = ["KINDS", "MASKS", "redact", "redact_text"]

KINDS = (LINK_KIND, *MASKS)


def redact(messages: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """The message frame with personal data in `text` masked (same rows, order and schema), and how often by kind."""
    counts: Counts = {}
    return messages.with_columns(mask_texts(messages["text"], counts)), counts


def redact_text(text: str) -> tuple[str, dict[str, int]]:
    """`text` with personal data masked, and how often by kind. Unchanged if there is nothing to mask."""
    counts: Counts = {}
    view = make_view(text)
    before = None
    while view.text != before and _is_sifted(view.text):  # masks side by side may form an address
        before = view.text
        edit_links(view, counts)
        if _is_sifted(view.text):
            for rule in [rule for rule in AFTER_LINKS if contains(view.text, rule.hint)]:
                view.edit(rule.edits(view.text, counts))
    return view.result, counts


def _is_sifted(text: str) -> bool:
    """Whether some rule may change the text."""
    return any(contains(text, sift) for sift in SIFTS)
