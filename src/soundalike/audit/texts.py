"""A clone's documents as the model read them, with the place of every message in them."""

from dataclasses import dataclass

from soundalike.engines.protocol import Tokenizer
from soundalike.importing.document_settings import SPLITS
from soundalike.importing.documents import Documents


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Characters `start` to `end` of a document; `me`: they are the owner's."""

    document: str
    start: int
    end: int
    me: bool

    @property
    def text(self) -> str:
        """The characters themselves, a line break in them as newline and tab."""
        return self.document[self.start : self.end]

    @property
    def before(self) -> str:
        """What stands before them in the document."""
        return self.document[: self.start]


def messages_by_document(built: Documents) -> dict[str, list[list[TextSpan]]]:
    """Split -> for each of its documents, in order of time, the span of each message."""
    authors, mine, words, quoted = (built.lines[name].to_list() for name in ("author", "me", "text", "quoted"))
    found: dict[str, list[list[TextSpan]]] = {split: [] for split in SPLITS}
    for split, first, count in built.frame.select("split", "first", "messages").iter_rows():
        rows = range(first, first + count)
        heads = [quoted[row] + built.heads[authors[row]] for row in rows]
        found[split].append(_spans([(head, mine[row], words[row]) for head, row in zip(heads, rows, strict=True)]))
    return found


def _spans(rows: list[tuple[str, bool, str]]) -> list[TextSpan]:
    document = "".join(f"{head}{words}\n" for head, _, words in rows)
    spans, at = list[TextSpan](), 0
    for head, me, words in rows:
        start = at + len(head)
        at = start + len(words) + 1
        spans.append(TextSpan(document, start, at - 1, me))
    return spans


def tokens_before(text: str, at: int, tokenizer: Tokenizer, most: int) -> tuple[list[int], int]:
    """(tokens of `text` behind the base's `begin`, how many of them, `begin` included, end by character `at`).

    Of the tokens before `at` only the last `most` are kept: what is cropped is the beginning of the conversation.
    """
    tokens = tokenizer.encode([text])[0]
    before = sum(end <= at for _, end in tokenizer.spans([text])[0])
    cut = max(0, before - most)
    return [tokenizer.begin, *tokens[cut:]], before - cut + 1
