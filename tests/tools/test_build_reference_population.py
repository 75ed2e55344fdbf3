"""The reference population is built from a frame of many people's messages."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import polars as pl

from soundalike.metrics.classifier_two_sample import WINDOWS
from tests.metrics.people import talk
from tools.build_reference_population import build


def test_a_population_is_built(tmp_path: Path) -> None:
    """From a frame of many people; handles' and links' stand-ins are no words of theirs."""
    start, rows = datetime(2020, 1, 1, tzinfo=UTC), []
    for number in range(24):
        for at, text in enumerate(text for chat in talk(Random(number), conversations=50) for text in chat):
            rows.append(
                (f"c{number}", start + timedelta(minutes=at + at // 8 * 60), f"p{number:02}", f"@user {text} <link>")
            )
    frame = pl.DataFrame(rows, schema=["channel", "sent_at", "author", "text"], orient="row")
    path = tmp_path / "crowd.npz"
    build(frame, path)
    with np.load(path) as made:
        kept = str(made["words"]).split(" ")
        assert "the" in kept and "user" not in kept and "com" not in kept
        assert made["edges"].tolist() == [number * WINDOWS for number in range(21)]
