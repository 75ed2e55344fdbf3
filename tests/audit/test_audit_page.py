"""The private page in a browser."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from soundalike.audit.audit_page import html
from soundalike.audit.audit_report import AuditReport
from soundalike.audit.exposure import Exposure, Secret
from tests.audit.chains import LEARNED, place

# How many lines each word takes that is no learned string: a broken one takes two.
LINES_OF_WORDS = """() => [...document.querySelectorAll("thead th, tbody td")].flatMap(cell => {
    const text = cell.firstChild, words = [...text.data.matchAll(/\\S+/g)];
    return words.map(word => {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        return range.getClientRects().length;
    });
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_breaks_no_word(chromium: Browser, tmp_path: Path, scheme: str) -> None:
    """A table wider than the screen is scrolled by itself; nothing is asked of the network, and axe finds nothing."""
    secret = Secret(place(LEARNED, "482913"), "numbers and codes", 3, ("1", "2"))
    found = Exposure(on=8, off=1, rank=1, most=8)
    report = AuditReport({}, {"numbers and codes": {"strings": 1, "times": 3}}, [(secret, found)])
    page = tmp_path / "audit.html"
    page.write_text(html(report, "sam"), "utf-8")
    shown = chromium.new_page(color_scheme=scheme, viewport={"width": 390, "height": 800})  # type: ignore[arg-type]
    requests = list[str]()
    shown.on("request", lambda request: requests.append(request.url))
    shown.goto(page.as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    assert set(shown.evaluate(LINES_OF_WORDS)) == {1}
    assert requests == [page.as_uri()]
    assert Axe().run(shown).response["violations"] == []
