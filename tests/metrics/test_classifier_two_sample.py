"""Windows, n-grams, the classifier test and the scale, where the right answer is known."""

from collections import Counter
from random import Random

import numpy as np
import pytest

from soundalike.metrics.char_ngrams import BUCKETS, bucket_of, count_ngrams, ngrams_by_bucket, unit_vectors
from soundalike.metrics.classifier_two_sample import (
    DRAWS,
    FOLDS,
    TwoSampleResult,
    WindowSample,
    classifier_two_sample_test,
    window_bootstrap,
    window_sample,
)
from soundalike.metrics.folds import assign_folds
from soundalike.metrics.likeness_scale import likeness, population_ceiling
from soundalike.metrics.stats import weighted_auc, wins
from soundalike.metrics.windows import MessageWindows, cut_windows
from soundalike.metrics.words import common_words, mask, words
from tests.metrics.people import person


def test_windows_stay_within_a_conversation() -> None:
    """Four messages in order; what is left of a conversation is left out."""
    made = cut_windows([list("abcde"), list("xyz"), list("klmnopqr")])
    assert made.messages == [tuple("abcd"), tuple("klmn"), tuple("opqr")]
    assert made.groups.tolist() == [0, 2, 2]
    assert made.last(1).texts == ["o\np\nq\nr"]


def test_words_outside_the_commonest_are_masked_by_shape() -> None:
    """Case, digits, marks and length stay; a typographic apostrophe is a plain one."""
    common = common_words(["the cat is on the mat", "it’s the cat"], 2)
    assert common == {"the", "cat"}
    assert mask("The Cats' mat, 42 isn't Cat!", common) == "The Xxxx' xxx, 00 xxx'x Cat!"
    assert words("It’s 3pm, привет_мир") == ["it's", "3pm", "привет", "мир"]


def test_grams_are_counted_as_a_counter_would() -> None:
    """Every n-gram of one to four characters, edges included, and its bucket can be read back."""
    texts = ["abab 😂", "", "ü"]
    made, table = count_ngrams(texts), ngrams_by_bucket(texts)
    for row, text in enumerate(texts):
        bounded = f"\n{text}\n"
        counted = Counter(bounded[at : at + n] for n in range(1, 5) for at in range(len(bounded) - n + 1))
        inside = slice(made.starts[row], made.starts[row + 1])
        found = dict(zip(made.buckets[inside].tolist(), made.counts[inside].tolist(), strict=True))
        assert found == {bucket_of(gram): count for gram, count in counted.items()}
        assert {table[bucket] for bucket in found} == set(counted)


def test_buckets_are_spread_evenly() -> None:
    """Of all two-letter strings fewer collide than by chance twice over."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789 !?"
    buckets = {bucket_of(a + b + c) for a in letters for b in letters for c in letters[:10]}
    drawn = len(letters) ** 2 * 10
    assert len(buckets) > 0.9 * BUCKETS * (1 - (1 - 1 / BUCKETS) ** drawn)


def test_vectors_have_length_one() -> None:
    """Whatever the texts' lengths; taking rows is the same as having had only those texts."""
    both = count_ngrams(["hi", "a much longer text than that", "third"])
    (rows,) = unit_vectors(both)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1)
    alone = count_ngrams(["third"])
    taken = both.take([2])
    assert (taken.buckets == alone.buckets).all() and (taken.counts == alone.counts).all()


def compared(first: MessageWindows, second: MessageWindows, paired: bool = False) -> TwoSampleResult | None:
    common = common_words([*first.lines, *second.lines])
    return classifier_two_sample_test(
        window_sample(first, common), [window_sample(second, common)], window_bootstrap(first.groups), paired=paired
    )


def test_the_same_person_cannot_be_told_from_themselves() -> None:
    """Two samples of one distribution: about a half, and the interval holds it."""
    found = compared(person(1, (0.5, 0.5)), person(2, (0.5, 0.5)))
    assert found is not None and found.auc == pytest.approx(0.5, abs=0.09)
    assert np.percentile(found.draws, 2.5) < 0.55 and np.percentile(found.draws, 97.5) > 0.45


