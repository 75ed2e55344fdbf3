"""The training loop for every engine: steps, evaluations, checkpoints, resume.

A run that is stopped or killed continues from its last checkpoint, which is at most a minute old, with the same windows
in the same order and, on the same machine, the same losses to the bit.
"""

import math
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from soundalike.clone import Clone
from soundalike.engines.distributed import process_group
from soundalike.engines.protocol import Engine
from soundalike.errors import DiskFull, EngineError
from soundalike.signals import active_time, deferred_interrupt
from soundalike.training import checkpoint, schedule
from soundalike.training.adapter_store import AdapterStore
from soundalike.training.checkpoint import Checkpoint, Identity
from soundalike.training.dataset import TrainingData
from soundalike.training.numerics import with_numerics
from soundalike.training.recipe import Training
from soundalike.training.status import AdapterScore, Progress, Succession, TrainingResult

MIN_VALID_WINDOWS, PROBED_WINDOWS = 16, 8

ScoreAdapter = Callable[[Engine], AdapterScore | None]  # None: too little text to measure


def train(
    engine: Engine,
    clone: Clone,
    training: Training,
    *,
    base: str,
    resume: bool = False,
    on_step: Callable[[Progress], None] = lambda progress: None,
    sections: Mapping[str, Mapping[str, Any]] | None = None,
    score: ScoreAdapter | None = None,
    succession: Succession = "first",
    epochs_before: float = 0.0,
) -> TrainingResult:
    """Train `engine` on the clone's documents and keep its best adapter in the clone.

    The best adapter is the one with the fewest bits per byte of held-out text, or with the best `score`. It is written
    after each evaluation in which it is the best so far, with `sections` in clone.toml, so a stopped run leaves a voice
    too. With `succession` other than `first` the clone's voice is left alone: adapter and checkpoint are kept in
    candidate/ and checkpoints/ until `versions.resolve_candidate`. `epochs_before` are those that the adapter of
    `engine` was trained for already.

    SIGINT, SIGTERM and SIGHUP end it after the current step, with a checkpoint. `on_step` is called before the first
    step and after every step. Raises `TooLittleText` where there is nothing to train on, `CloneError` where there is
    nothing to resume or the clone was imported again, `DiskFull` where the disk is full, and `EngineError` where the
    held-out loss was never a number.
    """
    with _lock(clone), deferred_interrupt() as received_signal, _advise_on_full_disk(clone, engine):
        run = TrainingRun(engine, clone, training, base, sections or {}, score, succession)
        if resume:
            run.resume()
        else:
            run.start(epochs_before)
        while not run.finished:
            on_step(run.progress)  # before the first step too, which may take long
            if signal := run.process_group.broadcast(received_signal()):
                run.write_checkpoint()
                return TrainingResult(run.progress, finished=False, signal=signal)
            run.advance()
        on_step(run.progress)
        run.finish()
        return TrainingResult(run.progress, finished=True)


def _lock(clone: Clone) -> AbstractContextManager[None]:
    """Of several processes only the first writes to the clone, and locks it."""
    return clone.locked("training") if process_group().rank == 0 else nullcontext()


@contextmanager
def _advise_on_full_disk(clone: Clone, engine: Engine) -> Iterator[None]:
    """Add to `DiskFull` how much space is needed and how to go on; an existing checkpoint is not lost."""
    try:
        yield
    except DiskFull as error:
        needed = sum(array.nbytes for array in engine.state().values()) / 1e6
        resume = f"go on with: soundalike train {shlex.quote(str(clone.root))} --resume"
        again = resume if clone.run_path.exists() else "train again."
        room = f"Make room for about {max(1, needed):,.0f} MB, then"
        raise DiskFull(error.what, f"{room} {again}", control=f"{room} go on under Training.") from error


