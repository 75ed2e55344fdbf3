"""All that a bot is made of, so that a test or another program can put in its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from soundalike.frontends.discord.clock import Clock
from soundalike.frontends.discord.memory import Memory
from soundalike.frontends.discord.pacing import Pace
from soundalike.frontends.discord.settings import SettingsFile
from soundalike.frontends.discord.speaker import Speaker


@dataclass(frozen=True)
class Parts:
    """`known` maps people's ids to the names that training saw.

    `rehearsal`, where given, gets what would have been said and why not, and nothing is sent.
    """

    settings: SettingsFile
    memory: Memory
    speaker: Speaker
    pace: Pace = Pace()
    known: Mapping[str, str] = field(default_factory=dict)
    rehearsal: Callable[[str], None] | None = None
    clock: Clock = Clock()
    rng: Random = field(default_factory=Random)
