"""Masks personal data and secrets with short words that a chatter could have typed, and counts them by kind.

Takes the message frame, or one text; gives it back with e-mail addresses, phone, card and account numbers, network
and wallet addresses, keys, passwords and hashes masked and links reduced to their host. It knows no names, streets or
birthdays, keeps nothing that it masked, and masking twice changes nothing more.

A frame is sifted by Polars with all rules at once, links are reduced by Polars, and only the few texts that a rule's
own hint finds are looked at in Python. One text goes through the same rules in the same order.
"""

import re
from itertools import groupby

import polars as pl

from soundalike.messages import add_counts
from soundalike.redact import links, network, numbers, phones, runs, secrets
from soundalike.redact.rule import WORDS, Counts, Rule

__all__ = ["KINDS", "RULES", "WORDS", "redact", "redact_text"]

RULES: tuple[Rule, ...] = (
    links.WEBHOOKS,
    links.LINKS,
    secrets.BLOCKS,
    *links.EMAILS,
    *secrets.KEYS,
    *secrets.NAMED,
    runs.RUNS,
    *network.RULES,
    *numbers.RULES,
    phones.DIGITS,
)
KINDS = (links.LINK_KIND, *WORDS)
# Two automata, which two cores run side by side: joined to one, the names' letters and the runs' lengths multiply.
_SIFTS = (
    "|".join({rule.sift or rule.hint: None for rule in RULES if rule.sift != secrets.NAMED_SIFT}),
    secrets.NAMED_SIFT,
)
_sifted = re.compile("|".join(_SIFTS)).search
_READY = tuple((re.compile(rule.sift).search, re.compile(rule.hint).search, rule.mask) for rule in RULES)
_HOST = "".join(f"${{{group}}}" for group in range(1, links.LINK_PARTS + 1))


def redact_text(text: str) -> tuple[str, dict[str, int]]:
    """`text` with personal data masked, and how often by kind; with nothing to mask, it comes back itself."""
    counts: Counts = {}
    before = None
    while text != before and _sifted(text):  # what masks leave side by side may be an address again
        before = text
        for sifted, hinted, mask in _READY:
            if sifted(text) and hinted(text):
                text = mask(text, counts)
    return text, counts


def redact(messages: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """The message frame with personal data in `text` masked (same rows, order and schema), and how often by kind."""
    texts = messages["text"].clone()  # scatter writes in place
    counts: Counts = {}
    rows = _sift(texts)
    while rows.len():
        before = texts.gather(rows)
        after = _once(before.clone(), counts)
        changed = before != after
        rows, after = rows.filter(changed), after.filter(changed)
        texts = texts.scatter(rows, after)
        rows = rows.gather(_sift(after))
    return messages.with_columns(texts), counts


def _sift(texts: pl.Series) -> pl.Series:
    """The indices of the texts that some rule may change."""
    found = texts.to_frame("text").select(
        pl.col("text").str.contains(sift).alias(str(n)) for n, sift in enumerate(_SIFTS)
    )
    return found.select(pl.any_horizontal(pl.all()).fill_null(False)).to_series().arg_true()


def _once(texts: pl.Series, counts: Counts) -> pl.Series:
    """Every rule once, in order, each on the texts that its sift and its hint find."""
    for sift, rules in groupby(RULES, lambda rule: rule.sift or rule.hint):
        rows = texts.str.contains(sift).arg_true()
        if rows.len():
            sifted = texts.gather(rows)
            for rule in rules:
                sifted = _apply(rule, sifted, counts)
            texts = texts.scatter(rows, sifted)
    return texts


def _apply(rule: Rule, texts: pl.Series, counts: Counts) -> pl.Series:
    if rule is links.LINKS:
        return _reduce(texts, counts)
    rows = texts.str.contains(rule.hint).arg_true()
    masked = [rule.mask(text, counts) for text in texts.gather(rows)]
    return texts.scatter(rows, pl.Series(masked, dtype=pl.String))


def _reduce(texts: pl.Series, counts: Counts) -> pl.Series:
    """Links reduced to their host: the one rule without a verdict, and by far the commonest, never leaves Polars."""
    count = int(texts.str.count_matches(links.LINK).sum())
    add_counts(counts, {links.LINK_KIND: count})
    return texts.str.replace_all(links.LINK, _HOST)
