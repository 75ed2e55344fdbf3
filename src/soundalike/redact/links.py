"""The rule for links, and for webhooks among them.

A link becomes its host without `www.`; port, path, query and any password are removed. Polars runs the same pattern
over whole frames, so it uses only what both engines have and what Rust's engine does fast: no word boundaries, no
Unicode classes.
"""

import re
from collections.abc import Iterator

import polars as pl

from soundalike.redact.rule import Counts, Edit, Rule, accept_as, search_for

# Common top-level domains, none a file extension: with a path after them, a name is a link even without a scheme.
_TOP = (
    "com|net|org|info|biz|edu|gov|io|gg|co|me|tv|app|dev|xyz|be|ly|gl|ai|us|uk|ca|au|nz|ie|in|za|de|at|ch|fr|es|pt|it|nl|"
    "se|no|dk|fi|pl|cz|ru|ua|tr|gr|ro|hu|jp|kr|cn|tw|hk|sg|br|ar|mx|eu|moe|site|online|store|shop|blog|club|live|link|"
    "cloud|tech|space|fm|to|cc|st|ws|wiki|art|games|game|social|chat|news|pro|page|onion"
)
_SPACE = r"\s\x1c-\x1f"  # the last four are space to Python only
_CLOSED = rf"\([^{_SPACE}<>()]*\)|\[[^{_SPACE}<>()\[\]]*\]"
_INSIDE = rf"""[^{_SPACE}<>()\[\]"`，。！？；：）」』】、]"""
_LAST = rf"""[^{_SPACE}<>()\[\]"`，。！？；：）」』】、.,;:!?'*~|}}…»”’\\]"""
_REST = rf"(?:(?:{_INSIDE}|{_CLOSED})*(?:{_LAST}|{_CLOSED}))?"
_NAME = "[A-Za-z0-9_\\-\u00c0-\u1fff\u3040-\ud7ff]+"
_PORT = r"(?::[0-9]{1,5})?"

LINK = (
    rf"[A-Za-z][A-Za-z0-9+\-]*://(?:[^{_SPACE}/?#@<>]*@)?"
    rf"(?:[Ww]{{3}}\.)*({_NAME}(?:\.{_NAME})*|\[[0-9A-Fa-f:.]+\]){_PORT}(?:[/?#]{_REST})?"
    rf"|(^|[^A-Za-z0-9_])(?:[Ww]{{3}}\.)+({_NAME}(?:\.{_NAME})+){_PORT}(?:[/?#]{_REST})?"
    rf"|((?:{_NAME}\.)+(?:{_TOP})){_PORT}/{_REST}"
)
LINK_PARTS = (1, 2, 3, 4)  # groups that are kept: the host and what stood before it; all others are empty
LINK_KIND = "links"
_LONG = 1000
HINT = r"://|[Ww]{3}\.|\.[A-Za-z]{2,6}[:/]"
_WEBHOOK = re.compile(
    r"https?://[^\s/]*(?:/api(?:/v[0-9]+)?/webhooks/[0-9]+/[\w\-]+|/services/T\w+/B\w+/\w+)[^\s<>)\]\"'`]*"
)


def edits(text: str, counts: Counts) -> list[Edit]:
    """Edits that reduce every link in the text to its host; adds to `counts`."""
    made: list[Edit] = []
    for link, start in _links(text):
        counts[LINK_KIND] = counts.get(LINK_KIND, 0) + 1
        made += [(start + begin, start + end, "") for begin, end in _gaps(link)]
    return made


def _gaps(link: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The parts of a link outside the groups that are kept."""
    done = 0
    for begin, end in (*map(link.span, LINK_PARTS), (link.end(), link.end())):
        if begin > done:
            yield done, begin
        done = max(done, end)


def _links(text: str) -> Iterator[tuple[re.Match[str], int]]:
    """Every link, matched by itself, and its position.

    A long text is searched by Rust's engine, in one pass; Python's would try every letter as the start of a scheme.
    """
    at = 0
    if len(text) <= _LONG:
        found = [link[0] for link in re.finditer(LINK, text)]
    else:
        found = pl.Series([text]).str.extract_all(LINK)[0].to_list()
    for link in found:
        at = text.index(link, at)
        match = re.fullmatch(LINK, link)
        assert match is not None
        yield match, at
        at += len(link)


WEBHOOKS = Rule(r"/webhooks/|/services/T", search_for(_WEBHOOK, accept_as("keys and tokens")), HINT)
