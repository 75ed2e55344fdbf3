"""How a token is chosen: temperature, the cuts (top-p, top-k, min-p), DRY, and one seed for it all.

Takes logits and what each stream has read so far, gives one token a stream with its log-probability under
the raw model. Knows numpy only: no text, no model; of words only which tokens make them, by `Letters`. Every rule
works on its own row, so that what stream i draws does not depend on which streams run beside it.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from soundalike.errors import EngineError, RecipeError

Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]
Drawn: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float32]]

DRY_LONGEST = 50  # p-e-w's own bound on a match; without it base ** length leaves the floats
DRY_RANGE = 1024  # tokens of a prompt that DRY looks back on
BLOCK = 64
NONE = -1
SURE = 1.0001  # what all tokens hold, and a little for rounding
TRIES = 8  # draws from all tokens in search of one that the cuts keep, before they are sorted


@dataclass(frozen=True, slots=True)
class Sampling:
    """The knobs of one reply. A knob at its neutral value does nothing; `RecipeError` where one is out of range.

    `temperature` divides the logits that the cuts kept; 0 takes the likeliest token.
    `top_p` (1 is neutral), `top_k` (0 is neutral), `min_p` (0 is neutral) and `word_p` (0 is neutral) cut, see `draw`.
    `seed` makes draws repeatable; stream i draws from a generator seeded with (seed, streams[i]), where
    `streams` left empty means 0, 1, 2 ...
    `dry_multiplier` (0 is neutral), `dry_base`, `dry_allowed_length` are DRY's, see `Repeats`; `dry_skip`
    are token sequences that it reads as if they were not there, `dry_spare` tokens that it never punishes.
    """

    temperature: float = 1.0
    top_p: float = 0.99
    top_k: int = 0
    min_p: float = 0.0
    word_p: float = 0.02
    seed: int | None = None
    dry_multiplier: float = 0.8
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    dry_skip: tuple[tuple[int, ...], ...] = ()
    dry_spare: tuple[int, ...] = ()
    streams: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _demand(self.temperature >= 0, "temperature", self.temperature, "0 or more")
        _demand(0 < self.top_p <= 1, "top_p", self.top_p, "above 0, at most 1")
        _demand(self.top_k >= 0, "top_k", self.top_k, "0 or more")
        _demand(0 <= self.min_p <= 1, "min_p", self.min_p, "between 0 and 1")
        _demand(0 <= self.word_p <= 1, "word_p", self.word_p, "between 0 and 1")
        _demand(self.seed is None or self.seed >= 0, "seed", self.seed, "0 or more")
        _demand(self.dry_multiplier >= 0, "dry_multiplier", self.dry_multiplier, "0 or more")
        _demand(self.dry_base >= 1, "dry_base", self.dry_base, "1 or more")
        _demand(self.dry_allowed_length >= 1, "dry_allowed_length", self.dry_allowed_length, "1 or more")


def _demand(holds: bool, name: str, value: float | None, allowed: str) -> None:
    if not holds:
        raise RecipeError(f"The sampling setting {name} is {value}.", f"Give {name} a value of {allowed}.")


@dataclass(frozen=True, slots=True, eq=False)
class Letters:
    """Which tokens of a vocabulary make words, each bool (vocabulary,).

    `on` are those that begin with a letter and no space: after a token of `open`, which end with one, they go on with
    its word.
    """

    on: Mask
    open: Mask

    def padded(self, size: int) -> "Letters":
        """For a model that has more ids than its tokenizer: the others are no letters."""
        more = (0, max(0, size - self.on.size))
        return Letters(np.pad(self.on, more), np.pad(self.open, more)) if more[1] else self


class Repeats:
    """What one stream has read and drawn, and each earlier place that its end repeats.

    DRY ("don't repeat yourself", p-e-w, text-generation-webui pull request 5677): where the last n tokens also
    stand earlier, the token that followed them there is the one that would carry the repeat on, and its logit
    loses multiplier * base ** (n - allowed_length) once n reaches allowed_length. The original starts matching
    anew at a newline, a colon, a quote or a star, and so never sees a whole line said again and again; here
    nothing breaks a match. `dry_skip` holds the `name:` that opens every line: counted, it would lengthen
    every match, and breaking on it would be the newline's mistake again, so it is read through.

    One `append` costs as much as its token has earlier places, whatever the length of the history.
    """

    __slots__ = ("_matches", "_multiplier", "_places", "_sampling", "_skips", "_tokens", "_trail")

    def __init__(self, tokens: Sequence[int], sampling: Sampling) -> None:
        self._sampling = sampling
        self._multiplier = sampling.dry_multiplier
        self._tokens: list[int] = []
        self._places: dict[int, list[int]] = {}
        self._matches: dict[int, int] = {}  # place -> how many tokens up to there equal those up to the end
        self._skips: dict[int, list[list[int]]] = {}
        for sequence in sorted(sampling.dry_skip, key=len, reverse=True):
            self._skips.setdefault(sequence[-1], []).append(list(sequence))
        longest = max(map(len, sampling.dry_skip), default=0)
        self._trail: deque[dict[int, int]] = deque(maxlen=longest)
        for token in tokens[-DRY_RANGE:]:
            self.append(token)

    def append(self, token: int) -> None:
        """Take in the stream's next token."""
        if not self._multiplier:
            return
        matches, places = self._matches, self._places.setdefault(token, [])
        self._trail.append(matches)
        self._matches = {at: matches.get(at - 1, 0) + 1 for at in places}
        places.append(len(self._tokens))
        self._tokens.append(token)
        for sequence in self._skips.get(token, ()):
            if len(self._trail) >= len(sequence) and self._tokens[-len(sequence) :] == sequence:
                self._forget(len(sequence))
                break

    def _forget(self, count: int) -> None:
        for token in self._tokens[-count:]:
            self._places[token].pop()
        del self._tokens[-count:]
        self._matches = [self._trail.pop() for _ in range(count)][-1]

    def penalties(self) -> dict[int, float]:
        """What each token's logit loses now, in nats."""
        knobs, longest = self._sampling, dict[int, int]()
        for at, length in self._matches.items():
            if length >= knobs.dry_allowed_length:
                token = self._tokens[at + 1]
                longest[token] = max(longest.get(token, 0), min(length, DRY_LONGEST))
        return {
            token: self._multiplier * knobs.dry_base ** (length - knobs.dry_allowed_length)
            for token, length in longest.items()
            if token not in knobs.dry_spare
        }


