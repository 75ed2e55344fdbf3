"""Copying, loops, echo, variety, sense, attribution, habits, giveaways: on texts whose answer is known."""

from collections import Counter
from random import Random

import numpy as np
import polars as pl
import pytest

from soundalike.metrics import attribution, baselines, coherence, repetition
from soundalike.metrics.classifier_two_sample import WINDOWS, window_sample
from soundalike.metrics.delta_rank import delta_rank
from soundalike.metrics.distinctive_words import distinctive_ngrams, distinctive_words, log_odds
from soundalike.metrics.habit_distances import habit_distances
from soundalike.metrics.ngram_index import MessageIndex
from soundalike.metrics.reference_population import reference_population
from soundalike.metrics.style_features import summary, text_features
from soundalike.metrics.windows import MIN_WINDOWS
from soundalike.metrics.words import COMMON, common_words, words
from tests.metrics.people import person, talk

LEARNED = MessageIndex(
    ["I think the cat is on the mat again", "one two three four", "We went, and then we came home late!"]
)


@pytest.mark.parametrize(
    ("text", "copied"),
    [
        ("the cat is on the mat", True),
        ("THE CAT, IS ON THE MAT!", True),
        ("we went and then we came", True),
        ("the cat is on a mat", False),
        ("the cat is on", None),
        ("mat again one two three", False),
        ("the cat is on the ma", False),
    ],
)
def test_a_copy_stands_word_for_word_in_one_message(text: str, copied: bool | None) -> None:
    """Whatever its case and marks; a text of under five words is anybody's."""
    assert LEARNED.in_message(text) is copied


def test_copied_sequences_of_eight_words() -> None:
    """Of nine words, eight in a row are copied once."""
    assert LEARNED.copied_ngrams("think the cat is on the mat again ok") == (1, 2)
    assert LEARNED.copied_ngrams("I think the cat is on the mat, ok") == (1, 2) and LEARNED.copied_ngrams("x") == (0, 0)


def test_a_whole_message_is_more_than_a_part_of_one() -> None:
    """Whatever its case and marks; None under five words."""
    assert (
        LEARNED.is_message("i think, the CAT is on the mat again") and LEARNED.is_message("one two three four") is None
    )
    assert LEARNED.is_message("the cat is on the mat") is False


def test_repeats_and_echoes() -> None:
    """A line just sent is a repeat, a question sent back an echo."""
    assert repetition.repeats("Ok then!", ["hm", "ok then"]) and repetition.repeats("😂", ["😂"])
    assert not repetition.repeats("ok then", ["ok then", *"abcde"])
    assert repetition.echoes("what are you doing now", "What are you doing?") and not repetition.echoes(
        "you are", "you are"
    )
    assert not repetition.echoes("nothing much", "what are you doing?")


