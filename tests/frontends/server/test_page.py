"""The page at /, in a real browser without a window: keys, bubbles, colours, and no word to anywhere else.

Needs Chromium: Debian's `chromium`, or playwright's own. Without one these tests are skipped, and say so.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.frontends.server.running import SCRIPTS, Running, ada, running, stepped

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
LINK = "https://example.org/" + "a" * 86


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(ada(), ada("mo: hi\nada: yes mo\nmo: so\n")) as server:
        yield server


@pytest.fixture
def page(chromium: Browser, server: Running) -> Iterator[Page]:
    """The page, opened; whatever it asks of another host, and every error in it, fails the test."""
    wrong: list[str] = []
    with chromium.new_context() as context:
        page = context.new_page()
        page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith(server.address) else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if line.type in ("error", "warning") else None)
        page.goto(server.address)
        expect(page.locator("#model option")).to_have_count(2)
        page.locator("#name").fill("sam")
        page.locator("#text").focus()
        yield page
    assert [line for line in wrong if not line.startswith("data:")] == []


def bubbles(page: Page) -> Any:
    return page.locator(".bubble:not(.you)")


def test_a_burst_is_a_bubble_a_message(page: Page) -> None:
    """Typed and sent by keys alone; the answer comes as the burst that it is."""
    page.keyboard.type("hi")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_text(["hey", "what's up"])
    expect(page.locator(".bubble.you")).to_have_text(["hi"])
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("not much")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_text(["hey", "what's up", "ok"])
    expect(page.locator("#owner")).to_have_text("ada")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(page: Page, scheme: Literal["light", "dark"]) -> None:
    """In the middle of a conversation axe finds nothing, and nothing scrolls sideways on a phone."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 800})
    page.keyboard.type("hi")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize("width", [320, 360, 390])
def test_a_pasted_link_stays_within_the_screen(page: Page, width: int) -> None:
    """One of 106 characters, without a place to break: neither the box nor its bubble is wider than a phone."""
    page.set_viewport_size({"width": width, "height": 700})
    page.locator("#text").fill(LINK)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator("#send").bounding_box()
    assert box and box["x"] + box["width"] <= width
    page.keyboard.press("Enter")
    expect(page.locator(".bubble.you")).to_have_text([LINK])
    expect(page.locator("#log[aria-busy=false]")).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('#log').scrollWidth <= document.querySelector('#log').clientWidth")


def test_a_refresh_keeps_what_was_said_until_it_is_forgotten(page: Page) -> None:
    """With the voice and the name; the next reply goes on from it, and after Forget nothing comes back."""
    page.keyboard.type("hi")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_text(["hey", "what's up"])
    page.reload()
    expect(page.locator(".bubble")).to_have_text(["hi", "hey", "what's up"])
    expect(page.locator("#name")).to_have_value("sam")
    page.locator("#text").fill("not much")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_text(["hey", "what's up", "ok"])
    page.get_by_role("button", name="Forget").click()
    page.reload()
    expect(page.locator("#model option")).to_have_count(2)
    expect(page.locator(".bubble")).to_have_count(0)
    assert page.evaluate("sessionStorage.length") == 0


def test_what_is_kept_is_of_a_voice_that_is_served(page: Page) -> None:
    """A conversation with the second voice comes back with it; one with a voice that is gone does not."""
    page.locator("#model").select_option("ada-2")
    page.locator("#name").fill("mo")
    page.locator("#text").fill("hi")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_text(["yes mo"])
    page.reload()
    expect(page.locator("#model")).to_have_value("ada-2")
    expect(bubbles(page)).to_have_text(["yes mo"])
    page.evaluate("sessionStorage.setItem('soundalike', sessionStorage.getItem('soundalike').replace('ada-2', 'eve'))")
    page.reload()
    expect(page.locator("#model")).to_have_value("ada")
    expect(page.locator(".bubble")).to_have_count(0)


def test_each_bubble_has_the_direction_of_its_words(page: Page) -> None:
    """Arabic from the right, whatever stands beside it; in the box too."""
    arabic = "\u0645\u0631\u062d\u0628\u0627 ok"
    page.locator("#text").fill(arabic)
    assert page.locator("#text").evaluate("(box) => getComputedStyle(box).direction") == "rtl"
    page.keyboard.press("Enter")
    expect(page.locator(".bubble.you")).to_have_text([arabic])
    expect(page.locator("#log[aria-busy=false]")).to_be_attached()
    assert page.locator(".bubble.you").evaluate("(bubble) => getComputedStyle(bubble).direction") == "rtl"
    assert page.locator(".who.you").evaluate("(name) => getComputedStyle(name).direction") == "ltr"


