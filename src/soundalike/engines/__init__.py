"""What a model must be able to do for us: tokens in, tokens out.

An engine knows token ids, never names, messages or files of a chat. One file an engine; the contract
test in tests/engines/test_contract.py runs against each that this machine can load.
"""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from soundalike import machine
from soundalike.engines.address import looks_like_one
from soundalike.engines.weights import folder_of, small_llama
from soundalike.errors import BaseModelError
from soundalike.training.packing import Batch, Tokenizer

if TYPE_CHECKING:
    from soundalike.training.numerics import Numerics
    from soundalike.training.recipe import Training


class Streams(Protocol):
    """Texts that a model goes on with side by side; each may come and go at any token."""

    @property
    def logits(self) -> NDArray[np.float32]:
        """(streams, vocabulary) of each stream's next token, in the order in which they joined."""

    @property
    def logsumexp(self) -> NDArray[np.float32]:
        """(streams,): the logarithm of the sum of each row's exponentials, which makes logits log-probabilities."""

    @property
    def spent(self) -> Sequence[int]:
        """The rows that have no place left for a token."""

    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Read prompts, of each the end that fits, as streams after those that run."""

    def advance(self, tokens: Sequence[int]) -> None:
        """Give each stream its next token."""

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these rows only, in this order; the others' memory is free at once."""


@runtime_checkable
class Engine(Protocol):
    """A base model with, perhaps, an adapter on it."""

    @property
    def tokenizer(self) -> Tokenizer:
        """Text to this base's token ids and back."""

    @property
    def numerics(self) -> "Numerics | None":
        """The number types that it computes with; None where it has no weights of its own."""

    def step(self, batch: Batch, learning_rate: float) -> float:
        """Learn from one batch; gives its weighted mean loss in nats a token, measured before the update."""

    def loss(self, batch: Batch) -> tuple[float, float]:
        """(sum of weighted loss in nats, sum of weights) on one batch, learning nothing."""

    def streams(self) -> "Streams":
        """No streams yet; `speech.generate` and `speech.BatchGenerator` draw from them."""

    def logprobs(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Natural-log probability of each token given those before it, shape (len(tokens),); the first is 0."""

    def adapter_off(self) -> AbstractContextManager[None]:
        """Within it the engine is the base model alone."""

    def save(self, folder: Path) -> None:
        """Write the adapter."""

    def load(self, folder: Path) -> None:
        """Read an adapter that `save` wrote; `EngineError` where it belongs to another base."""

    def state(self) -> dict[str, NDArray[Any]]:
        """All that exact resume needs, the adapter included, as named arrays."""

    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Put back what `state` gave."""


def load(
    base: str,
    adapter: Path | None = None,
    training: "Training | None" = None,
    numerics: "Numerics | None" = None,
) -> Engine:
    """The engine that runs `base`, with the adapter in a folder or a fresh one made as `training` says.

    It is imported here and not before. Without `numerics` it chooses them by `training`, environment and machine.
    """
    engine: Engine = import_module(f"soundalike.engines.{room_of(base)}").load(base, adapter, training, numerics)
    return engine


def connect(at: str) -> Engine:
    """The model of the server at an address that a person gave; `EngineError` where nothing answers."""
    from soundalike.engines import remote

    return remote.load(at)


def peak_memory() -> int:
    """Bytes that this process has held at most: of the GPU where it used one, else of the machine."""
    torch: Any = sys.modules.get("torch")
    taken = int(torch.cuda.max_memory_allocated()) if torch and torch.cuda.is_available() else 0
    return taken or machine.peak_memory()


def room_of(base: str) -> str:
    """The module that runs `base`; `BaseModelError` where there is no such base on this machine or the hub.

    A word chain for "markov", "markov-3" and so on, PyTorch for pocket and small models of its kind, else MLX on Apple
    silicon and transformers elsewhere.
    """
    if looks_like_one(base):
        do = "A person names a server, with --at; a base is `pocket`, a folder, or a Hugging Face name."
        raise BaseModelError(f"The base {base[:100]} is an address, and nothing is sent to one that a clone names.", do)
    if base.partition("-")[0] == "markov":
        return "markov"
    if small_llama(folder_of(base)):
        return "torch"
    return "mlx" if machine.is_apple_silicon() and find_spec("mlx_lm") else "huggingface"
