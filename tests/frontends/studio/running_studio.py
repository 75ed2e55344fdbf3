"""A studio that runs on a loopback port, with voices that are word chains, and its page in a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from soundalike.clone import Clone
from soundalike.frontends.studio.studio_app import create
from soundalike.frontends.studio.studio_folder import StudioFolder
from tests.evaluation.chain_clone import chain_clone
from tests.frontends.loopback import served

TOKEN = "open-sesame"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
LOOPBACK_ADDRESS = "http://127.0.0.1:8000"


def trained(path: Path, chats: int = 12) -> Clone:
    """A clone with a word chain for a voice, as a training leaves it."""
    clone = Clone.open(chain_clone(path, chats=chats, order=3))
    with clone.locked("a test"):
        clone.record(result={"fingerprint": clone.fingerprint, "bits_per_byte": 2.5, "seconds": 1.0, "steps": 1})
    return clone


@contextmanager
def running(root: Path) -> Iterator[str]:
    """A studio of the folder `root`; its address."""
    with served(create(StudioFolder.make(root), TOKEN)) as address:
        yield address


@contextmanager
def opened(chromium: Browser, address: str) -> Iterator[Page]:
    """The page, opened by its link; a message on its console or a request to elsewhere fails the test."""
    wrong: list[str] = []
    with chromium.new_context() as context:
        page = context.new_page()
        page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith(address) else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text))
        page.goto(f"{address}/#token={TOKEN}")
        page.get_by_role("heading", level=1, name="Voices").wait_for()
        yield page
        assert "[object " not in page.content()  # an element or a record where text belongs
    wrong = [line for line in wrong if not line.startswith(("data:", "about:srcdoc"))]
    assert not wrong, wrong


def go(page: Page, place: str, title: str) -> None:
    """Open a section and wait until it stands there."""
    page.evaluate("(place) => { location.hash = place; }", place)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
