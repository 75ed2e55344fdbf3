"""Tokens are drawn as the formulas say, and each stream minds its own business."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from soundalike.errors import EngineError, RecipeError
from soundalike.generation.sampling import (
    DRY_LONGEST,
    Floats,
    Sampler,
    Sampling,
    TokenHistory,
    WordContinuation,
    draw,
    random_generator,
)

PLAIN = Sampling(top_p=1.0, dry_multiplier=0.0, seed=1)
NOTHING = TokenHistory([], PLAIN)


def logits(*chances: float) -> Floats:
    """One row of logits whose softmax is `chances`."""
    return np.log(np.array([chances], dtype=np.float32))


def frequencies(row: Floats, sampling: Sampling, draws: int = 20_000) -> list[float]:
    """How often each token comes."""
    many = np.repeat(row, draws, axis=0)
    tokens, _ = draw(
        many,
        logsumexp(many),
        [TokenHistory([], sampling)] * draws,
        [sampling] * draws,
        [random_generator(sampling)] * draws,
    )
    return [float(share) for share in np.bincount(tokens, minlength=row.size) / draws]


def survivors(row: Floats, sampling: Sampling) -> set[int]:
    """Every token that can come."""
    return {token for token, share in enumerate(frequencies(row, sampling, 2_000)) if share}


def logsumexp(rows: Floats) -> Floats:
    """The logarithm of the sum of each row's exponentials."""
    made: Floats = np.log(np.exp(rows).sum(axis=1))
    return made


def sampler_of(sampling: Sampling, streams: int = 1, prompt: Sequence[int] = ()) -> Sampler:
    """A sampler whose streams 0, 1 ... have read `prompt`."""
    sampler = Sampler()
    for stream in range(streams):
        sampler.join(stream, prompt, sampling if sampling.streams else replace(sampling, streams=(stream,)))
    return sampler


def knobs(**changed: float) -> Sampling:
    settings = {"temperature": 1.0, "top_p": 1.0, "dry_multiplier": 0.0, "seed": 1} | changed
    return Sampling(**settings)  # type: ignore[arg-type]


def test_a_plain_draw_follows_the_model() -> None:
    """With every knob neutral, tokens come as often as the model says."""
    assert frequencies(logits(0.5, 0.3, 0.2), PLAIN) == pytest.approx([0.5, 0.3, 0.2], abs=0.015)


def test_a_plain_draw_from_a_large_vocabulary_follows_the_model() -> None:
    """Drawing by blocks gives the same shares as drawing from one running sum."""
    chances = np.random.default_rng(3).dirichlet(np.full(1000, 0.1)).astype(np.float32) + 1e-12
    found = frequencies(np.log(chances)[None], PLAIN)
    assert np.abs(np.array(found) - chances).max() < 0.015


def test_temperature_sharpens_by_its_formula() -> None:
    """At temperature 0.5 probabilities are squared and put to scale."""
    assert frequencies(logits(0.5, 0.3, 0.2), knobs(temperature=0.5))[0] == pytest.approx(0.25 / 0.38, abs=0.015)


def test_temperature_zero_takes_the_likeliest() -> None:
    """Greedy needs no luck."""
    assert survivors(logits(0.2, 0.5, 0.3), knobs(temperature=0.0)) == {1}


def test_top_k_keeps_k() -> None:
    """Only the k likeliest tokens come."""
    assert survivors(logits(0.1, 0.4, 0.2, 0.3), knobs(top_k=2)) == {1, 3}


def test_top_p_keeps_the_fewest_that_hold_p() -> None:
    """0.4 + 0.3 is under 0.75, so the third token comes too and the fourth does not."""
    assert survivors(logits(0.1, 0.4, 0.2, 0.3), knobs(top_p=0.75)) == {1, 2, 3}
    assert survivors(logits(0.1, 0.4, 0.2, 0.3), knobs(top_p=0.65)) == {1, 3}


def test_top_p_keeps_one_at_least() -> None:
    """However small top_p is, the likeliest token stays, also among equals."""
    assert survivors(logits(0.1, 0.6, 0.3), knobs(top_p=0.01)) == {1}
    assert len(survivors(logits(*[1 / 64] * 64), knobs(top_p=1e-9))) == 1


