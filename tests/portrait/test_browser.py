"""The page in a real browser: silent, alone, and open to everybody.

Needs Chromium: Debian's `chromium`, or playwright's own. Without one these tests are skipped, and say so.
"""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from soundalike.next_step import NextStep
from soundalike.portrait.card import Card, Portrait, Quotation, ScoredPiece, Table
from soundalike.portrait.portrait_page import html
from tests.portrait.test_page import PICTURES


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with everything in it that a portrait can hold."""
    quoted = [
        Quotation(head, [ScoredPiece("a line", 0.1), ScoredPiece(" of mine", 1.0)])
        for head in ("most you", "least you")
    ]
    table = Table("words", ["Year", "messages"], [["2023", "soup"]])
    card = Card(
        "all",
        "All",
        "You say soup.",
        "9 messages",
        ["More."],
        PICTURES,
        [table],
        quoted,
        NextStep("soundalike evaluate me"),
    )
    path = tmp_path_factory.mktemp("page") / "portrait.html"
    path.write_text(html(Portrait("sam", "9 messages.", [card])), "utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_from_disk_without_a_word(chromium: Browser, page: Path, scheme: str) -> None:
    """No console message, no request but the file itself, nothing that axe finds, no sideways scrolling on a phone."""
    shown = chromium.new_page(color_scheme=scheme, viewport={"width": 390, "height": 800})  # type: ignore[arg-type]
    messages, requests = list[str](), list[str]()
    shown.on("console", lambda message: messages.append(message.text))
    shown.on("pageerror", lambda error: messages.append(str(error)))
    shown.on("request", lambda request: requests.append(request.url))
    shown.goto(page.as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    assert shown.locator("svg").count() == len(PICTURES)
    assert messages == [] and requests == [page.as_uri()]
    assert Axe().run(shown).response["violations"] == []
