"""`soundalike evaluate me`: a clone folder -> a report, which evaluation.json in it holds too."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from soundalike.clone import Clone
from soundalike.errors import RecipeError, TooLittleText
from soundalike.evaluation import bits_per_byte
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
    GivesItAway,
)
from soundalike.evaluation.evaluation_set import BEFORE as PART_BEFORE
from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.forced_choice import forced_choice
from soundalike.evaluation.guidance import facts
from soundalike.evaluation.held_out import Conversation, conversations, count_unscored
from soundalike.evaluation.judge import judge_months_before, judge_same_months, judge_systems
from soundalike.evaluation.replies import OnProgress, Replier, SceneProgress, answer_scenes
from soundalike.evaluation.reply_features import ReplyReader
from soundalike.evaluation.report_file import identity, save
from soundalike.evaluation.system_metrics import System, SystemMetrics, measure, measure_owner
from soundalike.generation.prompted_model import PromptedModel, ServerPrompt
from soundalike.generation.voice import Voice
from soundalike.metrics import baselines as writers
from soundalike.metrics.attribution import FEWEST_WORDS, cosine_delta, rank_of, word_counts
from soundalike.metrics.discriminator import FooledResult
from soundalike.metrics.distinctive_words import distinctive_ngrams, distinctive_words
from soundalike.metrics.habit_distances import HabitDistance, habit_distances
from soundalike.metrics.likeness_scale import auc_estimate
from soundalike.metrics.reference_population import reference_population
from soundalike.metrics.stats import Bootstrap, Estimate, percentile_interval
from soundalike.metrics.style_features import text_features
from soundalike.metrics.windows import FEWEST, MessageWindows
from soundalike.metrics.words import COMMON

SCENES, SEEDS = 240, (1, 2)  # more scenes for fewer seeds: narrower intervals in the same time (LOG.md)
BASE_SEEDS = 1  # the base alone is there to compare with: it is judged on one seed, and answers for no more
READING = 0.15  # of the time in which a voice answers a scene, the time in which the judge reads an answer
BRIEF_SCENES, BRIEF_SEEDS = 160, (1,)
DELTA_DRAWS = 200


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
    """Everything about the clone in `folder`, kept in evaluation.json.

    `brief` is the short check: the headline metrics on the same scale, in at most BRIEF_SCENES and for one seed alone.
    With `prompt`, a chat model that was told to write like the owner answers them too, for as many seeds as the clone.
    `split` is `test`, or `valid` to choose settings by. `TooLittleText` where held-out text has fewer windows than any
    figure needs; `CloneError` where there is no voice; `EngineError` where the chat model cannot be reached.
    """
    if split not in PART_BEFORE:
        raise RecipeError(f"There is no split {split!r} to evaluate on.", "Say test or valid.")
    clone = Clone.open(folder)
    voice = Voice.load(folder)
    prompted = PromptedModel.connect(prompt, voice.owner) if prompt else None
    chats, _ = conversations(clone)
    held_out = EvaluationSet(chats, split, voice.owner, min(most, BRIEF_SCENES) if brief else most)
    if len(held_out.real) < FEWEST:
        what = (
            f"The held-out part has {len(held_out.real)} windows of four messages, and no figure holds under {FEWEST}"
        )
        raise TooLittleText(f"{what}: too little text.", "Import more of your messages, or a shorter --gap.")
    seeds = seeds[: len(BRIEF_SEEDS)] if brief else seeds
    baselines = baseline_systems(held_out, len(seeds), BESIDE if brief else None)
    learners: dict[str, Replier] = {
        CLONE: voice,
        **({PROMPT: prompted} if prompted else {}),
    }  # judged on all of their answers
    base_seeds = () if brief else seeds[:BASE_SEEDS]
    count, answers = len(held_out.scenes), len(seeds) * len(learners) + len(base_seeds)
    reading = round(count * READING * (answers + len(baselines)))  # in answers of a voice
    progress = SceneProgress(on_progress, count * answers + reading)
    systems = [System(name, answer_scenes(one, held_out.scenes, seeds, progress.add)) for name, one in learners.items()]
    if base_seeds:
        with voice.engine.adapter_off():
            systems.append(System(BASE, answer_scenes(voice, held_out.scenes, base_seeds, progress.add)))
    systems += baselines
    seen = [one if one.name in learners else replace(one, windows=one.windows[:1]) for one in systems]
    reader = ReplyReader(held_out)
    judged, real = judge_systems(reader, seen, lambda scenes: progress.add(scenes * reading / count))
    if not brief:
        judged |= {SAME: judge_same_months(held_out, real), BEFORE: judge_months_before(reader, real)}
    about = _about(clone, held_out, len(seeds)) | {"form": SHORT if brief else FULL}
    about |= {"prompt": prompted.about} if prompted else {}
    report = EvaluationReport(
        about | {"left_out": count_unscored(chats[split])}, _rows(held_out, systems, judged, brief)
    )
    if not brief:
        _add(report, held_out, systems[0].windows, voice, chats[split])
    with clone.locked("soundalike evaluate"):
        save(clone, report)
    return report


def baseline_systems(held_out: EvaluationSet, seeds: int, names: Collection[str] | None = None) -> list[System]:
    """Baselines that only count words, all or some, made from the owner's messages of the training part."""
    learned = held_out.learned
    makers: dict[str, Callable[[int], writers.Baseline]] = {
        "parrot": lambda seed: writers.random_message(learned, seed),
        "word chain, order 1": lambda seed: writers.word_chain(learned, 1, seed),
        "word chain, order 2": lambda seed: writers.word_chain(learned, 2, seed),
        "word salad": lambda seed: writers.word_salad(learned, seed),
    }
    return [
        System(name, [writers.answer(make(seed), held_out.real) for seed in range(seeds)])
        for name, make in makers.items()
        if names is None or name in names
    ]


