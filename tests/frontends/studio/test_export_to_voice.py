"""From an export to a trained voice in a real browser, and what it shows when processes are killed.

Needs Chromium: Debian's `chromium`, or playwright's own. Without one these tests are skipped, and say so.
"""

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from soundalike.clone import Clone
from tests.frontends.studio.studio_process import StudioProcess, opened, require_usable
from tests.frontends.studio.test_jobs import until
from tests.training.test_loop import clone_of

pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.skipif(sys.platform == "win32", reason="jobs are suspended and killed by signals"),
]
DROP = """([name, text]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], name, { type: "text/plain" }));
  const drop = new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
  document.querySelector(".drop").dispatchEvent(drop);
}"""
STARTING = 60_000  # milliseconds in which a command starts and reads a small file
TRAINING = 240_000  # milliseconds; on a machine that does nothing else it takes ten seconds
CREW = "WhatsApp Chat with the crew.txt"


def chat() -> str:
    """What three invented people write; nothing tells who of them exported it."""
    times = (f"{1 + n // 60:02}/02/2024, {8 + n % 60 // 6:02}:{n % 6 * 2:02}" for n in range(600))
    said = (f"{at} - {('Ana Sol', 'Bo', 'Cy')[n % 3]}: soup {n} is fine" for n, at in enumerate(times))
    return "\n".join(said) + "\n"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[StudioProcess]:
    """The studio of a folder in which nothing is yet; what still runs in the end is killed."""
    studio = StudioProcess(tmp_path / "voices")
    yield studio
    for job in studio.jobs.all():
        if job.state in ("running", "paused") and job.process and job.process.pid:
            os.kill(job.process.pid, signal.SIGKILL)
    studio.kill()


def begin_training(page: Page, base: str, minutes: str) -> None:
    page.get_by_text("Another base").click()
    page.get_by_label("Its folder, or its Hugging Face name").fill(base)
    page.get_by_label("Minutes", exact=True).fill(minutes)
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()
    page.get_by_role("button", name="Train", exact=True).click()


def test_from_an_empty_folder_to_a_trained_voice(chromium: Browser, studio: StudioProcess, base: str) -> None:
    """An export is dropped, who one is is asked, somebody is left out, a voice is trained; the dropped file is gone."""
    with opened(chromium, studio) as (page, wrong):
        expect(page.get_by_role("heading", name="Drop your export here")).to_be_visible()
        require_usable(page)
        page.evaluate(DROP, [CREW, chat()])
        expect(page.get_by_label(f"{CREW}: ")).to_be_checked()
        page.get_by_role("button", name="Look through it").click()
        expect(page.get_by_role("heading", name="600 messages")).to_be_focused(timeout=STARTING)
        expect(page.get_by_role("region", name="What was found")).to_contain_text("3 people in 1 chat.")
        page.get_by_role("group", name="Who are you?").get_by_label("Ana Sol: 200 messages").check()
        page.get_by_text("Choose chats, people and days").click()
        page.get_by_role("group", name="People").get_by_label("Cy: ").check()
        page.get_by_label("From this day on").fill("2024-02-02")
        page.get_by_text("More", exact=True).click()
        page.get_by_label("Learn even from very little text.").check()
        require_usable(page)
        page.get_by_role("button", name="Read it").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("me: What was read")
        expect(page.get_by_role("row", name="messages left out by you, person ")).to_contain_text("180")
        expect(page.get_by_role("row", name="messages left out by you 60")).to_be_visible()
        expect(page.get_by_role("table", name="Lengths before and after")).to_contain_text("100 %")
        require_usable(page)
        page.get_by_role("link", name="Train it").click()
        expect(page.get_by_label("pocket - advised")).to_be_checked()
        require_usable(page)
        page.get_by_label("Minutes", exact=True).fill("-3")
        page.get_by_label("Minutes", exact=True).press("Enter")
        expect(page.get_by_role("alert").filter(has_text="Minutes are a number")).to_be_visible()
        expect(page.get_by_label("pocket - advised")).to_be_checked()
        begin_training(page, base, "0.1")
        outcome = page.get_by_role("region", name="How it went")
        expect(outcome).to_contain_text("your words cost it", timeout=TRAINING)
        expect(outcome.get_by_role("link", name="Talk to it")).to_be_visible()
        expect(page.locator("main")).not_to_contain_text("[object ")
        require_usable(page)
    assert wrong == [] and Clone.open(studio.root / "me").has_voice
    assert list((studio.root / ".soundalike-studio" / "uploads").iterdir()) == []
    assert [job.kind for job in studio.jobs.all()] == ["import", "train"]


def test_what_is_killed_is_told_and_goes_on(chromium: Browser, studio: StudioProcess) -> None:
    """The worker and then the studio end with -9 while the page is open; the training goes on after each."""
    clone = clone_of(studio.root / "me", lines=20_000)  # read twice, the most that minutes allow, for longer than this
    with clone.locked("a test"):
        clone.record(**{"import": clone.manifest()["import"] | {"messages": 40_000, "words": 200_000}})
    with opened(chromium, studio) as (page, _):
        page.goto(f"{page.url}#/voice/me/train")
        begin_training(page, "pocket", "60")
        card = page.get_by_role("article")
        expect(card.get_by_role("heading")).to_have_text("Training of me: at work")
        expect(page.get_by_role("img", name=re.compile("Loss, smoothed: .* after step"))).to_be_visible()
        require_usable(page)
        kill_worker(studio, clone)
        expect(card.get_by_role("heading")).to_have_text("Training of me: failed")
        expect(card).to_contain_text("The process was ended from outside")
        require_usable(page)
        page.get_by_role("button", name="Go on").click()
        expect(card.get_by_role("heading")).to_have_text("Training of me: at work")
        studio.kill()
        expect(alert(page, "The studio does not answer.")).to_be_visible()
        require_usable(page)
        again = StudioProcess(studio.root, studio.port)
        try:
            expect(alert(page, "of a studio that has ended")).to_be_visible()
            page.goto(again.link)
            page.get_by_role("link", name="me", exact=True).click()
            page.get_by_role("link", name="Training").click()
            expect(card.get_by_role("heading")).to_have_text("Training of me: at work")
            card.get_by_role("button", name="Pause").click()
            expect(card.get_by_role("heading")).to_have_text("Training of me: paused")
            card.get_by_role("button", name="Continue").click()
            card.get_by_role("button", name="Stop").click()
            expect(card.get_by_role("heading")).to_have_text("Training of me: stopped")
            expect(page.get_by_role("button", name="Go on")).to_be_visible()
        finally:
            again.kill()


def alert(page: Page, words: str) -> Locator:
    """An alert that says `words`. There are two if a button still waited for its answer."""
    return page.get_by_role("alert").filter(has_text=words).first


def kill_worker(studio: StudioProcess, clone: Clone) -> None:
    """Once there is a checkpoint, which the first steps on the page may come before."""
    until(clone.run_path.exists)
    (job,) = studio.jobs.all()
    assert job.process and job.process.pid
    os.kill(job.process.pid, signal.SIGKILL)
