"""The benchmark of clones side by side in conversations with others."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.dialogue import found_in, measure_clones, others_messages
from soundalike.clone import Clone
from soundalike.errors import UsageError
from soundalike.evaluation.held_out import DialogueLine
from soundalike.metrics.windows import MessageWindows
from tests.training.test_loop import clone_of


def test_whose_messages_are_copied() -> None:
    """Those that only others wrote, whole or in part; a message of under five words is anybody's."""
    chat = [
        DialogueLine("ana", False, "the ferry was late again today, honestly"),
        DialogueLine("sam", True, "i would rather not talk about that"),
        DialogueLine("bo", False, "I would rather not talk about that!"),
    ]
    others = others_messages([chat])
    written = (
        "ferry was late again today",
        "i would rather not talk about that",
        "was late again",
        "soup is best eaten hot",
    )
    found = found_in(others, [MessageWindows([written], np.array([0]))])
    assert found.value == pytest.approx(1 / 3)


def test_clones_of_two_people_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their replies would be measured as one person's."""

    class Named:
        def __init__(self, folder: Path) -> None:
            self.owner = folder.name

    monkeypatch.setattr("benchmarks.dialogue.conversations", lambda clone: ({}, None))
    monkeypatch.setattr("benchmarks.dialogue.Voice.load", Named)
    folders = [clone_of(tmp_path / name).root for name in ("ana", "bo")]
    assert Clone.open(folders[0]).exists
    with pytest.raises(UsageError, match="is not a clone of ana"):
        measure_clones(folders[0], folders[1:], 1)
