"""Backups of text messages: people without numbers, groups, repeated backups, and XML that is none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soundalike import sources
from soundalike.errors import ExportError
from soundalike.messages import BOTS, NO_TIME, ONLY_REACTIONS, UNREADABLE_ROWS, WITHOUT_TEXT, Corpus
from soundalike.sources._sms_xml import mended
from soundalike.sources.sms import NOT_SENT
from tests.sources.examples.sms import MIA, NOON, ROLF, ROWS, backup, mms, sms
from tests.sources.packages import texts, write_folder
from tests.sources.reading import read_alone


def read(tmp_path: Path, raw: bytes) -> Corpus:
    """The corpus of one file."""
    (tmp_path / "sms.xml").write_bytes(raw)
    return read_alone(tmp_path / "sms.xml")


def test_a_backup(tmp_path: Path) -> None:
    """Times, names, the owner, a group; no number and no picture stays."""
    corpus = read(tmp_path, backup(*ROWS))
    assert texts(corpus) == ["morning", "hi", "all"]
    assert corpus.messages["sent_at"][0] == datetime.fromtimestamp(NOON / 1000, UTC) + timedelta(milliseconds=1)
    assert corpus.messages["me"].to_list() == [False, True, False]
    names = dict(corpus.authors.select("author", "name").iter_rows())
    assert [names[author] for author in corpus.messages["author"]] == ["Mia", "me", "Rolf"]
    assert set(corpus.authors["name"]) == {"Mia", "Rolf", "me"}
    assert sorted(corpus.channels.select("title", "kind").rows()) == [("Mia", "dm"), ("Mia, Rolf", "group")] or sorted(
        corpus.channels.select("title", "kind").rows()
    ) == [("Mia", "dm"), ("Rolf, Mia", "group")]
    assert "1234567" not in str(corpus.messages.rows()) + str(corpus.authors.rows()) + str(corpus.channels.rows())


def test_rows_that_are_nobodys_words(tmp_path: Path) -> None:
    """Drafts, failed ones, machines, empty bodies and impossible times are counted."""
    rows = [
        sms(1, "words"),
        *(sms(n, "never", n) for n in (3, 4, 5, 6)),
        sms(7, "Your code is 1", address="12345", name="(Unknown)"),
        sms(8, "Sale!", address="SHOP"),
        sms(9, "null"),
        sms(10, "when", date="soon"),
        mms(11, "null", address=MIA, sender=MIA),
    ]
    corpus = read(tmp_path, backup(*rows))
    assert texts(corpus) == ["words"]
    assert corpus.skipped == {NOT_SENT: 4, BOTS: 2, WITHOUT_TEXT: 2, NO_TIME: 1}


@pytest.mark.parametrize(
    "tapback",
    [
        "Loved “words”",
        "Laughed at an image",
        "Removed a heart from “words”",
        "Le dio risa “words”",
        "Reaccionó con 🐸 a “words”",
        "A aimé « words »",
        "\u200a\u200b🐸\u200b to “\u200awords\u200a”\u200a",
        "\u200a\u200c🐸\u200c zu „\u200awords\u200a“\u200a",
    ],
)
def test_reactions_that_were_sent_as_texts(tmp_path: Path, tapback: str) -> None:
    """Reactions of iPhones and of Google Messages are no messages; words that begin like them are."""
    rows = [sms(1, "words"), sms(2, tapback), sms(3, tapback, 2), mms(4, tapback), sms(5, "Loved an image of you", 2)]
    corpus = read(tmp_path, backup(*rows))
    assert texts(corpus) == ["words", "Loved an image of you"]
    assert corpus.skipped == {ONLY_REACTIONS: 3}


def test_backups_are_cumulative(tmp_path: Path) -> None:
    """The same message in several files, or twice in one, is kept once."""
    files = {"1.xml": backup(sms(1, "a")), "2.xml": backup(sms(1, "a"), sms(1, "a"), sms(2, "b"))}
    corpus = read_alone(write_folder(tmp_path / "f", files))
    assert texts(corpus) == ["a", "b"] and corpus.skipped == {"messages seen twice": 2}


def test_spellings_of_a_number(tmp_path: Path) -> None:
    """A number with the country's code and without is one person's, in one chat."""
    rows = [sms(1, "a"), sms(2, "b", 2, "0170 1234567"), sms(3, "c", 1, "01701234567", "(Unknown)")]
    corpus = read(tmp_path, backup(*rows))
    assert corpus.messages["channel"].n_unique() == 1 and corpus.messages["author"].n_unique() == 2
    assert sorted(corpus.authors["name"]) == ["Mia", "me"]


def test_people_without_a_name(tmp_path: Path) -> None:
    """Who is not in the contacts is someone; a name that stands elsewhere in the file is used."""
    corpus = read(tmp_path, backup(sms(1, "a", name="(Unknown)"), sms(2, "b", address=ROLF, name="null"), sms(3, "c")))
    assert sorted(corpus.authors["name"]) == ["Mia", "someone"]


@pytest.mark.parametrize("pair", ["&#55357;&#56376;", "&#xD83D;&#xDC38;", "🐸"])
def test_emoji(tmp_path: Path, pair: str) -> None:
    """Halves of a surrogate pair are joined; one alone is marked; forbidden characters go."""
    raw = backup(sms(1, "PLACE"), sms(2, "LONE"), sms(3, "NUL"))
    raw = raw.replace(b"PLACE", f"hi {pair}!".encode()).replace(b"LONE", b"x&#55357;y").replace(b"NUL", b"a&#0;\x01b")
    assert texts(read(tmp_path, raw)) == ["hi 🐸!", "x\ufffdy", "a b"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(1, 60), max_size=8))
def test_mending_in_steps(steps: list[int]) -> None:
    """Where the chunks end does not show."""
    raw = b"<a b='&#55357;&#56376;&amp;&#10;'/>" * 4
    chunks, at = [], 0
    for step in steps:
        chunks.append(raw[at : at + step])
        at += step
    assert b"".join(mended([*chunks, raw[at:]])) == "<a b='🐸&amp;&#10;'/>".encode() * 4


@pytest.mark.parametrize("before", [0, 1, 1023, 1024, 5000])
def test_pictures_are_left_out(before: int) -> None:
    """A long run of Base64 goes, wherever it begins; what is shorter or has blanks stays."""
    text, short = b"ab " * before, b"A" * 1023
    assert b"".join(mended([text + b"'" + b"QUJD" * 256 + b"' " + short])) == text + b"'' " + short


def test_saved_as_utf_16(tmp_path: Path) -> None:
    """The encoding that the file states is not believed."""
    raw = backup(*ROWS).decode().encode("utf-16")
    assert texts(read(tmp_path, raw)) == ["morning", "hi", "all"]


def test_a_file_that_breaks_off(tmp_path: Path) -> None:
    """What was read stays; what the file says it has beyond that is counted."""
    raw = backup(*ROWS, count=9)
    corpus = read(tmp_path, raw[: raw.index(b"<mms") + 20])
    assert texts(corpus) == ["morning", "hi"]
    assert corpus.skipped == {UNREADABLE_ROWS: 7}
    assert len(corpus.notes) == 1 and "damaged" in corpus.notes[0]


def test_entities_are_refused(tmp_path: Path) -> None:
    """A file that declares entities is not expanded."""
    bomb = b'<!DOCTYPE smses [<!ENTITY a "aaaaaaaaaa">]>'
    with pytest.raises(ExportError, match="document type"):
        read(tmp_path, backup(sms(1, "x")).replace(b"<smses", bomb + b"<smses"))


def test_broken_from_the_start(tmp_path: Path) -> None:
    """A file without one whole message is refused."""
    (tmp_path / "sms.xml").write_bytes(b"<smses count='3'><sms address=")
    with pytest.raises(ExportError, match="damaged backup"):
        sources.read([tmp_path / "sms.xml"])


def test_no_hang_on_a_long_beginning(tmp_path: Path) -> None:
    """Declarations without end take no time to be no backup."""
    (tmp_path / "x.xml").write_bytes(b"<?xml?>" * 9000 + b"<!--")
    with pytest.raises(ExportError, match="seems to be XML of another program"):
        sources.read([tmp_path / "x.xml"])
