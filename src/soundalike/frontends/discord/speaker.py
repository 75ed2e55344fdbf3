"""Who finds the words: a Voice, whose model is in this process or behind a URL. The bot awaits either alike."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from soundalike.clone import Clone
from soundalike.errors import SoundalikeError
from soundalike.frontends.discord.eagerness import Eagerness

if TYPE_CHECKING:
    from soundalike.generation.voice import Voice

T = TypeVar("T")
SWITCH = 0.0005  # seconds; Python's own 0.005 would be what every wait of the event loop costs while a voice thinks
History = Sequence[tuple[str, str]]


class SpeakerAway(SoundalikeError):
    """The model does not answer; it may come back."""


class Speaker(Protocol):
    """`owner` is the name under which its own lines stand in a history. `SpeakerAway` where it cannot speak now."""

    owner: str

    async def reply(self, history: History, temperature: float | None) -> list[str]:
        """What it says next: the messages of a burst, perhaps none."""

    async def eagerness(self, history: History) -> float | None:
        """How much likelier than usual the owner is to speak next: 1 is usual. None where that cannot be told."""

    async def ready(self) -> bool:
        """Whether it could answer now."""

    async def close(self) -> None:
        """It will not be asked again."""


class VoiceSpeaker:
    """A Voice on a thread of its own: the event loop goes on while it thinks, and it does one thing at a time.

    `wake` makes the voice, and may be tried again; `eagerness` is made with it, where that can be told.
    """

    def __init__(self, owner: str, wake: Callable[[], tuple["Voice", "Eagerness | None"]]) -> None:
        self.owner = owner
        self._wake = wake
        self._awake: tuple[Voice, Eagerness | None] | None = None
        self._thread = ThreadPoolExecutor(1, "voice")

    async def wake(self) -> None:
        """Load the voice now; errors as its own."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._voice)

    def _voice(self) -> tuple["Voice", "Eagerness | None"]:
        if self._awake is None:
            self._awake = self._wake()
        return self._awake

    async def reply(self, history: History, temperature: float | None) -> list[str]:
        """As `Speaker`."""
        return await self._on_thread(lambda: self._reply(history, temperature))

    def _reply(self, history: History, temperature: float | None) -> list[str]:
        voice, _ = self._voice()
        usual = voice.sampling
        return list(voice.reply(history, usual if temperature is None else replace(usual, temperature=temperature)))

    async def eagerness(self, history: History) -> float | None:
        """As `Speaker`."""
        return await self._on_thread(lambda: self._eager(history))

    def _eager(self, history: History) -> float | None:
        _, eagerness = self._voice()
        return None if eagerness is None else eagerness.of_history(history)

    async def ready(self) -> bool:
        """Whether it can draw a token."""
        try:
            await self._on_thread(lambda: next(self._voice()[0].complete("", 1).pieces, None))
        except SpeakerAway:
            return False
        return True

    async def close(self) -> None:
        """Let the thread end with its last word."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _on_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except SoundalikeError as error:
            raise SpeakerAway(error.what, error.do) from error


def share_the_interpreter() -> None:
    """Have threads take turns often enough for the event loop to keep up; for the whole process."""
    sys.setswitchinterval(SWITCH)


def of_clone(clone: Clone, at: str = "") -> VoiceSpeaker:
    """The voice of a clone folder, or, `at` a server's address, the model there in its place."""

    def wake() -> "tuple[Voice, Eagerness | None]":
        from soundalike.generation.voice import Voice

        return Voice.load(clone.root, at or None), Eagerness.of(clone)

    return VoiceSpeaker(str(clone.manifest()["clone"]["speaker"]), wake)
