"""The wheel, built and installed into an empty environment, works there without make, a compiler or the source tree."""

import json
import os
import platform
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from soundalike import native
from soundalike.demo import EXPORT

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "soundalike"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `pip install` builds it, with the build backend that is installed here: no network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [*PIP, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment with this wheel alone.

    Its libraries are those of the environment of the tests, through a .pth file: to install PyTorch again would take
    minutes. The .pth files of that environment, with the source tree in them, are not followed.
    """
    home = tmp_path_factory.mktemp("empty")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / "bin" / "python"
    subprocess.run(
        [*PIP, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)], check=True, env=clean(home)
    )
    (packages,) = home.glob("lib/*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return python.parent


def clean(programs: Path) -> dict[str, str]:
    """Environment variables without a source tree, a compiler, or any other program."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "CC")}
    return kept | {"PATH": str(programs), "PYTHONIOENCODING": "ascii"}


def run(programs: Path, folder: Path, *words: str) -> str:
    """What a program of the environment prints, on a console that knows ASCII alone."""
    given = [str(programs / words[0]), *words[1:]]
    done = subprocess.run(given, cwd=folder, env=clean(programs), capture_output=True, encoding="ascii", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """Weights, pages and sources; the only archive is the invented person's export; a library for each processor."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name.partition("/")[2] for name in archive.namelist() if name.startswith("soundalike/")}
        about = {name.partition("/")[2] for name in archive.namelist() if not name.startswith("soundalike/")}
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    libraries = {name for name in held if name.endswith(".so")}
    assert held - libraries == {path.relative_to(PACKAGE).as_posix() for path in files}
    assert about == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert [path for path in files if path.suffix == ".zip"] == [EXPORT]
    expected = len(native.TARGETS.get(platform.machine(), {})) if native.compiler() else 0
    assert len(libraries) == expected and wheel.name.endswith("-py3-none-any.whl") is (expected == 0)


def test_it_says_how_fast_it_will_be(programs: Path, tmp_path: Path) -> None:
    """The library that was built in is loaded; without one, `doctor` tells that PyTorch speaks."""
    code = "import soundalike.engines.fused_library as f; print(f.__file__); print(f.origin())"
    file, origin = run(programs, tmp_path, "python", "-c", code).splitlines()
    assert Path(file).is_relative_to(programs.parent)
    assert origin.startswith("built in") if native.prebuilt(Path(file).with_name("fused.c")) else origin == "None"


def test_its_demo_ends_in_a_conversation(programs: Path, tmp_path: Path) -> None:
    """`soundalike demo`, with seconds of training in place of minutes, reaches its last line, and `say` works."""
    told = run(programs, tmp_path, "soundalike", "demo", "--minutes", "0.1")
    assert "juno:" in told and "moth:" in told and "soundalike chat" in told
    said = run(programs, tmp_path, "soundalike", "say", "soundalike-demo", "hey", "--max-tokens", "9", "--json")
    assert json.loads(said)["text"].startswith("hey")
