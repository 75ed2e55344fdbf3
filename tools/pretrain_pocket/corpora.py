"""Conversation corpora as transcripts to pretrain on.

Reads a folder of `*.jsonl.gz`, one conversation a row: {"source", "thread", "turns": [[speaker, text], ...]}. Two in a
hundred conversations, chosen by hash, are held out and never trained on.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random

from soundalike.clone.document import Document
from soundalike.pocket.dialogues import draw_conversation
from soundalike.pocket.names import draw_names
from soundalike.pocket.transcripts import SMALL_TALK, Conversation, Turn, transcript
from tools.pretrain_pocket.cleaning import clean, is_spam

HELD_OUT_SHARE = 0.02
DRAWN = 60_000  # conversations drawn from the hand-written small talk


@dataclass
class Corpora:
    """Conversations to train on and held-out ones, by corpus."""

    train: dict[str, list[Conversation]] = field(default_factory=dict)
    held_out: dict[str, list[Conversation]] = field(default_factory=dict)


def read(folder: Path) -> Corpora:
    """All corpora in `folder`, cleaned and without exact duplicates, and the hand-written small talk."""
    corpora, known, seen = Corpora(), set[tuple[Turn, ...]](), Counter[str]()
    for path in sorted(folder.glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz")
        corpora.train[name], corpora.held_out[name] = [], []
        for thread, turns in _rows(path):
            kept = tuple(turn for turn in clean(name, turns) if not is_spam(turn[1], seen))
            if len(kept) < 2 or kept in known:
                continue
            known.add(kept)
            side = corpora.held_out if _held_out(name, thread) else corpora.train
            side[name].append(Conversation(name, kept))
    rng = Random(SMALL_TALK)
    corpora.train[SMALL_TALK] = [Conversation(SMALL_TALK, draw_conversation(rng)) for _ in range(DRAWN)]
    return corpora


def _rows(path: Path) -> Iterator[tuple[str, list[Turn]]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield str(row["thread"]), [(int(speaker), str(text)) for speaker, text in row["turns"]]


def _held_out(name: str, thread: str) -> bool:
    return int.from_bytes(sha256(f"{name}/{thread}".encode()).digest()[:4]) < HELD_OUT_SHARE * 2**32


def plain(conversation: Conversation) -> Document:
    """The conversation unchanged, with fixed names, for measuring held-out bits per byte."""
    names = draw_names(Random(len(conversation.turns)), 1 + max(speaker for speaker, _ in conversation.turns))
    return Document("".join(f"{names[speaker]}: {text}\n" for speaker, text in conversation.turns))


def chunks(corpora: Corpora, seed: int, conversations: int, shares: Mapping[str, float]) -> Iterator[list[Document]]:
    """Endless chunks of about `conversations` transcripts, with each corpus's share of the text as in `shares`.

    Chunk n depends on `seed` and n only, so a resumed run continues where it stopped.
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
    """How many conversations of each corpus a chunk has, so that its share of characters is the one in `shares`.

    A corpus that is missing in `shares` gets an equal share; one with a share of 0 is left out.
    """
    pools = {name: pool for name, pool in corpora.train.items() if pool}
    size = {name: sum(len(text) for c in pool for _, text in c.turns) / len(pool) for name, pool in pools.items()}
    weight = {name: shares.get(name, 1 / len(size)) / size[name] for name in size}
    total = sum(weight.values())
    return {name: max(1, round(conversations * w / total)) for name, w in weight.items() if w}


@cache
def _shuffled(count: int, key: str) -> list[int]:
    order = list(range(count))
    Random(key).shuffle(order)
    return order
