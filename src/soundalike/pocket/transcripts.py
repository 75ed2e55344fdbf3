"""Conversations written down as chats: speakers get names, text gets lower case, bursts, mentions and laughter.

Pretraining writes all its corpora so; adapting `pocket` to one person mixes in such transcripts of hand-written small
talk, because a base whose weights all learn from one side of conversations forgets how to answer.
"""

import re
from dataclasses import dataclass
from random import Random

from soundalike.clone.document import Document
from soundalike.pocket.dialogues import draw_conversation
from soundalike.pocket.names import draw_names

SMALL_TALK = "small_talk"  # the source of conversations from `dialogues`
TYPED = {"gitter", "ubuntu_irc"}  # sources in which people typed; the others are edited prose
MENTION = re.compile(r"@user\b[:,]?")
# What chatters put after a line and the corpora hardly hold.
TAILS = (
    "lol lmao haha hahaha tbh ngl omg fr rn imo idk xd ikr lmfao bruh smh wtf 😂 😭 💀 ❤️ 🔥 👀 🙏 😅 🤔 🥺 ✨ 👍 🤷 🙄"
).split()

Turn = tuple[int, str]  # speaker, text


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns of one thread of the corpus `source`."""

    source: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class TypingStyle:
    """How one conversation is typed.

    `lower`: in lower case, without a full stop at the end; `bare`: without apostrophes; `burst`: probability that a
    turn is sent a sentence a line; `laugh`: probability that a turn ends in a laugh, an abbreviation or an emoji.
    """

    lower: bool
    bare: bool
    burst: float
    laugh: float

    @classmethod
    def draw(cls, rng: Random, source: str) -> "TypingStyle":
        """A style for a conversation of a corpus; lower case is more likely where the corpus is edited prose."""
        lower = rng.random() < (0.2 if source in TYPED else 0.5)
        laugh = rng.choice((0.04, 0.1)) if lower and rng.random() < 0.3 else 0.0
        return cls(lower, lower and rng.random() < 0.5, rng.choice((0.0, 0.0, 0.3, 0.7)), laugh)

    def write(self, text: str, others: list[str], rng: Random) -> list[str]:
        """The lines in which `text` is sent; some of its `@user` become mentions of `others`, the rest are dropped."""
        mentions = [f"@{name}" for name in others] or [""]
        text = MENTION.sub(lambda _: rng.choice(mentions) if rng.random() < 0.4 else "", text).strip() or "hey"
        if self.lower:
            text = text.lower()
        if self.bare:
            text = text.replace("'", "")
        lines = re.split(r"(?<=[.!?]) +", text) if rng.random() < self.burst else [text]
        if self.lower:
            lines = [line[:-1] if line.endswith(".") and not line.endswith("..") else line for line in lines]
        if rng.random() < self.laugh:
            lines[-1] = f"{lines[-1]} {rng.choice(TAILS)}" if rng.random() < 0.7 else lines[-1]
            lines += [rng.choice(TAILS)] if rng.random() < 0.4 else []
        return lines


def transcript(conversation: Conversation, rng: Random) -> Document:
    """The conversation as a chat in the prompt template; `rng` decides names, style, and what part of it is kept."""
    turns = list(conversation.turns)
    if rng.random() < 0.5 and len(turns) > 8:  # begin in the middle
        turns = turns[rng.randrange(len(turns) // 2) :]
    if rng.random() < 0.08:  # one speaker's side
        turns = [turn for turn in turns if turn[0] == turns[0][0]]
    speakers = list(dict.fromkeys(speaker for speaker, _ in turns))
    names = dict(zip(speakers, draw_names(rng, len(speakers)), strict=True))
    style = TypingStyle.draw(rng, conversation.source)
    others = {speaker: [name for name in names.values() if name != names[speaker]] for speaker in speakers}
    lines = [(names[speaker], line) for speaker, text in turns for line in style.write(text, others[speaker], rng)]
    return Document("".join(f"{name}: {line}\n" for name, line in lines))


def small_talk(share: float, characters: int, seed: int) -> list[Document]:
    """Transcripts of hand-written small talk that make up `share` of all text beside `characters` of other text."""
    rng, remaining, documents = Random(f"replay/{seed}"), share / (1 - share) * characters, list[Document]()
    while remaining > 0:
        documents.append(transcript(Conversation(SMALL_TALK, draw_conversation(rng)), rng))
        remaining -= len(documents[-1].text)
    return documents
