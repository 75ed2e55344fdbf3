"""A clone's documents as the model read them, with the place of everybody's words in each."""

from collections.abc import Iterator
from dataclasses import dataclass

from soundalike.engines.protocol import Tokenizer
from soundalike.importing.documents import SPLITS, Documents


@dataclass(frozen=True, slots=True)
class TrainingLine:
    """One message: its words are characters `start` to `end` of the document; `me`: they are the owner's."""

    me: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RenderedDocument:
    """One document as the model reads it."""

    text: str
    lines: tuple[TrainingLine, ...]

    def said(self, line: TrainingLine) -> str:
        """The words of one of its lines, a line break in them as newline and tab."""
        return self.text[line.start : line.end]


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Some words of a document."""

    text: RenderedDocument
    start: int
    end: int
    me: bool

    @property
    def words(self) -> str:
        """The words themselves."""
        return self.text.text[self.start : self.end]


def rendered_documents(built: Documents) -> dict[str, list[RenderedDocument]]:
    """Every document of each split, in order of time."""
    authors, mine, words = (built.lines[name].to_list() for name in ("author", "me", "text"))
    found: dict[str, list[RenderedDocument]] = {split: [] for split in SPLITS}
    for split, first, count in built.frame.select("split", "first", "messages").iter_rows():
        rows = range(first, first + count)
        found[split].append(_text([(built.heads[authors[row]], mine[row], words[row]) for row in rows]))
    return found


def _text(rows: list[tuple[str, bool, str]]) -> RenderedDocument:
    written, lines = "", []
    for head, me, words in rows:
        start = len(written) + len(head)
        lines.append(TrainingLine(me, start, start + len(words)))
        written += f"{head}{words}\n"
    return RenderedDocument(written, tuple(lines))


def tokens_before(text: str, at: int, tokenizer: Tokenizer, most: int) -> tuple[list[int], int]:
    """(tokens of `text` after the base's `begin`, how many of them, that included, end by character `at`).

    Of those only the last `most` stay: what is cropped away is the beginning of the conversation.
    """
    tokens = tokenizer.encode([text])[0]
    before = sum(end <= at for _, end in tokenizer.spans([text])[0])
    cut = max(0, before - most)
    return [tokenizer.begin, *tokens[cut:]], before - cut + 1


def message_spans(texts: list[RenderedDocument]) -> Iterator[TextSpan]:
    """Every message."""
    return (TextSpan(text, line.start, line.end, line.me) for text in texts for line in text.lines)
