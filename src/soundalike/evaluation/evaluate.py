"""`soundalike evaluate me`: a clone folder -> a report, which evaluation.json in it holds too."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from soundalike.clone import Clone
from soundalike.errors import RecipeError, TooLittleText
from soundalike.evaluation import bits_per_byte
from soundalike.evaluation.held_out import conversations, count_unscored
from soundalike.evaluation.replies import answer_scenes
from soundalike.evaluation.report import BEFORE, CLONE, OTHERS, YOU, EvaluationReport
from soundalike.evaluation.report_file import FULL, SHORT, identity, save
from soundalike.evaluation.systems import BEFORE as BEFORE_HELD_OUT
from soundalike.evaluation.systems import EvaluationSet, System, SystemMetrics
from soundalike.generation.voice import Voice
from soundalike.metrics import baselines, distinctive_words
from soundalike.metrics.attribution import FEWEST_WORDS, cosine_delta, rank_of, word_counts
from soundalike.metrics.char_ngrams import COMMON
from soundalike.metrics.habit_distances import habit_distances
from soundalike.metrics.likeness_scale import auc_estimate
from soundalike.metrics.reference_population import reference_population
from soundalike.metrics.stats import Estimate, percentile_interval
from soundalike.metrics.style_features import text_features
from soundalike.metrics.windows import FEWEST

SCENES, SEEDS = 160, (1, 2, 3)
BRIEF_SEEDS = (1,)
DELTA_DRAWS = 200

Progress = Callable[[float, int], None]  # done, of: scenes answered


def evaluate(
    folder: str | Path,
    *,
    split: str = "test",
    seeds: tuple[int, ...] = SEEDS,
    most: int = SCENES,
    brief: bool = False,
    on_progress: Progress = lambda done, of: None,
) -> EvaluationReport:
    """Everything about the clone in `folder`, kept in evaluation.json.

    `brief` is the short check: the four needles on the same scenes and the same scale, for the first seed alone.

    `split` is `test`, which is opened once for each clone that is told of, or `valid`, to choose settings by.
    `TooLittleText` where held-out text has fewer windows than any figure needs; `CloneError` where there is no voice.
    """
    if split not in BEFORE_HELD_OUT:
        raise RecipeError(f"There is no split {split!r} to evaluate on.", "Say test or valid.")
    clone = Clone.open(folder)
    voice = Voice.load(folder)
    chats, _ = conversations(clone)
    stage = EvaluationSet(chats, split, voice.owner, most, seed=0)
    if len(stage.real) < FEWEST:
        what = f"The held-out part has {len(stage.real)} windows of four messages, and no figure holds under {FEWEST}"
        raise TooLittleText(f"{what}: too little text.", "Import more of your messages, or a shorter --gap.")
    seeds = seeds[: len(BRIEF_SEEDS)] if brief else seeds
    total, done = len(stage.scenes) * len(seeds) * (1 if brief else 2), 0.0

    def step(scenes: float) -> None:
        nonlocal done
        done += scenes
        on_progress(round(done, 6), total)

    spoken = System(CLONE, answer_scenes(voice, stage.scenes, seeds, step).windows(stage.scenes))
    contestants = [spoken]
    if not brief:
        with voice.engine.adapter_off():
            alone = answer_scenes(voice, stage.scenes, seeds, step).windows(stage.scenes)
        contestants += [System("the base alone", alone), *baseline_systems(stage, len(seeds))]
    about = _about(clone, stage, split, seeds) | {
        "form": SHORT if brief else FULL,
        "left_out": count_unscored(chats[split]),
    }
    report = EvaluationReport(about, _rows(stage, contestants, brief))
    if not brief:
        _add(report, stage, spoken, voice, chats[split])
    with clone.locked("soundalike evaluate"):
        save(clone, report.as_dict())
    return report


def baseline_systems(stage: EvaluationSet, seeds: int) -> list[System]:
    """Those that only count words: what a clone must beat. Made from the owner's messages before the held-out ones."""
    learned = stage.learned
    speakers: dict[str, Callable[[int], baselines.Baseline]] = {
        "parrot": lambda seed: baselines.random_message(learned, seed),
        "word chain, order 1": lambda seed: baselines.word_chain(learned, 1, seed),
        "word chain, order 2": lambda seed: baselines.word_chain(learned, 2, seed),
        "word salad": lambda seed: baselines.word_salad(learned, seed),
    }
    return [
        System(name, [baselines.answer(made(seed), stage.real) for seed in range(seeds)])
        for name, made in speakers.items()
    ]


