"""Learning from pairs of replies: what was chosen becomes likelier, what was rejected less likely.

DPO (Rafailov et al. 2023, arXiv 2305.18290). Its gradient is that of a batch in which tokens of chosen replies have
positive and tokens of rejected ones negative weights, so `Engine.step` is all that it needs. A missing reply of a pair
counts as one whose likelihood stays. Each step also reads text of the owner's, with as much weight.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from soundalike.clone.corrections import Correction
from soundalike.engines import scoring
from soundalike.engines.protocol import Batch, Engine, Tokenizer
from soundalike.prompt_template import render
from soundalike.training import schedule
from soundalike.training.packing import DocumentPart, pack
from soundalike.training.recipe import Training

PAIRS, PASSES = 8, 4  # pairs in a step; how often each pair is read
BETA = 0.1
RATE = 0.05  # of the learning rate of the training on messages
WARMUP_STEPS = 3

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PreferencePair:
    """Two replies with what stood before them, as tokens; only those of the reply have a weight, of 1."""

    chosen: DocumentPart | None
    rejected: DocumentPart | None

    @classmethod
    def of(
        cls, correction: Correction, owner: str, tagged: bool, tokenizer: Tokenizer, window: int
    ) -> "PreferencePair":
        """The pair of a correction; of a history that is too long for the window, the end is kept."""

        def part(reply: Sequence[str]) -> DocumentPart | None:
            lines = [(owner, text) for text in reply]
            return _part(correction.history, lines, tagged, tokenizer, window) if lines else None

        return cls(part(correction.chosen), part(correction.rejected))


def _part(
    history: Sequence[tuple[str, str]],
    reply: Sequence[tuple[str, str]],
    tagged: bool,
    tokenizer: Tokenizer,
    window: int,
) -> DocumentPart:
    before = render([*history, (reply[0][0], "")], end=False, tagged=tagged)
    after = render([*history, *reply], tagged=tagged).removeprefix(before)
    context, learned = tokenizer.encode([before, after])
    learned = learned[: window // 2]
    context = [tokenizer.begin, *context[max(0, len(context) + 1 + len(learned) - window) :]]
    weights = np.repeat([0.0, 1.0], [len(context), len(learned)])
    return DocumentPart(np.array([*context, *learned], np.int32), weights.astype(np.float32))


def margins(engine: Engine, pairs: Sequence[PreferencePair], window: int) -> Floats:
    """(pairs,): log-likelihood of the chosen reply minus that of the rejected one, in nats; a missing one counts 0."""
    signed = [(at, sign, part) for at, pair in enumerate(pairs) for sign, part in _signed(pair)]
    logprobs = scoring.loglikelihood_rolling(engine, [part.tokens.tolist() for _, _, part in signed], window)
    found = np.zeros(len(pairs))
    for (at, sign, part), scores in zip(signed, logprobs, strict=True):
        found[at] += sign * float((scores * part.weights).sum(dtype=np.float64))
    return found


def _signed(pair: PreferencePair) -> list[tuple[float, DocumentPart]]:
    return [(sign, part) for sign, part in ((1.0, pair.chosen), (-1.0, pair.rejected)) if part is not None]


def learn(
    engine: Engine,
    pairs: Sequence[PreferencePair],
    own: Batch,
    training: Training,
    on_step: Callable[[int, int], None] = lambda step, steps: None,
) -> list[float]:
    """Update the adapter by `pairs`, beside windows of the owner's text; returns the loss of each step.

    `on_step` gets the steps that were made and all of them. The same pairs, text and seed give the same adapter.
    """
    slower = {"learning_rate": RATE * training.learning_rate, "warmup_steps": WARMUP_STEPS}
    training = training.model_copy(update=slower)
    reference = margins(engine, pairs, training.window)
    order = np.concatenate([np.random.default_rng((training.seed, n)).permutation(len(pairs)) for n in range(PASSES)])
    steps, losses = math.ceil(len(order) / PAIRS), list[float]()
    for step in range(steps):
        on_step(step, steps)
        numbers = order[step * PAIRS : (step + 1) * PAIRS]
        some = [pairs[number] for number in numbers]
        gained = margins(engine, some, training.window) - reference[numbers]
        rows = schedule.batch_rows(step, max(1, training.step_tokens // training.window), len(own), training.seed)
        batch = _beside(_weighted(some, gained, training.window), own.take(rows))
        losses.append(engine.step(batch, schedule.learning_rate(training, step, steps)))
    on_step(steps, steps)
    return losses


def _weighted(pairs: Sequence[PreferencePair], gained: Floats, window: int) -> Batch:
    """The pairs as one batch, each with the weight that DPO gives it: 1 / (1 + exp(BETA * nats gained))."""
    parts = [
        DocumentPart(part.tokens, (sign * weight * part.weights).astype(np.float32))
        for pair, weight in zip(pairs, 1 / (1 + np.exp(BETA * gained)), strict=True)
        for sign, part in _signed(pair)
    ]
    return pack(parts, window, seed=0)


def _beside(pairs: Batch, own: Batch) -> Batch:
    """Both batches as one, in which `own` has as much weight as the pairs."""
    scale = pairs.absolute_weight / max(own.absolute_weight, 1.0)
    own = replace(own, weights=(scale * own.weights).astype(np.float32))
    names = ("tokens", "documents", "positions", "weights")
    return Batch(*(np.concatenate([getattr(one, name) for one in (pairs, own)]) for name in names))
