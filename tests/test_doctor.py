"""What `soundalike doctor` finds and says."""

import json

import orjson
import pytest

from soundalike import doctor, machine
from soundalike.doctor import TOKENS, backends, inspect_machine
from soundalike.engines import fused_library
from soundalike.training.estimate import TrainingDevice

CPU = TrainingDevice("cpu", 16 << 30, None, 1e11)


def test_a_checkup_tells_of_this_machine() -> None:
    """What was found is plain values; lines name the processor, each backend, each base, and what is taken."""
    found = inspect_machine()
    assert json.loads(orjson.dumps(found))["backends"][0]["name"] == "torch"
    assert found.cores >= 1 and found.memory > found.free_memory > 0 and found.free_disk > 0
    assert found.bases[0].base == "pocket" and found.rate > 1e9
    told = "\n".join(found.lines())
    assert all(row.base in told for row in found.bases) and f"{TOKENS / 1e6:g} million tokens" in told
    assert told.count("<- the default") == 1 and "Processor: " in told


def test_what_is_missing_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what this machine could use: no FlashAttention without a GPU."""
    monkeypatch.setattr(machine, "gpu", lambda: None)
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "bitsandbytes" else "1.0")
    monkeypatch.setattr(fused_library, "library", lambda: None)
    told = [backend.line() for backend in backends(CPU)]
    assert any(line.endswith("missing; pip install 'soundalike[4bit]'") for line in told)
    assert not any("flash-attn" in line for line in told) and any("PyTorch speaks instead" in line for line in told)
    assert sum("missing" in line for line in told) == 2


def test_a_gpu_that_pytorch_cannot_use_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the PyTorch that it takes."""
    monkeypatch.setattr(machine, "gpu", lambda: ("invented", 24 << 30))
    assert "torch with CUDA" in {backend.name for backend in backends(CPU)}
    assert "torch with CUDA" not in {
        backend.name for backend in backends(TrainingDevice("cuda", 24 << 30, None, 1e14, "invented"))
    }
