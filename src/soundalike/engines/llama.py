"""The engine for pocket and other small Llama models, on processors and GPUs.

It trains a low-rank adapter or all weights, with the model in `llama_model`, and generates with `fused` where that is
available and fastest, else with `llama_decoder`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from soundalike.engines import fused, fused_library, fused_scoring, smollm2
from soundalike.engines.adapter import Adapter, LoraAdapter, WeightDelta
from soundalike.engines.adapter_files import adapter_settings
from soundalike.engines.auto import base_model_errors
from soundalike.engines.base_check import FETCH_AGAIN, check_base
from soundalike.engines.base_files import base_folder, check_window, read_base_config
from soundalike.engines.checksums import changed_file
from soundalike.engines.data_parallel import ThreadedDataParallel
from soundalike.engines.distributed import AccelerateGroup, all_reduce_gradients, process_group_for, shard
from soundalike.engines.llama_decoder import LlamaDecoder
from soundalike.engines.llama_model import Llama, LlamaConfig
from soundalike.engines.loss import batch_loss
from soundalike.engines.optimizer_state import check_training_state, load_optimizer, optimizer_arrays
from soundalike.engines.protocol import Batch, Streams
from soundalike.engines.scoring import PrefixTree, prefix_trees
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.errors import BaseModelError, EngineError
from soundalike.training.base_models import ModelShape
from soundalike.training.numerics import Hardware, Numerics, for_small
from soundalike.training.recipe import Training

SCORING_ROW_TOKENS = 512  # tokens per row when texts are scored; in longer rows attention costs as much as all the rest


class LlamaEngine:
    """A small Llama model with an adapter."""

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
        self.use_fused_decoder = self.device.type == "cpu" and fused_library.supports(model.config, parameters)
        shape = ModelShape.read(model.config.to_dict())
        self._replica_tokens = shape.replica_tokens(numerics.compute, training.num_layers) if shape else 0
        self._decoder: LlamaDecoder | fused.FusedDecoder | None = None  # of the weights as they are now

    @cached_property
    def optimizer(self) -> torch.optim.Optimizer:
        """AdamW; created only for training, because creating one imports torch's compiler, which takes seconds."""
        parameters, decay = list(self.adapter.parameters().values()), self.training.weight_decay
        return torch.optim.AdamW(parameters, 0.0, betas=(0.9, 0.95), weight_decay=decay, fused=True)

    @cached_property
    def _parallel(self) -> ThreadedDataParallel[Llama]:
        """Created only for training and scoring: generation has threads of its own."""
        count = torch.get_num_threads() if self.device.type == "cpu" else 1
        products = torch.bfloat16 if self.numerics.compute == "bf16" else torch.float32
        return ThreadedDataParallel(self.model, count, products)

    def step(self, batch: Batch, learning_rate: float) -> float:
        """One update; returns the weighted mean loss before it, in nats per token."""
        weight = batch.absolute_weight
        if not weight:
            return 0.0
        self._decoder = None  # its memory is needed
        parts = self._micro_batches(shard(batch, self.process_group))
        total = self._parallel.gradient(lambda model, part: batch_loss(model, part) / weight, parts)
        parameters = list(self.adapter.parameters().values())
        total = all_reduce_gradients(parameters, total, self.process_group)
        torch.nn.utils.clip_grad_norm_(parameters, self.training.clip)
        self.optimizer.param_groups[0]["lr"] = learning_rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        self._weights_changed()
        return total

    def loss(self, batch: Batch) -> tuple[float, float]:
        """(sum of weighted loss in nats, sum of weights)."""
        model = self._parallel.compute_model

        def loss_of(part: Batch) -> float:
            with torch.no_grad():  # thread-local
                return batch_loss(model, part).item()

        local = sum(self._parallel.map(loss_of, self._micro_batches(shard(batch, self.process_group))))
        return all_reduce_gradients([], local, self.process_group), float(batch.weights.sum())

    def _micro_batches(self, batch: Batch) -> list[Batch]:
        """One for each replica, or more if activations would take too much memory; at least a window each."""
        each = -(-len(batch) // self._parallel.count)
        return batch.parts(max(1, min(self._replica_tokens // batch.tokens.shape[1], each)))

    def _weights_changed(self) -> None:
        """What was made from the weights is made anew when it is needed."""
        self._decoder = None
        if "_parallel" in vars(self):
            self._parallel.weights_changed()

    def logprobs(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Log-probability of each token given those before it, (len(tokens),), in fp32; that of the first is 0."""
        return self._logprobs_of_rows([tokens])[0]

    def logprobs_of(self, texts: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """`logprobs` of each text, where possible through fused.c, whose weights have fewer bits."""
        decoder = self._current_decoder() if self.use_fused_decoder else None
        if isinstance(decoder, fused.FusedDecoder):
            return fused_scoring.logprobs_of(decoder, texts)
        return self._logprobs_of_rows(texts)

    def _logprobs_of_rows(self, texts: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """Through PyTorch. The beginning that all share is computed once per SCORING_ROW_TOKENS of the rest."""
        logprobs = [np.zeros(len(text), np.float32) for text in texts]
        trees = list(prefix_trees(texts, SCORING_ROW_TOKENS))
        for tree, of_tokens in zip(trees, self._parallel.map(self._tree_logprobs, trees), strict=True):
            for number, places in zip(tree.numbers, tree.places, strict=True):
                logprobs[number][1:] = of_tokens[places][1:]
        return logprobs

    @torch.no_grad()  # thread-local
    def _tree_logprobs(self, tree: PrefixTree) -> NDArray[np.float32]:
        """(length,): the log-probability of each token given those that it sees, in nats."""
        ids, positions = (torch.from_numpy(row).to(self.device)[None] for row in (tree.tokens, tree.positions))
        mask = torch.from_numpy(tree.mask).to(self.device)[None, None]  # (1, 1, length, length)
        hidden = self.model(ids, positions, mask)[0]  # (length, hidden)
        all_logprobs = torch.log_softmax((hidden[tree.before] @ self.model.lm_head.T).float(), dim=-1)
        of_tokens: NDArray[np.float32] = all_logprobs.gather(1, ids[0, :, None])[:, 0].cpu().numpy()
        return of_tokens

    def streams(self) -> Streams:
        """An empty set of streams over the model as it is now."""
        return self._current_decoder().streams()

    def _current_decoder(self) -> LlamaDecoder | fused.FusedDecoder:
        """The decoder of the weights as they are now."""
        if self._decoder is None:
            self._decoder = fused.FusedDecoder(self.adapter) if self.use_fused_decoder else LlamaDecoder(self.adapter)
        return self._decoder

    @contextmanager
    def adapter_off(self) -> Iterator[None]:
        """A context in which the engine is the base alone."""
        try:
            with self.adapter.disabled():
                self._weights_changed()
                yield
        finally:
            self._weights_changed()

    def save(self, folder: Path) -> None:
        """Write the adapter."""
        self.adapter.save(folder, self.base)

    def load(self, folder: Path) -> None:
        """Read an adapter that `save` wrote; `EngineError` if it is missing, damaged or of another base."""
        self.adapter.load(folder)
        self._weights_changed()

    def state(self) -> dict[str, NDArray[Any]]:
        """The trained weights and the optimizer's state."""
        return self._weights() | optimizer_arrays(self.optimizer)

    def _weights(self) -> dict[str, NDArray[Any]]:
        return {f"weight/{name}": p.detach().cpu().numpy() for name, p in self.adapter.parameters().items()}

    @torch.no_grad()
    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore what `state` returned; `ValueError` for arrays of another training."""
        check_training_state(self.optimizer, self._weights(), state)
        for name, p in self.adapter.parameters().items():
            p.copy_(torch.from_numpy(np.asarray(state[f"weight/{name}"])))
        load_optimizer(self.optimizer, state)
        self._weights_changed()


def load(
    base: str, adapter: Path | None = None, training: Training | None = None, numerics: Numerics | None = None
) -> LlamaEngine:
    """The engine for `base`, with the adapter in the folder `adapter` or a new one as `training` describes it.

    `BaseModelError` or `EngineError` if base or adapter cannot be loaded, `RecipeError` if `training` has windows
    longer than the base's positions.
    """
    will_train, training = adapter is None and training is not None, training or Training()
    folder = base_folder(base)
    if adapter is not None:
        training = training.model_copy(update=adapter_settings(adapter))
    process_group_for(AccelerateGroup)  # sets the GPU of this process
    torch.manual_seed(training.seed)
    model, tokenizer = read_base(folder)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    lora = training.method == "lora"
    change: Adapter
    change = LoraAdapter(model, training.rank, training.alpha) if lora else WeightDelta(model, training.num_layers)
    engine = LlamaEngine(model, tokenizer, change, base, training, numerics or for_small(training, Hardware.here()))
    if adapter is not None:
        engine.load(adapter)
    elif will_train:
        check_window(base, model.config.max_position_embeddings, training.window)
    return engine


def read_base(folder: Path) -> tuple[Llama, FileTokenizer]:
    """The model, in fp32, and the tokenizer in a folder of transformers' layout.

    `BaseModelError` if the folder cannot be read; `EngineError` if a file differs from its hash in the folder's
    SHA256SUMS.
    """
    with base_model_errors(folder):
        check_base(folder, read_base_config(folder))
        _verify_checksums(folder)
        config = LlamaConfig.read(folder)
        with torch.device("meta"):
            model = Llama(config)
        weights = {name: value.float() for name, value in load_file(folder / "model.safetensors").items()}
        model.load_state_dict(weights, assign=True)
        tokenizer = FileTokenizer.read(folder, config.bos_token_id, config.eos_token_id)
        if max(tokenizer.size - 1, tokenizer.begin, tokenizer.end) >= config.vocab_size:
            what = f"The tokenizer in {folder} has tokens for which the model has no embedding."
            raise BaseModelError(what, FETCH_AGAIN)
        return model, tokenizer


def _verify_checksums(folder: Path) -> None:
    """Compare files with the folder's SHA256SUMS, if there is one."""
    if (changed := changed_file(folder)) is not None:
        here = folder == smollm2.converted_folder()
        do = f"Convert it anew: {smollm2.ADD}" if here else "Install soundalike, or fetch the base, again."
        raise EngineError(f"{changed} is not as it was published.", do)
