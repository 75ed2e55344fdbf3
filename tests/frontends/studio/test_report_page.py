"""Portrait, evaluation and audit on the studio's page, from files as the commands write them. Needs Chromium."""

import shutil
from pathlib import Path
from typing import Literal

import orjson
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from soundalike.audit import copying, run_audit
from soundalike.clone import Clone
from soundalike.clone.report_names import AUDIT_PAGE, AUDIT_STRINGS
from tests.frontends.studio.running_studio import go, trained
from tests.frontends.studio.test_report_routes import evaluated

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
HOSTILE = (
    "<h1>A portrait</h1><p>of Ada</p><script>parent.document.title = 'taken'</script><img src='http://x.example/a'>"
)


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A voice with an audit and an evaluation, and a portrait that tries to do more than to be looked at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copying, "REPLIES", 4)
        clone = trained(tmp_path_factory.mktemp("studio") / "me")
        run_audit.audit(clone.root)
    evaluated(clone)
    said = {word for text in clone.messages()["text"] for word in text.split() if word.isalpha()}
    first, *_, last = sorted(said, key=lambda word: (-len(word), word))[:9]
    (clone.root / AUDIT_STRINGS).write_text(f"{first}\n{last}\n", encoding="utf-8")
    (clone.root / "portrait.html").write_text(HOSTILE, encoding="utf-8")
    return clone


@pytest.fixture(scope="module")
def root(me: Clone) -> Path:
    """The folder that it is in."""
    return me.root.parent


def test_a_portrait_is_shown_in_a_frame_in_which_nothing_runs(chromium: Browser, address: str) -> None:
    """Neither a script within it nor a picture from elsewhere: the browser refuses both."""
    with chromium.new_context() as context:
        page = context.new_page()
        refused: list[str] = []
        asked: list[str] = []
        page.on("console", lambda line: refused.append(line.text))
        page.on("requestfinished", lambda request: asked.append(request.url))
        page.goto(f"{address}/#token=open-sesame")
        page.get_by_role("heading", level=1, name="Voices").wait_for()
        go(page, "#/voice/me/portrait", "me: Portrait")
        frame = page.frame_locator("iframe")
        expect(frame.get_by_role("heading", name="A portrait")).to_be_visible()
        expect(page).to_have_title("Portrait - me - soundalike studio")
        assert len(refused) >= 2 and not [url for url in asked if "x.example" in url]


