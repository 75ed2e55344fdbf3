"""The engine for any causal base model of Hugging Face: transformers' arithmetic, peft's adapters.

A low-rank adapter on all linear layers over frozen weights, in 4 bits where memory asks for it. Packed windows where
the model keeps documents apart, a row a document where it does not. It knows neither text nor time budgets.
"""

import json
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

from soundalike.engines.adam_state import check_training_state, load_optimizers, optimizer_arrays
from soundalike.engines.adapter import (
    CONFIG,
    OTHER_BASE_ADVICE,
    PRECISION_FILE,
    WEIGHTS,
    check_shapes,
    damaged_adapter,
    read_config,
    read_precision,
    read_tensors,
)
from soundalike.engines.base_files import base_folder, check_window
from soundalike.engines.causal_lm import CausalLM, batch_loss, unpack_documents
from soundalike.engines.distributed import AccelerateGroup, all_reduce_gradients, process_group_for, shard
from soundalike.engines.kv_cache import HuggingFaceStreams
from soundalike.engines.pretrained import free_memory, parameters, read_model, read_tokenizer, without_future_warnings
from soundalike.engines.protocol import Batch, Streams
from soundalike.engines.scoring import group_by_length, pad
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.errors import EngineError, RecipeError
from soundalike.training.base_models import IN_FLIGHT, Precision
from soundalike.training.numerics import Hardware, Numerics, for_large, recorded
from soundalike.training.recipe import Training

DEFAULT_MAX_POSITIONS = 32_768  # tokens of a text, where a model does not say how many it reads
ACTIVATION_SHARE = 0.5  # of the free memory that activations may take


