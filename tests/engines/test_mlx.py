"""The MLX engine, on any processor: compared with other programs, over 4-bit weights, and packed."""

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
from soundalike.engines import huggingface, mlx, mlx_training  # noqa: E402
from soundalike.engines.mlx import MlxEngine  # noqa: E402
from soundalike.engines.mlx_training import enable_gradient_checkpointing  # noqa: E402
from soundalike.errors import EngineError, RecipeError  # noqa: E402
from soundalike.generation.batch import generate  # noqa: E402
from soundalike.generation.sampling import Sampling  # noqa: E402
from soundalike.training.recipe import Training  # noqa: E402
from tests.engines import tiny  # noqa: E402
from tests.engines.helpers import batch_of  # noqa: E402

LORA = Training(method="lora", rank=4, window=64)
TEXTS = ["me: hi\nme: i love soup\n", "me: no\n", "sam: what\nme: the bike is back\n"]


def test_it_learns_as_the_other_engine_does(base: str, tmp_path: Path) -> None:
    """From the same adapter both have the same losses, step after step, to a part in a thousand."""
    theirs = huggingface.load(base, None, LORA)
    theirs.save(tmp_path / "adapter")
    ours = mlx.load(base, tmp_path / "adapter", LORA)
    batch = batch_of(ours, TEXTS)
    losses = [[engine.step(batch, 1e-2) for _ in range(8)] for engine in (ours, theirs)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3) and losses[0][-1] < 0.98 * losses[0][0]


def test_plain_peft_reads_its_adapter(base: str, tmp_path: Path) -> None:
    """transformers' model with peft's adapter has the engine's logits, to 1e-2."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    engine = mlx.load(base, None, LORA)
    batch = batch_of(engine, TEXTS)
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
    """QLoRA: linear layers are quantized and frozen, the factors learn, and the adapter's folder records the type."""
    base = str(tiny.pretrained(tmp_path / "base", "llama", hidden_size=64, intermediate_size=128))
    engine = mlx.load(base, None, Training(method="lora", rank=4, window=64, precision="4-bit"))
    layer = engine.model.layers[0].mlp.up_proj.linear
    assert layer.weight.dtype == mx.uint32 and layer.bits == 4
    frozen = np.array(layer.weight)
    batch = batch_of(engine, TEXTS)
    losses = [engine.step(batch, 1e-2) for _ in range(10)]
    assert losses[-1] < 0.9 * losses[0]
    assert np.array_equal(np.array(layer.weight), frozen)
    engine.save(tmp_path / "adapter")
    loaded = mlx.load(base, tmp_path / "adapter")
    recorded = json.loads((tmp_path / "adapter" / "weights.json").read_text())["precision"]
    assert loaded.numerics.weights == recorded == "4-bit"
    assert loaded.loss(batch) == pytest.approx(engine.loss(batch), rel=1e-5)


def test_a_base_stored_in_fp16_is_loaded_as_bf16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the other engine does, and `numerics` says so."""
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
def test_documents_in_a_window_do_not_attend_to_each_other(kind: str, tmp_path: Path) -> None:
    """Packed and apart they have the same loss, to a part in ten thousand; also with a sliding window of 8 tokens."""
    engine = mlx.load(str(tiny.pretrained(tmp_path, kind, **KINDS[kind])), None, LORA)
    together = batch_of(engine, TEXTS)
    assert len(together) < len(TEXTS)
    apart = [engine.loss(batch_of(engine, [text]))[0] for text in TEXTS]
    assert engine.loss(together)[0] == pytest.approx(sum(apart), rel=1e-4)


def test_a_model_with_a_state_is_refused(tmp_path: Path) -> None:
    """Packed documents would share it."""
    sizes = {"state_size": 4, "num_hidden_layers": 2}
    base = tiny.pretrained(tmp_path, "mamba", **sizes)
    with pytest.raises(EngineError, match="mamba model keeps a state"):
        mlx.load(str(base), None, LORA)


def test_all_weights_are_refused(base: str) -> None:
    """This engine trains low-rank adapters only."""
    with pytest.raises(RecipeError, match="--method lora"):
        mlx.load(base, None, Training(method="full"))


def test_gradient_checkpointing_changes_no_gradient(base: str) -> None:
    """The losses of steps with and without it are the same."""
    plain, checkpointed = (mlx.load(base, None, LORA) for _ in range(2))
    enable_gradient_checkpointing(checkpointed.model.layers)
    batch = batch_of(plain, TEXTS)
    losses = [[engine.step(batch, 1e-2) for _ in range(4)] for engine in (plain, checkpointed)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_micro_batches_change_no_step(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One window at a time has the losses and steps of all at once: each counts by the weights of its tokens."""
    whole, split = (mlx.load(base, None, LORA) for _ in range(2))
    batch = batch_of(whole, [*TEXTS, *(text * 2 for text in TEXTS)])
    assert len(batch) > 2
    losses = [whole.step(batch, 1e-2) for _ in range(3)]
    monkeypatch.setattr(mlx, "MICRO_BATCH_TOKENS", 64)
    assert [split.step(batch, 1e-2) for _ in range(3)] == pytest.approx(losses, rel=1e-4)


