"""`export --to prompt`: what is written of an owner, and that nothing is that they did not release."""

from pathlib import Path
from random import Random

import polars as pl
import pytest

from soundalike.clone import Clone
from soundalike.errors import CloneError
from soundalike.evaluation.held_out import conversations
from soundalike.importing.document_settings import DocumentSettings
from soundalike.importing.importer import fill
from soundalike.persona import persona_prompt
from soundalike.persona.persona_prompt import EXAMPLES, FILE, export_prompt, learned_data
from tests.evaluation.chain_clone import chat
from tests.invented import NAMES, corpus


@pytest.fixture
def me(tmp_path: Path) -> Clone:
    """A calm owner's clone, never trained, with what a loud friend and they said to each other."""
    rng = Random(5)
    said = corpus([message for number in range(60) for message in chat(rng, number * 100.0, True)])
    clone = Clone.claim(tmp_path / "me")
    with clone.locked("test"), clone.replacing() as scratch:
        fill(clone, scratch, said, {}, DocumentSettings(), force=True)
    return clone


def released(me: Clone, count: int) -> str:
    """The prompt after the owner has ticked the first so many examples."""
    file = me.root / "export-prompt" / EXAMPLES
    file.write_text(file.read_text("utf-8").replace("[ ] ", "[x] ", count), "utf-8")
    export_prompt(me)
    return (me.root / "export-prompt" / FILE).read_text("utf-8")


def test_no_example_goes_out_unreleased(me: Clone) -> None:
    """The first prompt holds figures alone; a ticked example is in the second, and the others still are not."""
    told: list[tuple[float, float]] = []
    made = export_prompt(me, 5, on_progress=lambda done, of: told.append((done, of)))
    assert len(told) > 5 and told == sorted(told) and told[-1][0] == told[-1][1]
    prompt = Path(made.prompt).read_text("utf-8")
    assert (made.to_release, made.released) == (5, 0) and "## Examples" not in prompt
    assert "You are sam" in prompt and "Messages a burst" in prompt
    assert not any(name in prompt.split() for name in NAMES.values() if name != "sam")
    assert {text for text in me.messages()["text"] if len(text.split()) > 3 and text in prompt} == set()
    blocks = Path(made.examples).read_text("utf-8").split("\n\n")[1:]
    prompt = released(me, 1)
    assert blocks[0].partition("\n")[2].strip() in prompt
    assert not any(block.partition("\n")[2].strip() in prompt for block in blocks[1:])


def test_what_the_owner_ticked_and_changed_stays(me: Clone) -> None:
    """Exporting again adds nothing to so many examples, and takes the text as it stands in the file."""
    file = Path(export_prompt(me, 3).examples)
    file.write_text(file.read_text("utf-8").replace("[ ] 2\n", "[x] 2\nfriend: a line of my own\n"), "utf-8")
    again = export_prompt(me, 3)
    assert (again.to_release, again.released) == (3, 1)
    assert "friend: a line of my own" in Path(again.prompt).read_text("utf-8")
    assert file.read_text("utf-8").count("\n[x] 2\n") == 1


def test_a_prompt_has_a_bounded_length(me: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples that do not fit are left out, and counted."""
    export_prompt(me, 30)
    length = len(released(me, 0))
    monkeypatch.setattr(persona_prompt, "LONGEST", length + 800)
    assert length < len(released(me, 30)) <= length + 800
    made = export_prompt(me, 30)
    assert made.released == 30 and 0 < made.left_out < 30 and f"{made.left_out} of them did not fit" in made.lines()[1]


def test_it_is_made_of_the_training_part_alone(me: Clone) -> None:
    """Neither the examples nor the counts know the conversations that it is measured on."""
    chats, documents = conversations(me)
    held_out = {line.text for split in ("valid", "test") for talk in chats[split] for line in talk if line.me}
    learned = {line.text for talk in chats["train"] for line in talk}
    text = Path(export_prompt(me, 400).examples).read_text("utf-8")
    assert not any(f": {line}\n" in text for line in held_out - learned)
    counted = learned_data(me, documents.frame).messages
    started = documents.frame.filter(pl.col("split") != "train")["started_at"].min()
    assert 100 < counted.height < me.messages()["me"].sum() and counted["sent_at"].max() < started  # type: ignore[operator]


def test_a_file_that_is_no_text_is_named(me: Clone) -> None:
    """And nothing is written."""
    file = Path(export_prompt(me, 3).examples)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CloneError, match=r"examples\.txt cannot be read"):
        export_prompt(me)
    assert file.read_bytes() == b"\xff\xfe\x00"
