"""Masks personal data and secrets with short words that a chatter could have typed, and counts them by kind.

Takes the message frame, or one text; gives it back with e-mail addresses, phone, card and account numbers, network
and wallet addresses, keys, passwords and hashes masked and links reduced to their host. It knows no names, streets or
birthdays, keeps nothing that it masked, and masking twice changes nothing more.

A frame is sifted by Polars with all rules at once, links are reduced by Polars, and only the few texts that a rule's
own hint finds are looked at in Python. One text goes through the same rules in the same order.
"""

import re

import polars as pl

from soundalike.messages import add_counts
from soundalike.redact import links, network, numbers, phones, runs, secrets
from soundalike.redact.rule import WORDS, Counts, Rule

__all__ = ["KINDS", "WORDS", "redact", "redact_text"]

KINDS = (links.LINK_KIND, *WORDS)
_BEFORE_LINKS = (links.WEBHOOKS,)
_AFTER_LINKS: tuple[Rule, ...] = (
    secrets.BLOCKS,
    *links.EMAILS,
    *secrets.KEYS,
    *secrets.NAMED,
    runs.RUNS,
    *network.RULES,
    *numbers.RULES,
    phones.DIGITS,
)
_SIFT = "|".join(dict.fromkeys(rule.sift or rule.hint for rule in (*_BEFORE_LINKS, *_AFTER_LINKS)))
_sifted = re.compile(_SIFT).search
_HINTED = tuple((re.compile(rule.hint).search, rule.mask) for rule in _AFTER_LINKS)


def redact_text(text: str) -> tuple[str, dict[str, int]]:
    """`text` with personal data masked, and how often by kind; with nothing to mask, it comes back itself."""
    counts: Counts = {}
    before = None
    while text != before and _sifted(text):  # what masks leave side by side may be an address again
        before = text
        text = links.reduce(links.WEBHOOKS.mask(text, counts), counts)
        if _sifted(text):
            for mask in [mask for hinted, mask in _HINTED if hinted(text)]:
                text = mask(text, counts)
    return text, counts


def redact(messages: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """The message frame with personal data in `text` masked (same rows, order and schema), and how often by kind."""
    texts = messages["text"].clone()  # scatter writes in place
    counts: Counts = {}
    rows = _sift(texts)
    while rows.len():
        before = texts.gather(rows)
        after = _once(before, counts)
        changed = before != after
        rows, after = rows.filter(changed), after.filter(changed)
        texts.scatter(rows, after)
        rows = rows.gather(_sift(after))
    return messages.with_columns(texts), counts


def _sift(texts: pl.Series) -> pl.Series:
    """The indices of the texts that some rule may change."""
    found = pl.col("text").str.contains(_SIFT).fill_null(False)
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
    hints = {rule.hint: pl.col("text").str.contains(rule.hint).alias(rule.hint) for rule in rules}
    hinted = texts.to_frame("text").select(hints.values())
    for rule in rules:
        for row in hinted[rule.hint].arg_true():
            masked[row] = rule.mask(masked[row], counts)
    return pl.Series(texts.name, masked, dtype=pl.String)