class Sampler:
    """Draws for streams that come and go: keeps the history, the knobs and the generator of each.

    Without `letters` nothing is known of words, and `word_p` does nothing.
    """

    def __init__(self, letters: Letters | None = None) -> None:
        self._letters = letters
        self._streams: dict[int, tuple[Repeats, Sampling, np.random.Generator]] = {}
        self._last: dict[int, int] = {}  # the token of each stream that the next one may go on with

    def join(
        self, streams: Sequence[int], prompts: Sequence[Sequence[int]], sampling: Sampling | Sequence[Sampling]
    ) -> None:
        """New streams under these numbers; prompt i draws from stream i of `sampling`, or the first of its own."""
        if isinstance(sampling, Sampling):
            knobs, sources = [sampling] * len(prompts), generators(sampling, len(prompts))
        else:
            knobs, sources = list(sampling), [generators(each, 1)[0] for each in sampling]
        for stream, prompt, knob, source in zip(streams, prompts, knobs, sources, strict=True):
            self._streams[stream] = Repeats(prompt, knob), knob, source
            if prompt:
                self._last[stream] = prompt[-1]

    def leave(self, stream: int) -> None:
        """Forget a stream."""
        del self._streams[stream]
        self._last.pop(stream, None)

    def draw(self, logits: Floats, masses: Floats, streams: Sequence[int]) -> Drawn:
        """Next token of each stream in `streams`, row r of `logits` being streams[r]'s; see `draw`."""
        histories, knobs, sources = zip(*(self._streams[stream] for stream in streams), strict=True)
        if self._letters:
            self._letters = self._letters.padded(logits.shape[1])
        drawn = draw(logits, masses, histories, knobs, sources, [self._within(stream) for stream in streams])
        for stream, history, token in zip(streams, histories, drawn[0].tolist(), strict=True):
            history.append(token)
            self._last[stream] = token
        return drawn

    def _within(self, stream: int) -> Mask | None:
        """The tokens that would go on with the word that the stream ends with."""
        last, letters = self._last.get(stream), self._letters
        return letters.on if letters and last is not None and letters.open[last] else None


def generators(sampling: Sampling, count: int) -> list[np.random.Generator]:
    """One random generator a stream, repeatable where the seed is set."""
    if sampling.seed is None:
        return [np.random.default_rng() for _ in range(count)]
    streams = sampling.streams or range(count)
    return [np.random.default_rng((sampling.seed, stream)) for stream in streams[:count]]


