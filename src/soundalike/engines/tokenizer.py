"""A base model's `tokenizer.json` as a `Tokenizer`."""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer as Fast

MAX_SEQUENTIAL_TEXTS = 8  # with so few texts, waking other threads takes longer than encoding


class FileTokenizer:
    """A tokenizer that never encodes text as a special token: whoever types `<|endoftext|>` ends nothing."""

    def __init__(self, fast: Fast, begin: int, end: int) -> None:
        self.fast = fast
        self.fast.encode_special_tokens = True
        self.begin, self.end, self.size = begin, end, fast.get_vocab_size()

    @classmethod
    def read(cls, folder: Path, begin: int, end: int) -> "FileTokenizer":
        """The tokenizer in `folder/tokenizer.json`."""
        return cls(Fast.from_file(str(folder / "tokenizer.json")), begin, end)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without `begin` and `end`."""
        if len(texts) <= MAX_SEQUENTIAL_TEXTS:
            return [self.fast.encode(text, add_special_tokens=False).ids for text in texts]
        return [encoding.ids for encoding in self.fast.encode_batch_fast(list(texts), add_special_tokens=False)]

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """For each text, the (start, stop) characters of each token that `encode` returns."""
        return [encoding.offsets for encoding in self.fast.encode_batch(list(texts), add_special_tokens=False)]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of these tokens; special tokens decode to nothing."""
        return str(self.fast.decode(list(tokens), skip_special_tokens=True))
