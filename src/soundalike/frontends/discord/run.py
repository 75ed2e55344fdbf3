"""`soundalike discord me`: a clone folder and a token into a bot that runs until Ctrl-C."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import aiohttp
import discord

from soundalike.clone import Clone
from soundalike.engines import address
from soundalike.errors import CloneError, SoundalikeError, UsageError
from soundalike.frontends.discord import memory, portal, settings
from soundalike.frontends.discord.bot import Bot
from soundalike.frontends.discord.pacing import Pace, fit
from soundalike.frontends.discord.parts import Parts
from soundalike.frontends.discord.settings import SettingsFile
from soundalike.frontends.discord.speaker import VoiceSpeaker, of_clone, share_the_interpreter

log = logging.getLogger("soundalike.discord")

TOKEN = "DISCORD_TOKEN"
FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0  # seconds between attempts to log in where Discord cannot be reached


def run(folder: Path, rehearsal: Callable[[str], None] | None = None, at: str | None = None) -> None:
    """Run the bot of a clone folder until Ctrl-C or SIGTERM; `SoundalikeError` where it cannot run.

    `rehearsal` is shown what would have been answered, and why not; then nothing is sent. `at` a server's address the
    model there speaks, whatever discord.toml says.
    """
    clone = Clone.open(folder)
    file = settings_of(clone)
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        raise UsageError(f"There is no token: {TOKEN} is not set.", portal.TOKEN)
    share_the_interpreter()
    asyncio.run(_run(clone, file, token, rehearsal, at))


def settings_of(clone: Clone) -> SettingsFile:
    """The clone's discord.toml; `CloneError` where there is none."""
    path = clone.root / settings.NAME
    if not path.exists():
        raise CloneError(f"There is no {path}.", f"Write one with: soundalike discord {clone.root} --init")
    return SettingsFile(path)


async def _run(
    clone: Clone, file: SettingsFile, token: str, rehearsal: Callable[[str], None] | None, at: str | None
) -> None:
    speaker = await speaker_of(clone, file, at)
    known, pace = people(clone), pace_of(clone)
    remembered = memory.Memory(clone.root / memory.NAME)
    bot = Bot(Parts(file, remembered, speaker, pace, known, rehearsal))
    running = asyncio.create_task(connect(bot, token))
    leave = _leaving(bot, running)
    with suppress(NotImplementedError):  # on Windows Ctrl-C cancels this task instead
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, leave)
    try:
        await running
    except asyncio.CancelledError:
        log.info("Left.")
    finally:
        await bot.leave()


def _leaving(bot: Bot, running: "asyncio.Task[None]") -> Callable[[], None]:
    """The first Ctrl-C lets what is being sent be sent, the second does not wait."""
    asked: list[asyncio.Task[None]] = []

    async def goodbye() -> None:
        await bot.leave()
        running.cancel()  # it may be waiting for Discord to come back

    def leave() -> None:
        if asked:
            running.cancel()
        else:
            log.info("Leaving: what is being sent is finished first.")
            asked.append(asyncio.create_task(goodbye()))

    return leave


async def connect(bot: Bot, token: str) -> None:
    """Log in, again and again where Discord cannot be reached, and stay until the bot leaves.

    `SoundalikeError` for what waiting does not mend: the token, the intents.
    """
    wait = FIRST_WAIT
    while not bot.is_closed():
        try:
            return await _connected(bot, token)
        except discord.LoginFailure as error:
            raise UsageError("Discord refuses the token.", portal.TOKEN) from error
        except discord.PrivilegedIntentsRequired as error:
            raise UsageError("Discord does not let this bot read what is said.", portal.INTENT) from error
        except discord.ConnectionClosed as error:
            raise SoundalikeError(
                f"Discord ended the connection for good (code {error.code}).", "Try again."
            ) from error
        except (aiohttp.ClientError, OSError, discord.HTTPException, AttributeError) as error:
            if isinstance(error, AttributeError) and bot.ws is not None:
                raise  # without a socket it is how discord.py 2.7 fails to repeat a first connection that failed
            log.warning("Discord cannot be reached (%s): trying again in %.0f seconds.", type(error).__name__, wait)
        await bot.parts.clock.sleep(wait)
        wait = min(LONGEST_WAIT, 2 * wait)


async def _connected(bot: Bot, token: str) -> None:
    if bot.user is None:
        try:
            await bot.login(token)
        except BaseException:
            await bot.http.close()
            bot.http.connector = discord.utils.MISSING  # a closed one cannot be used again
            raise
        log.info("Invite it with: %s", portal.invitation(bot.application_id or 0))
    await bot.rest()
    await bot.connect()


async def speaker_of(clone: Clone, file: SettingsFile, at: str | None = None) -> VoiceSpeaker:
    """Who speaks, as `at` or discord.toml says: a clone that cannot is an error now, a server may come later."""
    model = file.now.model
    at = at or (f"{model.url}#{model.name}" if model.name else model.url)
    if at:
        place = address.read(at)
        log.warning("What is said in its channels goes to %s, %s machine.", place, "this" if place.here else "another")
        return of_clone(clone, at)
    speaker = of_clone(clone)
    await speaker.wake()
    return speaker


def people(clone: Clone) -> dict[str, str]:
    """Ids of the people in the clone's messages -> the names that training saw, the owner left out."""
    import polars as pl

    from soundalike.prompt_template import speaker_names

    if not clone.authors_path.exists():
        return {}
    rows = clone.authors().sort(~pl.col("me"), maintain_order=True)
    names = speaker_names(rows.select("author", "name", "me").iter_rows())
    return {author: names[author] for author in rows.filter(~pl.col("me"))["author"]}


def pace_of(clone: Clone) -> Pace:
    """The owner's pace of typing."""
    if not clone.messages_path.exists():
        return Pace()
    return fit(clone.messages(["id", "channel", "me", "sent_at", "text"]))
