"""Memory and GPU of this machine."""

import subprocess
from typing import Any

import pytest

from soundalike import machine


def test_memory_is_read_as_bytes() -> None:
    """Whatever unit the system uses: a test process has more than ten megabytes, and less than the machine."""
    assert 1e7 < machine.peak_memory() < machine.memory() and 0 < machine.free_memory() < machine.memory()


@pytest.mark.parametrize(
    ("output", "expected"),
    [("NVIDIA H100 80GB HBM3, 81559\n", ("NVIDIA H100 80GB HBM3", 81559 << 20)), ("", None), ("no devices", None)],
)
def test_the_gpu_is_read_from_nvidia_smi(
    output: str, expected: tuple[str, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name and memory; None for any other output."""

    def run(*command: Any, **arguments: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, output, "")

    machine.gpu.cache_clear()
    monkeypatch.setattr("subprocess.run", run)
    assert machine.gpu() == expected
    machine.gpu.cache_clear()
