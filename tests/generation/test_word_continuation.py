"""Which tokens go on with a word, for tokenizers of both kinds."""

import pytest
from tokenizers import Tokenizer as Fast
from tokenizers import decoders, models, pre_tokenizers

from soundalike.engines.protocol import Tokenizer
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.generation.word_continuation import letters_of


def made(vocabulary: list[str], pre: object, decoder: object) -> Tokenizer:
    fast = Fast(models.WordLevel({token: at for at, token in enumerate(vocabulary)}, unk_token=vocabulary[0]))
    fast.pre_tokenizer, fast.decoder = pre, decoder  # type: ignore[assignment]
    return FileTokenizer(fast, begin=0, end=0)


@pytest.mark.parametrize(
    "tokenizer",
    [
        made(["a", "Ġthe", "ing", "Ġ42", "!", "Ġ", "s,"], pre_tokenizers.ByteLevel(False), decoders.ByteLevel()),
        made(["a", "▁the", "ing", "▁42", "!", "▁", "s,"], pre_tokenizers.Metaspace("▁", "first"), decoders.Metaspace()),
    ],
    ids=["byte-level", "sentencepiece"],
)
def test_only_tokens_without_a_space_go_on_with_a_word(tokenizer: Tokenizer) -> None:
    letters = letters_of(tokenizer)
    assert letters
    assert letters.on.tolist() == [True, False, True, False, False, False, True]
    assert letters.open.tolist() == [True, True, True, False, False, False, False]
