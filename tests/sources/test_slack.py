"""Slack exports: channels of all kinds, threads, markup, bots; names from users.json."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from soundalike import sources
from soundalike.messages import Corpus
from tests.sources.examples.slack import DAY, EXAMPLES, GENERAL, said, workspace
from tests.sources.packages import Files, checked, texts, write_folder, write_zip
from tests.sources.reading import read_alone


def read(tmp_path: Path, general: list[Any]) -> Corpus:
    """The corpus of a workspace with these messages."""
    return checked(sources.read([write_zip(tmp_path / "slack.zip", workspace(general))], me=["Sam"]))


def test_a_workspace(tmp_path: Path) -> None:
    """Names, times, threads, kinds of channels; what is no talk is counted."""
    for layout in ("zip", "folder"):
        corpus = checked(sources.read([EXAMPLES[layout](tmp_path)], me=["Mira"]))
        assert texts(corpus) == ["hello & welcome @Mira", "hi", "psst", "all"]
        start = datetime.fromtimestamp(DAY, UTC)
        assert corpus.messages["sent_at"].to_list() == [
            start + timedelta(seconds=second) for second in (0, 1, 100, 200)
        ]
        assert corpus.messages["id"][1] == f"slack:C01GENERAL/{DAY + 1}.000200"
        assert corpus.messages["reply_to"].to_list() == [None, f"slack:C01GENERAL/{DAY}.000200", None, None]
        assert sorted(corpus.authors.rows()) == [
            ("slack:U01MIRA", "Mira", True),
            ("slack:U02SAM", "Sam", False),
            ("slack:U04BO", "Bo", False),
        ]
        assert sorted(corpus.channels.rows()) == [
            ("slack:C01GENERAL", "general", "channel"),
            ("slack:D01AAAAAAAA", None, "dm"),
            ("slack:G01", None, "group"),
        ]
        assert corpus.skipped == {
            "messages by bots": 1,
            "messages of the app itself (joins, calls, pins)": 1,
            "messages without text": 1,
            "reactions": 1,
            "other files, never opened": 1,
        }


def test_subtypes(tmp_path: Path) -> None:
    """Talk is what people wrote; edits hold the last text."""
    general = [
        said(0, "plain", edited={"user": "U02SAM", "ts": "1"}),
        said(1, "to all", subtype="thread_broadcast", thread_ts=f"{DAY}.000200"),
        said(2, "waves", subtype="me_message"),
        said(3, "beep", None, subtype="bot_message", bot_id="B1"),
        said(4, "beep", "USLACKBOT"),
        said(5, "This message was deleted.", subtype="tombstone"),
        said(6, "set the topic", subtype="channel_topic"),
        said(7, "x", subtype="huddle_thread"),
        said(8, "nobody", None),
        said(9, "no time", ts="yesterday"),
        said(10, "late", ts="99999999999.000000"),
        said(11, "<@U02SAM|sam> uploaded a file: <https://e.invalid/a|a>", subtype="file_share", upload=True),
        said(12, "<@U02SAM> uploaded a file: <https://e.invalid/a|a> and commented: my soup", subtype="file_share"),
        said(13, "<@U01MIRA> commented on <@U02SAM>’s file <https://e.invalid/a|a>: nice", subtype="file_comment"),
        said(14, "caption", subtype="file_share"),
        5,
    ]
    corpus = read(tmp_path, general)
    assert texts(corpus)[:5] == ["plain", "to all", "waves", "my soup", "caption"]
    assert corpus.skipped == {
        "messages by bots": 2,
        "messages that were deleted": 1,
        "messages of the app itself (joins, calls, pins)": 4,
        "messages without text": 1,
        "messages without a time": 1,
        "messages with an impossible time": 1,
        "messages too broken to read": 1,
        "other files, never opened": 1,
    }


def test_markup(tmp_path: Path) -> None:
    """Mentions are names, links what was visible; blocks are read where the text is only a short notice."""
    rich = {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "text", "text": "a long text with "},
                    {"type": "emoji", "name": "frog"},
                    {"type": "text", "text": " for "},
                    {"type": "user", "user_id": "U02SAM"},
                ],
            },
            {"type": "rich_text_list", "elements": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
        ],
    }
    raw = "<@U02SAM|s> <@U99> <#C01GENERAL> <#C9|old> <!here> <!subteam^S1|@cooks> <https://e.invalid|page> "
    raw += "<mailto:a@b.invalid|a> 1 &lt; 2 :wave:"
    corpus = read(tmp_path, [said(0, raw), said(1, "short", blocks=[rich]), said(2, "x < y", blocks=[{"type": 5}, 7])])
    assert texts(corpus)[:3] == [
        "@Sam @someone #general #old @here @cooks page a 1 < 2 :wave:",
        "a long text with :frog: for @Sam\none\ntwo",
        "x < y",
    ]


def test_nothing_personal(tmp_path: Path) -> None:
    """Addresses in users.json are in no frame."""
    corpus = checked(sources.read([EXAMPLES["zip"](tmp_path)], me=["Mira"]))
    for frame in (corpus.messages, corpus.authors, corpus.channels):
        assert "example.invalid" not in frame.write_json() and "+1555" not in frame.write_json()


@pytest.mark.parametrize("write", [write_zip, write_folder])
def test_a_workspace_of_a_grid(tmp_path: Path, write: Callable[[Path, Files], Path]) -> None:
    """Names are in org_users.json there; a channel's folder may have a name in any script."""
    files = workspace(GENERAL)
    files["org_users.json"] = files.pop("users.json")
    files["channels.json"] = json.dumps([{"id": "C1", "name": "蛙の池"}]).encode()
    files["蛙の池/2024-03-01.json"] = files.pop("general/2024-03-01.json")
    corpus = checked(sources.read([write(tmp_path / "grid.zip", files)], me=["Mira"]))
    assert ("slack:C1", "蛙の池", "channel") in corpus.channels.rows() and corpus.owner == "Mira"


def test_one_channel_alone(tmp_path: Path) -> None:
    """The folder of one channel is read, and its name is the channel's."""
    days = {f"2024-03-0{day}.json": json.dumps([said(day, f"day {day}")]).encode() for day in (1, 2)}
    corpus = read_alone(write_folder(tmp_path / "general", days))
    assert texts(corpus) == ["day 1", "day 2"] and corpus.channels.rows() == [("slack:general", "general", "unknown")]
