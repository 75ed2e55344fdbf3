"""A masking rule: a cheap pattern that selects texts, and a search that is run on the few selected ones.

A rule returns findings (kind and position) and edits nothing itself, so that masks can be applied to the original of a
normalised text. Nothing stores or logs what was found.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

# Every kind of finding, as the report calls it, and the words that replace it, which a chatter could have typed.
MASKS = {
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
Finding = tuple[str, int, int]  # kind, start, end in the text
Edit = tuple[int, int, str]  # start, end, replacement
Search = Callable[[str], Iterable[Finding]]
Check = Callable[[re.Match[str]], Finding | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look for.

    `hint` is a regular expression in the syntax that Rust's engine (Polars) and Python share; every text in which
    `find` finds something matches it. `sift` is a coarser one that several rules share (default: the hint), so that
    all sifts together stay small enough for a fast pass over all texts; texts that match no sift are not processed.
    If the sift is complete, every text in which `find` finds something matches it too. `find` yields findings in the
    order of the text and without overlap, in time proportional to the text's length.
    """

    hint: str
    find: Search
    sift: str = ""
    complete_sift: bool = False

    def edits(self, text: str, counts: Counts) -> list[Edit]:
        """The findings as edits that replace each by its kind's mask; adds to `counts`."""
        edits = []
        for kind, start, end in self.find(text):
            counts[kind] = counts.get(kind, 0) + 1
            edits.append((start, end, MASKS[kind]))
        return edits


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """`text` with the edits made, which are in order and do not overlap."""
    parts: list[str] = []
    done = 0
    for start, end, instead in edits:
        parts += (text[done:start], instead)
        done = end
    return "".join(parts) + text[done:] if parts else text


def accept_as(kind: str, accepts: Callable[[str], bool] | None = None) -> Check:
    """A check that finds the match's first group, or all of it if the pattern has none, where `accepts` agrees."""

    def check(match: re.Match[str]) -> Finding | None:
        start, end = match.span(1 if match.re.groups else 0)
        return (kind, start, end) if accepts is None or accepts(match.string[start:end]) else None

    return check


def search_for(pattern: re.Pattern[str], check: Check, step: bool = False) -> Search:
    """A search that yields what `check` finds in the matches of `pattern`.

    After a match in which it finds nothing the search goes on at the match's end; with `step` at the match's second
    character, so that what begins inside it is found too. That is for patterns whose matches have a bounded length.
    """

    def find(text: str) -> Iterator[Finding]:
        match = pattern.search(text)
        while match:
            found = check(match)
            if found:
                yield found
                position = found[2]  # the rest of the match may hold another
            else:
                position = match.start() + 1 if step else match.end()
            match = pattern.search(text, position)

    return find
