"""A megabyte made to send a rule astray takes ten times what a tenth of it takes, and not a hundred times."""

from time import process_time

import pytest

from soundalike.prompt_template import normalise
from soundalike.redact import redact_text

# The beginnings of what the rules look for, each the worst for one of them.
PIECES = [
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n",
    "-----BEGIN PRIVATE KEY----- -----END ",
    "DE89 3704 ",
    "DE89",
    "a@",
    "a@b.",
    "a.b@",
    "a",
    "1",
    "1 ",
    "+49 ",
    "http://",
    "http://a",
    "www.",
    "a.",
    "a.com/",
    "password is ",
    "password: ",
    "pw ",
    "pin is ",
    "login: ",
    "0x" + "ab" * 20 + "/",
    "::",
    "[(",
    "(at)",
    "sam at ",
    " dot com",
    "sam dot ",
    "sam (dot) ",
    "sam at a dot ",
    "sam @ a . ",
    "a @ ",
    "a_at_",
    "a-at-b-dot-",
    "用户@例子.",
    "用@",
    "é@é.",
    "a'b@",
    "arroba ",
    "token=",
    "sk-",
    "eyJ.",
    " ",
    "\u00a0",
    "\u200b",
    "-",
    "account number ",
]


def seconds(text: str) -> float:
    start = process_time()
    redact_text(text)
    return process_time() - start


@pytest.mark.parametrize("piece", PIECES)
def test_time_grows_as_the_text_does(piece: str) -> None:
    """A quadratic pattern would take sixteen times as long for four times the text; timing is coarse below 0.1 s.

    One of three tries is enough: what else the machine does can only make a try slower.
    """
    small, large = (piece * (size // len(piece)) for size in (50_000, 200_000))
    assert any(seconds(large) < 0.1 + 8 * max(seconds(small), 0.01) for _ in range(3))


@pytest.mark.parametrize(
    "piece",
    ["-----BEGIN PRIVATE KEY-----", "DE89 3704 ", "AB12 3456 7890 1234 ", "07700 9001 ", "+49 176 1234567 "],
)
def test_a_megabyte_of_beginnings_takes_seconds(piece: str) -> None:
    """They took a minute, and 20, 10, 10 and 7 seconds; now 0.2 to 2, and a busy machine has more than twice that."""
    assert seconds(piece * (1_000_000 // len(piece))) < 5


def test_a_megabyte_of_blanks_is_cleaned_in_a_moment() -> None:
    """Blanks before a letter are not a line's end, however many there are."""
    start = process_time()
    assert normalise(" " * 1_000_000 + "a" + " " * 1_000_000) == "a"
    assert normalise("a" + " \t" * 500_000 + "a").startswith("a ")
    assert process_time() - start < 1
