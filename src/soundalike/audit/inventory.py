"""The riskiest strings of the training part: what redaction still finds, handles, addresses, dates, codes, rare names.

No model is asked here; whether the adapter kept any of them is measured in `exposure`.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import chain, zip_longest

import polars as pl

from soundalike.audit.shapes import DATES
from soundalike.audit.texts import TextSpan
from soundalike.metrics.words import WORD, fold_case
from soundalike.proper_names import ProperNames, known_names, prose
from soundalike.redact import MASKS, redact, redact_text

HANDLES, ADDRESSES, CODES, NAMES = "handles", "street addresses", "numbers and codes", "rare names"
KINDS = (*MASKS, HANDLES, ADDRESSES, DATES, CODES, NAMES)
RARE = 0.002  # of the messages at most hold a rare name: one that is in more is a word of the owner's
LONGEST_NAME = 32

_STREET = r"(?i:street|st\.?|road|rd\.?|avenue|ave\.?|lane|ln\.?|drive|dr\.?|court|blvd\.?|square)"
_PATTERNS = {
    HANDLES: re.compile(r"(?<![\w@.])@(\w[\w.]{2,31})|(?<![\w#])(\w[\w.]{1,31}#[0-9]{4})(?!\w)"),
    ADDRESSES: re.compile(
        rf"(?<!\w)([0-9]{{1,5}}[a-z]? (?:[A-Z]\w+ ){{1,3}}{_STREET}(?!\w)"
        r"|[A-ZÄÖÜ]\w+(?:stra(?:ß|ss)e|weg|gasse) [0-9]{1,4}[a-z]?(?!\w))"
    ),
    DATES: re.compile(
        r"(?<![\d./-])([0-9]{1,2}([./-])[0-9]{1,2}\2(?:19|20)?[0-9]{2}"
        r"|(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2})(?![\d/-])"
    ),
    CODES: re.compile(
        r"(?<![\w$€£#.,:/-])((?!(?:19|20)[0-9]{2}(?![0-9]))[0-9]{4,}(?:[ -][0-9]{2,})*)(?![\w%:/]|[.,][0-9])"
    ),
}
_ROUND = re.compile(r"[1-9][0-9]?0{2,}")

FoundString = tuple[str, TextSpan]  # kind, where it stands


def find(messages: Sequence[TextSpan], names: Collection[str]) -> list[FoundString]:
    """Every risky string with its kind; `names` are those of people and of chats with them, in lower case."""
    texts = [message.text for message in messages]
    masked, rare = _masked(texts), _rare(texts, names)
    found = list[FoundString]()
    for number, (message, text) in enumerate(zip(messages, texts, strict=True)):
        spans = chain(masked.get(number, ()), _patterned(text), _named(text, rare))
        found += [
            (kind, TextSpan(message.document, message.start + a, message.start + b, message.me))
            for kind, a, b in _without_overlaps(spans)
        ]
    return found


def riskiest(found: Iterable[FoundString]) -> Iterator[tuple[str, TextSpan, int]]:
    """(kind, where it stands last, how often) of each different string: the commonest of every kind, then the next."""
    counted: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    last: dict[tuple[str, str], TextSpan] = {}
    for kind, span in found:
        counted[kind][span.text] += 1
        last[kind, span.text] = span
    ranked = [[(kind, last[kind, text], times) for text, times in counted[kind].most_common()] for kind in KINDS]
    yield from (one for rank in zip_longest(*ranked) for one in rank if one)


Span = tuple[str, int, int]  # kind, start, end in a message


def _masked(texts: list[str]) -> dict[int, list[Span]]:
    """What the masks of an import would still take out, by number of the message."""
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    changed = (redact(frame)[0]["text"] != frame["text"]).arg_true()
    return {number: list(_taken_out(texts[number])) for number in changed.to_list()}


def _taken_out(text: str) -> Iterator[Span]:
    """The words that masking replaces, with the kind of the mask in their place."""
    before, after = ([(m[0], *m.span()) for m in re.finditer(r"\S+", one)] for one in (text, redact_text(text)[0]))
    same = SequenceMatcher(None, [word for word, *_ in before], [word for word, *_ in after], autojunk=False)
    for change, a, b, c, d in same.get_opcodes():
        by = " ".join(word for word, *_ in after[c:d])
        kind = next((kind for kind, word in MASKS.items() if word in by), None)
        if change != "equal" and b > a and kind:
            yield kind, before[a][1], before[b - 1][2]


def _patterned(text: str) -> Iterator[Span]:
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            group = next(number for number, one in enumerate(match.groups(), 1) if one)
            if kind != CODES or not _ROUND.fullmatch(match[group]):
                yield kind, *match.span(group)


def _named(text: str, rare: Collection[str]) -> Iterator[Span]:
    return ((NAMES, *match.span()) for match in WORD.finditer(text) if fold_case(match[0]) in rare)


def _without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """The spans that overlap no earlier one."""
    kept = list[Span]()
    for kind, start, end in spans:
        if all(end <= a or b <= start for _, a, b in kept):
            kept.append((kind, start, end))
    return kept


def _rare(messages: Sequence[str], titles: Collection[str]) -> set[str]:
    """Names that few messages hold, in lower case; not those that the reference population uses as words.

    A single capital inside a sentence is enough, for a name that was written once may be a secret; acronyms are none.
    """
    names = ProperNames(known_names(titles), map(prose, messages), fewest=1, has_capital=str.istitle)
    most = max(3, RARE * len(messages))
    return {
        word
        for word, uses in names.uses.items()
        if uses <= most
        and 2 < len(word) <= LONGEST_NAME
        and word[0].isalpha()
        and word in names
        and not names.is_common(word)
    }
