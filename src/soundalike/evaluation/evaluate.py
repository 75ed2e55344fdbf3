"""`soundalike evaluate me`: a clone folder -> a report, which evaluation.json in it holds too."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from soundalike.errors import RecipeError, TooLittleText
from soundalike.evaluation.baseline_systems import baseline_systems
from soundalike.evaluation.evaluation_progress import EvaluationProgress
from soundalike.evaluation.evaluation_report import (
    BASE,
    BEFORE,
    BESIDE,
    CLONE,
    FULL,
    OTHERS,
    PROMPT,
    SAME,
    SHORT,
    YOU,
    EvaluationReport,
)
from soundalike.evaluation.evaluation_set import PRECEDING_SPLIT, EvaluationSet
from soundalike.evaluation.full_figures import add_full_figures
from soundalike.evaluation.guidance import facts
from soundalike.evaluation.held_out import Conversation, conversations, count_unscored
from soundalike.evaluation.judge import judge_months_before, judge_same_months, judge_systems
from soundalike.evaluation.replies import OnScenes, Replier, answer_scenes
from soundalike.evaluation.reply_features import ReplyReader
from soundalike.evaluation.report_file import keep
from soundalike.evaluation.system_metrics import System, SystemMetrics, measure, measure_owner
from soundalike.evaluation.voice_identity import IdentifiedVoice
from soundalike.generation.prompted_model import PromptedModel, ServerPrompt
from soundalike.generation.voice import Voice
from soundalike.metrics.discriminator import FooledResult
from soundalike.metrics.likeness_scale import auc_estimate
from soundalike.metrics.reference_population import reference_population
from soundalike.metrics.windows import MIN_WINDOWS
from soundalike.progress import OnProgress

SCENES, SEEDS = 240, (1, 2)  # more scenes for fewer seeds: narrower intervals in the same time (LOG.md)
BASE_SEEDS = 1  # for which the base alone and the baselines answer: they are there to compare with
BRIEF_SCENES, BRIEF_SEEDS = 160, (1,)


@dataclass(frozen=True, slots=True)
class EvaluationForm:
    """The full evaluation, or the `brief` one; `seeds` that a voice answers for, `split` that is held out."""

    brief: bool
    split: str
    seeds: tuple[int, ...]

    @property
    def base_seeds(self) -> tuple[int, ...]:
        """Those for which the base alone answers."""
        return () if self.brief else self.seeds[:BASE_SEEDS]


def evaluate(
    folder: str | Path,
    *,
    split: str = "test",
    seeds: tuple[int, ...] = SEEDS,
    most: int = SCENES,
    brief: bool = False,
    prompt: ServerPrompt | None = None,
    on_progress: OnProgress = lambda done, of: None,
) -> EvaluationReport:
    """Everything about the clone in `folder`, kept in evaluation.json; where it could not be, `not_kept` says why.

    `brief` is the short check: the headline metrics on the same scale, in at most BRIEF_SCENES and for one seed alone.
    With `prompt`, a chat model that was told to write like the owner answers them too, for as many seeds as the clone.
    `split` is `test`, or `valid` to choose settings by. `TooLittleText` where held-out text has fewer windows than any
    figure needs; `CloneError` where there is no voice; `EngineError` where the chat model cannot be reached.
    """
    form = EvaluationForm(brief, _held_out_split(split), seeds[: len(BRIEF_SEEDS)] if brief else seeds)
    loaded = IdentifiedVoice.load(folder)
    chats, _ = conversations(loaded.clone)
    about = _about_voice(loaded)
    loaded.require_unchanged()
    held_out = _evaluation_set(chats, split, loaded.voice.owner, min(most, BRIEF_SCENES) if brief else most)
    prompted = PromptedModel.connect(prompt, loaded.voice.owner) if prompt else None
    learners: dict[str, Replier] = {CLONE: loaded.voice, **({PROMPT: prompted} if prompted else {})}
    baselines = baseline_systems(held_out, BASE_SEEDS, BESIDE if brief else None)
    answers = len(form.seeds) * len(learners) + len(form.base_seeds)
    progress = EvaluationProgress(on_progress, held_out, answers, baselines, brief)
    systems = [*_answered(held_out, loaded.voice, learners, form, progress.answered), *baselines]
    judged = _judged(held_out, systems, form, progress)
    about |= _about_text(held_out, chats[split], form) | ({"prompt": prompted.about} if prompted else {})
    report = EvaluationReport(about, _rows(held_out, systems, judged, brief, progress.measured))
    progress.measured.finish()
    if not brief:
        add_full_figures(report, held_out, systems[0].windows, loaded.voice, chats[split], progress)
    keep(report, loaded)
    return report


def _held_out_split(split: str) -> str:
    if split not in PRECEDING_SPLIT:
        raise RecipeError(f"There is no split {split!r} to evaluate on.", "Say test or valid.")
    return split


def _evaluation_set(chats: Mapping[str, Sequence[Conversation]], split: str, owner: str, most: int) -> EvaluationSet:
    held_out = EvaluationSet(chats, split, owner, most)
    if len(held_out.real) < MIN_WINDOWS:
        found = f"The held-out part has {len(held_out.real)} windows of four messages"
        what = f"{found}, and no figure holds under {MIN_WINDOWS}"
        do = "Import more of your messages, or a shorter --gap."
        raise TooLittleText(f"{what}: too little text.", do, control="Import more of your messages.")
    return held_out


def _answered(
    held_out: EvaluationSet, voice: Voice, learners: Mapping[str, Replier], form: EvaluationForm, on_scenes: OnScenes
) -> list[System]:
    """What the learners write in the scenes, then what the base alone does."""
    scenes = held_out.scenes
    systems = [System(name, answer_scenes(one, scenes, form.seeds, on_scenes)) for name, one in learners.items()]
    if form.base_seeds:
        with voice.engine.adapter_off():
            systems.append(System(BASE, answer_scenes(voice, scenes, form.base_seeds, on_scenes)))
    return systems


def _judged(
    held_out: EvaluationSet, systems: Sequence[System], form: EvaluationForm, progress: EvaluationProgress
) -> dict[str, FooledResult | None]:
    """How often each system fools the judge, and in the full evaluation how often the owner does."""
    reader = ReplyReader(held_out)
    judged, real = judge_systems(reader, systems, progress.read, progress.described)
    if form.brief:
        return judged
    before = judge_months_before(reader, real, progress.read_before)
    return judged | {SAME: judge_same_months(held_out, real), BEFORE: before}


def _rows(
    held_out: EvaluationSet,
    systems: Sequence[System],
    judged: Mapping[str, FooledResult | None],
    brief: bool,
    on_rows: Callable[[float], None],
) -> dict[str, SystemMetrics]:
    rows = {YOU: measure_owner(held_out)}
    on_rows(1)
    if not brief:
        same = held_out.same_months
        rows[SAME] = SystemMetrics(auc=auc_estimate(same) if same else None, likeness=held_out.scaled(same))
        rows[BEFORE] = measure(held_out, System(BEFORE, [held_out.earlier], paired=False))
    for system in systems:
        rows[system.name] = measure(held_out, system)
        on_rows(1)
    if held_out.ceiling and not brief:
        rows[OTHERS] = SystemMetrics(auc=auc_estimate(held_out.ceiling))
    found = {name: result.estimate for name, result in judged.items() if result}
    return {name: replace(row, fooled=found.get(name)) for name, row in rows.items()}


def _about_voice(loaded: IdentifiedVoice) -> dict[str, Any]:
    """Which voice the figures are of."""
    return {
        "folder": str(loaded.clone.root),
        **facts(loaded.clone),
        "trained_seconds": loaded.clone.manifest().get("result", {}).get("seconds"),
        "identity": loaded.identity,
    }


def _about_text(held_out: EvaluationSet, chats: Sequence[Conversation], form: EvaluationForm) -> dict[str, Any]:
    """On what text the figures rest, and what their scale is."""
    members, strangers = len(held_out.members), held_out.tested_people
    return {
        "form": SHORT if form.brief else FULL,
        "split": form.split,
        "windows": len(held_out.real),
        "conversations": held_out.conversations,
        "seeds": len(form.seeds),
        "scale": f"{members} other people of your chats" if members else f"{strangers} strangers",
        "people": len(reference_population().counts) + 1,
        "ceiling": held_out.ceiling and auc_estimate(held_out.ceiling),
        "left_out": count_unscored(chats),
    }
