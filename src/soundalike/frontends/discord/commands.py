"""The slash commands, `/soundalike ...`. The owner's are refused to everybody else."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Range

from soundalike.clone.folder import disk_errors
from soundalike.errors import SoundalikeError
from soundalike.frontends.discord import error_place, log
from soundalike.frontends.discord.rate_limits import RateLimit
from soundalike.frontends.discord.settings import set_in_channel, unlist

if TYPE_CHECKING:
    from soundalike.frontends.discord.bot import Bot

REPORTS = "discord-reports.jsonl"
REPORTS_BYTES = 1_000_000
REPORTS_A_MINUTE = 2.0
STATUS_CHARACTERS = 1_900

Interaction = discord.Interaction[discord.Client]


def about(owner: str) -> str:
    """What the bot is, for anybody who asks."""
    return (
        f"I am a computer model that writes in the style of {owner}. I am not {owner}, and what I say is made up. "
        "To answer I look at the last messages of this channel; I keep them in memory only and learn nothing from "
        "them. `/soundalike opt-out`: I never answer or read you. `/soundalike report`: something is wrong."
    )


def introduction(owner: str) -> str:
    """The first message in a channel."""
    return f"(I am a model in the style of {owner}, not {owner}. What I say is made up. More: `/soundalike about`)"


def profile(owner: str) -> str:
    """The application's description."""
    return f"A model in the style of {owner}. What it says is made up."