class TrainingRun:
    """One run; `train` calls `start` or `resume`, then `advance` until it is `finished`, then `finish`."""

    def __init__(
        self,
        engine: Engine,
        clone: Clone,
        training: Training,
        base: str,
        sections: Mapping[str, Mapping[str, Any]],
        score: ScoreAdapter | None,
        succession: Succession,
    ) -> None:
        self.engine, self.clone, self.score, self.succession = engine, clone, score, succession
        self.training = with_numerics(training, engine.numerics)
        self.identity = Identity(clone.fingerprint, base, self.training.model_dump())
        self.data = TrainingData.load(clone, engine.tokenizer, self.training)
        self.store = AdapterStore(clone, succession, sections)
        self.budget = schedule.StepBudget(self.training, len(self.data.train.batch))
        self.progress = Progress(steps=self.budget.planned, held_out=self.data.held_out)
        self.process_group = process_group()
        self.began_at = self.saved_at = time.perf_counter()
        self.writing = 0.0  # seconds that the last checkpoint took

    @property
    def finished(self) -> bool:
        """Whether all steps were made."""
        return self.progress.steps is not None and self.progress.step >= self.progress.steps

    def start(self, epochs_before: float) -> None:
        """Begin a new run: remove what an unfinished one left, and measure the adapter as it is."""
        self.progress.read_before = epochs_before
        if self.process_group.rank == 0:
            self.store.clear()
        self.progress.valid_windows = self.process_group.broadcast(self._valid_windows())
        self.evaluate()

    def resume(self) -> None:
        """Continue from the last checkpoint; `CloneError` where it is missing, damaged or of another training."""
        saved = checkpoint.read(self.clone)
        checkpoint.require_identity(saved, self.identity)
        self._require_possible(saved.progress)
        checkpoint.load_state(self.clone, saved, self.engine)
        self.progress = saved.progress
        self.store.resume()

    def _require_possible(self, progress: Progress) -> None:
        """`CloneError` where the progress of a checkpoint is not one that this training can have."""
        planned, windows = self.budget.planned, len(self.data.valid.batch)
        try:
            progress.require_consistent()
            if planned is not None and progress.steps != planned:
                raise ValueError(f"it plans {progress.steps} steps where its settings give {planned}")
            if progress.valid_windows > windows:
                raise ValueError(f"it measured on {progress.valid_windows} windows of {windows}")
        except ValueError as error:
            raise checkpoint.damaged(self.clone, error) from error

    def advance(self) -> None:
        """Make one step, and the evaluation and the checkpoint that are due after it."""
        self._step()
        progress = self.progress
        timed = progress.steps is None and progress.step == schedule.TIMED_STEPS
        due = self.process_group.broadcast(self._checkpoint_is_due())
        if timed or due:
            self._plan_steps()
        if progress.steps is not None and progress.step in schedule.evaluation_steps(progress.steps):
            self.evaluate()
        if timed or due:
            self.write_checkpoint()

    def _step(self) -> None:
        progress, rows, windows = self.progress, self.budget.rows, self.data.train.batch
        started = active_time()
        batch = windows.take(schedule.batch_rows(progress.step, rows, len(windows), self.training.seed))
        rate = schedule.learning_rate(self.training, progress.step, progress.steps)
        progress.losses.append(self.engine.step(batch, rate))
        progress.step += 1
        progress.useful_tokens += batch.useful
        progress.read = progress.step * rows / len(windows)
        progress.seconds += active_time() - started
        self.budget.stepped(progress)

    def _checkpoint_is_due(self) -> bool:
        last = self.saved_at - self.began_at
        return time.perf_counter() - self.began_at >= schedule.next_checkpoint(last, self.writing)

    def _plan_steps(self) -> None:
        """Fit the number of steps to the minutes; one that is nearly right is kept, so that a resumed run agrees."""
        steps, fitting = self.progress.steps, self.process_group.broadcast(self.budget.fit(self.progress))
        if fitting is not None and (steps is None or abs(fitting - steps) > schedule.DRIFT * steps):
            self.progress.steps = fitting

    def _valid_windows(self) -> int:
        """How many held-out windows to measure on, so that all evaluations together take EVALUATION_SHARE."""
        total = len(self.data.valid.batch)
        if self.training.minutes is None:
            trained = (self.progress.steps or 0) * self.budget.rows
            wanted = 3 * schedule.EVALUATION_SHARE * trained / schedule.EVALUATIONS
        else:
            started, probe = time.perf_counter(), min(PROBED_WINDOWS, total)
            self.engine.loss(self.data.valid.batch.take(slice(0, probe)))
            each = (time.perf_counter() - started) / probe
            wanted = schedule.EVALUATION_SHARE * self.training.minutes * 60 / (schedule.EVALUATIONS + 1) / each
        return min(total, max(MIN_VALID_WINDOWS, round(wanted)))

    def evaluate(self) -> None:
        """Measure bits per byte of held-out text, and keep the adapter in the clone if it is the best so far."""
        nats, weight = self.engine.loss(self.data.valid.batch.take(slice(0, self.progress.valid_windows)))
        bits = self.data.valid.bits_per_byte(nats, weight)
        self.progress.valid.append((self.progress.step, bits))
        if self.progress.step and self.process_group.broadcast(self._is_best(bits)):
            self.progress.best = bits
            if self.process_group.rank == 0:
                self.store.keep(self.engine, self.progress)

    def _is_best(self, bits: float) -> bool:
        """Whether the adapter is better than all before: by its score where there is one, else by its bits."""
        score = self.score(self.engine) if self.score else None
        if score is None:
            return bits < self.progress.best
        before = [AdapterScore(likeness, recites).key for _, likeness, recites in self.progress.chosen]
        self.progress.chosen.append((self.progress.step, score.score, score.recites))
        return score.key > max(before, default=(False, -math.inf))

    def write_checkpoint(self) -> None:
        """Write all that exact resume needs; processes have the same state, and the first one writes it."""
        started = time.perf_counter()
        if self.process_group.rank == 0:
            saved = Checkpoint(self.progress, self.identity, self.succession)
            checkpoint.write(self.clone, saved, self.engine.state())
        self.saved_at = time.perf_counter()
        self.writing = self.saved_at - started

    def finish(self) -> None:
        """Write the final figures beside the adapter; `EngineError` where there is no adapter."""
        if math.isinf(self.progress.best):
            raise EngineError(
                "The training went astray: its held-out loss is not a number.",
                "Train again with --fresh and a lower --learning-rate.",
                control="Train it anew under Training, on another base.",
            )
        if self.process_group.rank == 0:
            self.store.finish(self.progress)
