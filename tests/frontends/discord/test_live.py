"""The bot on a loopback Discord, through the real discord.py: what it hears, says, and keeps to itself."""

import asyncio
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from soundalike.frontends.discord.bot import NOTICE
from soundalike.frontends.discord.heard import Turn
from soundalike.frontends.discord.ledger import ANSWERED
from soundalike.frontends.discord.ledger import AWAY as MODEL_AWAY
from tests.frontends.discord.fake import FakeDiscord
from tests.frontends.discord.payloads import Person, snowflake
from tests.frontends.discord.rig import AWAY, QUICK, Scripted, StillClock, live, living, settled

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ANA, BO = Person("ana"), Person("bo")


def test_it_answers_its_name_with_a_burst_of_messages(tmp_path: Path) -> None:
    """A mention is answered by the voice's own lines, a message each; only the first is a reply; nothing can ping."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path) as bot:
            asked = await fake.say(ANA, "hi", mentions=[fake.me])
            assert await fake.replies(2) == ["hey you", "what's up"]
            first, second = (post["sent_as"] for post in fake.posted)
            assert str(first["message_reference"]["message_id"]) == asked["id"]
            assert "message_reference" not in second
            assert first["allowed_mentions"] == {"parse": [], "replied_user": False}
            assert second["allowed_mentions"]["parse"] == []
            await settled(fake, bot, 3)
            assert bot.pipeline.ledger.fates == {ANSWERED: 1, "own message": 2}
        assert fake.channels[0] in fake.typed
        assert fake.goodbyes == [1000]

    live(scenario)


def test_an_unlisted_channel_never_gets_an_answer(tmp_path: Path) -> None:
    """Not even by name; what is said there is not remembered; in a listed one the same bot answers."""

    async def scenario(fake: FakeDiscord) -> None:
        open_, closed = fake.channels
        async with living(fake, tmp_path, channels=[open_]) as bot:
            await fake.say(ANA, "hi", closed, mentions=[fake.me])
            await fake.say(ANA, "hi", open_, mentions=[fake.me])
            await fake.replies(2)
            assert {post["channel_id"] for post in fake.posted} == {open_}
            assert bot.pipeline.ledger.fates["channel not listed"] == 1
            assert closed not in bot.pipeline.context and closed not in fake.typed

    live(scenario)


def test_direct_messages_are_off_unless_a_person_is_allowed(tmp_path: Path) -> None:
    """Who is listed may write to it, and needs no mention."""

    async def scenario(fake: FakeDiscord) -> None:
        ana, bo = snowflake(), snowflake()
        fake.direct |= {ana: ANA, bo: BO}
        async with living(fake, tmp_path, Scripted(), more=f'direct_messages = ["{ANA.id}"]') as bot:
            await fake.say(BO, "hi", bo)
            await fake.say(ANA, "hi", ana)
            await fake.replies(1)
            assert [post["channel_id"] for post in fake.posted][-1] == ana
            assert bot.pipeline.ledger.fates["direct messages not allowed"] == 1

    live(scenario)


def test_other_bots_are_answered_only_if_listed(tmp_path: Path) -> None:
    """A mention by a strange bot gets nothing."""

    async def scenario(fake: FakeDiscord) -> None:
        strange, known = Person("strange", bot=True), Person("known", bot=True)
        async with living(fake, tmp_path, Scripted(), more=f'bots = ["{known.id}"]') as bot:
            await fake.say(strange, "hello", mentions=[fake.me])
            await fake.say(known, "hello you", mentions=[fake.me])
            assert await fake.replies(1) == ["reply 1"]
            assert bot.pipeline.ledger.fates["bot not allowed"] == 1

    live(scenario)


def test_the_voice_is_shown_the_talk_as_people_saw_it(tmp_path: Path) -> None:
    """Earlier messages are read once, names and markup as in training, a person of the owner's name is numbered."""

    async def scenario(fake: FakeDiscord) -> None:
        speaker = Scripted()
        await fake.say(BO, "before it came")
        async with living(fake, tmp_path, speaker, known={ANA.id: "annie"}):
            await fake.say(ANA, f"<@{fake.me.id}> see <:wave:123456789012345678> <@{BO.id}>", mentions=[fake.me, BO])
            await fake.replies(1)
            await fake.say(Person("Ada"), f"<@{fake.me.id}> and?", mentions=[fake.me])
            await fake.replies(2)
        assert speaker.shown[0] == [("bo", "before it came"), ("annie", "@ada see :wave: @bo")]
        assert speaker.shown[1][2:] == [("ada", "reply 1"), ("Ada 2", "@ada and?")]

    live(scenario)


