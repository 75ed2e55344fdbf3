"""The word filter: a list's words in every disguise, and harmless texts that look like them."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from soundalike.characters import latin
from soundalike.generation.guards import BlockedWords, GuardContext, Guards
from soundalike.generation.guards.blocked_words import slurs
from soundalike.redact.streaming import stable_length
from tests.generation.guards.disguises import FORMS, disguised

HARMLESS = (Path(__file__).parent / "harmless.txt").read_text("utf-8").splitlines()
INVENTED = ["zorbling", "grimpf", "quonnet", "vib", "blick strander"]


@pytest.fixture(scope="module")
def built_in() -> BlockedWords:
    """The built-in list."""
    return BlockedWords(slurs())


@pytest.mark.parametrize("form", FORMS)
def test_every_word_of_the_list_is_found_in_every_form(built_in: BlockedWords, form: str) -> None:
    """At least 98 in 100 of each form are stopped, in the middle of a line; figures are in docs/speaking.md."""
    made = [one for name, _, one in disguised(slurs()) if name == form]
    passed = [one for one in made if not built_in.has(f"you {one}, really")]
    assert len(passed) <= len(made) / 50, Counter(map(len, passed))


def test_a_word_of_the_owners_is_found_in_the_same_forms() -> None:
    """Their list goes through the same reading; a number needs two letters to be a word."""
    blocked = BlockedWords(INVENTED)
    passed = [one for _, word, one in disguised(INVENTED) if not blocked.has(f"so {one} it is")]
    assert passed == []


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_words_pass(built_in: BlockedWords, text: str) -> None:
    """Places, surnames, idioms, other languages' words, code and numbers."""
    assert not built_in.has(text)


def test_a_harmless_phrase_hides_no_word_beside_it(built_in: BlockedWords) -> None:
    """What is allowed is the phrase, not the line."""
    word = next(word for word in slurs() if word.startswith("chin") and len(word) == 5)
    assert not built_in.has(f"a {word} in the armor")
    assert built_in.has(f"a {word} in the armor, you {word}")


@pytest.mark.parametrize(
    ("word", "harmless"),
    [("god", "good dog"), ("ass", "4 55, a s s e t, class"), ("fail", "a fall"), ("the rapist", "a therapist")],
)
def test_an_owners_word_stops_no_other(word: str, harmless: str) -> None:
    """A doubled letter, a number, another letter, a missing gap make another word."""
    assert BlockedWords([word]).has(f"the {word}!") and not BlockedWords([word]).has(harmless)


@pytest.mark.parametrize("word", ["c++", "a$ap", "1488", "🦔", "naïve", "Straße", "кот", "x-ray"])
def test_a_listed_word_need_not_be_plain_letters(word: str) -> None:
    """Signs, digits, accents and other scripts are looked for as they stand."""
    assert BlockedWords([word]).has(f"so {word} then") and not BlockedWords([word]).has("so a cat then, 21488 times")


def test_a_list_of_blanks_and_dashes_stops_nothing() -> None:
    """An entry without a letter, a digit or a picture is none."""
    assert not BlockedWords(["", " ", "-", "_ -"]).has("a - b _ c")


def test_words_in_another_script_stay_words() -> None:
    """Letters that look Latin are read as Latin beside Latin ones; a text in Cyrillic stays as it is."""
    assert latin("рot of gоld") == "pot of gold" and latin("он пил сок") == "он пил сок"


def test_no_part_of_a_word_leaves_a_growing_line() -> None:
    """Word by word, what may leave has no letter of a word taken apart, nor the beginning of a phrase."""
    guards = Guards(INVENTED)
    for said in ("g r i m p f", "blick strander", "zorbling", "v i b", "gr im pf"):
        line = f"well then she told us all that {said} again and once more for luck"
        chunks = [at for at, letter in enumerate(line) if letter == " "]
        left = max(guards.settled(line[: at + 1], GuardContext()) for at in chunks)
        assert line[:left].strip() in "well then she told us all that"


def test_harmless_lines_still_leave_early() -> None:
    """A word that could begin a blocked one waits for the next word only."""
    line = "well then she told us all that the old grim house was sold again and once more"
    ends = [at + 1 for at, letter in enumerate(line) if letter == " "]
    guards, behind = Guards(INVENTED), [line[:end] for end in ends]
    left = [guards.settled(text, GuardContext()) for text in behind]
    assert all(len(text.split()) - len(text[:one].split()) <= 4 for text, one in zip(behind, left, strict=True))
    assert all(before <= after for before, after in pairwise(left)) and stable_length(behind[-1]) == left[-1]
