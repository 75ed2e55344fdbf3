"""All rules in the order in which they are applied, and the patterns that find texts which any of them may change."""

import re
from functools import cache

import polars as pl

from soundalike.redact import emails, links, long_tokens, network, numbers, passwords, phones, secrets
from soundalike.redact.rule import Counts, Rule
from soundalike.redact.text_view import TextView

BEFORE_LINKS = (links.WEBHOOKS,)
AFTER_LINKS: tuple[Rule, ...] = (
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
_ALL = tuple(dict.fromkeys(rule.sift or rule.hint for rule in (*BEFORE_LINKS, *AFTER_LINKS)))
_PLAIN, _ANY_CASE = ([sift for sift in _ALL if sift.startswith("(?i") == any_case] for any_case in (False, True))
# Several automata of moderate size are three times as fast as a large one: for case-sensitive patterns, for others, and
# for the names of passwords.
SIFTS = ("|".join(_PLAIN), "|".join(sift for sift in _ANY_CASE if sift != passwords.SIFT), passwords.SIFT)
_LONG = 5000  # characters from which Rust's engine is faster, although it compiles the pattern for every text


def edit_links(view: TextView, counts: Counts) -> None:
    """Mask webhooks in a view and reduce its links to their hosts."""
    if contains(view.text, links.HINT):
        for edits in (links.WEBHOOKS.edits, links.edits):
            view.edit(edits(view.text, counts))


def contains(text: str, pattern: str) -> bool:
    """Whether a pattern that both engines read occurs in the text."""
    if len(text) > _LONG:
        return bool(pl.Series([text]).str.contains(pattern)[0])
    return _compiled(pattern).search(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