def _rows(stage: EvaluationSet, contestants: list[System], brief: bool) -> dict[str, SystemMetrics]:
    rows = {YOU: stage.owner_figures()}
    if not brief:
        rows[BEFORE] = stage.figures(System(BEFORE, [stage.earlier], paired=False))
    rows |= {one.name: stage.figures(one) for one in contestants}
    if stage.ceiling and not brief:
        nothing = dict.fromkeys(SystemMetrics.__slots__)
        rows[OTHERS] = SystemMetrics(**{**nothing, "area": auc_estimate(stage.ceiling), "variety": {}})  # type: ignore[arg-type]
    return rows


def _about(clone: Clone, stage: EvaluationSet, split: str, seeds: tuple[int, ...]) -> dict[str, Any]:
    who = f"{stage.members} other people of your chats" if stage.members else f"{stage.strangers} strangers"
    return {
        "split": split,
        "windows": len(stage.real),
        "conversations": len(np.unique(stage.real.groups)),
        "seeds": len(seeds),
        "scale": who,
        "people": len(stage.people) if stage.members else len(reference_population().counts) + 1,
        "floor": auc_estimate(stage.floor).as_dict() if stage.floor else None,
        "ceiling": auc_estimate(stage.ceiling).as_dict() if stage.ceiling else None,
        "folder": str(clone.root),
        "trained_seconds": clone.manifest().get("result", {}).get("seconds"),
        "identity": identity(clone),
    }


def _add(report: EvaluationReport, stage: EvaluationSet, spoken: System, voice: Voice, chats: list[Any]) -> None:
    """What only the full evaluation looks at."""
    cost = bits_per_byte.measure(voice, chats)
    if cost is not None:
        report.bits = {name: cost.per_byte(getattr(cost, name)) for name in ("on", "off", "renamed")}
    said, half = spoken.windows[0], len(stage.learned) // 2
    texts = (stage.real.lines, said.lines, stage.learned[:half], stage.learned[half:])
    report.habits = habit_distances(*(text_features(_series(lines)) for lines in texts))
    report.words = distinctive_words.distinctive_words(said, stage.real)
    report.grams = distinctive_words.distinctive_ngrams(said, stage.real, stage.common)
    ranks = {YOU: _delta(stage.held_out, stage), CLONE: _delta([t for one in spoken.windows for t in one.lines], stage)}
    report.delta = {name: one for name, one in ranks.items() if one is not None}


def _series(texts: list[str]) -> Any:
    import polars as pl

    return pl.Series(texts, dtype=pl.String)


def _delta(texts: list[str], stage: EvaluationSet) -> Estimate | None:
    """Where Cosine Delta ranks the owner among the crowd for these texts; by a bootstrap over messages."""
    vocabulary = reference_population().words[:COMMON]
    own, size = word_counts(stage.learned, vocabulary)
    asked = np.array([word_counts([text], vocabulary)[0] for text in texts], np.float64)
    if min(size, word_counts(texts, vocabulary)[1]) < FEWEST_WORDS:
        return None
    people = np.vstack([own / size, reference_population().counts / reference_population().totals[:, None]])
    drawn = np.random.default_rng(0).multinomial(len(asked), np.full(len(asked), 1 / len(asked)), DELTA_DRAWS) @ asked
    sums = np.array([len(text.split()) for text in texts], np.float64).sum()
    ranks = np.array([rank_of(cosine_delta(row / sums, people)) for row in drawn], np.float64)
    return percentile_interval(float(rank_of(cosine_delta(asked.sum(axis=0) / sums, people))), ranks, len(texts))
