"""The last messages of each channel, in memory only, and what of them the model is shown."""

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace

from soundalike.frontends.discord.heard import Heard
from soundalike.frontends.discord.words import readable
from soundalike.prompt_template import speaker_names

CHANNELS = 256  # the one unheard for longest is forgotten first
KEPT = 200  # messages a channel
BYTES_A_TOKEN = 2.5
LONGEST_TEXT = 2_000

History = list[tuple[str, str]]


class Context:
    """What was said lately, by channel."""

    def __init__(self) -> None:
        self._channels: OrderedDict[str, deque[Heard]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._channels.values()))

    def __contains__(self, channel: str) -> bool:
        return channel in self._channels

    def add(self, heard: Heard) -> None:
        """Remember a message, once, and no more of it than a bot may send."""
        if len(heard.text) > LONGEST_TEXT:
            heard = replace(heard, text=heard.text[:LONGEST_TEXT])
        said = self._channels.setdefault(heard.channel, deque(maxlen=KEPT))
        self._channels.move_to_end(heard.channel)
        if len(self._channels) > CHANNELS:
            self._channels.popitem(last=False)
        if not said or int(said[-1].id) < int(heard.id):
            said.append(heard)
        elif all(earlier.id != heard.id for earlier in said):
            ordered = sorted([*said, heard], key=lambda one: int(one.id))
            self._channels[heard.channel] = deque(ordered, maxlen=KEPT)

    def edit(self, channel: str, message: str, text: str | None) -> None:
        """A message was changed, or deleted where `text` is None."""
        said = self._channels.get(channel, deque())
        for at, heard in enumerate(said):
            if heard.id == message:
                if text is None:
                    del said[at]
                else:
                    said[at] = replace(heard, text=text[:LONGEST_TEXT])
                return

    def forget(self, channel: str) -> int:
        """Forget a channel; gives how many messages were known."""
        return len(self._channels.pop(channel, ()))

    def forget_person(self, author: str) -> None:
        """Forget everything one person said, also where others replied to it."""
        for channel, said in self._channels.items():
            self._channels[channel] = deque((_without(h, author) for h in said if h.author != author), maxlen=KEPT)

    def last(self, channel: str, count: int) -> list[Heard]:
        """The last messages of a channel, oldest first."""
        return list(self._channels.get(channel, ()))[-count:]

    def own_lines(self, channel: str) -> list[str]:
        """What the bot said there, oldest first."""
        return [heard.text for heard in self._channels.get(channel, ()) if heard.own]


def shown(said: Sequence[Heard], asked: Heard, quoted: Heard | None, messages: int, tokens: int) -> list[Heard]:
    """What the model is shown, oldest first: the last `messages` up to `asked` that fit into about `tokens`.

    `quoted`, the message that `asked` replies to, stands first where it is older than those. `asked` is always there.
    """
    before = [heard for heard in said if int(heard.id) < int(asked.id)]
    kept, room = [asked], tokens * BYTES_A_TOKEN - _size(asked)
    for heard in reversed(before[1 - messages :] if messages > 1 else []):
        room -= _size(heard)
        if room < 0:
            break
        kept.append(heard)
    if quoted is not None and all(heard.id != quoted.id for heard in kept):
        kept.append(quoted)
    return kept[::-1]


def _without(heard: Heard, author: str) -> Heard:
    """A message without the one that it replies to, where that is this author's."""
    if heard.quoted is None:
        return heard
    quoted = None if heard.quoted.author == author else _without(heard.quoted, author)
    return heard if quoted is heard.quoted else replace(heard, quoted=quoted)


def _size(heard: Heard) -> int:
    return len(heard.name.encode()) + len(heard.text.encode()) + 3


class Names:
    """Who bears which name in front of the model: as in training where the person was met there.

    `known` maps ids of people in the clone's messages to the names there, the owner left out. `owner` is the voice's
    name and stays its own: a person of that name, the owner in flesh included, is numbered. `me` is the bot's id.
    """

    def __init__(self, owner: str, me: str, known: Mapping[str, str]) -> None:
        self.owner, self.me, self._known = owner, me, known

    def history(self, said: Sequence[Heard]) -> History:
        """(name, text) pairs, without markup and without messages that hold nothing else."""
        pairs = ((self.of(heard), readable(heard.text, self.mentioned(heard.people))) for heard in said)
        return [(name, text) for name, text in pairs if text]

    def of(self, heard: Heard) -> str:
        """The name at the head of a line."""
        return self.owner if heard.own else self._name(heard.author, heard.name)

    def mentioned(self, people: Mapping[str, str]) -> dict[str, str]:
        """The names for ids in a text."""
        return {id_: self.owner if id_ == self.me else self._name(id_, name) for id_, name in people.items()}

    def _name(self, author: str, name: str) -> str:
        people = [("owner", self.owner, True), ("guest", self._known.get(author, name), False)]
        return speaker_names(people)["guest"]
