"""LINE's saved chats: days and times in several languages, what is no text, and who the owner is."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from soundalike.messages import BY_THE_APP, IMPOSSIBLE_TIME, STICKER, VOICE_MESSAGE, WITHOUT_TEXT, Corpus
from tests.sources.examples.line import ENGLISH, JAPANESE
from tests.sources.packages import texts
from tests.sources.reading import read_alone


def read(tmp_path: Path, text: str) -> Corpus:
    """The corpus of one file."""
    path = tmp_path / "chat.txt"
    path.write_bytes(text.encode())
    return read_alone(path)


def local(*when: int) -> datetime:
    """A local time of this machine as UTC."""
    return datetime(*when).astimezone(UTC)  # type: ignore[arg-type]


def test_a_chat(tmp_path: Path) -> None:
    """Texts of several lines lose their quotes; calls and lines of the app are counted; the title names the other."""
    corpus = read(tmp_path, ENGLISH)
    assert texts(corpus) == ["hello", 'several\nlines of "soup"\n\nand peas', STICKER, "morning: all"]
    assert corpus.messages["sent_at"][0] == local(2024, 1, 1, 12)
    assert corpus.messages["sent_at"][3] == local(2024, 1, 2, 9)
    assert corpus.messages["me"].to_list() == [False, True, False, True]
    assert corpus.channels.rows() == [("line:Laura", "Laura", "dm")]
    assert corpus.skipped == {WITHOUT_TEXT: 1, BY_THE_APP: 2}


@pytest.mark.parametrize(
    ("head", "day", "clock"),
    [
        ("[LINE] Lauraとのトーク履歴", "2024/06/13(木)", "午後9:25"),
        ("[LINE] 與Laura的聊天記錄", "2024/06/13（四）", "下午09:25"),
        ("[LINE] Chat history with Laura", "Thu, 06/13/2024", "09:25 PM"),
        ("[LINE] Chat history with Laura", "2024.06.13 Thursday", "21:25"),
        ('[LINE] Chat history in "Laura"', "13/06/2024", "21:25"),
    ],
)
def test_languages(tmp_path: Path, head: str, day: str, clock: str) -> None:
    """The same moment as phones in several languages save it."""
    corpus = read(tmp_path, f"{head}\r\nx\r\n\r\n{day}\r\n{clock}\tLaura\thi\r\n{clock}\tMira\tho\r\n")
    assert corpus.messages["sent_at"][0] == local(2024, 6, 13, 21, 25)
    assert corpus.owner == "Mira" and corpus.channels["title"].to_list() == ["Laura"]


def test_groups_and_odd_lines(tmp_path: Path) -> None:
    """A group does not tell its owner; times before any day and impossible ones are counted; nothing hangs."""
    text = "[LINE] Chat history in Soup\n\n10:00\tBo\tearly\n2024/01/01(Mon)\n99:00\tBo\tlate\n"
    text += "10:01\tBo\ta\n10:02\tMira\t[Voice message]\n10:03\tKim\t[yes] no\n" + "more\n" * 50_000
    corpus = read(tmp_path, text)
    assert texts(corpus)[:2] == ["a", VOICE_MESSAGE] and texts(corpus)[2].startswith("[yes] no\nmore")
    assert corpus.skipped == {IMPOSSIBLE_TIME: 2} and not corpus.authors["me"].any()
    assert corpus.channels.rows() == [("line:Soup", "Soup", "group")]


def test_japanese(tmp_path: Path) -> None:
    """Halves of the day are read: twelve in the morning is midnight."""
    corpus = read(tmp_path, JAPANESE)
    assert texts(corpus) == ["はい", "こんにちは"] and corpus.messages["sent_at"][0] == local(2024, 1, 1, 0, 6)


def test_a_date_inside_a_message_is_text(tmp_path: Path) -> None:
    """A line that is a date is text between quotes or out of the order of days, and the days below stay right."""
    text = (
        "[LINE] Chat history with Laura\n\n2024/01/01(Mon)\n"
        "12:00\tLaura\this birthday is\n1990/05/03\nremember\n"  # before the first day
        '12:01\tMira\t"and\n2024/01/02\n""his"" sister\'s"\n'  # would fit into the order, but stands in quotes
        '12:02\tLaura\t"so\n\n'  # a quote that nothing closes
        "2024/01/02(Tue)\n09:00\tMira\tholidays from\n2024/12/24\n\n"  # a day far ahead, which the next one shows
        "2024/01/03(Wed)\n09:00\tLaura\tok\n"
    )
    corpus = read(tmp_path, text)
    assert texts(corpus) == [
        "his birthday is\n1990/05/03\nremember",
        'and\n2024/01/02\n"his" sister\'s',
        '"so',
        "holidays from\n2024/12/24",
        "ok",
    ]
    assert [moment.astimezone().day for moment in corpus.messages["sent_at"]] == [1, 1, 1, 2, 3]
    assert corpus.unaccounted == 0 and IMPOSSIBLE_TIME not in corpus.skipped
    assert read(tmp_path, text[: text.index("12:00")]).messages.height == 0  # a day and no message
