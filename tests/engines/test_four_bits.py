"""4-bit weights have the gradients of the numbers that they represent, on every processor and after any pass."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from soundalike.engines import huggingface
from soundalike.engines.huggingface import HuggingFaceEngine
from soundalike.training.base_models import Compute, Precision
from soundalike.training.numerics import Numerics
from soundalike.training.recipe import Training
from tests.engines import tiny
from tests.engines.helpers import batch_of

functional = pytest.importorskip("bitsandbytes.functional")
TEXTS = ["me: hi\nme: soup\n", "sam: what\nme: the bike is back\n"]
LORA = Training(method="lora", rank=4, window=64)
WIDE, NARROW = {"hidden_size": 64, "intermediate_size": 128}, {"hidden_size": 32, "intermediate_size": 48}


@pytest.fixture(autouse=True)
def repacking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes bitsandbytes believe that this processor has AVX512-BF16, for which it rearranges weights for inference."""
    monkeypatch.setattr("bitsandbytes.nn.modules.has_avx512bf16", lambda: True)


def engine_of(folder: Path, weights: Precision, compute: Compute) -> HuggingFaceEngine:
    """An engine with a new adapter whose factors are not zero, the same each time."""
    engine = huggingface.load(str(folder), None, LORA, Numerics(weights, compute, "The test says so."))
    draw = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for factor in engine.trained_parameters():
            factor.copy_(torch.randn(factor.shape, generator=draw) / 20)
    return engine


def linears(engine: HuggingFaceEngine) -> list[Any]:
    """The base's linear layers that have an adapter."""
    return [m.base_layer for m in engine.peft.modules() if hasattr(m, "lora_A")]


def gradient(engine: HuggingFaceEngine) -> list[Tensor]:
    """Gradients of the loss by the adapter's factors, as in a training step."""
    engine._loss_of(batch_of(engine, TEXTS)).backward()  # type: ignore[no-untyped-call]
    return [factor.grad.float() for factor in engine.trained_parameters() if factor.grad is not None]


def similarity(left: Sequence[Tensor], right: Sequence[Tensor]) -> tuple[float, float]:
    """(cosine between two gradients, ratio of their norms)."""
    one, other = (torch.cat([part.flatten() for part in parts]) for parts in (left, right))
    return float(one @ other / one.norm() / other.norm()), float(one.norm() / other.norm())


@pytest.mark.parametrize("shape", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize(("compute", "close"), [("fp32", 1e-3), ("bf16", 5e-2)])
def test_gradients_after_a_pass_without_gradients(
    compute: Compute, close: float, shape: dict[str, int], tmp_path: Path
) -> None:
    """They are those of an fp32 model with the rounded weights, also if a width is no multiple of 32."""
    folder = tiny.pretrained(tmp_path / "base", "llama", **shape)
    four, whole = engine_of(folder, "4-bit", compute), engine_of(folder, "fp32", "fp32")
    for quantized, plain in zip(linears(four), linears(whole), strict=True):
        plain.weight.data = functional.dequantize_4bit(quantized.weight.data, quantized.weight.quant_state).float()
    before = four.loss(batch_of(four, TEXTS))[0]
    assert before == pytest.approx(whole.loss(batch_of(whole, TEXTS))[0], rel=close)
    cosine, norms = similarity(gradient(four), gradient(whole))
    assert cosine > 1 - close and norms == pytest.approx(1, abs=close)
    assert four.loss(batch_of(four, TEXTS))[0] == before


def test_no_weight_is_rearranged(tmp_path: Path) -> None:
    """Scoring, training and generation leave 4-bit weights as they were quantized."""
    engine = engine_of(tiny.pretrained(tmp_path / "base", "llama", **WIDE), "4-bit", "fp32")
    before = [layer.weight.data.clone() for layer in linears(engine)]
    batch, tokens = batch_of(engine, TEXTS), engine.tokenizer.encode(TEXTS[:1])[0]
    engine.loss(batch)
    engine.step(batch, 1e-3)
    streams = engine.streams()
    streams.join([tokens, tokens])
    streams.advance(tokens[:2])
    assert np.isfinite(engine.logprobs(tokens)).all()
    assert all(torch.equal(old, new.weight.data) for old, new in zip(before, linears(engine), strict=True))
