"""A thumb of the owner's, or of somebody whom they trust, corrects the voice; nobody else's does anything."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from soundalike.errors import CloneError
from soundalike.frontends.discord.answering import Answerer
from soundalike.generation.voice import Voice
from tests.frontends.discord.fake import FakeDiscord
from tests.frontends.discord.payloads import Person
from tests.frontends.discord.rig import live, living, voice

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
ANA, BO = Person("ana"), Person("bo")


class Noted(Answerer):
    """Tells the fake when a correction was kept or refused, so that a test can wait for it."""

    def __init__(self, made: Voice, fake: FakeDiscord) -> None:
        super().__init__(made.owner, lambda: made)
        self._fake = fake
        self.corrected = 0

    async def correct(self, rejected: Sequence[str] = (), chosen: Sequence[str] = ()) -> None:
        """As ever."""
        try:
            await super().correct(rejected, chosen)
        finally:
            self.corrected += 1
            self._fake.changed()


def test_a_thumb_of_the_owner_corrects(tmp_path: Path) -> None:
    """Down is rejected, up is chosen, whatever the colour of the thumb; only the bot's own line is kept."""
    made = voice()

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Noted(made, fake)):
            await fake.say(ANA, "hi", mentions=[fake.me])
            await fake.replies(2)
            first, second = fake.posted
            await fake.react(fake.owner, first, "👎🏽")
            await fake.react(fake.owner, second, "👍")
            await fake.until(lambda: len(made.corrections.kept) == 2)

    live(scenario)
    assert [(one.history, one.rejected, one.chosen) for one in made.corrections.kept] == [
        ([], ["hey you"], []),
        ([], [], ["what's up"]),
    ]


def test_other_reactions_do_nothing(tmp_path: Path) -> None:
    """Those of other people, to others' messages, and other emoji; then one of a trusted person counts."""
    made = voice()

    async def scenario(fake: FakeDiscord) -> None:
        async with living(fake, tmp_path, Noted(made, fake), more=f'trusted = ["{BO.id}"]'):
            asked = await fake.say(ANA, "hi", mentions=[fake.me])
            await fake.replies(2)
            said = fake.posted[0]
            await fake.react(ANA, said, "👎")
            await fake.react(fake.owner, asked, "👎")
            await fake.react(fake.owner, said, "🎉")
            await fake.react(BO, said, "👎")
            await fake.until(lambda: bool(made.corrections.kept))

    live(scenario)
    assert len(made.corrections.kept) == 1


def test_a_correction_that_cannot_be_kept_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With the reason, and without the line; the bot goes on."""

    class Locked(Voice):
        def correct(self, *_: object, **__: object) -> None:
            raise CloneError("me is in use (training).", "Wait until that has ended.")

    made = voice()
    locked = Locked(made.engine, "ada", sampling=made.sampling)

    async def scenario(fake: FakeDiscord) -> None:
        answerer = Noted(locked, fake)
        async with living(fake, tmp_path, answerer):
            await fake.say(ANA, "hi", mentions=[fake.me])
            await fake.replies(2)
            await fake.react(fake.owner, fake.posted[0], "👎")
            await fake.until(lambda: answerer.corrected == 1)
            await fake.say(ANA, "not much", mentions=[fake.me])
            await fake.replies(3)

    live(scenario)
    assert "me is in use (training)" in caplog.text and "hey you" not in caplog.text