def _rows(
    held_out: EvaluationSet, systems: Sequence[System], judged: Mapping[str, FooledResult | None], brief: bool
) -> dict[str, SystemMetrics]:
    rows = {YOU: measure_owner(held_out)}
    if not brief:
        same = held_out.same_months
        rows[SAME] = SystemMetrics(area=auc_estimate(same) if same else None, likeness=held_out.scaled(same))
        rows[BEFORE] = measure(held_out, System(BEFORE, [held_out.earlier], paired=False))
    rows |= {system.name: measure(held_out, system) for system in systems}
    if held_out.ceiling and not brief:
        rows[OTHERS] = SystemMetrics(area=auc_estimate(held_out.ceiling))
    found = {name: result.estimate for name, result in judged.items() if result}
    return {name: replace(row, fooled=found.get(name)) for name, row in rows.items()}


def _about(clone: Clone, held_out: EvaluationSet, seeds: int) -> dict[str, Any]:
    """What the figures are of: their text, their scale, their voice."""
    members, strangers = len(held_out.members), held_out.tested_people
    return {
        "split": held_out.split,
        "windows": len(held_out.real),
        "conversations": held_out.conversations,
        "seeds": seeds,
        "scale": f"{members} other people of your chats" if members else f"{strangers} strangers",
        "people": len(reference_population().counts) + 1,
        "ceiling": held_out.ceiling and auc_estimate(held_out.ceiling),
        "folder": str(clone.root),
        **facts(clone),
        "trained_seconds": clone.manifest().get("result", {}).get("seconds"),
        "identity": identity(clone),
    }


def _add(
    report: EvaluationReport,
    held_out: EvaluationSet,
    windows: Sequence[MessageWindows],
    voice: Voice,
    chats: Sequence[Conversation],
) -> None:
    """What only the full evaluation measures; `windows` are the clone's, by seed."""
    bits = bits_per_byte.measure(voice, chats)
    if bits is not None:
        report.bits_per_byte = {name: bits.per_byte(getattr(bits, name)) for name in ("on", "off", "renamed")}
    report.forced_choice = forced_choice(voice, held_out)
    report.habits = _habits(held_out, windows[0])
    report.gives_it_away = GivesItAway(
        distinctive_words(windows[0], held_out.real), distinctive_ngrams(windows[0], held_out.real, held_out.common)
    )
    everything = [text for one in windows for text in one.lines]
    ranks = {YOU: _delta_rank(held_out.held_out, held_out), CLONE: _delta_rank(everything, held_out)}
    report.delta_rank = {name: rank for name, rank in ranks.items() if rank is not None}


def _habits(held_out: EvaluationSet, clone: MessageWindows) -> list[HabitDistance]:
    half = len(held_out.learned) // 2
    texts = held_out.real.lines, clone.lines, held_out.learned[:half], held_out.learned[half:]
    return habit_distances(*(text_features(pl.Series(lines, dtype=pl.String)) for lines in texts))


def _delta_rank(texts: Sequence[str], held_out: EvaluationSet) -> Estimate | None:
    """Where Cosine Delta ranks the owner among the reference population for these texts, by a bootstrap over texts."""
    population = reference_population()
    vocabulary = population.words[:COMMON]
    own, size = word_counts(held_out.learned, vocabulary)
    asked = np.array([word_counts([text], vocabulary)[0] for text in texts], np.float64)  # (texts, vocabulary)
    if min(size, word_counts(texts, vocabulary)[1]) < FEWEST_WORDS:
        return None
    people = np.vstack([own / size, population.counts / population.totals[:, None]])
    total = np.array([len(text.split()) for text in texts], np.float64).sum()
    each = np.arange(len(texts))
    drawn = Bootstrap(each, draws=DELTA_DRAWS).weights(each) @ asked
    ranks = np.array([rank_of(cosine_delta(row / total, people)) for row in drawn], np.float64)
    return percentile_interval(float(rank_of(cosine_delta(asked.sum(axis=0) / total, people))), ranks, len(texts))
