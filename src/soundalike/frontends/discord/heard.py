"""A message as the bot hears it, and a turn: the message that it means to answer. Nothing else, and no library."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Heard:
    """One message. Ids are strings; `at` is seconds on the bot's clock when it was said.

    `parent` is the channel that a thread hangs in, `server` is empty in a direct message, `quoted` is the message that
    this one replies to. `addressed` says that it mentions the bot or replies to it, `to_others` that it mentions or
    replies to somebody and not to the bot. `people` maps the ids that it mentions to names.
    """

    id: str
    channel: str
    author: str
    name: str
    text: str
    at: float
    server: str = ""
    parent: str = ""
    bot: bool = False
    own: bool = False
    system: bool = False
    addressed: bool = False
    to_others: bool = False
    quoted: "Heard | None" = None
    people: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """A burst that the bot means to answer: `asked` is the message that it answers, the last or the last addressed."""

    asked: Heard
    addressed: bool

    @property
    def channel(self) -> str:
        """Where."""
        return self.asked.channel
