"""The scale orders what is known to be more and less alike."""

from random import Random

import pytest

from benchmarks.likeness import anchors, evaluation_set
from soundalike.evaluation.evaluation_report import BEFORE, OTHERS
from soundalike.evaluation.evaluation_set import EvaluationSet
from soundalike.evaluation.held_out import Conversation, DialogueLine
from soundalike.metrics.classifier_two_sample import TwoSampleResult
from tests.metrics.people import NOUNS, VERBS

ORDER = [BEFORE, "parrot", "word chain, order 2", "word salad", OTHERS]


def moody(rng: Random) -> Conversation:
    """Whoever is calm or loud for a whole conversation, and closes what they open: `<` with `>`, `*` with `*`."""
    opened, closed, mark = rng.choice([("<", ">", "."), ("*", "*", "!!")])

    def words() -> str:
        return " ".join(rng.choice((NOUNS, VERBS)[at % 2]) for at in range(rng.randrange(2, 6)))

    return [DialogueLine("sam", True, f"{opened} {words()} {closed} {words()} {mark}") for _ in range(8)]


def test_anchors_are_in_order() -> None:
    """A parrot has no moods, a chain closes nothing, salad has no order, and strangers write something else."""
    rng = Random(3)
    sizes = {"train": 300, "valid": 80, "test": 80}
    chats = {split: [moody(rng) for _ in range(size)] for split, size in sizes.items()}
    measured = anchors(EvaluationSet(chats, "test", "sam", 160))
    areas = [measured[name].auc for name in ORDER]
    assert areas == sorted(areas)
    assert min(later - earlier for earlier, later in zip(areas[:3], areas[1:4], strict=True)) > 0.01


@pytest.fixture(scope="module")
def built_in() -> dict[str, TwoSampleResult]:
    return anchors(evaluation_set([]))


def test_the_built_in_export(built_in: dict[str, TwoSampleResult]) -> None:
    """A person made by a grammar does not drift: months, parrot and chains are alike, salad and strangers not."""
    floor, salad = built_in[BEFORE], built_in["word salad"]
    assert floor.auc < 0.6 and built_in["parrot"].auc < 0.6
    assert (salad.draws - floor.draws).min() > 0.2
    assert built_in[OTHERS].auc > salad.auc