def test_an_old_message_that_is_replied_to_is_shown(tmp_path: Path) -> None:
    """Although it is older than what the bot reads of a channel."""

    async def scenario(fake: FakeDiscord) -> None:
        speaker = Scripted()
        old = await fake.say(fake.me, "something i once said")
        fake.messages.clear()
        async with living(fake, tmp_path, speaker):
            await fake.say(ANA, "really?", answers=old)
            await fake.replies(1)
        assert speaker.shown == [[("ada", "something i once said"), ("ana", "really?")]]

    live(scenario)


def test_what_is_changed_or_deleted_is_so_for_the_voice_too(tmp_path: Path) -> None:
    """Edits are known, deletions forgotten."""

    async def scenario(fake: FakeDiscord) -> None:
        speaker = Scripted()
        async with living(
            fake, tmp_path, speaker, quick=QUICK.replace("probability = 1\nleast = 1", "probability = 0")
        ):
            wrong, gone = await fake.say(ANA, "teh"), await fake.say(ANA, "oops")
            await fake.edit(wrong, "the")
            await fake.delete(gone)
            await fake.say(ANA, "?", mentions=[fake.me])
            await fake.replies(1)
        assert speaker.shown == [[("ana", "the"), ("ana", "?")]]

    live(scenario)


def test_a_text_too_long_for_discord_goes_out_in_pieces(tmp_path: Path) -> None:
    """2,001 characters are refused there; cut at a sentence nothing is lost."""

    async def scenario(fake: FakeDiscord) -> None:
        long = "so it goes on and on. " * 100
        async with living(fake, tmp_path, Scripted([long])):
            await fake.say(ANA, "tell me", mentions=[fake.me])
            pieces = await fake.replies(2)
        assert all(len(piece) <= 2000 and piece.endswith(".") for piece in pieces)
        assert " ".join(pieces) == long.strip()

    live(scenario)


def test_without_the_content_intent_it_hears_its_name_only(tmp_path: Path) -> None:
    """Discord blanks the rest; blank messages are no reason to speak."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Scripted(), more="message_content = false") as bot:
            await fake.say(ANA, "just talking")
            await fake.say(ANA, "you there?", mentions=[fake.me])
            assert await fake.replies(1) == ["reply 1"]
            assert bot.pipeline.ledger.fates["no words"] == 1

    live(scenario)


def test_it_says_what_it_is_once_a_channel(tmp_path: Path) -> None:
    """The first message and the profile tell that it is a model; a restart does not repeat it."""

    async def scenario(fake: FakeDiscord) -> None:
        for _ in range(2):
            async with living(fake, tmp_path, Scripted(["yes"]), introduced=False):
                await fake.say(ANA, "hi", mentions=[fake.me])
                await fake.until(lambda: fake.posted[-1:] != [] and fake.posted[-1]["content"] == "yes")
            fake.posted.append({"content": "restart"})
        texts = [post["content"] for post in fake.posted]
        assert "a model in the style of ada" in texts[0] and texts[1:] == ["yes", "restart", "yes", "restart"]
        assert fake.accounts[0].description == "A model in the style of ada. What it says is made up."

    live(scenario)


def test_a_model_that_is_away_is_told_once_a_channel(tmp_path: Path) -> None:
    """Nobody is spammed, nothing crashes, and it answers again once a probe finds it back."""

    async def scenario(fake: FakeDiscord) -> None:
        time, speaker = StillClock(), Scripted(AWAY, ready=False)
        async with living(fake, tmp_path, speaker, clock=time.clock()) as bot:
            for number in range(3):
                await fake.say(ANA, f"hi {number}", mentions=[fake.me])
                await settled(fake, bot, number + 1 + len(fake.posted))
            assert bot.pipeline.ledger.fates[MODEL_AWAY] == 3
            assert [post["content"] for post in fake.posted] == [NOTICE]
            speaker.is_ready = True
            await time.pass_until(1, lambda: not bot.health.away)
            await fake.say(ANA, "now?", mentions=[fake.me])
            assert await fake.replies(2) == [NOTICE, "reply 2"]

    live(scenario)


def test_hush_reaches_an_answer_under_way(tmp_path: Path) -> None:
    """What the model is just saying is not sent, nothing else is, and `resume` lets it speak again."""

    async def scenario(fake: FakeDiscord) -> None:
        speaker = Scripted()
        speaker.hold = asyncio.Event()
        async with living(fake, tmp_path, speaker) as bot:
            await fake.say(ANA, "hi", mentions=[fake.me])
            await speaker.asked.wait()
            assert "Hushed" in await fake.command(fake.owner, "soundalike hush")
            speaker.hold.set()
            await fake.say(ANA, "hello?", mentions=[fake.me])
            await settled(fake, bot, 2)
            assert fake.posted == [] and bot.pipeline.ledger.fates["hushed"] == 2
            await fake.command(fake.owner, "soundalike resume")
            await fake.say(ANA, "hello again", mentions=[fake.me])
            await fake.replies(1)

    live(scenario)


def test_an_answer_broken_off_before_it_began_blocks_nothing(tmp_path: Path) -> None:
    """It has its fate, and the model takes the next turn."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Scripted()) as bot:
            taken = bot.pipeline.take

            def take_and_stop(now: float, busy: Collection[str]) -> Turn | None:
                turn = taken(now, busy)
                if turn is not None and turn.asked.text == "hi":
                    asyncio.get_running_loop().call_soon(bot.turns.stop)
                return turn

            setattr(bot.pipeline, "take", take_and_stop)  # noqa: B010
            await fake.say(ANA, "hi", mentions=[fake.me])
            await settled(fake, bot, 1)
            assert bot.pipeline.ledger.fates["broken off"] == 1
            await fake.say(ANA, "hello", mentions=[fake.me])
            await fake.replies(1)

    live(scenario)


