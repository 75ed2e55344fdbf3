"""`soundalike discord me`: run the bot of a clone folder until Ctrl-C."""

import asyncio
import logging
import os
import shlex
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import discord

from soundalike.clone import Clone
from soundalike.errors import CloneError, SoundalikeError, UsageError
from soundalike.frontends.discord import log, settings, without_error_text
from soundalike.frontends.discord.answering import Answerer, shorten_switch_interval
from soundalike.frontends.discord.bot import Bot
from soundalike.frontends.discord.delivery import TypingPace
from soundalike.frontends.discord.settings import PORTAL, TOKEN, SettingsFile
from soundalike.frontends.discord.state import STATE_FILE, StateFile
from soundalike.generation.server_address import ServerAddress

FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0  # seconds between attempts to log in where Discord cannot be reached

# View Channels, Send Messages, Read Message History, Send Messages in Threads
PERMISSIONS = 1 << 10 | 1 << 11 | 1 << 16 | 1 << 38
GET_A_TOKEN = f"In {PORTAL}: your application, Bot, Reset Token; then: export DISCORD_TOKEN=..."
SWITCH_ON_INTENT = (
    f"In {PORTAL}: your application, Bot, switch on Message Content Intent; or set message_content = false in "
    "discord.toml, and it sees only what mentions it."
)


def run(folder: Path, show: Callable[[str], None] | None = None, at: str | None = None) -> None:
    """Run the bot of a clone folder until Ctrl-C or SIGTERM; `SoundalikeError` where it cannot run.

    With `show` nothing is sent: it gets what would have been answered, and why the rest would not. `at` is the address
    of a server whose model answers, whatever discord.toml says.
    """
    clone = Clone.open(folder)
    file = settings_of(clone)
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        raise UsageError(f"There is no token: {TOKEN} is not set.", GET_A_TOKEN)
    for handler in logging.getLogger().handlers:
        handler.addFilter(without_error_text)
    shorten_switch_interval()
    asyncio.run(_run(clone, file, token, show, at))


def settings_of(clone: Clone) -> SettingsFile:
    """The clone's discord.toml; `CloneError` where there is none."""
    path = clone.root / settings.NAME
    if not path.exists():
        raise CloneError(
            f"There is no {path}.", f"Write one with: soundalike discord {shlex.quote(str(clone.root))} --init"
        )
    return SettingsFile(path)


async def _run(
    clone: Clone, file: SettingsFile, token: str, show: Callable[[str], None] | None, at: str | None
) -> None:
    answerer = await answerer_of(clone, file, at)
    state = StateFile(clone.root / STATE_FILE)
    bot = Bot(file, state, answerer, pace=pace_of(clone), show=show)
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
    """What a signal does: the first one waits for answers that are being sent, the second does not."""
    tasks: list[asyncio.Task[None]] = []

    async def goodbye() -> None:
        await bot.leave()
        running.cancel()  # it may be waiting for Discord to come back

    def leave() -> None:
        if tasks:
            running.cancel()
        else:
            log.info("Leaving: what is being sent is finished first.")
            tasks.append(asyncio.create_task(goodbye()))

    return leave


async def connect(bot: Bot, token: str) -> None:
    """Log in, again and again where Discord cannot be reached, and stay connected until the bot leaves.

    `SoundalikeError` for what waiting does not mend: the token, the intents.
    """
    wait = FIRST_WAIT
    while not bot.is_closed():
        try:
            return await _connected(bot, token)
        except discord.LoginFailure as error:
            raise UsageError("Discord refuses the token.", GET_A_TOKEN) from error
        except discord.PrivilegedIntentsRequired as error:
            raise UsageError("Discord does not let this bot read messages.", SWITCH_ON_INTENT) from error
        except discord.ConnectionClosed as error:
            raise SoundalikeError(
                f"Discord ended the connection for good (code {error.code}).", "Try again."
            ) from error
        except (aiohttp.ClientError, OSError, discord.HTTPException, AttributeError) as error:
            if isinstance(error, AttributeError) and bot.ws is not None:
                raise  # without a socket it is how discord.py 2.7 fails to repeat a first connection that failed
            log.warning("Discord cannot be reached (%s): trying again in %.0f seconds.", type(error).__name__, wait)
        await bot.clock.sleep(wait)
        wait = min(LONGEST_WAIT, 2 * wait)


async def _connected(bot: Bot, token: str) -> None:
    if bot.user is None:
        try:
            await bot.login(token)
        except BaseException:
            await bot.http.close()
            bot.http.connector = discord.utils.MISSING  # a closed one cannot be used again
            raise
        log.info("Invite it with: %s", invitation(bot.application_id or 0))
    await bot.rest()
    try:
        await bot.connect()
    except Exception:
        if not bot.is_leaving:  # closing breaks a connection that is being made; the libraries then fail anyhow
            raise


def invitation(application: int) -> str:
    """The link with which to invite the bot to a server, with the scopes and permissions that it needs."""
    query = {"client_id": application, "scope": "bot applications.commands", "permissions": PERMISSIONS}
    return f"https://discord.com/oauth2/authorize?{urlencode(query)}"


async def answerer_of(clone: Clone, file: SettingsFile, at: str | None = None) -> Answerer:
    """Who answers, as `at` or discord.toml says: a clone must load now, a server may come up later."""
    model = file.now.model
    known = known_names(clone)
    at = at or (f"{model.url}#{model.name}" if model.name else model.url)
    if at:
        place = ServerAddress.parse(at)
        log.warning(
            "What is written in its channels goes to %s, %s machine.", place, "this" if place.here else "another"
        )
        return Answerer.of_clone(clone, at, known)
    answerer = Answerer.of_clone(clone, known=known)
    await answerer.load()
    return answerer


def known_names(clone: Clone) -> dict[str, str]:
    """Author id -> name in the training data, of everybody in the clone's messages but the owner."""
    import polars as pl

    from soundalike.prompt_template import speaker_names

    if not clone.authors_path.exists():
        return {}
    rows = clone.authors().sort(~pl.col("me"), maintain_order=True)
    names = speaker_names(rows.select("author", "name", "me").iter_rows())
    return {author: names[author] for author in rows.filter(~pl.col("me"))["author"]}


def pace_of(clone: Clone) -> TypingPace:
    """The owner's typing pace."""
    if not clone.messages_path.exists():
        return TypingPace()
    return TypingPace.fit(clone.messages(["id", "channel", "me", "sent_at", "text"]))
