"""What the guards of a clone find in a reply, and what they mend."""

from pathlib import Path

import polars as pl
import pytest

from soundalike.clone import Clone
from soundalike.errors import CloneError
from soundalike.generation.guards import BlockedWords, GuardContext, GuardCounts, Guards, Handles, SpeakerLabels
from soundalike.generation.guards.blocked_words import slurs
from soundalike.metrics.ngram_index import NgramIndex
from soundalike.training.recipe import Limits
from tests.invented import corpus

OWN = "the kettle is older than the house and twice as loud"
THEIRS = "my sister keeps all her letters under the blue stairs"


@pytest.fixture
def me(tmp_path: Path) -> Clone:
    """A clone that holds a dialogue, as far as guards look."""
    clone = Clone.claim(tmp_path / "me")
    with clone.locked("test"):
        clone.record(clone={"speaker": "sam"})
        corpus([(0, "c", "me", OWN), (1, "c", "a", THEIRS)]).messages.write_parquet(clone.messages_path)
    return clone


def found(guards: Guards, line: str, scene: GuardContext | None = None) -> str:
    finding = guards.check_line([line], scene or GuardContext())
    return finding.guard if finding else ""


def test_a_clone_knows_whose_words_are_copied(me: Clone) -> None:
    """Eight of the owner's words in a row are a copy; of other people's six are too many."""
    guards = Guards.of(me, Limits())
    assert found(guards, "you know the kettle is older than the house and twice") == "copied"
    assert found(guards, "the kettle is older than the house") == ""
    assert found(guards, "ok my sister keeps all her letters") == "quoted"
    assert found(guards, "my sister keeps all her") == ""


def test_what_both_say_in_pieces_is_a_copy_as_a_whole(me: Clone) -> None:
    """Six words that the owner says too are nobody's; eight of somebody else's are not, though each six be shared."""
    shared = "you can never tell what she wants"
    said = [(at, "c", "me", " ".join((shared + " today").split()[at : at + 6])) for at in range(3)]
    corpus([*said, (9, "c", "a", f"{shared} today")]).messages.write_parquet(me.messages_path)
    guards = Guards.of(me, Limits())
    assert found(guards, shared) == "" and found(guards, f"{shared} today ok") == "copied"


def test_a_guard_can_be_switched_off(me: Clone) -> None:
    """0 words let copies pass; without both nothing of the messages is needed."""
    assert found(Guards.of(me, Limits(copied_words=0)), OWN) == ""
    assert found(Guards.of(me, Limits(quoted_words=0)), THEIRS) == ""
    me.messages_path.unlink()
    assert found(Guards.of(me, Limits(copied_words=0, quoted_words=0)), OWN) == ""


def test_without_messages_copies_cannot_be_told(me: Clone) -> None:
    """An error with advice, not a silent skip."""
    me.messages_path.unlink()
    with pytest.raises(CloneError, match=r"messages\.parquet is missing.*copied_words and quoted_words to 0"):
        Guards.of(me, Limits())


def test_a_copy_is_found_while_it_grows() -> None:
    """At the eighth word, when the ninth begins; what may stay ends before it."""
    guards = Guards(copied=NgramIndex(pl.Series([OWN]), 8))
    assert guards.check_growing(["so " + OWN[: OWN.index(" and")]]) is None
    finding = guards.check_growing(["hm", "so " + OWN])
    assert finding and finding.keep_lines == ["hm", "so the kettle is older than the house"]


def test_the_prompts_own_words_complete_no_copy() -> None:
    """Who gives eight words gets an answer; who gives seven does not get the eighth."""
    guards, eighth = Guards(copied=NgramIndex(pl.Series([OWN]), 8)), OWN.index(" and")
    given = OWN[: OWN.index(" twice")]
    assert guards.check_line([given + " quiet"], GuardContext(), start=len(given)) is None
    assert guards.check_line([OWN[:eighth] + " and so on"], GuardContext(), start=eighth) is not None


