"""The terminal says what the voice says, and takes what a person may type."""

import io
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

import pytest
from rich.console import Console
from rich.text import Text

from soundalike.clone.document import Document
from soundalike.console import make_console
from soundalike.engines.markov import MarkovEngine
from soundalike.errors import CloneError
from soundalike.frontends.reply_text import guard_summary, visible
from soundalike.frontends.terminal import SayResult, chat, say, shade
from soundalike.generation.completion import Completion
from soundalike.generation.guards import GuardCounts
from soundalike.generation.reply_parser import TokenText
from soundalike.generation.request import Reply
from soundalike.generation.sampling import Sampling
from soundalike.generation.voice import Voice
from soundalike.training.packing import encode, pack
from soundalike.training.recipe import Limits

GREETING = 8  # lines
GREEDY = Sampling(temperature=0, dry_multiplier=0)
SCRIPT = "you: hi\nada: hey [b]you[/b] :smile:\nada: what's up\nyou: not much\nada: ok\n"


def ada(*scripts: str, sampling: Sampling = GREEDY) -> Voice:
    engine = MarkovEngine(6)
    documents = [Document(script) for script in scripts or (SCRIPT,)] * 30
    engine.step(pack(list(encode(documents, engine.tokenizer, 256)), 256, seed=0), 0.0)
    return Voice(engine, "ada", sampling=sampling)


def console(terminal: bool = False) -> Console:
    colours: Literal["truecolor"] | None = "truecolor" if terminal else None
    return make_console(io.StringIO(), width=60, force_terminal=terminal, color_system=colours)


def printed(where: Console) -> str:
    assert isinstance(where.file, io.StringIO)
    return where.file.getvalue()


def typing(*lines: str | type[BaseException]) -> Callable[[str], str]:
    """A person who types these lines, then leaves by Ctrl-D; an exception is what they press."""
    given: Iterator[str | type[BaseException]] = iter([*lines, EOFError])

    def read(prompt: str) -> str:
        line = next(given)
        if isinstance(line, str):
            return line
        raise line

    return read


def talked(voice: Voice, *lines: str | type[BaseException], sampling: Sampling | None = None) -> list[str]:
    """What was printed, line by line, without the greeting."""
    where = console()
    chat(voice, sampling=sampling, console=where, read=typing(*lines))
    return printed(where).rstrip().splitlines()[GREETING:]


def test_say_prints_the_prompt_and_goes_on() -> None:
    """The text and a line end, and nothing else: a file that it is written to holds the text."""
    where = console()
    said = say(ada("ada: the sea is so calm\n"), "the sea", sampling=GREEDY, console=where)
    assert printed(where) == "the sea is so calm\n" == said.text + "\n"


def test_the_figures_of_say() -> None:
    """Tokens read and drawn with their rates, and memory."""
    lines = say(ada("ada: the sea is so calm\n"), "the sea", sampling=GREEDY, console=console()).lines()
    assert lines[0].startswith("Prompt: 5 tokens, ") and lines[0].endswith(" tokens per second")
    assert lines[1].startswith("Generation: 5 tokens, ")
    assert lines[2].startswith("Peak memory: ") and lines[2].endswith(" GB")


def test_say_measures_what_it_prints() -> None:
    """Rates are positive, and memory is that of a process, in bytes."""
    said = say(ada("ada: the sea is so calm\n"), "the sea", sampling=GREEDY, console=console())
    assert said.prompt_rate > 0 and said.rate > 0
    assert said.peak_memory is not None and 1e7 < said.peak_memory < 1e11


def test_say_stops_at_its_limit() -> None:
    """So many tokens and no more; one token has no rate."""
    said = say(ada("ada: the sea is so calm\n"), "the sea", max_tokens=1, sampling=GREEDY, console=console())
    assert (said.text, len(said.tokens), said.rate) == ("the sea is", 1, 0.0)