def test_top_p_on_a_large_vocabulary_agrees_with_a_full_sort() -> None:
    """The floors that spare the sort keep exactly the nucleus."""
    row = (np.random.default_rng(5).standard_normal((1, 500)) * 2).astype(np.float32)
    chances = np.exp(row[0]) / np.exp(row[0]).sum()
    order = np.argsort(-chances)
    nucleus = set(order[: int(np.searchsorted(chances[order].cumsum(), 0.5)) + 1].tolist())
    assert survivors(row, knobs(top_p=0.5)) == nucleus


def test_min_p_keeps_what_is_likely_enough_beside_the_likeliest() -> None:
    """With min_p 0.5 a token needs half of the highest probability."""
    assert survivors(logits(0.4, 0.25, 0.19, 0.16), knobs(min_p=0.5)) == {0, 1}


WORDS = WordContinuation(
    starts_with_letter=np.array([False, False, True, True]), ends_with_letter=np.array([True, False, True, True])
)


@pytest.mark.parametrize("top_p", [1.0, 0.999])
def test_word_p_keeps_an_unlikely_token_from_going_on_with_a_word(top_p: float) -> None:
    row = np.log(np.array([0.5, 0.02, 0.455, 0.025], dtype=np.float32))
    sampling = Sampling(top_p=top_p, word_p=0.1, dry_multiplier=0.0, seed=1)

    def drawn(after: int, letters: WordContinuation | None) -> set[int]:
        sampler = Sampler(letters)
        for stream in range(2_000):
            sampler.join(stream, [after], replace(sampling, streams=(stream,)))
        rows = np.repeat(row[None], 2_000, axis=0)
        return set(sampler.draw(rows, logsumexp(rows), range(2_000))[0].tolist())

    assert drawn(after=0, letters=WORDS) == {0, 1, 2}  # 3 would go on with a word, and has less than a tenth of 0.5
    assert drawn(after=1, letters=WORDS) == {0, 1, 2, 3}  # 1 does not end with a letter
    assert drawn(after=0, letters=None) == {0, 1, 2, 3}


def test_word_p_knows_a_drawn_token_as_the_last() -> None:
    sampler = Sampler(WORDS)
    sampler.join(0, [1], Sampling(top_p=0.9999, word_p=1.0, dry_multiplier=0.0, seed=3))
    letter, unlikely = logits(1e-9, 1e-9, 0.999, 0.001), logits(0.51, 1e-9, 1e-9, 0.49)
    assert sampler.draw(letter, logsumexp(letter), [0])[0].tolist() == [2]
    assert {int(sampler.draw(unlikely, logsumexp(unlikely), [0])[0][0]) for _ in range(50)} == {0}


def test_ids_beyond_the_tokenizers_are_no_letters() -> None:
    sampler = Sampler(WORDS)
    for stream in range(500):
        sampler.join(stream, [0], Sampling(top_p=1.0, word_p=1.0, dry_multiplier=0.0, seed=1, streams=(stream,)))
    rows = np.repeat(logits(0.3, 0.2, 0.1, 0.1, 0.3), 500, axis=0)
    assert set(sampler.draw(rows, logsumexp(rows), range(500))[0].tolist()) == {0, 1, 4}


def test_the_cuts_come_before_the_temperature() -> None:
    """A high temperature brings no token back that min_p cut."""
    assert survivors(logits(0.6, 0.35, 0.05), knobs(min_p=0.5, temperature=2.0)) == {0, 1}


def test_all_cuts_must_be_passed() -> None:
    """Cuts are reckoned on the whole distribution and combine by the strictest."""
    row = logits(0.4, 0.25, 0.19, 0.16)
    assert survivors(row, knobs(top_k=3, top_p=0.99, min_p=0.5)) == {0, 1}
    assert survivors(row, knobs(top_k=1, top_p=0.99, min_p=0.1)) == {0}


