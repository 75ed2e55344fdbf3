"""The owner's lines are scored in their context, token by token; voices here are word chains."""

import numpy as np
import pytest

from soundalike.engines.scoring import loglikelihood, loglikelihood_rolling
from soundalike.evaluation.held_out import DialogueLine
from soundalike.evaluation.line_scores import excerpts, score_excerpts
from soundalike.generation.voice import Voice
from tests.audit.chains import chain

CHAT = [
    DialogueLine("ana", False, "are you coming"),
    DialogueLine("sam", True, "no\ni am not"),
    DialogueLine("sam", True, "ask bo", in_training=True),
    DialogueLine("sam", True, "maybe"),
]


@pytest.fixture
def voice() -> Voice:
    return chain("ana: are you coming\nsam: no\n\ti am not\nsam: ask bo\nsam: maybe\n")


def test_excerpts_are_cut_between_lines() -> None:
    """At most so many bytes of text, and a longer line is an excerpt by itself."""
    assert [len(part) for part in excerpts(CHAT, 25)] == [2, 2]
    assert [len(part) for part in excerpts(CHAT, 3)] == [1, 1, 1, 1]
    assert list(excerpts([], 25)) == []


def test_only_scored_lines_are_given_as_the_model_reads_them(voice: Voice) -> None:
    """Each with its own tokens, whose places fit its text; what was in training is context alone."""
    ((first, second),) = score_excerpts(voice, [CHAT])
    assert (first.text, second.text) == ("no\n\ti am not", "maybe")
    for line in (first, second):
        inside = (line.ends > 0) & (line.ends <= len(line.text))
        spans = zip(line.starts[inside].clip(min=0), line.ends[inside], strict=True)
        assert "".join(line.text[start:end] for start, end in spans) == line.text
        assert len(line.logprobs) == len(line.starts) == len(line.ends)


def test_lines_together_cost_what_the_whole_text_costs(voice: Voice) -> None:
    """Where every line is scored, nothing is counted twice and nothing is left out."""
    lines = [DialogueLine("sam", True, text) for text in ("no", "i am not", "maybe")]
    (scored,) = score_excerpts(voice, [lines])
    tokenizer = voice.engine.tokenizer
    rows = [[tokenizer.begin, *tokenizer.encode(["sam: no\nsam: i am not\nsam: maybe\n"])[0]]]
    (whole,) = loglikelihood_rolling(voice.engine, rows, voice.window)
    assert sum(float(line.logprobs.sum()) for line in scored) == pytest.approx(float(whole.sum()), abs=1e-4)


def test_another_name_changes_the_context(voice: Voice) -> None:
    """A chain that knows sam is surprised by the same line under a name that it never read."""
    own, other = score_excerpts(voice, [CHAT]), score_excerpts(voice, [CHAT], ["zed"])
    assert own[0][0].text == other[0][0].text and own[0][0].logprobs.sum() > other[0][0].logprobs.sum()


def test_the_likelihood_of_what_follows_leaves_out_its_context(voice: Voice) -> None:
    """The sum over the following tokens alone, of each request by itself."""
    context, following = [0, 2, 3, 4], [5, 6]
    (whole,) = loglikelihood_rolling(voice.engine, [[*context, *following]], 64)
    found = loglikelihood(voice.engine, [(context, following), (context, following[:1]), (context, [])], 64)
    assert found == pytest.approx(np.array([whole[4:].sum(), whole[4], 0.0]), abs=1e-6)
