"""What happens at which step: number of steps, learning rate, windows to read, evaluations, checkpoints.

Everything but the number of steps of a budget in minutes depends on the settings and the step alone, so that a resumed
run does the same as one that was not stopped.
"""

import math

import numpy as np
from numpy.typing import NDArray

from soundalike.training.recipe import Training
from soundalike.training.status import Progress

FIRST_CHECKPOINTS = (5.0, 10.0, 20.0)  # seconds of a run, so that a short one is not lost either
CHECKPOINT_SECONDS = 45.0  # between later ones
WRITING_SHARE = 0.1  # of the time may be spent on writing the first ones; on slow disks they come later
TIMED_STEPS = 4  # before a budget in minutes becomes a number of steps
EVALUATIONS = 5
EVALUATION_SHARE = 0.05  # of the training time; a forward pass takes a third of the time of a step
DRIFT = 0.1  # a number of steps that is further off its budget is computed again, at a checkpoint


def learning_rate(training: Training, step: int, steps: int | None) -> float:
    """Linear warm-up, then a cosine to `final_share`; only the warm-up while the number of steps is not known."""
    floor = training.final_share
    warm_up = min(1.0, (step + 1) / training.warmup_steps)
    cosine = 1.0 if steps is None else floor + (1 - floor) * (1 + math.cos(math.pi * step / steps)) / 2
    return training.learning_rate * min(warm_up, cosine)


def batch_rows(step: int, rows: int, total: int, seed: int) -> NDArray[np.intp]:
    """Which `rows` of `total` windows a step reads: each epoch is a permutation of its own, a batch may span two."""
    places = np.arange(step * rows, (step + 1) * rows)
    epochs = {
        epoch: np.random.default_rng((seed, epoch)).permutation(total) for epoch in set((places // total).tolist())
    }
    return np.array([epochs[place // total][place % total] for place in places.tolist()], np.intp)


def evaluation_steps(steps: int) -> set[int]:
    """The steps after which held-out loss is measured: EVALUATIONS of them, evenly spaced, the last step included."""
    return {round(steps * (number + 1) / EVALUATIONS) for number in range(EVALUATIONS)} - {0}


def next_checkpoint(last: float, writing: float) -> float:
    """When the checkpoint after the one at `last` is due, which took `writing`; all in seconds since the run began."""
    latest = last + CHECKPOINT_SECONDS
    first = next((at for at in FIRST_CHECKPOINTS if at > last), latest)
    return min(latest, max(first, last + writing / WRITING_SHARE))


class StepBudget:
    """The number of steps of a budget: iterations and epochs give it at once, minutes after some steps were timed.

    Minutes with epochs are as many steps as fit into the minutes, and no more than the epochs have.
    """

    def __init__(self, training: Training, windows: int) -> None:
        """`windows`: how many there are to train on."""
        self._minutes = training.minutes
        self.rows = max(1, training.step_tokens // training.window)  # windows that a step reads
        epochs = training.epochs if training.epochs is not None else 1.0
        of_epochs = max(1, math.ceil(epochs * windows / self.rows))
        self.planned = training.iters or (of_epochs if self._minutes is None else None)  # None for minutes
        self._most = of_epochs if training.epochs is not None else None
        self._first: tuple[int, float] | None = None  # step and seconds after the first step of this process

    def stepped(self, progress: Progress) -> None:
        """Call after each step: the first one of this process is not timed, as libraries and C files still load."""
        self._first = self._first or (progress.step, progress.seconds)

    def fit(self, progress: Progress) -> int | None:
        """The number of steps that fits into the minutes; None for other budgets, and before enough was timed."""
        if self._minutes is None:
            return None
        remaining = self._minutes * 60 * (1 - EVALUATION_SHARE) - progress.seconds
        if progress.step < TIMED_STEPS and remaining > 0:
            return None
        fitting = progress.step + max(0, round(remaining / self._seconds_per_step(progress)))
        return fitting if self._most is None else max(progress.step, min(fitting, self._most))

    def _seconds_per_step(self, progress: Progress) -> float:
        step, seconds = self._first or (0, 0.0)
        if progress.step > step:
            return (progress.seconds - seconds) / (progress.step - step)
        return progress.seconds / progress.step
