"""Files and folders that are dropped on the page as a person drops them, from this machine's disk. Needs Chromium."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.frontends.studio.running_studio import go

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
FILES = ("Messages/index.json", "Messages/c1/messages.json", "Messages/c2/messages.json", "Account/user.json")

MOVED_AWAY = """() => {
  const file = (done, fail) => fail(new DOMException("", "NotFoundError"));
  DataTransferItem.prototype.webkitGetAsEntry = () => ({ isFile: true, name: "chat.txt", file });
}"""  # every file that is dropped


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with folders in it, in two levels; there is nothing to read in their files."""
    for name in FILES:
        (tmp_path / "package" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "package" / name).write_text(f'"{name}"', encoding="utf-8")
    return tmp_path / "package"


def drop(page: Page, *paths: Path) -> None:
    """Drag files and folders over the page and let go."""
    zone = page.locator(".drop").bounding_box()
    assert zone
    place = {"x": zone["x"] + zone["width"] / 2, "y": zone["y"] + 20}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})


def uploaded(root: Path, folder: str) -> dict[str, str]:
    """Every file of the uploads that are called so, by its path within them, with what is in it."""
    found = (root / ".soundalike-studio" / "uploads").glob(f"*/{folder}")
    files = [(path, top) for top in found for path in top.rglob("*") if path.is_file()]
    return {path.relative_to(top).as_posix(): path.read_text("utf-8") for path, top in files}


def test_a_folder_is_one_export_with_its_folders_kept(page: Page, root: Path, package: Path) -> None:
    """Dropped beside a file, which is an export of its own; and chosen with the button, the same."""
    (package.parent / "chat.txt").write_text("1/2/24, 10:00 - Ana: hello\n", encoding="utf-8")
    go(page, "#/new", "New voice")
    drop(page, package, package.parent / "chat.txt")
    expect(page.get_by_label("package: 4 files")).to_be_checked()
    expect(page.get_by_label("chat.txt: 1 KB")).to_be_checked()
    assert uploaded(root, "package") == {name: f'"{name}"' for name in FILES}
    page.get_by_role("button", name="Delete package").click()
    expect(page.get_by_label("package: ")).to_have_count(0)
    page.locator("input[webkitdirectory]").set_input_files(package)
    expect(page.get_by_label("package: 4 files")).to_be_checked()
    assert uploaded(root, "package") == {name: f'"{name}"' for name in FILES}


def test_a_file_that_cannot_be_read_is_named(page: Page, package: Path) -> None:
    """It was moved away before it was let go; nothing fails unseen."""
    go(page, "#/new", "New voice")
    page.evaluate(MOVED_AWAY)
    drop(page, package)
    expect(page.get_by_role("alert")).to_contain_text("chat.txt cannot be read. Look whether it is still there")
