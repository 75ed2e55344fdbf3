"""A Markov chain of words as an engine: the baseline that a clone has to beat, and the smallest engine possible.

It learns by counting and has no weights. docs/engines.md goes through it as a tutorial on writing an engine.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from soundalike.engines.protocol import Batch
from soundalike.errors import EngineError, UsageError
from soundalike.paths import regular_file

if TYPE_CHECKING:
    from soundalike.training.numerics import Numerics
    from soundalike.training.recipe import Training

FILE = "markov.json"
# Every character falls into exactly one token, so that joining the tokens restores the text.
TOKEN = re.compile(r"\n|\t| ?\w+(?:['’]\w+)*| ?[^\w\s]+|\s")

Context = tuple[int, ...]


class WordTokenizer:
    """Words as tokens, each with the space before it.

    Without `words` the vocabulary grows: a new word gets the next free id. With them it is fixed, and all other words
    share the id `unknown`, which decodes to nothing: what a trained chain is sent takes no memory.
    """

    begin, end = 0, 1

    def __init__(self, words: Sequence[str] | None = None) -> None:
        self._grows = words is None
        self.words = ["", "", *(words or ())]
        if "" not in self.words[2:]:  # as in files of 0.1
            self.words.append("")
        self.unknown, self.size = self.words.index("", 2), len(self.words)
        self._ids = {word: token for token, word in enumerate(self.words) if word}

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without `begin` and `end`."""
        return [[self._id(word) for word in TOKEN.findall(text)] for text in texts]

    def _id(self, word: str) -> int:
        if self._grows and word not in self._ids:
            self._ids[word] = self.size
            self.words.append(word)
            self.size += 1
        return self._ids.get(word, self.unknown)

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """For each text, the (start, stop) characters of each token that `encode` returns."""
        return [[match.span() for match in TOKEN.finditer(text)] for text in texts]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of these tokens; `begin`, `end` and `unknown` decode to nothing."""
        return "".join(self.words[token] for token in tokens)


class MarkovEngine:
    """Predicts the next word from the last `order` words, with Witten-Bell smoothing.

    A context is smoothed with the next shorter one (Witten and Bell 1991): if N words were counted after a context, T
    of them different, p(word) = (count(word) + T * p_shorter(word)) / (N + T). The empty context is smoothed with the
    uniform distribution, which is also the base: all that remains when the adapter is off.
    """

    def __init__(self, order: int = 2, tokenizer: WordTokenizer | None = None) -> None:
        self.order, self.numerics = order, None
        self.tokenizer = tokenizer or WordTokenizer()
        self._counts: dict[Context, dict[int, float]] = {}
        self._totals: dict[Context, float] = {}
        self._arrays: dict[Context, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}  # of _counts, made when needed

    def step(self, batch: Batch, learning_rate: float) -> float:
        """Count a batch, each token by its weight; returns the mean loss before. The learning rate is not used."""
        loss, weight = self.loss(batch)
        self._arrays.clear()
        for context, token, token_weight in _examples(batch, self.order):
            for suffix in _suffixes(context):
                following = self._counts.setdefault(suffix, {})
                following[token] = following.get(token, 0.0) + token_weight
                self._totals[suffix] = self._totals.get(suffix, 0.0) + token_weight
        return loss / weight if weight else 0.0

    def loss(self, batch: Batch) -> tuple[float, float]:
        """(sum of weighted loss in nats, sum of weights)."""
        weighted = [
            (weight, self.probability(context, token)) for context, token, weight in _examples(batch, self.order)
        ]
        return -sum(weight * float(np.log(p)) for weight, p in weighted), sum(weight for weight, _ in weighted)

    def streams(self) -> "MarkovStreams":
        """An empty set of streams."""
        return MarkovStreams(self)

    def logits_after(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Natural-log probability of every token after these, (vocabulary,)."""
        context = tuple(tokens[-self.order :]) if self.order else ()
        logits: NDArray[np.float32] = np.log(self.probabilities(context))
        return logits

    def logprobs(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Natural-log probability of each token given those before it, (len(tokens),); that of the first is 0."""
        starts = [max(0, at - self.order) for at in range(len(tokens))]
        later = [self.probability(tuple(tokens[starts[at] : at]), tokens[at]) for at in range(1, len(tokens))]
        return np.log(np.array([1.0, *later][: len(tokens)], dtype=np.float64)).astype(np.float32)

    @contextmanager
    def adapter_off(self) -> Iterator[None]:
        """A context in which nothing has been counted."""
        counts, self._counts = self._counts, {}
        try:
            yield
        finally:
            self._counts = counts

    def save(self, folder: Path) -> None:
        """Write words and counts into one file."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_bytes(self._to_json())

    def load(self, folder: Path) -> None:
        """Read what `save` wrote; `EngineError` if it is missing or damaged."""
        try:
            regular_file(folder / FILE)
            self._from_json((folder / FILE).read_bytes())
        except (UsageError, OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise EngineError(f"{folder / FILE} is not a word chain ({error}).", "Train the clone again.") from error

    def state(self) -> dict[str, NDArray[Any]]:
        """The file that `save` writes, as bytes: there is no optimizer."""
        return {"chain": np.frombuffer(self._to_json(), dtype=np.uint8)}

    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Restore what `state` returned; `ValueError` or `LookupError` for anything else."""
        self._from_json(state["chain"].tobytes())

    def _to_json(self) -> bytes:
        counts = [
            [context, self._totals[context], list(following), list(following.values())]
            for context, following in self._counts.items()
        ]
        return json.dumps({"order": self.order, "words": self.tokenizer.words[2:], "counts": counts}).encode()

    def _from_json(self, data: bytes) -> None:
        chain = json.loads(data)
        rows = [(tuple(context), total, tokens, counts) for context, total, tokens, counts in chain["counts"]]
        _check(chain["order"], chain["words"], rows)
        self.order, self.tokenizer = chain["order"], WordTokenizer(chain["words"])
        self._counts = {context: dict(zip(tokens, counts, strict=True)) for context, _, tokens, counts in rows}
        self._totals = {context: total for context, total, _, _ in rows}
        self._arrays.clear()

    def _counted_suffixes(self, context: Context) -> Iterator[tuple[Context, float]]:
        """The last 0, 1, 2, ... tokens of `context` as far as anything was counted after them, each with its N + T."""
        for suffix in _suffixes(context):
            if suffix not in self._counts:
                return
            yield suffix, self._totals[suffix] + len(self._counts[suffix])

    def probability(self, context: Context, token: int) -> float:
        """Probability of `token` after `context`."""
        p = 1.0 / self.tokenizer.size
        for suffix, total in self._counted_suffixes(context):
            following = self._counts[suffix]
            p = (following.get(token, 0.0) + len(following) * p) / total
        return p

    def probabilities(self, context: Context) -> NDArray[np.float32]:
        """Probability of every token after `context`, (vocabulary,)."""
        p = np.full(self.tokenizer.size, 1.0 / self.tokenizer.size)
        for suffix, total in self._counted_suffixes(context):
            tokens, counts = self._following(suffix)
            p *= len(tokens) / total
            p[tokens] += counts / total
        return p.astype(np.float32)

    def _following(self, suffix: Context) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        if suffix not in self._arrays:
            following = self._counts[suffix]
            self._arrays[suffix] = np.array(list(following)), np.array(list(following.values()))
        return self._arrays[suffix]


class MarkovStreams:
    """Running streams: the tokens of each."""

    exhausted: Sequence[int] = ()

    def __init__(self, engine: MarkovEngine) -> None:
        self._engine, self._tokens = engine, list[list[int]]()

    @property
    def logits(self) -> NDArray[np.float32]:
        """Logits of each stream's next token, (streams, vocabulary)."""
        return np.stack([self._engine.logits_after(tokens) for tokens in self._tokens])

    @property
    def logsumexp(self) -> NDArray[np.float32]:
        """Zeros (streams,), because the chain's logits are log-probabilities."""
        return np.zeros(len(self._tokens), np.float32)

    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Add prompts as new streams after the running ones."""
        self._tokens += map(list, prompts)

    def advance(self, tokens: Sequence[int]) -> None:
        """Append one token to each stream."""
        for of_stream, token in zip(self._tokens, tokens, strict=True):
            of_stream.append(token)

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these streams, in this order."""
        self._tokens = [self._tokens[row] for row in rows]


def _suffixes(context: Context) -> Iterator[Context]:
    """The last 0, 1, 2, ... tokens of a context."""
    return (context[at:] for at in range(len(context), -1, -1))


def _examples(batch: Batch, order: int) -> Iterator[tuple[Context, int, float]]:
    """(context, token, weight) of every token with a weight; no context reaches into another document."""
    rows = zip(batch.tokens.tolist(), batch.positions.tolist(), batch.weights.tolist(), strict=True)
    for tokens, positions, weights in rows:
        for at in np.flatnonzero(weights).tolist():
            yield tuple(tokens[at - min(order, positions[at]) : at]), tokens[at], weights[at]


def _check(order: Any, words: Any, rows: Sequence[tuple[Any, Any, Any, Any]]) -> None:
    """`ValueError` unless these are an order, words, and positive counts of known tokens."""
    if isinstance(order, bool) or not isinstance(order, int) or order < 0:
        raise ValueError(f"its order is {str(order)[:30]}")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("its words are no list of texts")
    if not all(tokens for _, _, tokens, _ in rows):
        raise ValueError("it counts nothing after some words")
    tokens = np.array([token for context, _, following, _ in rows for token in (*context, *following)])
    counts = np.array([count for _, total, _, numbers in rows for count in (total, *numbers)])
    if rows and not (tokens.dtype.kind == "i" and 0 <= tokens.min() and tokens.max() < len(words) + 2):
        raise ValueError("it counts words that it does not have")
    if rows and not (counts.dtype.kind in "if" and np.isfinite(counts).all() and counts.min() > 0):
        raise ValueError("its counts are no positive numbers")


def load(
    base: str,
    adapter: Path | None = None,
    training: "Training | None" = None,
    numerics: "Numerics | None" = None,
) -> MarkovEngine:
    """The engine for "markov", of order 2, or "markov-3", with the adapter in the folder `adapter` if there is one.

    `training` and `numerics` are not used. `EngineError` for another base, or if the adapter cannot be loaded.
    """
    order = base.partition("-")[2] or "2"
    if not order.isdigit():
        raise EngineError(f"{base!r} is no word chain.", 'Name it "markov" or "markov-3".')
    engine = MarkovEngine(int(order))
    if adapter is not None:
        engine.load(adapter)
    return engine
