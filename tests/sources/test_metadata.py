"""Whose package it is, and what people and channels are called."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sources.packages import (
    ACCOUNT,
    BO,
    DIRECT,
    GENERAL,
    OWNER,
    SAM,
    WITH_SAM,
    Files,
    as_json,
    message,
    package,
    read,
    texts,
    without,
)


def directs(*recipients: list[str], kind: object = "DM") -> Files:
    """Direct messages with these recipients, and no account."""
    files: Files = {}
    for place, people in enumerate(recipients):
        folder = f"messages/c{int(WITH_SAM) + place}"
        files[f"{folder}/channel.json"] = json.dumps({"type": kind, "recipients": people}).encode()
        files[f"{folder}/messages.json"] = as_json([message(place, "hi")])
    return files


@pytest.mark.parametrize("kind", ["DM", 1, "1"])
def test_owner_from_direct_messages(tmp_path: Path, kind: object) -> None:
    """Without an account file the owner is the one person in most direct messages."""
    corpus = read(tmp_path, directs([OWNER, SAM], [BO, OWNER], ["Deleted User", OWNER], kind=kind))
    assert corpus.authors.rows() == [(OWNER, "me", True)]
    assert corpus.messages["author"].unique().to_list() == [OWNER]
    assert corpus.notes[0].startswith("The package has no account file")


@pytest.mark.parametrize("people", [[[OWNER, SAM]], [["Deleted User"], []], [[OWNER, SAM], [SAM, OWNER]]])
def test_owner_not_to_be_told(tmp_path: Path, people: list[list[str]]) -> None:
    """Where two could be the owner, or nobody, the owner is `me`."""
    assert read(tmp_path, directs(*people)).authors.rows() == [("me", "me", True)]


@pytest.mark.parametrize(
    ("account", "name"),
    [
        ({"id": OWNER, "username": "mira.k", "global_name": None}, "mira.k"),
        ({"id": int(OWNER), "username": "mira.k", "global_name": " Mira \n K "}, "Mira K"),
        ({"id": OWNER, "username": "mi\x1b[31mra\ud800"}, "mi [31mra"),
        ({"id": OWNER}, "me"),
    ],
)
def test_display_name(tmp_path: Path, account: dict[str, Any], name: str) -> None:
    """The display name, else the user name, else `me`; the id is a string whatever it was."""
    corpus = read(tmp_path, package() | {"Account/user.json": json.dumps(account).encode()})
    assert corpus.authors.rows() == [(OWNER, name, True)]


@pytest.mark.parametrize("broken", [b"", b"{", b"[1]", b"\xff\xfe", b"null"])
def test_broken_small_files(tmp_path: Path, broken: bytes) -> None:
    """An account, index or channel file that cannot be read is counted; the messages are read all the same."""
    small = {name: broken for name in package() if name.endswith(("user.json", "Messages/index.json", "channel.json"))}
    corpus = read(tmp_path, package() | small)
    assert texts(corpus) == ["hello pond", "psst sam"]
    assert corpus.skipped["descriptions of channels or account that could not be read"] == 4
    assert corpus.channels.rows() == [(GENERAL, None, "unknown"), (WITH_SAM, None, "unknown")]


@pytest.mark.parametrize(
    ("description", "label", "title", "kind"),
    [
        ({"type": 0, "name": "general"}, "general in Frog Pond", "general", "channel"),
        ({"type": "GUILD_VOICE"}, "late night talk in Frog Pond", "late night talk", "channel"),
        ({"type": "PUBLIC_THREAD", "name": "soup, again"}, None, "soup, again", "thread"),
        ({"type": 11}, "general in Pond in Wales", "general", "thread"),
        ({"type": "GROUP_DM", "recipients": [OWNER, SAM, BO]}, "null", None, "group"),
        ({"type": 3, "name": "soup club", "recipients": []}, None, "soup club", "group"),
        ({"type": "DM", "recipients": [OWNER, SAM]}, "Direct Message with sam#0", "sam", "dm"),
        ({"type": 1, "recipients": [OWNER, SAM]}, "Direct Message with sam#the#best#1234", "sam#the#best", "dm"),
        ({"type": "DM", "recipients": [OWNER, SAM]}, "sam#1234", "sam", "dm"),
        ({"type": "DM", "recipients": [OWNER, SAM]}, "general in Frog Pond", None, "dm"),
        ({"type": 1, "recipients": [OWNER, SAM]}, "Unknown channel", None, "dm"),
        ({"type": "DM", "recipients": [OWNER, "Deleted User"]}, "Direct Message with Unknown Participant", None, "dm"),
        ({"recipients": [OWNER, "Deleted User"]}, None, None, "dm"),
        ({"recipients": [OWNER, BO]}, "Direct Message with Deleted User 4f00aa#0000", None, "dm"),
        ({"recipients": [OWNER, SAM, BO]}, None, None, "group"),
        ({"guild": {"id": "1"}}, "Unknown channel", None, "channel"),
        ({}, "Direct Message with sam", "sam", "dm"),
        ({}, 7, None, "unknown"),
        ({"type": None, "name": 5, "recipients": "x"}, ["odd"], None, "unknown"),
        ({"type": "SOMETHING_NEW"}, "", None, "unknown"),
    ],
)
def test_titles_and_kinds(tmp_path: Path, description: object, label: object, title: str | None, kind: str) -> None:
    """Every era's types and labels give a kind and a title, or say that they do not know."""
    files = without(package(), f"c{WITH_SAM}") | {
        f"Messages/c{GENERAL}/channel.json": json.dumps(description).encode(),
        "Messages/index.json": json.dumps({GENERAL: label}).encode(),
    }
    assert read(tmp_path, files).channels.rows() == [(GENERAL, title, kind)]


@pytest.mark.parametrize("label", ["Direct Message with bo.bo#0", "bo.bo#1234"])
def test_names_for_mentions(tmp_path: Path, label: str) -> None:
    """Friends are known from relationships, others from the labels of direct messages, channels by their titles."""
    files = package([message(2, f"<@{SAM}> <@!{BO}> <@{OWNER}> <@999> see <#{GENERAL}> <#{WITH_SAM}> <#998>")])
    folder = f"Messages/c{int(WITH_SAM) + 1}"
    files[f"{folder}/channel.json"] = json.dumps(DIRECT | {"recipients": [BO, OWNER]}).encode()
    files["Messages/index.json"] = json.dumps({str(int(WITH_SAM) + 1): label}).encode()
    assert texts(read(tmp_path, files))[-1] == "@Sam @bo.bo @Mira @someone see #general #channel #channel"


def test_odd_relationships(tmp_path: Path) -> None:
    """Relationships without a user, or of another shape, name nobody and break nothing."""
    odd = [None, 5, {}, {"id": SAM}, {"id": SAM, "user": None}, {"id": BO, "user": {"username": "bo"}}]
    files = package([message(2, f"<@{SAM}> <@{BO}>")])
    files["Account/user.json"] = json.dumps(ACCOUNT | {"relationships": odd}).encode()
    files["Messages/index.json"] = b"{}"
    assert texts(read(tmp_path, files))[-1] == "@someone @bo"
