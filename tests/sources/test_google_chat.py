"""Google Chat: dates in many languages, the owner from the account file, no address in any frame."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from soundalike import sources
from soundalike.messages import Corpus
from soundalike.sources._prose_dates import prose_milliseconds
from tests.sources.examples.google_chat import EXAMPLES, MIRA, SAM, said, takeout
from tests.sources.packages import checked, texts, write_zip

EVENING = datetime(2022, 5, 3, 17, 43, 1, tzinfo=UTC)


def read(tmp_path: Path, direct: list[Any]) -> Corpus:
    """The corpus of a Takeout with these messages."""
    return checked(sources.read([write_zip(tmp_path / "takeout.zip", takeout(direct))]))


@pytest.mark.parametrize("layout", EXAMPLES)
def test_a_takeout(tmp_path: Path, layout: str) -> None:
    """Names, times, the owner, kinds of groups; bots, deleted and empty messages are counted."""
    corpus = checked(sources.read([EXAMPLES[layout](tmp_path)]))
    assert texts(corpus) == ["szia", "morning", "hi"]
    assert corpus.messages["sent_at"].to_list()[:2] == [datetime(2015, 2, 15, 21, 54, 37, tzinfo=UTC), EVENING]
    assert corpus.messages["me"].to_list() == [False, False, True]
    assert corpus.messages["reply_to"].to_list() == [None, None, "google_chat:AAA/topic1/m1"]
    assert corpus.messages["id"][1] == "google_chat:AAA/topic1/m1"
    assert sorted(corpus.authors["name"]) == ["Mira", "Sam"]
    assert corpus.authors.filter(pl.col("me"))["name"].to_list() == ["Mira"]
    assert sorted(corpus.channels.rows()) == [
        ("google_chat:abc123", "Sam", "dm"),
        ("google_chat:xyz", "Frog Pond", "channel"),
    ]
    assert corpus.skipped == {
        "messages by bots": 1,
        "messages that were deleted": 1,
        "messages without text": 1,
        "reactions": 1,
        "other files, never opened": 1,
    }
    for frame in (corpus.messages, corpus.authors, corpus.channels):
        assert "example.invalid" not in frame.write_json()


@pytest.mark.parametrize(
    "date",
    [
        "Tuesday, May 3, 2022 at 5:43:01 PM UTC",
        "Tuesday, May 3, 2022 at 5:43:01\u202fp.m. UTC",
        "Tuesday, 3 May 2022 at 17:43:01 UTC",
        "Dienstag, 3. Mai 2022 um 17:43:01 UTC",
        "mardi 3 mai 2022 à 17:43:01 UTC",
        "martes, 3 de mayo de 2022, 17:43:01 UTC",
        "terça-feira, 3 de maio de 2022 às 17:43:01 UTC",
        "martedì 3 maggio 2022 alle ore 17:43:01 UTC",
        "dinsdag 3 mei 2022 om 17:43:01 UTC",
        "2022. május 3., kedd 17:43:01 UTC",
        "2022年5月3日星期二 UTC 17:43:01",
        "2022年5月3日星期二 下午5:43:01 [UTC]",
        "2022年5月3日火曜日 17時43分01秒 UTC",
        "2022년 5월 3일 화요일 오후 5시 43분 1초 UTC",
        "вторник, 3 мая 2022 г. в 17:43:01 UTC",
        "вівторок, 3 травня 2022 р. о 17:43:01 UTC",
        "wtorek, 3 maja 2022 17:43:01 UTC",
        "3 Mayıs 2022 Salı 17:43:01 UTC",
        "tiistai 3. toukokuuta 2022 klo 17.43.01 UTC",
        "tisdag 3 maj 2022 kl. 17:43:01 UTC",
        "mardi 3 mai 2022 à 17 h 43 min 01 s UTC",
        "Τρίτη 3 Μαΐου 2022 στις 5:43:01\u202fμ.μ. UTC",
        "martes, 3 de mayo de 2022, 5:43:01\u00a0p.\u00a0m. UTC",
        "Selasa, 3 Mei 2022 pada 5:43:01 PTG UTC",
        "Thứ Ba, 3 tháng 5, 2022 lúc 17:43:01 UTC",
        "วันอังคารที่ 3 พฤษภาคม พุทธศักราช 2565 เวลา 17:43:01 UTC",
        "יום שלישי, 3 במאי 2022 בשעה 17:43:01 UTC",
        "मंगलवार, 3 मई 2022 को 5:43:01 pm UTC",
        "otrdiena, 2022. gada 3. maijs 17:43:01 UTC",
        "الثلاثاء، ٣ مايو ٢٠٢٢ في ٥:٤٣:٠١ م UTC",
        "çərşənbə axşamı, 3 may 2022, 17:43:01 UTC",
        "3 May 2022 at 19:43:01 GMT+2",
        "Tuesday, May 3, 2022 at 12:13:01 PM UTC\u22125:30",
    ],
)
def test_dates(date: str) -> None:
    """The same moment in many languages."""
    assert prose_milliseconds(date) == EVENING.timestamp() * 1000


@pytest.mark.parametrize(
    "date", ["", "yesterday", "May 3, 2022", "Tuesday, May 99, 2022 at 5:43:01 PM UTC", "5:43", "9" * 99]
)
def test_no_dates(date: str) -> None:
    """What is no date has no time."""
    assert prose_milliseconds(date) is None


def test_noon_and_midnight() -> None:
    """Twelve o'clock of both kinds; words elsewhere in a date say nothing of the half of the day."""
    spanish = prose_milliseconds("martes, 3 de mayo de 2022, 12:43:01 UTC")
    assert spanish == datetime(2022, 5, 3, 12, 43, 1, tzinfo=UTC).timestamp() * 1000
    midnight, noon = (prose_milliseconds(f"Tuesday, May 3, 2022 at 12:00:00 {half} UTC") for half in ("AM", "PM"))
    assert midnight is not None and noon is not None
    assert noon - midnight == 12 * 3_600_000


def test_a_name_of_two_months() -> None:
    """The month that is October in Croatian is November in Polish."""
    croatian, polish = (prose_milliseconds(f"{day} listopada 2022 17:43:01 UTC") for day in ("pon, 3.", "czw, 3"))
    months = [datetime.fromtimestamp((found or 0) / 1000, UTC).month for found in (croatian, polish)]
    assert months == [10, 11]


def test_a_group_alone(tmp_path: Path) -> None:
    """The folder of one group, or its file of messages, has the same channel as in the whole Takeout."""
    group = tmp_path / "DM abc123"
    group.mkdir()
    for name, raw in takeout([said(1, "a", SAM, "3 May 2022, 17:43:01 UTC")]).items():
        if "DM abc123" in name:
            (group / name.rpartition("/")[2]).write_bytes(raw)
    for path in (group, group / "messages.json"):
        corpus = checked(sources.read([path], me=["Sam"]))
        assert texts(corpus) == ["a"] and corpus.messages["channel"][0] == "google_chat:abc123"


def test_odd_messages(tmp_path: Path) -> None:
    """A message without a date, without an author, or of another type is counted."""
    odd = [
        said(1, "a", MIRA, "soon"),
        {"text": "b", "created_date": "x"},
        5,
        said(2, "c", SAM, "3 May 2022, 17:43:01 UTC"),
    ]
    corpus = read(tmp_path, odd)
    assert texts(corpus) == ["szia", "c"]
    assert corpus.skipped["messages too broken to read"] == 2
    assert corpus.skipped["messages without a time"] == 1
