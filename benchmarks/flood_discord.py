"""The other side of `benchmarks.flood`, in a process of its own: a Discord on loopback and a crowd that floods it.

Prints its address, the bot's token and the channels as one line of JSON, waits for the bot, sends messages, hushes and
resumes the bot halfway, and prints the figures as another line.
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
HUSHED = 5.0  # seconds
WORDS = "so what do you think about the game last night i mean it was fine but who knows really lol".split()


@dataclass
class Figures:
    """What was seen from Discord's side; times in seconds.

    `longest_stall` is how long sending was held up, `last_after_hush` when the bot last wrote after the hush, `ages`
    how old messages were when they were answered.
    """

    sent: int = 0
    longest_stall: float = 0.0
    hush_answered: float = 0.0
    last_after_hush: float = 0.0
    ages: list[float] = field(default_factory=list)


async def flood(fake: FakeDiscord, rate: int, seconds: float) -> Figures:
    """Send `rate` messages a second for `seconds`."""
    rng, figures = Random(1), Figures()
    people = [Person(f"person {number}") for number in range(PEOPLE)]
    began = time.monotonic()
    hush = asyncio.create_task(_hush(fake, figures, seconds / 2))
    while (elapsed := time.monotonic() - began) < seconds:
        while figures.sent < elapsed * rate:
            text = " ".join(rng.choices(WORDS, k=rng.randrange(2, 14)))
            mentions = [fake.me] if rng.random() < MENTIONS else []
            await fake.say(rng.choice(people), text, rng.choice(fake.channels), mentions=mentions)
            figures.sent += 1
        figures.longest_stall = max(figures.longest_stall, time.monotonic() - began - elapsed)
        await asyncio.sleep(TICK)
    await hush
    await asyncio.sleep(20)  # until every answer that still comes would be too old
    figures.ages = _ages(fake.posted)
    return figures


async def _hush(fake: FakeDiscord, figures: Figures, after: float) -> None:
    """Hush the bot after so many seconds, and let it speak again `HUSHED` seconds later."""
    await asyncio.sleep(after)
    began = time.time()
    await fake.command(fake.owner, "soundalike hush")
    figures.hush_answered = time.time() - began
    await asyncio.sleep(HUSHED)
    after_hush = [_time(post) - began for post in fake.posted if began < _time(post)]
    figures.last_after_hush = max(after_hush, default=0.0)
    await fake.command(fake.owner, "soundalike resume")


def _ages(posted: list[Payload]) -> list[float]:
    """How old messages were when they were answered, of answers that are replies."""
    references = ((post, post["sent_as"].get("message_reference")) for post in posted)
    return [_time(post) - snowflake_time(asked["message_id"]) for post, asked in references if asked]


def _time(post: Payload) -> float:
    return datetime.fromisoformat(post["timestamp"]).timestamp()


async def main(rate: int, seconds: float) -> None:
    """Serve, flood, print the figures."""
    fake = FakeDiscord(CHANNELS)
    fake.keep_sent = False
    account = fake.account()
    async with serving(fake):
        print(json.dumps({"base": fake.base, "token": account.token, "channels": fake.channels}), flush=True)
        await fake.until(lambda: bool(fake.sessions))
        figures = await flood(fake, rate, seconds)
        posts = len(fake.posted)
    ages = sorted(figures.ages)
    printed = {
        "sent": figures.sent,
        "longest_stall_s": figures.longest_stall,
        "posts": posts,
        "hush_answered_s": figures.hush_answered,
        "last_post_after_hush_s": figures.last_after_hush,
        "age_median_s": ages[len(ages) // 2] if ages else None,
        "age_most_s": ages[-1] if ages else None,
    }
    print(json.dumps(printed), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
