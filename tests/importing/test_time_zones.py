"""A chat with local times is recognised when it is imported again after a move to another time zone."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from soundalike.clone import Clone
from soundalike.importing.importer import run_import
from soundalike.importing.reading import ReadOptions

EUROPE, AMERICA = "MID-1", "EAST5"  # an hour ahead of UTC; five hours behind it
NOON = datetime(2023, 6, 13, 12)


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Puts this machine into a time zone until the test ends."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system has no time zone by process")

    def to(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield to
    monkeypatch.undo()
    time.tzset()


def whatsapp(hours: int) -> str:
    """A chat of forty messages, which begins so many hours after noon by the clock on the wall."""
    start = NOON + timedelta(hours=hours)
    times = [(start + timedelta(minutes=at // 2)).strftime("%d.%m.%y, %H:%M") for at in range(40)]
    return "".join(f"{when} - {'Bo' if at % 2 else 'Laura'}: word {at}\n" for at, when in enumerate(times))


def line(hours: int) -> str:
    """The same chat as LINE saves it."""
    start = NOON + timedelta(hours=hours)
    times = [(start + timedelta(minutes=at // 2)).strftime("%H:%M") for at in range(40)]
    rows = "".join(f"{when}\t{'Bo' if at % 2 else 'Laura'}\tword {at}\n" for at, when in enumerate(times))
    return f"[LINE] Chat history with Laura\n\n2023/06/13(Tue)\n{rows}"


def table(hours: int) -> str:
    """The same chat as a table, of which every second row has no time."""
    start = NOON + timedelta(hours=hours)
    times = ["" if at % 2 else (start + timedelta(minutes=at)).isoformat() for at in range(40)]
    rows = (f"{when},{'Bo' if at % 2 else 'Laura'},word {at}\n" for at, when in enumerate(times))
    return "sent_at,author,text\n" + "".join(rows)


@pytest.mark.parametrize(
    ("name", "text"), [("WhatsApp Chat with Laura.txt", whatsapp), ("[LINE] Laura.txt", line), ("Laura.csv", table)]
)
@pytest.mark.parametrize("later", [0, -6], ids=["the same file", "a phone that moved too"])
def test_given_again_in_another_zone(
    tmp_path: Path, move: Callable[[str], None], name: str, text: Callable[[int], str], later: int
) -> None:
    """The same file adds nothing, nor does one in which the phone has written all times in the new zone's."""
    export, clone = tmp_path / name, Clone(tmp_path / "bo")
    export.write_text(text(0), "utf-8")
    move(EUROPE)
    run_import([export], clone.root, options=ReadOptions(me=("Bo",)), force=True)
    before = clone.messages()
    export.write_text(text(later), "utf-8")
    move(AMERICA)
    run_import([export], clone.root, force=True)
    assert before.height == 40 and clone.messages().equals(before)
