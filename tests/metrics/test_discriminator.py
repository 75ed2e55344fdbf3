"""The judge, where the right answer is known by construction."""

from collections.abc import Sequence

import numpy as np
import pytest

from soundalike.metrics.char_ngrams import count_ngrams
from soundalike.metrics.classifier_two_sample import window_bootstrap
from soundalike.metrics.discriminator import FooledResult, JudgedReplies, fooled
from soundalike.metrics.stats import Floats

REPLIES, FEATURES = 240, 6


def judged(seed: int, shift: float = 0.0, spread: float = 1.0, context: Floats | None = None) -> JudgedReplies:
    """Two replies a conversation, whose features are `shift` from normal ones of this `spread`, about their context."""
    generator = np.random.default_rng(seed)
    features = shift + spread * generator.standard_normal((REPLIES, FEATURES))
    if context is not None:
        features += context
    texts = ["".join(generator.choice(list("abcdefgh"), 20)) for _ in range(REPLIES)]
    return JudgedReplies(features, count_ngrams(texts), np.arange(REPLIES) // 2)


def result(real: JudgedReplies, others: Sequence[JudgedReplies], paired: bool = True) -> FooledResult:
    both = window_bootstrap(real.groups), window_bootstrap(others[0].groups, 1)
    found = fooled(real, others, (both[0], both[0] if paired else both[1]), paired=paired)
    assert found is not None
    return found


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("samples", [1, 3])
def test_a_perfect_copy_of_the_distribution_fools_it_in_half_of_the_pairs(paired: bool, samples: int) -> None:
    """However many samples there are: of eight writers the intervals of seven at least hold one half."""
    found = [
        result(judged(seed), [judged(seed + 1 + other) for other in range(samples)], paired).estimate
        for seed in range(1000, 1032, 4)
    ]
    assert np.mean([one.value for one in found]) == pytest.approx(0.5, abs=0.03)
    assert sum(one.low <= 0.5 <= one.high for one in found) >= 7
    assert all(one.high - one.low < 0.25 and one.n in range(REPLIES - 20, REPLIES + 1) for one in found)


@pytest.mark.parametrize("paired", [True, False])
def test_a_writer_far_off_never_does(paired: bool) -> None:
    """Whichever way the features point, for the judge learns that."""
    assert result(judged(0), [judged(1, 4.0)], paired).value < 0.01
    assert result(judged(0), [judged(1, -4.0)], paired).value < 0.01


def test_the_share_is_that_of_normal_distributions() -> None:
    """One feature d apart is picked right with probability Phi(d / sqrt 2), here 0.76; a fit on 190 loses little."""
    real, other = judged(0), judged(1)
    other.features[:, 0] -= 1.0
    assert result(real, [other]).value == pytest.approx(0.24, abs=0.07)


def test_one_that_is_too_regular_is_found_out() -> None:
    """Its mean is right and its spread too small: squares show that, which a line through the features cannot."""
    assert result(judged(0), [judged(1, spread=0.3)]).value < 0.1


def test_pairs_of_one_context_show_what_contexts_hide() -> None:
    """A small difference, under contexts that differ more than the writers do."""
    context = 10 * np.random.default_rng(9).standard_normal((REPLIES, FEATURES))
    real, other = judged(0, 1.0, 0.5, context), judged(1, 0.0, 0.5, context)
    assert result(real, [other]).value < 0.15 < 0.3 < result(real, [other], paired=False).value


def test_what_is_the_same_is_an_even_bet() -> None:
    """The same replies on both sides: no pick at all, one half exactly."""
    same = judged(0)
    assert result(same, [same]).value == 0.5


def test_ngrams_alone_are_enough() -> None:
    """Features that say nothing, texts that say everything."""
    real, other = judged(0), judged(1)
    marked = JudgedReplies(other.features, count_ngrams(["zz" * 10] * REPLIES), other.groups)
    assert result(real, [marked]).value < 0.05


def test_too_little_text_gives_no_figure() -> None:
    """Under forty pairs."""
    few = judged(0).take(np.arange(39))
    both = (window_bootstrap(few.groups),) * 2
    assert fooled(few, [few], both) is None and fooled(few, [], both) is None


def test_the_interval_holds_what_other_conversations_give() -> None:
    """Of twenty pairs of writers one apart, at least seventeen intervals hold the mean of all."""
    found = []
    for seed in range(1000, 1040, 2):
        real, other = judged(seed), judged(seed + 1)
        other.features[:, 0] -= 1.0
        found.append(result(real, [other]).estimate)
    middle = np.mean([one.value for one in found])
    assert sum(one.low <= middle <= one.high for one in found) >= 17
