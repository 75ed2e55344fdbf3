"""The interface between soundalike and a language model: what every engine takes, gives and can do.

Everything here is in token ids and numpy arrays. `tests/engines/test_contract.py` runs one set of tests against every
engine that this machine can load; docs/engines.md shows how to write one.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from soundalike.training.numerics import Numerics

PADDING = -1  # document id of positions that hold no token


class Tokenizer(Protocol):
    """Text to token ids and back. `begin` opens a document, `end` closes it; `size` is the number of ids."""

    begin: int
    end: int
    size: int

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without `begin` and `end`; no text is ever encoded as a special token."""

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """For each text, the (start, stop) characters of each token that `encode` returns."""

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of these tokens; `begin` and `end` decode to nothing."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Packed training windows; every array has shape (windows, length).

    `tokens`: int32 ids. `documents`: int32, equal where two tokens belong to one document, `PADDING` where there is no
    token. `positions`: int32, counted from 0 at each document's start. `weights`: float32, the weight in the loss of
    predicting this token from those before it in its document; 0 at a document's first token and at padding. A negative
    weight makes a token less likely.
    """

    tokens: NDArray[np.int32]
    documents: NDArray[np.int32]
    positions: NDArray[np.int32]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.tokens)

    def take(self, rows: NDArray[np.intp] | slice) -> "Batch":
        """The windows at `rows`, in that order."""
        return Batch(self.tokens[rows], self.documents[rows], self.positions[rows], self.weights[rows])

    def parts(self, rows: int) -> list["Batch"]:
        """The same windows in micro-batches of at most `rows` windows."""
        return [self.take(slice(start, start + rows)) for start in range(0, len(self), rows)]

    @property
    def absolute_weight(self) -> float:
        """The sum of the weights without their signs."""
        return float(np.abs(self.weights).sum())

    @property
    def useful(self) -> int:
        """The number of tokens that are not padding."""
        return int((self.documents != PADDING).sum())


class Streams(Protocol):
    """Sequences that are generated side by side; one may join or leave after any token.

    Rows of `logits` and `logsumexp` are the running streams in the order in which they joined.
    """

    @property
    def logits(self) -> NDArray[np.float32]:
        """Logits of each stream's next token, (streams, vocabulary)."""

    @property
    def logsumexp(self) -> NDArray[np.float32]:
        """Log-sum-exp of each row of `logits`, (streams,); logits minus it are log-probabilities."""

    @property
    def exhausted(self) -> Sequence[int]:
        """Rows whose context is full: they cannot take another token."""

    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Prefill prompts as new streams after the running ones; of a prompt that is too long, its end is read."""

    def advance(self, tokens: Sequence[int]) -> None:
        """Append one token to each stream."""

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these rows, in this order; the memory of the others is freed."""


@runtime_checkable
class Engine(Protocol):
    """A base model, with or without an adapter."""

    @property
    def tokenizer(self) -> Tokenizer:
        """The base's tokenizer."""

    @property
    def numerics(self) -> "Numerics | None":
        """The number types of weights and products; None for an engine that has no weights."""

    def step(self, batch: Batch, learning_rate: float) -> float:
        """Update the adapter by one batch; returns its loss before the update: the weighted sum of nats over the sum of
        the weights without their signs. A batch without any weight changes nothing, and its loss is 0."""

    def loss(self, batch: Batch) -> tuple[float, float]:
        """(sum of weighted loss in nats, sum of weights) of one batch, without an update."""

    def streams(self) -> Streams:
        """An empty set of streams over the model as it is now."""

    def logprobs(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Natural-log probability of each token given those before it, (len(tokens),); that of the first is 0."""

    def adapter_off(self) -> AbstractContextManager[None]:
        """A context in which the engine is the base model alone."""

    def save(self, folder: Path) -> None:
        """Write the adapter into `folder`."""

    def load(self, folder: Path) -> None:
        """Read an adapter that `save` wrote; `EngineError` if it is missing, damaged or of another base."""

    def state(self) -> dict[str, NDArray[Any]]:
        """Named arrays of all that an exact resume needs: the adapter and the optimizer's state."""

    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore what `state` returned; `ValueError` or `LookupError` for arrays of another training."""