def test_an_evaluation_says_first_what_it_means(page: Page) -> None:
    """The verdict, what is good, what is not and what may help; the figures are behind a line that opens them."""
    go(page, "#/voice/me/evaluation", "me: Evaluation")
    expect(page.get_by_text("A judge takes 40 of 100 of its replies for yours; 50 would be perfect")).to_be_visible()
    for title in ("Good", "Not good", "What may help"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(page.get_by_text("More minutes (under Training, with 7 for Minutes)")).to_be_visible()
    row = page.get_by_role("row", name="the voice 40 [35, 45]")
    expect(row).to_be_hidden()
    page.get_by_text("The figures", exact=True).click()
    expect(row).to_be_visible()
    expect(page.get_by_role("definition").filter(has_text="how often a judge takes its reply")).to_contain_text(
        "[35, 45]: how often a judge takes its reply for your real one (50 % is perfect"
    )
    assert page.locator("main pre").count() == 0  # lines as a terminal aligns them are cut off on a phone
    expect(page.get_by_role("button", name="Evaluate it")).to_be_visible()


def test_voices_with_figures_of_different_kinds_are_not_compared(page: Page, me: Clone) -> None:
    """One has its evaluation's headline, one the bits of the check during its training, which the list says."""
    warning = page.get_by_text("Compare voices that were evaluated")
    expect(page.get_by_text("A judge takes 40 of 100 of its replies for yours")).to_be_visible()
    expect(page.get_by_text("bits a byte")).to_have_count(0)
    expect(warning).to_have_count(0)
    shutil.copytree(me.root, me.root.parent / "other")
    (me.root.parent / "other" / "evaluation.json").unlink()
    page.reload()
    expect(page.get_by_text("2.50 bits a byte (check during the training)")).to_be_visible()
    expect(warning).to_be_visible()
    shutil.rmtree(me.root.parent / "other")


def test_an_audit_stands_there_with_its_verdict(page: Page, me: Clone) -> None:
    """As it is in audit.json, with the owner's page in a frame, and the path of its file."""
    go(page, "#/voice/me/audit", "me: Audit")
    report = orjson.loads((me.root / "audit.json").read_bytes())
    expect(page.get_by_role("heading", name=report["headline"], exact=True)).to_be_visible()
    expect(page.get_by_text(report["meaning"], exact=True)).to_be_visible()
    table = page.get_by_role("region", name="Given its first half, it says the rest")
    expect(table).to_be_hidden()
    page.get_by_text("The figures", exact=True).click()
    expect(table).to_be_visible()
    expect(page.get_by_text(str(me.root / AUDIT_PAGE), exact=True)).to_be_visible()
    expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_have_text(report["headline"])


def test_a_report_is_made_anew_and_what_fails_is_told(page: Page, me: Clone) -> None:
    """The work stands where its button was; here too little was held out, which the evaluation says."""
    go(page, "#/voice/me/evaluation", "me: Evaluation")
    page.get_by_role("button", name="Evaluate it").click()
    expect(page.get_by_role("heading", name="Evaluation of me: failed")).to_be_visible()
    expect(page.get_by_text("too little text")).to_be_visible()
    expect(page.get_by_role("button", name="Evaluate it")).to_be_visible()
    page.get_by_role("button", name="Remove from the list").click()
    expect(page.get_by_role("article")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_them(page: Page, me: Clone, scheme: Literal["light", "dark"]) -> None:
    """axe finds nothing, and nothing scrolls sideways on a phone."""
    (me.root / "portrait.html").write_text("<p>A portrait</p>", encoding="utf-8")
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 700})
    for kind in ("Portrait", "Evaluation", "Audit"):
        go(page, f"#/voice/me/{kind.lower()}", f"me: {kind}")
        expect(page.locator("iframe, details").first).to_be_visible()
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        for nav in page.get_by_role("navigation").all():
            box = nav.bounding_box()
            assert box and box["height"] < 60  # one line of links, which scrolls
        assert Axe().run(page).response["violations"] == []


def test_what_it_names_is_masked_after_it_was_told_what_goes(page: Page, me: Clone) -> None:
    """The button that does it comes with the answer, and goes when something else is ticked; then all is made anew."""
    masked, kept = (me.root / AUDIT_STRINGS).read_text("utf-8").splitlines()
    go(page, "#/voice/me/audit", "me: Audit")
    form = page.get_by_role("region", name="Mask what it names")
    act, ask = (form.get_by_role("button", name=name) for name in ("Mask them and train anew", "What would be masked?"))
    for string in (masked, kept):
        form.get_by_label(string, exact=True).uncheck()
    ask.click()
    expect(form.get_by_role("alert")).to_contain_text("Nothing is ticked.")
    form.get_by_label(masked, exact=True).check()
    ask.click()
    expect(form.get_by_role("status")).to_contain_text("audit-strings.txt")
    form.get_by_label(kept, exact=True).check()
    expect(act).to_be_hidden()
    form.get_by_label(kept, exact=True).uncheck()
    ask.click()
    act.click()
    expect(page.get_by_text("They are masked, and the voice was trained anew.")).to_be_visible(timeout=180_000)
    expect(form).to_be_hidden()
    left = " ".join(me.messages()["text"]).split()
    assert masked not in left and kept in left and "something" in left
    assert not (me.root / AUDIT_PAGE).exists() and not me.versions_path.exists()
