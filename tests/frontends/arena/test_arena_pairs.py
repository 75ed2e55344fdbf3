"""Pairs are made of held-out talks by the voice that is evaluated; voices here are word chains."""

from pathlib import Path

import pytest

from soundalike.clone import Clone
from soundalike.errors import CloneError
from soundalike.evaluation.held_out import conversations
from soundalike.frontends.arena.arena_pairs import FILE, load_pairs, prepare_pairs
from soundalike.importing.document_settings import DocumentSettings
from soundalike.importing.forgetting import forget
from tests.evaluation.chain_clone import chain_clone


def test_pairs_are_real_replies_beside_the_voices(tmp_path: Path) -> None:
    """Each of another held-out conversation, equally long, both sides of the talk before them, none released.

    They belong to the voice that wrote them, and `forget` takes them away.
    """
    clone = Clone.open(chain_clone(tmp_path / "me", chats=80))
    done: list[float] = []
    made = prepare_pairs(clone, 8, lambda so_far, of: done.append(so_far / of))
    assert load_pairs(clone) == made and made.owner == "sam" and not made.released and done[-1] == 1
    assert 4 <= len(made.pairs) <= 8
    held_out = [[line.text for line in chat] for chat in conversations(clone)[0]["test"]]
    learned = {line.text for chat in conversations(clone)[0]["train"] for line in chat if line.me}
    places = []
    for pair in made.pairs:
        said = [*(text for _, text in pair.context), *pair.real]
        places += [at for at, chat in enumerate(held_out) if said == chat[: len(said)] or _runs(said, chat)]
        assert {name for name, _ in pair.context} <= {"sam", "ana"} and pair.context[-1][0] == "ana"
        assert len(pair.real) == len(pair.clone) and pair.real != pair.clone and not set(pair.real) & learned
    assert len(places) == len(set(places)) == len(made.pairs)
    with clone.locked("test"):
        clone.record(sampling={"temperature": 0.5})
    assert load_pairs(clone) is None
    forget(clone, ["before:2024-01-02"], DocumentSettings())
    assert not (clone.root / FILE).exists()


def test_pairs_of_a_voice_that_was_replaced_are_not_written(tmp_path: Path) -> None:
    """They would else bear the name of the voice that is there at the end."""
    clone = Clone.open(chain_clone(tmp_path / "me", chats=80))

    def changing(done: float, of: float) -> None:
        with clone.locked("test"):
            clone.record(sampling={"temperature": 0.5})

    with pytest.raises(CloneError, match="changed in the meantime: recipe"):
        prepare_pairs(clone, 2, changing)
    assert not (clone.root / FILE).exists()


def _runs(part: list[str], whole: list[str]) -> bool:
    return any(whole[at : at + len(part)] == part for at in range(len(whole)))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """With what to do about it."""
    clone = Clone.claim(tmp_path / "me")
    with clone.locked("test"):
        clone.record(clone={"speaker": "mo"})
        clone.write({FILE: b'{"owner": "mo"}'})
    with pytest.raises(CloneError, match=r"arena\.json is damaged: .*prepare new pairs"):
        load_pairs(clone)