def test_logprobs_are_the_raw_models() -> None:
    """Neither cut nor temperature shows in the log-probability."""
    row = logits(0.2, 0.5, 0.3) + 7
    _, logprobs = draw(row, logsumexp(row), [NOTHING], [knobs(temperature=0.0)], [random_generator(PLAIN)])
    assert logprobs[0] == pytest.approx(math.log(0.5), abs=1e-6)


def test_numbers_that_are_none_are_refused() -> None:
    """NaN logits raise an error and are not sampled."""
    with pytest.raises(EngineError):
        draw(
            np.full((1, 4), np.nan, dtype=np.float32),
            np.zeros(1, np.float32),
            [NOTHING],
            [PLAIN],
            [random_generator(PLAIN)],
        )


def test_impossible_tokens_never_come() -> None:
    """A logit of minus infinity stays impossible with every cut off."""
    row = np.array([[0.0, -np.inf, 0.0]], dtype=np.float32)
    assert survivors(row, PLAIN) == {0, 2}


def test_a_seed_repeats() -> None:
    """The same seed draws the same tokens, another seed others."""
    row = np.zeros((1, 1000), dtype=np.float32)
    runs = []
    for seed in (4, 4, 5):
        sampler = sampler_of(knobs(seed=seed))
        runs.append([int(sampler.draw(row, logsumexp(row), [0])[0][0]) for _ in range(10)])
    assert runs[0] == runs[1] != runs[2]


def test_streams_do_not_depend_on_each_other() -> None:
    """Stream 2 draws the same alone, under its number, as among four, some of which have ended."""
    rows = np.random.default_rng(0).standard_normal((6, 4, 300)).astype(np.float32)
    together, alone = sampler_of(knobs(), 4), sampler_of(replace(knobs(), streams=(2,)))
    for step, row in enumerate(rows):
        running = [0, 1, 2, 3] if step < 3 else [1, 2]
        tokens, _ = together.draw(row[running], logsumexp(row[running]), running)
        assert tokens[running.index(2)] == alone.draw(row[2:3], logsumexp(row[2:3]), [0])[0][0]


def test_without_a_seed_draws_differ() -> None:
    """No seed means chance."""
    row = np.zeros((1, 1 << 16), dtype=np.float32)
    one, other = (sampler_of(Sampling(seed=None)).draw(row, logsumexp(row), [0])[0][0] for _ in range(2))
    assert one != other


def dry(*tokens: int, **changed: object) -> dict[int, float]:
    return TokenHistory(tokens, Sampling(**changed)).penalties()  # type: ignore[arg-type]


def test_dry_punishes_what_would_carry_a_repeat_on() -> None:
    """After 1 2 3 ... 1 2, token 3 loses 0.8 * 1.75 ** (2 - 2); three tokens matched make it 1.75 times that."""
    assert dry(1, 2, 3, 9, 1, 2) == {3: pytest.approx(0.8)}
    assert dry(7, 1, 2, 3, 9, 7, 1, 2) == {3: pytest.approx(0.8 * 1.75)}


def test_dry_allows_short_repeats() -> None:
    """A match shorter than the allowed length costs nothing."""
    assert dry(2, 3, 9, 2) == {}
    assert dry(1, 2, 3, 9, 1, 2, dry_allowed_length=3) == {}


def test_dry_takes_the_longest_of_several_matches() -> None:
    """Where a token followed two earlier places, the longer match counts."""
    assert dry(1, 2, 3, 8, 7, 1, 2, 3, 9, 7, 1, 2) == {3: pytest.approx(0.8 * 1.75)}


def test_dry_sees_a_line_said_again() -> None:
    """A newline (0) breaks no match: the second "i love rust" makes the third ever less likely to go on."""
    line = (4, 5, 6, 0)
    assert dry(*line, *line, 4) == {5: pytest.approx(0.8 * 1.75**3)}


def test_dry_reads_through_the_names_at_line_heads() -> None:
    """With `sam:` (8 9) read through, tagged lines match as bare ones do, and the head itself is never punished."""
    bare = dry(4, 5, 6, 0, 4, 5, 6, 0, 4)
    assert dry(8, 9, 4, 5, 6, 0, 8, 9, 4, 5, 6, 0, 8, 9, 4, dry_skip=((8, 9),)) == bare
    assert dry(8, 9, 4, 0, 8, 9, 5, 0, 8, 9, 6, 0, 8, dry_skip=((8, 9),)) == {}


