"""The one training loop: budget, schedule, evaluation, checkpoints, resume. Engines supply the step.

Takes a clone's documents and an engine; leaves an adapter in the clone. Stopped or killed at any moment it
goes on from the last checkpoint, some seconds and at most a minute old, with the same windows in the same
order. It knows neither tensors nor text.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from soundalike.clone import integrity
from soundalike.clone.clone import MANIFEST, Clone
from soundalike.clone.document import Document
from soundalike.clone.folder import link_tree
from soundalike.engines.distributed import process_group
from soundalike.engines.protocol import Batch, Engine, Tokenizer
from soundalike.errors import CloneError, EngineError, NoRoom, TooLittleText
from soundalike.pocket.transcripts import small_talk
from soundalike.signals import deferred_interrupt
from soundalike.training import checkpoint
from soundalike.training.numerics import settled, unnamed
from soundalike.training.packing import encode, pack
from soundalike.training.recipe import Training, without_removed
from soundalike.training.status import Choice, Outcome, Progress, Succession

FIRST_CHECKPOINTS = (5.0, 10.0, 20.0)  # seconds of a run, so that a short one is not lost either
CHECKPOINT_SECONDS = 45.0  # between those that follow
WRITING_SHARE = 0.1  # of the time that writing the first ones may take; with slow disks they come later
TIMED_STEPS = 4  # a budget in minutes becomes a number of steps once so many have been timed
CURVE = "training.json"
STATE = "state.safetensors"
UNREADABLE = (SafetensorError, OSError, LookupError, TypeError, ValueError, AttributeError, RuntimeError, MemoryError)
EVALUATIONS = 5
EVALUATION_SHARE = 0.05  # of the training time, a forward pass costing a third of a step
DRIFT = 0.1  # a plan further off its budget than this is made anew, at a checkpoint

Choose = Callable[[Engine], Choice | None]  # None: there is too little text to say


@dataclass(frozen=True, slots=True)
class Windows:
    """A split as the model reads it, with the bytes of text behind each unit of loss weight."""

    batch: Batch
    bytes_a_weight: float


def windows(texts: list[Document], tokenizer: Tokenizer, window: int, seed: int) -> Windows:
    """Documents packed into windows of `window` tokens."""
    batch = pack(list(encode(texts, tokenizer, window)), window, seed)
    turns = ((len(text.encode()), weight) for d in texts for text, weight in d.turns or [(d.text, 1.0)])
    weighed = sum(size * weight for size, weight in turns)
    return Windows(batch, weighed / max(float(batch.weights.sum()), 1.0))


def train(
    engine: Engine,
    clone: Clone,
    training: Training,
    *,
    base: str,
    resume: bool = False,
    on_step: Callable[[Progress], None] = lambda progress: None,
    sections: Mapping[str, Mapping[str, Any]] | None = None,
    choose: Choose | None = None,
    succession: Succession = "first",
) -> Outcome:
    """Train `engine` on the clone's documents and keep its best adapter in the clone.

    A `first` voice is in place from its first evaluation on. Any other `succession` leaves the clone's voice alone: the
    adapter is kept in candidate/, and so is the checkpoint, until `versions.settle` puts one of the two in place.

    With each adapter the clone's manifest gets its figures and `sections`, so that a run cut off later leaves a
    voice already. The best is the one of the fewest bits, or with `choose` the one that it says. Ctrl-C, SIGTERM and
    SIGHUP end it after the step at hand, with a checkpoint. `TooLittleText` where there is nothing to learn from;
    `CloneError` where there is nothing to resume, or the clone was imported anew since; `NoRoom` where the disk is
    full; `EngineError` where no adapter came of it.
    """
    with _writing(clone), deferred_interrupt() as stopped, _room_told(clone, engine):
        run = _Run(engine, clone, training, base, sections or {}, choose, succession)
        if resume:
            run.restore()
        else:
            run.begin()
            run.choose_valid()
            run.evaluate()
        while not run.over:
            on_step(run.progress)  # before the first step too, which may take long
            if number := run.process_group.broadcast(stopped()):
                run.checkpoint()
                return Outcome(run.progress, finished=False, signal=number)
            run.advance()
        on_step(run.progress)
        run.finish()
        return Outcome(run.progress, finished=True)


def _writing(clone: Clone) -> AbstractContextManager[None]:
    """Of several processes the first holds the clone; the others only read it."""
    return clone.locked("training") if process_group().rank == 0 else nullcontext()


@contextmanager
def _room_told(clone: Clone, engine: Engine) -> Iterator[None]:
    """Where the disk is full, say how much is needed and how to go on; a checkpoint that was there still is."""
    try:
        yield
    except NoRoom as error:
        needed = sum(array.nbytes for array in engine.state().values()) / 1e6
        again = f"go on with: soundalike train {clone.root} --resume" if clone.run_path.exists() else "train again."
        raise NoRoom(error.what, f"Make room for about {max(1, needed):,.0f} MB, then {again}") from error


class _Run:
    """One run's parts: what `train` strings together."""

    def __init__(
        self,
        engine: Engine,
        clone: Clone,
        training: Training,
        base: str,
        sections: Mapping[str, Mapping[str, Any]],
        choose: Choose | None,
        succession: Succession,
    ) -> None:
        self.engine, self.clone, self.base, self.sections = engine, clone, base, sections
        self.training = training = settled(training, engine.numerics)
        self.choose, self.succession = choose, succession
        self.adapter: dict[str, str] = {}  # SHA-256 of the files of the adapter that was kept last
        learned, later = clone.documents("train"), clone.documents("valid")
        replayed = small_talk(training.replay, sum(len(d.text) for d in learned), training.seed)
        self.train, self.valid = (
            windows(texts, engine.tokenizer, training.window, training.seed) for texts in (learned + replayed, later)
        )
        if not learned:
            raise TooLittleText("There is no text of yours to train on.", "Import an export with messages of yours.")
        held_out = bool(len(self.valid.batch))
        if not held_out:
            self.valid = windows(learned, engine.tokenizer, training.window, training.seed)
        self.process_group = process_group()
        self.rows = max(1, training.step_tokens // training.window)
        self.progress = Progress(steps=self._planned(), held_out=held_out)
        self.began_at = self.saved_at = time.perf_counter()
        self.writing = 0.0
        self.warm: tuple[int, float] | None = None  # steps and seconds after the first step of this process

    @property
    def over(self) -> bool:
        return self.progress.steps is not None and self.progress.step >= self.progress.steps

    def _planned(self) -> int | None:
        """Steps of a budget in iterations or epochs; None where it is minutes, which must be timed first."""
        if self.training.iters is not None:
            return self.training.iters
        if self.training.minutes is not None:
            return None
        epochs = self.training.epochs if self.training.epochs is not None else 1.0
        return max(1, math.ceil(epochs * len(self.train.batch) / self.rows))

    def rate(self) -> float:
        """Linear warm-up, then a cosine to the final share; before the number of steps is known only the former."""
        step, steps, floor = self.progress.step, self.progress.steps, self.training.final_share
        warm = min(1.0, (step + 1) / self.training.warmup_steps)
        cosine = 1.0 if steps is None else floor + (1 - floor) * (1 + math.cos(math.pi * step / steps)) / 2
        return self.training.learning_rate * min(warm, cosine)

    def advance(self) -> None:
        """One step, and what is due after it."""
        progress, started = self.progress, time.perf_counter()
        batch = self.train.batch.take(batch_rows(progress.step, self.rows, len(self.train.batch), self.training.seed))
        progress.losses.append(self.engine.step(batch, self.rate()))
        progress.step += 1
        progress.useful_tokens += batch.useful
        progress.read = progress.step * self.rows / len(self.train.batch)
        progress.seconds += time.perf_counter() - started
        self.warm = self.warm or (progress.step, progress.seconds)
        timed, due = (
            progress.steps is None and progress.step == TIMED_STEPS,
            self.process_group.broadcast(self._is_due()),
        )
        if timed or due:
            self._plan()
        if progress.steps is not None and progress.step in evaluation_steps(progress.steps):
            self.evaluate()
        if timed or due:
            self.checkpoint()

    def _is_due(self) -> bool:
        """Whether it is time for a checkpoint."""
        saved = self.saved_at - self.began_at
        return time.perf_counter() - self.began_at >= next_checkpoint(saved, self.writing)

    def _plan(self) -> None:
        """Fit the number of steps to the minutes; a plan that is nearly right stays, so that a resumed run agrees."""
        if self.training.minutes is None:
            return
        progress = self.progress
        left = self.training.minutes * 60 * (1 - EVALUATION_SHARE) - progress.seconds
        if self.process_group.broadcast(progress.step < TIMED_STEPS and left > 0):
            return
        fitting = self.process_group.broadcast(progress.step + max(0, round(left / self._seconds_a_step())))
        if progress.steps is None or abs(fitting - progress.steps) > DRIFT * progress.steps:
            progress.steps = fitting

    def _seconds_a_step(self) -> float:
        """Without the first one of this process, in which libraries and C files are still made ready."""
        step, seconds = self.warm or (0, 0.0)
        if self.progress.step > step:
            return (self.progress.seconds - seconds) / (self.progress.step - step)
        return self.progress.seconds / self.progress.step

    def choose_valid(self) -> None:
        """How many held-out windows to measure on, so that all evaluations together cost EVALUATION_SHARE."""
        total = len(self.valid.batch)
        if self.training.minutes is None:
            wanted = 3 * EVALUATION_SHARE * (self.progress.steps or 0) * self.rows / EVALUATIONS
        else:
            started, probe = time.perf_counter(), min(8, total)
            self.engine.loss(self.valid.batch.take(slice(0, probe)))
            each = (time.perf_counter() - started) / probe
            wanted = EVALUATION_SHARE * self.training.minutes * 60 / (EVALUATIONS + 1) / each
        self.progress.valid_windows = self.process_group.broadcast(min(total, max(16, round(wanted))))

    def evaluate(self) -> None:
        """Bits per byte of the owner's held-out text; the best adapter so far goes into the clone."""
        nats, weight = self.engine.loss(self.valid.batch.take(slice(0, self.progress.valid_windows)))
        bits = nats / weight / math.log(2) / self.valid.bytes_a_weight
        self.progress.valid.append((self.progress.step, bits))
        if self.progress.step and self.process_group.broadcast(self._better(bits)):
            self.progress.best = bits
            if self.process_group.rank == 0:
                self._keep()

    def _keep(self) -> None:
        """The adapter as it is now becomes the clone's, or its candidate's, with the manifest that describes it."""
        with self.clone.replacing() as scratch:
            folder = scratch if self.succession == "first" else scratch / self.clone.candidate_path.name
            folder.mkdir(exist_ok=True)
            self.engine.save(folder / self.clone.adapter_path.name)
            self.adapter = integrity.digests(folder / self.clone.adapter_path.name)
            (folder / MANIFEST).write_bytes(self.manifest())

    def _better(self, bits: float) -> bool:
        """Whether the adapter is better than all before: as the caller chooses where that can be told, else by bits."""
        choice = self.choose(self.engine) if self.choose else None
        if choice is None:
            return bits < self.progress.best
        before = [Choice(score, recites).key for _, score, recites in self.progress.chosen]
        self.progress.chosen.append((self.progress.step, choice.score, choice.recites))
        return choice.key > max(before, default=(False, -math.inf))

    def checkpoint(self) -> None:
        """Everything that exact resume needs, at once; of several processes, all alike, the first writes it."""
        started = time.perf_counter()
        if self.process_group.rank == 0:
            about: dict[str, Any] = {
                "progress": asdict(self.progress),
                "identity": self.identity(),
                "succession": self.succession,
            }
            with self.clone.replacing() as scratch:
                folder = scratch / "checkpoints"
                folder.mkdir()
                save_file(self.engine.state(), folder / STATE)
                about["state"] = integrity.digest(folder / STATE)
                (folder / self.clone.run_path.name).write_text(json.dumps(about), encoding="utf-8")
        self.saved_at = time.perf_counter()
        self.writing = self.saved_at - started

    def identity(self) -> dict[str, Any]:
        """What must be the same for a checkpoint to fit."""
        return {"fingerprint": self.clone.fingerprint, "base": self.base, "training": self.training.model_dump()}

    def begin(self) -> None:
        """Sweep away what an earlier training left unfinished."""
        if self.process_group.rank == 0:
            self.clone.remove([path.name for path in (self.clone.checkpoints_path, self.clone.candidate_path)])

    def restore(self) -> None:
        """Go on from the last checkpoint."""
        about = checkpoint.read(self.clone)
        named = self.training.model_dump()
        types = {name: named[name] for name in unnamed(about.identity.training)}  # an older version did not name them
        identity = replace(about.identity, training=without_removed(about.identity.training) | types)
        _same_numbers(identity.training, self.training)
        if asdict(identity) != self.identity():
            raise CloneError(
                "The checkpoint was made from another import or with other settings.",
                "Start anew with --fresh in place of --resume.",
            )
        self._check(about.progress)
        state = self.clone.checkpoints_path / STATE
        integrity.require_unchanged(state, about.state, checkpoint.ANEW)
        try:
            self.engine.load_state(load_file(state))
        except UNREADABLE as error:
            raise checkpoint.damaged(self.clone, error) from error
        self.progress = about.progress
        self.adapter = self._kept_adapter()

    def _check(self, stands: Progress) -> None:
        """`CloneError` where a checkpoint's progress is none that this training can have."""
        planned = self._planned()
        try:
            stands.check()
            if planned is not None and stands.steps != planned:
                raise ValueError(f"it plans {stands.steps} steps where its settings give {planned}")
            if stands.valid_windows > len(self.valid.batch):
                raise ValueError(f"it measured on {stands.valid_windows} windows of {len(self.valid.batch)}")
        except ValueError as error:
            raise checkpoint.damaged(self.clone, error) from error

    def _kept_adapter(self) -> dict[str, str]:
        """Hashes of the adapter that was kept before the run was cut off."""
        kept = self.clone if self.succession == "first" else Clone(self.clone.candidate_path)
        return dict(kept.manifest().get("result", {}).get("adapter", {})) if kept.exists else {}

    def manifest(self) -> bytes:
        """clone.toml with how the adapter was made and what came of it so far."""
        result = {**self.progress.figures(), "fingerprint": self.clone.fingerprint, "adapter": self.adapter}
        return self.clone.manifest_with(result=result, **self.sections)

    def finish(self) -> None:
        """Write what happened beside the adapter; the checkpoint of a `first` voice has served."""
        if math.isinf(self.progress.best):
            raise EngineError(
                "The training went astray: its held-out loss is not a number.",
                "Train again with --fresh and a lower --learning-rate.",
            )
        if self.process_group.rank:
            return
        curve = {"losses": self.progress.losses, "valid": self.progress.valid, "chosen": self.progress.chosen}
        about = {MANIFEST: self.manifest(), CURVE: orjson.dumps(curve)}
        if self.succession == "first":
            self.clone.write(about)
            self.clone.remove([self.clone.checkpoints_path.name])
            return
        candidate = self.clone.candidate_path
        with self.clone.replacing() as scratch:
            link_tree(candidate / self.clone.adapter_path.name, scratch / candidate.name / self.clone.adapter_path.name)
            for name, data in about.items():
                (scratch / candidate.name / name).write_bytes(data)


def _same_numbers(before: Mapping[str, Any], now: Training) -> None:
    """`CloneError` where the checkpoint's run multiplied or held weights in other number types."""
    types = [f"{told['compute_dtype']} over {told['precision']} weights" for told in (before, now.model_dump())]
    if types[0] != types[1]:
        raise CloneError(
            f"The checkpoint was computed in {types[0]}, and this run computes in {types[1]}.",
            "Leave precision and compute_dtype as they were, or train anew, without --resume.",
        )


def next_checkpoint(saved: float, writing: float) -> float:
    """When the checkpoint after one at `saved` is due, which took `writing`; all in seconds since the run began."""
    latest = saved + CHECKPOINT_SECONDS
    first = next((at for at in FIRST_CHECKPOINTS if at > saved), latest)
    return min(latest, max(first, saved + writing / WRITING_SHARE))


def batch_rows(step: int, rows: int, total: int, seed: int) -> NDArray[np.intp]:
    """Which windows step `step` reads: each epoch is its own permutation, and a batch may span two."""
    places = np.arange(step * rows, (step + 1) * rows)
    laps = {lap: np.random.default_rng((seed, lap)).permutation(total) for lap in set((places // total).tolist())}
    return np.array([laps[place // total][place % total] for place in places.tolist()], np.intp)


def evaluation_steps(steps: int) -> set[int]:
    """The steps after which held-out loss is measured: evenly spaced, the last always."""
    return {round(steps * (number + 1) / EVALUATIONS) for number in range(EVALUATIONS)} - {0}
