"""The other side of the flood, in a process of its own: a Discord on loopback in which a crowd will not stop talking.

Prints where it listens and for which bot, waits for that, floods, hushes and resumes it in the middle, and prints what
it saw as one line of JSON.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from tests.frontends.discord.fake import FakeDiscord, serving
from tests.frontends.discord.payloads import Payload, Person, snowflake_time

PEOPLE, CHANNELS = 200, 50
TICK = 0.01  # seconds
MENTIONS = 0.05  # of the messages
HUSHED = 5.0  # seconds, from half-time on
WORDS = "so what do you think about the game last night i mean it was fine but who knows really lol".split()


@dataclass
class Seen:
    """What came of it; times in seconds."""

    sent: int = 0
    late: float = 0.0
    hush_answered: float = 0.0
    last_after_hush: float = 0.0
    ages: list[float] = field(default_factory=list)


async def flood(fake: FakeDiscord, rate: int, seconds: float) -> Seen:
    """So many messages a second for so long."""
    rng, seen = Random(1), Seen()
    people = [Person(f"person {number}") for number in range(PEOPLE)]
    asked: dict[str, float] = {}
    began = time.monotonic()
    hush = asyncio.create_task(_hush(fake, seen, seconds / 2))
    while (gone := time.monotonic() - began) < seconds:
        while seen.sent < gone * rate:
            text = " ".join(rng.choices(WORDS, k=rng.randrange(2, 14)))
            named = [fake.me] if rng.random() < MENTIONS else []
            message = await fake.say(rng.choice(people), text, rng.choice(fake.channels), mentions=named)
            asked[message["id"]] = time.time()
            seen.sent += 1
        seen.late = max(seen.late, time.monotonic() - began - gone)
        await asyncio.sleep(TICK)
    await hush
    await asyncio.sleep(20)  # whatever comes now would be too old
    seen.ages = _ages(fake.posted)
    return seen


async def _hush(fake: FakeDiscord, seen: Seen, after: float) -> None:
    await asyncio.sleep(after)
    began = time.time()
    await fake.command(fake.owner, "soundalike hush")
    seen.hush_answered = time.time() - began
    await asyncio.sleep(HUSHED)
    after_hush = [_time(post) - began for post in fake.posted if began < _time(post)]
    seen.last_after_hush = max(after_hush, default=0.0)
    await fake.command(fake.owner, "soundalike resume")


def _ages(posted: list[Payload]) -> list[float]:
    """How old the message that a reply answers was when the reply was sent."""
    references = ((post, post["sent_as"].get("message_reference")) for post in posted)
    return [_time(post) - snowflake_time(asked["message_id"]) for post, asked in references if asked]


def _time(post: Payload) -> float:
    return datetime.fromisoformat(post["timestamp"]).timestamp()


async def main(rate: int, seconds: float) -> None:
    """Serve, flood, tell."""
    fake = FakeDiscord(CHANNELS)
    fake.keep_sent = False
    account = fake.account()
    async with serving(fake):
        told = {"base": fake.base, "token": account.token, "channels": fake.channels}
        print(json.dumps(told), flush=True)
        await fake.until(lambda: bool(fake.sessions))
        seen = await flood(fake, rate, seconds)
        posts = len(fake.posted)
    ages = sorted(seen.ages)
    figures = {
        "sent": seen.sent,
        "longest_stall_s": seen.late,
        "posts": posts,
        "hush_answered_s": seen.hush_answered,
        "last_post_after_hush_s": seen.last_after_hush,
        "age_median_s": ages[len(ages) // 2] if ages else None,
        "age_most_s": ages[-1] if ages else None,
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
