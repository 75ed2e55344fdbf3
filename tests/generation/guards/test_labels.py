"""No reply carries a line in another's name, unless the owner writes such lines."""

from pathlib import Path

import polars as pl
import pytest

from soundalike.clone import Clone
from soundalike.generation.guards import GuardContext, GuardCounts, Guards, Handles, SpeakerLabels
from soundalike.training.recipe import Limits
from tests.invented import corpus


@pytest.mark.parametrize(
    "line",
    [
        "jl: what are you looking at?",
        "JL : what",
        "jl:",
        "mary ann: hi",
        "<jl> : hi",
        "@jl: hi",
        "**jl**: hi",
        "**jl:** hi",
        "[12:30] jl: hi",
        "12:30 pm jl: hi",
        "jl\uff1a hi",
        "  jl: hi",
        "> jl: hi",
        ">>> jl: hi",
        "\u0437\u043e\u044f: hi",
    ],
)
def test_a_line_in_a_name_is_seen_whoever_it_is(line: str) -> None:
    """At the beginning of a message, and after a line break within one."""
    assert SpeakerLabels().at(line) == 0
    assert SpeakerLabels().at(f"so i said\n{line}") == len("so i said\n")


@pytest.mark.parametrize(
    "line",
    [
        "edit: i meant tuesday",
        "ps: bring a coat",
        "note: it rains",
        "see you at 12:30 ok",
        "12:30: the train",
        "https://example.org: down",
        ":wave: hi",
        "D: oh no",
        "well then",
        "there are three of them: a cat, a dog and a fern",
        "std::vector is fine",
        "ratio 3:1",
        "",
    ],
)
def test_what_is_no_name_passes(line: str) -> None:
    """Labels of one's own text, times, links, emoji, and colons inside sentences."""
    assert SpeakerLabels().at(line) is None


def test_who_is_there_and_who_is_known_is_named_without_a_space() -> None:
    """A name of several words too, and one that is a label elsewhere."""
    labels = SpeakerLabels(known=["The Great Fern", "note"])
    assert labels.at("the great fern:hi") == labels.at("note: hi") == labels.at("bo d:hi", ["Bo D"]) == 0
    assert labels.at("edit: hi", ["edit"]) == 0 and labels.at("edit: hi") is None


def learned(*own: str, known: tuple[str, ...] = (), messages: int = 1_000) -> SpeakerLabels:
    return SpeakerLabels.learned(own, "ada", known, messages)


def test_labels_that_the_owner_writes_are_theirs() -> None:
    """Written twice it is theirs, also a name that they quote; once is not enough; their own name is nobody else's."""
    labels = learned("soup: yes", "ok\nsoup: no", "jl: hi", "zed: a", "zed: b", known=("zed",))
    assert labels.at("soup: again") is labels.at("zed: c") is labels.at("ada: me") is None
    assert labels.at("jl: hi") == 0
    assert labels.at("zed: c", ["zed"]) == 0  # but zed is in the room


def test_an_owner_who_writes_scenes_may() -> None:
    """With many labels in many lines any is theirs but the names of people they know."""
    scenes = [f"{name}: hello" for name in ("hamlet", "ghost", "king", "queen", "fool", "nurse", "page", "witch")]
    assert learned(*scenes, messages=100).at("porter: knock") is None
    assert learned(*scenes, messages=100, known=("jl",)).at("jl: hi") == 0
    assert learned(*scenes, messages=10_000).at("porter: knock") == 0


@pytest.fixture
def me(tmp_path: Path) -> Clone:
    """A clone whose owner knows jl, mentions people by @, and labels lines with `menu`."""
    clone = Clone.claim(tmp_path / "me")
    said = ["menu: soup", "menu: bread", "ask @velvet_otter about it", "@wren what now", "otter.jam#4821 is mine"]
    with clone.locked("test"):
        clone.record(clone={"speaker": "sam"})
        lines = [*((at, "c", "me", text) for at, text in enumerate(said)), (9, "c", "a", "hello there")]
        corpus(lines).messages.write_parquet(clone.messages_path)
        authors = {"author": ["a", "b"], "name": ["jl_99", "Mary Ann"], "me": [False, False]}
        pl.DataFrame(authors).write_parquet(clone.authors_path)
    return clone


def found(guards: Guards, line: str, scene: GuardContext | None = None) -> str:
    finding = guards.check_line([line], scene or GuardContext())
    return finding.guard if finding else ""


def test_a_clone_knows_its_people_and_its_labels(me: Clone) -> None:
    """From authors and messages; a message that begins in a name is drawn again, one that goes on in it is cut."""
    guards = Guards.of(me, Limits())
    assert found(guards, "mary ann:hi") == found(guards, "bo: hi") == "unmasked"
    assert found(guards, "menu: rice") == found(guards, "edit: rice") == ""
    done = GuardCounts()
    assert guards.redact("ok then\nbo: hi\nmore", GuardContext(), done) == ("ok then", True) and done.unmasked == 1


@pytest.mark.parametrize(
    "line",
    [
        "@velvet_otter",
        "velvet_otter",
        "@Velvet_Otter!",
        "@wren @bo",
        "otter.jam#4821",
        "jl_99 ?",
        "@mary ann \U0001f600",
    ],
)
def test_a_message_that_is_nothing_but_a_handle_is_stopped(me: Clone, line: str) -> None:
    """Known from messages or names, or any behind an @."""
    assert found(Guards.of(me, Limits()), line) == "handle"


@pytest.mark.parametrize(
    "line", ["@velvet_otter is late", "wren", "mary ann", "ok", "\U0001f600", "@", "sam@example.org"]
)
def test_words_and_first_names_are_no_handles(me: Clone, line: str) -> None:
    """What has a word beside the handle, and what could be a word or a name of anybody, passes."""
    assert found(Guards.of(me, Limits()), line) == ""


def test_the_handle_of_who_is_there_is_no_secret() -> None:
    """Greeting the person who asks gives nobody away."""
    guards = Guards(handles=Handles(["velvet_otter"]))
    assert found(guards, "@velvet_otter", GuardContext(names=["Velvet_Otter"])) == ""
    assert found(guards, "velvet_otter", GuardContext(names=["bo"])) == "handle"


def test_nothing_leaves_while_it_may_become_a_name_or_a_handle() -> None:
    """Words leave once the line can be neither any more."""
    guards, scene = Guards(handles=Handles(["velvet_otter"])), GuardContext()
    for line in (
        "jl",
        "jl ",
        "mary ann",
        "mary ann:",
        "jl: hi there you two",
        "velvet_otter ",
        "@bo ",
        "ok\njl: hi you ",
    ):
        assert guards.settled(line, scene) == 0
    assert guards.settled("mary ann is here now", scene) > 0
