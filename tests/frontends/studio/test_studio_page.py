"""The studio's page in a real browser without a window; whatever it asks of another host fails the test.

Needs Chromium: Debian's `chromium`, or playwright's own. Without one these tests are skipped, and say so.
"""

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.training.test_loop import clone_of

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one voice that was imported."""
    root = tmp_path_factory.mktemp("studio")
    clone = clone_of(root / "me")
    counts = {"messages": 12, "conversations": 3, "words": 60, "documents": 3, "bytes": 300}
    with clone.locked("a test"):
        clone.record(**{"import": {**clone.manifest()["import"], **counts}})
    return root


def test_the_link_opens_the_studio_and_the_token_is_in_no_history(page: Page, address: str) -> None:
    """It is out of the address at once, a reload works all the same, and no cookie holds it."""
    assert page.url == f"{address}/"
    page.reload()
    expect(page.get_by_role("link", name="me", exact=True)).to_be_visible()
    assert page.context.cookies() == []


def test_without_the_link_nothing_is_shown(chromium: Browser, address: str) -> None:
    """The page tells what to do, and no voice."""
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(address)
        expect(page.get_by_role("alert")).to_contain_text("Open the link that `soundalike studio` has printed.")
        expect(page.get_by_role("link", name="me", exact=True)).to_have_count(0)


def test_a_voice_is_reached_by_keys_and_back(page: Page) -> None:
    """The heading of what is shown has the focus, so that a screen reader reads on from there."""
    page.get_by_role("link", name="me", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("me: Overview")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Voices")
    expect(page).to_have_title("Voices - soundalike studio")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["#/voices", "#/work", "#/voice/me/about"])
def test_everybody_can_use_it(page: Page, scheme: Literal["light", "dark"], place: str) -> None:
    """In every section axe finds nothing, and nothing scrolls sideways on a phone."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 700})
    page.evaluate("(place) => { location.hash = place; }", place)
    expect(page.locator("main p").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert Axe().run(page).response["violations"] == []
