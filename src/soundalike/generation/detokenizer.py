"""Token ids to text, one at a time; and which tokens of a vocabulary continue a word, for the sampler."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np

from soundalike.engines.protocol import Tokenizer
from soundalike.generation.sampling import WordContinuation

CONTEXT_TOKENS = 4  # tokens before a new one that its text can depend on
LONGEST_CHARACTER = 4  # bytes of UTF-8, so tokens at most
INCOMPLETE = "\ufffd"  # what a tokenizer decodes an incomplete character to

_known: WeakKeyDictionary[Tokenizer, WordContinuation | None] = WeakKeyDictionary()


class Detokenizer:
    """Decodes the tokens after a prompt one at a time; the pieces, joined, are the decoded whole."""

    def __init__(self, tokenizer: Tokenizer, prompt: Sequence[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._decoded = list(prompt[-CONTEXT_TOKENS:])
        self._text = tokenizer.decode(self._decoded)
        self._pending: list[int] = []

    def add(self, token: int) -> str:
        """The text that is certain now; "" while a character is incomplete."""
        self._pending.append(token)
        text = self._tokenizer.decode([*self._decoded, *self._pending])
        if text.endswith(INCOMPLETE) and len(self._pending) < LONGEST_CHARACTER:
            return ""
        piece = text[len(self._text) :].replace(INCOMPLETE, "")
        self._decoded, self._pending = self._pending, []
        self._text = self._tokenizer.decode(self._decoded)
        return piece


def word_continuation(tokenizer: Tokenizer) -> WordContinuation | None:
    """The masks of a tokenizer's vocabulary, made once for each; None where no token is a letter."""
    if tokenizer not in _known:
        _known[tokenizer] = _masks(tokenizer)
    return _known[tokenizer]


def _masks(tokenizer: Tokenizer) -> WordContinuation | None:
    """Each token is decoded after a letter, because some tokenizers drop the space of a first token."""
    letter = next((token for token in range(tokenizer.size) if tokenizer.decode([token]).strip().isalpha()), None)
    if letter is None:
        return None
    start = len(tokenizer.decode([letter]))
    texts = [tokenizer.decode([letter, token])[start:] for token in range(tokenizer.size)]
    return WordContinuation(
        np.array([_is_letter(text[:1]) for text in texts], np.bool_),
        np.array([_is_letter(text[-1:]) for text in texts], np.bool_),
    )


def _is_letter(character: str) -> bool:
    return character.isalpha() or character == INCOMPLETE  # a part of a character counts as a letter
