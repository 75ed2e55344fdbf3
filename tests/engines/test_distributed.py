"""Training across processes: with the same global batch the losses are the same, whatever their number."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from soundalike.demo import EXPORT
from soundalike.engines.distributed import (
    AccelerateGroup,
    MlxGroup,
    SingleProcess,
    all_reduce_gradients,
    process_group,
    process_group_for,
    shard,
)
from soundalike.engines.protocol import Batch
from soundalike.errors import EngineError
from soundalike.importing.document_settings import DocumentSettings
from soundalike.importing.importer import run_import
from tests.engines import distributed_worker, tiny

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
PLACE = ["--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
ACCELERATE = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", *PLACE, "--main_process_port", "0"]
SCRIPT = str(ROOT / "tests" / "engines" / "distributed_worker.py")


def clone_in(folder: Path) -> Path:
    run_import([EXPORT], folder, DocumentSettings())
    return folder


def train_by_two(folder: Path, base: str, iters: int, stop: int = 0, resume: str = "") -> None:
    """Train in two processes of `accelerate launch`."""
    command = [*ACCELERATE, SCRIPT, "clone", str(folder), base, str(iters), str(stop), resume]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=300)
    assert done.returncode == 0, done.stderr[-4_000:]


def curve(folder: Path) -> tuple[list[float], list[list[float]]]:
    """(training losses, held-out bits) of a finished training."""
    saved: dict[str, Any] = json.loads((folder / "training.json").read_text())
    return saved["losses"], saved["valid"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pocket's kind", "qwen3"])
def test_two_processes_learn_as_one(kind: str, base: str, tmp_path: Path) -> None:
    """Losses and held-out bits agree to 1e-3, for each PyTorch engine."""
    base = str(tiny.pretrained(tmp_path / "base", kind)) if kind == "qwen3" else base
    one, two = (clone_in(tmp_path / name) for name in ("one", "two"))
    distributed_worker.clone(str(one), base, 6, 0, False)
    train_by_two(two, base, 6)
    assert curve(two)[0] == pytest.approx(curve(one)[0], abs=1e-3)
    assert np.allclose(curve(two)[1], curve(one)[1], atol=1e-3)


@pytest.mark.slow
def test_a_checkpoint_is_resumed_by_another_number_of_processes(base: str, tmp_path: Path) -> None:
    """Begun by two and finished by one, or the other way round: the losses are those of one process."""
    whole, by_one, by_two = (clone_in(tmp_path / name) for name in ("whole", "by-one", "by-two"))
    distributed_worker.clone(str(whole), base, 6, 0, False)
    train_by_two(by_one, base, 6, stop=3)
    assert not (by_one / "training.json").exists()
    distributed_worker.clone(str(by_one), base, 6, 0, True)
    distributed_worker.clone(str(by_two), base, 6, 3, False)
    train_by_two(by_two, base, 6, resume="resume")
    for folder in (by_one, by_two):
        assert curve(folder)[0] == pytest.approx(curve(whole)[0], abs=1e-3)


@pytest.mark.slow
def test_two_mlx_processes_learn_as_one(base: str, tmp_path: Path) -> None:
    """Two processes of `mlx.launch`, over its ring: the same losses, and rank 0's value in both."""
    pytest.importorskip("mlx.core")
    distributed_worker.mlx(base, str(tmp_path / "one.json"))
    launch = [
        str(Path(sys.executable).with_name("mlx.launch")),
        "-n",
        "2",
        "--backend",
        "ring",
        "--python",
        sys.executable,
    ]
    paths = ["--env", f"PYTHONPATH={ENVIRONMENT['PYTHONPATH']}"]
    command = [*launch, *paths, "--", SCRIPT, "mlx", base, str(tmp_path / "two.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=300)
    assert done.returncode == 0, done.stdout[-4_000:]
    one, two = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("one", "two"))
    assert (one["size"], two["size"], two["broadcast"]) == (1, 2, "a✨")
    assert two["losses"] == pytest.approx(one["losses"], abs=1e-3)
    assert two["held_out"] == pytest.approx(one["held_out"], rel=1e-4)


class Member(SingleProcess):
    """Rank 1 of three processes."""

    rank, size = 1, 3


def test_shards_divide_a_batch() -> None:
    """Every window is in one shard; with fewer windows than processes some shards are empty."""
    ids = np.arange(4 * 2, dtype=np.int32).reshape(4, 2)
    batch = Batch(ids, ids, ids, np.ones((4, 2), np.float32))
    members = [Member() for _ in range(3)]
    for rank, member in enumerate(members):
        member.rank = rank
    assert sorted(row for member in members for row in shard(batch, member).tokens[:, 0].tolist()) == [0, 2, 4, 6]
    assert [len(shard(batch.take(slice(0, 1)), member)) for member in members] == [1, 0, 0]


def test_without_a_launcher_there_is_one_process() -> None:
    """Values and losses come back unchanged."""
    assert isinstance(process_group(), SingleProcess) and process_group().broadcast({"a": 1}) == {"a": 1}
    assert all_reduce_gradients([], 2.5, process_group()) == 2.5


def test_another_launcher_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the right one; otherwise every process would train on its own."""
    monkeypatch.setattr("soundalike.engines.distributed.process_group", Member)
    with pytest.raises(EngineError, match=r"Start it with: accelerate launch"):
        process_group_for(AccelerateGroup)
    with pytest.raises(EngineError, match=r"Start it with: mlx\.launch"):
        process_group_for(MlxGroup)
