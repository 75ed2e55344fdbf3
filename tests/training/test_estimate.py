"""What adapting a base takes here, estimated against measured."""

import math
from pathlib import Path

import pytest

from soundalike import pocket
from soundalike.engines import base_files
from soundalike.training import estimate
from soundalike.training.estimate import (
    TrainingDevice,
    compare_with_actual,
    default_base,
    estimate_table,
    estimates,
    memory_of,
    tokens_per_second,
)
from soundalike.training.plan import plan_training
from soundalike.training.recipe import Training
from soundalike.training.train_clone import train_clone
from tests.training.test_loop import clone_of

LAPTOP = TrainingDevice("cpu", 16 << 30, None, 1e11)
GPU = TrainingDevice("cuda", 24 << 30, None, 1e14, "invented")


@pytest.fixture(autouse=True)
def known_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose rate does not swing."""
    monkeypatch.setattr("soundalike.machine.matmul_rate", lambda: 1e11)
    monkeypatch.setattr(estimate, "training_device", lambda: LAPTOP)
    tokens_per_second.cache_clear()


def test_a_laptop_is_told_what_fits_it() -> None:
    """Pocket first, in minutes; a base of eight billion weights not at all; each takes longer than a smaller one."""
    rows = estimates(1e6, LAPTOP)
    assert rows[0].base == "pocket" and rows[0].minutes == pytest.approx(1e6 / 60 * 6 * pocket.PARAMETERS / 0.6e11)
    by_name = {row.base: row for row in rows}
    small = by_name["HuggingFaceTB/SmolLM2-135M"]
    assert small.precision == "fp32" and small.memory is not None and small.memory < 2.8e9
    assert by_name["smollm2"].minutes == small.minutes and not by_name["smollm2"].here
    assert by_name["Qwen/Qwen3-8B-Base"].precision == "4-bit"
    minutes = [row.minutes for row in rows if row.minutes is not None]
    assert minutes == sorted(minutes) and len(minutes) == len(rows)
    assert estimates(1e6, TrainingDevice("cpu", 4 << 30, None, 1e11))[-1].minutes is None


def test_the_default_is_the_largest_base_here_that_is_not_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fetched unasked: offline, or with nothing fetched, it is pocket, and on a fast GPU what lies there."""
    assert default_base(estimates(1e6, GPU)) == "pocket"
    monkeypatch.setattr(base_files, "is_fetched", lambda base: "Qwen3" in base)
    assert default_base(estimates(1e6, LAPTOP)) == "pocket"
    assert default_base(estimates(1e6, GPU)) == "Qwen/Qwen3-8B-Base"
    assert default_base(estimates(3e7, GPU)) == "Qwen/Qwen3-0.6B-Base"


def test_the_base_of_the_set_up_must_read_everything_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody chose it: a text that it would read in part is better learned by pocket, which reads all of it."""
    monkeypatch.setattr(base_files, "is_fetched", lambda base: base == "smollm2")
    assert default_base(estimates(6e4, LAPTOP)) == "smollm2"
    assert default_base(estimates(1e6, LAPTOP)) == "pocket"
    assert default_base(estimates(6e4, TrainingDevice("cpu", 2 << 30, None, 1e11))) == "pocket"


def test_a_base_is_fetched_where_the_hub_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked up in the folder that the hub's own client uses, without asking anybody."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    assert not base_files.is_fetched("org/model")
    snapshot = tmp_path / "hub" / "models--org--model" / "snapshots" / "0"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").touch()
    assert base_files.is_fetched("org/model") and not base_files.is_fetched("org/other")


def test_the_table_says_what_is_taken_and_what_must_be_fetched() -> None:
    """A line a base; times in minutes, hours or days."""
    rows = estimates(1e6, TrainingDevice("cpu", 6 << 30, None, 1e11))
    told = estimate_table(rows, "pocket")
    assert len(told) == len(rows) + 1 and told[1].endswith("<- the default")
    assert max(map(len, told)) <= 80
    assert told[2].endswith("to be fetched") and told[-1].endswith("too large for this machine")
    assert told[1].split()[1:7] == ["6", "M", "1.1", "GB", "11", "minutes"] and " hours " in told[2]


def test_speed_is_estimated_from_the_weights(base: str) -> None:
    """A base learns the slower the more it weighs, and one without weights is not waited for."""
    assert tokens_per_second("pocket") == pytest.approx(0.6e11 / pocket.TRAINING_FLOPS_A_TOKEN)
    assert tokens_per_second("pocket") < tokens_per_second(base) < tokens_per_second("markov") == math.inf


def test_a_small_base_learns_faster_where_the_processor_multiplies_bf16(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The device's rate is that of fp32; where SOUNDALIKE_DTYPE asks for fp32 nothing is gained."""
    native = TrainingDevice("cpu", 16 << 30, "avx512_bf16", 1e11)
    monkeypatch.delenv("SOUNDALIKE_DTYPE", raising=False)
    in_fp32, in_bf16 = estimates(1e6, LAPTOP), estimates(1e6, native)
    for row, faster in zip(in_fp32[:2], in_bf16[:2], strict=True):
        assert row.minutes and faster.minutes and row.minutes / faster.minutes == pytest.approx(estimate.BF16_GAIN)
    monkeypatch.setenv("SOUNDALIKE_DTYPE", "fp32")
    assert [row.minutes for row in estimates(1e6, native)[:2]] == [row.minutes for row in in_fp32[:2]]


