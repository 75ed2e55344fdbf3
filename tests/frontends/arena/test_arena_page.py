"""The arena's page in a real browser without a window; whatever it asks of another host fails the test.

Needs Chromium: Debian's `chromium`, or playwright's own. Without one these tests are skipped, and say so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from soundalike.clone import Clone
from soundalike.frontends.arena import arena_votes
from soundalike.frontends.arena.arena_app import create
from soundalike.frontends.arena.arena_votes import ArenaVotes
from tests.frontends.arena.prepared import KEYS, LONG, prepared, state_of
from tests.frontends.loopback import served

REFUSED = "Failed to load resource: the server responded with a status of 4"
pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@contextmanager
def running(clone: Clone) -> Iterator[str]:
    """An arena of the clone; its address."""
    with served(create(state_of(clone), KEYS)) as address:
        yield address


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return prepared(tmp_path / "me", pairs=3, released=2, before=LONG)


@pytest.fixture
def address(clone: Clone) -> Iterator[str]:
    with running(clone) as address:
        yield address


@pytest.fixture
def context(chromium: Browser, address: str) -> Iterator[BrowserContext]:
    """A browser of somebody's own; every request elsewhere and every message on a console fails the test.

    Chromium's own line on an answer that refuses something is none.
    """
    wrong: list[str] = []
    with chromium.new_context(viewport={"width": 390, "height": 800}) as context:
        context.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith(address) else None)
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        context.on("console", lambda line: wrong.append(line.text))
        yield context
    assert [line for line in wrong if not line.startswith(("data:", REFUSED))] == []


def opened(context: BrowserContext, link: str, title: str) -> Page:
    page = context.new_page()
    page.goto(link)
    titled(page, title)
    return page


def titled(page: Page, title: str) -> None:
    """Wait for a heading, which has the focus, so that a screen reader begins to read there."""
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_role("heading", level=1)).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_every_view(context: BrowserContext, address: str, scheme: Literal["light", "dark"]) -> None:
    """Axe finds nothing on any of them, and nothing scrolls sideways on a phone, long talks and links as there are."""

    def check(page: Page) -> None:
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert Axe().run(page).response["violations"] == []

    owner = opened(context, f"{address}/#owner={KEYS.owner}", "What judges may see")
    check(owner)
    owner.get_by_role("button", name="Results").click()
    titled(owner, "Results")
    check(owner)
    judge = opened(context, f"{address}/#judge={KEYS.judge}", "Do you know mo?")
    check(judge)
    judge.get_by_role("button", name="No, we are strangers").click()
    titled(judge, "Pair 1 of 2")
    check(judge)


def test_a_judge_votes_by_keys_alone(context: BrowserContext, address: str, clone: Clone) -> None:
    """From the question to the end, by the buttons, since a vote cannot be taken back: a key alone casts none.

    Another visit goes on where they were, and the key is in no history.
    """
    page = opened(context, f"{address}/#judge={KEYS.judge}", "Do you know mo?")
    assert page.url == f"{address}/"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    titled(page, "Pair 1 of 2")
    expect(page.get_by_role("list", name="What was said before")).to_contain_text("question")
    for stray in ("1", "2", "ArrowLeft", "ArrowRight", "Enter", "Space"):
        page.keyboard.press(stray)
    assert ArenaVotes.read(clone.root / arena_votes.FILE).votes == {}
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    titled(page, "Pair 2 of 2")
    again = opened(context, f"{address}/#judge={KEYS.judge}", "Pair 2 of 2")
    again.keyboard.press("Tab")
    again.keyboard.press("Enter")
    titled(again, "Thank you")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the pair that was voted on in the other tab
    titled(page, "Thank you")
    kept = ArenaVotes.read(clone.root / arena_votes.FILE)
    assert len(kept.votes) == 2 and [judge.acquaintance for judge in kept.judges.values()] == [True]
    right = sum(not vote.fooled for vote in kept.votes.values())
    expect(page.get_by_text(f"You found mo's own reply in {right} of 2 pairs.").first).to_be_visible()


def test_a_tick_releases_a_pair_and_no_tick_takes_it_back(context: BrowserContext, address: str, clone: Clone) -> None:
    """The owner reads both replies by their names; what cannot be kept is told, and the tick goes back."""
    page = opened(context, f"{address}/#owner={KEYS.owner}", "What judges may see")
    third = page.get_by_role("region", name="Pair 3")
    expect(third).to_contain_text("What mo wrotereal 2soWhat the clone wroteclone 2no")
    box = third.get_by_role("checkbox")
    expect(box).not_to_be_checked()
    box.press("Space")
    expect(page.get_by_text("3 of 3 pairs are released.")).to_be_visible()
    with clone.locked("a training"):
        page.get_by_label("Judges may see pair 1").click()
        expect(page.get_by_role("alert")).to_contain_text("is in use (a training")
    expect(page.get_by_label("Judges may see pair 1")).to_be_checked()
    page.get_by_label("Judges may see pair 1").press("Space")
    expect(page.get_by_text("2 of 3 pairs are released.")).to_be_visible()
    assert [pair.released for pair in state_of(clone).review()] == [False, True, True]


def test_without_a_link_nothing_is_shown(chromium: Browser, address: str) -> None:
    """The page says what is missing; so it does with a key of another run."""
    with chromium.new_context() as context:
        page = opened(context, address, "soundalike arena")
        expect(page.get_by_role("alert")).to_contain_text("This page needs its link.")
        page = opened(context, f"{address}/#judge=other", "soundalike arena")
        expect(page.get_by_role("alert")).to_contain_text("of an arena that has ended")