class Commands(app_commands.Group):
    """The commands of one bot."""

    def __init__(self, bot: "Bot") -> None:
        super().__init__(name="soundalike", description="A voice in somebody's style")
        self._bot = bot
        self._began = bot.clock.now()
        self._reporters = RateLimit()

    async def interaction_check(self, interaction: Interaction) -> bool:
        """Whether the person may use the command; they get an answer if not."""
        command = interaction.command
        if command is None or not command.extras.get("owner") or self._bot.is_owner(interaction.user.id):
            return True
        await _respond(interaction, "Only the owner of this bot may do that.")
        return False

    @app_commands.command(description="Speak in this channel", extras={"owner": True})
    async def here(self, interaction: Interaction) -> None:
        """List this channel; everybody there sees the answer."""
        self._bot.settings.change(lambda document: set_in_channel(document, _channel(interaction)))
        await _respond(interaction, f"I am here. {about(self._bot.answerer.owner)}", private=False)

    @app_commands.command(description="Leave this channel and forget it", extras={"owner": True})
    async def leave(self, interaction: Interaction) -> None:
        """Take this channel off the list."""
        self._bot.settings.change(lambda document: unlist(document, _channel(interaction)))
        self._forget(_channel(interaction))
        await _respond(interaction, "I have left this channel and forgotten its messages.")

    @app_commands.command(description="Say nothing anywhere, at once", extras={"owner": True})
    async def hush(self, interaction: Interaction) -> None:
        """Send nothing any more, in any channel, until `resume`."""
        self._bot.state.now.hushed = True
        self._bot.pipeline.drop("hushed")
        self._bot.stop_answers()
        self._bot.state.save()
        await _respond(interaction, "Hushed everywhere. `/soundalike resume` lets me speak again.")

    @app_commands.command(description="Speak again after a hush", extras={"owner": True})
    async def resume(self, interaction: Interaction) -> None:
        """End a hush."""
        self._bot.state.now.hushed = False
        self._bot.state.save()
        await _respond(interaction, "I may speak again.")

    @app_commands.command(description="How often to join in unasked here, 0 to 1", extras={"owner": True})
    async def probability(self, interaction: Interaction, value: Range[float, 0, 1]) -> None:
        """Set this channel's probability of unasked answers."""
        await self._set(interaction, "probability", value)

    @app_commands.command(description="How freely to speak here: 0.7 safer, 1.2 wilder", extras={"owner": True})
    async def temperature(self, interaction: Interaction, value: Range[float, 0, 2]) -> None:
        """Set this channel's temperature."""
        await self._set(interaction, "temperature", value)

    async def _set(self, interaction: Interaction, name: str, value: float) -> None:
        channel = _channel(interaction)
        if channel not in self._bot.settings.now.channels:
            await _respond(interaction, "This channel is not one of mine. `/soundalike here` first.")
            return
        self._bot.settings.change(lambda document: set_in_channel(document, channel, **{name: value}))
        await _respond(interaction, f"The {name} in this channel is now {value:g}.")

    @app_commands.command(description="Forget this channel's messages", extras={"owner": True})
    async def forget(self, interaction: Interaction) -> None:
        """Forget this channel's messages and break off what was to be answered."""
        await _respond(interaction, f"I have forgotten {self._forget(_channel(interaction))} messages of this channel.")

    def _forget(self, channel: str) -> int:
        self._bot.stop_answers(channel)
        return self._bot.pipeline.forget(channel)

    @app_commands.command(description="What the bot does and did", extras={"owner": True})
    async def status(self, interaction: Interaction) -> None:
        """Show the bot's state, this channel's settings, and the counts of outcomes."""
        await _respond(interaction, self._status(_channel(interaction)))

    def _status(self, channel: str) -> str:
        bot = self._bot
        settings, counts, problem = bot.settings.now, bot.pipeline.counts, bot.answerer.health.problem
        hours = (bot.clock.now() - self._began) / 3600
        state = "hushed" if bot.state.now.hushed else f"model away ({problem})" if problem else "up"
        listed = "listed" if channel in settings.channels else "not listed"
        lines = [
            f"{state}, {hours:.1f} hours; this channel is {listed}, probability {settings.probability(channel):g}",
            f"received {counts.received}, pending {counts.pending}, dropped {counts.dropped}",
            *(f"{count} {outcome}" for outcome, count in counts.outcomes.most_common()),
        ]
        return "\n".join(lines)[:STATUS_CHARACTERS]

    @app_commands.command(description="What this bot is")
    async def about(self, interaction: Interaction) -> None:
        """Say what the bot is and what it does with messages."""
        await _respond(interaction, about(self._bot.answerer.owner))

    @app_commands.command(name="opt-out", description="Never be answered or read by this bot")
    async def opt_out(self, interaction: Interaction) -> None:
        """Forget the person; neither answer nor read them until `opt-in`."""
        person = str(interaction.user.id)
        self._bot.state.now.opted_out.add(person)
        self._bot.pipeline.opt_out(person)
        self._bot.stop_answers(author=person)
        self._bot.state.save()
        await _respond(interaction, "From now on I neither answer nor read you. `/soundalike opt-in` takes it back.")

    @app_commands.command(name="opt-in", description="Take an opt-out back")
    async def opt_in(self, interaction: Interaction) -> None:
        """Take an opt-out back."""
        self._bot.state.now.opted_out.discard(str(interaction.user.id))
        self._bot.state.save()
        await _respond(interaction, "I may answer you again.")

    @app_commands.command(description="Tell the owner of this bot that something is wrong")
    async def report(self, interaction: Interaction, what: Range[str, 1, 1000]) -> None:
        """Write a problem to a file for the owner, with the bot's last lines in this channel."""
        log.warning("A report has come in; see discord-reports.jsonl.")
        await _respond(interaction, self._report(str(interaction.user.id), _channel(interaction), what))

    def _report(self, person: str, channel: str, text: str) -> str:
        bot = self._bot
        if self._reporters.remaining(person, bot.clock.now(), REPORTS_A_MINUTE) < 1:
            return "I have your reports. Try again in a minute."
        self._reporters.take(person, bot.clock.now(), REPORTS_A_MINUTE)
        lines = bot.pipeline.recent.own_lines(channel)[-5:]
        report = {"at": bot.clock.wall(), "channel": channel, "person": person, "text": text, "said": lines}
        if not append_report(bot.settings.path.with_name(REPORTS), report):
            return "There are too many reports already. Please tell the owner of this bot directly."
        return "Thank you. The owner of this bot will find it."


def append_report(path: Path, report: dict[str, object]) -> bool:
    """Append a line to a private file, unless the file is full; `CloneError` where the disk refuses."""
    if path.exists() and path.stat().st_size > REPORTS_BYTES:
        return False
    with disk_errors(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(report, ensure_ascii=False) + "\n")
    return True


class BotCommandTree(app_commands.CommandTree):
    """The bot's commands; one that fails is logged, and the person who used it gets an answer."""

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError) -> None:
        """Answer with the error's sentences where it is one of soundalike's."""
        if isinstance(error, app_commands.CheckFailure):
            return
        cause = error.__cause__ or error
        log.error("A command failed: %s", cause if isinstance(cause, SoundalikeError) else error_place(cause))
        text = str(cause) if isinstance(cause, SoundalikeError) else "That went wrong; the bot's log says how."
        if not interaction.response.is_done():
            await _respond(interaction, text)


async def _respond(interaction: Interaction, text: str, private: bool = True) -> None:
    await interaction.response.send_message(text, ephemeral=private)


def _channel(interaction: Interaction) -> str:
    return str(interaction.channel_id)
