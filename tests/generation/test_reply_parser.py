"""Tokens become messages one by one, as if all had been read at once."""

from collections.abc import Sequence

import pytest

from soundalike.generation.batch_generator import Step
from soundalike.generation.guards import GuardContext, Guards
from soundalike.generation.reply_parser import ReplyOptions, ReplyParser, Spelling, read_turn

TEXT = " hé 😂 漢字\nada: ok ✨\n\tso"


class Bytes:
    """A tokenizer of single bytes: every letter outside ASCII is several tokens."""

    begin, end, size = 256, 257, 258

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        return [list(text.encode()) for text in texts]

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return [[(at, at + 1) for at, letter in enumerate(text) for _ in letter.encode()] for text in texts]

    def decode(self, tokens: Sequence[int]) -> str:
        return bytes(token for token in tokens if token < 256).decode("utf-8", "replace")


def tokens_of(text: str) -> list[int]:
    return Bytes().encode([text])[0]


def draft(lines: int = 4, said: Sequence[str] = (), tagged: bool = True, stops: Sequence[str] = ()) -> ReplyParser:
    terms = ReplyOptions("ada", tagged, lines, Guards(), GuardContext(said), stops, pieces=True)
    return ReplyParser(Bytes(), tokens_of("ada:"), terms)


def written(text: str, one: ReplyParser, ended: bool = False) -> tuple[list[str], int]:
    """Lines, settled, and how many tokens were taken before the draft wanted no more."""
    tokens = [*tokens_of(text), *([Bytes.end] if ended else [])]
    taken = next((at for at, token in enumerate(tokens, start=1) if one.take(Step(0, token, -1.0))), len(tokens))
    one.close()
    one.settle()
    return [line.text for line in one.cleared], taken


def stopped_by(one: ReplyParser) -> str:
    return one.found.guard if one.found else ""


def test_pieces_make_up_the_text() -> None:
    """Letters of several tokens come whole, when they are whole."""
    spelling = Spelling(Bytes(), tokens_of("ada:"))
    pieces = [spelling.add(token) for token in tokens_of(TEXT)]
    assert "".join(pieces) == TEXT
    assert pieces[:4] == [" ", "h", "", "é"]


def test_bytes_that_are_no_letter_are_left_out() -> None:
    """A stray byte neither shows nor holds up what follows for long."""
    spelling = Spelling(Bytes())
    assert "".join(spelling.add(token) for token in [0xF0, *tokens_of("abcd"), *tokens_of("é")]) == "abcdé"


@pytest.mark.parametrize(
    ("text", "messages", "over"),
    [
        ("", [""], False),
        (" hey", ["hey"], False),
        (" hey\n", ["hey"], False),
        (" hey\n\tyou", ["hey\nyou"], False),
        (" hey\nad", ["hey"], False),
        (" hey\nada:", ["hey", ""], False),
        (" hey\nada: yo", ["hey", "yo"], False),
        (" hey\nadam", ["hey"], True),
        (" hey\nsam: what", ["hey"], True),
        (" hey\nwhat", ["hey"], True),
        (" hey\nad\nada: yo", ["hey"], True),
        ("\nsam: what", [""], True),
    ],
)
def test_a_turn_is_read_while_it_grows(text: str, messages: list[str], over: bool) -> None:
    """A line that may still become the owner's is waited for; one that cannot ends the turn."""
    assert read_turn(text, "ada", tagged=True) == (messages, over)


def test_untagged_lines_are_all_messages() -> None:
    """Without names no line is anybody else's."""
    assert read_turn("hey\nsam: what\n\tso", "ada", tagged=False) == (["hey", "sam: what\nso"], False)


def test_a_draft_wants_no_more_once_somebody_else_would_speak() -> None:
    """It ends at the first letter that cannot be the owner's name."""
    assert written(" hey\nada: yo\nsam: hi", draft()) == (["hey", "yo"], len(" hey\nada: yo\ns"))


