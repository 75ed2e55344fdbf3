"""The import report: what was found, how long it is, what may be too little; and the refusal of far too little text."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from soundalike import phrasing
from soundalike.errors import TooLittleText
from soundalike.messages import FILES

# A tenth of 500 messages is 50 held-out lines, and fewer cannot tell two voices apart. Authorship is recognised
# reliably from some 5,000 words and hardly below 2,500 (Eder 2015, "Does size matter?"): if statistics find no style,
# a model has none to learn.
FEWEST_MESSAGES, FEWEST_WORDS, FEW_WORDS = 500, 3_000, 5_000
BYTES_PER_WORD = 6  # an upper bound, for scripts that put no blanks between words
EDGES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
BAR = 18  # characters


@dataclass(frozen=True, slots=True)
class Lengths:
    """Statistics of lengths in words; `histogram` counts by the lower edges of bins whose width doubles."""

    count: int
    median: float
    mean: float
    longest: int
    histogram: dict[str, int]

    @classmethod
    def of(cls, words: pl.Series) -> "Lengths":
        """From the number of words of each message or conversation."""
        histogram = dict.fromkeys(map(str, EDGES), 0)
        for value, count in words.value_counts().iter_rows():
            histogram[str(max(edge for edge in EDGES if edge <= value))] += count
        column = pl.col("words")
        figures = words.alias("words").to_frame().select(m=column.median(), a=column.mean(), x=column.max())
        median, mean, longest = figures.fill_null(0).row(0)
        return cls(len(words), round(median, 1), round(mean, 1), longest, histogram)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Counts and dates of an import, without any text or name; import.json holds it.

    Every message read is kept or counted in `skipped`, every kept message is in a document or counted in `left_out`,
    every message file opened had messages or is counted in `skipped_files`; anything else that was found is counted
    in `ignored`. All of these count by reason.
    """

    formats: list[str]
    read: dict[str, int]
    skipped: dict[str, int]
    ignored: dict[str, int]
    messages: int  # kept
    mine: int
    masked: dict[str, int]
    mode: str  # `monologue` if only the owner speaks, else `dialogue`
    channels: dict[str, int]  # by kind
    people: int
    first: str | None  # UTC dates of the first and last message kept
    last: str | None
    gap_minutes: float
    conversations: int
    splits: dict[str, dict[str, int]]  # documents, messages and bytes of each
    left_out: dict[str, int]
    words: int  # of the owner's messages in documents
    typed_bytes: int  # of the owner's messages in documents
    message_words: Lengths  # the owner's messages
    conversation_words: Lengths
    notes: list[str]
    skipped_files: dict[str, int] = field(default_factory=dict)  # message files without messages, by reason

    def total(self, what: str) -> int:
        """The sum of `documents`, `messages` or `bytes` over all splits."""
        return sum(split[what] for split in self.splits.values())

    @property
    def likely_words(self) -> int:
        """The number of words, or an estimate from bytes for scripts without blanks between words."""
        return max(self.words, self.typed_bytes // BYTES_PER_WORD)


def refuse_too_little(report: ImportReport) -> None:
    """Raise `TooLittleText` if there is less of the owner's text than a voice can be learned from."""
    messages, words = report.message_words.count, report.likely_words
    if messages >= FEWEST_MESSAGES and words >= FEWEST_WORDS:
        return
    missing = " and ".join(
        f"{fewest:,} {what}"
        for have, fewest, what in ((messages, FEWEST_MESSAGES, "messages"), (words, FEWEST_WORDS, "words"))
        if have < fewest
    )
    skipped = f" ({sum(report.skipped.values()):,} skipped: {_counts(report.skipped)})" if report.skipped else ""
    raise TooLittleText(
        f"Only {messages:,} of your messages were found, about {words:,} words{skipped}; a voice needs {missing}.",
        "Add more exports (an older package, another chat program), or use --force to learn from it all the same.",
        control="Add more exports (an older package, another chat program), or tick, under More, to learn from little.",
    )


def lines(report: ImportReport) -> list[str]:
    """The report as lines of text."""
    documents = ", ".join(f"{report.splits[split]['documents']:,} {use}" for split, use in _USES.items())
    listed = [
        f"{report.messages:,} messages in {phrasing.count(sum(report.channels.values()), 'channel')}"
        + (f", {report.first} to {report.last}" if report.first else ""),
        *_listed(f"{report.read.get('messages', 0):,} read, ", "skipped", report.skipped),
        *_files(report),
        *_listed("", "ignored", report.ignored),
        *_listed("", "masked", report.masked),
        f"{report.conversations:,} conversations (a silence of {report.gap_minutes:g} minutes ends one) give "
        f"{report.total('documents'):,} documents: {documents}",
        *_listed("", "left out of them", report.left_out),
        "",
        *histogram({"single messages": report.message_words, "conversations": report.conversation_words}),
        "",
        meaning(report),
    ]
    return listed + [f"Note: {note}" for note in [*report.notes, *warnings(report)]]


def meaning(report: ImportReport) -> str:
    """What the histogram says, in two sentences."""
    return (
        f"Half of your messages have at most {report.message_words.median:g} words, half of the conversations at "
        f"least {report.conversation_words.median:g}. Learned one by one, messages teach one-word answers; learned "
        "as conversations, they teach how you go on."
    )


_USES = {"train": "to learn from", "valid": "to watch the learning", "test": "held out"}


def _listed(before: str, verb: str, counts: Mapping[str, int]) -> list[str]:
    return [f"{before}{sum(counts.values()):,} {verb}: {_counts(counts)}"] if counts else []


def _files(report: ImportReport) -> list[str]:
    """How many message files were opened, and why some of them had no messages."""
    opened = report.read.get(FILES, 0)
    opened_files = f"{phrasing.count(opened, 'message file')} opened, "
    whole = "with messages" if opened == 1 else "messages in all of them"
    return _listed(opened_files, "of them skipped", report.skipped_files) or ([opened_files + whole] if opened else [])


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.items(), key=lambda item: -item[1]))


