"""Held-out conversations -> scenes: what stood before each of the owner's windows, and what they really wrote.

A scene is a window of four of the owner's messages in the turns in which they were written. Everything before a turn,
the owner's own lines too, is as it really was, so that a clone answers the same contexts as the person did, window for
window. A message that the owner had already written word for word in the training part stays in those contexts, but
nobody is scored on it. In an export of one's own lines alone the whole conversation is one turn: the context is one's
own lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from soundalike.clone import Clone
from soundalike.errors import CloneError, RecipeError
from soundalike.importing.document_settings import SPLITS, DocumentSettings
from soundalike.importing.documents import Documents, build
from soundalike.messages import Corpus
from soundalike.metrics.ngram_index import MessageIndex
from soundalike.metrics.windows import SIZE, MessageWindows, cut_windows
from soundalike.prompt_template import parse
from soundalike.training.recipe import Recipe

HISTORY = 40  # lines before a turn that a voice gets: more than its window holds
MOST_WINDOWS = 4  # of one conversation: many conversations show more than one long one


@dataclass(frozen=True, slots=True)
class DialogueLine:
    """One message of a conversation; `in_training`: it is held out, and one of the training part word for word.

    `quoted` is the older message that it replies to, as (name, text), where that is not near.
    """

    name: str
    me: bool
    text: str
    in_training: bool = False
    quoted: tuple[str, str] | None = None

    @property
    def scored(self) -> bool:
        """Whether it is the owner's and shows how well they are known, not only what is remembered."""
        return self.me and not self.in_training


Conversation = list[DialogueLine]


@dataclass(frozen=True, slots=True)
class HeldOutTurn:
    """The lines before as (name, text), oldest first, and what the owner wrote then until somebody else did."""

    history: list[tuple[str, str]]
    real: list[str]


@dataclass(frozen=True, slots=True)
class HeldOutScene:
    """One window's turns; `group` is the number of its conversation."""

    turns: list[HeldOutTurn]
    group: int

    def answers(self, messages: Sequence[str]) -> list[tuple[HeldOutTurn, Sequence[str]]]:
        """The messages of a window by the turn that they answer: as many as the owner wrote in it.

        A turn for which none is left is left out.
        """
        cuts = np.cumsum([0, *(len(turn.real) for turn in self.turns)])
        parts = [(turn, messages[start:end]) for turn, start, end in zip(self.turns, cuts, cuts[1:], strict=False)]
        return [(turn, part) for turn, part in parts if part]


def conversations(clone: Clone) -> tuple[dict[str, list[Conversation]], Documents]:
    """The clone's conversations by split, in order of time, cut as its documents were; and those documents.

    `CloneError` where the messages cannot be read.
    """
    built = build(Corpus(clone.messages(), clone.authors()), document_settings(clone))
    names = {author: head.removesuffix(": ") for author, head in built.heads.items()}
    rows = [
        DialogueLine(
            built.speaker if me else names[author] or "friend",
            me,
            text.replace("\n\t", "\n"),
            quoted=next(iter(parse(quoted, built.tagged)), None),
        )
        for author, me, text, quoted in built.lines.select("author", "me", "text", "quoted").iter_rows()
    ]
    ordered = built.frame.group_by("conversation", maintain_order=True)
    spans = ordered.agg(pl.col("split", "started_at").first(), pl.col("first").min(), pl.col("messages").sum())
    found: dict[str, list[Conversation]] = {split: [] for split in SPLITS}
    for split, first, count in spans.sort("started_at").select("split", "first", "messages").iter_rows():
        found[split].append(rows[first : first + count])
    return mark_repeats(found), built


def document_settings(clone: Clone) -> DocumentSettings:
    """How the clone's documents were cut; `CloneError` where clone.toml does not hold valid settings."""
    try:
        return Recipe.from_table({"documents": clone.manifest()["documents"]}).documents
    except RecipeError as error:
        raise CloneError(f"In {clone.manifest_path}: {error.what}", "Import again.") from error


def mark_repeats(found: dict[str, list[Conversation]]) -> dict[str, list[Conversation]]:
    """Conversations by split, with `in_training` set in the held-out parts."""
    learned = MessageIndex([line.text for chat in found["train"] for line in chat if line.me])

    def mark(line: DialogueLine) -> DialogueLine:
        return replace(line, in_training=line.me and bool(learned.is_message(line.text)))

    held_out = {split: [list(map(mark, chat)) for chat in found[split]] for split in SPLITS[1:]}
    return {**found, **held_out}


def count_unscored(chats: Sequence[Conversation]) -> int:
    """How many of the owner's held-out messages are not scored."""
    return sum(line.in_training for chat in chats for line in chat)


def own_messages(chats: Sequence[Conversation]) -> list[str]:
    """All of the owner's messages, those that are not scored too."""
    return [line.text for chat in chats for line in chat if line.me]


def own_windows(chats: Sequence[Conversation]) -> MessageWindows:
    """The owner's windows, of the messages that are scored."""
    return cut_windows([[line.text for line in chat if line.scored] for chat in chats])


def others_windows(chats: Sequence[Conversation]) -> list[MessageWindows]:
    """The windows of everybody else, one object per person."""
    names = sorted({line.name for chat in chats for line in chat if not line.me})
    return [cut_windows([[line.text for line in chat if line.name == name] for chat in chats]) for name in names]


def held_out_scenes(chats: Sequence[Conversation], most: int, seed: int = 0) -> list[HeldOutScene]:
    """About `most` scenes of conversations drawn by `seed`, at most MOST_WINDOWS of each, in order of time."""
    chosen: dict[int, list[HeldOutScene]] = {}
    for group in np.random.default_rng(seed).permutation(len(chats)).tolist():
        if sum(map(len, chosen.values())) >= most:
            break
        chosen[group] = _scenes(chats[group], group)[:MOST_WINDOWS]
    return [scene for group in sorted(chosen) for scene in chosen[group]]


def _scenes(chat: Conversation, group: int) -> list[HeldOutScene]:
    mine = [at for at, line in enumerate(chat) if line.scored]
    starts = range(0, len(mine) - SIZE + 1, SIZE)
    return [HeldOutScene(_turns(chat, mine[start : start + SIZE]), group) for start in starts]


def _turns(chat: Conversation, places: Sequence[int]) -> list[HeldOutTurn]:
    turns: list[HeldOutTurn] = []
    for number, at in enumerate(places):
        if number and places[number - 1] == at - 1:
            turns[-1].real.append(chat[at].text)
        else:
            before = [
                said for line in chat[max(0, at - HISTORY) : at] for said in (line.quoted, (line.name, line.text))
            ]
            turns.append(HeldOutTurn([said for said in (*before, chat[at].quoted) if said], [chat[at].text]))
    return turns


def real_windows(scenes: Sequence[HeldOutScene]) -> MessageWindows:
    """What the owner really wrote in these scenes."""
    texts = [tuple(text for turn in scene.turns for text in turn.real) for scene in scenes]
    return MessageWindows(texts, np.array([scene.group for scene in scenes], np.int64))
