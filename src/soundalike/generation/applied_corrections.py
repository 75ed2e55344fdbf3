"""What corrections change in the very next replies, before anything is trained on them.

A rejected line of three words or more is never said again. N-grams of 1 to 4 tokens of rejected lines become less
likely, in comparison with how the owner writes:

    nats = log((rejected + s) / (expected + chosen + s)), at most MOST, left out below FEWEST

`rejected` and `chosen` count the lines with the n-gram, `expected` is how many of as many messages of the owner's would
have it, and s (SMOOTHING) is larger for a shorter n-gram, which says less: a single word is lowered from the second
rejection on. What the owner says as often stays as it is, and so does everything that no rejected line has.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from soundalike.clone import corrections
from soundalike.clone.corrections import Correction
from soundalike.engines.protocol import Tokenizer
from soundalike.generation.guards.rejected_lines import RejectedLines
from soundalike.generation.sampling import SequenceBias
from soundalike.prompt_template import normalise

if TYPE_CHECKING:
    from soundalike.clone import Clone

SMOOTHING = {1: 4.0, 2: 2.0, 3: 1.0, 4: 0.5}  # by the length of an n-gram in tokens
MOST, FEWEST = 3.0, 0.3  # nats
OWN_MESSAGES = 4_000  # of the owner's messages that are counted, spread evenly over all


class AppliedCorrections:
    """The corrections of one voice: `bias` and `lines` follow from them. With a `clone` they are kept in its folder.

    `tagged` says whether lines bear names, so that a message follows a space.
    """

    def __init__(self, tokenizer: Tokenizer, tagged: bool = True, clone: "Clone | None" = None) -> None:
        self.clone = clone
        self.kept = corrections.read(clone) if clone else []
        self.bias, self.lines = SequenceBias({}), RejectedLines()
        self._tokenizer, self._tagged, self._lock = tokenizer, tagged, Lock()
        self._apply()

    def add(self, correction: Correction) -> None:
        """Keep a correction and apply it; `CloneError`, and nothing changes, where it cannot be written."""
        with self._lock:
            if self.clone:
                corrections.append(self.clone, correction)
            self.kept = [*self.kept, correction]
            self._apply()

    def _apply(self) -> None:
        pairs = corrections.merged(self.kept)
        rejected = [line for pair in pairs for line in pair.rejected]
        chosen = [line for pair in pairs for line in pair.chosen]
        self.lines = RejectedLines(rejected, chosen)
        if rejected:
            counts = Counter(_ngrams(self._encode(rejected)))
            self.bias = SequenceBias(
                _nats(counts, Counter(_ngrams(self._encode(chosen))), self._expected(counts, len(rejected)))
            )

    def _encode(self, lines: Sequence[str]) -> list[list[int]]:
        """Tokens of each line as they follow in the template, after the line break before it."""
        space = " " * self._tagged
        newline, *texts = self._tokenizer.encode(
            ["\n", *(space + normalise(line).replace("\n", "\n\t") for line in lines)]
        )
        return [[*newline, *tokens] for tokens in texts]

    @cached_property
    def _own(self) -> list[list[int]]:
        """Tokens of the owner's messages, none where the clone has no messages."""
        if self.clone is None or not self.clone.messages_path.exists():
            return []
        import polars as pl

        mine = self.clone.messages(["me", "text"]).filter(pl.col("me"))["text"]
        return self._encode(mine.gather_every(max(1, len(mine) // OWN_MESSAGES)).to_list())

    def _expected(self, wanted: Counter[tuple[int, ...]], lines: int) -> dict[tuple[int, ...], float]:
        """N-gram -> how many of `lines` messages of the owner's have it."""
        own = Counter(ngram for ngram in _ngrams(self._own) if ngram in wanted)
        return {ngram: lines * count / len(self._own) for ngram, count in own.items()}


def _ngrams(lines: Iterable[Sequence[int]]) -> Iterable[tuple[int, ...]]:
    """The n-grams of each line, each once a line; none that ends with its line break."""
    for tokens in lines:
        yield from {
            tuple(tokens[end - size : end]) for size in SMOOTHING for end in range(max(2, size), len(tokens) + 1)
        }


def _nats(
    rejected: Counter[tuple[int, ...]], chosen: Counter[tuple[int, ...]], expected: dict[tuple[int, ...], float]
) -> dict[tuple[int, ...], float]:
    found = {}
    for ngram, count in rejected.items():
        s = SMOOTHING[len(ngram)]
        nats = math.log((count + s) / (expected.get(ngram, 0.0) + chosen[ngram] + s))
        if nats >= FEWEST:
            found[ngram] = min(nats, MOST)
    return found
