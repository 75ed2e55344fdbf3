"""Examples of a prompt: which are drawn, and the file in which their owner releases them."""

import pytest

from soundalike.errors import CloneError
from soundalike.evaluation.held_out import DialogueLine
from soundalike.persona.prompt_examples import PREAMBLE, PromptExample, drawn_examples, from_file, to_file

ASKED, ANSWERED = "so what is it this time", ["soup again", "write to sam@example.org", "ok", "bye"]


def chat(*lines: str, other: str = "ana") -> list[DialogueLine]:
    """Somebody asks, the owner answers."""
    return [DialogueLine(other, False, ASKED), *(DialogueLine("mo", True, text) for text in lines)]


def test_an_example_is_masked_and_names_nobody_but_the_owner() -> None:
    """Other people are friends in it; what the name filter does not let pass, and what is long, is not drawn."""
    chats = [chat(*ANSWERED), chat("ask ana", *ANSWERED[:3]), chat("x" * 300, *ANSWERED[1:])]
    (one,) = drawn_examples(chats, "mo", lambda text: "ana" not in text)
    assert one.text.startswith(f"friend: {ASKED}\nmo: soup again\n") and "example.org" not in one.text
    assert not one.released and "ana" not in one.text and one.text.endswith("\nmo: bye")


def test_the_same_are_drawn_each_time() -> None:
    """In the same order, and none twice."""
    chats = [chat(f"answer {number}", *ANSWERED[:3]) for number in range(9)] + [chat("answer 1", *ANSWERED[:3])]
    first, second = (list(drawn_examples(chats, "mo", lambda text: True)) for _ in range(2))
    assert first == second and len(first) == 9 == len({one.text for one in first})


def test_the_file_holds_what_the_owner_makes_of_it() -> None:
    """Ticks, changed texts and deleted examples are read back; lines with breaks inside stay in one piece."""
    made = [PromptExample("friend: hi\nmo: two\n\tlines"), PromptExample("mo: [x] marks the spot\nmo: so")]
    assert from_file(to_file(made)) == made and to_file(made).startswith(PREAMBLE)
    edited = to_file(made).replace("[ ] 1", "[X] 1").replace("two", "three").replace("\n", "\r\n")
    assert from_file(edited) == [PromptExample("friend: hi\nmo: three\n\tlines", True), made[1]]
    assert from_file(to_file(made).replace(made[0].text, "")) == made[1:] and from_file("") == []


SLIPS = ("[] 2", "[-] 2", "[no] 2", " [ ] 2", "[ x] 2", "[xx] 2", "\t[ ] 2", "[ ] 2 later", "[ ] 2:", "[ ] two", "[ ]")
LOST = ("2", "x] 2", "( ) 2", "\uff3b \uff3d 2", "")


@pytest.mark.parametrize("head", SLIPS + LOST)
def test_a_slip_in_a_head_releases_nothing(head: str) -> None:
    """What stands below a head that was mistyped or lost is not taken for the released example above it."""
    written = to_file([PromptExample("friend: hi\nmo: hello", True), PromptExample("friend: SECRET\nmo: yes")])
    line = 9 if head else 10  # an empty head is no fault by itself, the message below it is
    with pytest.raises(CloneError, match=rf"^me/examples\.txt, line {line}, is neither .* nothing was changed\.$"):
        from_file(written.replace("[ ] 2", head), "me/examples.txt")


def test_a_slip_in_the_first_head_is_refused_too() -> None:
    """Its example would be left out without a word."""
    with pytest.raises(CloneError, match="line 5"):
        from_file(to_file([PromptExample("friend: hi\nmo: hello")]).replace("[ ]", "[y]"))


def test_what_looks_like_a_head_is_not_drawn() -> None:
    """A message whose second line is `[1] 2` could not be read back."""
    chats = [chat("1", f"2\n{second}", "3", "4") for second in ("[1] 2", "\nb")]
    (one,) = drawn_examples(chats, "mo", lambda text: True)
    assert "mo: 2\n\t\n\tb" in one.text and from_file(to_file([one])) == [one]
    trimmed = to_file([one]).replace("\t\n", "\n")  # as editors do that cut blanks off the ends of lines
    assert "mo: 2\n\n\tb" in from_file(trimmed)[0].text
