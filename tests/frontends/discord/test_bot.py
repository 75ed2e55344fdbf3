"""The bot on a loopback Discord, through the real discord.py: what it receives, sends, and keeps to itself."""

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from soundalike.frontends.discord import error_place, without_error_text
from soundalike.frontends.discord.bot import AWAY_NOTICE, Bot
from soundalike.frontends.discord.message import IncomingMessage
from soundalike.frontends.discord.state import ANSWERED, DELETED, MODEL_AWAY
from tests.frontends.discord.fake import FakeDiscord
from tests.frontends.discord.payloads import Person, snowflake
from tests.frontends.discord.rig import AWAY, QUICK, Scripted, StillClock, live, living, settled

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ANA, BO = Person("ana"), Person("bo")
SECRET = "meet me behind the boathouse"


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
            assert bot.pipeline.counts.outcomes == {ANSWERED: 1, "own message": 2}
        assert fake.channels[0] in fake.typed
        assert fake.goodbyes == [1000]

    live(scenario)


def test_an_unlisted_channel_never_gets_an_answer(tmp_path: Path) -> None:
    """Not even by name; messages there are not remembered; in a listed one the same bot answers."""

    async def scenario(fake: FakeDiscord) -> None:
        open_, closed = fake.channels
        async with living(fake, tmp_path, channels=[open_]) as bot:
            await fake.say(ANA, "hi", closed, mentions=[fake.me])
            await fake.say(ANA, "hi", open_, mentions=[fake.me])
            await fake.replies(2)
            assert {post["channel_id"] for post in fake.posted} == {open_}
            assert bot.pipeline.counts.outcomes["channel not listed"] == 1
            assert closed not in bot.pipeline.recent and closed not in fake.typed

    live(scenario)


def test_direct_messages_are_off_unless_a_person_is_allowed(tmp_path: Path) -> None:
    """A listed person may write to it, and needs no mention."""

    async def scenario(fake: FakeDiscord) -> None:
        ana, bo = snowflake(), snowflake()
        fake.direct |= {ana: ANA, bo: BO}
        async with living(fake, tmp_path, Scripted(), more=f'direct_messages = ["{ANA.id}"]') as bot:
            await fake.say(BO, "hi", bo)
            await fake.say(ANA, "hi", ana)
            await fake.replies(1)
            assert [post["channel_id"] for post in fake.posted][-1] == ana
            assert bot.pipeline.counts.outcomes["direct messages not allowed"] == 1

    live(scenario)


def test_other_bots_are_answered_only_if_listed(tmp_path: Path) -> None:
    """A mention by a strange bot gets nothing."""

    async def scenario(fake: FakeDiscord) -> None:
        strange, known = Person("strange", bot=True), Person("known", bot=True)
        async with living(fake, tmp_path, Scripted(), more=f'bots = ["{known.id}"]') as bot:
            await fake.say(strange, "hello", mentions=[fake.me])
            await fake.say(known, "hello you", mentions=[fake.me])
            assert await fake.replies(1) == ["reply 1"]
            assert bot.pipeline.counts.outcomes["bot not allowed"] == 1

    live(scenario)


def test_the_voice_is_shown_the_talk_as_people_saw_it(tmp_path: Path) -> None:
    """Earlier messages are read once, names and markup as in training, a person of the owner's name is numbered."""

    async def scenario(fake: FakeDiscord) -> None:
        answerer = Scripted()
        await fake.say(BO, "before it came")
        async with living(fake, tmp_path, answerer, known={ANA.id: "annie"}):
            await fake.say(ANA, f"<@{fake.me.id}> see <:wave:123456789012345678> <@{BO.id}>", mentions=[fake.me, BO])
            await fake.replies(1)
            await fake.say(Person("Ada"), f"<@{fake.me.id}> and?", mentions=[fake.me])
            await fake.replies(2)
        assert answerer.read[0] == [("bo", "before it came"), ("annie", "@ada see :wave: @bo")]
        assert answerer.read[1][2:] == [("ada", "reply 1"), ("Ada 2", "@ada and?")]

    live(scenario)


