"""What is judged: held-out contexts with the owner's real reply and the clone's, in arena.json of the clone folder.

The contexts and the clone's replies are those of the evaluation: the test part, the voice's own sampling, as many
messages as the owner wrote.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
import orjson
from pydantic import TypeAdapter, ValidationError

from soundalike.clone import Clone
from soundalike.clone.report_names import ARENA_PAIRS
from soundalike.errors import CloneError, TooLittleText
from soundalike.evaluation.held_out import MOST_WINDOWS, HeldOutScene, HeldOutTurn, conversations, held_out_scenes
from soundalike.evaluation.replies import SceneProgress, answer_scenes
from soundalike.evaluation.voice_identity import IdentifiedVoice, identity
from soundalike.plain import plain
from soundalike.progress import OnProgress
from soundalike.redact import redact_text

FILE = ARENA_PAIRS
PAIRS, SEED = 40, 1
CONVERSATIONS = 2  # that are looked at for each pair: in some nothing stands before the owner's messages
CONTEXT = 8  # lines before the reply that are shown

Line = tuple[str, str]  # name, text


@dataclass(frozen=True, slots=True)
class ArenaPair:
    """The lines before a reply, the owner's `real` messages, the `clone`'s, and whether the owner `released` them."""

    id: str
    context: list[Line]
    real: list[str]
    clone: list[str]
    released: bool = False


@dataclass(frozen=True, slots=True)
class ArenaPairs:
    """The pairs of one voice, which is told by its `identity`; `secret` decides which reply stands first."""

    owner: str
    identity: dict[str, str]
    secret: str
    pairs: list[ArenaPair]

    @property
    def released(self) -> list[ArenaPair]:
        """Those that judges may see."""
        return [pair for pair in self.pairs if pair.released]

    def with_release(self, pair: str, released: bool) -> "ArenaPairs":
        """The same with the pair of this id released, or taken back; `KeyError` where there is none."""
        if all(one.id != pair for one in self.pairs):
            raise KeyError(pair)
        return replace(self, pairs=[replace(one, released=released) if one.id == pair else one for one in self.pairs])


def load_pairs(clone: Clone) -> ArenaPairs | None:
    """The pairs of the voice as it is now, or None; `CloneError` where the file is damaged."""
    found: Any = clone.report(FILE)
    if found is None:
        return None
    try:
        pairs = TypeAdapter(ArenaPairs).validate_python(found)
    except ValidationError as error:
        do = "Delete it and prepare new pairs: soundalike arena"
        raise CloneError(f"{clone.root / FILE} is damaged: {error.errors()[0]['msg']}.", do) from error
    return pairs if pairs.identity == identity(clone) else None


def save_pairs(clone: Clone, pairs: ArenaPairs) -> None:
    """Write arena.json; `CloneError` where another process has the folder."""
    with clone.locked("soundalike arena"):
        _write(clone, pairs)


def _write(clone: Clone, pairs: ArenaPairs) -> None:
    clone.write({FILE: orjson.dumps(plain(pairs), option=orjson.OPT_INDENT_2)})


def prepare_pairs(clone: Clone, count: int = PAIRS, on_progress: OnProgress = lambda done, of: None) -> ArenaPairs:
    """Let the voice answer held-out contexts and save the pairs, none of them released.

    A reply that is the real one word for word decides nothing and is left out. `TooLittleText` without any pair,
    `CloneError` without a voice, and where the clone has another one at the end.
    """
    loaded = IdentifiedVoice.load(clone.root)
    chats, _ = conversations(clone)
    loaded.require_unchanged()
    asked = _scenes(held_out_scenes(chats["test"], MOST_WINDOWS * CONVERSATIONS * count), count)
    progress = SceneProgress(on_progress, len(asked))
    (windows,) = answer_scenes(loaded.voice, asked, (SEED,), progress.add)
    turns = [scene.turns[0] for scene in asked]
    pairs = list(_pairs(turns, [list(messages) for messages in windows.messages]))
    if not pairs:
        what = "The held-out part has no reply with something before it that the voice would answer differently."
        raise TooLittleText(what, "Import more of your messages.")
    made = ArenaPairs(loaded.voice.owner, loaded.identity, secrets.token_hex(16), pairs)
    with clone.locked("soundalike arena"):
        loaded.require_unchanged()
        _write(clone, made)
    return made


def _scenes(scenes: Sequence[HeldOutScene], count: int) -> list[HeldOutScene]:
    """So many answers, drawn by chance, in order of time, one of a conversation: the context of another would hold the
    real reply."""
    chance = np.random.default_rng(SEED)
    answers = [one for scene in scenes if (one := _first_answer(scene))]
    by_conversation = {answers[at].group: answers[at] for at in chance.permutation(len(answers)).tolist()}
    groups = chance.permutation(sorted(by_conversation))[:count].tolist()
    return [by_conversation[group] for group in sorted(groups)]


def _first_answer(scene: HeldOutScene) -> HeldOutScene | None:
    """The scene cut to its first turn that answers something; None without one."""
    turn = next((turn for turn in scene.turns if turn.history), None)
    return replace(scene, turns=[turn]) if turn else None


def _pairs(turns: Sequence[HeldOutTurn], replies: Sequence[list[str]]) -> Iterator[ArenaPair]:
    """A masked pair of each turn that the voice answered in full."""
    for turn, reply in zip(turns, replies, strict=True):
        context = [(name, _mask(text)) for name, text in turn.history[-CONTEXT:]]
        real, clone = [_mask(text) for text in turn.real], [_mask(text) for text in reply]
        if len(real) == len(clone) and real != clone:
            key = sha256(orjson.dumps([context, real, clone])).hexdigest()[:16]
            yield ArenaPair(key, context, real, clone)


def _mask(text: str) -> str:
    return redact_text(text)[0]
