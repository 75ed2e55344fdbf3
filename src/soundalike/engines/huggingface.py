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

from soundalike.engines import Streams
from soundalike.engines.adam_state import demand_moments, moments, restore
from soundalike.engines.adapter import (
    CONFIG,
    HELD,
    OTHER_BASE,
    WEIGHTS,
    check_shapes,
    damaged,
    read_config,
    read_held,
    read_tensors,
)
from soundalike.engines.causal import Causal, batch_loss, separated
from soundalike.engines.distributed import Accelerated, add_up, crew_for, share
from soundalike.engines.kv_cache import CachedStreams
from soundalike.engines.pretrained import free_memory, parameters, read_model, read_tokenizer, unwarned
from soundalike.engines.scoring import alike, padded
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.engines.weights import check_window, folder_of
from soundalike.errors import EngineError, RecipeError
from soundalike.training.base_models import IN_FLIGHT, Precision
from soundalike.training.numerics import Hardware, Numerics, for_large, recorded
from soundalike.training.packing import Batch
from soundalike.training.recipe import Training

LONGEST = 32_768  # tokens of a text, where a model does not say how many it reads
ROOM = 0.5  # of the free memory that activations may take


class HuggingFaceEngine:
    """A base with an adapter on it. `peft` is the base as peft wraps it, its weights of the type in `numerics`."""

    def __init__(
        self, causal: Causal, peft: Any, tokenizer: FileTokenizer, base: str, training: Training, numerics: Numerics
    ) -> None:
        self.causal, self.peft, self.tokenizer = causal, peft, tokenizer
        self.base, self.training, self.numerics = base, training, numerics
        self.room: float | None = None  # bytes that activations may take; where none are given, half of what is free
        self.crew = crew_for(Accelerated)
        self.reach = int(getattr(causal.model.config.get_text_config(), "max_position_embeddings", None) or LONGEST)
        self.optimizer = _optimizer(self._factors(), numerics.weights, training)

    def step(self, batch: Batch, learning_rate: float) -> float:
        """One update; gives the weighted mean loss in nats a token before it."""
        weight, total = float(batch.weights.sum()), 0.0
        for part in self._parts(share(batch, self.crew)):
            loss = self._loss_of(part) / weight
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        total = add_up(self._factors(), total, self.crew)
        torch.nn.utils.clip_grad_norm_(self._factors(), self.training.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        return total

    @torch.no_grad()
    def loss(self, batch: Batch) -> tuple[float, float]:
        """(sum of weighted loss in nats, sum of weights)."""
        mine = sum(self._loss_of(part).item() for part in self._parts(share(batch, self.crew)))
        return add_up([], mine, self.crew), float(batch.weights.sum())

    def _loss_of(self, batch: Batch) -> Tensor:
        packs = self.causal.packs  # asked of the weights as they are held, before anything is cast
        with self.numerics.autocast(self.causal.device.type):
            return batch_loss(self.causal, batch, packs)

    def _parts(self, batch: Batch) -> list[Batch]:
        most = self._most_tokens
        if self.causal.packs:
            return batch.parts(max(1, most // batch.tokens.shape[1]))
        return list(separated(batch, most))

    @cached_property
    def _most_tokens(self) -> int:
        """Tokens in flight at once. Where not even a window's activations fit, the backward pass makes them again."""
        model, room = self.causal.model, ROOM * free_memory() if self.room is None else self.room
        each = bytes_a_token(self.causal, self.numerics)
        if room < each * self.training.window:
            layers = model.config.get_text_config().num_hidden_layers
            model.activation_checkpointing_enable({"use_reentrant": False})
            model.train()
            hidden = model.config.get_text_config().hidden_size * self.causal.model.dtype.itemsize
            each = layers * hidden + 2 * each / layers
        return int(min(max(room / each, 1), IN_FLIGHT[self.causal.device.type]))

    def logprobs(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Log-probability of each token given those before it; the first is 0."""
        return self.logprobs_of([tokens])[0]

    @torch.no_grad()
    def logprobs_of(self, texts: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """The same for each of many texts."""
        given = [np.zeros(len(text), np.float32) for text in texts]
        for numbers in alike(texts, IN_FLIGHT[self.causal.device.type]):
            ids = torch.from_numpy(padded([texts[number] for number in numbers])).to(self.causal.device)
            hidden = self.causal.read(ids, torch.arange(ids.shape[1], device=ids.device).expand_as(ids))[:, :-1]
            flat = self.causal.logprobs(hidden.flatten(0, 1), ids[:, 1:].flatten())
            for number, row in zip(numbers, flat.view(len(numbers), -1).cpu().numpy(), strict=True):
                given[number][1:] = row[: max(0, len(texts[number]) - 1)]
        return given

    def streams(self) -> Streams:
        """No streams yet."""
        return CachedStreams(self.causal, self.reach, self.tokenizer.size)

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
        (folder / HELD).write_text(json.dumps({"precision": self.numerics.weights}) + "\n", "utf-8")

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
        return self._weights() | moments([self.optimizer])

    def _weights(self) -> dict[str, NDArray[Any]]:
        return {f"weight/{number}": p.detach().cpu().numpy() for number, p in enumerate(self._factors())}

    @torch.no_grad()
    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Put back what `state` gave; `ValueError` for any other."""
        demand_moments([self.optimizer], self._weights(), state)
        for number, p in enumerate(self._factors()):
            p.copy_(torch.from_numpy(np.asarray(state[f"weight/{number}"])))
        restore([self.optimizer], state)


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
        training = recorded(training, read_held(adapter))
    folder = folder_of(base)
    crew_for(Accelerated)  # it says which GPU is this process's
    numerics = numerics or for_large(training, parameters(folder), Hardware.here())
    model = read_model(folder, numerics)
    causal = Causal(model, flat=model.config._attn_implementation == "flash_attention_2")
    torch.manual_seed(training.seed)
    peft = adapted(model, config, adapter)
    engine = HuggingFaceEngine(causal, peft, read_tokenizer(folder), base, training, numerics)
    if adapter is not None:
        engine.load(adapter)
    else:
        check_window(base, engine.reach, training.window)
    return engine


def lora_config(adapter: Path) -> Any:
    """adapter_config.json as peft's; `EngineError` where it describes no adapter of factors."""
    from peft import LoraConfig

    if read_config(adapter)["peft_type"] != "LORA":
        raise EngineError(f"The adapter in {adapter} belongs to another base.", OTHER_BASE)
    try:
        return LoraConfig.from_pretrained(str(adapter))
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise damaged(adapter / CONFIG, error) from error


def adapted(model: Any, config: Any, adapter: Path | None = None) -> Any:
    """The model as peft wraps it; `EngineError` where the config is an `adapter`'s and fits no model."""
    from peft import get_peft_model

    try:
        with unwarned():
            return get_peft_model(model, config)
    except (ValueError, TypeError, LookupError, AttributeError, RuntimeError) as error:
        if adapter is None:
            raise
        raise damaged(adapter / CONFIG, error) from error


def _optimizer(factors: list[nn.Parameter], held: Precision, training: Training) -> torch.optim.Optimizer:
    """AdamW; its memory in 8 bits where the base is in 4, for there memory was short."""
    given: dict[str, Any] = {"lr": 0.0, "betas": (0.9, 0.95), "weight_decay": training.weight_decay}
    if held != "4-bit":
        return torch.optim.AdamW(factors, fused=True, **given)
    optim: Any = import_module("bitsandbytes.optim")
    made: torch.optim.Optimizer = optim.AdamW8bit(factors, **given)
    return made


def bytes_a_token(causal: Causal, numerics: Numerics, tokens: int = 64) -> float:
    """What the backward pass needs of each token of a forward one, measured on a short text."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if not isinstance(tensor, nn.Parameter):
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    ids = torch.zeros(1, tokens, dtype=torch.long, device=causal.device)
    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with torch.enable_grad(), hooks, numerics.autocast(causal.device.type):
        causal.read(ids)
    owned = {p.untyped_storage().data_ptr() for p in (*causal.model.parameters(), *causal.model.buffers())}
    return sum(size for place, size in kept.items() if place not in owned) / tokens