def test_an_old_message_that_is_replied_to_is_shown(tmp_path: Path) -> None:
    """Although it is older than what the bot reads of a channel."""

    async def scenario(fake: FakeDiscord) -> None:
        answerer = Scripted()
        old = await fake.say(fake.me, "something i once said")
        fake.messages.clear()
        async with living(fake, tmp_path, answerer):
            await fake.say(ANA, "really?", answers=old)
            await fake.replies(1)
        assert answerer.read == [[("ada", "something i once said"), ("ana", "really?")]]

    live(scenario)


def test_what_is_changed_or_deleted_is_so_for_the_voice_too(tmp_path: Path) -> None:
    """Edits are known, deletions forgotten."""

    async def scenario(fake: FakeDiscord) -> None:
        answerer = Scripted()
        async with living(
            fake, tmp_path, answerer, quick=QUICK.replace("probability = 1\nleast = 1", "probability = 0")
        ):
            wrong, gone = await fake.say(ANA, "teh"), await fake.say(ANA, "oops")
            await fake.edit(wrong, "the")
            await fake.delete(gone)
            await fake.say(ANA, "?", mentions=[fake.me])
            await fake.replies(1)
        assert answerer.read == [[("ana", "the"), ("ana", "?")]]

    live(scenario)


def test_an_edit_while_the_model_thinks_is_answered(tmp_path: Path) -> None:
    """The model is asked again; what it wrote to the first version is not sent."""

    async def scenario(fake: FakeDiscord) -> None:
        answerer = Scripted()
        answerer.hold = asyncio.Event()
        async with living(fake, tmp_path, answerer) as bot:
            asked = await fake.say(ANA, "wher are you?", mentions=[fake.me])
            await answerer.asked.wait()
            await fake.edit(asked, "where are you?")
            await fake.until(lambda: bot.pipeline.answering[fake.channels[0]].text == "where are you?")
            answerer.hold.set()
            assert await fake.replies(1) == ["reply 2"]
            assert [history[-1] for history in answerer.read] == [("ana", "wher are you?"), ("ana", "where are you?")]
            await settled(fake, bot, 2)
            assert bot.pipeline.counts.outcomes == {ANSWERED: 1, "own message": 1}

    live(scenario)


def test_a_message_deleted_while_the_model_thinks_is_not_answered(tmp_path: Path) -> None:
    """The answer is broken off, and the channel is free for the next."""

    async def scenario(fake: FakeDiscord) -> None:
        answerer = Scripted()
        answerer.hold = asyncio.Event()
        async with living(fake, tmp_path, answerer) as bot:
            asked = await fake.say(ANA, "never mind", mentions=[fake.me])
            await answerer.asked.wait()
            await fake.delete(asked)
            await settled(fake, bot, 1)
            assert bot.pipeline.counts.outcomes == {DELETED: 1} and fake.posted == []
            answerer.hold.set()
            await fake.say(ANA, "hello", mentions=[fake.me])
            assert await fake.replies(1) == ["reply 2"]

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