def test_what_was_said_as_plain_values() -> None:
    """Text, tokens with the raw model's probabilities, rates and memory, as JSON takes them."""
    said = SayResult("the", 2, 30.0, [TokenText(" sea", math.log(0.25)), TokenText("", 0.0)], 4.0, 5_000_000)
    assert json.loads(json.dumps(said.as_dict())) == {
        "prompt": "the",
        "text": "the sea",
        "tokens": [{"text": " sea", "probability": 0.25}, {"text": "", "probability": 1.0}],
        "prompt_tokens": 2,
        "prompt_tokens_per_second": 30.0,
        "generation_tokens": 2,
        "generation_tokens_per_second": 4.0,
        "peak_memory_bytes": 5_000_000,
    }


def test_say_shades_by_probability() -> None:
    """With colours the text is the same, and likely and unlikely words differ."""
    where = console(terminal=True)
    voice = ada("ada: the sea is calm\n", "ada: the sea is wild\n")
    say(voice, "the sea", sampling=GREEDY, colorize=True, console=where)
    sure, unsure = (printed(where).split(word)[0].rsplit("\x1b[38;2;", 1)[1] for word in ("is", "calm"))
    assert sure != unsure


def test_shades_have_a_legend_where_they_are_seen() -> None:
    """With colours the last line explains them; without, there is nothing to explain."""
    for terminal in (True, False):
        where = console(terminal)
        say(ada("ada: the sea is calm\n"), "the sea", sampling=GREEDY, colorize=True, console=where)
        assert ("Probability of each token" in printed(where)) is terminal


def test_shades_run_from_red_to_green() -> None:
    """Less likely is redder, likelier greener."""
    shades = [shade(logprob).color for logprob in (-9.0, -0.7, 0.0)]
    triplets = [color.triplet for color in shades if color is not None and color.triplet is not None]
    assert [t.red for t in triplets] == sorted((t.red for t in triplets), reverse=True)
    assert [t.green for t in triplets] == sorted(t.green for t in triplets)
    assert triplets[0].red > triplets[0].green and triplets[2].green > triplets[2].red


class Interrupted(Voice):
    """A voice that says one word before Ctrl-C is pressed."""

    def complete(self, prompt: str, max_tokens: int | None = None, sampling: Sampling | None = None) -> Completion:
        completion = super().complete(prompt, max_tokens, sampling)

        def tokens() -> Iterator[TokenText]:
            yield next(completion.tokens)
            raise KeyboardInterrupt

        return replace(completion, tokens=tokens())


def test_say_can_be_interrupted() -> None:
    """Ctrl-C ends the text early and the figures still come."""
    where, voice = console(), ada("ada: the sea is so calm\n")
    said = say(Interrupted(voice.engine, "ada", sampling=GREEDY), "the sea", console=where)
    assert said.text == "the sea is" and "Generation: 1 token, " in said.lines()[1]


def test_figures_leave_out_what_the_system_does_not_tell() -> None:
    """Without a reading of memory there is no line about it."""
    drawn = [TokenText(".", -1.0)] * 3
    assert len(SayResult("", 1, 2.0, drawn, 4.0, None).lines()) == 2
    assert SayResult("", 1, 2.0, drawn, 4567.0, 5 * 10**9).lines()[1:] == [
        "Generation: 3 tokens, 4,567.0 tokens per second",
        "Peak memory: 5.00 GB",
    ]


def test_a_model_cannot_move_the_cursor() -> None:
    """Escape sequences and other control characters are not printed, line breaks and emoji are."""
    assert visible("a\x1b[2Jb\x07\u202ec\n👩\u200d🚀\t.") == "a[2Jbc\n👩\u200d🚀\t."


def test_chat_shows_a_burst_as_messages() -> None:
    """Each message has a line under the owner's name, exactly as it was written."""
    assert talked(ada(), "hi") == ["ada: hey [b]you[/b] :smile:", "ada: what's up"]


def test_chat_greets_and_names_the_commands() -> None:
    """The first lines name who talks (a model) and how to leave."""
    where = console()
    chat(ada(), console=where, read=typing())
    greeting = printed(where)
    assert "a model of ada" in greeting
    assert all(command in greeting for command in ("/again", "/temperature", "/seed", "/quit"))


def test_chat_keeps_the_history() -> None:
    """The second answer depends on the first exchange."""
    assert talked(ada(), "hi", "not much")[-1] == "ada: ok"


