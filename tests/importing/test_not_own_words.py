"""What people send without writing it is left out and counted, and what only looks like it stays."""

import pytest

from soundalike.importing.not_own_words import CODE_BLOCKS, COMMANDS, QUOTED_LINES, QUOTES, WALLS, own_words
from soundalike.messages import STICKER, VOICE_MESSAGE, WITHOUT_TEXT
from tests.invented import corpus

LONG = "this is a long text that somebody found and that goes round, word after word, " * 4


def left(*texts: str | tuple[str, str]) -> tuple[list[str], dict[str, int]]:
    """What is left of messages by the owner, or by another author where a text has one, and the counts."""
    said = [("me", text) if isinstance(text, str) else text for text in texts]
    made = corpus([(float(minute), "c0", author, text) for minute, (author, text) in enumerate(said)])
    made.read = {"messages": made.messages.height}
    cleaned = own_words(made)
    assert cleaned.unaccounted == 0
    return cleaned.messages["text"].to_list(), cleaned.skipped


@pytest.mark.parametrize(
    "text",
    [
        "!play never gonna give you up",
        "!rank",
        "?queue",
        ".rank",
        "/8ball will it rain",
        "$daily",
        "-skip",
        "t!daily",
        "!Help",
        ";play lofi",
    ],
)
def test_commands_that_bots_are_known_for(text: str) -> None:
    """Once is enough, whoever sends them."""
    assert left("hi", text, ("a", text), "ho") == (["hi", "ho"], {COMMANDS: 2})


@pytest.mark.parametrize(
    "text",
    [
        *("...", "!!", "?!", ":)", ";p", "-_-", "!important", "!", "?what", "..ok", "~nya", "$20", "$TSLA", "+1", "/s"),
        *("/srs", "/shrug lol", "/home/user", ".ok", "?help", "-work", "=)", "<3", "<play", "pls help", "play it"),
        *("owo what", "no!stop", "!? what", "hm! play that", "- skip the rest", "lol !play is a command"),
        "!play " + "word " * 30,
        "!play\nand then we talked about it",
    ],
)
def test_words_that_look_like_commands(text: str) -> None:
    """One of them stays."""
    assert left("hi", text) == (["hi", text], {})


def test_commands_by_repetition() -> None:
    """A name that no bot is known for counts if it is used often behind a sign that bots are called by."""
    often = ["!gronk now"] * 5
    assert left("hi", *often) == (["hi", *often], {})
    assert left("hi", *often, "!rank", "!play a", "!skip") == (["hi"], {COMMANDS: 8})
    assert left("hi", *often[:4], "!rank", "!play a", "!skip") == (["hi", *often[:4]], {COMMANDS: 3})
    assert left("?help", "?help me") == ([], {COMMANDS: 2})
    assert left(*["..ok"] * 9, ".rank", ".rank", ".rank")[0] == ["..ok"] * 9
    assert left(*[".ok"] * 9, ".rank", ".rank", ".rank")[0] == [".ok"] * 9


def test_commands_of_words() -> None:
    """`owo hunt` is one if it comes often."""
    assert left("owo hunt", "owo hunt", "owo") == (["owo hunt", "owo hunt", "owo"], {})
    assert left("owo hunt", "OwO hunt", ("a", "owo hunt"), "owo hi") == (["owo hi"], {COMMANDS: 3})
    assert left(*["pls help"] * 9)[0] == ["pls help"] * 9


@pytest.mark.parametrize(
    ("text", "kept", "quoted"),
    [
        ("> what time is it\nfive", "five", 1),
        ("> one thing\n> another\nyes\n> third thing\nno", "yes\nno", 3),
        ("so\n>>> all of\nthis here\nand this", "so", 3),
        ("> .<", "> .<", 0),
        (">_<", ">_<", 0),
        (">implying", ">implying", 0),
        ("a > b and b > c", "a > b and b > c", 0),
        ("> be me\n> go to the pond\n> frogs", "> be me\n> go to the pond\n> frogs", 0),
        ("5\n> 3", "5\n> 3", 0),
    ],
)
def test_quoted_lines(text: str, kept: str, quoted: int) -> None:
    """Go out of the owner's messages; the rest of the message stays, and other people's stay whole."""
    assert left(text, ("a", text)) == ([kept, text], {QUOTED_LINES: quoted} if quoted else {})


def test_a_quote_alone() -> None:
    """A message that is nothing else goes."""
    assert left("hi", "> what time is it") == (["hi"], {QUOTES: 1, QUOTED_LINES: 1})


def test_blocks_of_code() -> None:
    """Several lines between fences go, one line in a fence stays."""
    block = "```py\nfor frog in pond:\n    print(frog)\n```"
    assert left(f"look at this\n{block}\nnice", block, "```lol```", ("a", block)) == (
        ["look at this\nnice", "```lol```", block],
        {CODE_BLOCKS: 2, WALLS: 1},
    )


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-02 10:11:12 start\n2024-01-02 10:11:13 load\n2024-01-02 10:11:14 run\n[10:11:15] x\n[10:11:16] done",
        'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\n    go()\n  File "b.py", line 9\n'
        "    at frog(",
        "int main() {\n  frog();\n  return 0;\n}\nint x;",
        "very long " * 400,
    ],
)
def test_walls(text: str) -> None:
    """Logs, code without fences and texts of thousands of characters go; another's stay."""
    kept, skipped = left("hi", text.strip(), ("a", text.strip()))
    assert kept == ["hi", text.strip()] and skipped == {WALLS: 1}


@pytest.mark.parametrize(
    "text",
    [
        "1. eggs\n2. milk\n3. bread\n4. frogs\n5. tea",
        "12:30 lunch\n14:00 pond\n15:00 nap\n18:00 soup\n20:00 film",
        "first\nsecond\nthird\nfourth\nfifth\nsixth",
        "i mean it;\nreally",
        LONG * 3,
    ],
)
def test_long_texts_of_ones_own(text: str) -> None:
    """Lists, plans, poems and long stories stay, also sent twice."""
    assert left(text.strip(), text.strip()) == ([text.strip()] * 2, {})


def test_texts_that_go_round() -> None:
    """A long text that is sent three times, or that somebody else sent before, is nobody's own."""
    assert left(LONG, LONG, "hi", LONG) == (["hi"], {WALLS: 3})
    assert left(("a", LONG), LONG) == ([LONG], {WALLS: 1})
    assert left(LONG, ("a", LONG)) == ([LONG, LONG], {})
    assert left(*["haha same"] * 9)[0] == ["haha same"] * 9


def test_only_others_send_stickers_and_voice_messages() -> None:
    """What stands for the owner's would be learned as words to write; other people's are what the owner answers."""
    texts, skipped = left("listen", VOICE_MESSAGE, ("a", VOICE_MESSAGE), STICKER, ("b", STICKER), "[sticker] of a frog")
    assert texts == ["listen", VOICE_MESSAGE, STICKER, "[sticker] of a frog"]
    assert skipped == {WITHOUT_TEXT: 2}
