"""Training a clone's voice on its owner's corrections: the new voice stays only if that helped and cost nothing."""

import math
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from soundalike import engines
from soundalike.clone import Clone, corrections, integrity
from soundalike.clone.clone import MANIFEST
from soundalike.clone.corrections import Correction
from soundalike.engines.protocol import Engine
from soundalike.errors import CloneError, TooLittleText, UsageError
from soundalike.metrics.stats import Estimate, percentile_interval
from soundalike.training import versions
from soundalike.training.adapter_store import CURVE
from soundalike.training.dataset import TrainingData
from soundalike.training.loop import ScoreAdapter
from soundalike.training.preference import PreferencePair, learn, margins
from soundalike.training.recipe import Recipe, Training
from soundalike.training.status import AdapterScore

MIN_CORRECTIONS = 4  # corrections to learn from
HELD_OUT_FROM, EVERY = 10, 5  # of so many corrections and more, every fifth is held out
VALID_WINDOWS = 48
MUCH = 1_000  # times; beyond it a number says nothing more
DEARER, LESS_LIKE = 1.01, 0.1  # bits per byte may grow by 1 %, likeness may fall by 0.1 and by what chance explains
READ_MORE = (
    "Train it longer on your messages first, or correct more replies and say what you would have written instead."
)


@dataclass(frozen=True, slots=True)
class CorrectionFigures:
    """A voice before or after: `learned` and `held_out` are mean margins in nats, of the corrections that it learns
    from and of the others, 0 where there are none; `score` is likeness, None where there is too little text for it."""

    learned: float
    held_out: float
    bits_per_byte: float
    score: AdapterScore | None

    def as_dict(self) -> dict[str, Any]:
        """The figures for JSON, without the draws of the score."""
        score = self.score and {"score": self.score.score, "recites": self.score.recites}
        return {"learned": self.learned, "held_out": self.held_out, "bits_per_byte": self.bits_per_byte, "score": score}


@dataclass(frozen=True, slots=True)
class CorrectionResult:
    """How a training on corrections ended: numbers of pairs, the voice before and after, and which of them `stays`."""

    pairs: int
    held_out: int
    before: CorrectionFigures
    after: CorrectionFigures
    stays: str

    def lines(self) -> list[str]:
        """The result in sentences; first what became of the voice."""
        before, after = self.before, self.after
        lines = [
            self.stays,
            f"It learned from {self.pairs} corrections: what was rejected is {_times(after.learned - before.learned)} "
            "than before, beside what was chosen where something was.",
        ]
        if self.held_out:
            gained = _times(after.held_out - before.held_out)
            lines.append(f"In {self.held_out} corrections that it did not learn from it is {gained}.")
        lines.append(
            f"In a check on {VALID_WINDOWS} windows that it did not learn from your words cost it "
            f"{after.bits_per_byte:.3f} bits a byte; before {before.bits_per_byte:.3f}."
        )
        if before.score and after.score:
            change = likeness_change(before.score, after.score)
            lines.append(
                f"In a short check likeness is {after.score.score:.0%}, before {before.score.score:.0%}: the change "
                f"lies between {100 * change.low:+.0f} and {100 * change.high:+.0f} points."
            )
        return lines

    def as_dict(self) -> dict[str, Any]:
        """The result for JSON, with its `sentences`."""
        figures = {"before": self.before.as_dict(), "after": self.after.as_dict()}
        return {
            "pairs": self.pairs,
            "held_out": self.held_out,
            **figures,
            "stays": self.stays,
            "sentences": self.lines(),
        }


def likeness_change(before: AdapterScore, after: AdapterScore) -> Estimate:
    """How much likeness changed in the same scenes, with its interval by their draws; none without draws."""
    change = after.score - before.score
    draws = np.array(after.draws) - np.array(before.draws)
    return percentile_interval(change, draws if len(draws) else np.array([change]), len(draws))


def _times(nats: float) -> str:
    much = f"{math.exp(abs(nats)):.1f}" if abs(nats) < math.log(MUCH) else f"more than {MUCH:,}"
    return f"{much} times {'less' if nats >= 0 else 'more'} likely"


