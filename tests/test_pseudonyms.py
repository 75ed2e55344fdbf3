"""Invented names: stable, in names, keys and texts, and the same when the clone talks."""

from pathlib import Path

import polars as pl
import pytest

from soundalike import sources
from soundalike.clone import Clone
from soundalike.errors import UsageError
from soundalike.importing.importer import run_import
from soundalike.importing.invented_names import invent_names
from soundalike.importing.reading import ReadOptions
from soundalike.messages import CHANNELS_SCHEMA, Corpus
from soundalike.pseudonyms import Pseudonyms
from tests.invented import corpus, crowd

SALTED = Pseudonyms("0123")
NAMES = {"chat:Sam": "Sam", "chat:Laura W": "Laura Weber", "17": "bo", "chat:x": "someone"}
TALK = [
    (0.0, "chat:Laura", "chat:Sam", "hi laura, hi @Bo! bob says hello"),
    (1.0, "chat:Laura", "chat:Laura W", "LAURA WEBER here, weber to you, Sam"),
    (2.0, "9", "17", "someone rang"),
    (3.0, "9", "chat:x", "not me"),
]


def test_names() -> None:
    """One name per person and salt, whatever the case; nobody in particular has none."""
    made = SALTED.name("Laura Weber")
    assert (
        made
        == SALTED.name("laura  WEBER")
        == Pseudonyms("0123").name("Laura Weber")
        != Pseudonyms("4").name("Laura Weber")
    )
    assert made.isalpha() and made.istitle() and len(made) == 6
    assert SALTED.name("someone") == "someone"
    assert Pseudonyms("0123", [made]).name(made) == made
    assert len({SALTED.name(f"person {number}") for number in range(300)}) >= 298


def test_a_corpus() -> None:
    """Names, keys, titles and texts; the owner's name and words that only contain a name stay."""
    real = corpus(TALK, "chat:Sam", NAMES)
    real.channels = pl.DataFrame(
        [("chat:Laura", "Laura Weber", "dm"), ("9", "bo and friends", "group")], schema=CHANNELS_SCHEMA, orient="row"
    )
    made = invent_names(real, SALTED)
    laura, bo = SALTED.name("Laura Weber"), SALTED.name("bo")
    assert made.messages["text"].to_list() == [
        f"hi {laura}, hi @{bo}! bob says hello",
        f"{laura} here, {laura} to you, Sam",
        "someone rang",
        "not me",
    ]
    assert made.authors["name"].to_list() == ["Sam", laura, bo, "someone"]
    assert made.channels["title"].to_list() == [laura, f"{bo} and friends"]
    assert made.messages["author"][2] == "17" and made.messages["channel"][2] == "9"
    assert set(made.messages["author"]) == set(made.authors["author"])
    assert set(made.messages["channel"]) == set(made.channels["channel"])
    everything = str(made.messages.to_dicts()) + str(made.authors.to_dicts()) + str(made.channels.to_dicts())
    assert "laura" not in everything.lower() and "weber" not in everything.lower()
    assert made.messages["me"].to_list() == real.messages["me"].to_list()


def test_a_conversation() -> None:
    """The names of those who talk are replaced, also in what they say; the owner's is not."""
    talk = [("Ana", "hi mo"), ("mo", "hi ana"), ("Zed", "is @Ana there")]
    ana, zed = SALTED.name("Ana"), SALTED.name("Zed")
    assert SALTED.history(talk, "mo") == [(ana, "hi mo"), ("mo", f"hi {ana}"), (zed, f"is @{ana} there")]


def test_who_is_there_gets_the_own_name_back() -> None:
    """In any case and behind an @; who is not there keeps the invented one."""
    talk = [("Ana", "hi"), ("mo", "hey"), ("someone", "hm")]
    restore = SALTED.restoring(talk, "mo")
    ana, zed = SALTED.name("Ana"), SALTED.name("Zed")
    assert (
        restore and restore(f"@{ana} and {ana.lower()}, not {ana}s nor {zed}") == f"@Ana and Ana, not {ana}s nor {zed}"
    )
    assert SALTED.restoring([("mo", "hey"), ("someone", "hm")], "mo") is None


def test_an_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clone holds invented names only, the same ones after a second import; without the option real ones."""

    def read(_: list[Path], **_options: object) -> Corpus:
        return corpus([*crowd(3000, authors=("me", "a")), (1e6, "c0", "me", "good night ana")])

    monkeypatch.setattr(sources, "read", read)
    for _ in range(2):
        run_import(["x"], tmp_path / "me", options=ReadOptions(pseudonyms=True))
        clone = Clone.open(tmp_path / "me")
        salt = clone.manifest()["pseudonyms"]["salt"]
        ana = Pseudonyms(salt).name("ana")
        assert clone.messages(["text"])["text"][-1] == f"good night {ana}"
        assert not any(b"ana: " in path.read_bytes() for path in (tmp_path / "me" / "documents").iterdir())
        known = clone.pseudonyms()
        assert known and known.history([(ana, "hey"), ("ana", "hey")], "sam") == [(ana, "hey"), (ana, "hey")]
    assert clone.manifest()["pseudonyms"]["salt"] == salt
    assert clone.messages(["text"]).height == 3001
    run_import(["x"], tmp_path / "me")
    assert clone.messages(["text"])["text"][-1] == f"good night {ana}"  # as it was begun
    run_import(["x"], tmp_path / "me", replace_held=True)
    assert Clone.open(tmp_path / "me").pseudonyms() is None
    assert "good night ana" in Clone.open(tmp_path / "me").messages(["text"])["text"]
    with pytest.raises(UsageError, match="holds real names"):
        run_import(["x"], tmp_path / "me", options=ReadOptions(pseudonyms=True))


def test_the_owner_is_not_asked_for_again(tmp_path: Path) -> None:
    """A second import into a clone with invented names knows who the owner is, though the clone holds other keys."""
    words = (f"{name},word {at},{1_700_000_000 + at}" for at in range(40) for name in ("Ana", "Bo"))
    rows = ["author,text,sent_at", *words]
    first, second = tmp_path / "pond.csv", tmp_path / "later" / "pond.csv"
    second.parent.mkdir()
    first.write_text("\n".join(rows[:41]), "utf-8")
    second.write_text("\n".join(rows), "utf-8")
    out = tmp_path / "bo"
    run_import([first], out, options=ReadOptions(me=("Bo",), pseudonyms=True), force=True)
    assert run_import([second], out, force=True).messages == 80
    clone = Clone.open(out)
    assert clone.messages(["me"])["me"].sum() == 40
    assert clone.authors().filter("me")["name"].to_list() == ["Bo"]
    assert "Ana" not in clone.authors()["name"]