def test_variety_is_independent_of_length() -> None:
    """Draws from one vocabulary have an adjusted share near one however many there are; a stutter has nearly none."""
    rng, letters = Random(0), [f"w{number}" for number in range(500)]
    for count in (200, 2000):
        texts = [" ".join(rng.choices(letters, k=10)) for _ in range(count // 10)]
        assert repetition.expected_distinct(texts, 1, 500) == pytest.approx(1, abs=0.05)
    assert repetition.expected_distinct(["a a a a a a a a"], 1, 500) < 0.2
    same, different = ["the cat sat on the mat"] * 20, [" ".join(rng.choices(letters, k=6)) for _ in range(20)]
    assert repetition.self_bleu(same) == pytest.approx(1) and repetition.self_bleu(different) < 0.4


def pairs(count: int, rng: Random) -> list[coherence.Pair]:
    """Questions of twelve topics, each with answers of its own words."""
    topics = [rng.randrange(12) for _ in range(count)]
    return [
        ([f"q{topic}{rng.randrange(4)} and so on?"], [f"a{topic}{rng.randrange(4)} is what i say"]) for topic in topics
    ]


def test_sense_is_learned_from_what_follows_what() -> None:
    """Right answers share no word with their questions, and yet are preferred; answers drawn at random are not."""
    rng = Random(0)
    judge = coherence.fit(pairs(600, rng))
    assert judge is not None
    asked, groups = pairs(80, rng), np.arange(80)
    shuffled = [(context, reply) for (context, _), (_, reply) in zip(asked, rng.sample(asked, 80), strict=True)]
    assert judge.preference(asked, groups).mean() > 0.9
    assert judge.preference(shuffled, groups).mean() == pytest.approx(0.5, abs=0.12)
    assert judge.preference([(["zzz"], ["yyy"])] * 3, np.arange(3)) == pytest.approx(0.5)
    assert coherence.fit(asked) is None


def test_windows_are_given_to_whose_style_they_have() -> None:
    """A calm person's among a calm one and two others; a loud one's never."""
    people = [person(1, (1, 0)), person(2, (0.4, 0.6)), person(3, (0, 1))]
    common = common_words([line for one in people for line in one.lines])
    known = [window_sample(one, common) for one in people]
    assert attribution.attributed(window_sample(person(9, (1, 0)), common), known).mean() > 0.95
    assert attribution.attributed(window_sample(person(9, (0, 1)), common), known).mean() == 0


def test_delta_knows_its_own() -> None:
    """A text is nearest to whoever has its frequencies, however long it is; distances are 0 to 2."""
    people = np.array([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]])
    distances = attribution.cosine_delta(people[1], people)
    assert distances[1] == pytest.approx(0, abs=1e-9) and distances.max() <= 2
    assert attribution.rank_of(distances, 1) == 1 and attribution.rank_of(distances, 0) > 1
    assert attribution.word_counts(["a b a", "c"], ["a", "c", "x"])[0].tolist() == [2, 1, 0]


def test_delta_counts_words_and_nothing_else() -> None:
    """Somebody whose frequencies are their own is nearest to themselves, and marks or emoji beside words change no
    figure, whose texts they stand in: they are no words of the population either. Under 2,500 words there is none."""
    chance, known = np.random.default_rng(4), reference_population()
    weights = known.together[:300] * chance.lognormal(0, 0.5, 300)
    drawn = chance.choice(known.words[:300], (2, 500, 6), p=weights / weights.sum())
    own, later = ([" ".join(message) for message in part] for part in drawn.tolist())
    found = delta_rank(later, own)
    assert found is not None and (found.value, found.low, found.high) == (1, 1, 1) and found.n == 500
    marked = [f"{message} 😀 --" for message in later]
    assert delta_rank(marked, own) == delta_rank(later, [f"{message} !" for message in own]) == found
    assert delta_rank(later[:400], own) is None and delta_rank(later, own[:400]) is None


def test_a_habit_that_changed_stands_out() -> None:
    """Somebody's own later messages are about as far as they ever were; a stranger's endings are much farther."""

    def table(seed: int, shares: tuple[float, float]) -> pl.DataFrame:
        return text_features(pl.Series([text for chat in talk(Random(seed), shares) for text in chat]))

    early, late, real = (table(seed, (0.8, 0.2)) for seed in (1, 2, 3))
    near = {one.habit: one.ratio for one in habit_distances(real, table(4, (0.8, 0.2)), early, late)}
    far = {one.habit: one.ratio for one in habit_distances(real, table(4, (0, 1)), early, late)}
    assert far["ending"] > 4 * near["ending"] and near["ending"] < 3
    assert habit_distances(real.head(20), real, early, late) == []
    assert summary(real)["ending=stop"] == pytest.approx(0.8, abs=0.1)


def test_what_gives_it_away_is_found() -> None:
    """Two people who differ in one word and one mark."""
    clone, real = person(1, (0.3, 0.7)), person(1, (0.9, 0.1))
    signs = {one.what: one.sign for one in distinctive_words(clone, real)}
    assert signs["lol"] > 0 and signs["!!"] > 0 and signs["."] < 0
    grams = distinctive_ngrams(clone, real, common_words(real.lines))
    assert any("!" in one.what and one.clones > one.yours for one in grams)
    assert any("." in one.what and one.clones < one.yours for one in grams)


def test_log_odds_weigh_how_sure_one_can_be() -> None:
    """Equal use scores nothing, sides are mirrored, and the same ratio scores more where there is more of it."""
    few, many = Counter(a=2, b=8), Counter(a=200, b=800)
    other = Counter(a=8, b=2), Counter(a=800, b=200)
    one, two = log_odds(few, other[0], few + other[0]), log_odds(many, other[1], many + other[1])
    assert one["a"] < 0 < one["b"] and one["a"] == pytest.approx(-one["b"])
    assert abs(two["a"]) > 3 * abs(one["a"])
    assert log_odds(few, few, few)["a"] == pytest.approx(0)


MESSAGES = ["a b c", "a b d", "b e"]


def test_a_chain_says_only_what_followed() -> None:
    """Order 1 joins words that stood beside each other, order 2 with three words of context is the parrot here."""
    one, two = baselines.word_chain(MESSAGES, 1), baselines.word_chain(MESSAGES, 2)
    assert {one() for _ in range(200)} == {"a b c", "a b d", "a b e", "b e", "b c", "b d"}
    assert {two() for _ in range(200)} == set(MESSAGES)


def test_parrot_and_salad() -> None:
    """Whole messages; the owner's words in lengths that occur."""
    assert {baselines.random_message(MESSAGES)() for _ in range(1)} <= set(MESSAGES)
    speak = baselines.word_salad(MESSAGES)
    said = [speak() for _ in range(300)]
    assert {word for text in said for word in words(text)} == set("abcde")
    assert {len(text.split()) for text in said} == {2, 3}


def test_a_baseline_says_as_many_messages() -> None:
    """A window for each of the real ones, of the same conversation."""
    real = person(1, conversations=3)
    said = baselines.answer(baselines.random_message(MESSAGES), real)
    assert [len(one) for one in said.messages] == [4] * 6 and (said.groups == real.groups).all()


def test_the_reference_population_is_counts_of_many_people() -> None:
    """Enough windows to be a ceiling, words that many use, and no text."""
    known = reference_population()
    assert len(known.windows) == 20 and all(len(one) == WINDOWS >= MIN_WINDOWS for one in known.windows)
    assert known.counts.shape == (60, COMMON) and known.totals.shape == (60,)
    assert {"the", "i", "lol"} <= set(known.words) and len(known.common) == COMMON
    assert 0 < known.habits["ending=stop"].mean() < 1
    assert max(map(len, known.words)) < 30
