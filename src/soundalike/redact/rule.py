"""What a rule of redaction is: a hint that sifts texts cheaply, and a mask for the few texts that are left.

A rule never keeps, logs or returns what it masked: it gives the text and adds to counts by kind.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

# Every kind of finding, in the report's words, and what a chatter could have typed in its place.
WORDS = {
    "e-mail addresses": "my email",
    "phone numbers": "my number",
    "payment cards": "my card",
    "bank accounts": "my account",
    "identity numbers": "my id",
    "IP addresses": "some ip",
    "keys and tokens": "some key",
    "passwords": "some password",
    "wallet addresses": "some address",
    "hashes and ids": "some hash",
}

Counts = dict[str, int]
Mask = Callable[[str, Counts], str]
Finding = tuple[str, int, int]  # kind, start, end in the text
Judge = Callable[[re.Match[str]], Finding | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look for.

    `hint` is a regular expression that Polars (Rust's engine) and Python read alike; every text that `mask` would
    change matches it. `sift`, where given, is a coarser one that several rules share, so that all sifts together stay
    small enough for one fast pass; texts that match no sift are not looked at.
    """

    hint: str
    mask: Mask
    sift: str = ""


def as_kind(kind: str, check: Callable[[str], bool] | None = None) -> Judge:
    """A judge that finds a pattern's first group where it has one, else all it matched, if `check` accepts that."""

    def judge(match: re.Match[str]) -> Finding | None:
        start, end = match.span(1 if match.re.groups else 0)
        return (kind, start, end) if check is None or check(match.string[start:end]) else None

    return judge


def masking(pattern: re.Pattern[str], *judges: Judge) -> Mask:
    """A mask that asks `judges` in turn about each match of `pattern` and puts the kind's word where one says."""

    def mask(text: str, counts: Counts) -> str:
        parts: list[str] = []
        done, match = 0, pattern.search(text)
        while match:
            finding = next((found for judge in judges if (found := judge(match))), None)
            if finding:
                kind, start, end = finding
                counts[kind] = counts.get(kind, 0) + 1
                parts += (text[done:start], WORDS[kind])
                done = end
            match = pattern.search(text, done if finding else match.end())  # what a finding leaves may hold another
        return "".join(parts) + text[done:] if parts else text

    return mask
