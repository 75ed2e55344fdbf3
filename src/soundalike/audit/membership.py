"""Can one tell from the model whether a conversation was learned from? The best gauge of overfitting, too.

The attack compares the loss of a document with the adapter to that without (a loss threshold, Yeom et al. 2018, arXiv
1709.01604, calibrated by a reference model, Watson et al. 2022, arXiv 2111.08440); the area under its curve is the
chance that a learned document falls further than a held-out one: 0.5 where nothing can be told, 1 where everything can.
The learned documents are the latest ones, as near in time to the held-out ones as there are.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from soundalike.clone.document import Document
from soundalike.engines.scoring import logprobs
from soundalike.generation.voice import Voice
from soundalike.metrics.stats import Estimate, percentile_interval
from soundalike.training.packing import DocumentPart, encode

PIECES = 200  # of each side
DRAWS = 500
AT_ONCE = 32

Floats = NDArray[np.float64]
Step = Callable[[int], None]


def pieces(documents: Sequence[Document], voice: Voice, late: bool) -> list[DocumentPart]:
    """Up to PIECES documents, evenly spread, or with `late` the last of them."""
    some = list(documents)[-PIECES:] if late else _spread(documents)
    return [piece for piece in encode(some, voice.engine.tokenizer, voice.window) if piece.weights.any()][:PIECES]


def _spread(documents: Sequence[Document]) -> list[Document]:
    places = np.linspace(0, len(documents) - 1, min(PIECES, len(documents))).round().astype(int)
    return [documents[place] for place in places.tolist()]


def falls(voice: Voice, some: Sequence[DocumentPart], step: Step = lambda texts: None) -> Floats:
    """(pieces,): by how many nats a token, weighted as in training, the adapter made each piece likelier."""
    found = list[float]()
    for start in range(0, len(some), AT_ONCE):
        part = some[start : start + AT_ONCE]
        texts = [piece.tokens.tolist() for piece in part]
        on = logprobs(voice.engine, texts, voice.window)
        with voice.engine.adapter_off():
            off = logprobs(voice.engine, texts, voice.window)
        found += [
            float(((one - other) * piece.weights).sum() / piece.weights.sum())
            for one, other, piece in zip(on, off, part, strict=True)
        ]
        step(2 * len(part))
    return np.array(found, np.float64)


def area(learned: Floats, held_out: Floats, seed: int = 0) -> Estimate:
    """The area under the curve with a bootstrap interval: the Mann-Whitney statistic over all pairs."""
    wins = (learned[:, None] > held_out[None]) + 0.5 * (learned[:, None] == held_out[None])
    rng = np.random.default_rng(seed)
    rows, columns = (rng.multinomial(n, np.full(n, 1 / n), DRAWS) / n for n in wins.shape)
    return percentile_interval(float(wins.mean()), ((rows @ wins) * columns).sum(axis=1), sum(wins.shape))
