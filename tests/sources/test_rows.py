"""Rows that sources collect one by one, the keys of people, and local times."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from soundalike.messages import IMPOSSIBLE_TIME, NO_TIME, SCHEMA, WITHOUT_TEXT, merge
from soundalike.sources._byte_lines import byte_lines
from soundalike.sources._local_time import LocalClock
from soundalike.sources._people import hashed, is_address, one_line, person
from soundalike.sources._rows import RowCollector, authors_frame, channels_frame, clean
from soundalike.sources._tree import CHUNK, Member
from tests.sources.zones import zone

NOON = 1_700_000_000_000


@pytest.fixture
def berlin() -> Iterator[None]:
    """This machine's zone for a test."""
    with zone("Europe/Berlin"):
        yield


def test_half_a_surrogate_pair_in_an_id_is_replaced() -> None:
    """In the id and in the link to it alike: UTF-8 cannot express it, so that no frame could hold the row."""
    rows = RowCollector("x")
    rows.add("x:c", "x:a", NOON, "hi", id_="x:c/\ud800")
    rows.add("x:c", "x:b", NOON, "yo", id_="x:c/2", reply_to="x:c/\ud800")
    first, second = rows.batch().messages.select("id", "reply_to").rows()
    assert first == ("x:c/\ufffd", None) and second == ("x:c/2", first[0])


def test_every_row_is_kept_or_counted() -> None:
    """A row without text, without a time or with an impossible time is counted; a batch empties the collector."""
    rows = RowCollector("x")
    assert rows.add("x:c", "x:a", NOON, " hi \x07")
    assert not any([rows.add("x:c", "x:a", NOON, "\x00"), rows.add("x:c", "x:a", None, "hi")])
    assert not any(rows.add("x:c", "x:a", when, "hi") for when in (0, -1, 10**18))
    batch = rows.batch()
    assert dict(batch.messages.schema) == SCHEMA and batch.unaccounted == 0
    assert batch.messages.select("channel", "author", "me", "text", "reply_to", "source").rows() == [
        ("x:c", "x:a", False, "hi", None, "x")
    ]
    assert batch.skipped == {WITHOUT_TEXT: 1, NO_TIME: 1, IMPOSSIBLE_TIME: 3}
    assert rows.batch().messages.height == rows.batch().unaccounted == 0


def test_made_ids_let_overlapping_files_merge() -> None:
    """Equal rows of one file are told apart; the same rows of another file get the same ids."""
    rows = RowCollector("x")
    for _ in range(2):
        rows.restart()
        for text in ("ok", "ok", "no"):
            rows.add("x:c", "x:a", NOON, text)
    merged = merge([rows.batch()])
    assert sorted(merged.messages["text"]) == ["no", "ok", "ok"]
    assert merged.skipped == {"messages seen twice": 3}


def test_order_within_a_minute() -> None:
    """Where times have no seconds, the order of the file is kept by milliseconds."""
    rows = RowCollector("x", 60_000)
    for text in "dacb":
        rows.add("x:c", "x:a", NOON, text)
    merged = merge([rows.batch()])
    assert merged.messages["text"].to_list() == list("dacb")
    assert merged.messages["sent_at"].dt.epoch("ms").to_list() == [NOON + more for more in range(4)]


def test_order_within_a_minute_to_which_the_file_comes_back() -> None:
    """A row that came late between two of one minute leaves them in their order."""
    rows = RowCollector("x", 60_000)
    late = {5: NOON - 60_000}
    for place, text in enumerate("gfedcbhaki"):
        rows.add("x:c", "x:a", late.get(place, NOON), text)
    assert merge([rows.batch()]).messages["text"].to_list() == list("bgfedchaki")


def test_half_a_surrogate_pair() -> None:
    """Text that UTF-8 cannot express is mended."""
    assert clean("a\ud83db\x00\n") == "a\ufffdb\n"
    assert authors_frame({"x:a": "B\ud83d"}, {"x:a"}).rows() == [("x:a", "B\ufffd", True)]
    assert channels_frame({"x:c": (None, "dm")}).rows() == [("x:c", None, "dm")]


@pytest.mark.parametrize(
    "address", ["+49 170 1234567", "\u202a+49\u00a0170\u00a01234567\u202c", "mira@example.invalid"]
)
def test_addresses_stay_out(address: str) -> None:
    """Whoever is known by a number or a mail address is called someone, under a key without it."""
    key, name = person("sms", address)
    assert name == "someone" and "1234567" not in key and "example" not in key
    assert key == f"sms:{hashed(address)}"


def test_names() -> None:
    """A name is no address, also with digits in it; it is kept on one line."""
    assert person("x", " Mira\n\u200eK ") == ("x:Mira K", "Mira K")
    assert not any(map(is_address, ["Bo 2", "Agent 007", "12345", "@bo", ""]))
    assert hashed("+49 170 123-4567") == hashed("+491701234567")
    assert one_line("x" * 999) == "x" * 100
    assert person("x", "\u200e")[1] == "someone"


def test_lines_of_any_length() -> None:
    """A line that is far too long is one row, of which the beginning is returned; those around it are whole."""
    chunks = [b"\xef\xbb\xbfa\r\nb", b"c\n", *[b"x" * CHUNK] * 10, b"x\n\nlast"]
    member = Member("f", 0, lambda: iter(chunks))
    assert [line[:4] for line in byte_lines(member, lambda size: None)] == [b"a", b"bc", b"xxxx", b"", b"last"]


def test_local_times(berlin: None) -> None:
    """Local times are converted by this machine's zone; the repeated hour of autumn is told apart by the order."""
    clock = LocalClock()
    assert clock.utc(datetime(2023, 7, 1, 12)) == 1_688_205_600_000
    clock = LocalClock()
    first, second = clock.utc(datetime(2023, 10, 29, 2, 50)), clock.utc(datetime(2023, 10, 29, 2, 10))
    assert first is not None and second is not None and second - first == 20 * 60_000
    assert clock.utc(datetime.min) is None or clock.utc(datetime.min) == -62135600400000
