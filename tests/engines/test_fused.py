"""Generation through fused.c: the same numbers as PyTorch, and PyTorch instead where fused.c cannot be used."""

import ctypes
from pathlib import Path

import numpy as np
import pytest
import torch

from soundalike import native
from soundalike.engines import fused_library, fused_scoring, fused_weights, llama
from soundalike.engines.fused import FusedDecoder
from soundalike.engines.fused_streams import FusedStreams
from soundalike.engines.llama_decoder import LlamaDecoder
from soundalike.engines.llama_model import LlamaConfig
from soundalike.errors import BaseModelError
from soundalike.training.recipe import Training
from tests.engines import tiny

needs_compiler = pytest.mark.skipif(not fused_library.available(), reason="no C compiler that has _Float16")

# Grouped-query attention with groups of one, two and three heads, odd numbers of heads, widths of one or more panels.
SHAPES = {
    "two heads a key": {},
    "three heads a key": {"num_attention_heads": 3},
    "a key for each head": {"num_attention_heads": 4, "num_key_value_heads": 4, "hidden_size": 96},
    "three heads, three keys": {"num_attention_heads": 3, "num_key_value_heads": 3, "hidden_size": 64},
    "two panels a head": {"num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 64, "intermediate_size": 160},
}
# Widths that are no multiple of 16, and thus of no panel.
UNSUPPORTED = {
    "hidden size": {"hidden_size": 40},
    "intermediate size": {"intermediate_size": 20},
    "size of a head": {"head_dim": 24},
    "number of positions": {"max_positions": 100},
}


@needs_compiler
@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_logits_are_those_of_pytorch(tmp_path: Path, shape: dict[str, int], method: str) -> None:
    """For prompts of several lengths and the tokens after them, side by side, as far as fp16 weights allow."""
    base = str(tiny.base(tmp_path, **shape))
    adapter = llama.load(base, None, Training.model_validate({"method": method})).adapter
    assert fused_library.supports(adapter.model.config, 0)
    plain, fused = LlamaDecoder(adapter).streams(), FusedDecoder(adapter).streams()
    for streams in (plain, fused):
        streams.join([[0, 5, 9], list(range(2, 40)), [0]])
        streams.advance([7, 8, 9])
        streams.join([[0, 11, 12, 13, 14, 15]])
        streams.keep([3, 1])
        for token in range(20, 30):
            streams.advance([token, token + 1])
    assert fused.logits == pytest.approx(plain.logits, abs=5e-3)
    assert fused.logsumexp == pytest.approx(plain.logsumexp, abs=5e-3)
    assert np.ptp(plain.logits) > 0.1


@needs_compiler
@pytest.mark.parametrize("most", [512, 40])
def test_scores_are_those_of_pytorch(tmp_path: Path, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of texts that begin alike or are the beginning of another, of one token and of none; in one pass or several."""
    monkeypatch.setattr(fused_scoring, "TOKENS_AT_ONCE", most)
    rows = np.random.default_rng(5).integers(2, 60, (6, 70)).tolist()
    texts = [rows[0], [*rows[0][:50], *rows[1][:9]], [*rows[0][:50], *rows[2][:30]], rows[0][:60], rows[3], [0], []]
    engine = llama.load(str(tiny.base(tmp_path)))
    of_fused = engine.logprobs_of(texts)
    engine.use_fused_decoder = False
    of_torch = engine.logprobs_of(texts)
    for one, other, text in zip(of_fused, of_torch, texts, strict=True):
        assert len(one) == len(text) and one == pytest.approx(other, abs=5e-3)
    assert all(one[0] == 0 for one in of_fused[:-1]) and np.ptp(of_fused[0][1:]) > 0.01


@pytest.fixture(scope="module", params=["native", *native.targets_here()])
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """fused.c compiled for this processor, and as a wheel brings it for each kind that this processor is of."""
    if request.param == "native":
        compiled = fused_library.library()
        assert compiled is not None
        return compiled
    compiled = ctypes.CDLL(
        str(native.build_portable(fused_library.SOURCE, tmp_path_factory.mktemp("built"), [request.param])[0])
    )
    fused_library.declare(compiled)
    return compiled


@needs_compiler
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_eight_bits_lose_nothing_of_weights_that_fit_them(
    tmp_path: Path, shape: dict[str, int], library: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights that are a scale times whole numbers: what is left is the rounding of activations, in 16 bits or nearly,
    and with VNNI in 8 bits.

    Passes have from one row to more than a product takes at once.
    """
    adapter = llama.load(str(tiny.base(tmp_path, **shape))).adapter
    with torch.no_grad():
        for weight in adapter.model.parameters():
            if weight.dim() == 2:
                scale = weight.abs().amax(dim=1, keepdim=True) / 127
                weight.copy_((weight / scale).round() * scale)
    monkeypatch.setattr(fused_weights, "IN_CACHE", 0)
    monkeypatch.setattr(fused_library, "library", lambda: library)
    plain, integers = LlamaDecoder(adapter).streams(), FusedDecoder(adapter).streams()
    for streams in (plain, integers):
        streams.join([[number % 90 + 2 for number in range(length)] for length in (1, 3, 5, 107)])
        for token in range(20, 24):
            streams.advance([token] * 4)
    rounding = 5e-3 if library.together() == 2 else 1e-2
    assert integers.logits == pytest.approx(plain.logits, abs=rounding)
    assert integers.logsumexp == pytest.approx(plain.logsumexp, abs=rounding)
    assert np.ptp(plain.logits) > 0.1


@pytest.mark.parametrize("shape", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_other_shapes_are_computed_by_pytorch(tmp_path: Path, shape: dict[str, int]) -> None:
    """fused.c refuses widths that are no multiple of its panels; the streams have the model's logits all the same."""
    engine = llama.load(str(tiny.base(tmp_path, **shape)))
    assert not fused_library.supports(engine.model.config, 0) and not engine.use_fused_decoder
    prompt = [0, *range(5, 25)]
    streams = engine.streams()
    assert not isinstance(streams, FusedStreams)
    streams.join([prompt])
    streams.advance([30])
    logprob = float(streams.logits[0, 31] - streams.logsumexp[0])
    assert logprob == pytest.approx(float(engine.logprobs([*prompt, 30, 31])[-1]), abs=1e-3)


@needs_compiler
def test_a_large_model_is_computed_by_pytorch() -> None:
    """Above the limit of parameters one core would read the weights too slowly."""
    assert fused_library.supports(tiny.SHAPE, fused_library.MAX_PARAMETERS)
    assert not fused_library.supports(tiny.SHAPE, fused_library.MAX_PARAMETERS + 1)


def test_heads_that_share_no_key_evenly_are_refused(tmp_path: Path) -> None:
    """Before any pass: the heads that remain would have no keys."""
    folder = tiny.base(tmp_path, num_attention_heads=3, num_key_value_heads=2)
    with pytest.raises(ValueError, match="not a multiple of num_key_value_heads"):
        LlamaConfig.read(folder)
    with pytest.raises(BaseModelError, match="not a multiple of num_key_value_heads"):
        llama.load(str(folder))


@needs_compiler
def test_a_stream_is_exhausted_at_the_last_position(tmp_path: Path) -> None:
    """Of a prompt that is too long the end is read, and one more token fits after it."""
    engine = llama.load(str(tiny.base(tmp_path, max_positions=64)))
    streams = FusedDecoder(engine.adapter).streams()
    streams.join([[2] * 200])
    assert streams.exhausted == []
    streams.advance([3])
    assert streams.exhausted == [0]


@needs_compiler
def test_a_text_with_more_tokens_than_positions_is_not_scored(tmp_path: Path) -> None:
    """C would read and write behind its tables; alone and after what it shares with others."""
    engine = llama.load(str(tiny.base(tmp_path, max_positions=64)))
    assert len(engine.logprobs_of([[2] * 64])[0]) == 64
    for texts in ([[2] * 65], [[2] * 60, [2] * 65]):
        with pytest.raises(ValueError, match="65 tokens, and the model has 64 positions"):
            engine.logprobs_of(texts)


@pytest.mark.usefixtures("uncompiled")
def test_without_a_compiler_pytorch_generates(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    """fused.c is not available, and the engine has streams all the same."""
    monkeypatch.setenv("CC", "/bin/false")
    assert not fused_library.available()
    streams = llama.load(base).streams()
    streams.join([[0, 5]])
    assert streams.logits.shape[0] == 1