def draw(
    logits: Floats,
    masses: Floats,
    history: Sequence[Repeats | Sequence[int]],
    samplings: Sequence[Sampling],
    generators: Sequence[np.random.Generator],
    within: Sequence[Mask | None] = (),
) -> Drawn:
    """One token a stream: logits float32 (streams, vocabulary) -> tokens int64 and logprobs float32, (streams,).

    `masses` float32 (streams,) are the logarithms of the sums of the rows' exponentials.

    The order is DRY, then the cuts, then the temperature, as in llama.cpp and mlx-lm: the cuts look at what the
    model believes, so that min_p 0.05 means the same at every temperature. Each cut is reckoned on the whole
    distribution, and a token must pass them all; the likeliest always does. top-p (nucleus, Holtzman et al.
    2019) keeps the fewest likeliest tokens whose probabilities sum to top_p, min-p (Nguyen et al. 2024) those
    with at least min_p times the likeliest one's probability. word_p is a min-p for the tokens that `within` holds for
    a stream, bool (vocabulary,): those that go on with its last word. What follows a whole word is hundreds of unlikely
    endings that are each no word, one of which comes every so often; a rare word may begin as it likes. Logprobs are
    the model's own, before any rule.

    `history` may be plain token lists, but only a `Repeats` that lives as long as its stream is fast.
    `EngineError` where a row holds no finite maximum.
    """
    peaks = logits.max(axis=1)
    if not np.isfinite(peaks).all():
        raise EngineError("The model gave numbers that are no numbers.", "Train again with a lower learning rate.")
    lost = [_penalties(past, sampling) for past, sampling in zip(history, samplings, strict=True)]
    rows = _Rows(logits, peaks, masses).without(lost)
    rules = [_Rules(*pair) for pair in zip(samplings, within or [None] * len(samplings), strict=True)]
    tokens = _tried(rows, rules, generators)
    for at in np.flatnonzero(tokens == NONE).tolist():
        tokens[at] = _chosen(rows.row(at), rules[at], generators[at])
    return tokens, logits[np.arange(len(tokens)), tokens] - masses


def _penalties(past: Repeats | Sequence[int], sampling: Sampling) -> dict[int, float]:
    return (past if isinstance(past, Repeats) else Repeats(past, sampling)).penalties()


@dataclass(frozen=True, slots=True)
class _Rules:
    """The knobs of one stream, and the tokens that go on with its last word."""

    knobs: Sampling
    within: Mask | None

    def least(self, token: int) -> float:
        """The share of the likeliest one's probability that a token must have."""
        inside = self.within is not None and self.within[token]
        return max(self.knobs.min_p, self.knobs.word_p) if inside else self.knobs.min_p


@dataclass(frozen=True, slots=True)
class _Row:
    """One stream's logits, the highest of them, and the logarithm of their exponentials' sum."""

    logits: Floats
    peak: float
    mass: float


@dataclass(frozen=True, slots=True)
class _Rows:
    """The same of many: logits (streams, vocabulary), peaks and masses (streams,)."""

    logits: Floats
    peaks: Floats
    masses: Floats

    def row(self, at: int) -> _Row:
        """One of them."""
        return _Row(self.logits[at], float(self.peaks[at]), float(self.masses[at]))

    def some(self, at: list[int]) -> "_Rows":
        """Some of them."""
        return self if len(at) == len(self.peaks) else _Rows(self.logits[at], self.peaks[at], self.masses[at])

    def without(self, lost: Sequence[dict[int, float]]) -> "_Rows":
        """The rows after row i's tokens have lost what `lost[i]` says."""
        if not any(lost):
            return self
        logits, peaks, masses = self.logits.copy(), self.peaks.copy(), self.masses.copy()
        for at, penalties in enumerate(lost):
            if penalties:
                logits[at, list(penalties)] -= np.array(list(penalties.values()), np.float32)
                peaks[at] = logits[at].max()
                masses[at] = peaks[at] + math.log(np.exp(logits[at] - peaks[at]).sum())
        return _Rows(logits, peaks, masses)


def _tried(rows: _Rows, rules: Sequence[_Rules], generators: Sequence[np.random.Generator]) -> NDArray[np.int64]:
    """For each row a token of its nucleus found by drawing from all until one lies in it; NONE without luck.

    Nothing is sorted, and the first draws of all rows are made together. Rows with other cuts are left out.
    """
    tokens, knobs = np.full(len(rules), NONE, dtype=np.int64), [rule.knobs for rule in rules]
    open_ = [at for at, knob in enumerate(knobs) if knob.temperature and knob.top_p < 1 and not knob.top_k]
    if not open_:
        return tokens
    some, temperatures = rows.some(open_), np.array([knobs[at].temperature for at in open_], np.float32)
    chances = np.exp((some.logits - some.peaks[:, None]) / temperatures[:, None])
    first = _places(chances, [generators[at].random() for at in open_])
    for row, (at, token) in enumerate(zip(open_, first.tolist(), strict=True)):
        if _holds(some.row(row), token, rules[at]):
            tokens[at] = token
            continue
        more = (_place(chances[row], generators[at].random()) for _ in range(TRIES - 1))
        tokens[at] = next((token for token in more if _holds(some.row(row), token, rules[at])), NONE)
    return tokens


