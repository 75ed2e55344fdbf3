"""Scenes and the replies to them -> what the judge is shown: figures of each window, and its n-grams.

The judge reads. Beside style it sees how odd a language model that never saw the owner finds the words, and whether
they belong to what stands before them. Whether a message is one of the owner's word for word it does not see: that is
copying, which is measured by itself.
"""

from collections.abc import Sequence

import numpy as np

from soundalike.engines import load
from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.held_out import HeldOutScene
from soundalike.evaluation.replies import OnScenes
from soundalike.evaluation.reply_surprisal import MessageSurprisal, reply_surprisals
from soundalike.generation.voice import Voice
from soundalike.metrics.char_ngrams import count_ngrams
from soundalike.metrics.discriminator import JudgedReplies
from soundalike.metrics.windows import MessageWindows
from soundalike.metrics.words import mask

JUDGE = "pocket"  # the same for every clone, so that figures of clones of different bases can be compared
CHUNK = 16  # scenes read at a time, so that progress can be shown
HARDEST = 8  # one in so many words: those that the model finds oddest

COLUMNS = (
    "bits", "bits spread", "word", "hardest words", "word spread", "end", "hardest end", "first token", "slope", "sum",
)  # fmt: skip


class ReplyReader:
    """Reads replies for the judge, with the built-in base as the language model that never saw the owner."""

    def __init__(self, held_out: EvaluationSet) -> None:
        self.held_out = held_out
        self._model = Voice(load(JUDGE), held_out.owner)

    def read(
        self,
        scenes: Sequence[HeldOutScene],
        systems: Sequence[MessageWindows],
        on_scenes: OnScenes = lambda scenes: None,
        on_windows: OnScenes = lambda windows: None,
    ) -> list[JudgedReplies]:
        """What the judge sees of each system's windows, which answer `scenes`; zeros of a window without messages.

        `on_scenes` is called with scenes that were read, `on_windows` with systems' windows that were described.
        """
        surprisals: list[list[list[MessageSurprisal]]] = [[] for _ in systems]
        for start in range(0, len(scenes), CHUNK):
            some = range(start, min(start + CHUNK, len(scenes)))
            read = reply_surprisals(self._model, scenes[start : some.stop], [one.take(some) for one in systems])
            for sofar, more in zip(surprisals, read, strict=True):
                sofar += more
            on_scenes(len(some))
        judged = []
        for windows, messages in zip(systems, surprisals, strict=True):
            judged.append(self._judged(scenes, windows, messages))
            on_windows(1)
        return judged

    def _judged(
        self, scenes: Sequence[HeldOutScene], windows: MessageWindows, surprisals: Sequence[list[MessageSurprisal]]
    ) -> JudgedReplies:
        answers = [
            [([text for _, text in turn.history], messages) for turn, messages in scene.answers(written)]
            for scene, written in zip(scenes, windows.messages, strict=True)
        ]
        odd = np.array([_of_surprisals(messages) for messages in surprisals])  # (windows, COLUMNS)
        features = np.hstack([odd, self.held_out.reply_context.features(answers)])
        ngrams = count_ngrams([mask(text, self.held_out.common) for text in windows.texts])
        return JudgedReplies(features, ngrams, windows.groups)


def _of_surprisals(messages: Sequence[MessageSurprisal]) -> list[float]:
    """COLUMNS of one window: how odd its words and ends are, and how that runs on."""
    if not messages:
        return [0.0] * len(COLUMNS)
    sizes, texts, ends = (np.array([getattr(one, name) for one in messages]) for name in ("size", "text", "end"))
    words = np.sort(np.concatenate([one.words for one in messages])) if any(len(m.words) for m in messages) else ends
    half = max(1, len(messages) // 2)
    begun, later = texts[:half].sum() / sizes[:half].sum(), texts[half:].sum() / max(sizes[half:].sum(), 1)
    return [
        texts.sum() / sizes.sum(), (texts / sizes).std(), words.mean(), words[-max(1, len(words) // HARDEST) :].mean(),
        words.std(), ends.mean(), ends.max(), float(np.mean([one.first for one in messages])), later - begun,
        float(np.log1p(texts.sum())),
    ]  # fmt: skip
