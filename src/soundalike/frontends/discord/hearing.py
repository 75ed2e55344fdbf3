"""discord.py's message -> `Heard`. The only place that knows both."""

from typing import TYPE_CHECKING

from soundalike.frontends.discord.heard import Heard

if TYPE_CHECKING:
    import discord

SAID = {0, 19, 20, 23}  # message types: default, reply, and the two of commands; all others are Discord's own words


class Ages:
    """How long ago a message was sent, although this clock and Discord's differ by an unknown amount.

    The smallest difference seen is taken for no age at all, so a message that a resumed connection hands in late
    is known to be late.
    """

    def __init__(self) -> None:
        self._least = float("inf")

    def of(self, sent: float, wall: float) -> float:
        """Seconds; both times in seconds since 1970."""
        self._least = min(self._least, wall - sent)
        return wall - sent - self._least


def hear(message: "discord.Message", me: int, at: float) -> Heard:
    """The message as the pipeline takes it; `me` is the bot's id, `at` when it was said on the bot's clock."""
    quoted = message.reference.resolved if message.reference else None
    answered = getattr(quoted, "author", None)
    mentioned = [user.id for user in message.mentions]
    addressed = me in mentioned or (answered is not None and answered.id == me)
    return Heard(
        id=str(message.id),
        channel=str(message.channel.id),
        author=str(message.author.id),
        name=message.author.display_name,
        text=message.content,
        at=at,
        server=str(message.guild.id) if message.guild else "",
        parent=str(getattr(message.channel, "parent_id", None) or ""),
        bot=message.author.bot or message.webhook_id is not None,
        own=message.author.id == me,
        system=message.type.value not in SAID,
        addressed=addressed or message.guild is None,
        to_others=bool(mentioned or answered is not None) and not addressed,
        quoted=_quoted(quoted, me, at),
        people={str(user.id): user.display_name for user in message.mentions} if mentioned else {},
    )


def _quoted(message: object, me: int, at: float) -> Heard | None:
    """The replied-to message where Discord sent it along: not a deleted one."""
    import discord

    return hear(message, me, at) if isinstance(message, discord.Message) else None
