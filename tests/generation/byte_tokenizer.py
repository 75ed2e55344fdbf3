"""A tokenizer of single bytes: every letter outside ASCII is several tokens."""

from collections.abc import Sequence


class ByteTokenizer:
    """Its ids are the bytes of UTF-8."""

    begin, end, size = 256, 257, 258

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        return [list(text.encode()) for text in texts]

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return [[(at, at + 1) for at, letter in enumerate(text) for _ in letter.encode()] for text in texts]

    def decode(self, tokens: Sequence[int]) -> str:
        return bytes(token for token in tokens if token < 256).decode("utf-8", "replace")


def tokens_of(text: str) -> list[int]:
    """The bytes of a text."""
    return ByteTokenizer().encode([text])[0]
