"""Tokens become messages one by one, as if all had been read at once."""

from collections.abc import Sequence

import pytest

from soundalike.generation.guards import GuardContext, Guards
from soundalike.generation.reply_parser import ReplyOptions, ReplyParser, TokenText, read_turn


def parser(lines: int = 4, own_lines: Sequence[str] = (), tagged: bool = True, stop: Sequence[str] = ()) -> ReplyParser:
    return ReplyParser(ReplyOptions("ada", tagged, Guards(), lines, stop, tokens=True), GuardContext(own_lines))


def written(text: str, one: ReplyParser, ended: bool = False) -> tuple[list[str], int]:
    """The lines, and how many tokens (a letter each) were taken before the parser needed no more."""
    tokens = [TokenText(letter, -1.0) for letter in text] + [TokenText("", -1.0, ends=True)] * ended
    taken = next((at for at, token in enumerate(tokens, start=1) if one.add(token)), len(tokens))
    one.close()
    one.clear_kept_lines()
    return [line.text for line in one.cleared], taken


def stopped_by(one: ReplyParser) -> str:
    return one.finding.guard if one.finding else ""


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
    assert written(" hey\nada: yo\nsam: hi", parser()) == (["hey", "yo"], len(" hey\nada: yo\ns"))


def test_a_draft_wants_no_more_after_the_end() -> None:
    """The end token is taken, nothing behind it, and the last message is whole."""
    assert written(" hey\nada: yo", parser(), ended=True) == (["hey", "yo"], len(" hey\nada: yo") + 1)


def test_a_cut_off_message_goes_unless_alone() -> None:
    """Without an end the last message may be half a message."""
    assert written(" hey\nada: y", parser())[0] == ["hey"]
    assert written(" hey\nada: y\n", parser())[0] == ["hey", "y"]
    assert written(" he", parser())[0] == ["he"]


def test_lines_are_counted() -> None:
    """The draft is over when a message too many begins."""
    assert written(" a\nada: b\nada: c", parser(lines=2)) == (["a", "b"], len(" a\nada: b\nada:"))


def test_a_repeated_line_stops_the_parser() -> None:
    """It is found when the line is complete, and it and all after it is left out."""
    one = parser()
    messages, _ = written(" i love rust\nada: ok\nada: I love rust!\nada: so", one)
    assert (messages, stopped_by(one)) == (["i love rust", "ok"], "repeated")


def test_the_last_line_is_checked_too() -> None:
    """A repeat that the end-of-text token follows is one as well."""
    one = parser()
    messages, _ = written(" i love rust\nada: i love rust", one, ended=True)
    assert (messages, stopped_by(one)) == (["i love rust"], "repeated")


def test_an_echo_of_an_earlier_reply_stops_the_draft_and_stays() -> None:
    """A repeated line is marked, not deleted: the voice decides."""
    one = parser(own_lines=["i love rust"])
    messages, _ = written(" i love rust\nada: ok", one, ended=True)
    assert (messages, stopped_by(one)) == (["i love rust"], "echoed")


def test_a_loop_without_spaces_stops_the_parser() -> None:
    """An endless laugh ends within a few letters of the bound."""
    one = parser()
    messages, taken = written(" " + "ha" * 200, one)
    assert stopped_by(one) == "looped" and taken < 80
    assert "ha".startswith(messages[0][:2])


def test_emphasis_goes_through() -> None:
    """Nobody is stopped for meaning it."""
    one = parser()
    assert written(" no no no no\nada: lol\nada: lol", one, ended=True)[0] == ["no no no no", "lol", "lol"]
    assert stopped_by(one) == ""


def test_a_line_is_cleared_when_the_next_begins() -> None:
    """Not before: a tab could go on with it, and until it is whole nobody knows what it says."""
    one = parser()
    for letter in " hey\nada":
        one.add(TokenText(letter, -1.0))
    assert one.cleared == []
    one.add(TokenText(":", -1.0))
    assert [line.text for line in one.cleared] == ["hey"]


def test_the_pieces_of_a_line_make_it_up() -> None:
    """The name at the head of a line adds nothing, the newline before a line belongs to it."""
    one = parser()
    written(" hey\nada: yo\nsam", one)
    assert ["".join(token.text for token in line.tokens) for line in one.cleared] == ["hey", "\nyo"]


def test_a_masked_line_tells_no_pieces() -> None:
    """They would say what the mask hides."""
    one = parser()
    assert written(" mail me at ada@sea.org ok\nsam", one)[0] == ["mail me at my email ok"]
    assert one.cleared[0].tokens == () and one.counts.masked == 1


@pytest.mark.parametrize(
    ("stop", "lines"),
    [("\n", ["one two"]), ("two", ["one"]), ("e t", ["on"]), ("three", ["one two"]), ("zero", ["one two", "three"])],
)
def test_a_draft_ends_before_a_stop(stop: str, lines: list[str]) -> None:
    """What stops it is no part of it, wherever in a line it stands."""
    assert written(" one two\nada: three", parser(stop=[stop]), ended=True)[0] == lines


def test_a_stop_finds_line_breaks_within_a_message() -> None:
    """A message of two lines stays one message up to the stop."""
    assert written(" one\n\ttwo three\n", parser(stop=[" three"]))[0] == ["one\ntwo"]