def train_corrections(
    clone: Clone,
    score: ScoreAdapter | None = None,
    on_step: Callable[[int, int], None] = lambda step, steps: None,
) -> CorrectionResult:
    """Train the clone's voice on its corrections; the voice before becomes a version.

    Nothing is written if the new voice treats held-out corrections worse, predicts held-out messages worse, recites, or
    is less like its owner by `score`, beyond what chance explains. `CloneError` for a clone whose voice is missing,
    unfinished or behind its import, `TooLittleText` for fewer corrections than MIN_CORRECTIONS, `UsageError` for an
    engine without weights.
    """
    base, training = _trained(clone)
    kept = corrections.merged(corrections.read(clone))
    if len(kept) < MIN_CORRECTIONS:
        what = f"The clone has {len(kept)} corrections, and fewer than {MIN_CORRECTIONS} show no habit."
        raise TooLittleText(
            what, "Correct more replies, by /no and /yes in soundalike chat.", "Correct more under Talk."
        )
    with clone.locked("training"):
        engine = engines.load(base, clone.intact_adapter(), training)
        if engine.numerics is None:
            raise UsageError(f"{base} counts words and unlearns none.", "Train the clone on a base with weights.")
        run = CorrectionRun(engine, clone, training, kept, score)
        before = run.measure()
        learn(engine, run.learned, run.data.train.batch, training, on_step)
        after = run.measure()
        refused = _refusal(before, after)
        if refused is None:
            _keep_candidate(clone, engine, len(run.learned), after)
    settled = None if refused else versions.resolve_candidate(clone, {}).line()
    return CorrectionResult(len(run.learned), len(run.held_out), before, after, refused or settled or "")


class CorrectionRun:
    """The pairs and the text of one training on corrections."""

    def __init__(
        self, engine: Engine, clone: Clone, training: Training, kept: Sequence[Correction], score: ScoreAdapter | None
    ) -> None:
        self.data = TrainingData.load(clone, engine.tokenizer, training)
        self._engine, self._score, self._window = engine, score, training.window
        sections = clone.manifest()
        about = str(sections["clone"]["speaker"]), bool(sections["documents"]["tagged"]), engine.tokenizer, self._window
        pairs = [PreferencePair.of(one, *about) for one in kept]
        self.held_out = pairs[EVERY - 1 :: EVERY] if len(pairs) >= HELD_OUT_FROM else []
        self.learned = [pair for pair in pairs if pair not in self.held_out]

    def measure(self) -> CorrectionFigures:
        """The figures of the engine as it is now."""
        valid = self.data.valid
        bits = valid.bits_per_byte(*self._engine.loss(valid.batch.take(slice(0, VALID_WINDOWS))))
        score = self._score(self._engine) if self._score else None
        return CorrectionFigures(self._margin(self.learned), self._margin(self.held_out), bits, score)

    def _margin(self, pairs: Sequence[PreferencePair]) -> float:
        return float(margins(self._engine, pairs, self._window).mean()) if pairs else 0.0


def _trained(clone: Clone) -> tuple[str, Training]:
    """Base and settings of the clone's voice."""
    versions.require_settled(clone)
    folder, sections = shlex.quote(str(clone.root)), clone.manifest()
    if not clone.has_voice:
        what = f"The clone in {clone.root} has no voice."
        raise CloneError(what, f"Train it: soundalike train {folder}", control="Train it under Training.")
    if sections.get("result", {}).get("fingerprint") != clone.fingerprint:
        what = f"The voice in {clone.root} has not read all that was imported."
        raise CloneError(what, f"Train on that first: soundalike train {folder}", control="Train it under Training.")
    settings = {name: value for name, value in sections["training"].items() if name != "base"}
    return str(sections["training"]["base"]), Recipe.from_table({"training": settings}).training


def _refusal(before: CorrectionFigures, after: CorrectionFigures) -> str | None:
    """Why the voice before stays; None where the new one may take its place."""
    stays = "Nothing was changed:"
    if after.held_out < before.held_out:
        return (
            f"{stays} it does worse on the corrections that were set aside to check it, so it found no habit behind "
            "the others. Correct more replies."
        )
    if not after.bits_per_byte <= DEARER * before.bits_per_byte:
        return f"{stays} it would predict your own words worse. {READ_MORE}"
    if before.score is None or after.score is None:
        return None
    if after.score.recites and not before.score.recites:
        return f"{stays} it would recite your messages. Choose replies that you have not sent before."
    change = likeness_change(before.score, after.score)
    if change.value < -LESS_LIKE and change.high < 0:
        return (
            f"{stays} its style would be less like you, with a likeness of {after.score.score:.0%} instead of "
            f"{before.score.score:.0%}, which is more than chance explains. {READ_MORE}"
        )
    return None


def _keep_candidate(clone: Clone, engine: Engine, pairs: int, after: CorrectionFigures) -> None:
    """Write the adapter as the clone's candidate; the figures of its training on messages stay."""
    adapter = clone.adapter_path.name
    with clone.replacing() as scratch:
        folder = scratch / clone.candidate_path.name
        engine.save(folder / adapter)
        measured = {"bits_per_byte": round(after.bits_per_byte, 4), "corrections": pairs}
        result = {**clone.manifest()["result"], **measured, "adapter": integrity.digests(folder / adapter)}
        (folder / MANIFEST).write_bytes(clone.manifest_with(result=result))
        if (clone.root / CURVE).exists():
            (folder / CURVE).write_bytes((clone.root / CURVE).read_bytes())
