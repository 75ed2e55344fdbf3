"""The connection to Discord: frames that cannot be read, how often the bot may identify itself, how it disconnects.

All of it works around discord.py 2.7, which lets an error in a frame out of its loop: one event with a missing field
would end the bot.
"""

import zlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import aiohttp
import discord
from discord.gateway import DiscordWebSocket, ReconnectWebSocket, WebSocketClosure
from discord.utils import _from_json

from soundalike.frontends.discord import log
from soundalike.frontends.discord.state import Clock, StateFile

CONNECTION_ERRORS = (ReconnectWebSocket, WebSocketClosure, discord.DiscordException, aiohttp.ClientError, OSError)
NEEDED = "READY"  # without this event there is no session

DAY, HOUR = 86_400.0, 3_600.0
IDENTIFICATIONS_A_DAY = 500
FREE_AN_HOUR = 5  # identifications, SHORTEST_PAUSE apart; the pause doubles with each further one
SHORTEST_PAUSE, LONGEST_PAUSE = 5.0, 900.0


class Gateway(DiscordWebSocket):
    """A connection that skips events which cannot be read, and logs each kind once, by name and type of error only.

    Nothing else of a frame is logged: it is somebody's message. Where a broken frame is one that the connection needs,
    or the stream cannot be decompressed, a new session is begun.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._frame: Any = None
        self._logged: set[str] = set()

    def log_receive(self, data: Any, /) -> None:
        """Keep the frame that is being read; discord.py calls this with its decompressed text."""
        self._frame = data

    async def received_message(self, msg: Any, /) -> None:
        """Read one frame."""
        try:
            await super().received_message(msg)
        except CONNECTION_ERRORS:
            raise
        except zlib.error as error:
            await self._begin_anew("a frame", error)
        except Exception as error:
            await self._skip(error)
        finally:
            self._frame = None

    async def _skip(self, error: Exception) -> None:
        frame: Any = None
        with suppress(ValueError, TypeError):
            frame = _from_json(self._frame)
        event = frame.get("t") if isinstance(frame, dict) else None
        name = event if isinstance(event, str) and event in self._discord_parsers else "a frame"
        if name == NEEDED or (isinstance(frame, dict) and frame.get("op") == self.HELLO):
            await self._begin_anew(name, error)
        if name not in self._logged:
            self._logged.add(name)
            log.warning("Discord sent %s in a form that cannot be read (%s): skipped.", name, type(error).__name__)

    async def _begin_anew(self, name: str, error: Exception) -> None:
        log.warning("Discord sent %s in a form that cannot be read (%s): connecting anew.", name, type(error).__name__)
        await self.close()
        raise ReconnectWebSocket(self.shard_id, resume=False) from error


class GatewayClient(discord.Client):
    """A client that connects through `Gateway`, and identifies itself as often as `state` and Discord allow."""

    def __init__(self, state: StateFile, clock: Clock, **options: Any) -> None:
        setattr(discord.client, "DiscordWebSocket", Gateway)  # noqa: B010  discord.py has no setting for it
        super().__init__(**options)
        self.state, self.clock = state, clock

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Pass an event on, but not once the client closes: discord.py has no event loop for it then, and fails."""
        if not self.is_closed():
            super().dispatch(event, *args, **kwargs)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Note the identification, after a pause where there were many lately, over restarts too."""
        if not initial:  # `run.connect` has called `rest`: discord.py cannot wait for long without a connection
            await self.rest()
        now = self.clock.wall()
        self.state.now.identified = [*recent_times(self.state.now.identified, now), now]
        self.state.save()

    async def rest(self) -> None:
        """Wait until the bot may identify itself."""
        while pause := pause_before_identify(self.state.now.identified, self.clock.wall()):
            log.warning("Connected anew too often lately: waiting %.0f seconds.", pause)
            await self.clock.sleep(pause)

    async def close(self) -> None:
        """Disconnect with code 1000, which takes the bot offline at once.

        discord.py means to, but closing wakes its reader, which closes first and with 4000: that keeps the session.
        """
        if self.ws is not None:  # as it is before the first connection
            socket = self.ws.socket
            close = socket.close
            setattr(socket, "close", lambda **_: close(code=1000))  # noqa: B010
        await super().close()


def pause_before_identify(identified: Sequence[float], now: float) -> float:
    """Seconds to wait before identifying again; `identified` are earlier times, oldest first, in seconds since 1970.

    Discord takes the token away after more than 1,000 identifications in 24 hours. Resumes are free; restarts, lost
    sessions and a crash loop under a supervisor are not.
    Source: https://docs.discord.com/developers/events/gateway#identifying
    """
    today = recent_times(identified, now)
    if len(today) >= IDENTIFICATIONS_A_DAY:
        return today[-IDENTIFICATIONS_A_DAY] + DAY - now
    hour = [at for at in today if now - at < HOUR]
    if not hour:
        return 0.0
    apart = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2.0 ** max(0, len(hour) - FREE_AN_HOUR))
    return max(0.0, hour[-1] + apart - now)


def recent_times(identified: Sequence[float], now: float) -> list[float]:
    """The times of the last 24 hours. One in the future, from a clock that was set back, counts as now."""
    return [min(at, now) for at in identified if now - at < DAY]
