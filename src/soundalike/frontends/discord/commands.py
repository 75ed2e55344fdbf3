"""`/soundalike ...`: slash commands to `Control`. The owner's are refused to everybody else."""

import logging
from collections.abc import Callable

import discord
from discord import app_commands
from discord.app_commands import Range

from soundalike.errors import SoundalikeError
from soundalike.frontends.discord.control import Control
from soundalike.frontends.discord.faults import kind_and_place

log = logging.getLogger("soundalike.discord")

Interaction = discord.Interaction[discord.Client]


class Commands(app_commands.Group):
    """The commands. `is_owner` tells by a person's id; `report` is told when somebody reports."""

    def __init__(self, control: Control, is_owner: Callable[[int], bool]) -> None:
        super().__init__(name="soundalike", description="A voice in somebody's style")
        self._control, self._is_owner = control, is_owner

    async def interaction_check(self, interaction: Interaction) -> bool:
        """Whether the person may use the command; they are told if not."""
        command = interaction.command
        if command is None or not command.extras.get("owner") or self._is_owner(interaction.user.id):
            return True
        await _say(interaction, "Only the owner of this bot may do that.")
        return False

    @app_commands.command(description="Speak in this channel", extras={"owner": True})
    async def here(self, interaction: Interaction) -> None:
        """Allow this channel, and say so to all."""
        await _say(interaction, self._control.here(_channel(interaction)), private=False)

    @app_commands.command(description="Leave this channel and forget it", extras={"owner": True})
    async def leave(self, interaction: Interaction) -> None:
        """Allow this channel no longer."""
        await _say(interaction, self._control.leave(_channel(interaction)))

    @app_commands.command(description="Say nothing anywhere, at once", extras={"owner": True})
    async def hush(self, interaction: Interaction) -> None:
        """The kill switch."""
        await _say(interaction, self._control.hush())

    @app_commands.command(description="Speak again after a hush", extras={"owner": True})
    async def resume(self, interaction: Interaction) -> None:
        """End a hush."""
        await _say(interaction, self._control.resume())

    @app_commands.command(description="How often to join in unasked here, 0 to 1", extras={"owner": True})
    async def probability(self, interaction: Interaction, value: Range[float, 0, 1]) -> None:
        """Set it."""
        await _say(interaction, self._control.probability(_channel(interaction), value))

    @app_commands.command(description="How freely to speak here: 0.7 safer, 1.2 wilder", extras={"owner": True})
    async def temperature(self, interaction: Interaction, value: Range[float, 0, 2]) -> None:
        """Set it."""
        await _say(interaction, self._control.temperature(_channel(interaction), value))

    @app_commands.command(description="Forget what was said in this channel", extras={"owner": True})
    async def forget(self, interaction: Interaction) -> None:
        """Forget it."""
        await _say(interaction, self._control.forget(_channel(interaction)))

    @app_commands.command(description="What the bot does and did", extras={"owner": True})
    async def status(self, interaction: Interaction) -> None:
        """Tell it."""
        await _say(interaction, self._control.status(_channel(interaction)))

    @app_commands.command(description="What this bot is")
    async def about(self, interaction: Interaction) -> None:
        """Tell it."""
        await _say(interaction, self._control.about())

    @app_commands.command(name="opt-out", description="Never be answered or read by this bot")
    async def opt_out(self, interaction: Interaction) -> None:
        """For good, until taken back."""
        await _say(interaction, self._control.opt_out(str(interaction.user.id)))

    @app_commands.command(name="opt-in", description="Take an opt-out back")
    async def opt_in(self, interaction: Interaction) -> None:
        """Take it back."""
        await _say(interaction, self._control.opt_in(str(interaction.user.id)))

    @app_commands.command(description="Tell the owner of this bot that something is wrong")
    async def report(self, interaction: Interaction, what: Range[str, 1, 1000]) -> None:
        """Note it for the owner."""
        log.warning("A report has come in; see discord-reports.jsonl.")
        await _say(interaction, self._control.report(str(interaction.user.id), _channel(interaction), what))


class Tree(app_commands.CommandTree):
    """A command that fails is told to who typed it and logged; the bot goes on."""

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError) -> None:
        """Say what is wrong, in two sentences where it is ours to explain."""
        if isinstance(error, app_commands.CheckFailure):
            return
        cause = error.__cause__ or error
        log.error("A command failed: %s", cause if isinstance(cause, SoundalikeError) else kind_and_place(cause))
        told = str(cause) if isinstance(cause, SoundalikeError) else "That went wrong; the bot's log says how."
        if not interaction.response.is_done():
            await _say(interaction, told)


async def _say(interaction: Interaction, text: str, private: bool = True) -> None:
    await interaction.response.send_message(text, ephemeral=private)


def _channel(interaction: Interaction) -> str:
    return str(interaction.channel_id)
