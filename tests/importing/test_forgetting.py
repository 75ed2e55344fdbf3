"""What is forgotten is in no file of the clone any more."""

from pathlib import Path

import pytest

from soundalike.clone import Clone
from soundalike.errors import ExportError, UsageError
from soundalike.importing.document_settings import DocumentSettings
from soundalike.importing.forgetting import DERIVED, drop_versions, forget, preview
from soundalike.importing.importer import fill
from soundalike.importing.invented_names import invent_names
from soundalike.pseudonyms import Pseudonyms
from soundalike.redact.mask_list import KIND
from tests.invented import FRIENDS, corpus, friends


@pytest.fixture
def me(tmp_path: Path) -> Clone:
    """Ana's clone, with files that others derived from it."""
    clone = Clone.claim(tmp_path / "me")
    with clone.locked("test"):
        with clone.replacing() as scratch:
            fill(clone, scratch, corpus(friends(60)[0], "ana", FRIENDS), {}, DocumentSettings(), force=True)
        clone.write({f"{name}/x" if "." not in name else name: b"bo" for name in DERIVED})
    return clone


def test_a_person(me: Clone) -> None:
    """Neither the messages nor the name nor the lines in documents stay, and what was derived goes."""
    before = me.messages()
    report = forget(me, ["person:bo"], DocumentSettings())
    left = me.messages()
    assert left.height == before.height - (before["author"] == "bo").sum() == report.messages
    assert report.skipped == {"messages forgotten: person:bo": (before["author"] == "bo").sum()}
    assert "bo" not in me.authors()["name"]
    assert not any(b"bo: " in me.documents_path(split).read_bytes() for split in ("train", "valid", "test"))
    assert not any((me.root / name).exists() for name in DERIVED)


def test_a_channel_and_a_time(me: Clone) -> None:
    """Patterns add up; what has no message left loses its title."""
    before = me.messages()
    forget(me, ["channel:c0", "before:2024-01-02"], DocumentSettings())
    left = me.messages()
    assert 0 < left.height < before.height and "c0" not in left["channel"]
    assert str(left["sent_at"].min()) >= "2024-01-02"


def test_real_names_find_people_with_invented_ones(tmp_path: Path) -> None:
    """A clone with invented names forgets a person by the real name, which it does not hold."""
    clone, pseudonyms = Clone.claim(tmp_path / "me"), Pseudonyms("salt")
    invented = invent_names(corpus(friends(60)[0], "ana", FRIENDS), pseudonyms)
    with clone.locked("test"), clone.replacing() as scratch:
        fill(clone, scratch, invented, {}, DocumentSettings(), force=True, salt="salt")
    assert pseudonyms.name("bo") in clone.authors()["name"] and "bo" not in clone.authors()["name"]
    forget(clone, ["person:bo"], DocumentSettings())
    assert pseudonyms.name("bo") not in clone.authors()["name"] and clone.messages().height


def test_what_cannot_be_forgotten(me: Clone) -> None:
    """Nothing, nobody, or everything of the owner's: refused, and nothing is changed."""
    kept = me.messages_path.read_bytes()
    with pytest.raises(UsageError, match="Nothing to forget"):
        forget(me, [], DocumentSettings())
    with pytest.raises(ExportError, match="nobody called 'zoe'"):
        forget(me, ["person:zoe"], DocumentSettings())
    with pytest.raises(ExportError, match="None of your messages"):
        forget(me, ["person:ana"], DocumentSettings())
    assert me.messages_path.read_bytes() == kept and (me.root / "versions").exists()


def test_strings_are_masked_in_what_stays(me: Clone) -> None:
    """In everybody's messages and in the documents, counted; all that was derived goes, the messages stay."""
    before = me.messages()
    places = int(before["text"].str.count_matches("breakfast").sum())
    told = preview(me, [], ["Breakfast"])
    assert (told.messages, told.masked) == (0, places) and places > 1 and "audit-strings.txt" in told.entries
    report = forget(me, [], DocumentSettings(), ["Breakfast"])
    assert report.masked == {KIND: places} and report.messages == me.messages().height == before.height
    files = [me.messages()["text"].str.join("").item(), me.documents_path("train").read_text("utf-8")]
    assert all("breakfast" not in text and "talk about" in text and "before something" in text for text in files)
    assert not any((me.root / name).exists() for name in DERIVED)
    with pytest.raises(ExportError, match="None of these strings"):
        forget(me, [], DocumentSettings(), ["breakfast"])


def test_versions_are_dropped(me: Clone) -> None:
    """They learned from what was forgotten."""
    drop_versions(me)
    assert not me.versions_path.exists() and me.messages().height
