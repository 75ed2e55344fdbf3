"""DiscordChatExporter's files: every message is kept or counted, under the ids that a data package has too."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from soundalike import sources
from soundalike.errors import ExportError, OwnerUnknown
from soundalike.messages import Corpus
from tests.sources.examples.discord_chat_exporter import (
    CSV,
    CSV_2019,
    DIRECT,
    EXAMPLES,
    HTML,
    HTML_2020,
    ROOM,
    as_json,
    channel,
    id_of,
    person,
    said,
)
from tests.sources.packages import BO, OWNER, SAM, START, checked, message, package, texts, write_folder, write_zip


def read(tmp_path: Path, messages: list[Any], **more: str) -> Corpus:
    """The corpus of one channel, taken as Sam's."""
    path = tmp_path / f"pond [{ROOM}].json"
    path.write_bytes(as_json(channel(messages, **more)))
    return checked(sources.read([path], me=["Sam"]))


def test_a_folder_of_channels(tmp_path: Path) -> None:
    """Replies, times, names, bots, pins, media; and who the owner is follows from the direct message."""
    for name in ("zip", "folder"):
        corpus = checked(sources.read([EXAMPLES[name](tmp_path)]))
        assert texts(corpus) == ["hello pond", "hi :frog: @Sam", "so?", "psst", "what"]
        assert corpus.messages["id"].to_list() == [id_of(minute) for minute in (0, 1, 2, 6, 7)]
        assert corpus.messages["reply_to"].to_list() == [None, None, id_of(1), None, None]
        assert corpus.messages["sent_at"].to_list() == [START + timedelta(minutes=minute) for minute in (0, 1, 2, 6, 7)]
        assert corpus.messages["me"].to_list() == [False, True, False, False, True]
        assert sorted(corpus.authors.rows()) == [(OWNER, "Mira", True), (SAM, "Sam", False)]
        assert sorted(corpus.channels.rows()) == [(ROOM, "general", "channel"), (DIRECT, "Sam", "dm")]
        assert corpus.skipped == {
            "messages by bots": 1,
            "messages of the app itself (joins, calls, pins)": 1,
            "messages without text": 1,
            "media files, never opened": 1,
        }


def test_merges_with_a_data_package(tmp_path: Path) -> None:
    """The owner's messages in a package are those of the channel's file; the file tells what was replied to."""
    rows = [message(1, "hi :frog: @Sam"), message(99, "only in the package")]
    given = [write_zip(tmp_path / "package.zip", package(rows)), EXAMPLES["zip"](tmp_path)]
    corpus = checked(sources.read(given))
    assert texts(corpus).count("hi :frog: @Sam") == 1
    mine = corpus.messages.filter(pl.col("me"))["text"].to_list()
    assert mine == ["hi :frog: @Sam", "what", "only in the package"]  # psst sam has the first one's id


def test_types(tmp_path: Path) -> None:
    """What is talk follows from the type, not from the text."""
    messages = [
        said(0, "a", type="Default", reference={"type": "Default", "messageId": "4", "channelId": "7"}),
        said(1, "b", type="Reply", reference={"messageId": "5"}),
        said(2, "c", type="19", reference={"type": "Default", "messageId": "6"}),
        said(3, "Joined the server.", type="GuildMemberJoin", interaction=None, reference=None, forwardedMessage=None),
        said(4, "Started a call that lasted 5 minutes.", type="Call"),
        said(5, "poll", type="46"),
        said(6, "answer", type="20"),
        said(7, "answer", interaction={"id": "1", "name": "play", "user": person(SAM)}),
        said(8, "", reference={"type": "Forward", "messageId": "1"}, forwardedMessage={"content": "x"}),
        said(9, "x", forwardedMessage={"timestamp": "2024-01-01T00:00:00+00:00", "content": "x"}),
        said(10, " \n", stickers=[{"id": "1", "name": "wave"}]),
        said(12, "", attachments=[{"id": "1", "fileName": "voice-message.ogg"}]),
        said(13, "", attachments=[{"id": "1", "fileName": "a.png"}]),
        said(
            14, "look", interaction=None, reference=None, forwardedMessage=None, stickers=[{"id": "1", "name": "wave"}]
        ),
        said(11, "d", reactions=[{"emoji": {}, "count": 3}, {"emoji": {}, "count": 1, "users": []}]),
    ]
    corpus = read(tmp_path, messages)
    assert texts(corpus) == ["a", "b", "c", "[sticker]", "d", "[voice message]", "look"]
    assert corpus.messages["reply_to"].to_list() == [None, "5", "6", None, None, None, None]
    assert corpus.read["messages"] == 15
    assert corpus.skipped == {
        "messages of the app itself (joins, calls, pins)": 3,
        "messages by bots": 2,
        "messages forwarded from elsewhere": 2,
        "messages without text": 1,
        "reactions": 4,
    }