def test_without_the_content_intent_it_reads_its_name_only(tmp_path: Path) -> None:
    """Discord blanks the rest; blank messages are not answered."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Scripted(), more="message_content = false") as bot:
            await fake.say(ANA, "just talking")
            await fake.say(ANA, "you there?", mentions=[fake.me])
            assert await fake.replies(1) == ["reply 1"]
            assert bot.pipeline.counts.outcomes["no words"] == 1

    live(scenario)


def test_it_says_what_it_is_once_a_channel(tmp_path: Path) -> None:
    """The first message and the profile say that it is a model; a restart does not repeat it."""

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


def test_a_model_that_is_away_is_reported_once_a_channel(tmp_path: Path) -> None:
    """Nobody is spammed, nothing crashes, and it answers again once a probe finds it back."""

    async def scenario(fake: FakeDiscord) -> None:
        time, answerer = StillClock(), Scripted(AWAY, AWAY)
        async with living(fake, tmp_path, answerer, clock=time.clock()) as bot:
            for number in range(3):
                await fake.say(ANA, f"hi {number}", mentions=[fake.me])
                await settled(fake, bot, number + 1 + len(fake.posted))
            assert bot.pipeline.counts.outcomes[MODEL_AWAY] == 3
            assert [post["content"] for post in fake.posted] == [AWAY_NOTICE]
            await time.pass_until(1, lambda: not bot.answerer.health.away)
            assert len(answerer.read) == 3  # the first answer, a probe that failed, one that did not
            await fake.say(ANA, "now?", mentions=[fake.me])
            assert await fake.replies(2) == [AWAY_NOTICE, "reply 4"]

    live(scenario)


def test_channels_are_answered_side_by_side(tmp_path: Path) -> None:
    """One that is slow holds up nobody elsewhere; in one channel there is one answer at a time."""

    async def scenario(fake: FakeDiscord) -> None:
        answerer = Scripted()
        async with living(fake, tmp_path, answerer) as bot:
            slow = answerer.hold = asyncio.Event()
            await fake.say(ANA, "hi", mentions=[fake.me])
            await answerer.asked.wait()
            answerer.hold = None
            await fake.say(BO, "me too", mentions=[fake.me])
            await fake.say(BO, "hello", fake.channels[1], mentions=[fake.me])
            assert await fake.replies(1) == ["reply 2"] and bot.pipeline.waiting == 1
            slow.set()
            assert await fake.replies(3) == ["reply 2", "reply 1", "reply 3"]
            assert [post["channel_id"] for post in fake.posted] == [fake.channels[1], *[fake.channels[0]] * 2]

    live(scenario)


def test_an_answer_broken_off_before_it_began_blocks_nothing(tmp_path: Path) -> None:
    """It has its outcome, and the model takes the next message."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Scripted()) as bot:
            taken = bot.pipeline.take

            def take_and_stop(now: float) -> IncomingMessage | None:
                message = taken(now)
                if message is not None and message.text == "hi":
                    asyncio.get_running_loop().call_soon(bot.stop_answers)
                return message

            setattr(bot.pipeline, "take", take_and_stop)  # noqa: B010
            await fake.say(ANA, "hi", mentions=[fake.me])
            await settled(fake, bot, 1)
            assert bot.pipeline.counts.outcomes["broken off"] == 1
            await fake.say(ANA, "hello", mentions=[fake.me])
            await fake.replies(1)

    live(scenario)


def test_a_message_on_its_way_is_finished_when_its_answer_is_broken_off(tmp_path: Path) -> None:
    """discord.py would hold the channel's next message back for half a minute if its request were cancelled."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Scripted()) as bot:
            post = fake._post
            arrived, respond = asyncio.Event(), asyncio.Event()

            async def slow(*arguments: Any) -> Any:
                setattr(fake, "_post", post)  # noqa: B010
                arrived.set()
                await respond.wait()
                return await post(*arguments)

            setattr(fake, "_post", slow)  # noqa: B010
            await fake.say(ANA, "hi", mentions=[fake.me])
            await arrived.wait()
            bot.stop_answers()
            await fake.say(ANA, "hello", mentions=[fake.me])
            respond.set()
            assert await fake.replies(2) == ["reply 1", "reply 2"]

    live(scenario)


def test_discord_toml_is_read_again_while_running(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A change takes effect without a restart; a wrong file is logged and the settings from before hold."""

    async def scenario(fake: FakeDiscord) -> None:
        time, path = StillClock(), tmp_path / "discord.toml"
        async with living(fake, tmp_path, Scripted(), clock=time.clock()) as bot:
            good = path.read_text()
            path.write_text("queue = 3")
            await time.pass_until(2, lambda: "The settings from before still hold" in caplog.text)
            assert bot.settings.now.channels.keys() == set(fake.channels)
            path.write_text(good.replace("probability = 1", "probability = 0.5"))
            await time.pass_until(2, lambda: bot.settings.now.answer.probability == 0.5)

    live(scenario)