def test_a_line_just_heard_is_not_said_back() -> None:
    """A greeting may be; a sentence of somebody else may not, also not with other signs."""
    scene = GuardContext(others_lines=["hi", "where are you going tonight"])
    assert found(Guards(), "Where are you going tonight?", scene) == "parroted"
    assert found(Guards(), "hi", scene) == ""
    assert found(Guards(), "where are you", scene) == ""


def test_lines_that_have_left_are_not_said_again() -> None:
    """In one reply a line stands once, however many attempts it took."""
    assert found(Guards(), "i love rust", GuardContext(released=["I love rust!"])) == "repeated"
    assert found(Guards(), "i love rust", GuardContext(own_lines=["I love rust!"])) == "echoed"


@pytest.mark.parametrize(
    ("line", "mended", "counts"),
    [
        ("call 555-867-5309 ok", "call my number ok", GuardCounts(masked=1)),
        ("it is ada@sea.org or 203.0.113.77", "it is my email or some ip", GuardCounts(masked=2)),
        ("ok\nSam: hi ada", "ok", GuardCounts(unmasked=1)),
        ("note: bring food", "note: bring food", GuardCounts()),
    ],
)
def test_a_line_is_mended(line: str, mended: str, counts: GuardCounts) -> None:
    """Private data is masked, somebody else's part cut off, and both are counted."""
    done = GuardCounts()
    assert Guards().redact(line, GuardContext(names=["sam"]), done)[0] == mended
    assert done == counts


BAD = "zorbling"  # invented, so that this page stays clean; the real list is only counted


@pytest.mark.parametrize("text", ["Zorbling!", "you zorblings", "z0rbl1ng", "zooorblinggg", "#zorbling2"])
def test_a_blocked_word_is_found_in_disguise(text: str) -> None:
    """Case, digits for letters, drawn-out letters, plurals."""
    assert BlockedWords([BAD]).has(text)


@pytest.mark.parametrize("text", ["zorb", "unzorbling", "zorblingo", "zor bling", "", "1337 0101"])
def test_a_word_inside_another_is_not(text: str) -> None:
    """Only whole words count: a town or a name may contain a bad word."""
    assert not BlockedWords([BAD]).has(text)


def test_doubled_letters_must_be_there() -> None:
    """A word with one letter where the blocked one has two is another word."""
    blocked = BlockedWords(["gloomp"])
    assert blocked.has("gloooomp") and not blocked.has("glomp")


def test_phrases_and_own_words_are_blocked(me: Clone) -> None:
    """`[limits] blocked` holds the owner's own; a phrase matches across signs; the built-in list can be left out."""
    guards = Guards.of(me, Limits(blocked=("the old mill", "Werther"), block_slurs=False))
    assert found(guards, "at The  old-mill again") == found(guards, "werther") == "blocked"
    assert found(guards, slurs()[0]) == ""
    assert found(Guards.of(me, Limits()), slurs()[0]) == "blocked"


def test_the_built_in_list_lets_swearing_and_everyday_words_pass() -> None:
    """It is for slurs alone: a voice that may not swear is not its owner's."""
    everyday = "damn shit fuck hell ass bitch crap queer gay black spice pakistan chin fig night raccoon japan gypsum"
    assert len(slurs()) > 50 and not BlockedWords(slurs()).has(everyday)
    assert all(BlockedWords(slurs()).has(f"you {word}!") for word in slurs())


@pytest.mark.parametrize(
    ("own", "guard"),
    [
        ("@Mara V", "handle"),
        ("you always say that", "echoed"),
        ("is anybody at home", "parroted"),
        ("so be it then", "repeated"),
        ("the garden is fine", ""),
    ],
)
def test_what_is_left_of_a_message_that_is_cut_at_another_name_is_looked_at_too(own: str, guard: str) -> None:
    """Mended it is a message like any other: what of it leaves must pass by itself."""
    guards = Guards(labels=SpeakerLabels(known=["bo"]), handles=Handles(["Mara V"]))
    scene = GuardContext(
        own_lines=["you always say that"], released=["so be it then"], others_lines=["is anybody at home"], names=["cy"]
    )
    for line in (own, f"{own}\nbo: yes, later", f"{own}\ncy: hm"):
        assert found(guards, line, scene) == guard
