"""Talking on the studio's page, in a real browser without a window. Needs Chromium; without one, these are skipped."""

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from soundalike.clone import Clone, corrections
from tests.frontends.studio.running_studio import go

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def idle(page: Page) -> None:
    """Wait until nothing is being said."""
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_a_conversation_is_answered_drawn_again_corrected_and_kept_over_a_reload(page: Page, root: Path) -> None:
    """By keys alone; a correction is in the clone, and the conversation is in this tab until it is forgotten."""
    go(page, "#/voice/ada/talk", "ada: Talk")
    page.get_by_label("Write to sam").fill("hello there")
    page.keyboard.press("Enter")
    log = page.get_by_role("log")
    expect(log.locator(".bubble.you")).to_have_text("hello there")
    expect(log.locator(".bubble:not(.you)").first).to_be_visible()
    idle(page)
    expect(page.get_by_label("Write to sam")).to_be_focused()
    page.get_by_role("button", name="Again").click()
    idle(page)
    page.get_by_role("button", name="Not me").click()
    expect(page.get_by_role("button", name="More like this")).to_be_enabled()
    idle(page)
    page.get_by_role("button", name="More like this").click()
    expect(log.locator(".note").last).to_have_text("Kept: more like this.")
    page.get_by_text("What you would have written, your name, more sense").click()
    page.get_by_label("Best of").fill("3")
    with page.expect_request(lambda request: request.url.endswith("/reply")) as asked:
        page.get_by_role("button", name="Again").click()
    assert '"best_of":3' in (asked.value.post_data or "")
    idle(page)
    page.get_by_label("What you would have written", exact=True).fill("the sea is calm")
    page.get_by_role("button", name="Put this instead").click()
    expect(log.locator(".bubble:not(.you)")).to_have_text(["the sea is calm"])
    first, second, third = corrections.read(Clone.open(root / "ada"))
    assert first.rejected and not first.chosen and second.rejected == first.rejected and second.chosen
    assert third.chosen == ["the sea is calm"]
    page.reload()
    expect(log.locator(".bubble")).to_have_text(["hello there", "the sea is calm"])
    page.get_by_role("button", name="Forget this conversation").click()
    expect(log.locator(".bubble")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="Again")).to_be_disabled()
    expect(log.locator(".bubble")).to_have_count(0)


def test_the_end_of_a_growing_message_stays_in_sight(page: Page) -> None:
    """A message that is longer than the log is scrolled along as its words come."""
    go(page, "#/voice/ada/talk", "ada: Talk")
    below = page.evaluate("""async () => {
        const { element, theirs, grow } = (await import("/talk_log.js")).talkLog("Long");
        document.querySelector("main").append(element);
        theirs("sam", "waves");
        for (let words = 0; words < 2000; words += 1) grow(" and waves");
        return element.scrollHeight - element.clientHeight - element.scrollTop;
    }""")
    assert abs(below) < 2


def test_training_on_corrections_is_offered_once_there_are_enough(page: Page, root: Path) -> None:
    """With fewer the page says how many it takes."""
    clone = Clone.open(root / "bo")
    corrections.append(clone, corrections.Correction.now([("sam", "hey")], ["a boat"], ["no boats"]))
    go(page, "#/voice/bo/train", "bo: Training")
    card = page.get_by_role("region", name="Corrections")
    expect(card).to_contain_text("You have corrected one reply")
    expect(card).to_contain_text("It needs 4 corrections")
    for number in range(3):
        corrections.append(clone, corrections.Correction.now([("sam", f"hey {number}")], ["a boat"], ["no boats"]))
    expect(card.get_by_role("button", name="Learn from corrections")).to_be_enabled()


def test_several_voices_answer_one_question_side_by_side(page: Page) -> None:
    """Each in a place of its own, named after it; one that is not ticked is not asked."""
    go(page, "#/compare", "Side by side")
    page.get_by_label("Ask all of them").fill("how was the ferry")
    page.keyboard.press("Enter")
    for name in ("ada", "bo"):
        expect(page.get_by_role("log", name=f"Answer of {name}").locator(".bubble").first).to_be_visible()
    idle(page)
    page.get_by_role("checkbox", name="bo").uncheck()
    page.get_by_label("Ask all of them").fill("and the storm")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("log")).to_have_count(1)
    idle(page)


def test_voices_talk_in_a_room_and_go_on_when_told(page: Page) -> None:
    """They answer a line and stop by themselves, and say more without one."""
    go(page, "#/room", "Room")
    page.get_by_label("Say something in the room").fill("hello you two")
    page.keyboard.press("Enter")
    bubbles = page.get_by_role("log").locator(".bubble:not(.you)")
    expect(bubbles.first).to_be_visible()
    expect(page.get_by_role("button", name="Let them go on")).to_be_enabled()
    before = bubbles.count()
    page.get_by_role("button", name="Let them go on").click()
    expect(bubbles.nth(before)).to_be_visible()
    go(page, "#/voices", "Voices")  # which ends what is being said
    go(page, "#/room", "Room")
    expect(bubbles.nth(before)).to_be_visible()


def test_a_reply_that_is_cut_off_is_told(page: Page) -> None:
    """The studio ended in the middle of it: what was said stays, and a sentence says what to do."""
    go(page, "#/voice/ada/talk", "ada: Talk")
    begun = 'data: {"text": "well", "continues": false}\n\n'
    page.route("**/reply", lambda route: route.fulfill(content_type="text/event-stream", body=begun))
    page.get_by_role("textbox", name="Write to ").fill("hello")
    page.keyboard.press("Enter")
    expect(page.get_by_text("well", exact=True)).to_be_visible()
    expect(page.get_by_text("The studio does not answer. If it has ended, start it again")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_talk(page: Page, scheme: Literal["light", "dark"]) -> None:
    """axe finds nothing before and after something was said, and nothing scrolls sideways on a phone."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 700})
    sections = (
        ("#/voice/ada/talk", "ada: Talk", "Write to sam"),
        ("#/compare", "Side by side", "Ask all of them"),
        ("#/room", "Room", "Say something in the room"),
    )
    for place, title, line in sections:
        go(page, place, title)
        page.get_by_label(line).fill("hello there " * 8)
        assert Axe().run(page).response["violations"] == []
        page.keyboard.press("Enter")
        expect(page.get_by_role("log").locator(".bubble:not(.you)").first).to_be_visible()
        idle(page)
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
