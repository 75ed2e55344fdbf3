"""Work on the studio's page, and voices that are not trained or not there. Needs Chromium; without one, they skip."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from soundalike.frontends.studio.job_record import Job
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.studio_folder import StudioFolder
from tests.frontends.studio.running_studio import go, trained
from tests.training.test_loop import clone_of

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
COUNTS = {"messages": 12, "conversations": 3, "words": 60, "documents": 3, "bytes": 300}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with one voice that was imported and not trained; no work on it is ever started."""
    root = tmp_path_factory.mktemp("studio") / "my voices"
    clone = clone_of(root / "new")
    with clone.locked("a test"):
        clone.record(**{"import": {**clone.manifest()["import"], **COUNTS}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Jobs, "start_next", lambda jobs: None)
        yield root


@pytest.fixture
def training(root: Path) -> Iterator[Job]:
    """A training of it that waits for its turn."""
    folder = StudioFolder.make(root)
    jobs = Jobs(folder.jobs_path, root)
    job = jobs.add("train", ["train", "new"], "new", subject="on pocket")
    yield job
    for left in jobs.all():
        jobs.stop(left.id)
    jobs.remove_ended()


@pytest.mark.parametrize("section", ["talk", "evaluation", "audit", "use"])
def test_a_voice_that_is_not_trained_is_said_so_where_one_is_needed(page: Page, section: str) -> None:
    """Nothing is offered there but its training."""
    page.evaluate("(place) => { location.hash = place; }", f"#/voice/new/{section}")
    expect(page.get_by_text("Not trained yet")).to_be_visible()
    expect(page.locator("main button")).to_have_count(0)
    expect(page.get_by_role("link", name="Train it")).to_have_attribute("href", "#/voice/new/train")


def test_voices_that_are_trained_take_part_and_others_are_not_asked(page: Page) -> None:
    """Where there is none, nothing can be asked."""
    go(page, "#/room", "Room")
    expect(page.get_by_text("There is no trained voice here yet.")).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_count(0)


def test_a_voice_that_is_not_there_leads_to_those_that_are(page: Page) -> None:
    """As the address of one that was deleted."""
    go(page, "#/voice/gone/about", "gone: Overview")
    expect(page.get_by_text("There is no voice named gone here.")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Voices").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Voices")


def test_work_says_of_what_and_since_when_it_is_and_is_removed_at_once(page: Page, training: Job) -> None:
    """A studio that has ended knows nothing of it, and is started again by its own command."""
    go(page, "#/work", "Work")
    card = page.get_by_role("article")
    begun = datetime.fromisoformat(training.made_at).astimezone()
    expect(card).to_contain_text(f"Asked for at {begun:%H:%M}: on pocket")
    expect(page.get_by_role("button", name="Remove all that have ended")).to_be_hidden()
    page.evaluate("() => { window.answered = fetch; window.fetch = () => Promise.reject(new TypeError('gone')); }")
    expect(card.get_by_role("heading")).to_have_text("Training of new: not known")
    expect(card.get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("alert")).to_contain_text("soundalike studio --folder '/")
    page.evaluate("() => { window.fetch = window.answered; }")
    card.get_by_role("button", name="Stop").click()
    expect(card.get_by_role("heading")).to_have_text("Training of new: stopped")
    page.get_by_role("button", name="Remove all that have ended").click()
    expect(card).to_have_count(0)


def test_a_section_opens_by_itself_once_its_voice_is_trained(page: Page, root: Path, training: Job) -> None:
    """Until then it says that the training is under way, and so does the list of voices."""
    page.reload()
    expect(page.get_by_text("Its training is under way.")).to_be_visible()
    go(page, "#/voice/new/talk", "new: Talk")
    expect(page.get_by_text("Its training is under way.")).to_be_visible()
    trained(root / "other")
    shutil.copytree(root / "other", root / "new", dirs_exist_ok=True)
    expect(page.get_by_label("Write to sam")).to_be_visible()
