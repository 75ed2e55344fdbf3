"""Using, forgetting and deleting on the studio's page, in a real browser. Needs Chromium; without one, they skip."""

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.frontends.studio.running_studio import go

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_keep_and_delete(page: Page, root: Path, scheme: Literal["light", "dark"]) -> None:
    """axe finds nothing, with everything unfolded too, and nothing scrolls sideways on a phone."""
    (root / "ada" / "export-prompt").mkdir(exist_ok=True)
    (root / "ada" / "export-prompt" / "export.json").write_text('{"kind": "prompt", "files": []}', encoding="utf-8")
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 700})
    sections = (
        ("#/voice/ada/use", "ada: Use it"),
        ("#/voice/ada/data", "ada: Keep and delete"),
        ("#/everything", "Delete everything"),
    )
    for place, title in sections:
        go(page, place, title)
        expect(page.locator("main button").last).to_be_visible()
        folded = page.locator("details:not([open]) > summary").filter(visible=True)
        while folded.count():  # one less after each
            folded.first.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert Axe().run(page).response["violations"] == []


def test_a_command_is_copied_and_the_bots_settings_are_written(page: Page, root: Path) -> None:
    """Nowhere on the page can a token be typed."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    go(page, "#/voice/ada/use", "ada: Use it")
    expect(page.get_by_text("No server of this voice that was started here is running.")).to_be_visible()
    command = f"soundalike serve {root / 'ada'}"
    page.get_by_role("button", name=f"Copy: {command}", exact=True).click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == command
    page.get_by_role("button", name="Write discord.toml").click()
    expect(page.get_by_text(f"The settings are in {root / 'ada' / 'discord.toml'}.")).to_be_visible()
    assert page.locator("input").evaluate_all("(all) => all.map((one) => one.type)") == ["number", "checkbox"]


def test_forgetting_tells_first_what_goes(page: Page) -> None:
    """The button that does it comes with the answer, and goes when something else is ticked.

    Who is forgotten is no longer listed.
    """
    go(page, "#/voice/ada/data", "ada: Keep and delete")
    page.get_by_text("People (1)").click()
    page.get_by_role("group", name="People").get_by_role("checkbox").check()
    expect(page.get_by_role("button", name="Forget them")).to_be_hidden()
    page.get_by_role("button", name="What would be removed?").click()
    expect(page.get_by_text("messages would be removed, 0 of them yours.")).to_be_visible()
    expect(page.get_by_role("button", name="Forget them")).to_be_visible()
    page.get_by_label("Sent before").fill("1969-12-31")
    expect(page.get_by_role("button", name="Forget them")).to_be_hidden()
    page.get_by_role("button", name="What would be removed?").click()
    page.get_by_role("button", name="Forget them").click()
    expect(page.get_by_text("They are forgotten.")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("People (1)")).to_be_hidden()


def test_a_voice_and_then_everything_is_deleted_by_typing_its_name(page: Page, root: Path) -> None:
    """The button cannot be pressed before the name stands there."""
    page.evaluate("sessionStorage.setItem('soundalike-talk-bo', '{}')")  # as a conversation with it leaves
    with page.expect_response("**/voices/bo/people"), page.expect_response("**/voices/bo/versions"):
        go(page, "#/voice/bo/data", "bo: Keep and delete")  # a request that comes after the deletion would be refused
    delete = page.get_by_role("button", name="Delete this voice")
    page.get_by_label("To confirm, type the voice's name: “bo”").fill("b")
    expect(delete).to_be_disabled()
    page.get_by_label("To confirm, type the voice's name: “bo”").fill("bo")
    delete.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Voices")
    expect(page.get_by_role("link", name="ada", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="bo", exact=True)).to_have_count(0)
    assert not (root / "bo").exists()
    assert page.evaluate("sessionStorage.getItem('soundalike-talk-bo')") is None
    go(page, "#/everything", "Delete everything")
    page.get_by_label("To confirm, type the folder's name: “voices”").fill("voices")
    page.get_by_role("button", name="Delete everything").click()
    expect(page.get_by_role("link", name="ada", exact=True)).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Delete everything")
    assert [path.name for path in root.iterdir()] == [".soundalike-studio"]