def test_chat_prompts_with_the_persons_name() -> None:
    """The name given stands in the prompt, and at the head of the person's lines."""
    asked: list[str] = []

    def read(prompt: str) -> str:
        asked.append(prompt)
        if len(asked) > 1:
            raise EOFError
        return "hi"

    where = console()
    chat(ada("sam: hi\nada: hey sam\n", "you: hi\nada: hey you\n"), "sam", console=where, read=read)
    assert asked == ["sam: ", "sam: "]
    assert printed(where).rstrip().splitlines()[GREETING:] == ["ada: hey sam"]


def test_empty_lines_are_ignored() -> None:
    """Return alone says nothing and asks nothing."""
    assert talked(ada(), "", "   ", "hi")[0].startswith("ada: hey")


def test_again_replaces_the_last_reply() -> None:
    """It is drawn anew from the same history, and only the new one is remembered."""
    burst = ["ada: hey [b]you[/b] :smile:", "ada: what's up"]
    assert talked(ada(), "hi", "/again", "not much") == [*burst, *burst, "ada: ok"]


def test_again_draws_other_words() -> None:
    """With a seed too, another try is another reply; the same seed gives the same two."""
    voice = ada(*(f"you: hi\nada: {word}\n" for word in ("a", "b", "c", "d", "e", "f", "g", "h")))
    first = talked(voice, "hi", "/again", "/again", "/again", sampling=Sampling(seed=1))
    again = talked(voice, "hi", "/again", "/again", "/again", sampling=Sampling(seed=1))
    assert first == again and len(set(first)) > 1


def test_again_before_anything_was_said() -> None:
    """There is nothing to say again."""
    assert talked(ada(), "/again") == ["Nothing has been said yet."]


ANSWERS = tuple(f"you: hi\nada: {word} it is then\n" for word in "abcdefgh")


def test_no_rejects_a_reply_and_draws_another() -> None:
    """The rejected line does not come again; a reply that is liked afterwards is its pair."""
    voice = ada(*ANSWERS, sampling=Sampling(seed=1, dry_multiplier=0))
    first, second, note = talked(voice, "hi", "/no", "/yes")
    assert first != second and note == "Kept."
    rejected, pair = voice.corrections.kept
    assert rejected.history == pair.history == [("you", "hi")]
    assert (rejected.rejected, rejected.chosen) == ([first.removeprefix("ada: ")], [])
    assert (pair.rejected, pair.chosen) == (rejected.rejected, [second.removeprefix("ada: ")])


def test_no_takes_what_they_would_have_said() -> None:
    """The line that follows the command stands in the conversation in place of the rejected reply."""
    voice = ada()
    told = talked(voice, "hi", "/no what's up", "not much")
    assert told[2:] == ["Kept; ada has said that instead.", "ada: ok"]
    (pair,) = voice.corrections.kept
    assert pair.chosen == ["what's up"] and len(pair.rejected) == 2


def test_yes_belongs_to_the_reply_that_it_follows() -> None:
    """A reply that was rejected in an earlier turn is no pair of it."""
    voice = ada()
    talked(voice, "hi", "/no", "not much", "/yes")
    assert voice.corrections.kept[-1].rejected == [] and voice.corrections.kept[-1].chosen == ["ok"]


def test_without_a_reply_nothing_can_be_corrected() -> None:
    """And a correction that cannot be kept is told; the conversation goes on."""
    assert talked(ada(), "/no", "/yes") == ["There is no reply to correct."] * 2

    class Locked(Voice):
        def correct(self, *_: object, **__: object) -> None:
            raise CloneError("me is in use (training).", "Wait until that has ended.")

    locked = Locked(ada().engine, "ada", sampling=GREEDY)
    assert talked(locked, "hi", "/no", "not much")[2:] == [
        "me is in use (training). Wait until that has ended.",
        "ada: ok",
    ]


def test_temperature_is_set_and_checked() -> None:
    """A number is taken, anything else is explained."""
    told = talked(ada(), "/temperature 0.5", "/temperature", "/temperature hot", "/temperature 5", "/temperature nan")
    assert told[0] == "The temperature is now 0.5."
    assert told[1:] == ["The temperature is 0.5. Give another from 0 to 2, like this: /temperature 0.9"] * 4


