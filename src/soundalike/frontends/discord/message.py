"""A Discord message as the bot uses it, converted from discord.py's once, and as the model reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from soundalike.frontends.bot_loops import MessageInChannel
from soundalike.prompt_template import quotation, speaker_names
from soundalike.pseudonyms import replacing

if TYPE_CHECKING:
    import discord

TEXT_TYPES = {0, 19, 20, 23}  # default, reply, slash command, context-menu command; in all others Discord speaks
_MARKUP = ("<", "||")
BYTES_A_TOKEN = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage(MessageInChannel):
    """One message. Ids are strings; `at` is when it was sent, in seconds on the bot's clock.

    `server` is empty in a direct message, `parent` is the channel of a thread. `bot` and `own` say that a bot or a
    webhook, or this bot, wrote it; `system` that Discord did. `addressed`: it mentions this bot or replies to it;
    `to_others`: it mentions or replies to others only. `quoted` is the message that it replies to, `people` maps
    mentioned ids to names. With `shortened` it is read as an older message before a reply to it.
    """

    channel: str
    name: str
    server: str = ""
    parent: str = ""
    own: bool = False
    system: bool = False
    addressed: bool = False
    to_others: bool = False
    quoted: "IncomingMessage | None" = None
    people: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False
    shortened: bool = False

    def edited(self, id_: str, text: str) -> "IncomingMessage":
        """This message after the message `id_` was changed to `text`: that may be itself, or the one it replies to."""
        if self.id == id_:
            return replace(self, text=text)
        quoted = self.quoted and self.quoted.edited(id_, text)
        return self if quoted is self.quoted else replace(self, quoted=quoted)

    def without_quoted(self, *, id_: str = "", author: str = "") -> "IncomingMessage":
        """This message without the one that it replies to, where that is `id_` or was written by `author`."""
        if self.quoted is None:
            return self
        matches = self.quoted.id == id_ or self.quoted.author == author
        quoted = None if matches else self.quoted.without_quoted(id_=id_, author=author)
        return self if quoted is self.quoted else replace(self, quoted=quoted)


def from_discord(message: "discord.Message", me: int, at: float) -> IncomingMessage:
    """Convert a message of discord.py's; `me` is the bot's id, `at` when it was sent on the bot's clock."""
    quoted = message.reference.resolved if message.reference else None
    quoted_author = getattr(quoted, "author", None)
    mentioned = [user.id for user in message.mentions]
    addressed = me in mentioned or (quoted_author is not None and quoted_author.id == me)
    own = message.author.id == me
    return IncomingMessage(
        id=str(message.id),
        author=str(message.author.id),
        bot=message.author.bot or message.webhook_id is not None or own,
        text=message.content,
        at=at,
        channel=str(message.channel.id),
        name=message.author.display_name,
        server=str(message.guild.id) if message.guild else "",
        parent=str(getattr(message.channel, "parent_id", None) or ""),
        own=own,
        system=message.type.value not in TEXT_TYPES,
        addressed=addressed or message.guild is None,
        to_others=bool(mentioned or quoted_author is not None) and not addressed,
        quoted=_quoted(quoted, me, at),
        people={str(user.id): user.display_name for user in message.mentions} if mentioned else {},
    )


def _quoted(message: object, me: int, at: float) -> IncomingMessage | None:
    """The message that was replied to; None where it was deleted or Discord did not send it along."""
    import discord

    return from_discord(message, me, at) if isinstance(message, discord.Message) else None


class MessageAges:
    """How long ago messages were sent, although this clock and Discord's differ by an unknown amount.

    The smallest difference seen so far counts as age 0, so that messages which a resumed connection delivers late are
    known to be late.
    """

    def __init__(self) -> None:
        self._smallest = float("inf")

    def age(self, sent: float, now: float) -> float:
        """The age of a message in seconds; both times in seconds since 1970, by Discord's and by this clock."""
        self._smallest = min(self._smallest, now - sent)
        return now - sent - self._smallest


def readable(text: str, people: Mapping[str, str]) -> str:
    """`text` without Discord's markup, by the rules of the import; `people` maps mentioned ids to names."""
    if not any(mark in text for mark in _MARKUP):
        return text.strip()
    import polars as pl

    from soundalike.discord_markup import resolve_markup

    frame = pl.DataFrame({"text": [text], "sent_at": [datetime.now(UTC)]})
    return str(resolve_markup(frame, people, {})[0]).strip()


class PromptNames:
    """The name of each author in the prompt: for people of the training data the name there, else the one on Discord.

    `known` maps author ids in the clone's messages to the names there, without the owner. `owner` is the voice's name;
    anybody else of that name, the real owner included, gets a number after it. `me` is the bot's id. With `invented`
    the known names are invented ones: `history` replaces names with them in texts too, and `as_shown` undoes it.
    """

    def __init__(self, owner: str, me: str, known: Mapping[str, str], invented: bool = False) -> None:
        self.owner, self.me, self._known, self._invented = owner, me, known, invented
        self._shown: dict[str, str] = {}  # invented name -> the name on Discord

    def history(self, messages: Sequence[IncomingMessage]) -> list[tuple[str, str]]:
        """(name, text) of messages, without markup; messages without other text are left out."""
        pairs = [(self._author(message), self._text(message)) for message in messages]
        as_learned = replacing({shown: name for name, shown in self._shown.items()})
        return [(name, as_learned(text)) for name, text in pairs if text]

    def as_shown(self, lines: Sequence[str]) -> list[str]:
        """Lines of an answer with the names that the people of the last `history` have on Discord."""
        return list(map(replacing(self._shown), lines))

    def _text(self, message: IncomingMessage) -> str:
        text = readable(message.text, self._people(message))
        return quotation(text) if message.shortened else text

    def _author(self, message: IncomingMessage) -> str:
        return self.owner if message.own else self._name(message.author, message.name)

    def _people(self, message: IncomingMessage) -> dict[str, str]:
        return {id_: self.owner if id_ == self.me else self._name(id_, name) for id_, name in message.people.items()}

    def _name(self, author: str, name: str) -> str:
        people = [("owner", self.owner, True), ("guest", self._known.get(author, name), False)]
        read = speaker_names(people)["guest"]
        if self._invented and author in self._known:
            self._shown[read] = name
        return read


def prompt_messages(
    recent: Sequence[IncomingMessage],
    asked: IncomingMessage,
    quoted: IncomingMessage | None,
    messages: int,
    tokens: int,
) -> list[IncomingMessage]:
    """What the model reads, oldest first: the last `messages` of `recent` up to `asked` that fit into about `tokens`.

    `quoted`, the message that `asked` replies to, stands right before it, shortened, where it is older than those, as
    in training. `asked` is always included.
    """
    before = [message for message in recent if int(message.id) < int(asked.id)]
    chosen, room = [asked], tokens * BYTES_A_TOKEN - _size(asked)
    for message in reversed(before[1 - messages :] if messages > 1 else []):
        room -= _size(message)
        if room < 0:
            break
        chosen.append(message)
    if quoted is not None and all(message.id != quoted.id for message in chosen):
        chosen.insert(1, replace(quoted, shortened=True))
    return chosen[::-1]


def _size(message: IncomingMessage) -> int:
    return len(message.name.encode()) + len(message.text.encode()) + 3