def test_raw_markup(tmp_path: Path) -> None:
    """An export without formatting has ids in its texts; names come from the mentions."""
    corpus = read(
        tmp_path,
        [
            said(0, f"<@{BO}> <@!9> see <#{ROOM}> <:frog:123> ||psst||", mentions=[person(BO, nickname="", name="bo")]),
            said(1, "1 < 2"),
        ],
    )
    assert texts(corpus) == ["@bo @someone see #general :frog: psst", "1 < 2"]


def test_times(tmp_path: Path) -> None:
    """Where an id is no snowflake, the written time counts, with its offset; an impossible one skips the row."""
    stamps = [
        "2020-02-03T04:05:06.1234567+02:00",
        "2020-02-03T04:05:06Z",
        "0000-00-00",
        "9999-12-31T23:59:59+00:00",
        "",
    ]
    messages = [said(0, f"t{at}", id=str(at + 1), timestamp=stamp) for at, stamp in enumerate(stamps)]
    corpus = read(tmp_path, messages)
    moments = corpus.messages["sent_at"].to_list()
    assert moments == [datetime(2020, 2, 3, 2, 5, 6, 123000, UTC), datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)]
    assert corpus.skipped == {"messages with an impossible time": 2, "messages without a time": 1}


def test_old_and_odd_rows(tmp_path: Path) -> None:
    """Keys of later versions may be missing, values may have other types; what is no message is counted."""
    bare = {
        "id": id_of(0),
        "timestamp": "2024-03-01T12:00:00+00:00",
        "content": "bare",
        "author": {"id": SAM, "name": "S"},
    }
    odd = [
        bare,
        {**bare, "id": int(id_of(1)), "content": "number", "mentions": {}, "reactions": 5},
        {**bare, "id": id_of(2), "author": "sam"},
        {**bare, "id": id_of(3), "content": ["x"]},
        {**bare, "id": id_of(4), "content": "half \ud83d pair"},
        {**bare, "id": None, "content": "no id"},
        None,
        7,
    ]
    path = tmp_path / "odd.json"
    whole = {**channel(odd, type_="GuildPublicThread", name="a thread")}
    path.write_text(json.dumps(whole))
    corpus = checked(sources.read([path], me=[SAM]))
    assert texts(corpus) == ["bare", "number", "half \ufffd pair"]
    assert corpus.channels.rows() == [(ROOM, "a thread", "thread")]
    assert corpus.skipped == {
        "messages too broken to read": 3,
        "messages without text": 1,
        "messages without an id": 1,
    }


def test_newest_first(tmp_path: Path) -> None:
    """An export in reverse order reads the same."""
    messages = [said(minute, f"line {minute}") for minute in range(20)]
    assert texts(read(tmp_path, messages[::-1])) == [f"line {minute}" for minute in range(20)]


def test_cut_off(tmp_path: Path) -> None:
    """A file that was cut off is read up to there, which a note says."""
    raw = as_json(channel([said(minute, f"line {minute}") for minute in range(20)]))
    path = tmp_path / "cut.json"
    path.write_bytes(raw[: raw.index(b"line 15")])
    corpus = checked(sources.read([path], me=["Sam"]))
    assert texts(corpus) == [f"line {minute}" for minute in range(15)]
    assert corpus.skipped == {"messages too broken to read": 1}
    assert corpus.notes == ["Some files were damaged or cut off and read as far as possible (1)."]