def test_dry_spares_turn_ends() -> None:
    """A spared token is not punished, so that nobody goes on talking just to avoid the end of a line."""
    assert dry(1, 2, 0, 9, 1, 2) == {0: pytest.approx(0.8)}
    assert dry(1, 2, 0, 9, 1, 2, dry_spare=(0,)) == {}


def test_dry_is_the_same_token_by_token() -> None:
    """What `append` keeps equals a search of the whole history at every point."""
    tokens = np.random.default_rng(2).integers(0, 4, 120).tolist()
    growing = TokenHistory([], Sampling())
    for end, token in enumerate(tokens, start=1):
        growing.append(token)
        assert growing.penalties() == pytest.approx(searched(tokens[:end], Sampling()))


def test_reading_through_heads_is_the_same_as_their_absence() -> None:
    """With heads of two and three tokens on every line, penalties are those of the lines alone, at every point."""
    source, heads = np.random.default_rng(6), ((8, 9), (7, 8, 9))
    bare, tagged = TokenHistory([], Sampling()), TokenHistory([], Sampling(dry_skip=heads))
    for line in range(40):
        for token in heads[line % 2]:
            tagged.append(token)
        for token in [*source.integers(1, 4, 4).tolist(), 0]:
            bare.append(token)
            tagged.append(token)
            assert tagged.penalties() == bare.penalties()


def test_a_head_within_a_head_is_survived() -> None:
    """A head that only arises because another was taken out is text like any other."""
    assert TokenHistory([8, 8, 9, 9, 8, 9], Sampling(dry_skip=((8, 9),))).penalties() == {}


def searched(tokens: list[int], sampling: Sampling) -> dict[int, float]:
    """DRY's penalties by comparing every suffix, as the formula reads."""
    found: dict[int, float] = {}
    for at in range(len(tokens) - 1):
        length = 0
        while length <= at and tokens[at - length] == tokens[-1 - length]:
            length += 1
        if length >= sampling.dry_allowed_length:
            exponent = min(length, DRY_LONGEST) - sampling.dry_allowed_length
            penalty = sampling.dry_multiplier * sampling.dry_base**exponent
            found[tokens[at + 1]] = max(found.get(tokens[at + 1], 0.0), penalty)
    return found


def test_dry_stays_finite() -> None:
    """Two hundred tokens of one loop make no infinity."""
    assert all(map(math.isfinite, dry(*[1, 2] * 100).values()))


def test_dry_changes_the_draw() -> None:
    """A model sure of its loop leaves it once the penalty has outgrown its certainty."""
    row = np.full((1, 8), -3.0, dtype=np.float32)
    sampler, said = sampler_of(Sampling(temperature=0.0), prompt=[1, 2, 3]), [1, 2, 3]
    for _ in range(30):
        row[:] = -3.0
        row[0, said[-1] % 3 + 1] = 3.0
        said.append(int(sampler.draw(row, logsumexp(row), [0])[0][0]))
    assert len(set(said)) > 3


def generated(*tokens: int, prompt: Sequence[int] = (), **changed: Any) -> dict[int, float]:
    past = TokenHistory(prompt, Sampling(**{"dry_multiplier": 0.0} | changed))
    for token in tokens:
        past.append(token)
    return past.penalties()


def test_presence_and_frequency_penalties_are_openais() -> None:
    """A token generated c times loses presence + c * frequency; what stood in the prompt loses nothing."""
    both = {"presence_penalty": 0.5, "frequency_penalty": 0.25}
    assert generated(3, 5, 3, 3, prompt=[7, 7], **both) == {3: 0.5 + 3 * 0.25, 5: 0.75}
    assert generated(3, 5, 3) == {}
    assert generated(3, prompt=[7], presence_penalty=-1.0) == {3: -1.0}


