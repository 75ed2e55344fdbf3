"""Hand-written small talk becomes conversations."""

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from soundalike.pocket import dialogues

TEA = """# what people drink
drink = tea | cocoa

- {drink}? | want {drink}?
  - i'd rather have {drink#2}
    + or nothing
      - fine
"""


def nodes(level: list[dialogues.SmallTalkLine]) -> list[dialogues.SmallTalkLine]:
    """All lines of some scenes."""
    return [found for node in level for found in (node, *nodes(node.next))]


@pytest.fixture
def tea(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One tree, and no other."""
    (tmp_path / "tea.txt").write_text(TEA)
    monkeypatch.setattr(dialogues, "FOLDER", tmp_path)
    dialogues.read_all.cache_clear()
    yield tmp_path / "tea.txt"
    dialogues.read_all.cache_clear()


def test_a_tree_is_walked_from_its_first_line_to_an_end(tea: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash is the other person's line, a plus the same one's; a list's second draw is another value."""
    monkeypatch.setattr(dialogues, "TREES", (1,))
    for seed in range(20):
        (asks, asked), (says, wish), (adds, more), (ends, end) = dialogues.draw_conversation(Random(seed))
        assert asks != says == adds != ends
        assert {asked.removeprefix("want ").rstrip("?"), wish.removeprefix("i'd rather have ")} == {"tea", "cocoa"}
        assert (more, end) == ("or nothing", "fine")


@pytest.mark.parametrize("line", ["tea", "  -tea", " - tea", "      - too deep"])
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    """A slip of the pen is reported with its line."""
    (tmp_path / "slip.txt").write_text(f"- tea?\n{line}\n")
    with pytest.raises(ValueError, match="line 2"):
        dialogues.read(tmp_path / "slip.txt")


def test_every_slot_has_a_list() -> None:
    """What is in the package can be drawn, whatever way is taken, and bears no mark of the grammar."""

    for written in dialogues.read_all():
        ways = [way for node in nodes(written.roots) for way in node.wordings]
        assert {slot[1] for way in ways for slot in dialogues.SLOT.finditer(way)} <= written.lists.keys()
        assert all(way == way.strip() and way and "|" not in way for way in ways)


def test_no_line_is_an_opener_that_replies_are_judged_on() -> None:
    """The hundred openers stay unseen, whatever their case and punctuation."""

    def folded(text: str) -> str:
        return re.sub(r"[^a-z' ]", "", text.lower()).strip()

    openers = {folded(line) for line in Path(__file__).with_name("openers.txt").read_text().splitlines()}
    assert not openers & {
        folded(way) for written in dialogues.read_all() for node in nodes(written.roots) for way in node.wordings
    }
