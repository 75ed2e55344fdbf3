"""`/soundalike ...` on a loopback Discord: what the owner commands, what anybody may ask for."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.frontends.discord.fake import FakeDiscord
from tests.frontends.discord.payloads import Person
from tests.frontends.discord.rig import Scripted, live, living, settled

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ANA, BO = Person("ana"), Person("bo")


def test_hush_reaches_an_answer_under_way(tmp_path: Path) -> None:
    """What the model is just saying is not sent, nothing else is, and `resume` lets it speak again."""

    async def scenario(fake: FakeDiscord) -> None:
        answerer = Scripted()
        answerer.hold = asyncio.Event()
        async with living(fake, tmp_path, answerer) as bot:
            await fake.say(ANA, "hi", mentions=[fake.me])
            await answerer.asked.wait()
            assert "Hushed" in await fake.command(fake.owner, "soundalike hush")
            answerer.hold.set()
            await fake.say(ANA, "hello?", mentions=[fake.me])
            await settled(fake, bot, 2)
            assert fake.posted == [] and bot.pipeline.counts.outcomes["hushed"] == 2
            await fake.command(fake.owner, "soundalike resume")
            await fake.say(ANA, "hello again", mentions=[fake.me])
            await fake.replies(1)

    live(scenario)


def test_owners_let_it_into_channels_and_out(tmp_path: Path) -> None:
    """`here` lists a channel in discord.toml, settings hold there, `leave` takes it off; comments stay."""

    async def scenario(fake: FakeDiscord) -> None:
        answerer, first = Scripted(), fake.channels[0]
        async with living(fake, tmp_path, answerer, channels=[], more="# mine") as bot:
            assert "model" in await fake.command(fake.owner, "soundalike here")
            assert "0.7" in await fake.command(fake.owner, "soundalike temperature", 0.7)
            assert "0.25" in await fake.command(fake.owner, "soundalike probability", 0.25)
            written = (tmp_path / "discord.toml").read_text()
            assert "# mine" in written and f"[channels.{first}]" in written and "probability = 0.25" in written
            await fake.say(ANA, "hi", mentions=[fake.me])
            await settled(fake, bot, 2)
            assert answerer.temperatures == [0.7]
            status = await fake.command(fake.owner, "soundalike status")
            assert "probability 0.25" in status and "1 answered" in status
            assert "2 messages" in await fake.command(fake.owner, "soundalike forget")
            await fake.command(fake.owner, "soundalike leave")
            assert first not in (tmp_path / "discord.toml").read_text()
            assert "`/soundalike here` first" in await fake.command(fake.owner, "soundalike temperature", 0.7)

    live(scenario)


def test_commands_that_are_the_owners_are_refused_to_others(tmp_path: Path) -> None:
    """Nothing changes."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path) as bot:
            for word in ("here", "leave", "hush", "resume", "forget", "status"):
                assert await fake.command(ANA, f"soundalike {word}") == "Only the owner of this bot may do that."
            assert not bot.state.now.hushed and fake.channels[0] in bot.settings.now.channels
            known = {option["name"] for option in fake.accounts[0].commands[0]["options"]}
            assert known == {
                *("here", "leave", "hush", "resume", "probability", "temperature", "forget", "status"),
                *("about", "opt-out", "opt-in", "report"),
            }

    live(scenario)


def test_anybody_can_opt_out_report_and_ask_what_it_is(tmp_path: Path) -> None:
    """Who opted out is neither answered nor shown, also after a restart; a report waits for the owner."""

    async def scenario(fake: FakeDiscord) -> None:
        answerer = Scripted()
        async with living(fake, tmp_path, answerer) as bot:
            await fake.say(BO, "a secret")
            await settled(fake, bot, 2)
            await fake.command(BO, "soundalike opt-out")
            assert "not ada" in await fake.command(BO, "soundalike about")
            assert "owner" in await fake.command(BO, "soundalike report", "it was rude")
            await fake.say(BO, "hello?", mentions=[fake.me])
            await fake.say(ANA, "hi", mentions=[fake.me])
            await fake.replies(2)
            assert bot.pipeline.counts.outcomes["opted out"] == 1
        assert answerer.read[-1] == [("ada", "reply 1"), ("ana", "hi")]
        report = json.loads((tmp_path / "discord-reports.jsonl").read_text())
        assert (report["person"], report["text"], report["said"]) == (BO.id, "it was rude", ["reply 1"])
        async with living(fake, tmp_path, Scripted(["after"])) as bot:
            await fake.say(BO, "and now?", mentions=[fake.me])
            await fake.until(lambda: bot.pipeline.counts.outcomes["opted out"] == 1)

    live(scenario)


@pytest.mark.parametrize("asking", [BO, ANA])
def test_an_opt_out_reaches_an_answer_under_way(tmp_path: Path, asking: Person) -> None:
    """While the model thinks, an answer to who opts out is broken off; one made from their words is lost."""

    async def scenario(fake: FakeDiscord) -> None:
        answerer = Scripted()
        async with living(fake, tmp_path, answerer) as bot:
            answerer.hold = asyncio.Event()
            await fake.say(BO, "a secret", mentions=[fake.me] if asking is BO else [])
            if asking is ANA:
                await fake.say(ANA, "hi", mentions=[fake.me])
            await answerer.asked.wait()
            await fake.command(BO, "soundalike opt-out")
            answerer.hold.set()
            await fake.until(lambda: bot.pipeline.counts.outcomes["opted out"] >= 1 and not bot.pipeline.counts.pending)
            assert fake.posted == []
            assert all(message.author != BO.id for message in bot.pipeline.recent.last(fake.channels[0], 9))
            await fake.say(ANA, "still there?", mentions=[fake.me])
            await fake.replies(1)
        assert all(text != "a secret" for _, text in answerer.read[-1])

    live(scenario)
