"""A base is adapted to chats, on a few invented conversations and a base of two layers."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from tests.engines import tiny
from tools.adapt_base.adapt import Run, Settings, adapt

SETTINGS = Settings(hours=2 / 3600, rank=4, alpha=8.0, layers=1, rate=1e-2, warmup_steps=2, window=64, mixture="even")


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """A corpus in the layout that pretraining reads."""
    folder = tmp_path / "corpora"
    folder.mkdir()
    with gzip.open(folder / "tea.jsonl.gz", "wt") as lines:
        for number in range(300):
            turns = [[turn % 2, f"tea number {number}?"] for turn in range(6)]
            lines.write(json.dumps({"source": "tea", "thread": f"t{number}", "turns": turns}) + "\n")
    return folder


def test_an_adapter_of_the_upper_layers_learns_and_goes_on(corpora: Path, tmp_path: Path) -> None:
    """Held-out bits fall, only the chosen layers have factors, in fp16, a finished run goes on with more time,
    and another one from its factors."""
    base = tiny.base(tmp_path / "base")
    untrained = adapt(base, corpora, tmp_path / "none", replace(SETTINGS, hours=0))
    first = adapt(base, corpora, tmp_path / "out", SETTINGS)
    assert first["mean"] < untrained["mean"]
    factors = load_file(tmp_path / "out" / "adapter" / "adapter_model.safetensors")
    assert factors and all(".layers.1." in name and f.dtype == "float16" for name, f in factors.items())
    second = adapt(base, corpora, tmp_path / "out", replace(SETTINGS, hours=2 * SETTINGS.hours))
    assert second["tokens"] > first["tokens"]
    again = adapt(base, corpora, tmp_path / "again", replace(SETTINGS, hours=0), tmp_path / "out" / "adapter")
    assert again["tokens"] == 0 and again["mean"] == pytest.approx(second["mean"], rel=1e-3)


def test_the_rate_warms_up_and_falls_to_nothing(tmp_path: Path) -> None:
    """Up in two steps, constant, down in the last two fifths of the time."""
    run = Run(tiny.base(tmp_path / "base"), SETTINGS)
    rates = []
    for run.steps, share in enumerate((0.0, 0.1, 0.6, 0.8, 1.0, 1.1)):
        run.seconds = share * SETTINGS.hours * 3600
        rates.append(run.rate / SETTINGS.rate)
    assert rates == pytest.approx([0.5, 1.0, 1.0, 0.5, 0.0, 0.0])
