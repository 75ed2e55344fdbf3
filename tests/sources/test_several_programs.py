"""A folder or ZIP with exports of several programs: each is read by its own source, or named."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from soundalike import sources
from soundalike.messages import Corpus
from soundalike.sources._heads import MOST_FILES
from tests.sources.examples.imessage import message as row
from tests.sources.examples.imessage import write_database
from tests.sources.examples.signal import FILES as SIGNAL
from tests.sources.examples.slack import GENERAL, workspace
from tests.sources.examples.telegram import MIA, as_json, chat, message
from tests.sources.packages import Files, checked, package, texts, write_folder, write_zip

WHATSAPP = b"13.06.23, 21:25 - Bo: soup?\n14.06.23, 21:26 - Mia: yes\n"
TELEGRAM = as_json(chat([message(1, "pond"), message(2, "frog", MIA)]))
SLACK = workspace(GENERAL)


def read(path: Path) -> Corpus:
    """The people's messages, whoever the owner is."""
    return checked(sources.survey([path])[0])


@pytest.mark.parametrize("as_zip", [False, True])
@pytest.mark.parametrize("above", ["", "all of it/"])
def test_a_folder_for_each_program(tmp_path: Path, as_zip: bool, above: str) -> None:
    """Each folder is read by its own source, whatever lies above; what is no export is counted once by each."""
    files: Files = {f"{above}telegram/result.json": TELEGRAM, f"{above}wa/chat.txt": WHATSAPP, f"{above}notes.md": b"x"}
    files |= {f"{above}signal/{name}": raw for name, raw in SIGNAL.items()}
    corpus = read(write_zip(tmp_path / "x.zip", files) if as_zip else write_folder(tmp_path / "x", files))
    assert texts(corpus) == ["soup?", "yes", "pond", "frog", "morning", "hi", "all"]
    assert set(corpus.messages["source"]) == {"telegram", "whatsapp", "signal"}
    assert corpus.read["message files"] == corpus.read["message files with messages"] == 3
    assert not [note for note in corpus.notes if "not read" in note]


def test_the_account_of_an_export_stays_with_it(tmp_path: Path) -> None:
    """A package of many folders beside another export is whole: its account and its channels' names."""
    files = {f"discord/{name}": raw for name, raw in package().items()} | {"wa/chat.txt": WHATSAPP}
    corpus = read(write_folder(tmp_path / "x", files))
    assert {"Mira", "Bo", "Mia"} <= set(corpus.authors["name"])
    assert {"general", "sam"} <= set(corpus.channels["title"])


def test_many_files_do_not_hide_another_program(tmp_path: Path) -> None:
    """A folder of more files than are looked into does not hide the one file of the folder after it."""
    day = SLACK["general/2024-03-01.json"]
    files = {f"slack/general/2024-03-{1 + number:02}.json": day for number in range(MOST_FILES + 5)}
    files |= {"slack/users.json": SLACK["users.json"], "telegram/DataExport/result.json": TELEGRAM}
    assert set(read(write_folder(tmp_path / "x", files)).messages["source"]) == {"slack", "telegram"}


@pytest.mark.parametrize("folder", ["", "chats/"])
def test_side_by_side(tmp_path: Path, folder: str) -> None:
    """Files of several programs in one folder are all read, also where only one of them has a folder of its own."""
    files: Files = {"result.json": TELEGRAM, f"{folder}WhatsApp Chat with Mia.txt": WHATSAPP}
    assert texts(read(write_folder(tmp_path / "x", files))) == ["soup?", "yes", "pond", "frog"]


def test_what_a_friend_sent_is_not_the_owners(tmp_path: Path) -> None:
    """Another program's export among the files of a chat is named and not read, since anybody may have sent it."""
    corpus = read(write_folder(tmp_path / "x", {"result.json": TELEGRAM, "files/chat.txt": WHATSAPP}))
    assert texts(corpus) == ["pond", "frog"]
    assert corpus.notes == [
        "files/ in x looks like a WhatsApp chat (the ZIP or the text that Export chat makes) and was not read: give it "
        "as well if it is an export of yours."
    ]


@pytest.mark.parametrize("minutes", [0, 1])
def test_one_chat_of_two_programs(tmp_path: Path, minutes: int) -> None:
    """What two programs made of one chat is noticed by second and text, and not what was only said in both."""
    start = datetime(2001, 1, 1, tzinfo=UTC) + timedelta(seconds=700_000_000, minutes=minutes)
    lines = [
        {"guid": f"G{n}", "date_iso": (start + timedelta(seconds=n)).isoformat(), "is_from_me": n % 2 == 0,
         "sender": {"handle": "Mia"}, "text": f"t{n}", "chat_id": 1, "recipients": []}
        for n in range(1, 25)
    ]  # fmt: skip
    path = tmp_path / "m.ndjson"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    base = write_database(tmp_path / "chat.db", [row(n, f"t{n}", mine=n % 2 == 0) for n in range(1, 25)])
    corpus = checked(sources.read([base, path]))
    assert corpus.messages.height == 48 and corpus.messages["me"].sum() == 24
    told = [note for note in corpus.notes if note.endswith("are now read twice: give one of the two.")]
    assert len(told) == (minutes == 0)
