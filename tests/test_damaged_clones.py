"""Clones damaged at random still give an answer or a sentence: a short run of `python -m benchmarks.damaged_clones`."""

import pytest

from benchmarks.damaged_clones import run


@pytest.mark.slow
def test_damaged_clones_never_end_in_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor hang; what is neither is printed with its case."""
    assert run(40, seed=5, verbs=("say", "resume"), names=("full", "chain", "half")) == 0, capsys.readouterr().out
