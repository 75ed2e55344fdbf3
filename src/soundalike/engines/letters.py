"""Which tokens of a tokenizer go on with a word, for the sampler, which knows no text."""

from functools import lru_cache

import numpy as np

from soundalike.packing import Tokenizer
from soundalike.sampling import Letters

PARTIAL = "\ufffd"  # what a decoder gives for a piece of a character


@lru_cache(maxsize=8)
def letters_of(tokenizer: Tokenizer) -> Letters | None:
    """The same for every stream of one tokenizer, so it is asked once; None where no token is a letter.

    Each is spelled after a letter, because some tokenizers drop the space of a first token. A piece of a character
    counts as a letter.
    """
    letter = next((token for token in range(tokenizer.size) if tokenizer.decode([token]).strip().isalpha()), None)
    if letter is None:
        return None
    begins = len(tokenizer.decode([letter]))
    spelled = [tokenizer.decode([letter, token])[begins:] for token in range(tokenizer.size)]
    return Letters(
        np.array([_letter(text[:1]) for text in spelled], np.bool_),
        np.array([_letter(text[-1:]) for text in spelled], np.bool_),
    )


def _letter(character: str) -> bool:
    return character.isalpha() or character == PARTIAL
