"""What holds for every test: a home of its own, and the network closed (see pyproject)."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


# Products of every test are fp32 on every processor; those that hold for bf16 too ask for the fixture `dtype`.
os.environ["SOUNDALIKE_DTYPE"] = "fp32"

# Asked for by the command of the tests: this process has it; the programs that tests start shall print nothing more.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.pop("PYTHONWARNDEFAULTENCODING", None)

# A shell without job control lets what it starts in the background ignore Ctrl-C, which tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# The files that take longest, begun first: one process runs a file, and at the end the others would wait for it.
LONGEST = ("test_readme.py", "test_cli.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of LONGEST first; the rest stays in its order."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(params=["fp32", "bf16"])
def dtype(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Engines made in the test compute in it; PyTorch emulates bf16 where the processor has no instructions for it."""
    monkeypatch.setenv("SOUNDALIKE_DTYPE", request.param)
    return str(request.param)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing that a test does reaches the home of the person who runs it; what is compiled is kept for all tests."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return home


@pytest.fixture
def uncompiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No C file of ours compiled yet, and where those that are will be kept: nothing is there."""
    from soundalike import native

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    native.forget()
    yield tmp_path / "cache" / "soundalike"
    native.forget()


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tiny random base model."""
    from tests.engines import tiny

    return str(tiny.base(tmp_path_factory.mktemp("base")))


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """A browser without a window: Debian's `chromium`, or playwright's own; where neither is, the test is skipped."""
    from playwright.sync_api import expect, sync_playwright

    installed = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        if not installed and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("no browser here, install one with `apt-get install chromium`")
        # What is waited for comes; only a busy machine takes its time.
        opened = playwright.chromium.launch(executable_path=installed, args=["--no-sandbox"], timeout=180_000)
        expect.set_options(timeout=60_000)
        yield opened
        opened.close()
