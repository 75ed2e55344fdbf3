"""The documents of a clone as token windows to train on and to measure on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from soundalike.clone import Clone
from soundalike.clone.document import Document
from soundalike.engines.protocol import Batch, Tokenizer
from soundalike.errors import TooLittleText
from soundalike.pocket.transcripts import small_talk
from soundalike.training.packing import encode, pack
from soundalike.training.recipe import Training


@dataclass(frozen=True, slots=True)
class PackedDataset:
    """Packed documents, and how many UTF-8 bytes of text there are for a unit of loss weight."""

    batch: Batch
    bytes_per_weight: float

    def bits_per_byte(self, nats: float, weight: float) -> float:
        """Bits per byte of text, from the weighted loss in nats of some windows and the sum of their weights."""
        return nats / weight / math.log(2) / self.bytes_per_weight


def pack_documents(documents: Sequence[Document], tokenizer: Tokenizer, window: int, seed: int) -> PackedDataset:
    """Documents in windows of `window` tokens, in an order that depends on `seed`.

    Windows without any weight are left out, because nothing can be learned from or measured on them; `TooLittleText`
    where there is no other.
    """
    batch = pack(list(encode(documents, tokenizer, window)), window, seed)
    batch = batch.take(np.flatnonzero(batch.weights.any(axis=1)))
    if not len(batch):
        raise TooLittleText("There is no text of yours to train on.", "Import an export with messages of yours.")
    turns = ((len(text.encode()), weight) for d in documents for text, weight in d.weighted_turns)
    weighted = sum(size * weight for size, weight in turns)
    return PackedDataset(batch, weighted / max(float(batch.weights.sum()), 1.0))


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a training reads; `held_out` is False where `valid` had to be taken from `train`."""

    train: PackedDataset
    valid: PackedDataset
    held_out: bool

    @classmethod
    def load(cls, clone: Clone, tokenizer: Tokenizer, training: Training) -> "TrainingData":
        """The clone's documents, with `training.replay` of small talk in `train`; `TooLittleText` where it has none."""
        own, later = clone.documents("train"), clone.documents("valid")
        replay = small_talk(training.replay, sum(len(document.text) for document in own), training.seed)
        train, valid = (
            pack_documents(documents, tokenizer, training.window, training.seed)
            for documents in (own + replay, later or own)
        )
        return cls(train, valid, held_out=bool(later))
