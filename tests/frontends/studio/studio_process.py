"""A studio in a process of its own, which a test can kill, and Chromium pages that it answers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.studio_folder import StudioFolder

SCHEMES: tuple[Literal["dark"], Literal["light"]] = ("dark", "light")


class StudioProcess:
    """`soundalike studio` for the folder `root`; `link` is what it prints."""

    def __init__(self, root: Path, port: int = 0) -> None:
        self.root = root
        words = ["studio", "--folder", str(root), "--port", str(port)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "soundalike.cli", *words], stdout=subprocess.PIPE, text=True, env=os.environ
        )
        assert self._process.stdout
        self.link = next(line.strip() for line in self._process.stdout if line.startswith("http"))
        self.port = int(self.link.split("/#")[0].rsplit(":", 1)[1])

    def kill(self) -> None:
        """End it with -9, as a crash does."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    @property
    def jobs(self) -> Jobs:
        """The work in its folder, as another studio sees it."""
        folder = StudioFolder(self.root / ".soundalike-studio")
        return Jobs(folder.jobs_path, folder.clones_path)


@contextmanager
def opened(chromium: Browser, studio: StudioProcess) -> Iterator[tuple[Page, list[str]]]:
    """The page of a studio on a phone, opened by its link; the list gets what it says and whom else it asks."""
    wrong: list[str] = []
    with chromium.new_context(viewport={"width": 360, "height": 700}) as context:
        page = context.new_page()
        own = studio.link.split("/#")[0]
        page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith((own, "data:")) else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text))
        page.goto(studio.link)
        yield page, wrong


def require_usable(page: Page) -> None:
    """Everybody can use what the page shows: axe finds nothing, light or dark, and nothing scrolls sideways."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