class HuggingFaceEngine:
    """A base with an adapter on it. `peft` is the base as peft wraps it, its weights of the type in `numerics`."""

    def __init__(
        self, lm: CausalLM, peft: Any, tokenizer: FileTokenizer, base: str, training: Training, numerics: Numerics
    ) -> None:
        self.lm, self.peft, self.tokenizer = lm, peft, tokenizer
        self.base, self.training, self.numerics = base, training, numerics
        self.room: float | None = None  # bytes that activations may take; where none are given, half of what is free
        self.process_group = process_group_for(AccelerateGroup)
        self.max_positions = int(
            getattr(lm.model.config.get_text_config(), "max_position_embeddings", None) or DEFAULT_MAX_POSITIONS
        )
        self.optimizer = _optimizer(self._factors(), numerics.weights, training)

    def step(self, batch: Batch, learning_rate: float) -> float:
        """One update; gives the weighted mean loss in nats a token before it."""
        weight, total = float(batch.weights.sum()), 0.0
        for part in self._parts(shard(batch, self.process_group)):
            loss = self._loss_of(part) / weight
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        total = all_reduce_gradients(self._factors(), total, self.process_group)
        torch.nn.utils.clip_grad_norm_(self._factors(), self.training.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        return total

    @torch.no_grad()
    def loss(self, batch: Batch) -> tuple[float, float]:
        """(sum of weighted loss in nats, sum of weights)."""
        mine = sum(self._loss_of(part).item() for part in self._parts(shard(batch, self.process_group)))
        return all_reduce_gradients([], mine, self.process_group), float(batch.weights.sum())

    def _loss_of(self, batch: Batch) -> Tensor:
        packs = self.lm.packs  # asked of the weights as they are held, before anything is cast
        with self.numerics.autocast(self.lm.device.type):
            return batch_loss(self.lm, batch, packs)

    def _parts(self, batch: Batch) -> list[Batch]:
        most = self._most_tokens
        if self.lm.packs:
            return batch.parts(max(1, most // batch.tokens.shape[1]))
        return list(unpack_documents(batch, most))

    @cached_property
    def _most_tokens(self) -> int:
        """Tokens in flight at once. Where not even a window's activations fit, the backward pass makes them again."""
        model, room = self.lm.model, ACTIVATION_SHARE * free_memory() if self.room is None else self.room
        each = activation_bytes_per_token(self.lm, self.numerics)
        if room < each * self.training.window:
            layers = model.config.get_text_config().num_hidden_layers
            model.activation_checkpointing_enable({"use_reentrant": False})
            model.train()
            hidden = model.config.get_text_config().hidden_size * self.lm.model.dtype.itemsize
            each = layers * hidden + 2 * each / layers
        return int(min(max(room / each, 1), IN_FLIGHT[self.lm.device.type]))

    def logprobs(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Log-probability of each token given those before it; the first is 0."""
        return self.logprobs_of([tokens])[0]

    @torch.no_grad()
    def logprobs_of(self, texts: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """The same for each of many texts."""
        given = [np.zeros(len(text), np.float32) for text in texts]
        for numbers in group_by_length(texts, IN_FLIGHT[self.lm.device.type]):
            ids = torch.from_numpy(pad([texts[number] for number in numbers])).to(self.lm.device)
            hidden = self.lm.read(ids, torch.arange(ids.shape[1], device=ids.device).expand_as(ids))[:, :-1]
            flat = self.lm.logprobs(hidden.flatten(0, 1), ids[:, 1:].flatten())
            for number, row in zip(numbers, flat.view(len(numbers), -1).cpu().numpy(), strict=True):
                given[number][1:] = row[: max(0, len(texts[number]) - 1)]
        return given

    def streams(self) -> Streams:
        """No streams yet."""
        return HuggingFaceStreams(self.lm, self.max_positions, self.tokenizer.size)

    @contextmanager
    def adapter_off(self) -> Iterator[None]:
        """Within it the engine is the base alone."""
        with self.peft.disable_adapter():
            yield

    def save(self, folder: Path) -> None:
        """Write the adapter as peft does, and in which precision the base was."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self._adapter(), folder / WEIGHTS, metadata={"format": "pt"})
        config = self.peft.peft_config["default"]
        config.base_model_name_or_path, config.inference_mode = self.base, True
        config.save_pretrained(str(folder))
        config.inference_mode = False
        (folder / PRECISION_FILE).write_text(json.dumps({"precision": self.numerics.weights}) + "\n", "utf-8")

    def load(self, folder: Path) -> None:
        """Read an adapter that `save`, or peft, wrote."""
        from peft import set_peft_model_state_dict

        stored, wanted = read_tensors(folder), self._adapter()
        check_shapes(stored, wanted, folder)
        set_peft_model_state_dict(self.peft, stored)

    def _adapter(self) -> dict[str, Tensor]:
        from peft import get_peft_model_state_dict

        given = get_peft_model_state_dict(self.peft, save_embedding_layers=False)
        return {name: value.detach().cpu().contiguous() for name, value in given.items()}

    def _factors(self) -> list[nn.Parameter]:
        return [p for p in self.peft.parameters() if p.requires_grad]

    def state(self) -> dict[str, NDArray[Any]]:
        """The factors and the optimizer's memory of them, as arrays."""
        return self._weights() | optimizer_arrays([self.optimizer])

    def _weights(self) -> dict[str, NDArray[Any]]:
        return {f"weight/{number}": p.detach().cpu().numpy() for number, p in enumerate(self._factors())}

    @torch.no_grad()
    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Put back what `state` gave; `ValueError` for any other."""
        check_training_state([self.optimizer], self._weights(), state)
        for number, p in enumerate(self._factors()):
            p.copy_(torch.from_numpy(np.asarray(state[f"weight/{number}"])))
        load_optimizers([self.optimizer], state)


def load(
    base: str, adapter: Path | None = None, training: Training | None = None, numerics: Numerics | None = None
) -> HuggingFaceEngine:
    """The base named or at the path `base`, with the adapter in `adapter` or a fresh one made as `training` says.

    Without `numerics` weights are held as those were over which the adapter was learned, else as `for_large` chooses.
    """
    from peft import LoraConfig

    training = training or Training(method="lora")
    if training.method != "lora":
        raise RecipeError(f"All weights of {base} cannot be moved: it is too large.", "Train it with --method lora.")
    shape: dict[str, Any] = {"r": training.rank, "lora_alpha": training.alpha, "target_modules": "all-linear"}
    config = LoraConfig(**shape, task_type="CAUSAL_LM")
    if adapter is not None:
        read_tensors(adapter)
        config = lora_config(adapter)
        config.inference_mode = False
        config.base_model_name_or_path = None  # peft would compare the base's name with the folder that it lies in
        training = recorded(training, read_precision(adapter))
    folder = base_folder(base)
    process_group_for(AccelerateGroup)  # it says which GPU is this process's
    numerics = numerics or for_large(training, parameters(folder), Hardware.here())
    model = read_model(folder, numerics)
    lm = CausalLM(model, flat=model.config._attn_implementation == "flash_attention_2")
    torch.manual_seed(training.seed)
    peft = with_adapter(model, config, adapter)
    engine = HuggingFaceEngine(lm, peft, read_tokenizer(folder), base, training, numerics)
    if adapter is not None:
        engine.load(adapter)
    else:
        check_window(base, engine.max_positions, training.window)
    return engine


def lora_config(adapter: Path) -> Any:
    """adapter_config.json as peft's; `EngineError` where it describes no adapter of factors."""
    from peft import LoraConfig

    if read_config(adapter)["peft_type"] != "LORA":
        raise EngineError(f"The adapter in {adapter} belongs to another base.", OTHER_BASE_ADVICE)
    try:
        return LoraConfig.from_pretrained(str(adapter))
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise damaged_adapter(adapter / CONFIG, error) from error


def with_adapter(model: Any, config: Any, adapter: Path | None = None) -> Any:
    """The model as peft wraps it; `EngineError` where the config is an `adapter`'s and fits no model."""
    from peft import get_peft_model

    try:
        with without_future_warnings():
            return get_peft_model(model, config)
    except (ValueError, TypeError, LookupError, AttributeError, RuntimeError) as error:
        if adapter is None:
            raise
        raise damaged_adapter(adapter / CONFIG, error) from error


def _optimizer(factors: list[nn.Parameter], held: Precision, training: Training) -> torch.optim.Optimizer:
    """AdamW; its memory in 8 bits where the base is in 4, for there memory was short."""
    given: dict[str, Any] = {"lr": 0.0, "betas": (0.9, 0.95), "weight_decay": training.weight_decay}
    if held != "4-bit":
        return torch.optim.AdamW(factors, fused=True, **given)
    optim: Any = import_module("bitsandbytes.optim")
    made: torch.optim.Optimizer = optim.AdamW8bit(factors, **given)
    return made


def activation_bytes_per_token(lm: CausalLM, numerics: Numerics, tokens: int = 64) -> float:
    """What the backward pass needs of each token of a forward one, measured on a short text."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if not isinstance(tensor, nn.Parameter):
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    ids = torch.zeros(1, tokens, dtype=torch.long, device=lm.device)
    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with torch.enable_grad(), hooks, numerics.autocast(lm.device.type):
        lm.read(ids)
    owned = {p.untyped_storage().data_ptr() for p in (*lm.model.parameters(), *lm.model.buffers())}
    return sum(size for place, size in kept.items() if place not in owned) / tokens
