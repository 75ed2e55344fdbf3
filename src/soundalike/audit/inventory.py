"""The riskiest strings of what was learned: what redaction still finds, handles, addresses, dates, codes, rare names.

Takes documents, gives places in them with a kind. It asks no model: whether the adapter kept any is `exposure`'s.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import chain, zip_longest

import polars as pl

from soundalike.audit.shapes import DATES
from soundalike.audit.texts import RenderedDocument, TextSpan
from soundalike.metrics.char_ngrams import WORD
from soundalike.proper_names import ProperNames, known_names, lowered, prose
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

FoundString = tuple[str, TextSpan]
Row = tuple[RenderedDocument, int, int, bool]


def find(texts: Sequence[RenderedDocument], names: Collection[str]) -> list[FoundString]:
    """Every risky string with its kind; `names` are those of people and of chats with them, in lower case."""
    places = [(text, line.start, line.end, line.me) for text in texts for line in text.lines]
    masked = _masked([text.text[start:end] for text, start, end, _ in places])
    rare = _rare([text.text[start:end] for text, start, end, _ in places], names)
    found = list[FoundString]()
    for number, (text, start, end, me) in enumerate(places):
        said = text.text[start:end]
        spans = chain(masked.get(number, ()), _patterned(said), _named(said, rare))
        found += [(kind, TextSpan(text, start + a, start + b, me)) for kind, a, b in _apart(spans)]
    return found


def riskiest(found: Iterable[FoundString]) -> Iterator[tuple[str, TextSpan, int]]:
    """(kind, where it stands last, how often) of each different string: of every kind the oftenest, then the next."""
    counted: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    last: dict[tuple[str, str], TextSpan] = {}
    for kind, place in found:
        counted[kind][place.words] += 1
        last[kind, place.words] = place
    ranked = [[(kind, last[kind, words], times) for words, times in counted[kind].most_common()] for kind in KINDS]
    yield from (one for rank in zip_longest(*ranked) for one in rank if one)


Span = tuple[str, int, int]  # kind, start, end in a message


def _masked(said: list[str]) -> dict[int, list[Span]]:
    """What the masks of an import would still take out, by number of the message."""
    frame = pl.DataFrame({"text": said}, schema={"text": pl.String})
    changed = (redact(frame)[0]["text"] != frame["text"]).arg_true()
    return {number: list(_taken_out(said[number])) for number in changed.to_list()}


def _taken_out(said: str) -> Iterator[Span]:
    """The words that masking replaces, and the kind whose word stands there now."""
    before, after = ([(m[0], *m.span()) for m in re.finditer(r"\S+", text)] for text in (said, redact_text(said)[0]))
    same = SequenceMatcher(None, [word for word, *_ in before], [word for word, *_ in after], autojunk=False)
    for change, a, b, c, d in same.get_opcodes():
        by = " ".join(word for word, *_ in after[c:d])
        kind = next((kind for kind, word in MASKS.items() if word in by), None)
        if change != "equal" and b > a and kind:
            yield kind, before[a][1], before[b - 1][2]


def _patterned(said: str) -> Iterator[Span]:
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(said):
            group = next(number for number, one in enumerate(match.groups(), 1) if one)
            if kind != CODES or not _ROUND.fullmatch(match[group]):
                yield kind, *match.span(group)


def _named(said: str, rare: Collection[str]) -> Iterator[Span]:
    return ((NAMES, *match.span()) for match in WORD.finditer(said) if lowered(match[0]) in rare)


def _apart(spans: Iterable[Span]) -> list[Span]:
    """Of spans that overlap the first."""
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