def test_parts(tmp_path: Path) -> None:
    """Part files are one channel; a message in two is kept once; other encodings are read."""
    one, two = (channel([said(minute, f"{minute}") for minute in some]) for some in (range(5), range(4, 9)))
    files = {f"x [{ROOM}].json": as_json(one), f"x [{ROOM}] [part 2].json": as_json(two).decode().encode("utf-16")}
    corpus = checked(sources.read([write_folder(tmp_path / "f", files)], me=["Sam"]))
    assert texts(corpus) == [str(minute) for minute in range(9)]
    assert corpus.skipped == {"messages seen twice": 1}
    assert corpus.channels.height == 1


@pytest.mark.parametrize("silent", [True, False])
def test_owner_in_groups(tmp_path: Path, silent: bool) -> None:
    """Whoever is in every direct message and group is the owner, also under friends' old names."""
    direct = channel([said(0, "a", BO), said(1, "b", OWNER)], "11", "DirectTextChat", "renamed since")
    group = channel([said(2, "c", SAM), *([] if silent else [said(3, "d", OWNER)])], "12", "DirectGroupTextChat", "us")
    other = channel([said(4, "e", SAM), said(5, "f", OWNER)], "13", "DirectTextChat", "Sam")
    files = {f"{at}.json": as_json(whole) for at, whole in enumerate([direct, group, other])}
    corpus = checked(sources.read([write_folder(tmp_path / "f", files)]))
    assert corpus.authors.filter(pl.col("me")).rows() == [(OWNER, "Mira", True)]


def test_owner_unknown(tmp_path: Path) -> None:
    """A server's channel does not tell who the owner is."""
    path = tmp_path / "x.json"
    path.write_bytes(as_json(channel([said(0, "a"), said(1, "b", OWNER)])))
    with pytest.raises(OwnerUnknown):
        sources.read([path])


def test_html(tmp_path: Path) -> None:
    """HTML has exact times in the ids; authors stand above groups; what tags make of text is written as typed."""
    path = tmp_path / f"pond [{ROOM}].html"
    path.write_text(HTML, encoding="utf-8")
    corpus = checked(sources.read([path], me=["Mira"]))
    assert texts(corpus) == ["hello **pond**\n\nit is 🐸 &\n:pepe:", "again", "@Sam hi"]
    assert corpus.messages["id"].to_list() == [id_of(0), id_of(1), id_of(2)]
    assert corpus.messages["author"].to_list() == [SAM, SAM, OWNER]
    assert corpus.messages["reply_to"].to_list() == [None, None, id_of(0)]
    assert corpus.messages["sent_at"][1] == START + timedelta(minutes=1)
    assert sorted(corpus.authors.rows()) == [(OWNER, "Mira", True), (SAM, "Sam", False)]
    assert corpus.channels.rows() == [(ROOM, "general", "channel")]
    assert corpus.skipped == {"messages by bots": 1, "messages of the app itself (joins, calls, pins)": 1}


def test_blocks_in_html(tmp_path: Path) -> None:
    """Quotes, code, lists and headings stand on lines of their own, with Discord's marks before them."""
    parts = (
        "<div class=chatlog__markdown-quote><div class=chatlog__markdown-quote-border></div>"
        "<div class=chatlog__markdown-quote-content>so<br>it <em>is</em></div></div>mine"
        '<code class="chatlog__markdown-pre chatlog__markdown-pre--multiline nohighlight">a = 1\nb</code>'
        "<h1>Soup</h1><ul><li>peas</li><li><code class=chatlog__markdown-pre>salt</code></li></ul>"
    )
    path = tmp_path / f"pond [{ROOM}].html"
    path.write_text(HTML.replace("@Sam hi", parts), encoding="utf-8")
    corpus = checked(sources.read([path], me=["Mira"]))
    assert texts(corpus)[-1] == "> so\n> it *is*\nmine```\na = 1\nb\n```\n# Soup\n- peas\n- `salt`"


