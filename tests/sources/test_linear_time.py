"""Long runs of marks inside a message take time in proportion to their length, whatever the reader looks for."""

import time
from pathlib import Path

import pytest

from soundalike.sources import skype
from soundalike.sources._chat_exporter_html import MessageParser
from soundalike.sources._json_stream import JsonStream
from tests.sources.reading import read_alone

LENGTH = 50_000  # a pattern that starts anew at each mark would take minutes
SECONDS = 3.0  # of processor time; a tenth of a second is usual
RUNS = ["[", "![", "[](media/", "(- ", " ", "(- a -) "]


@pytest.mark.parametrize("run", RUNS)
def test_markdown_of_signal_export(run: str, tmp_path: Path) -> None:
    """Beginnings of attachments, of reactions, and blanks without an end."""
    (tmp_path / "Bo").mkdir()
    text = f"[2024-01-02 12:00:06] Me: x{run * (LENGTH // len(run))}y\n[2024-01-02 12:00:07] Bo: hi\n"
    (tmp_path / "Bo" / "chat.md").write_text(text, "utf-8")
    started = time.process_time()
    corpus = read_alone(tmp_path)
    assert time.process_time() - started < SECONDS
    assert corpus.messages["text"].to_list()[-1] == "hi"


@pytest.mark.parametrize("run", ["<quote>", "<quote ", "<!--", "<a", "<"])
def test_tags_of_skype(run: str) -> None:
    """Tags, comments and quotes that nothing ends."""
    started = time.process_time()
    assert skype.readable("before " + run * (LENGTH // len(run))).startswith("before ")
    assert time.process_time() - started < SECONDS


def test_attributes_of_a_web_page() -> None:
    """A tag with one attribute that is far too long."""
    page = f"<div class=chatlog__message-group><span {'a' * LENGTH}></span></div>".encode()
    started = time.process_time()
    assert list(MessageParser().messages([page])) == [[], []]
    assert time.process_time() - started < SECONDS


def test_blanks_after_a_damaged_json_array() -> None:
    """They are looked through for what shows that the array has ended."""
    raw = b'{"messages": [{"id": 1, "type": 2}, {"id": x}]' + b" " * LENGTH + b"x"
    started = time.process_time()
    parts = list(JsonStream([raw], [("messages",)], r'\{"id": [0-9]+, "type"'))
    assert time.process_time() - started < SECONDS
    assert [element for part in parts for element in part.elements] == [{"id": 1, "type": 2}]
