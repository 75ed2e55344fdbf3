"""discord.toml: what is written takes effect; what is wrong is reported with its line; comments survive commands."""

import errno
import os
import stat
from pathlib import Path

import pytest

from soundalike.errors import CloneError, RecipeError
from soundalike.frontends.discord.settings import (
    Settings,
    SettingsFile,
    initialise,
    parse,
    set_in_channel,
    template,
    unlist,
)
from soundalike.frontends.discord.state import StateFile

ID, OTHER = "123456789012345678", "223456789012345678"


def test_the_file_that_is_written_says_the_defaults() -> None:
    """Every value in it is the one that holds without it, and every setting is in it."""
    assert parse(template()) == Settings()
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", {})
        assert all(f"{key} = " in template() for key in inner) and name in template()


def test_nothing_is_allowed_until_it_is_written() -> None:
    """Channels, direct messages, bots: none. An empty file is as strict."""
    for settings in (Settings(), parse("")):
        assert not settings.channels and not settings.direct_messages and not settings.bots


def test_there_is_no_place_for_a_token() -> None:
    """A file that holds one is refused."""
    with pytest.raises(RecipeError, match="line 1: token is not a setting"):
        parse('token = "abc"')


def test_a_channel_overrides_and_otherwise_the_answer_table_holds() -> None:
    """The first listed of channel and parent that has a value; a probability of 0 is a value."""
    settings = parse(f"[answer]\nprobability = 0.5\n[channels.{ID}]\nprobability = 0.0\n[channels.{OTHER}]\n")
    assert settings.probability(ID) == 0.0 and settings.probability(OTHER) == 0.5
    assert settings.probability("thread", ID) == 0.0
    assert settings.temperature(ID) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[answer]\n\nprobability = 2", "line 3: answer.probability is 2: Input should be less than or equal to 1"),
        ("[answer]\nprobabilty = 0.2", "line 2: answer.probabilty is not a setting"),
        ("# hello\nowners = [\n  12,\n]", "line 2: owners.0 is 12: this is no id"),
        (f"[channels.{ID}]\ntemperature = -1", "line 2: channels.123456789012345678.temperature is -1"),
        ("[channels.general]", "line 1: channels.general is 'general': this is no id"),
        ("\nrates.person = -1", "line 2: rates.person is -1"),
        ("[queue]\nsize = 'many'", "line 2: queue.size is 'many'"),
        ("[loops]\ncooldown = nan", "line 2: loops.cooldown is nan"),
        ("[model]\nurl = 'localhost'", "line 2: model.url is 'localhost'"),
        ("queue = 3", "line 1: queue is 3"),
        ("[answer]\nprobability = = 2", "(at line 2, column 15)"),
    ],
)
def test_what_is_wrong_is_reported_with_its_line(text: str, expected: str) -> None:
    """And with the setting, and what would be right."""
    with pytest.raises(RecipeError) as error:
        parse(text)
    assert expected in error.value.what and error.value.do


def test_ids_may_be_numbers_or_strings() -> None:
    """As people copy them; none passes through a float."""
    assert parse(f'bots = [{ID}, "{OTHER}"]').bots == {ID, OTHER}


def test_a_command_keeps_the_comments(tmp_path: Path) -> None:
    """A channel is listed, changed and taken off; every other line stays as it was."""
    file = SettingsFile(initialise(tmp_path))
    file.change(lambda document: set_in_channel(document, ID))
    file.change(lambda document: set_in_channel(document, ID, probability=0.25))
    assert file.now.probability(ID) == 0.25 and OTHER not in file.now.channels
    assert set(template().splitlines()) <= set(file.path.read_text().splitlines())
    file.change(lambda document: unlist(document, ID))
    assert not file.now.channels and SettingsFile(file.path).now == file.now


def test_a_command_cannot_write_what_is_wrong(tmp_path: Path) -> None:
    """The file stays as it was."""
    file = SettingsFile(initialise(tmp_path))
    with pytest.raises(RecipeError):
        file.change(lambda document: set_in_channel(document, ID, probability=7))
    assert file.path.read_text() == template()


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    """It may hold a person's work; and it is nobody else's to read."""
    path = initialise(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(RecipeError, match="exists already"):
        initialise(tmp_path)


def test_a_changed_file_is_taken_up_and_a_wrong_one_reported_once(tmp_path: Path) -> None:
    """The last right one holds meanwhile, also when the file is missing."""
    file = SettingsFile(initialise(tmp_path))
    assert not file.reread()
    file.path.write_text("[queue]\nsize = 3\n")
    assert file.reread() and file.now.queue.size == 3
    file.path.write_text("[queue]\nsize = 0\n# wrong")
    with pytest.raises(RecipeError):
        file.reread()
    assert not file.reread() and file.now.queue.size == 3
    os.remove(file.path)
    with pytest.raises(CloneError):
        file.reread()
    assert file.now.queue.size == 3


TEXT = f"# caf\u00e9\n[channels.{ID}]\nprobability = 0.25\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_in_unicode_is_read_and_changed_whatever_the_mark(tmp_path: Path, encoding: str) -> None:
    """Editors on Windows save with a byte-order mark, or as UTF-16; what a command writes is UTF-8."""
    path = tmp_path / "discord.toml"
    path.write_bytes(TEXT.encode(encoding))
    file = SettingsFile(path)
    assert file.now.probability(ID) == 0.25
    file.change(lambda document: set_in_channel(document, OTHER, probability=0.5))
    written = path.read_text("utf-8")
    assert written.startswith("# caf\u00e9") and file.now.probability(OTHER) == 0.5


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [("#\n# caf\u00e9", "latin-1", "on line 2"), (TEXT, "utf-16-le", "on line 1"), ("# tea", "utf-16-le", "zeros")],
)
def test_a_file_in_another_encoding_is_refused_in_a_sentence(
    tmp_path: Path, text: str, encoding: str, expected: str
) -> None:
    """It says what to do, at the start, at a change, and while the bot runs, where the last right one holds."""
    path = tmp_path / "discord.toml"
    path.write_text(TEXT, "utf-8")
    file = SettingsFile(path)
    path.write_bytes(text.encode(encoding))
    for use in (lambda: SettingsFile(path), file.reread, lambda: file.change(lambda document: None)):
        with pytest.raises(RecipeError, match=f"discord.toml is damaged: .*{expected}.*Save it as UTF-8"):
            use()
    assert file.now.probability(ID) == 0.25


def test_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a first file nor a change nor what the bot remembers is written by half; what was there stays."""

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "old").mkdir()
    old = initialise(tmp_path / "old")
    file, before = SettingsFile(old), old.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    uses = (
        lambda: initialise(tmp_path),
        lambda: file.change(lambda document: set_in_channel(document, ID)),
        StateFile(tmp_path / "memory.json").save,
    )
    for use in uses:
        with pytest.raises(CloneError, match=r"The disk is full: \S+ could not be written\."):
            use()
    assert old.read_bytes() == before
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["discord.toml", "old"]
