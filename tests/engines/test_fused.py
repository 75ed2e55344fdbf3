"""The one-call decoder: the same numbers as PyTorch, and no harm where it cannot be made."""

from pathlib import Path

import numpy as np
import pytest

from soundalike.engines import fused, llama
from soundalike.engines.fused import FusedDecoder
from soundalike.engines.llama_decoder import LlamaDecoder
from soundalike.training.recipe import Training
from tests.engines import tiny

needs_compiler = pytest.mark.skipif(not fused.available(), reason="no C compiler that knows _Float16")


# What parts shapes in fused.c: heads that share keys, an odd number of them, one head a key, and widths of one panel.
SHAPES = {
    "two heads a key": {},
    "three heads a key": {"num_attention_heads": 3},
    "a key for each head": {"num_attention_heads": 4, "num_key_value_heads": 4, "hidden_size": 96},
    "two panels a head": {"num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 64, "intermediate_size": 160},
}


@needs_compiler
@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_logits_are_those_of_pytorch(tmp_path: Path, shape: dict[str, int], method: str) -> None:
    """For prompts of several lengths and tokens after them, beside each other, to what fp16 weights allow."""
    base = str(tiny.base(tmp_path, **shape))
    adapter = llama.load(base, None, Training.model_validate({"method": method})).adapter
    assert fused.supports(adapter.model.shape, 0)
    plain, one_call = LlamaDecoder(adapter).open(), FusedDecoder(adapter).open()
    for streams in (plain, one_call):
        streams.join([[0, 5, 9], list(range(2, 40)), [0]])
        streams.advance([7, 8, 9])
        streams.join([[0, 11, 12, 13, 14, 15]])
        streams.keep([3, 1])
        for token in range(20, 30):
            streams.advance([token, token + 1])
    assert one_call.logits == pytest.approx(plain.logits, abs=5e-3)
    assert one_call.logsumexp == pytest.approx(plain.logsumexp, abs=5e-3)
    assert np.ptp(plain.logits) > 0.1


@needs_compiler
def test_a_stream_is_spent_at_the_last_position(tmp_path: Path) -> None:
    """A prompt longer than the base can read is cut at its beginning; the last place is used, none beyond it."""
    engine = llama.load(str(tiny.base(tmp_path, max_positions=64)))
    streams = FusedDecoder(engine.adapter).open()
    streams.join([[2] * 200])
    assert streams.exhausted == []
    streams.advance([3])
    assert streams.exhausted == [0]


@pytest.mark.usefixtures("uncompiled")
def test_without_a_compiler_pytorch_decodes(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    """It is not available, and an engine speaks all the same."""
    monkeypatch.setenv("CC", "/bin/false")
    assert not fused.available()
    streams = llama.load(base).streams()
    streams.join([[0, 5]])
    assert streams.logits.shape[0] == 1
