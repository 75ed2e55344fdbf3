"""`soundalike evaluate me`: a clone folder -> a report, which evaluation.json in it holds too."""

from collections.abc import Callable, Sequence
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
    CLONE,
    FULL,
    OTHERS,
    SHORT,
    YOU,
    EvaluationReport,
    GivesItAway,
)
from soundalike.evaluation.evaluation_set import BEFORE as PART_BEFORE
from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.held_out import Conversation, conversations, count_unscored
from soundalike.evaluation.replies import OnProgress, SceneProgress, answer_scenes
from soundalike.evaluation.report_file import identity, save
from soundalike.evaluation.system_metrics import System, SystemMetrics, measure, measure_owner
from soundalike.generation.voice import Voice
from soundalike.metrics import baselines
from soundalike.metrics.attribution import FEWEST_WORDS, cosine_delta, rank_of, word_counts
from soundalike.metrics.distinctive_words import distinctive_ngrams, distinctive_words
from soundalike.metrics.habit_distances import HabitDistance, habit_distances
from soundalike.metrics.likeness_scale import auc_estimate
from soundalike.metrics.reference_population import reference_population
from soundalike.metrics.stats import Bootstrap, Estimate, percentile_interval
from soundalike.metrics.style_features import text_features
from soundalike.metrics.windows import FEWEST, MessageWindows
from soundalike.metrics.words import COMMON

SCENES, SEEDS = 160, (1, 2, 3)
BRIEF_SEEDS = (1,)
DELTA_DRAWS = 200


def evaluate(
    folder: str | Path,
    *,
    split: str = "test",
    seeds: tuple[int, ...] = SEEDS,
    most: int = SCENES,
    brief: bool = False,
    on_progress: OnProgress = lambda done, of: None,
) -> EvaluationReport:
    """Everything about the clone in `folder`, kept in evaluation.json.

    `brief` is the short check: the four headline metrics on the same scenes and the same scale, for the first seed
    alone. `split` is `test`, or `valid` to choose settings by. `TooLittleText` where held-out text has fewer windows
    than any figure needs; `CloneError` where there is no voice.
    """
    if split not in PART_BEFORE:
        raise RecipeError(f"There is no split {split!r} to evaluate on.", "Say test or valid.")
    clone = Clone.open(folder)
    voice = Voice.load(folder)
    chats, _ = conversations(clone)
    held_out = EvaluationSet(chats, split, voice.owner, most)
    if len(held_out.real) < FEWEST:
        what = (
            f"The held-out part has {len(held_out.real)} windows of four messages, and no figure holds under {FEWEST}"
        )
        raise TooLittleText(f"{what}: too little text.", "Import more of your messages, or a shorter --gap.")
    seeds = seeds[: len(BRIEF_SEEDS)] if brief else seeds
    progress = SceneProgress(on_progress, len(held_out.scenes) * len(seeds) * (1 if brief else 2))
    systems = [System(CLONE, answer_scenes(voice, held_out.scenes, seeds, progress.add))]
    if not brief:
        with voice.engine.adapter_off():
            systems.append(System(BASE, answer_scenes(voice, held_out.scenes, seeds, progress.add)))
        systems += baseline_systems(held_out, len(seeds))
    about = _about(clone, held_out, len(seeds)) | {"form": SHORT if brief else FULL}
    report = EvaluationReport(about | {"left_out": count_unscored(chats[split])}, _rows(held_out, systems, brief))
    if not brief:
        _add(report, held_out, systems[0].windows, voice, chats[split])
    with clone.locked("soundalike evaluate"):
        save(clone, report)
    return report


def baseline_systems(held_out: EvaluationSet, seeds: int) -> list[System]:
    """Baselines that only count words, made from the owner's messages of the training part."""
    learned = held_out.learned
    makers: dict[str, Callable[[int], baselines.Baseline]] = {
        "parrot": lambda seed: baselines.random_message(learned, seed),
        "word chain, order 1": lambda seed: baselines.word_chain(learned, 1, seed),
        "word chain, order 2": lambda seed: baselines.word_chain(learned, 2, seed),
        "word salad": lambda seed: baselines.word_salad(learned, seed),
    }
    return [
        System(name, [baselines.answer(make(seed), held_out.real) for seed in range(seeds)])
        for name, make in makers.items()
    ]


def _rows(held_out: EvaluationSet, systems: Sequence[System], brief: bool) -> dict[str, SystemMetrics]:
    rows = {YOU: measure_owner(held_out)}
    if not brief:
        rows[BEFORE] = measure(held_out, System(BEFORE, [held_out.earlier], paired=False))
    rows |= {system.name: measure(held_out, system) for system in systems}
    if held_out.ceiling and not brief:
        rows[OTHERS] = SystemMetrics(area=auc_estimate(held_out.ceiling))
    return rows


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
        "floor": held_out.floor and auc_estimate(held_out.floor),
        "ceiling": held_out.ceiling and auc_estimate(held_out.ceiling),
        "folder": str(clone.root),
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
