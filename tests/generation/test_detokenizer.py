"""Token ids become text one by one; which tokens continue a word, for tokenizers of both kinds."""

import pytest
from tokenizers import Tokenizer as Fast
from tokenizers import decoders, models, pre_tokenizers

from soundalike.engines.protocol import Tokenizer
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.generation.detokenizer import Detokenizer, word_continuation
from tests.generation.byte_tokenizer import ByteTokenizer, tokens_of

TEXT = " hé 😂 漢字\nada: ok ✨\n\tso"


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
    words = word_continuation(tokenizer)
    assert words
    assert words.starts_with_letter.tolist() == [True, False, True, False, False, False, True]
    assert words.ends_with_letter.tolist() == [True, True, True, False, False, False, False]


def test_pieces_make_up_the_text() -> None:
    """Letters of several tokens come whole, when they are whole."""
    detokenizer = Detokenizer(ByteTokenizer(), tokens_of("ada:"))
    pieces = [detokenizer.add(token) for token in tokens_of(TEXT)]
    assert "".join(pieces) == TEXT
    assert pieces[:4] == [" ", "h", "", "é"]


def test_bytes_that_are_no_letter_are_left_out() -> None:
    """A stray byte neither shows nor delays what follows for long."""
    detokenizer = Detokenizer(ByteTokenizer())
    assert "".join(detokenizer.add(token) for token in [0xF0, *tokens_of("abcd"), *tokens_of("é")]) == "abcdé"
