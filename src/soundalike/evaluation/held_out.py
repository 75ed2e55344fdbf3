"""Held-out conversations -> scenes: what stood before each of the owner's windows, and what they really said.

A scene is a window of four of the owner's messages in the turns in which they were said. Everything before a turn,
also the owner's own lines, is as it really was, so that a clone answers the same contexts as the person did, window
for window. What the owner says word for word as in what was learned from stands in those contexts too, but nobody is
scored on it. In an export of one's own lines alone the whole conversation is one turn: the context is one's own lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from soundalike.clone import Clone
from soundalike.errors import CloneError, RecipeError
from soundalike.importing.documents import SPLITS, Documents, DocumentSettings, build
from soundalike.messages import Corpus
from soundalike.metrics.char_ngrams import words
from soundalike.metrics.repetition import COPIED_WORDS
from soundalike.metrics.windows import SIZE, MessageWindows, cut_windows
from soundalike.training.recipe import Recipe

HISTORY = 40  # lines before a turn that a voice gets: more than its window holds
CAP = 4  # windows of one conversation: many conversations tell more than one long one


@dataclass(frozen=True, slots=True)
class DialogueLine:
    """One message of a conversation; `again` where it is held out and stands word for word in what was learned from."""

    name: str
    me: bool
    text: str
    again: bool = False

    @property
    def scored(self) -> bool:
        """Whether it is the owner's and says something of how well they are known, not only remembered."""
        return self.me and not self.again


Conversation = list[DialogueLine]


@dataclass(frozen=True, slots=True)
class HeldOutTurn:
    """The lines before, oldest first, and what the owner said then until somebody else spoke."""

    history: list[tuple[str, str]]
    real: list[str]


@dataclass(frozen=True, slots=True)
class HeldOutScene:
    """One window's turns; `group` is the number of its conversation."""

    turns: list[HeldOutTurn]
    group: int


def conversations(clone: Clone) -> tuple[dict[str, list[Conversation]], Documents]:
    """The clone's conversations by split, in order of time, cut as its documents were; and those documents.

    `CloneError` where the messages cannot be read.
    """
    corpus = Corpus(clone.messages(), clone.authors())
    built = build(corpus, document_settings(clone))
    names = {author: head.removesuffix(": ") for author, head in built.heads.items()}
    rows = [
        DialogueLine(built.speaker if me else names[author] or "friend", me, text.replace("\n\t", "\n"))
        for author, me, text in built.lines.select("author", "me", "text").iter_rows()
    ]
    ordered = built.frame.group_by("conversation", maintain_order=True)
    spans = ordered.agg(pl.col("split", "started_at").first(), pl.col("first").min(), pl.col("messages").sum())
    found: dict[str, list[Conversation]] = {split: [] for split in SPLITS}
    for split, first, count in spans.sort("started_at").select("split", "first", "messages").iter_rows():
        found[split].append(rows[first : first + count])
    return _marked(found), built


def document_settings(clone: Clone) -> DocumentSettings:
    """How the clone's documents were cut; `CloneError` where clone.toml does not say so."""
    try:
        return Recipe.from_table({"documents": clone.manifest()["documents"]}).documents
    except RecipeError as error:
        raise CloneError(f"In {clone.manifest_path}: {error.what}", "Import again.") from error


def _marked(found: dict[str, list[Conversation]]) -> dict[str, list[Conversation]]:
    """With `again` set in the held-out parts; a message of fewer than COPIED_WORDS words is anybody's."""
    learned = {_spoken(line.text) for chat in found["train"] for line in chat if line.me}

    def mark(line: DialogueLine) -> DialogueLine:
        said = _spoken(line.text)
        return replace(line, again=line.me and len(said) >= COPIED_WORDS and said in learned)

    held_out = {split: [list(map(mark, chat)) for chat in found[split]] for split in SPLITS[1:]}
    return {**found, **held_out}


def _spoken(text: str) -> tuple[str, ...]:
    return tuple(words(text))


def count_unscored(chats: Sequence[Conversation]) -> int:
    """How many of the owner's held-out messages are not scored."""
    return sum(line.again for chat in chats for line in chat)


def own_messages(chats: Sequence[Conversation]) -> list[list[str]]:
    """The owner's messages of each conversation, those that say something again too."""
    return [[line.text for line in chat if line.me] for chat in chats]


def own_windows(chats: Sequence[Conversation]) -> MessageWindows:
    """The owner's windows, of the messages that are scored."""
    return cut_windows([[line.text for line in chat if line.scored] for chat in chats])


def others_windows(chats: Sequence[Conversation]) -> list[MessageWindows]:
    """The windows of everybody else, a person each."""
    names = sorted({line.name for chat in chats for line in chat if not line.me})
    return [cut_windows([[line.text for line in chat if line.name == name] for chat in chats]) for name in names]


def scenes(chats: Sequence[Conversation], most: int, seed: int = 0) -> list[HeldOutScene]:
    """At most about `most` scenes of conversations drawn by `seed`, at most CAP of each, in order of time."""
    chosen: dict[int, list[HeldOutScene]] = {}
    for group in np.random.default_rng(seed).permutation(len(chats)).tolist():
        if sum(map(len, chosen.values())) >= most:
            break
        chosen[group] = _scenes(chats[group], group)[:CAP]
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
            before = chat[max(0, at - HISTORY) : at]
            turns.append(HeldOutTurn([(line.name, line.text) for line in before], [chat[at].text]))
    return turns


def real_windows(played: Sequence[HeldOutScene]) -> MessageWindows:
    """What the owner really said in these scenes."""
    texts = [tuple(text for turn in scene.turns for text in turn.real) for scene in played]
    return MessageWindows(texts, np.array([scene.group for scene in played], np.int64))
