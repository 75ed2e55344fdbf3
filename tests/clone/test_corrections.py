"""Corrections are kept in the clone's folder, masked, and read back as they were written."""

from pathlib import Path

import pytest

from soundalike.clone import Clone
from soundalike.clone.corrections import TURNS, Correction, append, merged, read
from soundalike.errors import CloneError, UsageError

HISTORY = [("sam", "hi"), ("ada", "hey"), ("sam", "how was the ferry")]


@pytest.fixture
def me(tmp_path: Path) -> Clone:
    """A clone folder with nothing but a manifest."""
    clone = Clone.claim(tmp_path / "me")
    with clone.locked("test"):
        clone.record(clone={"speaker": "ada"}, documents={"gap_minutes": 15.0})
    return clone


def test_corrections_are_kept_in_their_order(me: Clone) -> None:
    """Both replies, the history and the time come back; the sections of others stay in clone.toml."""
    kept = [Correction.now(HISTORY, ["late lol"], []), Correction.now(HISTORY, ["late lol"], ["late again"])]
    for one in kept:
        append(me, one)
    assert read(Clone.open(me.root)) == kept
    assert me.manifest()["documents"] == {"gap_minutes": 15.0}


def test_private_data_are_masked_before_they_are_written(me: Clone) -> None:
    """In the history and in both replies."""
    address = "bo@sea-mail.org"
    append(me, Correction.now([("sam", f"write to {address}")], [f"to {address}"], [f"no, {address}!"]))
    assert address not in me.corrections_path.read_text("utf-8")
    assert "no, " in read(me)[0].chosen[0]


def test_a_correction_needs_a_reply_and_keeps_the_last_lines() -> None:
    """Two empty replies are an error; of a long history the end stays."""
    with pytest.raises(UsageError, match="no reply to correct"):
        Correction.now(HISTORY, [" "], [])
    assert Correction.now(HISTORY * 20, ["late"], []).history == (HISTORY * 20)[-TURNS:]


def test_a_file_that_was_changed_is_refused(me: Clone) -> None:
    """Also one that is cut short; a deleted file means that there are no corrections."""
    append(me, Correction.now(HISTORY, ["late lol"], []))
    whole = me.corrections_path.read_bytes()
    for damaged in (whole[:-9], whole.replace(b"lol", b"omg"), b""):
        me.corrections_path.write_bytes(damaged)
        with pytest.raises(CloneError, match=r"corrections\.jsonl is not as it was written"):
            read(me)
    me.corrections_path.unlink()
    assert read(me) == []
    append(me, Correction.now(HISTORY, ["again"], []))
    assert [one.rejected for one in read(me)] == [["again"]]


def test_a_line_of_another_form_is_named_as_damage(me: Clone) -> None:
    """Where no hash was recorded, the form of each line is checked."""
    me.corrections_path.write_text('{"history": 3}\n', encoding="utf-8")
    with pytest.raises(CloneError, match=r"corrections\.jsonl is damaged"):
        read(me)


def test_while_another_process_writes_nothing_is_kept(me: Clone) -> None:
    """The error names the other one."""
    with Clone.open(me.root).locked("training"), pytest.raises(CloneError, match="in use \\(training"):
        append(me, Correction.now(HISTORY, ["late lol"], []))
    assert not me.corrections_path.exists()


def test_one_reply_that_was_judged_twice_is_one_pair() -> None:
    """A choice that follows a rejection completes it; another history, or a liked reply alone, is another pair."""
    first, completed = Correction.now(HISTORY, ["late"], []), Correction.now(HISTORY, ["late"], ["on time"])
    elsewhere, liked = Correction.now(HISTORY[:1], ["late"], []), Correction.now(HISTORY, [], ["fine"])
    assert merged([first, elsewhere, completed, first, liked]) == [completed, elsewhere, liked]
