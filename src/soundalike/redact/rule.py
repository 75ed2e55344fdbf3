"""What a rule of redaction is: a hint that sifts texts cheaply, and a search in the few texts that are left.

A rule gives findings (kind and place in the text) and edits nothing itself, so that a mask can be laid on another
writing of the same text. Nothing keeps or logs what was found.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

# Every kind of finding, in the report's words, and what a chatter could have typed in its place.
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
Edit = tuple[int, int, str]  # start, end, what stands there instead
Search = Callable[[str], Iterable[Finding]]
Check = Callable[[re.Match[str]], Finding | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look for.

    `hint` is a regular expression that Polars (Rust's engine) and Python read alike; every text in which `find` finds
    something matches it. `sift`, where given, is a coarser one that several rules share, so that all sifts together
    stay small enough for one fast pass; texts that match no sift are not looked at. `find` gives findings in the order
    of the text, none over another, in time proportional to the text's length.
    """

    hint: str
    find: Search
    sift: str = ""

    def edits(self, text: str, counts: Counts) -> list[Edit]:
        """The findings as edits that put the kinds' words in their places; adds to `counts`."""
        edits = []
        for kind, start, end in self.find(text):
            counts[kind] = counts.get(kind, 0) + 1
            edits.append((start, end, MASKS[kind]))
        return edits


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """`text` with the edits made; they are in order and none is over another."""
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


def search_for(pattern: re.Pattern[str], *checks: Check, step: bool = False) -> Search:
    """A search that asks `checks` in turn about each match of `pattern`.

    Behind a match that no check accepts it goes on at the match's end; with `step` at its second character, so that
    what begins inside it is found too. That is for patterns whose matches have a bounded length.
    """

    def find(text: str) -> Iterator[Finding]:
        match = pattern.search(text)
        while match:
            found = next((found for check in checks if (found := check(match))), None)
            if found:
                yield found
            refused = match.start() + 1 if step else match.end()
            match = pattern.search(text, found[2] if found else refused)  # what is left may hold another

    return find