def test_words_that_come_one_by_one_are_one_bubble(page: Page) -> None:
    """A message that leaves in pieces stays a message, and is remembered as one."""
    page.keyboard.type("tell me")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_text(["the sea is calm", "so am i"])
    page.locator("#model").select_option("ada-2")
    expect(bubbles(page)).to_have_count(0)


def test_the_keys_that_the_page_names(page: Page) -> None:
    """Shift+Enter breaks the line, up takes the last line back, Alt+R draws anew, Alt+N begins anew."""
    page.keyboard.type("hi")
    page.keyboard.press("Shift+Enter")
    expect(page.locator("#text")).to_have_value("hi\n")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_count(2)
    page.keyboard.press("Alt+r")
    expect(page.locator("#log[aria-busy=false]")).to_be_attached()
    expect(bubbles(page)).to_have_text(["hey", "what's up"])
    page.keyboard.press("ArrowUp")
    expect(page.locator("#text")).to_have_value("hi")
    expect(page.locator(".bubble")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_count(2)
    page.keyboard.press("Alt+n")
    expect(page.locator(".bubble")).to_have_count(0)


def test_another_voice_can_be_chosen(page: Page) -> None:
    """Every clone that is served is in the list."""
    page.locator("#model").select_option("ada-2")
    page.locator("#name").fill("mo")
    page.locator("#text").fill("hi")
    page.locator("#send").click()
    expect(bubbles(page)).to_have_text(["yes mo"])


def test_who_is_faster_than_the_page_is_heard_all_the_same(chromium: Browser, server: Running) -> None:
    """A message sent before the voices are known waits for them, and goes out once however often Enter is pressed."""
    with chromium.new_context() as context:
        page = context.new_page()
        asked = list[Route]()
        page.route("**/v1/models", lambda route: asked.append(route))
        page.goto(server.address)
        page.locator("#text").fill("hi")
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        expect(page.locator("#text")).to_have_value("hi")
        asked[0].continue_()
        expect(bubbles(page)).to_have_text(["hello you"])
        expect(page.locator(".bubble.you")).to_have_text(["hi"])


def test_words_are_words_and_no_markup(page: Page) -> None:
    """What somebody types is shown as it stands."""
    page.locator("#text").fill("<b>hi</b><script>alert(1)</script>")
    page.keyboard.press("Enter")
    expect(page.locator(".bubble.you")).to_have_text(["<b>hi</b><script>alert(1)</script>"])
    expect(page.locator("#log[aria-busy=false]")).to_be_attached()


def test_escape_stops_a_reply(chromium: Browser) -> None:
    """The place of the reply is free on the server, and the page goes on."""
    with stepped(*SCRIPTS) as (voice, engine), running(voice) as server, chromium.new_context() as context:
        page = context.new_page()
        page.goto(server.address)
        expect(page.locator("#model option")).to_have_count(1)
        page.locator("#text").fill("hi")
        page.keyboard.press("Enter")
        expect(page.locator(".typing")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".note")).to_have_text(["stopped"])
        engine.turns.release(1_000)


def test_a_server_with_a_key_asks_for_it(chromium: Browser) -> None:
    """Once; it is in no storage of the browser."""
    with running(ada(), key="open sesame") as server, chromium.new_context() as context:
        page = context.new_page()
        page.goto(server.address)
        expect(page.locator("#ask")).to_be_visible()
        page.locator("#key").fill("open sesame")
        page.keyboard.press("Enter")
        page.locator("#text").fill("hi")
        page.keyboard.press("Enter")
        expect(bubbles(page)).to_have_text(["hello you"])
        assert context.storage_state() == {"cookies": [], "origins": []}
        assert "open sesame" not in page.evaluate("JSON.stringify({...sessionStorage})")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(chromium: Browser, server: Running, scheme: Any, tmp_path: Path) -> None:
    """The ground follows the system, and every text stands out from it by 4.5 to 1 at least."""
    with chromium.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(server.address)
        expect(page.locator("#model option")).to_have_count(2)
        page.locator("#text").fill("hi")
        page.keyboard.press("Enter")
        expect(bubbles(page)).to_have_text(["hello you"])
        ground = luminance(colour(page, "body", "backgroundColor"))
        assert (ground < 0.1) == (scheme == "dark")
        for selector, behind in (("#notice", "body"), (".bubble.you", ".bubble.you"), (".who", "body")):
            ink, under = (luminance(colour(page, *of)) for of in ((selector, "color"), (behind, "backgroundColor")))
            assert (max(ink, under) + 0.05) / (min(ink, under) + 0.05) >= 4.5, selector


def colour(page: Page, selector: str, which: str) -> list[int]:
    found = page.locator(selector).first.evaluate(f"(element) => getComputedStyle(element).{which}")
    return [int(part) for part in re.findall(r"\d+", found)[:3]]


def luminance(rgb: list[int]) -> float:
    """Relative luminance of sRGB (WCAG 2.2)."""
    linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
