"""Writers that only count words, as systems to measure a clone beside."""

from collections.abc import Callable, Collection

from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.system_metrics import System
from soundalike.metrics import baselines as writers


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
