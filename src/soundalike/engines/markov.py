"""A word chain behind the Engine protocol: the baseline to beat, and the smallest engine there can be.

Takes and gives token ids like every engine, learns by counting, needs no weights. Read it to write an engine:
docs/engines.md walks through it. Knows nothing of names, messages or clone folders.
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
# Every character falls into exactly one token, so that joining the tokens gives the text back.
TOKEN = re.compile(r"\n|\t| ?\w+(?:['’]\w+)*| ?[^\w\s]+|\s")

Context = tuple[int, ...]


class WordTokenizer:
    """Words, each with the space before it; a word not met before gets the next free id."""

    begin, end = 0, 1

    def __init__(self, words: Sequence[str] = ()) -> None:
        self.words = ["", "", *words]
        self.size = len(self.words)
        self._ids = {word: token for token, word in enumerate(self.words) if word}

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without `begin` and `end`."""
        return [[self._id(word) for word in TOKEN.findall(text)] for text in texts]

    def _id(self, word: str) -> int:
        if word not in self._ids:
            self._ids[word] = self.size
            self.words.append(word)
            self.size += 1
        return self._ids[word]

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """For each text, the character span of each token that `encode` gives."""
        return [[match.span() for match in TOKEN.finditer(text)] for text in texts]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of these tokens; `begin` and `end` give nothing."""
        return "".join(self.words[token] for token in tokens)


class MarkovEngine:
    """Guesses the next word from the last `order` words, then from fewer, then from none.

    Each length of context is smoothed by the next shorter one after Witten and Bell (1991): with N words counted
    after a context, T of them different, p(word) = (count(word) + T * p_shorter(word)) / (N + T); the shortest is
    smoothed by the uniform distribution, which is also all that the base knows when the adapter is off.
    """

    def __init__(self, order: int = 2, tokenizer: WordTokenizer | None = None) -> None:
        self.order, self.numerics = order, None
        self.tokenizer = tokenizer or WordTokenizer()
        self._counts: dict[Context, dict[int, float]] = {}
        self._totals: dict[Context, float] = {}
        self._arrays: dict[Context, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}

    def step(self, batch: Batch, learning_rate: float) -> float:
        """Count one batch, a token as much as its weight; gives the mean loss before. A chain has no learning rate."""
        loss, weight = self.loss(batch)
        self._arrays.clear()
        for context, token, share in _examples(batch, self.order):
            for known in _endings(context):
                after = self._counts.setdefault(known, {})
                after[token] = after.get(token, 0.0) + share
                self._totals[known] = self._totals.get(known, 0.0) + share
        return loss / weight if weight else 0.0

    def loss(self, batch: Batch) -> tuple[float, float]:
        """(sum of weighted loss in nats, sum of weights) on one batch."""
        examples = [(share, self._chance(context, token)) for context, token, share in _examples(batch, self.order)]
        return -sum(share * float(np.log(chance)) for share, chance in examples), sum(share for share, _ in examples)

    def streams(self) -> "MarkovStreams":
        """No streams yet."""
        return MarkovStreams(self)

    def logits_after(self, past: Sequence[int]) -> NDArray[np.float32]:
        """Natural-log probability of every token after these, shape (vocabulary,)."""
        made: NDArray[np.float32] = np.log(self._chances(self._context(past)))
        return made

    def logprobs(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Natural-log probability of each token given those before it; the first is 0."""
        starts = [max(0, at - self.order) for at in range(len(tokens))]
        later = [self._chance(tuple(tokens[starts[at] : at]), tokens[at]) for at in range(1, len(tokens))]
        return np.log(np.array([1.0, *later][: len(tokens)], dtype=np.float64)).astype(np.float32)

    @contextmanager
    def adapter_off(self) -> Iterator[None]:
        """Within it nothing has been counted."""
        counts, self._counts = self._counts, {}
        try:
            yield
        finally:
            self._counts = counts

    def save(self, folder: Path) -> None:
        """Write the words and the counts to one file."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_bytes(self._written())

    def load(self, folder: Path) -> None:
        """Read what `save` wrote; `EngineError` where there is nothing to read."""
        try:
            regular_file(folder / FILE)
            self._read((folder / FILE).read_bytes())
        except (UsageError, OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise EngineError(f"{folder / FILE} is not a word chain ({error}).", "Train the clone again.") from error

    def state(self) -> dict[str, NDArray[Any]]:
        """All that resume needs: a chain remembers nothing but its counts."""
        return {"chain": np.frombuffer(self._written(), dtype=np.uint8)}

    def load_state(self, state: dict[str, NDArray[Any]]) -> None:
        """Put back what `state` gave; `ValueError` or `LookupError` for any other."""
        self._read(state["chain"].tobytes())

    def _written(self) -> bytes:
        known = self._counts.items()
        counts = [[context, self._totals[context], list(after), list(after.values())] for context, after in known]
        return json.dumps({"order": self.order, "words": self.tokenizer.words[2:], "counts": counts}).encode()

    def _read(self, written: bytes) -> None:
        chain = json.loads(written)
        rows = [(tuple(context), total, tokens, counts) for context, total, tokens, counts in chain["counts"]]
        _check(chain["order"], chain["words"], rows)
        self.order, self.tokenizer = chain["order"], WordTokenizer(chain["words"])
        self._counts = {context: dict(zip(tokens, counts, strict=True)) for context, _, tokens, counts in rows}
        self._totals = {context: total for context, total, _, _ in rows}
        self._arrays.clear()

    def _context(self, past: Sequence[int]) -> Context:
        return tuple(past[-self.order :]) if self.order else ()

    def _known(self, context: Context) -> Iterator[tuple[Context, float]]:
        """The last 0, 1, 2 ... tokens of `context`, as far as anything was counted after them, each with its N + T."""
        for ending in _endings(context):
            if ending not in self._counts:
                return
            yield ending, self._totals[ending] + len(self._counts[ending])

    def _chance(self, context: Context, token: int) -> float:
        """Probability of `token` after `context`."""
        chance = 1.0 / self.tokenizer.size
        for ending, total in self._known(context):
            after = self._counts[ending]
            chance = (after.get(token, 0.0) + len(after) * chance) / total
        return chance

    def _chances(self, context: Context) -> NDArray[np.float32]:
        """The same for every token at once."""
        chances = np.full(self.tokenizer.size, 1.0 / self.tokenizer.size)
        for ending, total in self._known(context):
            tokens, counts = self._after(ending)
            chances *= len(tokens) / total
            chances[tokens] += counts / total
        return chances.astype(np.float32)

    def _after(self, ending: Context) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        if ending not in self._arrays:
            after = self._counts[ending]
            self._arrays[ending] = np.array(list(after)), np.array(list(after.values()))
        return self._arrays[ending]


class MarkovStreams:
    """Texts that go on side by side: a chain needs nothing of them but their tokens."""

    exhausted: Sequence[int] = ()

    def __init__(self, engine: MarkovEngine) -> None:
        self._engine, self._pasts = engine, list[list[int]]()

    @property
    def logits(self) -> NDArray[np.float32]:
        """(streams, vocabulary) of each stream's next token."""
        return np.stack([self._engine.logits_after(past) for past in self._pasts])

    @property
    def logsumexp(self) -> NDArray[np.float32]:
        """(streams,): nothing, the logits of a chain being log-probabilities."""
        return np.zeros(len(self._pasts), np.float32)

    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Read prompts into streams after those that run."""
        self._pasts += map(list, prompts)

    def advance(self, tokens: Sequence[int]) -> None:
        """Give each stream its next token."""
        for past, token in zip(self._pasts, tokens, strict=True):
            past.append(token)

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these streams only."""
        self._pasts = [self._pasts[row] for row in rows]


