"""Conversation corpora -> transcripts to pretrain on.

Reads a folder of `*.jsonl.gz`, a conversation a row: {"source", "thread", "turns": [[speaker, text], ...]}.
Cleans what nobody types in a chat, gives the speakers names, and shapes conversations as chats are: lower
case, bursts, monologues. Two in a hundred conversations, chosen by hash, are held out and never trained on.
"""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random

from soundalike.clone.document import Document
from soundalike.pocket import scenes
from soundalike.pocket.names import cast

HELD_OUT_SHARE = 0.02
SMALL_TALK = "small_talk"
# Shares of the text seen. `even` made the first part of pocket, `chat` went on with the scenes and less help, and
# `talk` and then `friends` were the last parts, while the rate falls: the most like a chat among friends.
MIXTURES = {
    "even": {
        "self_dialogue": 0.34,
        "topical_chat": 0.14,
        "gitter": 0.24,
        "critical_role": 0.18,
        "ubuntu_irc": 0.10,
        SMALL_TALK: 0.0,
    },
    "chat": {
        "self_dialogue": 0.28,
        "topical_chat": 0.12,
        "gitter": 0.17,
        "critical_role": 0.14,
        "ubuntu_irc": 0.09,
        SMALL_TALK: 0.20,
    },
    "talk": {
        "self_dialogue": 0.26,
        "topical_chat": 0.11,
        "gitter": 0.11,
        "critical_role": 0.12,
        "ubuntu_irc": 0.06,
        SMALL_TALK: 0.34,
    },
    "friends": {
        "self_dialogue": 0.20,
        "topical_chat": 0.09,
        "gitter": 0.08,
        "critical_role": 0.08,
        "ubuntu_irc": 0.05,
        SMALL_TALK: 0.50,
    },
}
SCENES = 60_000  # conversations drawn from the hand-written scenes
SPOKEN = {"critical_role"}  # transcribed speech, told by its "(laughs)" and its dashes

STAGE = re.compile(r"\s*[(\[](?:[a-z' -]{3,40})[)\]]")
CUT_OFF = re.compile(r"\s*--+\s*$")  # how a transcriber marks a speaker who was interrupted
DASH = re.compile(r"\s*--+\s*")
CODE = re.compile(r"```|^\W{6,}$|[{};=<>\\|]{2}|\w\(\)|</?\w+>|\[!\[|^\s*(?:sudo|npm|git|apt-get) |^\s*[*#>|] ?\S")
HELP_BOT = re.compile(
    r"brownie point|please don't flood|^\W*!\w+|welcome to \w*\s?room|\bfreecodecamp\b", re.IGNORECASE
)
MASK = re.compile(r"<(?:link|code|email|path|file)>|\ufffd")
# Handles that the corpora's own masking missed, and addresses: a word with an underscore or two digits in it,
# unless it is an emoji's name between colons.
HANDLE = re.compile(r"(?<![:\w])[a-z]{2}\w*(?:_|\d\d)\w*(?!\w*:)", re.IGNORECASE)
ADDRESS = re.compile(
    r"https?:|www\.|\w\.(?:com|org|net|io|edu|de)\b|\S@\S+\.\w|\d+\.\d+\.\d+\.\d+|#[a-z]", re.IGNORECASE
)
SLUR = re.compile(
    r"n[i1]gg(?:[e3]r|[a4])|f[a4]gg?[o0]t|\bfags?\b|tr[a4]nn(?:y|ie)|\bk[i1]kes?\b|\bsp[i1]cs?\b|\bcunts?\b|ret[a4]rd",
    re.IGNORECASE,
)
LONG_TURN, SAME_TURNS = 40, 3  # a turn of more characters is kept so many times: beyond, it is spam or a bot
UNWANTED = (CODE, HELP_BOT, MASK, HANDLE, ADDRESS, SLUR)
MENTION = re.compile(r"@user\b[:,]?")

# What chatters put after a line and the corpora hardly hold.
TAILS = (
    "lol lmao haha hahaha tbh ngl omg fr rn imo idk xd ikr lmfao bruh smh wtf 😂 😭 💀 ❤️ 🔥 👀 🙏 😅 🤔 🥺 ✨ 👍 🤷 🙄"
).split()

