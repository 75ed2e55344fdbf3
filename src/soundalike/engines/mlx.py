"""The engine for Apple silicon: mlx-lm's models, quantizer and LoRA layers, our own step.

mlx-lm's own trainer pads every row, learns the padding and forgets its optimizer, so only its parts are used: packed
windows, weighted targets, clipping, gradients weighed by tokens, all layers, exact resume. On Linux the same code runs
on the processor, slowly. It knows neither text nor time budgets. Source of MLX's functional transforms and lazy
evaluation: ml-explore.github.io/mlx.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
import numpy as np
from mlx.utils import tree_flatten, tree_map, tree_unflatten
from mlx_lm.models.cache import KVCache, LRUPromptCache, RotatingKVCache, make_prompt_cache
from mlx_lm.tuner.lora import LoRALinear
from mlx_lm.tuner.utils import linear_to_lora_layers
from mlx_lm.utils import load_model, quantize_model
from numpy.typing import NDArray

from soundalike import machine
from soundalike.engines.adapter import (
    CONFIG,
    PRECISION_FILE,
    WEIGHTS,
    check_shapes,
    damaged_adapter,
    read_config,
    read_precision,
    require_file,
)
from soundalike.engines.adapter_layouts import flat_rope_config, module_paths, peft_config, to_mlx, to_peft
from soundalike.engines.base_check import check_base
from soundalike.engines.base_files import base_folder, check_window, read_base_config
from soundalike.engines.distributed import MlxGroup, process_group_for, shard
from soundalike.engines.mlx_loss import ChunkedLmHead
from soundalike.engines.mlx_memory import enable_gradient_checkpointing
from soundalike.engines.mlx_streams import MlxStreams, PackedCache
from soundalike.engines.pretrained import read_tokenizer
from soundalike.engines.protocol import Batch
from soundalike.engines.state_check import check_state
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.errors import EngineError, RecipeError
from soundalike.training.base_models import WEIGHTS_SHARE, Precision
from soundalike.training.numerics import Numerics, for_mlx, recorded
from soundalike.training.recipe import Training

MICRO_BATCH_TOKENS = 1_024  # tokens in flight
DEFAULT_MAX_POSITIONS = 32_768  # tokens of a text, where a model does not say how many it reads
CHECKPOINTING_BYTES = 2_000_000_000  # bytes of weights from which activations are computed anew in the backward pass
PROMPT_CACHE_ENTRIES, PROMPT_CACHE_BYTES = 32, 1 << 30  # prompts whose keys and values are kept


class MlxEngine:
    """A base with a low-rank adapter on all linear layers, its weights of the type in `numerics`."""

    def __init__(
        self,
        model: Any,
        tokenizer: FileTokenizer,
        base: str,
        lora: Mapping[str, Any],
        training: Training,
        numerics: Numerics,
    ) -> None:
        self.model, self.tokenizer, self.base, self.training, self.numerics = model, tokenizer, base, training, numerics
        self.lora, self.process_group, self.head = dict(lora), process_group_for(MlxGroup), ChunkedLmHead(model)
        self.max_positions = int(getattr(model.args, "max_position_embeddings", None) or DEFAULT_MAX_POSITIONS)
        given = {"betas": [0.9, 0.95], "weight_decay": training.weight_decay, "bias_correction": True}
        self.optimizer = optim.AdamW(0.0, **given)
        self.optimizer.init(model.trainable_parameters())
        self._gradient = nn.value_and_grad(model, self._loss_of)
        self._forget()

    def _forget(self) -> None:
        """Keys and values of prompts are those of the weights that made them."""
        self._prompts = LRUPromptCache(PROMPT_CACHE_ENTRIES, PROMPT_CACHE_BYTES)

    def step(self, batch: Batch, learning_rate: float) -> float:
        """One update; gives the weighted mean loss in nats a token before it."""
        self._forget()
        weight, total, sums = float(batch.weights.sum()), 0.0, None
        self.model.train()
        for part in self._parts(shard(batch, self.process_group)):
            loss, gradient = self._gradient(part, weight)
            sums = gradient if sums is None else tree_map(mx.add, sums, gradient)
            mx.eval(loss, sums)
            total += loss.item()
        self.model.eval()
        gradient, total = self._together(sums, total)
        clipped, _ = optim.clip_grad_norm(gradient, self.training.clip)
        self.optimizer.learning_rate = learning_rate
        self.optimizer.update(self.model, clipped)
        mx.eval(self.model.trainable_parameters(), self.optimizer.state)
        return total

    def _together(self, gradient: Any, loss: float) -> tuple[Any, float]:
        """Gradient and loss of all processes' shares; one without a share adds nothing."""
        given = gradient or tree_map(mx.zeros_like, self.model.trainable_parameters())
        names, arrays = zip(*tree_flatten(given), strict=True)
        *sums, total = self.process_group.all_reduce([*arrays, mx.array(loss)])
        return tree_unflatten(list(zip(names, sums, strict=True))), float(total.item())

    def loss(self, batch: Batch) -> tuple[float, float]:
        """(sum of weighted loss in nats, sum of weights)."""
        mine = sum(self._loss_of(part, learning=False).item() for part in self._parts(shard(batch, self.process_group)))
        return float(self.process_group.all_reduce([mx.array(mine)])[0].item()), float(batch.weights.sum())

    def _parts(self, batch: Batch) -> list[Batch]:
        return batch.parts(max(1, MICRO_BATCH_TOKENS // batch.tokens.shape[1]))

    def _loss_of(self, batch: Batch, weight: float = 1.0, learning: bool = True) -> mx.array:
        """Sum of weighted nats over `weight`, documents blind to each other."""
        packed = [PackedCache(mx.array(batch.documents))] * len(self.model.layers)
        return self.head.loss(batch, packed, learning) / weight

    def logprobs(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Log-probability of each token given those before it; the first is 0."""
        ids = mx.array([list(tokens)])
        logits = self.model(ids)[:, :-1].astype(mx.float32)
        return np.concatenate(([0.0], -np.array(nn.losses.cross_entropy(logits, ids[:, 1:])[0]))).astype(np.float32)

    def streams(self) -> MlxStreams:
        """No streams yet; prompts that begin as earlier ones did are read from there on."""
        return MlxStreams(self.model, self.max_positions, self.tokenizer.size, self._prompts)

    @contextmanager
    def adapter_off(self) -> Iterator[None]:
        """Within it the engine is the base alone."""
        self._forget()
        layers = [module for module in self.model.modules() if isinstance(module, LoRALinear)]
        scales = [layer.scale for layer in layers]
        try:
            for layer in layers:
                layer.scale = 0.0
            yield
        finally:
            self._forget()
            for layer, scale in zip(layers, scales, strict=True):
                layer.scale = scale

    def _factors(self) -> dict[str, mx.array]:
        return dict(tree_flatten(self.model.trainable_parameters()))

    def save(self, folder: Path) -> None:
        """Write the adapter in PEFT's layout, and in which precision the base was."""
        folder.mkdir(parents=True, exist_ok=True)
        factors = {name: mx.contiguous(factor) for name, factor in to_peft(self._factors()).items()}
        mx.save_safetensors(str(folder / WEIGHTS), factors, {"format": "pt"})
        config = peft_config({"lora_parameters": self.lora}, list(self._factors()), self.base)
        (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", "utf-8")
        (folder / PRECISION_FILE).write_text(json.dumps({"precision": self.numerics.weights}) + "\n", "utf-8")

    def load(self, folder: Path) -> None:
        """Read an adapter that `save`, or peft, wrote; `EngineError` where it belongs to another base."""
        self._forget()
        stored, wanted = to_mlx(_read(folder)), self._factors()
        check_shapes(stored, wanted, folder)
        self._place({name: factor.astype(wanted[name].dtype) for name, factor in stored.items()})

    def _place(self, factors: Mapping[str, mx.array]) -> None:
        self.model.update(tree_unflatten(list(factors.items())))
        mx.eval(self.model.trainable_parameters())

    def state(self) -> dict[str, NDArray[Any]]:
        """The factors and the optimizer's memory of them, as arrays."""
        held = {f"weight/{name}": factor for name, factor in self._factors().items()}
        held |= {f"optimizer/{name}": value for name, value in tree_flatten(self.optimizer.state)}
        return {name: np.array(value) for name, value in held.items()}

    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Put back what `state` gave; `ValueError` for any other."""
        self._forget()
        check_state(state, self.state())
        parts: dict[str, dict[str, mx.array]] = {"weight": {}, "optimizer": {}}
        for path, value in state.items():
            part, _, name = path.partition("/")
            parts[part][name] = mx.array(value)
        self._place(parts["weight"])
        self.optimizer.state = tree_unflatten(list(parts["optimizer"].items()))


def load(
    base: str, adapter: Path | None = None, training: Training | None = None, numerics: Numerics | None = None
) -> MlxEngine:
    """The base named or at the path `base`, with the adapter in `adapter` or a fresh one made as `training` says."""
    training = training or Training(method="lora")
    if training.method != "lora":
        raise RecipeError(f"All weights of {base} cannot be moved by MLX here.", "Train it with --method lora.")
    rank, alpha, keys = training.rank, training.alpha, None
    if adapter is not None:
        told = read_config(adapter)
        rank, alpha, keys = int(told["r"]), float(told["lora_alpha"]), module_paths(_read(adapter))
        training = recorded(training, read_precision(adapter))
    folder = base_folder(base)
    model, numerics = _read_model(folder, numerics or for_mlx(training))
    lora = {"rank": rank, "scale": alpha / rank, "dropout": 0.0, "keys": keys or _linears(model)}
    mx.random.seed(training.seed)
    model.freeze()
    linear_to_lora_layers(model, len(model.layers), lora)
    model.eval()
    engine = MlxEngine(model, read_tokenizer(folder), base, lora, training, numerics)
    if adapter is not None:
        engine.load(adapter)
    else:
        check_window(base, engine.max_positions, training.window)
    return engine


def _read_model(folder: Path, asked: Numerics | None) -> tuple[Any, Numerics]:
    """mlx-lm's model of the base, quantized where asked for or where memory is short, and its number types."""
    told = read_base_config(folder)
    check_base(folder, told)
    try:
        model, config = load_model(folder, lazy=True, model_config=flat_rope_config(told))
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RuntimeError, OSError) as error:
        do = "Take another base: `soundalike doctor` suggests some."
        raise EngineError(f"mlx-lm cannot read the base in {folder}: {error}.", do) from error
    if not all(isinstance(cache, KVCache | RotatingKVCache) for cache in make_prompt_cache(model)):
        raise EngineError(
            f"A {config['model_type']} model keeps a state that packed documents would share.",
            "Take a base with attention only: `soundalike doctor` suggests some.",
        )
    weights = sum(value.nbytes for _, value in tree_flatten(model.parameters()))
    stored = "quantization" in config or "quantization_config" in config
    short = asked is None and weights > WEIGHTS_SHARE * machine.memory()
    if not stored and (short or (asked and asked.weights == "4-bit")):
        model, config = quantize_model(model, config, group_size=64, bits=4)
        stored = True
    halves = not stored and any(value.dtype == mx.float16 for _, value in tree_flatten(model.parameters()))
    if not stored and (asked or halves):  # gradients of fp16 would leave its range
        model.set_dtype(mx.float32 if asked and asked.weights == "fp32" else mx.bfloat16)
    if weights > CHECKPOINTING_BYTES:
        enable_gradient_checkpointing(model.layers)
    mx.eval(model.parameters())
    fp32 = any(value.dtype == mx.float32 for _, value in tree_flatten(model.parameters()))
    held: Precision = "4-bit" if stored else "fp32" if fp32 else "bf16"
    found = "The base is stored in fp16." if halves else "The base is stored so."
    reason = asked.reason if asked else "Memory is short." if short else found
    return model, Numerics(held, "fp32" if fp32 else "bf16", reason)


def _linears(model: Any) -> list[str]:
    """Names, within a layer, of the linear ones."""
    kinds = nn.Linear | nn.QuantizedLinear
    return sorted({name for layer in model.layers for name, m in layer.named_modules() if isinstance(m, kinds)})


def _read(folder: Path) -> dict[str, mx.array]:
    require_file(folder, WEIGHTS)
    try:
        tensors: dict[str, mx.array] = mx.load(str(folder / WEIGHTS))
    except (RuntimeError, ValueError, OSError) as error:
        raise damaged_adapter(folder / WEIGHTS, error) from error
    return tensors
