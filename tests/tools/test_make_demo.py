"""The invented person's package: same bytes for a seed, the official layout, and a style worth learning."""

import json
import re
import zipfile
import zlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from soundalike.demo import EXPORT, OPENERS
from tools.make_demo.__main__ import main
from tools.make_demo.package import markup, snowflake, write_package
from tools.make_demo.world import CHANNELS, FRIENDS, OWNER_ID
from tools.make_demo.year import Message, write_year

DISCORD_EPOCH_MS = 1_420_070_400_000
_LONG = 5


@pytest.fixture(scope="module")
def members() -> dict[str, str]:
    with zipfile.ZipFile(EXPORT) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture(scope="module")
def channels(members: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    return {name: json.loads(text) for name, text in members.items() if name.endswith("/messages.json")}


@pytest.fixture(scope="module")
def rows(channels: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [row for channel in channels.values() for row in channel]


@pytest.fixture(scope="module")
def texts(rows: list[dict[str, Any]]) -> list[str]:
    return [row["Contents"] for row in rows if row["Contents"]]


@pytest.fixture(scope="module")
def year() -> list[Message]:
    return write_year(9)


def test_the_tool_writes_the_shipped_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every member and its header are the same, and with zlib's own deflate every byte; another seed gives another."""
    main(["--out", str(tmp_path / "again.zip")])
    assert capsys.readouterr().out == f"{tmp_path / 'again.zip'}\n"
    assert _contents(tmp_path / "again.zip") == _contents(EXPORT)
    if "ng" not in zlib.ZLIB_RUNTIME_VERSION:  # zlib-ng compresses to other bytes
        assert (tmp_path / "again.zip").read_bytes() == EXPORT.read_bytes()
    assert _contents(write_package(tmp_path / "other.zip", seed=1)) != _contents(EXPORT)


def test_the_shipped_file_is_small() -> None:
    """A quarter of a megabyte, about a fiftieth of the built-in model."""
    assert EXPORT.stat().st_size < 256 * 1024


def _contents(path: Path) -> list[tuple[str, tuple[int, ...], bytes]]:
    """(name, date and time, bytes) of each member, in the order of the file."""
    with zipfile.ZipFile(path) as archive:
        return [(member.filename, member.date_time, archive.read(member)) for member in archive.infolist()]


def test_the_layout_is_that_of_june_2025(members: dict[str, str]) -> None:
    """Account, index, servers, activity and, for each channel, its description and messages are where they belong."""
    index = json.loads(members["Messages/index.json"])
    assert {"README.txt", "Account/user.json", "Servers/index.json"} <= members.keys()
    assert any(name.startswith("Activity/analytics/events-") for name in members)
    assert {f"Messages/c{identity}/{part}.json" for identity in index for part in ("channel", "messages")} == {
        name for name in members if name.startswith("Messages/c")
    }


def test_every_kind_of_channel_is_there(members: dict[str, str]) -> None:
    """A dozen channels: servers, a thread, direct messages, a group, and one that has lost its name."""
    described = [json.loads(text) for name, text in members.items() if name.endswith("/channel.json")]
    kinds = Counter(channel["type"] for channel in described)
    assert len(described) >= 12 and kinds["DM"] >= 3
    assert {"GUILD_TEXT", "PUBLIC_THREAD", "DM", "GROUP_DM"} == kinds.keys()
    assert len({channel["guild"]["name"] for channel in described if "guild" in channel}) == 3
    assert None in json.loads(members["Messages/index.json"]).values()
    assert all(str(OWNER_ID) in channel["recipients"] for channel in described if "guild" not in channel)


def test_the_owner_has_a_short_lower_case_name(members: dict[str, str]) -> None:
    """The account says who wrote everything, and names the friends who speak in the sample conversation."""
    account = json.loads(members["Account/user.json"])
    friends = {relation["user"]["global_name"] for relation in account["relationships"]}
    assert account["id"] == str(OWNER_ID)
    assert account["global_name"].islower() and len(account["global_name"]) <= 8
    assert {name for name, _ in OPENERS} <= friends == set(FRIENDS)
    assert 10 <= len(OPENERS) <= 14


def test_ids_increase_with_time_and_hold_it(channels: dict[str, list[dict[str, Any]]]) -> None:
    """In each file newest comes first, no id comes twice, and each id says the second that stands beside it."""
    for messages in channels.values():
        identities = [row["ID"] for row in messages]
        assert identities == sorted(set(identities), reverse=True)
        for row in messages:
            moment = datetime.fromtimestamp(((row["ID"] >> 22) + DISCORD_EPOCH_MS) // 1000, UTC)
            assert row["Timestamp"] == f"{moment:%Y-%m-%d %H:%M:%S}"
            assert all(isinstance(row[field], str) for field in ("Contents", "Attachments"))


def test_ids_are_not_rounded(rows: list[dict[str, Any]]) -> None:
    """Nearly no id survives a float, as in a real package, and no two messages share one."""
    identities = [row["ID"] for row in rows]
    assert len(set(identities)) == len(identities)
    assert sum(int(float(identity)) == identity for identity in identities) < 0.02 * len(identities)


def test_it_is_a_year_of_several_thousand_messages(rows: list[dict[str, Any]]) -> None:
    """Six to nine thousand messages on nearly every day of one year."""
    assert 6_000 <= len(rows) <= 9_000
    assert len({row["Timestamp"][:10] for row in rows}) > 350
    assert len({row["Timestamp"][:7] for row in rows} & {f"2025-{month:02}" for month in range(1, 13)}) == 12


def test_the_owner_lives_at_night(year: list[Message]) -> None:
    """The six hours around midnight hold more than half of everything, the early morning next to nothing."""
    hours = Counter((message.sent_at.hour + 1) % 24 for message in year)
    assert sum(hours[hour] for hour in (21, 22, 23, 0, 1, 2)) > 0.5 * len(year)
    assert sum(hours[hour] for hour in (6, 7, 8)) < 0.02 * len(year)


def test_long_lines_seldom_repeat(texts: list[str]) -> None:
    """Of messages of five words and more, fewer than a tenth were sent before in the same words."""
    long = [text for text in texts if len(text.split()) >= _LONG]
    assert len(long) > 3_000
    assert len(set(long)) > 0.9 * len(long)


def test_lengths_are_those_of_chat(texts: list[str]) -> None:
    """Six to nine words on average, many of one to four, and some long ones."""
    words = [len(text.split()) for text in texts]
    assert 6 <= sum(words) / len(words) <= 9
    assert sum(count < _LONG for count in words) > 0.3 * len(words)
    assert sum(count >= 12 for count in words) > 0.15 * len(words)


def test_messages_come_in_bursts(year: list[Message]) -> None:
    """At least a third of all messages follow another in the same channel within twelve seconds."""
    last: dict[str, datetime] = {}
    quick = 0
    for message in year:
        before = last.get(message.channel.key)
        quick += before is not None and (message.sent_at - before).total_seconds() < 12
        last[message.channel.key] = message.sent_at
    assert quick > len(year) / 3


def test_the_style_keeps_its_own_rules(year: list[Message]) -> None:
    """Never an exclamation mark, an apostrophe, a full stop at the end, or the abbreviations the owner never uses."""
    for message in year:
        assert not re.search(r"[!’']|[^.]\.$|\b(lol|lmao|u|ur|haha+)\b", message.text), message.text
        assert not re.search(r"[\[\]{}~]|  | [.,]", message.text), message.text


def test_the_habits_can_be_learned(texts: list[str]) -> None:
    """The laugh, the court, the stretched words, the corrections and the emoji come back again and again."""
    habits = {
        r"\bhf(hf)+\b": 100,
        r"court is adjourned": 30,
        r"^no because": 20,
        r"^ok\b": 100,
        r"out of ten": 50,
        r"([a-z])\1{3}": 40,
        r"^\*\w+": 40,
        r"<a?:\w+:\d+>": 100,
        r"\b[A-Z]{3,}\b": 100,
        r"soup": 400,
        r"keith": 250,
    }
    for pattern, least in habits.items():
        assert sum(bool(re.search(pattern, text)) for text in texts) >= least, pattern


def test_the_story_happens_in_order(year: list[Message]) -> None:
    """The pigeon has no name before its christening, and the bike is gone and comes back."""
    first = {
        word: next(m.sent_at for m in year if word in m.text.lower())
        for word in ("keith", "brenda is gone", "laid an egg", "brenda is back", "hes in the basement")
    }
    assert list(first.values()) == sorted(first.values())
    assert f"{first['keith']:%m-%d}" == "02-18"


def test_only_reserved_addresses_occur(members: dict[str, str]) -> None:
    """Every mail address, number and host is from a range reserved for examples; pictures have Discord's own host."""
    everything = "\n".join(members.values())
    hosts = set(re.findall(r"https?://([^/\s>\"]+)", everything))
    mails = set(re.findall(r"[\w.]+@([\w.]+\w)", everything))
    numbers = re.findall(r"\+[\d ]{7,}\d", everything)
    assert hosts - {"cdn.discordapp.com"} and mails and numbers
    assert all(re.search(r"(^|\.)example\.(org|com)$", host) for host in hosts - {"cdn.discordapp.com"} | mails)
    assert all(re.fullmatch(r"\+1 \d{3} 555 01\d\d", number) for number in numbers)


def test_real_quirks_are_there(rows: list[dict[str, Any]]) -> None:
    """Mentions, channel links, spoilers, unsigned previews, signed attachments and rows with nothing in them."""
    texts = "\n".join(row["Contents"] for row in rows)
    for pattern in (r"<@\d+>", r"<#\d+>", r"\|\|.+\|\|", r"<https://", r"@everyone"):
        assert re.search(pattern, texts), pattern
    assert sum("hm=" in row["Attachments"] for row in rows) >= 5
    assert sum(not row["Contents"] and not row["Attachments"] for row in rows) >= 5


def test_markup_leaves_what_it_does_not_know() -> None:
    """Known emoji, channels and people become ids; a clock, a stranger and a hash stay as typed."""
    assert markup("hi @juno :soup:") == f"hi <@{FRIENDS['juno']}> <:soup:1190000000000000103>"
    assert markup("see #break") == f"see <#{CHANNELS['break'].id}>"
    assert markup("at 8:15: @nobody #1") == "at 8:15: @nobody #1"


def test_a_snowflake_counts_from_2015() -> None:
    """The first millisecond of 2015 is id zero, and one second later is a thousand times 2 to the 22."""
    assert snowflake(datetime(2015, 1, 1, tzinfo=UTC), 0) == 0
    assert snowflake(datetime(2015, 1, 1, 0, 0, 1, tzinfo=UTC), 7) == (1000 << 22) + 7