def test_a_small_base_is_rated_by_the_gpu_that_trains_it(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine of pocket and smollm2 uses a GPU where PyTorch has one, so a GPU a hundred times as fast takes a
    hundredth of the time, whatever the processor multiplies, and one replica in place of one for each core."""
    on_processor = tokens_per_second("pocket"), tokens_per_second(base), memory_of(base, Training())
    tokens_per_second.cache_clear()
    monkeypatch.setattr(estimate, "training_device", lambda: TrainingDevice("cuda", 24 << 30, None, 1e13, "invented"))
    monkeypatch.setattr("soundalike.machine.cores", lambda: 8)
    on_gpu = tokens_per_second("pocket"), tokens_per_second(base), memory_of(base, Training())
    share = estimate.RATE_SHARE["cuda"] / pocket.TRAINING_SHARE
    assert on_gpu[0] == pytest.approx(100 * share * on_processor[0])
    assert on_gpu[1] == pytest.approx(100 * share * on_processor[1])
    assert (on_gpu[2] or 0.0) <= (on_processor[2] or 0.0)
    rows = estimates(1e6, GPU)
    assert rows[0].minutes == pytest.approx(1e6 / 60 * pocket.TRAINING_FLOPS_A_TOKEN / (0.3 * 1e14))
    assert rows[1].minutes is not None and rows[1].minutes < (estimates(1e6, LAPTOP)[1].minutes or 0.0) / 100


def test_memory_grows_with_what_is_asked(base: str) -> None:
    """Pocket's is near the measured one; a word chain has none."""
    assert memory_of("pocket", Training()) == pytest.approx(1.0e9, rel=0.25)
    assert memory_of("markov", Training()) is None
    roomy, tight = (memory_of(base, Training(step_tokens=tokens)) or 0.0 for tokens in (2_048, 256))
    assert roomy > tight > 6e8


def test_what_was_expected_is_set_beside_what_happened(base: str, tmp_path: Path) -> None:
    """After training clone.toml has both, and by how much they differ; nothing of a base of unknown size."""
    clone = clone_of(tmp_path / "me")
    train_clone(clone, plan_training(clone, base, {"iters": 3, "window": 64}).recipe)
    told, result = clone.manifest()["estimate"], clone.manifest()["result"]
    assert told["minutes"] == pytest.approx(result["seconds"] / 60, abs=0.011)  # both are rounded
    assert told["memory_error"] == pytest.approx(told["memory_gb_expected"] / told["memory_gb"] - 1, abs=0.05)
    assert (
        compare_with_actual("pocket", Training(), 100.0, round(100 * tokens_per_second("pocket")))["minutes_error"] == 0
    )
    assert compare_with_actual("markov", Training(), 1.0, 1) == {}