def test_a_draft_wants_no_more_after_the_end() -> None:
    """The end token is taken, nothing behind it, and the last message is whole."""
    assert written(" hey\nada: yo", draft(), ended=True) == (["hey", "yo"], len(" hey\nada: yo") + 1)


def test_a_cut_off_message_goes_unless_alone() -> None:
    """Without an end the last message may be half a message."""
    assert written(" hey\nada: y", draft())[0] == ["hey"]
    assert written(" hey\nada: y\n", draft())[0] == ["hey", "y"]
    assert written(" he", draft())[0] == ["he"]


def test_lines_are_counted() -> None:
    """The draft is over when a message too many begins."""
    assert written(" a\nada: b\nada: c", draft(lines=2)) == (["a", "b"], len(" a\nada: b\nada:"))


def test_a_repeated_line_stops_the_draft() -> None:
    """It is found when the line is complete, and it and all after it is left out."""
    one = draft()
    messages, _ = written(" i love rust\nada: ok\nada: I love rust!\nada: so", one)
    assert (messages, stopped_by(one)) == (["i love rust", "ok"], "repeated")


def test_the_last_line_is_checked_too() -> None:
    """A repeat that the end-of-text token follows is one as well."""
    one = draft()
    messages, _ = written(" i love rust\nada: i love rust", one, ended=True)
    assert (messages, stopped_by(one)) == (["i love rust"], "repeated")


def test_an_echo_of_an_earlier_reply_stops_the_draft_and_stays() -> None:
    """What was said before is marked, not deleted: the voice decides."""
    one = draft(said=["i love rust"])
    messages, _ = written(" i love rust\nada: ok", one, ended=True)
    assert (messages, stopped_by(one)) == (["i love rust"], "echoed")


def test_a_loop_without_spaces_stops_the_draft() -> None:
    """An endless laugh ends within a few letters of the bound."""
    one = draft()
    messages, taken = written(" " + "ha" * 200, one)
    assert stopped_by(one) == "looped" and taken < 80
    assert "ha".startswith(messages[0][:2])


def test_emphasis_goes_through() -> None:
    """Nobody is stopped for meaning it."""
    one = draft()
    assert written(" no no no no\nada: lol\nada: lol", one, ended=True)[0] == ["no no no no", "lol", "lol"]
    assert stopped_by(one) == ""


def test_a_line_is_cleared_when_the_next_begins() -> None:
    """Not before: a tab could go on with it, and until it is whole nobody knows what it says."""
    one = draft()
    for token in tokens_of(" hey\nada"):
        one.take(Step(0, token, -1.0))
    assert one.cleared == []
    one.take(Step(0, tokens_of(":")[0], -1.0))
    assert [line.text for line in one.cleared] == ["hey"]


def test_the_pieces_of_a_line_make_it_up() -> None:
    """The name at the head of a line adds nothing, the newline before a line belongs to it."""
    one = draft()
    written(" hey\nada: yo\nsam", one)
    assert ["".join(piece.text for piece in line.pieces) for line in one.cleared] == ["hey", "\nyo"]


def test_a_masked_line_tells_no_pieces() -> None:
    """They would say what the mask hides."""
    one = draft()
    assert written(" mail me at ada@sea.org ok\nsam", one)[0] == ["mail me at my email ok"]
    assert one.cleared[0].pieces == () and one.interventions.masked == 1


@pytest.mark.parametrize(
    ("stop", "lines"),
    [("\n", ["one two"]), ("two", ["one"]), ("e t", ["on"]), ("three", ["one two"]), ("zero", ["one two", "three"])],
)
def test_a_draft_ends_before_a_stop(stop: str, lines: list[str]) -> None:
    """What stops it is no part of it, wherever in a line it stands."""
    assert written(" one two\nada: three", draft(stops=[stop]), ended=True)[0] == lines


def test_a_stop_finds_line_breaks_within_a_message() -> None:
    """A message of two lines stays one message up to the stop."""
    assert written(" one\n\ttwo three\n", draft(stops=[" three"]))[0] == ["one\ntwo"]
