"""Voices in the studio's own process, each with its scheduler: loaded once, and kept while somebody talks to them.

A voice that was trained anew, or whose settings were changed, is loaded again at its next use; one that nobody has used
for IDLE seconds is unloaded.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from soundalike.clone import Clone
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.generation.scheduler import Scheduler
from soundalike.generation.voice import Voice

IDLE = 300.0  # seconds without use after which a voice is unloaded
POLL_SECONDS = 10.0  # between two looks for idle ones
# Sections of clone.toml by which a voice speaks; a training writes the hashes of its adapter into [result].
SPOKEN_BY = (
    *("clone", "documents", "pseudonyms", "hashes", "corrections"),
    *("training", "result", "sampling", "limits"),
)


@dataclass(eq=False)
class LoadedVoice:
    """A voice with its scheduler. `state` is that of its clone when it was loaded; `users` have not released it."""

    clone: Clone
    voice: Voice
    scheduler: Scheduler
    state: str
    users: int = 0
    last_used: float = 0.0

    @classmethod
    def load(cls, clone: Clone) -> "LoadedVoice":
        """`CloneError` where there is no voice."""
        state = _state(clone)
        voice = Voice.load(clone.root)
        return cls(clone, voice, Scheduler([voice]), state)

    def note_own_change(self) -> None:
        """Take the clone as it is now for the state that is loaded, after the voice itself has written to it."""
        self.state = _state(self.clone)


class LoadedVoices:
    """The loaded voices of a folder, by name; used on one event loop. `now` returns seconds."""

    def __init__(self, folder: StudioFolder, now: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._now = folder, now
        self._loaded: dict[str, LoadedVoice] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def names(self) -> list[str]:
        """Those that are loaded now."""
        return sorted(self._loaded)

    async def acquire(self, name: str) -> LoadedVoice:
        """The voice as its clone is now, to be released after use; `CloneError` where there is none."""
        async with self._locks[name]:
            clone = await asyncio.to_thread(self._folder.clone, name)
            kept = self._loaded.get(name)
            if kept is None or kept.state != await asyncio.to_thread(_state, clone):
                await self.unload(name)
                kept = self._loaded[name] = await asyncio.to_thread(LoadedVoice.load, clone)
            kept.users += 1
            return kept

    def release(self, loaded: LoadedVoice) -> None:
        """Give back what `acquire` returned; what was unloaded meanwhile is closed by the last to release it."""
        loaded.users -= 1
        loaded.last_used = self._now()
        if not loaded.users and loaded not in self._loaded.values():
            asyncio.get_running_loop().run_in_executor(None, loaded.scheduler.close)

    @asynccontextmanager
    async def use(self, name: str) -> AsyncIterator[LoadedVoice]:
        """`acquire` and `release`."""
        loaded = await self.acquire(name)
        try:
            yield loaded
        finally:
            self.release(loaded)

    async def unload(self, name: str) -> None:
        """Unload a voice; replies that it is giving are finished first."""
        loaded = self._loaded.pop(name, None)
        if loaded is not None and not loaded.users:
            await asyncio.to_thread(loaded.scheduler.close)

    async def unload_idle(self) -> None:
        """Unload what nobody has used for IDLE seconds."""
        for name, loaded in list(self._loaded.items()):
            if not loaded.users and self._now() - loaded.last_used > IDLE:
                await self.unload(name)

    async def watch(self) -> None:
        """Unload idle voices until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.unload_idle()

    async def close(self) -> None:
        """End all of them; replies that are being given fail."""
        while self._loaded:
            _, loaded = self._loaded.popitem()
            await asyncio.to_thread(loaded.scheduler.close)


def _state(clone: Clone) -> str:
    sections = clone.manifest()
    return json.dumps({name: sections.get(name) for name in SPOKEN_BY}, sort_keys=True, default=str)
