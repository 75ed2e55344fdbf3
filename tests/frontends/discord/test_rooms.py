"""Several voices in one room stop by themselves, and people can start them again."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from soundalike.frontends.bot_loops import LoopLimits
from soundalike.frontends.discord.bot import Bot
from tests.frontends.discord.fake import FakeDiscord, serving
from tests.frontends.discord.payloads import Person
from tests.frontends.discord.rig import answers, living
from tests.frontends.test_room import company

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ANA = Person("ana")


@pytest.mark.parametrize("count", [2, 5])
def test_bots_in_one_room_stop_within_the_cap(tmp_path: Path, count: int) -> None:
    """Every one answers every other with probability one, and still they fall silent until a person speaks."""
    cap = LoopLimits().room_turns

    async def run() -> None:
        async with serving(FakeDiscord()) as fake, AsyncExitStack() as stack:
            bots = await _company(fake, tmp_path, stack, count)
            talked = list[int]()
            for _ in range(3):
                before = len(fake.posted)
                await fake.say(ANA, "well soup goes well with rain")
                await fake.until(lambda: _calm(bots, fake))
                # An answer of several lines may begin just below the cap, in each bot that the last message reached.
                talked.append(len(fake.posted) - before)
                assert 1 <= talked[-1] <= cap + count * 4
            assert max(talked) > count  # they do answer one another
            assert all(bot.pipeline.counts.received == 3 + len(fake.posted) for bot in bots)

    asyncio.run(run())


async def _company(fake: FakeDiscord, folder: Path, stack: AsyncExitStack, count: int) -> list[Bot]:
    names = ("ada", "bo", "cy", "di", "ed")[:count]
    accounts = [fake.account(name) for name in names]
    everybody = ", ".join(f'"{account.person.id}"' for account in accounts)
    more = f"bots = [{everybody}]\nrates.person = 1000\nrates.channel = 1000\nrates.all = 1000"
    bots = []
    for voice, account in zip(company(count), accounts, strict=True):
        alive = living(fake, folder / voice.owner, answers(voice), account, more=more)
        bots.append(await stack.enter_async_context(alive))
    return bots


def _calm(bots: list[Bot], fake: FakeDiscord) -> bool:
    """Whether all have received everything and nobody is going to answer."""
    sent = sum(map(len, fake.messages.values()))
    return all(bot.pipeline.counts.received == sent and bot.pipeline.counts.pending == 0 for bot in bots)