def test_a_longer_prompt_continues_from_a_cached_one(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its new tokens are read, the result is that of a fresh prompt, and a training step clears the cache."""
    engine = mlx.load(base, None, LORA)
    first = [0, *engine.tokenizer.encode(["sam: hi\nme:"])[0]]
    longer = [*first, *engine.tokenizer.encode([" ok\nsam: so\nme:"])[0]]
    read = prefilled(engine, monkeypatch)
    assert greedy(engine, first) and read.pop() == len(first) - 1
    continued, tokens_read = greedy(engine, longer), sum(read)
    assert tokens_read < len(longer) - len(first) + 2
    engine.step(batch_of(engine, TEXTS), 0.0)
    read.clear()
    assert greedy(engine, longer) == continued and sum(read) == len(longer) - 1


def prefilled(engine: MlxEngine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list to which every forward pass over more than one token appends their number from now on."""
    read: list[int] = []
    plain = type(engine.model).__call__

    def call(model: Any, tokens: Any, cache: Any = None) -> Any:
        if tokens.shape[1] > 1:
            read.append(tokens.shape[1])
        return plain(model, tokens, cache)

    monkeypatch.setattr(type(engine.model), "__call__", call)
    return read


def greedy(engine: MlxEngine, prompt: list[int]) -> list[int]:
    """Six tokens of greedy decoding."""
    return [step.token for (step,) in generate(engine, [prompt], Sampling(temperature=0, dry_multiplier=0), 6)]


def test_only_factors_are_trained(base: str) -> None:
    """Every linear layer has them, and no weight of the base is trained."""
    engine = mlx.load(base, None, LORA)
    trained = [name for name, _ in tree_flatten(engine.model.trainable_parameters())]
    assert len(trained) == 2 * 7 * len(engine.model.layers)
    assert all(name.endswith(("lora_a", "lora_b")) for name in trained)


def test_it_is_the_default_on_apple_silicon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There MLX runs every base but pocket; elsewhere transformers does."""
    base = str(tiny.pretrained(tmp_path, "qwen3"))
    monkeypatch.setattr(machine, "is_apple_silicon", lambda: True)
    assert (engines.engine_module_of(base), engines.engine_module_of("pocket")) == ("mlx", "llama")
    monkeypatch.setattr(machine, "is_apple_silicon", lambda: False)
    assert engines.engine_module_of(base) == "huggingface"


def test_nested_rotary_settings_are_read(tmp_path: Path) -> None:
    """A Llama with another rotary base than the default has transformers' logits."""
    from transformers import AutoModelForCausalLM

    rope = {"rope_type": "default", "rope_theta": 50.0}
    base = str(tiny.pretrained(tmp_path, "llama", rope_parameters=rope))
    engine = mlx.load(base, None, LORA)
    tokens = [0, *range(2, 40)]
    with torch.no_grad():
        theirs = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)(torch.tensor([tokens])).logits[0]
    ours = np.array(engine.model(mx.array([tokens]))[0])
    assert np.abs(theirs.numpy() - ours).max() < 1e-3 * float(theirs.std())


def test_chunked_logits_change_no_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses and steps are those of all logits at once, scales of logits included, with less than half the memory."""
    base = str(tiny.pretrained(tmp_path, "granite", vocab_size=20_000, logits_scaling=3.0))
    chunked, whole = (mlx.load(base, None, LORA) for _ in range(2))
    assert chunked.head.separable
    whole.head.separable = False
    batch = batch_of(chunked, [text * 3 for text in TEXTS])
    monkeypatch.setattr(mlx_training, "LOGITS_AT_ONCE", 5 * 20_000)
    assert chunked.loss(batch) == pytest.approx(whole.loss(batch), rel=1e-5)
    peaks, losses = [], []
    for engine in (chunked, whole):
        mx.clear_cache()
        mx.reset_peak_memory()
        losses.append([engine.step(batch, 1e-2) for _ in range(3)])
        peaks.append(mx.get_peak_memory())
    assert losses[0] == pytest.approx(losses[1], rel=1e-4) and losses[0][-1] < losses[0][0]
    assert peaks[0] < peaks[1] / 2
