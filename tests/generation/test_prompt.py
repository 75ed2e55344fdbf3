"""The window is shared by prompt and answer: the oldest history gives way, the owner's name and the last line never."""

import pytest

from soundalike.errors import RecipeError
from soundalike.generation.prompt import PromptBuilder, Turn
from soundalike.training.recipe import Limits
from tests.generation.test_voice import GREEDY, SCRIPT, ada, decoded, engine

TOKENIZER = engine(SCRIPT).tokenizer
TALK: list[Turn] = [("sam", f"message number {word}") for word in "abcdefghijklmnop"]
LONG = "it was " + "very " * 400 + "late"


def read(turns: list[Turn], answer: int, window: int = 60, tagged: bool = True) -> tuple[str, int]:
    """What is read as text, and in how many tokens."""
    tokens = PromptBuilder(TOKENIZER, window, tagged).build(turns, answer)
    assert tokens[0] == TOKENIZER.begin
    return TOKENIZER.decode(tokens), len(tokens)


@pytest.mark.parametrize("answer", [5, 20, 30, 40, 50])
def test_history_gives_way_from_its_oldest_line(answer: int) -> None:
    """Whole lines are left out, never the beginning of one that is read, and the room is used."""
    text, size = read([*TALK, ("ada", "")], answer)
    assert text.startswith("sam: message number") and text.endswith("sam: message number p\nada:")
    assert 60 - answer - 7 < size <= 60 - answer  # another line would be seven tokens more


def test_an_answer_that_leaves_no_room_is_refused_with_the_longest_that_fits() -> None:
    """begin, `ada`, `:` and ` hi` are four tokens, so that 60 hold an answer of 56 beside them."""
    assert read([("ada", "hi")], 56) == ("ada: hi", 4)
    with pytest.raises(RecipeError, match=r"An answer of 57 tokens .* 60 tokens .*\. Ask for at most 56\.$"):
        read([("ada", "hi")], 57)
    with pytest.raises(RecipeError, match="Ask for at most 51"):
        read([*TALK, ("ada", "")], 52)


@pytest.mark.parametrize("turns", [[("ada", LONG)], [("sam", LONG), ("ada", "")]])
def test_a_line_longer_than_the_window_keeps_its_name_and_its_end(turns: list[Turn]) -> None:
    """Half a window of it is read at least, and a longer answer is refused."""
    name, end = turns[0][0], "late" + ("\nada:" if turns[1:] else "")
    for answer in (10, 30):
        text, size = read(turns, answer)
        assert text.startswith(f"{name}: very") and text.endswith(f"very {end}") and size == 60 - answer
    with pytest.raises(RecipeError, match="Ask for at most 30"):
        read(turns, 31)


def test_lines_without_names_are_fitted_alike() -> None:
    """There is no name to keep; the last line is."""
    assert read([*TALK, ("ada", "")], 50, tagged=False) == ("message number o\nmessage number p\n", 9)


def test_no_more_is_tokenized_than_the_window_could_hold() -> None:
    """A million characters cost as much as a few thousand, in one line or in many."""

    class Counting:
        begin, end, size, seen = TOKENIZER.begin, TOKENIZER.end, TOKENIZER.size, 0

        def encode(self, texts: list[str]) -> list[list[int]]:
            self.seen += sum(map(len, texts))
            return TOKENIZER.encode(texts)

        def __getattr__(self, name: str) -> object:
            return getattr(TOKENIZER, name)

    for turns in ([("sam", "so " * 300_000), ("ada", "")], [*[("sam", "so what")] * 100_000, ("ada", "")]):
        tokenizer = Counting()
        PromptBuilder(tokenizer, 60, True).build(turns, 20)  # type: ignore[arg-type]
        assert tokenizer.seen < 60 * 32 * 12


def test_a_voice_refuses_what_its_prompt_has_no_room_for() -> None:
    """The same for a reply, a continuation, and a text that is drawn token by token; nothing is read cut."""
    voice = ada(SCRIPT, window=40)
    assert list(voice.complete("hi", 36, GREEDY).tokens)
    for ask in (
        lambda: voice.complete("hi", 37),
        lambda: voice.completion_request("hi", max_tokens=37),
    ):
        with pytest.raises(RecipeError, match="Ask for at most 36"):
            ask()
    with pytest.raises(RecipeError, match="Ask for at most 33"):
        voice.request([("sam", "hi")], max_tokens=34)
    with pytest.raises(RecipeError, match="Ask for at most 33"):
        voice.prompt([("sam", "hi")], 34)


def test_the_same_beginning_whatever_the_length_of_the_answer() -> None:
    """The prompt of a short text is the same for every answer that it has room beside."""
    voice = ada(SCRIPT, window=256)
    short, long = (voice.completion_request("hi", max_tokens=tokens).start().prompt for tokens in (100, 252))
    assert short == long


def test_a_limit_of_the_clones_own_bends_to_a_small_window() -> None:
    """Nobody asked for so many tokens, so fewer are drawn."""
    voice = ada(SCRIPT, window=24, limits=Limits(tokens=96))
    assert decoded(voice, ("sam", "hi")) == "sam: hi\nada:"
    assert voice.reply([("sam", "hi")]) == ["hey", "what's up"]
    assert 0 < len(list(voice.complete("hey").tokens)) <= 24 - 4


def test_an_answer_that_has_begun_is_never_refused() -> None:
    """What has left by then is read too, and takes the room that it needs."""
    left: list[Turn] = [("sam", "hi"), ("ada", "one two three four five six seven"), ("ada", "eight nine ten")]
    tokens = PromptBuilder(TOKENIZER, 40, True).rebuild(left, 36)
    assert TOKENIZER.decode(tokens) == "ada: eight nine ten"