def test_owners_let_it_into_channels_and_out(tmp_path: Path) -> None:
    """`here` lists a channel in discord.toml, settings hold there, `leave` takes it off; comments stay."""

    async def scenario(fake: FakeDiscord) -> None:
        speaker, first = Scripted(), fake.channels[0]
        async with living(fake, tmp_path, speaker, channels=[], more="# mine") as bot:
            assert "model" in await fake.command(fake.owner, "soundalike here")
            assert "0.7" in await fake.command(fake.owner, "soundalike temperature", 0.7)
            assert "0.25" in await fake.command(fake.owner, "soundalike probability", 0.25)
            written = (tmp_path / "discord.toml").read_text()
            assert "# mine" in written and f"[channels.{first}]" in written and "probability = 0.25" in written
            await fake.say(ANA, "hi", mentions=[fake.me])
            await settled(fake, bot, 2)
            assert speaker.temperatures == [0.7]
            told = await fake.command(fake.owner, "soundalike status")
            assert "probability 0.25" in told and "1 answered" in told
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
            assert not bot.parts.memory.now.hushed and fake.channels[0] in bot.parts.settings.now.channels
            known = {option["name"] for option in fake.accounts[0].commands[0]["options"]}
            assert known == {
                *("here", "leave", "hush", "resume", "probability", "temperature", "forget", "status"),
                *("about", "opt-out", "opt-in", "report"),
            }

    live(scenario)


def test_anybody_can_opt_out_report_and_ask_what_it_is(tmp_path: Path) -> None:
    """Who opted out is neither answered nor shown, also after a restart; a report waits for the owner."""

    async def scenario(fake: FakeDiscord) -> None:
        speaker = Scripted()
        async with living(fake, tmp_path, speaker) as bot:
            await fake.say(BO, "a secret")
            await settled(fake, bot, 2)
            await fake.command(BO, "soundalike opt-out")
            assert "not ada" in await fake.command(BO, "soundalike about")
            assert "owner" in await fake.command(BO, "soundalike report", "it was rude")
            await fake.say(BO, "hello?", mentions=[fake.me])
            await fake.say(ANA, "hi", mentions=[fake.me])
            await fake.replies(2)
            assert bot.pipeline.ledger.fates["opted out"] == 1
        assert speaker.shown[-1] == [("ada", "reply 1"), ("ana", "hi")]
        report = json.loads((tmp_path / "discord-reports.jsonl").read_text())
        assert (report["person"], report["text"], report["said"]) == (BO.id, "it was rude", ["reply 1"])
        async with living(fake, tmp_path, Scripted(["after"])) as bot:
            await fake.say(BO, "and now?", mentions=[fake.me])
            await fake.until(lambda: bot.pipeline.ledger.fates["opted out"] == 1)

    live(scenario)