def test_a_seed_is_set_and_checked() -> None:
    """The same seed gives the same replies."""
    voice = ada(*(f"you: hi\nada: {word}\n" for word in "abcdefgh"), sampling=Sampling())
    told = talked(voice, "/seed 7", "hi", "/seed 7", "/again", "/seed x")
    assert told[0] == told[2] == "The seed is now 7."
    assert told[1] == told[3]
    assert told[4] == "Give a whole number, like this: /seed 7"


def test_an_unknown_command_lists_the_known() -> None:
    """Nothing that begins with a slash is sent to the voice."""
    told = talked(ada(), "/hlep me")
    assert told[0] == "There is no /hlep."
    assert [line.split()[0] for line in told[1:]] == [
        "/again",
        "/no",
        "/yes",
        "/temperature",
        "/seed",
        "/help",
        "/quit",
    ]


def test_quit_leaves() -> None:
    """What is typed after it is not read."""
    assert talked(ada(), "/quit", "hi") == []


@pytest.mark.parametrize("key", [EOFError, KeyboardInterrupt])
def test_ctrl_d_and_ctrl_c_leave(key: type[BaseException]) -> None:
    """At the prompt both end the conversation without a trace."""
    assert talked(ada(), key, "hi") == []


class Slow(Voice):
    """A voice that is interrupted while it thinks."""

    def reply(self, history: object, sampling: Sampling | None = None) -> Reply:
        raise KeyboardInterrupt


def test_ctrl_c_stops_a_reply_only() -> None:
    """The conversation goes on."""
    assert talked(Slow(MarkovEngine(), "ada"), "hi", "so") == ["(stopped)", "(stopped)"]


def test_silence_is_shown() -> None:
    """An empty reply is an answer."""
    assert talked(ada("you: hi\nada:\nyou: hello\n"), "hi") == ["(ada says nothing)"]


def test_a_namesake_is_told_apart() -> None:
    """A person called like the owner does not speak in the owner's name."""
    where = console()
    chat(ada("ada 2: hi\nada: hey\nada 2: so\n"), "ada", console=where, read=typing("hi"))
    assert printed(where).rstrip().splitlines()[GREETING:] == ["ada: hey"]


def test_the_guards_are_guard_summaryed_for_at_the_end() -> None:
    """One line says what was stopped; without interventions there is none."""
    voice = ada("you: hi\n" + "ada: i love rust\n" * 9)
    voice.limits = Limits(retries=0)
    assert talked(voice, "hi")[-1] == "Guards: 1 said a line twice; 0 drawn again."
    assert guard_summary(GuardCounts()) == ""


def test_long_lines_are_not_broken_where_nobody_looks() -> None:
    """Written to a file, a message is one line however narrow the console."""
    words = " ".join(f"word{number}" for number in range(30))
    assert talked(ada(f"you: hi\nada: {words}\n"), "hi") == [f"ada: {words}"]


def test_text_wraps_at_words_on_a_terminal() -> None:
    """No line is wider than the terminal, no word is broken, and no letter is lost."""
    words = [f"word{number}" for number in range(30)]
    voice = ada("ada: " + " ".join(words) + "\n", f"you: hi\nada: {' '.join(words)}\n")
    where = console(terminal=True)
    say(voice, "word0", sampling=GREEDY, console=where)
    plain = Text.from_ansi(printed(where)).plain
    assert plain.split() == words and max(map(len, plain.splitlines())) <= 60
    where = console(terminal=True)
    chat(voice, console=where, read=typing("hi"))
    plain = Text.from_ansi(printed(where)).plain
    assert max(map(len, plain.splitlines())) <= 60 and set(words) <= set(plain.split())


def test_input_is_what_reads_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a way to read, the person at the keyboard is asked."""
    monkeypatch.setattr("sys.stdin", io.StringIO("hi\n"))
    where = console()
    chat(ada(), console=where)
    assert "ada: what's up" in printed(where)
