"""The word chain counts, backs off, and can be checked by hand."""

import math
from pathlib import Path

import numpy as np
import pytest

from soundalike.clone.document import Document
from soundalike.engines.markov import MarkovEngine, WordTokenizer, load
from soundalike.errors import EngineError
from soundalike.generation.batch import generate
from soundalike.generation.sampling import Sampling
from soundalike.training.packing import encode, pack

TEXT = "ada: i love rust\nada: i love tea\n"


def taught(text: str = TEXT, order: int = 2, times: int = 1) -> MarkovEngine:
    engine = MarkovEngine(order)
    batch = pack(list(encode([Document(text)] * times, engine.tokenizer, 64)), 64, seed=0)
    engine.step(batch, 0.0)
    return engine


def chance(engine: MarkovEngine, before: str, word: str) -> float:
    """Probability of `word` after `before`."""
    tokens = engine.tokenizer.encode([before + word])[0]
    return math.exp(float(engine.logprobs(tokens)[-1]))


def test_words_carry_the_space_before_them() -> None:
    """Tokens are words, punctuation, newlines and tabs, and join to the text."""
    tokenizer = WordTokenizer()
    (tokens,) = tokenizer.encode(["ada: don't, ok?\n\t so"])
    words = [tokenizer.words[token] for token in tokens]
    assert words == ["ada", ":", " don't", ",", " ok", "?", "\n", "\t", " so"]


def test_the_vocabulary_grows_and_keeps_its_ids() -> None:
    """A new word gets the next id, an old one the id it had."""
    tokenizer = WordTokenizer()
    (first,) = tokenizer.encode(["one two"])
    (second,) = tokenizer.encode(["two one three"])
    assert tokenizer.size == 2 + 5
    assert second[1:] == [tokenizer.size - 2, tokenizer.size - 1]
    assert tokenizer.encode(["one two"])[0] == first


def test_probabilities_follow_witten_and_bell() -> None:
    """Order 1 on `a b a c`: after `a` came two words of two kinds, so p = (1 + 2 * p_shorter) / 4."""
    engine = taught("a b a c", order=1)
    kinds = {"begin", "end", "a", " b", " a", " c"}
    unigram = (1 + 5 / len(kinds)) / (5 + 5)
    assert chance(engine, "", "a") == 1.0
    assert chance(engine, " a", " c") == pytest.approx((1 + 1 * unigram) / (1 + 1))


def test_probabilities_sum_to_one() -> None:
    """After any context, seen or not, the chances of all words are a distribution."""
    engine = taught()
    for context in [(), (2,), (2, 3), (99, 98)]:
        assert float(engine.probabilities(context).sum()) == pytest.approx(1.0, abs=1e-5)


def test_all_chances_agree_with_each() -> None:
    """The vector used to draw and the single chance used to score are the same numbers."""
    engine = taught()
    for context in [(), (3,), (4, 5)]:
        one_by_one = [engine.probability(context, token) for token in range(engine.tokenizer.size)]
        assert engine.probabilities(context).tolist() == pytest.approx(one_by_one, rel=1e-5)


def test_it_says_what_it_heard() -> None:
    """After `i` always came `love`."""
    engine = taught(times=20)
    assert chance(engine, "ada: i", " love") > 0.9


def test_an_unknown_word_is_possible_and_unlikely() -> None:
    """A word met only in a prompt has a chance, a small one."""
    engine = taught(times=20)
    assert 0 < chance(engine, "ada: i", " abhor") < 0.05


def test_order_zero_knows_no_context() -> None:
    """A chain of order 0 counts words alone."""
    engine = taught(order=0)
    engine.tokenizer.encode(["rust"])
    assert chance(engine, "ada: i", " love") == pytest.approx(chance(engine, "rust", " love"))


def test_a_prompt_is_continued_in_words() -> None:
    """Greedy continuation repeats the commonest line."""
    engine = taught("ada: i love rust\n", times=5)
    prompt = engine.tokenizer.encode(["ada: i"])[0]
    steps = generate(engine, [prompt], Sampling(temperature=0, dry_multiplier=0), 3)
    assert engine.tokenizer.decode([step.token for (step,) in steps]) == " love rust\n"


def test_no_prompts_no_steps() -> None:
    """Nobody asked, nothing said."""
    assert list(generate(taught(), [], Sampling(), 5)) == []


def test_an_empty_text_has_no_logprobs() -> None:
    """No token, no number."""
    assert taught().logprobs([]).shape == (0,)


def test_the_file_keeps_the_order(tmp_path: Path) -> None:
    """A chain of order 3 loads as one, also where another order was named."""
    taught(order=3).save(tmp_path)
    assert load("markov", tmp_path).order == 3
    assert load("markov-3").order == 3
    assert load("markov").order == 2


def test_a_folder_without_a_chain_is_told(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(EngineError, match=r"markov\.json"):
        MarkovEngine().load(tmp_path)
    (tmp_path / "markov.json").write_text("[1, 2]")
    with pytest.raises(EngineError, match="word chain"):
        MarkovEngine().load(tmp_path)


def test_a_base_that_is_no_chain_is_told() -> None:
    """Only "markov" and "markov-N" name one."""
    with pytest.raises(EngineError, match="markov-x"):
        load("markov-x")


def test_what_it_gives_as_logits_is_what_float32_holds() -> None:
    """No chance underflows to zero."""
    engine = taught(times=50)
    assert np.isfinite(np.log(engine.probabilities((4, 5)))).all()
