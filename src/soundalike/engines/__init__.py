"""What a model must be able to do for us: tokens in, tokens out.

An engine knows token ids, never names, messages or files of a chat. One file an engine; the contract
test in tests/engines/test_contract.py runs against each that this machine can load.
"""

from collections.abc import Collection, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from soundalike.packing import Batch, Tokenizer
from soundalike.sampling import Sampling

if TYPE_CHECKING:
    from soundalike.recipe import Training


@dataclass(frozen=True, slots=True)
class Step:
    """One token drawn for one prompt.

    `stream` is the prompt's index, `token` the id drawn, `logprob` its natural-log probability under the
    model before any sampling rule touched it.
    """

    stream: int
    token: int
    logprob: float


@runtime_checkable
class Engine(Protocol):
    """A base model with, perhaps, an adapter on it."""

    @property
    def tokenizer(self) -> Tokenizer:
        """Text to this base's token ids and back."""

    def step(self, batch: Batch, learning_rate: float) -> float:
        """Learn from one batch; gives its weighted mean loss in nats a token, measured before the update."""

    def loss(self, batch: Batch) -> tuple[float, float]:
        """(sum of weighted loss in nats, sum of weights) on one batch, learning nothing."""

    def generate(
        self, prompts: Sequence[Sequence[int]], sampling: Sampling, max_tokens: int
    ) -> Generator[list[Step], Collection[int] | None, None]:
        """Continue many prompts at once.

        Each item holds one Step for every stream still running. A stream ends after `max_tokens`, after it
        has drawn the end-of-text token (which is given), or when the caller sends its index into the
        generator: `stream.send({index, ...})` stops those streams at once and frees their place.
        """

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


def load(base: str, adapter: Path | None = None, training: "Training | None" = None) -> Engine:
    """The engine that runs `base`, with the adapter in a folder or a fresh one made as `training` says.

    A word chain for "markov" and "markov-3" and so on, else PyTorch; it is imported here and not before.
    """
    room = "markov" if base.partition("-")[0] == "markov" else "torch"
    engine: Engine = import_module(f"soundalike.engines.{room}").load(base, adapter, training)
    return engine
