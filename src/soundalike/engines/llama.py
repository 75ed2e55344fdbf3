"""The PyTorch engine: one code for processor and CUDA.

Takes token windows, gives losses and tokens. It trains a low-rank adapter or a delta of all weights over a
Llama-shaped base, with products in the type that `numerics` says, and decodes many streams at once.
It knows neither text nor time budgets.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from soundalike.engines import fused
from soundalike.engines.adam_state import check_training_state, load_optimizers, optimizer_arrays
from soundalike.engines.adapter import Adapter, LoraAdapter, WeightDelta, adapter_method, switched_off
from soundalike.engines.auto import base_model_errors
from soundalike.engines.base_check import FETCH_AGAIN, check_base
from soundalike.engines.base_files import base_folder, check_window, read_base_config
from soundalike.engines.data_parallel import ThreadedDataParallel
from soundalike.engines.distributed import AccelerateGroup, all_reduce_gradients, process_group_for, shard
from soundalike.engines.llama_decoder import LlamaDecoder
from soundalike.engines.llama_model import Llama, LlamaConfig
from soundalike.engines.loss import batch_loss
from soundalike.engines.protocol import Batch, Streams
from soundalike.engines.scoring import prefix_trees
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.errors import BaseModelError, EngineError
from soundalike.paths import regular_file
from soundalike.training.numerics import Hardware, Numerics, for_small
from soundalike.training.recipe import Training

MICRO_BATCH_TOKENS = 2_048  # tokens in flight in a lane: activations of a small base stay under half a gigabyte
SCORING_ROW_TOKENS = 512  # read at once to score texts; in longer rows attention costs as much as all else


class LlamaEngine:
    """A Llama-shaped base with an adapter on it."""

    def __init__(
        self,
        model: Llama,
        tokenizer: FileTokenizer,
        adapter: Adapter,
        base: str,
        training: Training,
        numerics: Numerics,
    ) -> None:
        self.model, self.tokenizer, self.adapter, self.base, self.training = model, tokenizer, adapter, base, training
        self.numerics = numerics
        self.device, self.process_group = next(model.parameters()).device, process_group_for(AccelerateGroup)
        parameters = sum(p.numel() for p in model.parameters())
        self.use_fused_decoder = self.device.type == "cpu" and fused.supports(model.shape, parameters)
        self._decoder: LlamaDecoder | fused.FusedDecoder | None = None

    @cached_property
    def optimizer(self) -> torch.optim.Optimizer:
        """AdamW; created only for training, because creating one imports torch's compiler, which takes seconds."""
        parameters, decay = list(self.adapter.parameters().values()), self.training.weight_decay
        return torch.optim.AdamW(parameters, 0.0, betas=(0.9, 0.95), weight_decay=decay, fused=True)

    @cached_property
    def _lanes(self) -> ThreadedDataParallel[Llama]:
        """Made for training only: who speaks needs no twins."""
        return ThreadedDataParallel(self.model, torch.get_num_threads() if self.device.type == "cpu" else 1)

    def step(self, batch: Batch, learning_rate: float) -> float:
        """One update; gives the weighted mean loss in nats a token before it."""
        self._decoder = None
        weight = float(batch.weights.sum())
        parts = self._parts(shard(batch, self.process_group))
        total = self._lanes.gradient(lambda model, part: self._loss_of(model, part) / weight, parts)
        parameters = list(self.adapter.parameters().values())
        total = all_reduce_gradients(parameters, total, self.process_group)
        torch.nn.utils.clip_grad_norm_(parameters, self.training.clip)
        self.optimizer.param_groups[0]["lr"] = learning_rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        return total

    def loss(self, batch: Batch) -> tuple[float, float]:
        """(sum of weighted loss in nats, sum of weights)."""

        def one(part: Batch) -> float:
            with torch.no_grad():  # it holds for a thread
                return self._loss_of(self.model, part).item()

        mine = sum(self._lanes.map(one, self._parts(shard(batch, self.process_group))))
        return all_reduce_gradients([], mine, self.process_group), float(batch.weights.sum())

    def _parts(self, batch: Batch) -> list[Batch]:
        """A part a lane, and more where one would hold more than MICRO_TOKENS."""
        rows = max(1, min(MICRO_BATCH_TOKENS // batch.tokens.shape[1], -(-len(batch) // len(self._lanes.models))))
        return batch.parts(rows)

    def _loss_of(self, model: Llama, batch: Batch) -> Tensor:
        with self.numerics.autocast(self.device.type):  # it holds for a thread
            return batch_loss(model, batch)

    def logprobs(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Log-probability of each token given those before it; the first is 0."""
        return self.logprobs_of([tokens])[0]

    @torch.no_grad()
    def logprobs_of(self, texts: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """The same for each of many texts; what they all begin with is read once for each ROW_TOKENS of the rest."""
        given = [np.zeros(len(text), np.float32) for text in texts]
        for tree in prefix_trees(texts, SCORING_ROW_TOKENS):
            ids, positions = (torch.from_numpy(row).to(self.device)[None] for row in (tree.tokens, tree.positions))
            hidden = self.model(ids, positions, torch.from_numpy(tree.mask).to(self.device)[None, None])[0]
            chances = torch.log_softmax((hidden[tree.before] @ self.model.head.T).float(), dim=-1)
            told = chances.gather(1, ids[0, :, None])[:, 0].cpu().numpy()
            for number, places in zip(tree.numbers, tree.places, strict=True):
                given[number][1:] = told[places][1:]
        return given

    def streams(self) -> Streams:
        """No streams yet, over the model as it is now."""
        if self._decoder is None:
            self._decoder = fused.FusedDecoder(self.adapter) if self.use_fused_decoder else LlamaDecoder(self.adapter)
        return self._decoder.open()

    @contextmanager
    def adapter_off(self) -> Iterator[None]:
        """Within it the engine is the base alone."""
        self._decoder = None
        try:
            with switched_off(self.adapter):
                yield
        finally:
            self._decoder = None  # it was made of the base

    def save(self, folder: Path) -> None:
        """Write the adapter."""
        self.adapter.save(folder, self.base)

    def load(self, folder: Path) -> None:
        """Read an adapter that `save` wrote."""
        self._decoder = None
        self.adapter.load(folder)

    def state(self) -> dict[str, NDArray[Any]]:
        """What moves in training, and the optimizer's memory of it, as arrays."""
        return self._weights() | optimizer_arrays([self.optimizer])

    def _weights(self) -> dict[str, NDArray[Any]]:
        return {f"weight/{name}": p.detach().cpu().numpy() for name, p in self.adapter.parameters().items()}

    @torch.no_grad()
    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Put back what `state` gave; `ValueError` for any other."""
        self._decoder = None
        check_training_state([self.optimizer], self._weights(), state)
        for name, p in self.adapter.parameters().items():
            p.copy_(torch.from_numpy(np.asarray(state[f"weight/{name}"])))
        load_optimizers([self.optimizer], state)


def load(
    base: str, adapter: Path | None = None, training: Training | None = None, numerics: Numerics | None = None
) -> LlamaEngine:
    """The base named or at the path `base`, with the adapter in `adapter` or a fresh one made as `training` says."""
    asked, training = training, training or Training()
    folder = base_folder(base)
    if adapter is not None:
        method, rank, alpha = adapter_method(adapter)
        training = training.model_copy(update={"method": method} | ({"rank": rank, "alpha": alpha} if rank else {}))
    process_group_for(AccelerateGroup)  # it says which GPU is this process's
    torch.manual_seed(training.seed)
    model, tokenizer = read_base(folder)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    made: Adapter = (
        LoraAdapter(model, training.rank, training.alpha) if training.method == "lora" else WeightDelta(model)
    )
    engine = LlamaEngine(model, tokenizer, made, base, training, numerics or for_small(training, Hardware.here()))
    if adapter is not None:
        engine.load(adapter)
    elif asked is not None:  # else nothing is to be learned
        check_window(base, model.shape.max_position_embeddings, asked.window)
    return engine


def read_base(folder: Path) -> tuple[Llama, FileTokenizer]:
    """A Llama-shaped model in fp32 and its tokenizer from a folder in transformers' layout.

    A file that does not have the hash which the folder's SHA256SUMS, where there is one, gives it raises `EngineError`.
    """
    with base_model_errors(folder):
        check_base(folder, read_base_config(folder))
        _verify(folder)
        shape = LlamaConfig.read(folder)
        with torch.device("meta"):
            model = Llama(shape)
        weights = {name: value.float() for name, value in load_file(folder / "model.safetensors").items()}
        model.load_state_dict(weights, assign=True)
        tokenizer = FileTokenizer.read(folder, shape.bos_token_id, shape.eos_token_id)
        if max(tokenizer.size - 1, tokenizer.begin, tokenizer.end) >= shape.vocab_size:
            raise BaseModelError(f"The tokenizer in {folder} has tokens that the model does not know.", FETCH_AGAIN)
        return model, tokenizer


def _verify(folder: Path) -> None:
    """Compare files with the folder's SHA256SUMS (the format of sha256sum: a hash, two blanks, a name)."""
    sums = folder / "SHA256SUMS"
    for line in sums.read_text(encoding="utf-8").splitlines() if sums.exists() else ():
        digest, name = line.split("  ", 1)
        regular_file(folder / name, BaseModelError, FETCH_AGAIN)
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise EngineError(f"{folder / name} is not as it was published.", "Install soundalike again.")
