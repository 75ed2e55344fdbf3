"""Membership inference: can one tell from the model whether a conversation was learned from?

The attack compares the loss of a document with the adapter to that without (a loss threshold, Yeom et al. 2018, arXiv
1709.01604, calibrated by a reference model, Watson et al. 2022, arXiv 2111.08440); the area under its curve is the
chance that the loss of a learned document falls by more than that of a held-out one: 0.5 where nothing can be told, 1
where everything can. It is the best gauge of overfitting, too. The learned documents are the latest ones, as near in
time to the held-out ones as there are.
"""

from collections.abc import Callable, Sequence

import numpy as np

from soundalike.clone.document import Document
from soundalike.engines.scoring import loglikelihood_rolling
from soundalike.generation.voice import Voice
from soundalike.metrics.stats import Bootstrap, Estimate, Floats, percentile_interval, weighted_auc, wins
from soundalike.training.packing import DocumentPart, encode

PARTS = 200  # of each side
DRAWS = 500
BATCH = 32

OnTexts = Callable[[int], None]  # texts read since the last call


def latest_parts(documents: Sequence[Document], voice: Voice) -> list[DocumentPart]:
    """Up to PARTS of the last documents."""
    return _parts(documents[-PARTS:], voice)


def spread_parts(documents: Sequence[Document], voice: Voice) -> list[DocumentPart]:
    """Up to PARTS of documents evenly spread over all."""
    places = np.linspace(0, len(documents) - 1, min(PARTS, len(documents))).round().astype(int)
    return _parts([documents[place] for place in places.tolist()], voice)


def _parts(documents: Sequence[Document], voice: Voice) -> list[DocumentPart]:
    parts = encode(documents, voice.engine.tokenizer, voice.window)
    return [part for part in parts if part.weights.any()][:PARTS]


def loss_falls(voice: Voice, parts: Sequence[DocumentPart], on_texts: OnTexts = lambda texts: None) -> Floats:
    """(parts,): how many nats per token the adapter takes off each part's loss, weighted as in training."""
    found = list[float]()
    for start in range(0, len(parts), BATCH):
        batch = parts[start : start + BATCH]
        texts = [part.tokens.tolist() for part in batch]
        on = loglikelihood_rolling(voice.engine, texts, voice.window)
        with voice.engine.adapter_off():
            off = loglikelihood_rolling(voice.engine, texts, voice.window)
        found += [
            float(((one - other) * part.weights).sum() / part.weights.sum())
            for one, other, part in zip(on, off, batch, strict=True)
        ]
        on_texts(2 * len(batch))
    return np.array(found, np.float64)


def auc(learned: Floats, held_out: Floats, seed: int = 0) -> Estimate:
    """The area under the curve of `loss_falls` of both sides, with a bootstrap interval."""
    won, generator = wins(learned, held_out), np.random.default_rng(seed)
    sides = [np.arange(len(side)) for side in (learned, held_out)]
    weights = [Bootstrap(side, generator, DRAWS).weights(side) for side in sides]
    return percentile_interval(float(won.mean()), weighted_auc(won, *weights), sum(won.shape))
