"""Who finds the words: the clone in this process, or a model behind a URL. The bot awaits either alike."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from soundalike.clone import Clone
from soundalike.errors import SoundalikeError
from soundalike.frontends.discord.eagerness import Eagerness

if TYPE_CHECKING:
    from soundalike.voice import Voice

T = TypeVar("T")
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


class InProcess:
    """A Voice on a thread of its own: the event loop goes on while it thinks, and it does one thing at a time."""

    def __init__(
        self, voice: "Voice", eagerness: Eagerness | None = None, thread: ThreadPoolExecutor | None = None
    ) -> None:
        self._voice, self._eagerness = voice, eagerness
        self._thread = thread or ThreadPoolExecutor(1, "voice")
        self.owner = voice.owner

    @classmethod
    async def load(cls, folder: Path) -> "InProcess":
        """The voice of a clone folder; errors as `Voice.load`'s."""
        from soundalike.voice import Voice

        thread = ThreadPoolExecutor(1, "voice")

        def loaded() -> tuple[Voice, Eagerness | None]:
            voice = Voice.load(folder)
            return voice, Eagerness.of(voice, Clone.open(folder))

        voice, eagerness = await asyncio.get_running_loop().run_in_executor(thread, loaded)
        return cls(voice, eagerness, thread)

    async def reply(self, history: History, temperature: float | None) -> list[str]:
        """As `Speaker`."""
        sampling = self._voice.sampling
        if temperature is not None:
            sampling = replace(sampling, temperature=temperature)
        return list(await self._on_thread(lambda: self._voice.reply(history, sampling)))

    async def eagerness(self, history: History) -> float | None:
        """As `Speaker`."""
        eagerness = self._eagerness
        return None if eagerness is None else await self._on_thread(lambda: eagerness.of_history(history))

    async def ready(self) -> bool:
        """A voice in memory can always try."""
        return True

    async def close(self) -> None:
        """Let the thread end with its last word."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _on_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except Exception as error:
            raise SpeakerAway(f"The voice failed: {type(error).__name__}: {error}.", "See the log.") from error
