"""The benchmark for a GPU, driven on small shapes, so that it needs no mending where GPUs are paid by the minute."""

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks import gpu
from benchmarks.gpu import FULL, LEAST, OURS, PACKED, PADDED, TINY, Task, measure, pieces, table, tasks
from soundalike.training.base_models import Precision


def test_shapes_are_those_of_the_bases() -> None:
    """Seven and four billion weights, and a task for each of them, each precision and each side."""
    assert [round(size.weights / 1e9, 1) for size in FULL.shapes.values()] == [7.2, 4.0]
    assert len(set(tasks())) == len(tasks()) == 14
    assert tasks()[0] == Task("mistral", "4-bit", OURS)


def test_documents_are_as_long_as_conversations() -> None:
    """A median of some forty tokens, none beyond the window, no special token within."""
    made = pieces(1_000, 512)
    lengths = sorted(len(piece.tokens) for piece in made)
    assert 35 < lengths[len(lengths) // 2] < 45 and lengths[-1] == 512 and 150 < lengths[-len(lengths) // 10] < 200
    assert all(piece.tokens.min() >= 3 for piece in made[:100])


@pytest.mark.parametrize(("kind", "precision", "side"), [("mistral", "4-bit", LEAST), ("qwen3", "bf16", OURS)])
def test_our_side_is_measured(kind: str, precision: Precision, side: str) -> None:
    """Each shape, each precision, with room and without."""
    figures = measure(Task(kind, precision, side), TINY)
    assert figures["rate"] > 0 and figures["peak"] > 1e8


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "precision", "side"), [("qwen3", "4-bit", PACKED), ("mistral", "bf16", PADDED)])
@pytest.mark.filterwarnings("ignore")
def test_their_side_is_measured(kind: str, precision: Precision, side: str) -> None:
    """TRL over the same models and documents."""
    pytest.importorskip("trl")
    figures = measure(Task(kind, precision, side), TINY)
    assert figures["rate"] > 0 and figures["peak"] > 1e8


def test_every_figure_goes_into_the_table_and_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As they come; one that failed says why, and ours is set beside the others and beside what was computed."""

    def told(task: Task, tiny: bool) -> dict[str, Any]:
        if task.side == PADDED:
            return {"failed": "OutOfMemoryError: no"}
        return {"rate": 1_000.0 if task.side == OURS else 500.0, "peak": 5e9}

    monkeypatch.setattr(gpu, "apart", told)
    gpu.run(tiny=False, minutes=1.0, out=tmp_path / "figures.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "figures.jsonl").read_text().splitlines()]
    assert [row["side"] for row in rows] == [task.side for task in tasks()] and rows[0]["rate"] == 1_000
    printed = capsys.readouterr().out
    assert "OutOfMemoryError" in printed and "5.81 GB" in printed and "2.00" in printed
    gpu.run(tiny=False, minutes=0.0, out=None)
    assert "No time was left for qwen3 bf16, TRL, padded." in capsys.readouterr().out


def test_ours_is_set_beside_the_rate_of_products() -> None:
    """Four operations a weight and token, over the machine's."""
    console = Console(width=130, record=True, file=StringIO())
    size = FULL.shapes["mistral"]
    rate = 4 * (size.linear_weights + size.vocabulary * size.hidden) * 1_000 / 0.25
    console.print(table([(Task("mistral", "bf16", OURS), {"rate": 1_000.0, "peak": 1e9})], FULL, rate, "invented"))
    assert "25%" in console.export_text()


def test_a_process_of_its_own_that_fails_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last line; the others go on."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert gpu.apart(tasks()[0], tiny=True) == {"failed": "?"}