def _endings(context: Context) -> Iterator[Context]:
    return (context[at:] for at in range(len(context), -1, -1))


def _examples(batch: Batch, order: int) -> Iterator[tuple[Context, int, float]]:
    """(context, token, weight) for every token that is learned, its context never reaching into another document."""
    for tokens, positions, weights in zip(
        batch.tokens.tolist(), batch.positions.tolist(), batch.weights.tolist(), strict=True
    ):
        for at in np.flatnonzero(weights).tolist():
            yield tuple(tokens[at - min(order, positions[at]) : at]), tokens[at], weights[at]


def _check(order: Any, words: Any, rows: Sequence[tuple[Any, Any, Any, Any]]) -> None:
    """`ValueError` where these cannot be a chain's: words, tokens that there are, counts above 0."""
    if isinstance(order, bool) or not isinstance(order, int) or order < 0:
        raise ValueError(f"its order is {str(order)[:30]}")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("its words are none")
    if not all(tokens for _, _, tokens, _ in rows):
        raise ValueError("it counts nothing after some words")
    tokens = np.array([token for context, _, after, _ in rows for token in (*context, *after)])
    counts = np.array([count for _, total, _, after in rows for count in (total, *after)])
    if rows and not (tokens.dtype.kind == "i" and 0 <= tokens.min() and tokens.max() < len(words) + 2):
        raise ValueError("it counts words that it does not have")
    if rows and not (counts.dtype.kind in "if" and np.isfinite(counts).all() and counts.min() > 0):
        raise ValueError("its counts are none")


def load(
    base: str,
    adapter: Path | None = None,
    training: "Training | None" = None,
    numerics: "Numerics | None" = None,
) -> MarkovEngine:
    """The engine of base "markov", or "markov-3" for a chain of order 3; with the adapter in a folder, if given.

    A chain counts the same however it is trained, and in whatever numbers.
    """
    order = base.partition("-")[2] or "2"
    if not order.isdigit():
        raise EngineError(f"{base!r} is no word chain.", 'Name it "markov" or "markov-3".')
    engine = MarkovEngine(int(order))
    if adapter is not None:
        engine.load(adapter)
    return engine
