"""The engine for Apple silicon: mlx-lm's models, quantizer, LoRA layers and caches, with a training step of its own.

mlx-lm's trainer is not used: it trains on padding and cannot resume its optimizer. The step here has packed windows,
weighted targets, gradients weighted by tokens, clipping, and exact resume. On Linux the same code runs on the
processor, slowly.
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
from mlx_lm.models.cache import LRUPromptCache
from mlx_lm.tuner.lora import LoRALinear
from mlx_lm.tuner.utils import linear_to_lora_layers
from numpy.typing import NDArray

from soundalike.engines.adapter_files import (
    CONFIG,
    WEIGHTS,
    check_shapes,
    damaged_adapter,
    read_config,
    read_precision,
    require_file,
    write_precision,
)
from soundalike.engines.adapter_layouts import module_paths, peft_config, to_mlx, to_peft
from soundalike.engines.base_files import base_folder, check_window
from soundalike.engines.distributed import MlxGroup, process_group_for, shard
from soundalike.engines.mlx_pretrained import read_model
from soundalike.engines.mlx_streams import MlxStreams
from soundalike.engines.mlx_training import ChunkedLmHead, PackedCache
from soundalike.engines.optimizer_state import check_state
from soundalike.engines.pretrained import read_tokenizer
from soundalike.engines.protocol import Batch
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.errors import RecipeError
from soundalike.training.numerics import Numerics, for_mlx, with_recorded_precision
from soundalike.training.recipe import Training

MICRO_BATCH_TOKENS = 1_024  # tokens per backward pass
DEFAULT_MAX_POSITIONS = 32_768  # for models whose config.json does not state a limit
PROMPT_CACHE_ENTRIES, PROMPT_CACHE_BYTES = 32, 1 << 30


class MlxEngine:
    """A causal language model with a low-rank adapter on all linear layers."""

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
        settings = {"betas": [0.9, 0.95], "weight_decay": training.weight_decay, "bias_correction": True}
        self.optimizer = optim.AdamW(0.0, **settings)
        self.optimizer.init(model.trainable_parameters())
        self._loss_and_gradient = nn.value_and_grad(model, self._loss_of)
        self._clear_prompt_cache()

    def _clear_prompt_cache(self) -> None:
        """Must follow every change of the weights: cached keys and values were computed with them."""
        self._prompts = LRUPromptCache(PROMPT_CACHE_ENTRIES, PROMPT_CACHE_BYTES)

    def step(self, batch: Batch, learning_rate: float) -> float:
        """One update; returns the weighted mean loss before it, in nats per token."""
        weight, total, gradients = batch.absolute_weight, 0.0, None
        if not weight:
            return total
        self._clear_prompt_cache()
        self.model.train()
        for part in self._micro_batches(shard(batch, self.process_group)):
            loss, gradient = self._loss_and_gradient(part, weight)
            gradients = gradient if gradients is None else tree_map(mx.add, gradients, gradient)
            mx.eval(loss, gradients)
            total += loss.item()
        self.model.eval()
        gradients, total = self._all_reduce(gradients, total)
        clipped, _ = optim.clip_grad_norm(gradients, self.training.clip)
        self.optimizer.learning_rate = learning_rate
        self.optimizer.update(self.model, clipped)
        mx.eval(self.model.trainable_parameters(), self.optimizer.state)
        return total

    def _all_reduce(self, gradients: Any, loss: float) -> tuple[Any, float]:
        """Gradients and loss summed over all processes; `gradients` is None for a process without windows."""
        local = gradients or tree_map(mx.zeros_like, self.model.trainable_parameters())
        names, arrays = zip(*tree_flatten(local), strict=True)
        *sums, total = self.process_group.all_reduce([*arrays, mx.array(loss)])
        return tree_unflatten(list(zip(names, sums, strict=True))), float(total.item())

    def loss(self, batch: Batch) -> tuple[float, float]:
        """(sum of weighted loss in nats, sum of weights)."""
        parts = self._micro_batches(shard(batch, self.process_group))
        local = sum(self._loss_of(part, needs_gradient=False).item() for part in parts)
        return float(self.process_group.all_reduce([mx.array(local)])[0].item()), float(batch.weights.sum())

    def _micro_batches(self, batch: Batch) -> list[Batch]:
        return batch.parts(max(1, MICRO_BATCH_TOKENS // batch.tokens.shape[1]))

    def _loss_of(self, batch: Batch, weight: float = 1.0, needs_gradient: bool = True) -> mx.array:
        """Weighted sum of nats, divided by `weight`; attention stays within each document."""
        packed = [PackedCache(mx.array(batch.documents))] * len(self.model.layers)
        return self.head.loss(batch, packed, needs_gradient) / weight

    def logprobs(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Log-probability of each token given those before it, (len(tokens),); that of the first is 0."""
        ids = mx.array([list(tokens)])  # (1, time)
        logits = self.model(ids)[:, :-1].astype(mx.float32)  # (1, time - 1, vocabulary)
        return np.concatenate(([0.0], -np.array(nn.losses.cross_entropy(logits, ids[:, 1:])[0]))).astype(np.float32)

    def streams(self) -> MlxStreams:
        """An empty set of streams; prompts continue from the longest prefix that was prefilled before."""
        return MlxStreams(self.model, self.max_positions, self.tokenizer.size, self._prompts)

    @contextmanager
    def adapter_off(self) -> Iterator[None]:
        """A context in which the engine is the base alone."""
        self._clear_prompt_cache()
        layers = [module for module in self.model.modules() if isinstance(module, LoRALinear)]
        scales = [layer.scale for layer in layers]
        try:
            for layer in layers:
                layer.scale = 0.0
            yield
        finally:
            self._clear_prompt_cache()
            for layer, scale in zip(layers, scales, strict=True):
                layer.scale = scale

    def _factors(self) -> dict[str, mx.array]:
        return dict(tree_flatten(self.model.trainable_parameters()))

    def save(self, folder: Path) -> None:
        """Write the adapter in PEFT's layout, and the number type of the base's weights."""
        folder.mkdir(parents=True, exist_ok=True)
        factors = {name: mx.contiguous(factor) for name, factor in to_peft(self._factors()).items()}
        mx.save_safetensors(str(folder / WEIGHTS), factors, {"format": "pt"})
        config = peft_config({"lora_parameters": self.lora}, list(self._factors()), self.base)
        (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", "utf-8")
        write_precision(folder, self.numerics.weights)

    def load(self, folder: Path) -> None:
        """Read an adapter that `save`, or peft, wrote; `EngineError` if it is missing, damaged or of another base."""
        self._clear_prompt_cache()
        stored, factors = to_mlx(_read_tensors(folder)), self._factors()
        check_shapes(stored, factors, folder)
        self._set_factors({name: factor.astype(factors[name].dtype) for name, factor in stored.items()})

    def _set_factors(self, factors: Mapping[str, mx.array]) -> None:
        self.model.update(tree_unflatten(list(factors.items())))
        mx.eval(self.model.trainable_parameters())

    def state(self) -> dict[str, NDArray[Any]]:
        """The adapter's factors and the optimizer's state."""
        arrays = {f"weight/{name}": factor for name, factor in self._factors().items()}
        arrays |= {f"optimizer/{name}": value for name, value in tree_flatten(self.optimizer.state)}
        return {name: np.array(value) for name, value in arrays.items()}

    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore what `state` returned; `ValueError` for arrays of another training."""
        self._clear_prompt_cache()
        check_state(state, self.state())
        parts: dict[str, dict[str, mx.array]] = {"weight": {}, "optimizer": {}}
        for path, value in state.items():
            part, _, name = path.partition("/")
            parts[part][name] = mx.array(value)
        self._set_factors(parts["weight"])
        self.optimizer.state = tree_unflatten(list(parts["optimizer"].items()))


def load(
    base: str, adapter: Path | None = None, training: Training | None = None, numerics: Numerics | None = None
) -> MlxEngine:
    """The engine for `base`, with the adapter in the folder `adapter` or a new one as `training` describes it.

    `BaseModelError` or `EngineError` if base or adapter cannot be loaded, `RecipeError` if `training` asks for all
    weights to be trained or has windows longer than the base's positions.
    """
    training = training or Training(method="lora")
    if training.method != "lora":
        raise RecipeError(f"All weights of {base} cannot be moved by MLX here.", "Train it with --method lora.")
    rank, alpha, keys = training.rank, training.alpha, None
    if adapter is not None:
        config = read_config(adapter)
        rank, alpha, keys = int(config["r"]), float(config["lora_alpha"]), module_paths(_read_tensors(adapter))
        training = with_recorded_precision(training, read_precision(adapter))
    folder = base_folder(base)
    model, numerics = read_model(folder, numerics or for_mlx(training))
    lora = {"rank": rank, "scale": alpha / rank, "dropout": 0.0, "keys": keys or _linear_paths(model)}
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


def _linear_paths(model: Any) -> list[str]:
    """Paths within a layer, such as `mlp.up_proj`, of all linear layers."""
    kinds = nn.Linear | nn.QuantizedLinear
    return sorted({name for layer in model.layers for name, m in layer.named_modules() if isinstance(m, kinds)})


def _read_tensors(folder: Path) -> dict[str, mx.array]:
    require_file(folder, WEIGHTS)
    try:
        tensors: dict[str, mx.array] = mx.load(str(folder / WEIGHTS))
    except (RuntimeError, ValueError, OSError) as error:
        raise damaged_adapter(folder / WEIGHTS, error) from error
    return tensors
