"""Clones damaged at random still give an answer or a sentence: short runs of `python -m benchmarks.damaged_clones`."""

import pytest

from benchmarks.damaged_clones import run


def test_damaged_word_chains_never_end_in_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """With an earlier voice and a training beside them that was cut off; nor hang, nor change what is outside."""
    verbs = ("say", "older", "resume", "keep_better")
    assert run(40, seed=5, verbs=verbs, names=("chain", "beside")) == 0, capsys.readouterr().out


@pytest.mark.slow
def test_damaged_clones_never_end_in_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor hang; what is neither is printed with its case."""
    assert run(200, seed=5) == 0, capsys.readouterr().out
