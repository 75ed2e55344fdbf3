"""A studio of two voices and its page; a module of tests with other voices has a `root` of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.frontends.studio.running_studio import opened, running, trained


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two trained voices."""
    root = tmp_path_factory.mktemp("studio") / "voices"
    trained(root / "ada")
    shutil.copytree(root / "ada", root / "bo")
    return root


@pytest.fixture(scope="module")
def address(root: Path) -> Iterator[str]:
    """The studio of that folder."""
    with running(root) as address:
        yield address


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """Its page, opened by its link."""
    with opened(chromium, address) as page:
        yield page
