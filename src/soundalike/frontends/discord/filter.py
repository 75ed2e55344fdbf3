"""Whom and where the bot may answer: everything that is not allowed is denied."""

from collections.abc import Callable

from soundalike.frontends.discord.heard import Heard
from soundalike.frontends.discord.memory import Remembered
from soundalike.frontends.discord.settings import Settings

Rule = Callable[[Heard, Settings, Remembered], bool]

RULES: dict[str, Rule] = {  # the first that holds is the reason given
    "own message": lambda heard, settings, remembered: heard.own,
    "system message": lambda heard, settings, remembered: heard.system,
    "channel not listed": lambda heard, settings, remembered: bool(heard.server) and not listed(heard, settings),
    "direct messages not allowed": lambda heard, settings, remembered: (
        not heard.server and heard.author not in settings.direct_messages
    ),
    "server denied": lambda heard, settings, remembered: heard.server in settings.denied_servers,
    "person denied": lambda heard, settings, remembered: heard.author in settings.denied_people,
    "opted out": lambda heard, settings, remembered: heard.author in remembered.opted_out,
    "bot not allowed": lambda heard, settings, remembered: heard.bot and heard.author not in settings.bots,
    "hushed": lambda heard, settings, remembered: remembered.hushed,
    "no words": lambda heard, settings, remembered: not heard.text.strip(),
    "said to somebody else": lambda heard, settings, remembered: heard.to_others and not heard.addressed,
}


def refusal(heard: Heard, settings: Settings, remembered: Remembered) -> str | None:
    """Why this message gets no answer; None where it may get one."""
    return next((reason for reason, holds in RULES.items() if holds(heard, settings, remembered)), None)


def listed(heard: Heard, settings: Settings) -> bool:
    """Whether the message stands in a channel that the owner named, or in a thread of one."""
    return heard.channel in settings.channels or heard.parent in settings.channels


def may_be_context(heard: Heard, settings: Settings, remembered: Remembered) -> bool:
    """Whether the message may be kept for a while and shown to the model: as strict as for an answer about where."""
    where = listed(heard, settings) if heard.server else heard.own or heard.author in settings.direct_messages
    return where and not heard.system and heard.author not in remembered.opted_out | settings.denied_people
