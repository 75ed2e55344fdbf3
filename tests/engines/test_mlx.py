"""The MLX engine on real MLX, on any processor: it computes as other programs do, in 4 bits, and packed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

mx = pytest.importorskip("mlx.core")

from mlx.utils import tree_flatten  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from soundalike import engines, machine  # noqa: E402
from soundalike.clone.document import Document  # noqa: E402
from soundalike.engines import (  # noqa: E402
    huggingface,
    mlx,
    mlx_training,
)
from soundalike.engines.mlx import MlxEngine  # noqa: E402
from soundalike.engines.mlx_training import enable_gradient_checkpointing  # noqa: E402
from soundalike.engines.protocol import Batch  # noqa: E402
from soundalike.errors import EngineError, RecipeError  # noqa: E402
from soundalike.generation.batch import generate  # noqa: E402
from soundalike.generation.sampling import Sampling  # noqa: E402
from soundalike.training.packing import encode, pack  # noqa: E402
from soundalike.training.recipe import Training  # noqa: E402
from tests.engines import tiny  # noqa: E402

LORA = Training(method="lora", rank=4, window=64)
TEXTS = ["me: hi\nme: i love soup\n", "me: no\n", "sam: what\nme: the bike is back\n"]


def batch_of(engine: Any, *texts: str) -> Batch:
    return pack(list(encode([Document(text) for text in texts], engine.tokenizer, 64)), 64, 0)


def test_it_learns_as_the_other_engine_does(base: str, tmp_path: Path) -> None:
    """From one adapter both make the same losses, step after step, to a part in a thousand."""
    theirs = huggingface.load(base, None, LORA)
    theirs.save(tmp_path / "adapter")
    ours = mlx.load(base, tmp_path / "adapter", LORA)
    batch = batch_of(ours, *TEXTS)
    losses = [[engine.step(batch, 1e-2) for _ in range(8)] for engine in (ours, theirs)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3) and losses[0][-1] < 0.98 * losses[0][0]


def test_plain_peft_reads_its_adapter(base: str, tmp_path: Path) -> None:
    """In transformers, without a word of ours, the logits are the same to 1e-2."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    engine = mlx.load(base, None, LORA)
    batch = batch_of(engine, *TEXTS)
    for _ in range(10):
        engine.step(batch, 3e-2)
    engine.save(tmp_path)
    model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    tokens = [0, *engine.tokenizer.encode([TEXTS[0]])[0]]
    streams = engine.streams()
    streams.join([tokens])
    with torch.no_grad():
        before = model(torch.tensor([tokens])).logits[0, -1].numpy()
        after = PeftModel.from_pretrained(model, str(tmp_path))(torch.tensor([tokens])).logits[0, -1].numpy()
    assert np.abs(after[: engine.tokenizer.size] - streams.logits[0]).max() < 1e-2 < np.abs(after - before).max()


def test_it_learns_over_four_bits(tmp_path: Path) -> None:
    """QLoRA: linear layers are quantized and stand still, the factors learn, and the adapter knows its precision."""
    base = str(tiny.pretrained(tmp_path / "base", "llama", hidden_size=64, intermediate_size=128))
    engine = mlx.load(base, None, Training(method="lora", rank=4, window=64, precision="4-bit"))
    layer = engine.model.layers[0].mlp.up_proj.linear
    assert layer.weight.dtype == mx.uint32 and layer.bits == 4
    frozen = np.array(layer.weight)
    batch = batch_of(engine, *TEXTS)
    losses = [engine.step(batch, 1e-2) for _ in range(10)]
    assert losses[-1] < 0.9 * losses[0]
    assert np.array_equal(np.array(layer.weight), frozen)
    engine.save(tmp_path / "adapter")
    again = mlx.load(base, tmp_path / "adapter")
    assert (
        again.numerics.weights
        == json.loads((tmp_path / "adapter" / "weights.json").read_text())["precision"]
        == "4-bit"
    )
    assert again.loss(batch) == pytest.approx(engine.loss(batch), rel=1e-5)


def test_a_base_stored_in_fp16_is_held_in_bf16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the other engine holds it, and it is called what it is."""
    monkeypatch.delenv("SOUNDALIKE_DTYPE")
    weights = tiny.pretrained(tmp_path, "llama") / "model.safetensors"
    stored = {name: tensor.half() for name, tensor in load_file(weights).items()}
    save_file(stored, weights, metadata={"format": "pt"})
    engine = mlx.load(str(tmp_path), None, LORA)
    assert engine.model.layers[0].mlp.up_proj.linear.weight.dtype == mx.bfloat16
    assert (engine.numerics.weights, engine.numerics.compute) == ("bf16", "bf16")
    assert "fp16" in engine.numerics.reason


KINDS: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen3": {"head_dim": 8},
    "granite": {"residual_multiplier": 0.5},
    "smollm3": {},
    "olmo2": {},
    "gemma3_text": {"head_dim": 8, "sliding_window": 8, "query_pre_attn_scalar": 8, "num_hidden_layers": 6},
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_documents_in_a_window_are_blind_to_each_other(kind: str, tmp_path: Path) -> None:
    """Packed and apart they lose the same, to a part in ten thousand, also where attention reaches 8 tokens only."""
    engine = mlx.load(str(tiny.pretrained(tmp_path, kind, **KINDS[kind])), None, LORA)
    together = batch_of(engine, *TEXTS)
    assert len(together) < len(TEXTS)
    apart = [engine.loss(batch_of(engine, text))[0] for text in TEXTS]
    assert engine.loss(together)[0] == pytest.approx(sum(apart), rel=1e-4)


def test_a_model_with_a_state_is_refused(tmp_path: Path) -> None:
    """Documents packed together would share it."""
    sizes = {"state_size": 4, "num_hidden_layers": 2}
    base = tiny.pretrained(tmp_path, "mamba", **sizes)
    with pytest.raises(EngineError, match="mamba model keeps a state"):
        mlx.load(str(base), None, LORA)


def test_all_weights_are_refused(base: str) -> None:
    """Only a low-rank adapter is learned here."""
    with pytest.raises(RecipeError, match="--method lora"):
        mlx.load(base, None, Training(method="full"))


def test_a_layer_that_remembers_less_has_the_same_gradient(base: str) -> None:
    """Losses of steps with and without activations computed anew are the same."""
    plain, forgetful = (mlx.load(base, None, LORA) for _ in range(2))
    enable_gradient_checkpointing(forgetful.model.layers)
    batch = batch_of(plain, *TEXTS)
    losses = [[engine.step(batch, 1e-2) for _ in range(4)] for engine in (plain, forgetful)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_a_large_batch_is_learned_in_parts(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A window at a time gives the loss and the step of all at once: parts weigh what their tokens weigh."""
    whole, parted = (mlx.load(base, None, LORA) for _ in range(2))
    batch = batch_of(whole, *TEXTS, *(text * 2 for text in TEXTS))
    assert len(batch) > 2
    losses = [whole.step(batch, 1e-2) for _ in range(3)]
    monkeypatch.setattr(mlx, "MICRO_BATCH_TOKENS", 64)
    assert [parted.step(batch, 1e-2) for _ in range(3)] == pytest.approx(losses, rel=1e-4)


