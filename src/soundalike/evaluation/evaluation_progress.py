"""How far an evaluation is: all of its parts are planned before the first begins, each with what it costs."""

from collections.abc import Sequence

from soundalike.evaluation.bits_per_byte import EXCERPTS as BITS_EXCERPTS
from soundalike.evaluation.bits_per_byte import MODES
from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.forced_choice import CHOICES
from soundalike.evaluation.system_metrics import System
from soundalike.progress import OnProgress, WeightedProgress

# Seconds that a unit of each part takes, measured with pocket on two cores (LOG.md): only their ratios matter.
ANSWER, READ, DESCRIBE, ROW, EXCERPT, CHOICE = 0.13, 0.037, 1.2, 1.6, 0.026, 0.02


class EvaluationProgress:
    """The parts of one evaluation, each to be called with the units just done.

    `answered`: scenes by a voice; `read`: scenes by the judge, with all systems; `described`: systems' windows as the
    judge's figures; `read_before`: scenes of the months before; `measured`: rows of the table; `scored`: excerpts for
    bits per byte; `chosen`: replies of the forced choice.
    """

    def __init__(
        self,
        on_progress: OnProgress,
        held_out: EvaluationSet,
        answers: int,
        baselines: Sequence[System],
        brief: bool,
    ) -> None:
        """`answers`: for how many seeds scenes are answered, of all voices together."""
        work = WeightedProgress(on_progress)
        scenes, full = len(held_out.scenes), not brief
        windows = 1 + answers + sum(len(system.windows) for system in baselines)  # the owner's are the first
        self.answered = work.plan(scenes * answers, ANSWER)
        self.read = work.plan(scenes, READ * windows)
        self.described = work.plan(windows, DESCRIBE)
        self.read_before = work.plan(len(held_out.earlier_scenes) if full else 0, READ)
        self.measured = work.plan(answers + len(baselines) + 1, ROW)
        self.scored = work.plan(MODES * BITS_EXCERPTS if full else 0, EXCERPT)
        self.chosen = work.plan(CHOICES * len(held_out.with_context) if full else 0, CHOICE)