def warnings(report: ImportReport) -> list[str]:
    """Sentences on what may make the voice disappointing."""
    found = []
    if report.likely_words < FEW_WORDS:
        found.append(f"about {report.likely_words:,} words are few; a style shows reliably from {FEW_WORDS:,}.")
    empty = [use for split, use in _USES.items() if not report.splits[split]["documents"]]
    if empty:
        found.append(f"there are too few conversations to leave any {' or '.join(empty)}.")
    if report.mode == "monologue":
        found.append("this holds only your own lines: it teaches how you write, not what you reply to.")
    return found


def shares(columns: Mapping[str, Lengths]) -> dict[str, list[float]]:
    """The bins of lengths in words -> the share of each of `columns` in it, without empty bins at both ends."""
    filled = [at for at, edge in enumerate(EDGES) if any(column.histogram[str(edge)] for column in columns.values())]
    if not filled:
        return {}
    kept = EDGES[filled[0] : filled[-1] + 1]
    return {_label(edge): [one.histogram[str(edge)] / max(1, one.count) for one in columns.values()] for edge in kept}


def histogram(columns: Mapping[str, Lengths]) -> list[str]:
    """The shares as bars, a column for each of `columns`."""
    rows = shares(columns)
    if not rows:
        return []
    top = max(max(row) for row in rows.values())
    head = f"{'words':<9}" + "".join(f"{name:<{BAR + 8}}" for name in columns)
    drawn = [f"{label:<9}" + "".join(_bar(share, top) for share in row) for label, row in rows.items()]
    return [line.rstrip() for line in [head, *drawn]]


def _label(edge: int) -> str:
    upper = {1: "1", EDGES[-1]: f"{EDGES[-1]}+"}
    return upper.get(edge, f"{edge}-{2 * edge - 1}")


def _bar(share: float, top: float) -> str:
    """A bar in steps of an eighth of a block character, and the share."""
    whole, eighths = divmod(round(share / top * BAR * 8), 8)
    bar = "█" * whole + (" ▏▎▍▌▋▊▉"[eighths] if eighths else "")
    return f"{bar:<{BAR}}{share:4.0%}    "