Turn = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Cleaned turns of one thread."""

    source: str
    turns: tuple[Turn, ...]


@dataclass
class Corpora:
    """Conversations to train on and held-out ones, by corpus."""

    train: dict[str, list[Conversation]] = field(default_factory=dict)
    held_out: dict[str, list[Conversation]] = field(default_factory=dict)


def read(folder: Path) -> Corpora:
    """All corpora in `folder`, cleaned, without exact duplicates."""
    corpora, seen, said = Corpora(), set[tuple[Turn, ...]](), Counter[str]()
    for path in sorted(folder.glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz")
        corpora.train[name], corpora.held_out[name] = [], []
        for thread, turns in _rows(path):
            kept = tuple(turn for turn in clean(name, turns) if not _spam(turn[1], said))
            if len(kept) < 2 or kept in seen:
                continue
            seen.add(kept)
            side = corpora.held_out if _held_out(name, thread) else corpora.train
            side[name].append(Conversation(name, kept))
    rng = Random(SMALL_TALK)
    corpora.train[SMALL_TALK] = [Conversation(SMALL_TALK, scenes.conversation(rng)) for _ in range(SCENES)]
    return corpora


def _spam(text: str, said: Counter[str]) -> bool:
    if len(text) <= LONG_TURN:
        return False
    said[text.casefold()] += 1
    return said[text.casefold()] > SAME_TURNS


def _rows(path: Path) -> Iterator[tuple[str, list[Turn]]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield str(row["thread"]), [(int(who), str(text)) for who, text in row["turns"]]


def _held_out(name: str, thread: str) -> bool:
    return int.from_bytes(sha256(f"{name}/{thread}".encode()).digest()[:4]) < HELD_OUT_SHARE * 2**32


def clean(source: str, turns: list[Turn]) -> Iterator[Turn]:
    """The turns that a friend could have typed: no stage directions, code, help-bots, masks, handles or slurs."""
    for who, text in turns:
        if source in SPOKEN:
            text = DASH.sub("... ", CUT_OFF.sub("", STAGE.sub("", text)))
        if any(pattern.search(text) for pattern in UNWANTED):
            continue
        text = " ".join(text.replace("\\n", " ").replace('""', '"').split())
        if text.count('"') % 2:
            text = text.strip('"')
        if text and text != "@user":
            yield who, text


def transcript(conversation: Conversation, rng: Random) -> Document:
    """One way to write the conversation down as a chat; another `rng`, another way."""
    turns = list(conversation.turns)
    if rng.random() < 0.5 and len(turns) > 8:
        turns = turns[rng.randrange(len(turns) // 2) :]
    if rng.random() < 0.08:
        turns = [turn for turn in turns if turn[0] == turns[0][0]]
    speakers = list(dict.fromkeys(who for who, _ in turns))
    names = dict(zip(speakers, cast(rng, len(speakers)), strict=True))
    style = Style.draw(rng, conversation.source)
    others = {who: [name for name in names.values() if name != names[who]] for who in speakers}
    lines = [(names[who], line) for who, text in turns for line in style.write(text, others[who], rng)]
    return Document("".join(f"{name}: {line}\n" for name, line in lines))


def small_talk(share: float, characters: int, seed: int) -> list[Document]:
    """Transcripts of hand-written scenes that make up `share` of all text beside so many other `characters`."""
    rng, wanted, written = Random(f"replay/{seed}"), share / (1 - share) * characters, list[Document]()
    while wanted > 0:
        written.append(transcript(Conversation(SMALL_TALK, scenes.conversation(rng)), rng))
        wanted -= len(written[-1].text)
    return written


def plain(conversation: Conversation) -> Document:
    """The conversation as it stands, with fixed names: what held-out bits per byte are measured on."""
    names = cast(Random(len(conversation.turns)), 1 + max(who for who, _ in conversation.turns))
    return Document("".join(f"{names[who]}: {text}\n" for who, text in conversation.turns))


@dataclass(frozen=True, slots=True)
class Style:
    """How one conversation is typed."""

    lower: bool
    bare: bool
    burst: float
    laugh: float

    @classmethod
    def draw(cls, rng: Random, source: str) -> "Style":
        """Lower case weighs more where the corpus is edited prose than where people typed."""
        lower = rng.random() < (0.2 if source in {"gitter", "ubuntu_irc"} else 0.5)
        laugh = rng.choice((0.04, 0.1)) if lower and rng.random() < 0.3 else 0.0
        return cls(lower, lower and rng.random() < 0.5, rng.choice((0.0, 0.0, 0.3, 0.7)), laugh)

    def write(self, text: str, others: list[str], rng: Random) -> list[str]:
        """The lines in which a chatter sends `text`, mentioning `others` here and there."""
        named = [f"@{name}" for name in others] or [""]
        text = MENTION.sub(lambda _: rng.choice(named) if rng.random() < 0.4 else "", text).strip() or "hey"
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


def chunks(corpora: Corpora, seed: int, conversations: int, shares: Mapping[str, float]) -> Iterator[list[Document]]:
    """Endless chunks of about `conversations` transcripts, each corpus holding its share of the text.

    Chunk n depends on `seed` and n alone, so a resumed run reads on where it stopped.
    """
    counts = _per_chunk(corpora, conversations, shares)
    number = 0
    while True:
        rng = Random(f"{seed}/{number}")
        chosen: list[Document] = []
        for name, count in counts.items():
            pool = corpora.train[name]
            for place in range(number * count, (number + 1) * count):
                lap, at = divmod(place, len(pool))
                chosen.append(transcript(pool[_shuffled(len(pool), f"{seed}/{name}/{lap}")[at]], rng))
        rng.shuffle(chosen)
        yield chosen
        number += 1


def _per_chunk(corpora: Corpora, conversations: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Conversations of each corpus in a chunk, so that its share of characters comes out as `shares` says.

    A corpus that `shares` does not name counts as one of equals; one that it leaves at 0 has no part.
    """
    pools = {name: pool for name, pool in corpora.train.items() if pool}
    size = {name: sum(len(text) for c in pool for _, text in c.turns) / len(pool) for name, pool in pools.items()}
    weight = {name: shares.get(name, 1 / len(size)) / size[name] for name in size}
    total = sum(weight.values())
    return {name: max(1, round(conversations * w / total)) for name, w in weight.items() if w}


_orders: dict[str, list[int]] = {}


def _shuffled(count: int, key: str) -> list[int]:
    if key not in _orders:
        _orders[key] = list(range(count))
        Random(key).shuffle(_orders[key])
    return _orders[key]
