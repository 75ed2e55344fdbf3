"""The engine for any causal language model of Hugging Face: computed by transformers, adapted by peft.

It trains a low-rank adapter on all linear layers over frozen weights, which are 4-bit where memory is short. Documents
are packed into windows where the model supports that; otherwise each is a row of its own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from soundalike.engines.adapter_files import WEIGHTS, check_shapes, read_precision, read_tensors, write_precision
from soundalike.engines.base_files import base_folder, check_window
from soundalike.engines.causal_lm import CausalLM, batch_loss
from soundalike.engines.distributed import AccelerateGroup, all_reduce_gradients, process_group_for, shard
from soundalike.engines.kv_cache import HuggingFaceStreams
from soundalike.engines.optimizer_state import check_training_state, load_optimizer, optimizer_arrays
from soundalike.engines.peft_adapter import lora_config, with_adapter
from soundalike.engines.pretrained import free_memory, parameters, read_model, read_tokenizer
from soundalike.engines.protocol import Batch, Streams
from soundalike.engines.scoring import group_by_length, pad
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.engines.unpacking import unpack_documents
from soundalike.errors import RecipeError
from soundalike.training.base_models import TOKENS_AT_ONCE, Precision
from soundalike.training.numerics import Hardware, Numerics, for_large, with_recorded_precision
from soundalike.training.recipe import Training

DEFAULT_MAX_POSITIONS = 32_768  # for models whose config.json does not state a limit
ACTIVATION_SHARE = 0.5  # of the free memory


class HuggingFaceEngine:
    """A causal language model with a low-rank adapter.

    `lm` is the model, in whose layers peft has put the adapter; `peft` is peft's wrapper around the same model.
    """

    def __init__(
        self, lm: CausalLM, peft: Any, tokenizer: FileTokenizer, base: str, training: Training, numerics: Numerics
    ) -> None:
        self.lm, self.peft, self.tokenizer = lm, peft, tokenizer
        self.base, self.training, self.numerics = base, training, numerics
        self.activation_bytes: float | None = None  # limit for activations; None for ACTIVATION_SHARE of what is free
        self.process_group = process_group_for(AccelerateGroup)
        positions = getattr(lm.model.config.get_text_config(), "max_position_embeddings", None)
        self.max_positions = int(positions or DEFAULT_MAX_POSITIONS)
        self.optimizer = _optimizer(self.trained_parameters(), numerics.weights, training)

    def trained_parameters(self) -> list[nn.Parameter]:
        """The factors of the adapter."""
        return [p for p in self.peft.parameters() if p.requires_grad]

    def step(self, batch: Batch, learning_rate: float) -> float:
        """One update; returns the weighted mean loss before it, in nats per token."""
        weight, total = batch.absolute_weight, 0.0
        if not weight:
            return total
        for part in self._micro_batches(shard(batch, self.process_group)):
            loss = self._loss_of(part) / weight
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        total = all_reduce_gradients(self.trained_parameters(), total, self.process_group)
        torch.nn.utils.clip_grad_norm_(self.trained_parameters(), self.training.clip)
        for parameter_group in self.optimizer.param_groups:
            parameter_group["lr"] = learning_rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        return total

    @torch.no_grad()
    def loss(self, batch: Batch) -> tuple[float, float]:
        """(sum of weighted loss in nats, sum of weights)."""
        parts = self._micro_batches(shard(batch, self.process_group))
        local = sum(self._loss_of(part).item() for part in parts)
        return all_reduce_gradients([], local, self.process_group), float(batch.weights.sum())

    def _loss_of(self, batch: Batch) -> Tensor:
        packed = self.lm.supports_packing  # measured outside of autocast
        with self.numerics.autocast(self.lm.device.type):
            return batch_loss(self.lm, batch, packed)

    def _micro_batches(self, batch: Batch) -> list[Batch]:
        max_tokens = self._micro_batch_tokens
        if self.lm.supports_packing:
            return batch.parts(max(1, max_tokens // batch.tokens.shape[1]))
        return list(unpack_documents(batch, max_tokens))

    @cached_property
    def _micro_batch_tokens(self) -> int:
        """Tokens per backward pass whose activations fit into memory.

        If not even one window's do, gradient checkpointing is switched on (arXiv 1604.06174).
        """
        model = self.lm.model
        available = ACTIVATION_SHARE * free_memory() if self.activation_bytes is None else self.activation_bytes
        per_token = activation_bytes_per_token(self.lm, self.numerics)
        if available < per_token * self.training.window:
            config = model.config.get_text_config()
            layers = config.num_hidden_layers
            model.activation_checkpointing_enable({"use_reentrant": False})
            model.train()
            per_token = layers * config.hidden_size * model.dtype.itemsize + 2 * per_token / layers
        return int(min(max(available / per_token, 1), TOKENS_AT_ONCE[self.lm.device.type]))

    def logprobs(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Log-probability of each token given those before it, (len(tokens),); that of the first is 0."""
        return self.logprobs_of([tokens])[0]

    @torch.no_grad()
    def logprobs_of(self, texts: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """`logprobs` of each text."""
        logprobs = [np.zeros(len(text), np.float32) for text in texts]
        device = self.lm.device
        for numbers in group_by_length(texts, TOKENS_AT_ONCE[device.type]):
            ids = torch.from_numpy(pad([texts[number] for number in numbers])).to(device)  # (texts, longest)
            positions = torch.arange(ids.shape[1], device=device).expand_as(ids)
            hidden = self.lm.hidden_states(ids, positions)[:, :-1].flatten(0, 1)  # (texts * (longest - 1), hidden)
            rows = self.lm.logprobs(hidden, ids[:, 1:].flatten()).view(len(numbers), -1).cpu().numpy()
            for number, row in zip(numbers, rows, strict=True):
                logprobs[number][1:] = row[: max(0, len(texts[number]) - 1)]
        return logprobs

    def streams(self) -> Streams:
        """An empty set of streams over the model as it is now."""
        return HuggingFaceStreams(self.lm, self.max_positions, self.tokenizer.size)

    @contextmanager
    def adapter_off(self) -> Iterator[None]:
        """A context in which the engine is the base alone."""
        with self.peft.disable_adapter():
            yield

    def save(self, folder: Path) -> None:
        """Write the adapter as peft does, and the number type of the base's weights."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self._adapter(), folder / WEIGHTS, metadata={"format": "pt"})
        config = self.peft.peft_config["default"]
        config.base_model_name_or_path, config.inference_mode = self.base, True
        config.save_pretrained(str(folder))
        config.inference_mode = False
        write_precision(folder, self.numerics.weights)

    def load(self, folder: Path) -> None:
        """Read an adapter that `save`, or peft, wrote; `EngineError` if it is missing, damaged or of another base."""
        from peft import set_peft_model_state_dict

        stored = read_tensors(folder)
        check_shapes(stored, self._adapter(), folder)
        set_peft_model_state_dict(self.peft, stored)

    def _adapter(self) -> dict[str, Tensor]:
        from peft import get_peft_model_state_dict

        tensors = get_peft_model_state_dict(self.peft, save_embedding_layers=False)
        return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}

    def state(self) -> dict[str, NDArray[Any]]:
        """The adapter's factors and the optimizer's state."""
        return self._weights() | optimizer_arrays(self.optimizer)

    def _weights(self) -> dict[str, NDArray[Any]]:
        return {f"weight/{number}": p.detach().cpu().numpy() for number, p in enumerate(self.trained_parameters())}

    @torch.no_grad()
    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore what `state` returned; `ValueError` for arrays of another training."""
        check_training_state(self.optimizer, self._weights(), state)
        for number, p in enumerate(self.trained_parameters()):
            p.copy_(torch.from_numpy(np.asarray(state[f"weight/{number}"])))
        load_optimizer(self.optimizer, state)


def load(
    base: str, adapter: Path | None = None, training: Training | None = None, numerics: Numerics | None = None
) -> HuggingFaceEngine:
    """The engine for `base`, with the adapter in the folder `adapter` or a new one as `training` describes it.

    Without `numerics` the weights' type is the one recorded with the adapter, else chosen by `for_large`.
    `BaseModelError` or `EngineError` if base or adapter cannot be loaded, `RecipeError` if `training` asks for all
    weights to be trained or has windows longer than the base's positions.
    """
    from peft import LoraConfig

    training = training or Training(method="lora")
    if training.method != "lora":
        raise RecipeError(f"All weights of {base} cannot be moved: it is too large.", "Train it with --method lora.")
    sizes: dict[str, Any] = {"r": training.rank, "lora_alpha": training.alpha, "target_modules": "all-linear"}
    config = LoraConfig(**sizes, task_type="CAUSAL_LM")
    if adapter is not None:
        read_tensors(adapter)  # a missing adapter is reported before the base is loaded
        config = lora_config(adapter)
        config.inference_mode = False
        config.base_model_name_or_path = None  # peft would compare the base's name with the path of its folder
        training = with_recorded_precision(training, read_precision(adapter))
    folder = base_folder(base)
    process_group_for(AccelerateGroup)  # sets the GPU of this process
    numerics = numerics or for_large(training, parameters(folder), Hardware.here())
    model = read_model(folder, numerics)
    lm = CausalLM(model, flatten=model.config._attn_implementation == "flash_attention_2")
    torch.manual_seed(training.seed)
    peft = with_adapter(model, config, adapter)
    engine = HuggingFaceEngine(lm, peft, read_tokenizer(folder), base, training, numerics)
    if adapter is not None:
        engine.load(adapter)
    else:
        check_window(base, engine.max_positions, training.window)
    return engine


def _optimizer(parameters: list[nn.Parameter], precision: Precision, training: Training) -> torch.optim.Optimizer:
    """AdamW, with 8-bit state if the base is 4-bit."""
    settings: dict[str, Any] = {"lr": 0.0, "betas": (0.9, 0.95), "weight_decay": training.weight_decay}
    if precision != "4-bit":
        return torch.optim.AdamW(parameters, fused=True, **settings)
    bitsandbytes: Any = import_module("bitsandbytes.optim")
    optimizer: torch.optim.Optimizer = bitsandbytes.AdamW8bit(parameters, **settings)
    return optimizer


def activation_bytes_per_token(lm: CausalLM, numerics: Numerics, tokens: int = 64) -> float:
    """Bytes that a forward pass keeps for the backward pass per token, measured on a text of `tokens` tokens."""
    saved: dict[int, int] = {}  # address of a storage -> its bytes

    def record(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if not isinstance(tensor, nn.Parameter):
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    ids = torch.zeros(1, tokens, dtype=torch.long, device=lm.device)
    hooks = torch.autograd.graph.saved_tensors_hooks(record, lambda tensor: tensor)
    with torch.enable_grad(), hooks, numerics.autocast(lm.device.type):
        lm.hidden_states(ids)
    owned = {p.untyped_storage().data_ptr() for p in (*lm.model.parameters(), *lm.model.buffers())}
    return sum(size for address, size in saved.items() if address not in owned) / tokens
