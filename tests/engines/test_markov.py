"""The Markov chain of words: its tokenizer, its probabilities, computed by hand, and its file."""

import json
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
    """A new word gets the next id, a known one keeps its own."""
    tokenizer = WordTokenizer()
    (first,) = tokenizer.encode(["one two"])
    (second,) = tokenizer.encode(["two one three"])
    assert tokenizer.size == 3 + 5
    assert second[1:] == [tokenizer.size - 2, tokenizer.size - 1]
    assert tokenizer.encode(["one two"])[0] == first


def test_the_vocabulary_of_a_loaded_chain_is_fixed(tmp_path: Path) -> None:
    """Words that it never read share one id and its probability; the size of its logits stays, whatever is asked."""
    taught(times=20).save(tmp_path)
    engine = load("markov", tmp_path)
    words = list(engine.tokenizer.words)
    (tokens,) = engine.tokenizer.encode([" abhor rust loathe"])
    assert tokens[0] == tokens[2] == engine.tokenizer.unknown and engine.tokenizer.decode(tokens) == " rust"
    assert engine.tokenizer.words == words and engine.tokenizer.size == len(words)
    assert 0 < chance(engine, "ada: i", " abhor") < 0.05
    assert chance(engine, "ada: i", " love") == pytest.approx(chance(taught(times=20), "ada: i", " love"))


def test_a_file_without_an_unknown_word_is_read(tmp_path: Path) -> None:
    """Earlier versions wrote none; the ids of their words stay."""
    taught().save(tmp_path)
    chain = json.loads((tmp_path / "markov.json").read_text())
    old = {"order": 1, "words": ["a", " b"], "counts": [[[], 2.0, [2, 3], [1.0, 1.0]], [[2], 1.0, [3], [1.0]]]}
    assert set(old) == set(chain)
    (tmp_path / "markov.json").write_text(json.dumps(old))
    engine = load("markov", tmp_path)
    assert engine.tokenizer.encode(["a b c"]) == [[2, 3, 4]] and engine.tokenizer.unknown == 4
    assert chance(engine, "a", " b") > chance(engine, "a", " c") > 0


def test_probabilities_follow_witten_and_bell() -> None:
    """In `a b a c`, ` a` is followed by one word of one kind, so p = (1 + 1 * p_shorter) / (1 + 1)."""
    engine = taught("a b a c", order=1)
    kinds = {"begin", "end", "unknown", "a", " b", " a", " c"}
    unigram = (1 + 5 / len(kinds)) / (5 + 5)
    assert chance(engine, "", "a") == 1.0
    assert chance(engine, " a", " c") == pytest.approx((1 + 1 * unigram) / (1 + 1))


def test_probabilities_sum_to_one() -> None:
    """After any context, seen or not."""
    engine = taught()
    for context in [(), (2,), (2, 3), (99, 98)]:
        assert float(engine.probabilities(context).sum()) == pytest.approx(1.0, abs=1e-5)


def test_probabilities_agree_with_each_probability() -> None:
    """Generation uses the vector of all probabilities, scoring single ones."""
    engine = taught()
    for context in [(), (3,), (4, 5)]:
        one_by_one = [engine.probability(context, token) for token in range(engine.tokenizer.size)]
        assert engine.probabilities(context).tolist() == pytest.approx(one_by_one, rel=1e-5)


def test_what_always_followed_is_likely() -> None:
    """`i` was always followed by `love`."""
    engine = taught(times=20)
    assert chance(engine, "ada: i", " love") > 0.9


def test_an_unknown_word_is_possible_and_unlikely() -> None:
    """A word that was only in a prompt has a small probability."""
    engine = taught(times=20)
    assert 0 < chance(engine, "ada: i", " abhor") < 0.05


def test_order_zero_uses_no_context() -> None:
    """Every context gives the same probability."""
    engine = taught(order=0)
    engine.tokenizer.encode(["rust"])
    assert chance(engine, "ada: i", " love") == pytest.approx(chance(engine, "rust", " love"))


def test_a_prompt_is_continued_in_words() -> None:
    """Greedy decoding repeats the line that was counted."""
    engine = taught("ada: i love rust\n", times=5)
    prompt = engine.tokenizer.encode(["ada: i"])[0]
    steps = generate(engine, [prompt], Sampling(temperature=0, dry_multiplier=0), 3)
    assert engine.tokenizer.decode([step.token for (step,) in steps]) == " love rust\n"


def test_no_prompts_no_steps() -> None:
    """The generator ends at once."""
    assert list(generate(taught(), [], Sampling(), 5)) == []


def test_an_empty_text_has_no_logprobs() -> None:
    """The array has shape (0,)."""
    assert taught().logprobs([]).shape == (0,)


def test_the_file_keeps_the_order(tmp_path: Path) -> None:
    """A chain of order 3 is loaded as one, even if the base names another order."""
    taught(order=3).save(tmp_path)
    assert load("markov", tmp_path).order == 3
    assert load("markov-3").order == 3
    assert load("markov").order == 2


def test_a_folder_without_a_chain_raises_a_clear_error(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(EngineError, match=r"markov\.json"):
        MarkovEngine().load(tmp_path)
    (tmp_path / "markov.json").write_text("[1, 2]")
    with pytest.raises(EngineError, match="word chain"):
        MarkovEngine().load(tmp_path)


def test_another_base_is_refused() -> None:
    """Only "markov" and "markov-N" are chains."""
    with pytest.raises(EngineError, match="markov-x"):
        load("markov-x")


def test_logits_are_finite() -> None:
    """No probability underflows to zero in float32."""
    engine = taught(times=50)
    assert np.isfinite(np.log(engine.probabilities((4, 5)))).all()
