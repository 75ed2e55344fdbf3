"""What this machine has."""

import subprocess
from typing import Any

import pytest

from soundalike import machine


def test_memory_is_read_as_bytes() -> None:
    """Whatever unit the system uses: a test process holds more than ten megabytes, and no more than there are."""
    assert 1e7 < machine.peak_memory() < machine.memory() and 0 < machine.free_memory() < machine.memory()


@pytest.mark.parametrize(
    ("told", "expected"),
    [("NVIDIA H100 80GB HBM3, 81559\n", ("NVIDIA H100 80GB HBM3", 81559 << 20)), ("", None), ("no devices", None)],
)
def test_the_driver_is_asked_for_a_gpu(
    told: str, expected: tuple[str, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name and memory; None where it answers otherwise or is not there."""

    def answers(*command: Any, **given: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, told, "")

    machine.gpu.cache_clear()
    monkeypatch.setattr("subprocess.run", answers)
    assert machine.gpu() == expected
    machine.gpu.cache_clear()