def _holds(row: _Row, token: int, rules: _Rules) -> bool:
    """Whether top-p, min-p and word-p keep a token.

    It is in the nucleus where those that are likelier, or as likely and before it, hold less than top_p; one that
    holds more than the others may hold, 1 - top_p, surely is, and most that are drawn do.
    """
    its = float(row.logits[token])
    if its < row.peak and math.exp(its - row.peak) < rules.least(token):
        return False
    if math.exp(its - row.mass) > SURE - rules.knobs.top_p:
        return True
    chances = np.exp(row.logits - row.mass)
    before = float(np.dot(chances, row.logits > its))
    return before + float(chances[token]) * int(np.count_nonzero(row.logits[:token] == its)) < rules.knobs.top_p


def _chosen(row: _Row, rules: _Rules, generator: np.random.Generator) -> int:
    if rules.knobs.temperature == 0:
        return int(row.logits.argmax())
    kept = _cut(row, rules.knobs)
    if rules.within is not None and rules.knobs.word_p > 0:
        likely = row.logits[kept] >= row.peak + math.log(rules.knobs.word_p)
        kept = kept[likely | ~rules.within[kept]]
    chances = np.exp((row.logits[kept] - row.peak) / rules.knobs.temperature)
    return int(kept[_place(chances, generator.random())])


def _place(chances: Floats, share: float) -> int:
    return int(_places(chances[None], [share])[0])


def _places(chances: Floats, shares: Sequence[float]) -> NDArray[np.int64]:
    """Where the running sum of each row of `chances` passes its share of the row's end.

    By blocks, a long running sum being slow: first the block, then the place in it.
    """
    size = chances.shape[1]
    blocks = np.add.reduceat(chances, np.arange(0, size, BLOCK), axis=1).cumsum(axis=1, dtype=np.float64)
    goals = np.array(shares) * blocks[:, -1]
    block = _passed(blocks, goals)
    rows = np.arange(len(chances))
    before = np.where(block > 0, blocks[rows, block - 1], 0.0)
    places = np.minimum(block[:, None] * BLOCK + np.arange(BLOCK), size - 1)
    heights = chances[rows[:, None], places].cumsum(axis=1, dtype=np.float64)
    # The two sums of a block differ by rounding, so the share of it is taken of its own end.
    last = np.minimum(BLOCK, size - block * BLOCK) - 1
    ends = heights[rows, last]
    goals = (goals - before) / (blocks[rows, block] - before) * ends
    made: NDArray[np.int64] = block * BLOCK + np.minimum(_passed(heights, goals), last)
    return made


def _passed(heights: NDArray[np.float64], goals: NDArray[np.float64]) -> NDArray[np.int64]:
    """The first place of each row that is above its goal, or the last."""
    found: NDArray[np.int64] = np.minimum((heights <= goals[:, None]).sum(axis=1), heights.shape[1] - 1)
    return found


def _cut(row: _Row, sampling: Sampling) -> NDArray[np.int64]:
    """Ids that every cut keeps. Nothing sorts more than a few tokens: a whole vocabulary costs more than the draw."""
    if sampling.min_p > 0:
        kept = _within(row, -math.log(sampling.min_p))
    elif sampling.top_p < 1:
        kept = _holding(row, sampling.top_p)
    else:
        kept = np.arange(row.logits.size)
    if sampling.top_p < 1:
        order = (-row.logits[kept]).argsort()
        heights = np.exp(row.logits[kept[order]] - row.mass).cumsum(dtype=np.float64)
        kept = kept[order[: int(heights.searchsorted(sampling.top_p)) + 1]]
    if 0 < sampling.top_k < kept.size:
        kept = kept[row.logits[kept].argpartition(-sampling.top_k)[-sampling.top_k :]]
    return kept


def _within(row: _Row, reach: float) -> NDArray[np.int64]:
    return (row.logits >= row.peak - reach).nonzero()[0]


def _holding(row: _Row, top_p: float) -> NDArray[np.int64]:
    """The ids above the first of a few falling floors that hold top_p between them: the nucleus lies among them."""
    for reach in (2.0, 4.0, 6.0, 8.0, 12.0):
        kept = _within(row, reach)
        if float(np.exp(row.logits[kept] - row.mass).sum()) >= top_p:
            return kept
    return np.arange(row.logits.size)
