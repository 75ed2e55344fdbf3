"""Discord's gateway as discord.py reads it, except that a frame which cannot be read does not end the bot.

discord.py lets an error in a frame out of its loop, so that one event with a missing field would stop everything.
"""

import logging
import zlib
from contextlib import suppress
from typing import Any

import aiohttp
import discord
from discord.gateway import DiscordWebSocket, ReconnectWebSocket, WebSocketClosure
from discord.utils import _from_json

log = logging.getLogger("soundalike.discord")

CONNECTION = (ReconnectWebSocket, WebSocketClosure, discord.DiscordException, aiohttp.ClientError, OSError)
NEEDED = "READY"  # without this event there is no session


class Gateway(DiscordWebSocket):
    """A connection that skips events it cannot read, and tells of each kind once, by name and kind of error only.

    What a frame says is somebody's words, so nothing else of it is logged. A broken frame that the connection itself
    needs, and a stream that cannot be unpacked, begin a new session.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._frame: Any = None
        self._told: set[str] = set()

    def log_receive(self, data: Any, /) -> None:
        """Keep the frame that is being read; discord.py calls this with its text, unpacked."""
        self._frame = data

    async def received_message(self, msg: Any, /) -> None:
        """Read one frame."""
        try:
            await super().received_message(msg)
        except CONNECTION:
            raise
        except zlib.error as error:
            await self._begin_anew("a frame", error)
        except Exception as error:
            await self._broken(error)
        finally:
            self._frame = None

    async def _broken(self, error: Exception) -> None:
        told: Any = None
        with suppress(ValueError, TypeError):
            told = _from_json(self._frame)
        event = told.get("t") if isinstance(told, dict) else None
        name = event if isinstance(event, str) and event in self._discord_parsers else "a frame"
        if name == NEEDED or (isinstance(told, dict) and told.get("op") == self.HELLO):
            await self._begin_anew(name, error)
        if name not in self._told:
            self._told.add(name)
            log.warning("Discord sent %s in a form that cannot be read (%s): skipped.", name, type(error).__name__)

    async def _begin_anew(self, name: str, error: Exception) -> None:
        log.warning("Discord sent %s in a form that cannot be read (%s): connecting anew.", name, type(error).__name__)
        await self.close()
        raise ReconnectWebSocket(self.shard_id, resume=False) from error


def install() -> None:
    """Have discord.py's clients in this process connect through `Gateway`."""
    setattr(discord.client, "DiscordWebSocket", Gateway)  # noqa: B010  no other way in: the client names the class