def test_what_is_no_text_in_html(tmp_path: Path) -> None:
    """Forwarded words, attachments and a deleted message that was replied to; a sticker alone is told as one."""
    words = '<div class="chatlog__{} chatlog__markdown"><span class=chatlog__markdown-preserve>{}</span></div>'
    said_ = words.format("content", "soup")
    bodies = [
        f"<div class=chatlog__reply><div class=chatlog__reply-unknown>Original was deleted.</div></div>{said_}",
        f"<div class=chatlog__forwarded>{words.format('forwarded-content', 'elsewhere')}</div>",
        "<div class=chatlog__attachment><a href=x.png>x.png</a></div>",
        "<div class=chatlog__sticker title=wave><img class=chatlog__sticker--media src=w.png alt=Sticker></div>",
        f"{said_}<div class=chatlog__embed>{words.format('embed-title', 'page')}</div>",
    ]
    author = f"<span class=chatlog__author title=mira.k data-user-id={OWNER}>Mira</span>"
    messages = [
        f'<div class="chatlog__message-container chatlog__message-container--pinned" data-message-id={id_of(minute)}>'
        f"<div class=chatlog__message>{author if minute == 0 else ''}{body}</div></div>"
        for minute, body in enumerate(bodies)
    ]
    path = tmp_path / f"pond [{ROOM}] (after 2024-01-01) [part 2].html"
    path.write_text(f"<html><div class=chatlog__message-group>{''.join(messages)}</div></html>", encoding="utf-8")
    corpus = checked(sources.read([path]))
    assert texts(corpus) == ["soup", "[sticker]", "soup"] and corpus.messages["reply_to"].null_count() == 3
    assert corpus.skipped == {"messages forwarded from elsewhere": 1, "messages without text": 1}
    assert set(corpus.messages["author"]) == {OWNER} and set(corpus.messages["channel"]) == {ROOM}


def test_user_names_find_people(tmp_path: Path) -> None:
    """The owner may be named by the account's name, in a channel's export and in a data package."""
    files = {"a.json": as_json(channel([said(0, "a"), said(1, "b", OWNER)]))}
    corpus = checked(sources.read([write_folder(tmp_path / "f", files)], me=["mira.k"]))
    assert corpus.messages["me"].to_list() == [False, True] and corpus.owner == "Mira"
    assert sources.read([write_zip(tmp_path / "p.zip", package())], me=["mira.k"]).owner == "Mira"


def test_html_of_2020(tmp_path: Path) -> None:
    """Older files have other tags."""
    path = tmp_path / "pond.html"
    path.write_text(HTML_2020, encoding="utf-8")
    corpus = checked(sources.read([path], me=["Sam"]))
    assert texts(corpus) == ["hello pond", "two\nlines"]
    assert corpus.authors.rows() == [(SAM, "Sam", True)]


def test_html_beside_json(tmp_path: Path) -> None:
    """The same message in both is one; the JSON's row is kept."""
    files = {
        f"a [{ROOM}].html": HTML.encode(),
        f"b [{ROOM}].json": as_json(channel([said(0, "hello pond"), said(1, "x")])),
    }
    corpus = checked(sources.read([write_folder(tmp_path / "f", files)], me=["Mira"]))
    assert texts(corpus) == ["hello pond", "x", "@Sam hi"]
    assert corpus.skipped["messages seen twice"] == 2


def test_csv(tmp_path: Path) -> None:
    """CSV of both spellings; ids are made, so that a second copy adds nothing; beside JSON it is left out."""
    path = tmp_path / f"pond [{ROOM}].csv"
    path.write_text(CSV, newline="")
    corpus = checked(sources.read([path, path], me=["sam"]))
    assert texts(corpus) == ['hello "pond"', "two\nlines, here"]
    assert corpus.messages["sent_at"].to_list() == [
        START + timedelta(milliseconds=123),
        START + timedelta(minutes=1),
    ]
    assert corpus.messages["author"].to_list() == [SAM, OWNER]
    assert corpus.skipped == {"messages without text": 2, "messages seen twice": 2}
    (tmp_path / "old.csv").write_text(CSV_2019)
    old = checked(sources.read([tmp_path / "old.csv"], me=["sam"]))
    assert texts(old) == ["hello; pond", "hi"]
    assert sorted(old.authors["name"]) == ["mira", "sam"]
    assert old.messages["sent_at"][0] == datetime(2024, 3, 1, 12).astimezone(UTC)
    assert any("read in the time zone of this machine" in note for note in old.notes)
    assert not any("time zone" in note for note in corpus.notes)
    files = {f"a [{ROOM}].csv": CSV.encode(), f"b [{ROOM}].json": as_json(channel([said(0, "hello pond")]))}
    both = checked(sources.read([write_folder(tmp_path / "f", files)], me=["Sam"]))
    assert texts(both) == ["hello pond"]
    assert both.skipped == {"CSV files beside a JSON or HTML file of the same channel": 1}


