"""A clone's documents in an instruct model's own chat format (ChatML), learned and answered in it.

The owner's lines are the assistant's, everybody else's the user's, with names in front; lines in a row are one turn.

    <|im_start|>system
    You are NAME, chatting with friends.<|im_end|>
    <|im_start|>user
    kim: are you coming?<|im_end|>
    <|im_start|>assistant
    yes
    in ten<|im_end|>
"""

import math
import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from soundalike import engines
from soundalike.clone import Clone
from soundalike.clone.document import Document
from soundalike.engines.protocol import Engine
from soundalike.engines.tokenizer import FileTokenizer
from soundalike.generation.batch import generate
from soundalike.generation.sampling import Sampling
from soundalike.prompt_template import parse
from soundalike.training.packing import DocumentPart, pack
from soundalike.training.recipe import Recipe
from soundalike.training.schedule import batch_rows, learning_rate

TURN_LINES = 8  # of one speaker in a row; the lines after them are another turn
REPLY_TOKENS = 96
Turn = tuple[bool, str, float]  # whether it is the owner's, what it says, its weight in the loss


class ChatVoice:
    """An engine that speaks for `owner` in ChatML; `LookupError` if its tokenizer has not the tokens for it."""

    def __init__(self, engine: Engine, owner: str) -> None:
        if not isinstance(engine.tokenizer, FileTokenizer):
            raise LookupError("The tokenizer is of no file.")
        self.engine, self.owner = engine, owner
        self._fast = engine.tokenizer.fast
        self._start, self._end = map(self._token, ("<|im_start|>", "<|im_end|>"))

    def _token(self, text: str) -> int:
        if (number := self._fast.token_to_id(text)) is None:
            raise LookupError(f"The tokenizer has no token {text}.")
        return int(number)

    def _encode(self, text: str) -> list[int]:
        return self.engine.tokenizer.encode([text])[0]

    def _begin(self, role: str) -> list[int]:
        return [self._start, *self._encode(f"{role}\n")]

    def _turn(self, role: str, text: str) -> list[int]:
        return [*self._begin(role), *self._encode(text), self._end, *self._encode("\n")]

    def _system(self) -> list[int]:
        return self._turn("system", f"You are {self.owner}, chatting with friends.")

    def parts(self, documents: Sequence[Document], window: int) -> Iterator[DocumentPart]:
        """The documents in parts of at most `window` tokens, cut between turns; a longer turn is cut off."""
        opening = self._system()
        for document in documents:
            tokens, weights = list(opening), [0.0] * len(opening)
            for me, text, weight in turns(document, self.owner):
                turn = self._turn("assistant" if me else "user", text)[: window - len(opening)]
                if len(tokens) + len(turn) > window:
                    yield DocumentPart(np.array(tokens, np.int32), np.array(weights, np.float32))
                    tokens, weights = list(opening), [0.0] * len(opening)
                tokens += turn
                weights += [weight] * len(turn)
            yield DocumentPart(np.array(tokens, np.int32), np.array(weights, np.float32))

    def replies(self, histories: Sequence[Sequence[tuple[str, str]]], sampling: Sampling) -> list[list[str]]:
        """The owner's messages after each history of (name, text) of others."""
        said = ["\n".join(f"{name}: {text}" for name, text in history) for history in histories]
        prompts = [[*self._system(), *self._turn("user", text), *self._begin("assistant")] for text in said]
        drawn: list[list[int]] = [[] for _ in prompts]
        steps = generate(self.engine, prompts, sampling, REPLY_TOKENS)
        ended: set[int] | None = None
        try:
            while True:
                some = steps.send(ended)
                ended = {step.stream for step in some if step.token == self._end}
                for step in some:
                    drawn[step.stream].append(step.token)
        except StopIteration:
            texts = [self.engine.tokenizer.decode(tokens) for tokens in drawn]
        return [[line for line in text.split("\n") if line.strip()] for text in texts]


def turns(document: Document, owner: str) -> Iterator[Turn]:
    """A transcript's turns, at most TURN_LINES lines each."""
    lines = [
        (name == owner, said if name == owner else f"{name}: {said}", weight)
        for text, weight in document.weighted_turns
        for name, said in parse(text)
    ]
    for (me, weight), group in groupby(lines, key=lambda line: (line[0], line[2])):
        some = [said for _, said, _ in group]
        for at in range(0, len(some), TURN_LINES):
            yield me, "\n".join(some[at : at + TURN_LINES]), weight


def learned(clone: Clone, recipe: Recipe) -> ChatVoice:
    """The base of `recipe` after its `iters` steps (one without them) on the clone's documents in its chat format."""
    training, owner = recipe.training, clone.manifest()["clone"]["speaker"]
    voice = ChatVoice(engines.load(recipe.base, None, training), owner)
    batch = pack(list(voice.parts(clone.documents("train"), training.window)), training.window, training.seed)
    iters = training.iters or 1
    rows = max(1, training.step_tokens // training.window)
    for step in range(iters):
        windows = batch.take(batch_rows(step, rows, len(batch), training.seed))
        voice.engine.step(windows, learning_rate(training, step, iters))
    with tempfile.TemporaryDirectory() as folder:
        voice.engine.save(Path(folder))
        return ChatVoice(engines.load(recipe.base, Path(folder)), owner)


def bits_per_byte(voice: ChatVoice, documents: Sequence[Document], window: int, seed: int, windows: int) -> float:
    """Bits over the weighed bytes of messages alone, so that roles, names and ends are paid for by these."""
    batch = pack(list(voice.parts(documents, window)), window, seed)
    nats, weight = voice.engine.loss(batch.take(slice(0, windows)))
    tokens = float(batch.weights.sum())
    said = sum(
        len(text.encode()) * weight
        for document in documents
        for line, weight in document.weighted_turns
        for _, text in parse(line)
    )
    return nats / weight / math.log(2) * tokens / said
