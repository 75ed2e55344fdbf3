"""A base model's `tokenizer.json` behind the Tokenizer protocol."""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer as Fast

MAX_SEQUENTIAL_TEXTS = 8  # texts of which waking other threads would take longer than encoding them


class FileTokenizer:
    """Encodes with special tokens switched off: a person who types `<|endoftext|>` ends nothing."""

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
        return [one.ids for one in self.fast.encode_batch_fast(list(texts), add_special_tokens=False)]

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """For each text, the character span of each token that `encode` gives."""
        return [one.offsets for one in self.fast.encode_batch(list(texts), add_special_tokens=False)]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of these tokens; special tokens give nothing."""
        return str(self.fast.decode(list(tokens), skip_special_tokens=True))