def test_two_people_without_a_habit_in_common_are_told_apart() -> None:
    """Always, with an interval of no width."""
    found = compared(person(1, (1, 0)), person(2, (0, 1)))
    assert found is not None and found.auc > 0.999 and found.draws.min() > 0.99


def test_the_area_grows_with_the_distance() -> None:
    """Three people each a little farther away."""
    areas = [
        found.auc
        for share in (0.5, 0.65, 0.95)
        if (found := compared(person(1, (0.5, 0.5)), person(2, (share, 1 - share))))
    ]
    assert areas == sorted(areas) and areas[2] - areas[0] > 0.3


def test_under_forty_windows_there_is_no_figure() -> None:
    """On either side."""
    assert compared(person(1), person(2, conversations=19)) is None
    assert compared(person(1, conversations=19), person(2)) is None


def test_without_one_window_there_is_no_figure() -> None:
    """A clone may have no held-out conversation: its bootstrap draws nothing, and divides by nothing."""
    nothing = window_sample(cut_windows([]), frozenset())
    bootstrap = window_bootstrap(nothing.groups)
    assert bootstrap.weights(nothing.groups).shape == (DRAWS, 0)
    assert classifier_two_sample_test(nothing, [nothing], bootstrap) is None


def test_what_a_conversation_is_about_does_not_count() -> None:
    """Each conversation has a mark of its own on both sides of a pair: folds by conversation learn nothing from it."""

    def side(word: str) -> MessageWindows:
        rng = Random(word)
        chats = [[f"{topic} {rng.choice('abcdef')}" for _ in range(8)] for topic in map(str, range(40))]
        return cut_windows(chats)

    found = compared(side("one"), side("two"), paired=True)
    assert found is not None and found.auc == pytest.approx(0.5, abs=0.1)


def test_folds_hold_whole_conversations() -> None:
    """And about as many windows each."""
    groups = np.repeat(np.arange(30), np.arange(30) % 4 + 1)
    folds = assign_folds(groups, FOLDS, np.random.default_rng(0))
    assert all(len(set(folds[groups == group])) == 1 for group in range(30))
    assert np.ptp(np.bincount(folds)) <= 4


def test_a_draw_of_everything_once_gives_the_area_itself() -> None:
    """The weighted area is the Mann-Whitney statistic: here six pairs of which four and a half are won."""
    won = wins(np.array([0.5, 0.4]), np.array([0.1, 0.2, 0.5]))
    assert won.tolist() == [[1, 1, 0.5], [1, 1, 0]]
    assert weighted_auc(won, np.ones((1, 2), int), np.ones((1, 3), int))[0] == pytest.approx(4.5 / 6)
    assert weighted_auc(won, np.array([[2, 0]]), np.array([[0, 0, 1]]))[0] == pytest.approx(0.5)


def drawn(auc: float) -> TwoSampleResult:
    return TwoSampleResult(auc, np.full(50, auc), 80)


def test_the_scale_runs_from_the_ceiling_to_a_perfect_voice() -> None:
    """As the ceiling 0 %, at one half 100 %, between them in proportion, beyond not cut; without room no figure."""
    ceiling = drawn(0.9)
    values = [likeness(drawn(auc), ceiling) for auc in (0.5, 0.9, 0.6, 0.4)]
    assert [one.value for one in values if one] == pytest.approx([1, 0, 0.75, 1.25])
    assert likeness(drawn(0.5), drawn(0.52)) is None


def test_the_ceiling_is_the_middle_of_other_people() -> None:
    """Of those with enough windows; none where nobody has."""
    common = common_words([])
    real = person(1)
    people = [window_sample(person(seed, (share, 1 - share)), common) for seed, share in ((2, 1.0), (3, 0.5), (4, 0.0))]
    found = population_ceiling(
        window_sample(real, common),
        [*people, window_sample(person(5, conversations=3), common)],
        window_bootstrap(real.groups),
    )
    assert found is not None and found[1] == 3
    assert 0.6 < found[0].auc < 1.0
    assert population_ceiling(window_sample(real, common), [], window_bootstrap(real.groups)) is None


def test_samples_know_their_conversations() -> None:
    """A sample is as long as its windows."""
    assert len(WindowSample(count_ngrams(["a", "b"]), np.array([0, 1]))) == 2
