"""Masks personal data and secrets with short words that a chatter could have typed, and counts them by kind.

Takes the message frame, or one text; gives it back with e-mail addresses, phone, card and account numbers, network
and wallet addresses, keys, passwords and hashes masked and links reduced to their host. It knows no names, streets or
birthdays, keeps nothing that it masked, and masking twice changes nothing more.

A frame is sifted by Polars with all rules at once, links are reduced by Polars, and only the few texts that a rule's
own hint finds are looked at in Python. One text goes through the same rules in the same order.
"""

import re
from collections.abc import Sequence
from functools import cache

import polars as pl

from soundalike.messages import add_counts
from soundalike.redact import emails, links, long_tokens, network, numbers, passwords, phones, secrets
from soundalike.redact.rule import MASKS, Counts, Rule, apply_edits
from soundalike.redact.text_view import ODD, TextView, make_view

__all__ = ["KINDS", "MASKS", "redact", "redact_text"]

KINDS = (links.LINK_KIND, *MASKS)
_BEFORE_LINKS = (links.WEBHOOKS,)
_AFTER_LINKS: tuple[Rule, ...] = (
    secrets.BLOCKS,
    *emails.RULES,
    *secrets.KEYS,
    *passwords.RULES,
    secrets.NAMED,
    long_tokens.LONG_TOKENS,
    *network.RULES,
    *numbers.RULES,
    phones.DIGITS,
)
_SIFT_ALL = tuple(dict.fromkeys(rule.sift or rule.hint for rule in (*_BEFORE_LINKS, *_AFTER_LINKS)))
# Automata of moderate size are three times as quick as a large one: plain patterns, those that take any case, and the
# passwords' names have a pass each.
_PLAIN, _ANY_CASE = ([sift for sift in _SIFT_ALL if sift.startswith("(?i") == case] for case in (False, True))
_SIFTS = (
    "|".join(_PLAIN),
    "|".join(sift for sift in _ANY_CASE if sift != passwords.SIFT),
    passwords.SIFT,
)
_LONG = 5000  # characters from which Rust's engine is quicker, though it makes its automata anew for each text


def redact_text(text: str) -> tuple[str, dict[str, int]]:
    """`text` with personal data masked, and how often by kind; with nothing to mask, it comes back itself."""
    counts: Counts = {}
    page = make_view(text)
    before = None
    while page.text != before and _sifted(page.text):  # what masks leave side by side may be an address again
        before = page.text
        _edit_links(page, counts)
        if _sifted(page.text):
            for rule in [rule for rule in _AFTER_LINKS if _contains(page.text, rule.hint)]:
                page.edit(rule.edits(page.text, counts))
    return page.result, counts


def _sifted(text: str) -> bool:
    """Whether some rule may change the text."""
    return any(_contains(text, sift) for sift in _SIFTS)


def _contains(text: str, pattern: str) -> bool:
    if len(text) > _LONG:
        return bool(pl.Series([text]).str.contains(pattern)[0])
    return _compiled(pattern).search(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def redact(messages: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """The message frame with personal data in `text` masked (same rows, order and schema), and how often by kind."""
    texts = messages["text"].clone()  # scatter writes in place
    counts: Counts = {}
    odd = _odd(texts)
    _redact_plain(texts, odd, counts)
    _redact_odd(texts, odd.arg_true(), counts)
    return messages.with_columns(texts), counts


def _odd(texts: pl.Series) -> pl.Series:
    """Whether each text's view may differ from it. Most texts are ASCII, and no pattern is asked about those."""
    rows = (texts.str.len_bytes() != texts.str.len_chars()).fill_null(False)
    return rows.scatter(at, texts.gather(at).str.contains(ODD)) if (at := rows.arg_true()).len() else rows


def _redact_odd(texts: pl.Series, rows: pl.Series, counts: Counts) -> None:
    """Mask, in place, texts of odd characters: on their views, because masks are laid on what was typed."""
    pages = [make_view(text) for text in texts.gather(rows)]
    left = [pages[at] for at in _sift(_read(pages))]
    while left:
        before = [page.text for page in left]
        _edit_once(left, counts)
        changed = [page for page, text in zip(left, before, strict=True) if page.text != text]
        left = [changed[at] for at in _sift(_read(changed))]
    texts.scatter(rows, pl.Series([page.result for page in pages], dtype=pl.String))


def _read(pages: Sequence[TextView]) -> pl.Series:
    return pl.Series("text", [page.text for page in pages], dtype=pl.String)


def _edit_once(pages: Sequence[TextView], counts: Counts) -> None:
    """What `_once` does, to views."""
    for page in pages:
        _edit_links(page, counts)
    hinted = _hinted(_AFTER_LINKS, _read(pages))
    for rule in _AFTER_LINKS:
        for at in hinted[rule.hint].arg_true():
            pages[at].edit(rule.edits(pages[at].text, counts))


def _edit_links(page: TextView, counts: Counts) -> None:
    if _contains(page.text, links.HINT):
        for edits in (links.WEBHOOKS.edits, links.edits):
            page.edit(edits(page.text, counts))


def _redact_plain(texts: pl.Series, odd: pl.Series, counts: Counts) -> None:
    """Mask, in place, texts that are as the rules read them."""
    rows = _sift(texts)
    rows = rows.filter(~odd.gather(rows))
    while rows.len():
        before = texts.gather(rows)
        after = _once(before, counts)
        changed = before != after
        rows, after = rows.filter(changed), after.filter(changed)
        texts.scatter(rows, after)
        rows = rows.gather(_sift(after))


def _sift(texts: pl.Series) -> pl.Series:
    """The indices of the texts that some rule may change."""
    found = pl.any_horizontal(pl.col("text").str.contains(sift) for sift in _SIFTS).fill_null(False)
    # The streaming engine sifts on all cores; a single expression would run on one.
    return texts.to_frame("text").lazy().select(found).collect(engine="streaming").to_series().arg_true()


def _once(texts: pl.Series, counts: Counts) -> pl.Series:
    """Every rule once, in order: links by Polars, then the others on what is left, which is little."""
    texts = _reduce_links(_mask(_BEFORE_LINKS, texts, counts), counts)
    left = _sift(texts)
    return texts.scatter(left, _mask(_AFTER_LINKS, texts.gather(left), counts))


def _reduce_links(texts: pl.Series, counts: Counts) -> pl.Series:
    """Links reduced to their host: the one rule without a verdict, and by far the commonest, never leaves Polars."""
    add_counts(counts, {links.LINK_KIND: int(texts.str.count_matches(links.LINK).sum())})
    return texts.str.replace_all(links.LINK, "".join(f"${{{group}}}" for group in links.LINK_PARTS))


def _mask(rules: tuple[Rule, ...], texts: pl.Series, counts: Counts) -> pl.Series:
    """The rules in order, each on the texts that its hint finds."""
    masked = texts.to_list()
    hinted = _hinted(rules, texts)
    for rule in rules:
        for row in hinted[rule.hint].arg_true():
            masked[row] = apply_edits(masked[row], rule.edits(masked[row], counts))
    return pl.Series(texts.name, masked, dtype=pl.String)


def _hinted(rules: Sequence[Rule], texts: pl.Series) -> pl.DataFrame:
    """A column of booleans for each hint: which texts it finds."""
    hints = {rule.hint: pl.col("text").str.contains(rule.hint).alias(rule.hint) for rule in rules}
    return texts.to_frame("text").select(hints.values())