def test_a_message_on_its_way_is_finished_when_its_answer_is_broken_off(tmp_path: Path) -> None:
    """discord.py would hold the channel's next message back for half a minute if its request were cancelled."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Scripted()) as bot:
            post = fake._post
            arrived, respond = asyncio.Event(), asyncio.Event()

            async def slow(*given: Any) -> Any:
                setattr(fake, "_post", post)  # noqa: B010
                arrived.set()
                await respond.wait()
                return await post(*given)

            setattr(fake, "_post", slow)  # noqa: B010
            await fake.say(ANA, "hi", mentions=[fake.me])
            await arrived.wait()
            bot.turns.stop()
            await fake.say(ANA, "hello", mentions=[fake.me])
            respond.set()
            assert await fake.replies(2) == ["reply 1", "reply 2"]

    live(scenario)


@pytest.mark.parametrize("asking", [BO, ANA])
def test_an_opt_out_reaches_an_answer_under_way(tmp_path: Path, asking: Person) -> None:
    """While the model thinks, an answer to who opts out is broken off; one made from their words is lost."""

    async def scenario(fake: FakeDiscord) -> None:
        speaker = Scripted()
        async with living(fake, tmp_path, speaker) as bot:
            speaker.hold = asyncio.Event()
            await fake.say(BO, "a secret", mentions=[fake.me] if asking is BO else [])
            if asking is ANA:
                await fake.say(ANA, "hi", mentions=[fake.me])
            await speaker.asked.wait()
            await fake.command(BO, "soundalike opt-out")
            speaker.hold.set()
            await fake.until(lambda: bot.pipeline.ledger.fates["opted out"] >= 1 and not bot.pipeline.ledger.pending)
            assert fake.posted == []
            assert all(heard.author != BO.id for heard in bot.pipeline.context.last(fake.channels[0], 9))
            await fake.say(ANA, "still there?", mentions=[fake.me])
            await fake.replies(1)
        assert all(text != "a secret" for _, text in speaker.shown[-1])

    live(scenario)


def test_discord_toml_is_read_again_while_running(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A change holds without a restart; a wrong file is told and the settings from before hold."""

    async def scenario(fake: FakeDiscord) -> None:
        time, path = StillClock(), tmp_path / "discord.toml"
        async with living(fake, tmp_path, Scripted(), clock=time.clock()) as bot:
            good = path.read_text()
            path.write_text("queue = 3")
            await time.pass_until(2, lambda: "The settings from before still hold" in caplog.text)
            assert bot.parts.settings.now.channels.keys() == set(fake.channels)
            path.write_text(good.replace("probability = 1", "probability = 0.5"))
            await time.pass_until(2, lambda: bot.parts.settings.now.answer.probability == 0.5)

    live(scenario)


def test_a_rehearsal_shows_and_sends_nothing(tmp_path: Path) -> None:
    """What would be answered, and why the rest would not be."""

    async def scenario(fake: FakeDiscord) -> None:
        shown = list[str]()

        def show(line: str) -> None:
            shown.append(line)
            fake.tell()

        async with living(fake, tmp_path, Scripted(["well"]), channels=fake.channels[:1], rehearsal=show):
            await fake.say(ANA, "psst", fake.channels[1], mentions=[fake.me])
            await fake.say(ANA, "hi", mentions=[fake.me])
            await fake.until(lambda: len(shown) == 4)
        assert shown == [
            f"ana in {fake.channels[1]}: psst  [channel not listed]",
            "ana: hi",
            "  would answer: well",
            f"ana in {fake.channels[0]}: hi  [answered]",
        ]
        assert fake.posted == [] and fake.typed == [] and fake.accounts[0].commands == []

    live(scenario)


def test_leaving_finishes_what_is_being_sent(tmp_path: Path) -> None:
    """The line under way goes out, what waits is dropped and counted, the gateway gets its goodbye."""

    async def scenario(fake: FakeDiscord) -> None:
        speaker = Scripted()
        speaker.hold = asyncio.Event()
        async with living(fake, tmp_path, speaker) as bot:
            await fake.say(ANA, "hi", mentions=[fake.me])
            await speaker.asked.wait()
            await fake.say(ANA, "wait", fake.channels[1], mentions=[fake.me])
            await fake.until(lambda: bot.pipeline.ledger.heard == 2)
            speaker.hold.set()
            await bot.leave()
            assert await fake.replies(1) == ["reply 1"]
            assert bot.pipeline.ledger.fates["the bot was leaving"] == 1
        assert fake.goodbyes == [1000]

    live(scenario)


def test_no_word_and_no_token_reach_the_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After a talk the folder holds settings and ids; the log holds neither."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Scripted(["a private answer"])):
            await fake.say(ANA, "a private question", mentions=[fake.me])
            await fake.replies(1)

    caplog.set_level("INFO")
    account_token = "tok" + "en-of-nobody"
    live(scenario, token=account_token)
    written = " ".join(path.read_text() for path in tmp_path.iterdir()) + caplog.text
    assert "private" not in written and account_token not in written
    assert {path.name for path in tmp_path.iterdir()} == {"discord.toml", "discord-memory.json"}
    assert all(os.stat(path).st_mode & 0o077 == 0 for path in tmp_path.glob("*.json"))


def test_every_message_has_one_fate(tmp_path: Path) -> None:
    """A crowd of two hundred messages in both channels: heard equals the sum of what became of them."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, more="rates.person = 1") as bot:
            for number in range(200):
                named = [fake.me] if number % 7 == 0 else []
                await fake.say(
                    (ANA, BO)[number % 2], f"message {number}", fake.channels[number % 3 > 1], mentions=named
                )
            await fake.until(
                lambda: bot.pipeline.ledger.heard == 200 + len(fake.posted) and bot.pipeline.ledger.pending == 0
            )
            ledger = bot.pipeline.ledger
            assert ledger.heard == 200 + len(fake.posted) == ledger.fates.total()
            assert ledger.fates["too often for one person"] > 0

    live(scenario)