def test_a_dry_run_shows_and_sends_nothing(tmp_path: Path) -> None:
    """What would be answered, and why the rest would not be."""

    async def scenario(fake: FakeDiscord) -> None:
        shown = list[str]()

        def show(line: str) -> None:
            shown.append(line)
            fake.changed()

        async with living(fake, tmp_path, Scripted(["well"]), channels=fake.channels[:1], show=show):
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
        answerer = Scripted()
        answerer.hold, answerer.at_once = asyncio.Event(), 1
        async with living(fake, tmp_path, answerer) as bot:
            await fake.say(ANA, "hi", mentions=[fake.me])
            await answerer.asked.wait()
            await fake.say(ANA, "wait", fake.channels[1], mentions=[fake.me])
            await fake.until(lambda: bot.pipeline.counts.received == 2)
            answerer.hold.set()
            await bot.leave()
            assert await fake.replies(1) == ["reply 1"]
            assert bot.pipeline.counts.outcomes["the bot was leaving"] == 1
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


def test_every_message_has_one_outcome(tmp_path: Path) -> None:
    """A crowd of two hundred messages in both channels: as many were received as the sum of what became of them."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, more="rates.person = 1") as bot:
            for number in range(200):
                named = [fake.me] if number % 7 == 0 else []
                await fake.say(
                    (ANA, BO)[number % 2], f"message {number}", fake.channels[number % 3 > 1], mentions=named
                )
            await fake.until(
                lambda: bot.pipeline.counts.received == 200 + len(fake.posted) and bot.pipeline.counts.pending == 0
            )
            counts = bot.pipeline.counts
            assert counts.received == 200 + len(fake.posted) == counts.outcomes.total()
            assert counts.outcomes["too often for one person"] > 0

    live(scenario)


@pytest.mark.parametrize("moment", range(12))
def test_leaving_while_it_connects_anew_is_quiet(tmp_path: Path, moment: int) -> None:
    """Wherever the new connection stands, no event is handed to a client that has closed: discord.py would fail."""

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Scripted()) as bot:
            bot.state.now.identified.clear()
            await fake.cut(resumable=moment % 2 == 0)
            for _ in range(moment):
                await asyncio.sleep(0)

    live(scenario)


async def _fails() -> None:
    try:
        raise ValueError(f"cannot parse {SECRET!r}")
    except ValueError:
        await Bot.on_error(None, "on_message", SECRET)  # type: ignore[arg-type]


def test_an_error_is_logged_by_kind_and_place(caplog: pytest.LogCaptureFixture) -> None:
    """An error's text may quote a message; its type, file and line say enough."""
    with caplog.at_level(logging.ERROR):
        asyncio.run(_fails())
    assert "on_message: ValueError" in caplog.text and "test_bot.py" in caplog.text
    assert SECRET not in caplog.text and "Traceback" not in caplog.text


def test_other_programs_errors_are_logged_the_same_way() -> None:
    """What a library logs with its traceback keeps the sentence, and loses the error's text."""
    try:
        raise ValueError(f"cannot parse {SECRET!r}")
    except ValueError:
        record = logging.LogRecord("some.library", logging.ERROR, __file__, 1, "It %s.", ("failed",), sys.exc_info())
    assert without_error_text(record)
    text = logging.Formatter().format(record)
    assert text.startswith("It failed. ValueError < ") and "test_bot.py" in text
    assert SECRET not in text and "Traceback" not in text


def test_no_error_has_no_place() -> None:
    """A place is asked for where there may be none."""
    assert error_place(None) == "no error"
