"""Which tokens of a tokenizer go on with a word, for the sampler, which knows no text."""

from weakref import WeakKeyDictionary

import numpy as np

from soundalike.engines.protocol import Tokenizer
from soundalike.generation.sampling import WordContinuation

PARTIAL = "\ufffd"  # what a decoder gives for a character of which not all bytes have come

_known: WeakKeyDictionary[Tokenizer, WordContinuation | None] = WeakKeyDictionary()


def letters_of(tokenizer: Tokenizer) -> WordContinuation | None:
    """The letters of a tokenizer, spelled out once; None where no token is a letter."""
    if tokenizer not in _known:
        _known[tokenizer] = _spelled(tokenizer)
    return _known[tokenizer]


def _spelled(tokenizer: Tokenizer) -> WordContinuation | None:
    """Each token is spelled after a letter, because some tokenizers drop the space of a first one; a piece of a
    character counts as a letter."""
    letter = next((token for token in range(tokenizer.size) if tokenizer.decode([token]).strip().isalpha()), None)
    if letter is None:
        return None
    begins = len(tokenizer.decode([letter]))
    spelled = [tokenizer.decode([letter, token])[begins:] for token in range(tokenizer.size)]
    return WordContinuation(
        np.array([_letter(text[:1]) for text in spelled], np.bool_),
        np.array([_letter(text[-1:]) for text in spelled], np.bool_),
    )


def _letter(character: str) -> bool:
    return character.isalpha() or character == PARTIAL
