"""Large invented exports of one chat, as DiscordChatExporter, Telegram Desktop and SMS Backup & Restore write them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from xml.sax.saxutils import quoteattr

_WORDS = (
    "frog pond lol ok what rain soup tomorrow honestly nope ja hmm wait café {x} [y] said we should go there".split()
)
_PEOPLE = 300


def _texts(count: int) -> Iterator[tuple[int, str, Random]]:
    """Number, text, and what the rest of the message is drawn from."""
    rng = Random(1)
    for number in range(count):
        yield number, " ".join(rng.choices(_WORDS, k=rng.randint(1, 18))), rng


def discord(path: Path, count: int) -> Path:
    """A channel of `count` messages by 300 people, about 500 bytes each, without indentation."""
    people = [_person(number) for number in range(_PEOPLE)]
    head = {
        "guild": {"id": "5", "name": "pond"},
        "channel": {"id": "4" * 18, "type": "GuildTextChat", "name": "general"},
    }
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head)[:-1] + ', "messages": [')
        for number, text, rng in _texts(count):
            file.write((",\n" if number else "\n") + _discord_message(number, text, rng, people))
        file.write(f'], "messageCount": {count}}}')
    return path


def _person(number: int) -> dict[str, object]:
    name = {"name": f"person{number}", "discriminator": "0000", "nickname": f"Person {number}"}
    return {"id": str(3 * 10**17 + number), **name, "color": None, "isBot": False, "roles": []}


def _discord_message(number: int, text: str, rng: Random, people: list[dict[str, object]]) -> str:
    moment = 10**11 + number * 30_000
    message: dict[str, object] = {
        "id": str((moment << 22) | rng.randrange(1 << 22)),
        "type": "Default",
        "timestamp": "2020-02-22T09:35:00.046+00:00",
        "timestampEdited": None,
        "callEndedTimestamp": None,
        "isPinned": False,
        "content": text,
        "author": rng.choice(people),
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
    }
    return json.dumps(message, ensure_ascii=False)


def telegram(path: Path, count: int) -> Path:
    """A group of 300 people, indented as Telegram Desktop does, about 400 bytes a message."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{\n "name": "pond",\n "type": "private_supergroup",\n "id": 9,\n "messages": [')
        for number, text, rng in _texts(count):
            who = rng.randrange(_PEOPLE)
            message = {
                "id": number + 1,
                "type": "message",
                "date": "2020-02-22T09:35:00",
                "date_unixtime": str(1_582_000_000 + number * 30),
                "from": f"Person {who}",
                "from_id": f"user{10**8 + who}",
                "text": text,
                "text_entities": [{"type": "plain", "text": text}],
            }
            file.write((",\n" if number else "\n") + json.dumps(message, indent=1, ensure_ascii=False))
        file.write("\n ]\n}")
    return path


def sms(path: Path, count: int) -> Path:
    """Texts from and to 300 people, about 350 bytes each."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f"<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<smses count=\"{count}\">\n")
        for number, text, rng in _texts(count):
            who, when = rng.randrange(_PEOPLE), 1_582_000_000_000 + number * 30_000
            file.write(
                f'  <sms protocol="0" address="+4917012{who:05}" date="{when}" type="{rng.randint(1, 2)}" '
                f'subject="null" body={quoteattr(text)} toa="null" sc_toa="null" service_center="null" read="1" '
                f'status="-1" locked="0" readable_date="22.02.2020 09:35:00" contact_name="Person {who}" />\n'
            )
        file.write("</smses>\n")
    return path


FORMATS: dict[str, Callable[[Path, int], Path]] = {"discord.json": discord, "telegram.json": telegram, "sms.xml": sms}