def test_a_prompt_that_goes_on_is_read_from_there(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A longer history costs its new tokens only, says the same as read afresh, and a step forgets everything."""
    engine = mlx.load(base, None, LORA)
    first = [0, *engine.tokenizer.encode(["sam: hi\nme:"])[0]]
    longer = [*first, *engine.tokenizer.encode([" ok\nsam: so\nme:"])[0]]
    read = counted(engine, monkeypatch)
    assert spoken(engine, first) and read.pop() == len(first) - 1
    afterwards, cost = spoken(engine, longer), sum(read)
    assert cost < len(longer) - len(first) + 2
    engine.step(batch_of(engine, *TEXTS), 0.0)
    read.clear()
    assert spoken(engine, longer) == afterwards and sum(read) == len(longer) - 1


def counted(engine: MlxEngine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Where tokens of prompts, which come more than one at a time, are counted from now on."""
    read: list[int] = []
    plain = type(engine.model).__call__

    def call(model: Any, tokens: Any, cache: Any = None) -> Any:
        if tokens.shape[1] > 1:
            read.append(tokens.shape[1])
        return plain(model, tokens, cache)

    monkeypatch.setattr(type(engine.model), "__call__", call)
    return read


def spoken(engine: MlxEngine, prompt: list[int]) -> list[int]:
    return [step.token for (step,) in generate(engine, [prompt], Sampling(temperature=0, dry_multiplier=0), 6)]


def test_nothing_but_factors_moves(base: str) -> None:
    """All layers have them, none of the base's weights is trained."""
    engine = mlx.load(base, None, LORA)
    moving = [name for name, _ in tree_flatten(engine.model.trainable_parameters())]
    assert len(moving) == 2 * 7 * len(engine.model.layers)
    assert all(name.endswith(("lora_a", "lora_b")) for name in moving)


def test_it_is_apples_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Apple silicon MLX runs every base but pocket; elsewhere transformers does."""
    base = str(tiny.pretrained(tmp_path, "qwen3"))
    monkeypatch.setattr(machine, "is_apple_silicon", lambda: True)
    assert (engines.engine_module_of(base), engines.engine_module_of("pocket")) == ("mlx", "llama")
    monkeypatch.setattr(machine, "is_apple_silicon", lambda: False)
    assert engines.engine_module_of(base) == "huggingface"


def test_a_rotation_that_transformers_nests_is_read(tmp_path: Path) -> None:
    """A Llama whose base frequency is not the usual one has transformers' logits."""
    from transformers import AutoModelForCausalLM

    rope = {"rope_type": "default", "rope_theta": 50.0}
    base = str(tiny.pretrained(tmp_path, "llama", rope_parameters=rope))
    engine = mlx.load(base, None, LORA)
    tokens = [0, *range(2, 40)]
    with torch.no_grad():
        theirs = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)(torch.tensor([tokens])).logits[0]
    ours = np.array(engine.model(mx.array([tokens]))[0])
    assert np.abs(theirs.numpy() - ours).max() < 1e-3 * float(theirs.std())


def test_logits_are_made_a_slice_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses and steps are those of all logits at once, also where they are scaled, and less memory is held."""
    base = str(tiny.pretrained(tmp_path, "granite", vocab_size=20_000, logits_scaling=3.0))
    sliced, whole = (mlx.load(base, None, LORA) for _ in range(2))
    assert sliced.head.separable
    whole.head.separable = False
    batch = batch_of(sliced, *(text * 3 for text in TEXTS))
    monkeypatch.setattr(mlx_training, "ENTRIES", 5 * 20_000)
    assert sliced.loss(batch) == pytest.approx(whole.loss(batch), rel=1e-5)
    peaks, losses = [], []
    for engine in (sliced, whole):
        mx.clear_cache()
        mx.reset_peak_memory()
        losses.append([engine.step(batch, 1e-2) for _ in range(3)])
        peaks.append(mx.get_peak_memory())
    assert losses[0] == pytest.approx(losses[1], rel=1e-4) and losses[0][-1] < losses[0][0]
    assert peaks[0] < peaks[1] / 2
