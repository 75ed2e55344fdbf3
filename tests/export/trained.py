"""A tiny base with an adapter that moved it far, as the export takes it."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundalike.clone.document import Document
from soundalike.engines import load
from soundalike.engines.protocol import Engine
from soundalike.export import ExportSource
from soundalike.training.packing import encode, pack
from soundalike.training.recipe import Recipe, Training

TEXT = "ada: hi sam\nsam: hello\n\tthere ada\nada: ok ✨\n"
CLOSE = 1e-2  # logits are a few units wide


def trained(base: str, folder: Path, method: str = "full") -> tuple[Engine, ExportSource]:
    """What ten fast steps taught, as an engine reads it from its folder, and what the export is given of it."""
    engine = load(base, None, Training.model_validate({"method": method, "rank": 4, "window": 64}))
    batch = pack(list(encode([Document(TEXT)], engine.tokenizer, 64)), 64, 0)
    for _ in range(10):
        engine.step(batch, 2e-2)
    engine.save(folder)
    return load(base, folder), ExportSource(base, folder, "ada", True, 64, Recipe())


def tokens_of(engine: Engine, text: str = TEXT) -> list[int]:
    """As a voice reads it."""
    return [engine.tokenizer.begin, *engine.tokenizer.encode([text])[0]]


def logits_of(engine: Engine, tokens: list[int]) -> NDArray[np.float32]:
    """What our own engine says comes after these tokens, shape (vocabulary,)."""
    streams: Any = engine.streams()
    streams.join([tokens])
    return np.array(streams.logits[0])
