"""Memory does not grow with what is not kept: neither with activity nor with the size of one file."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.sources.packages import write_large

READER = """
import sys
from pathlib import Path
from soundalike import sources
corpus = sources.read([Path(sys.argv[1])])
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(f'{{"rows": {corpus.messages.height}, "unaccounted": {corpus.unaccounted}, "peak_mb": {int(peak) // 1024}}}')
"""


def read_apart(path: Path) -> dict[str, int]:
    """What reading this package in a process of its own gave and took."""
    done = subprocess.run([sys.executable, "-c", READER, str(path)], capture_output=True, check=True)
    found: dict[str, int] = orjson.loads(done.stdout)
    return found


def test_memory(tmp_path: Path) -> None:
    """60,000 messages, half of them in one file, beside 64 MB of activity are read in little more than Polars takes."""
    found = read_apart(write_large(tmp_path / "p.zip", 60_000, 60, activity=64 << 20))
    assert found["unaccounted"] == 0
    assert 59_000 < found["rows"] <= 60_000
    assert found["peak_mb"] < 250


@pytest.mark.slow
def test_memory_of_a_heavy_user(tmp_path: Path) -> None:
    """2 million messages, a million of them in one file, beside 3 GB of activity stay under 1 GB."""
    path = write_large(tmp_path / "p.zip", 2_000_000, 6_000, activity=3 << 30)
    found = read_apart(path)
    path.unlink()
    assert found["unaccounted"] == 0
    assert found["rows"] > 1_990_000
    assert found["peak_mb"] < 1000