def test_penalties_add_to_dry() -> None:
    """Both work on one token where both apply."""
    given = generated(1, 2, prompt=[1, 2, 3, 9], dry_multiplier=0.8, presence_penalty=0.5)
    assert given == {1: 0.5, 2: 0.5, 3: pytest.approx(0.8)}
    assert generated(3, 1, 2, prompt=[1, 2], dry_multiplier=0.8, presence_penalty=0.5)[3] == pytest.approx(1.3)


def test_penalties_spare_the_template() -> None:
    """Turn ends and the `name:` at line heads are no words of the reply."""
    template: dict[str, Any] = {"dry_spare": (0,), "dry_skip": ((8, 9),)}
    assert generated(4, 0, 8, 9, 5, 0, frequency_penalty=1.0, **template) == {4: 1.0, 5: 1.0}
    assert generated(9, 9, prompt=[8], frequency_penalty=1.0, **template) == {9: 1.0}


@pytest.mark.parametrize(("presence", "frequency"), [(1.5, 0.0), (0.0, -2.0), (-2.0, 2.0), (2.0, 2.0)])
def test_penalties_change_the_chances_by_their_formula(presence: float, frequency: float) -> None:
    """Drawing after token 1 came twice follows softmax(logits - presence - 2 * frequency), losses and gains alike."""
    row, sampling = logits(0.5, 0.3, 0.2), replace(PLAIN, presence_penalty=presence, frequency_penalty=frequency)
    past = TokenHistory([], sampling)
    past.append(1)
    past.append(1)
    many = np.repeat(row, 20_000, axis=0)
    tokens, logprobs = draw(
        many, logsumexp(many), [past] * 20_000, [sampling] * 20_000, [random_generator(sampling)] * 20_000
    )
    chances = np.array([0.5, 0.3 * math.exp(-presence - 2 * frequency), 0.2])
    found = np.bincount(tokens, minlength=3) / 20_000
    assert found == pytest.approx(chances / chances.sum(), abs=0.015)
    assert logprobs == pytest.approx(row[0, tokens], abs=1e-5)


def test_what_gains_much_stays_a_number() -> None:
    """A token that occurred 500 times with a penalty of -2 is certain, with every cut."""
    sampling = Sampling(frequency_penalty=-2.0, dry_multiplier=0.0, seed=1)
    sampler, row = sampler_of(sampling), logits(1e-6, 0.5, 0.5)
    past = TokenHistory([], sampling)
    for _ in range(500):
        past.append(0)
    with np.errstate(all="raise", under="ignore"):
        assert draw(row, logsumexp(row), [past], [sampling], [random_generator(sampling)])[0].tolist() == [0]
    assert sampler.draw(row, logsumexp(row), [0])[0][0] in {1, 2}


@pytest.mark.parametrize("temperature", [0.0, 1e-300, 1e-45, 9e-6])
def test_the_smallest_temperatures_are_greedy(temperature: float) -> None:
    """A temperature that logits cannot be divided by takes the likeliest token."""
    sampling = Sampling(temperature=temperature)
    assert sampling.temperature == 0
    assert survivors(logits(0.2, 0.5, 0.3), sampling) == {1}
    assert survivors(logits(0.2, 0.5, 0.3), knobs(temperature=2e-5, top_p=0.99)) == {1}


def test_dry_off_is_off() -> None:
    """A multiplier of 0 punishes nothing."""
    assert dry(1, 2, 3, 1, 2, dry_multiplier=0.0) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1),
        ("temperature", 2.1),
        ("temperature", math.nan),
        ("presence_penalty", 2.5),
        ("frequency_penalty", -2.5),
        ("frequency_penalty", math.nan),
        ("dry_multiplier", math.inf),
        ("top_p", 0.0),
        ("top_p", 1.1),
        ("top_k", -1),
        ("min_p", 1.5),
        ("word_p", -0.1),
        ("seed", -1),
        ("dry_multiplier", -1.0),
        ("dry_base", 0.5),
        ("dry_allowed_length", 0),
    ],
)
def test_settings_out_of_range_are_named(name: str, value: float) -> None:
    """The error says which setting is wrong."""
    with pytest.raises(RecipeError, match=name):
        Sampling(**{name: value})  # type: ignore[arg-type]