APP_ROWS = [
    "Started a call that lasted 3 minutes.",
    "Pinned a message.",
    "Changed the channel name: soup.",
    "Changed the channel name: soup",
    "Added a recipient.",
    "Added kim to the group.",
    "Pinned a message. No.",
]


def test_csv_of_a_direct_message(tmp_path: Path) -> None:
    """Its file's name is the other's; what the program wrote for rows of the app is no text; no field is too long."""
    rows = [f'"{OWNER}","mira.k","2024-03-01T12:00:00+00:00","{text}","",""' for text in APP_ROWS]
    rows.append(f'"{SAM}","sam","2024-03-01T12:01:00+00:00","hi","",""')
    path = tmp_path / f"Direct Messages - Private - sam [{DIRECT}].csv"
    path.write_text("\n".join([CSV.splitlines()[0], *rows]))
    corpus = checked(sources.read([path, write_csv(tmp_path, f"AuthorID,Author,Date,Content{'x' * 200_000}\n")]))
    assert corpus.channels.rows()[0] == (DIRECT, "sam", "dm") and texts(corpus) == ["Pinned a message. No.", "hi"]
    assert corpus.owner == "mira.k"
    assert corpus.skipped["messages of the app itself (joins, calls, pins)"] == len(APP_ROWS) - 1


LOCAL_DATES = {  # of 1 and 13 March 2024, 15:05, as computers of several languages spell them
    "3/1/2024 3:05 PM": "3/13/2024 3:05\u202fPM",
    "01/03/2024 3:05 pm": "13/03/2024 3:05 pm",
    "01/03/2024 15:05": "13/03/2024 15:05",
    "01.03.2024 15:05": "13.03.2024 15:05",
    "2024/03/01 15:05": "2024/03/13 15:05",
    "2024. 03. 01. 오후 3:05": "2024. 03. 13. 오후 3:05",
    "01-Mar-24 03:05 PM": "13-Mar-24 03:05 PM",
    "2024-03-01 15:05": "2024-03-13 15:05",
}


@pytest.mark.parametrize("first", LOCAL_DATES)
def test_csv_with_local_dates(tmp_path: Path, first: str) -> None:
    """Dates in the spelling of the exporting computer are local times, of which the whole file tells the order."""
    rows = [f'"{SAM}","sam","{first}","a","",""', f'"{OWNER}","mira.k","{LOCAL_DATES[first]}","b","",""']
    corpus = checked(sources.read([write_csv(tmp_path, "\n".join([CSV.splitlines()[0], *rows, ""]))], me=["sam"]))
    local = [datetime(2024, 3, day, 15, 5).astimezone(UTC) for day in (1, 13)]
    assert corpus.messages["sent_at"].to_list() == local and texts(corpus) == ["a", "b"]
    assert any("time zone of this machine" in note for note in corpus.notes)


def write_csv(folder: Path, text: str) -> Path:
    """A file of that text."""
    path = folder / "long.csv"
    path.write_text(text)
    return path


def test_plain_text_is_refused(tmp_path: Path) -> None:
    """A plain text has no ids; the sentence says what to do."""
    (tmp_path / "x.txt").write_text(
        "=" * 62 + "\nGuild: Frog Pond\nChannel: general\n" + "=" * 62 + "\n\n[01/03/2024] sam\nhi\n"
    )
    with pytest.raises(ExportError, match="Export it again as JSON"):
        sources.read([tmp_path / "x.txt"])


@pytest.mark.parametrize("name", EXAMPLES)
def test_only_what_a_reader_saw(tmp_path: Path, name: str) -> None:
    """No text holds an address of a file or a tag."""
    corpus = checked(sources.read([EXAMPLES[name](tmp_path)], me=[SAM]))
    assert not corpus.messages["text"].str.contains(r"https?://|<[a-z@#]|\(edited\)|Some page").any()
