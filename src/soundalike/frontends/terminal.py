"""A voice in the terminal: `say` goes on with a text, `chat` talks.

Takes a Voice, and a console and a way to read lines where the real ones are not wanted. Prints the same
words, without colour, where the output is no terminal.
"""

import math
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
from time import perf_counter
from typing import Any

from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from soundalike.console import WordWriter, make_console, spinner
from soundalike.errors import RecipeError
from soundalike.generation.guards import GuardCounts
from soundalike.generation.reply_parser import TokenText
from soundalike.generation.sampling import HOTTEST, Sampling
from soundalike.generation.voice import Completion, Voice
from soundalike.machine import peak_memory
from soundalike.prompt_template import UNSEEN

_UNSEEN = re.compile(UNSEEN)


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """What `say` printed and how fast: rates in tokens per second, 0 where too few came; memory in bytes."""

    prompt: str
    prompt_tokens: int
    prompt_rate: float
    pieces: list[TokenText]
    rate: float
    peak_memory: int | None

    @property
    def text(self) -> str:
        """The prompt and what was drawn after it."""
        return self.prompt + "".join(piece.text for piece in self.pieces)

    @property
    def tokens(self) -> int:
        """How many were drawn."""
        return len(self.pieces)

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON: each token with its probability under the raw model."""
        return {
            "prompt": self.prompt,
            "text": self.text,
            "tokens": [{"text": piece.text, "probability": math.exp(piece.logprob)} for piece in self.pieces],
            "prompt_tokens": self.prompt_tokens,
            "prompt_tokens_per_second": self.prompt_rate,
            "generation_tokens": self.tokens,
            "generation_tokens_per_second": self.rate,
            "peak_memory_bytes": self.peak_memory,
        }

    def lines(self) -> list[str]:
        """The figures in words."""
        figures = (("Prompt", self.prompt_tokens, self.prompt_rate), ("Generation", self.tokens, self.rate))
        given = [
            f"{what}: {count} token{'s' * (count != 1)}, {rate:,.1f} tokens per second" for what, count, rate in figures
        ]
        return given if self.peak_memory is None else [*given, f"Peak memory: {self.peak_memory / 1e9:.2f} GB"]


def say(
    voice: Voice,
    prompt: str,
    max_tokens: int | None = None,
    sampling: Sampling | None = None,
    colorize: bool = False,
    console: Console | None = None,
) -> ChatMessage:
    """Print `prompt` and how the voice goes on with it, as it comes, and return the text with its figures.

    Ctrl-C ends it early. `colorize` shades what each token added by its probability under the raw model, red for
    unlikely to green, and ends with a legend where the console has colours.
    """
    console = console or make_console()
    writer = WordWriter(console)
    completion = voice.complete(prompt, max_tokens, sampling)
    writer.write(visible(completion.prompt), "bold")
    pieces: list[TokenText] = []
    moments = [perf_counter()]
    with suppress(KeyboardInterrupt):
        for piece in completion.pieces:
            moments.append(perf_counter())
            pieces.append(piece)
            style = shade(piece.logprob) if colorize and not math.isnan(piece.logprob) else None
            writer.write(visible(piece.text), style)
    writer.flush()
    console.out("", highlight=False)
    if colorize and console.color_system:
        console.print(legend())
    return _measured(completion, pieces, moments)


def _measured(completion: Completion, pieces: list[TokenText], moments: list[float]) -> ChatMessage:
    """The prompt is read until the first token comes, so the rate of generation counts those after it."""
    drawn = len(moments) - 1
    reading = moments[1] - moments[0] if drawn else 0.0
    writing = moments[-1] - moments[1] if drawn else 0.0
    spent = ((completion.prompt_tokens, reading), (drawn - 1, writing))
    rates = [count / time if time > 0 else 0.0 for count, time in spent]
    return ChatMessage(completion.prompt, completion.prompt_tokens, rates[0], pieces, rates[1], peak_memory())


def visible(text: str) -> str:
    """`text` without control characters: a model may not move the cursor or rename the window."""
    return _UNSEEN.sub("", text)


def shade(logprob: float) -> Style:
    """Red at probability 0, yellow at a half, green at 1."""
    chance = math.exp(min(0.0, logprob))
    red, green = min(1.0, 2 - 2 * chance), min(1.0, 2 * chance)
    return Style(color=Color.from_rgb(int(80 + 160 * red), int(80 + 130 * green), 80))


def legend() -> Text:
    """What the shades of `shade` stand for, in these shades."""
    shades = ((0.0, "unlikely"), (0.5, "as likely as not"), (1.0, "certain"))
    words = [(f"{chance:.0%} {name}", shade(math.log(chance or 1e-9))) for chance, name in shades]
    return Text.assemble(("Probability of each token: ", "dim"), words[0], "  ", words[1], "  ", words[2])


class Chat:
    """One conversation. `hear` takes what the person typed and prints what comes of it."""

    def __init__(self, voice: Voice, name: str, sampling: Sampling, console: Console) -> None:
        self.history: list[tuple[str, str]] = []
        self.reply: list[str] = []
        self._voice, self._console, self._sampling = voice, console, sampling
        self._name = voice.guest_name(name)
        self._drawn = 0
        self._commands: dict[str, tuple[Callable[[str], bool], str]] = {
            "/again": (self._again, "draw the last reply anew"),
            "/temperature": (self._temperature, "how freely it speaks: 0 says the likeliest, 1 as the model would"),
            "/seed": (self._seed, "a number: the same replies for the same lines"),
            "/help": (lambda _: self._note(self._help()), "say what can be typed"),
            "/quit": (lambda _: False, "leave, as Ctrl-D does"),
        }

    def greet(self) -> None:
        """Say who is there: a model, and how to leave."""
        self._note(f"This is a model of {self._voice.owner}, and what it says is made up.\n{self._help()}")

    def hear(self, line: str) -> bool:
        """Answer a line or obey a command; False where the person wants to leave."""
        line = line.strip()
        if line.startswith("/"):
            word, _, rest = line.partition(" ")
            if word not in self._commands:
                return self._note(f"There is no {word}.\n{self._help()}")
            return self._commands[word][0](rest.strip())
        if line:
            self.history += [(self._voice.owner, message) for message in self.reply]
            self.history.append((self._name, line))
            self._answer()
        return True

    def farewell(self) -> None:
        """Account for the guards, where they had something to do."""
        if told := account(self._voice.interventions):
            self._note(told)

    def _answer(self) -> bool:
        seed = None if self._sampling.seed is None else self._sampling.seed + self._drawn
        self._drawn, self.reply = self._drawn + 1, []
        try:
            with self._console.status(f"{self._voice.owner} is typing", spinner=spinner(self._console)):
                self.reply = self._voice.reply(self.history, replace(self._sampling, seed=seed))
        except KeyboardInterrupt:
            return self._note("(stopped)")
        for message in self.reply:
            head = Text(f"{self._voice.owner}: ", style="bold cyan")
            self._console.print(head.append(visible(message), style="not bold default"))
        return bool(self.reply) or self._note(f"({self._voice.owner} says nothing)")

    def _again(self, _: str) -> bool:
        return self._answer() if self.history else self._note("Nothing has been said yet.")

    def _temperature(self, given: str) -> bool:
        try:
            self._sampling = replace(self._sampling, temperature=float(given))
        except (ValueError, RecipeError):
            now = f"The temperature is {self._sampling.temperature:g}."
            return self._note(f"{now} Give another from 0 to {HOTTEST:g}, like this: /temperature 0.9")
        return self._note(f"The temperature is now {self._sampling.temperature:g}.")

    def _seed(self, given: str) -> bool:
        try:
            self._sampling, self._drawn = replace(self._sampling, seed=int(given)), 0
        except (ValueError, RecipeError):
            return self._note("Give a whole number, like this: /seed 7")
        return self._note(f"The seed is now {self._sampling.seed}.")

    def _help(self) -> str:
        return "\n".join(f"  {word:<13} {meaning}" for word, (_, meaning) in self._commands.items())

    def _note(self, words: str) -> bool:
        self._console.print(Text(words, style="dim"))
        return True


def chat(
    voice: Voice,
    name: str = "you",
    sampling: Sampling | None = None,
    console: Console | None = None,
    read: Callable[[str], str] = input,
) -> None:
    """Talk until /quit, Ctrl-D or Ctrl-C at the prompt; Ctrl-C during a reply only stops the reply.

    `read` gets the prompt to show and gives a line, and ends with EOFError as `input` does.
    """
    with suppress(ImportError):
        import_module("readline")  # gives `input` line editing, where the system has it
    console = console or make_console()
    talk = Chat(voice, name, sampling or voice.sampling, console)
    talk.greet()
    try:
        while talk.hear(read(f"{name}: ")):
            pass
    except (EOFError, KeyboardInterrupt):
        console.print()  # the prompt stands unanswered on the last line
    talk.farewell()


def account(counts: GuardCounts) -> str:
    """What the guards did, in one sentence; nothing where they did nothing."""
    kinds = {
        "looped": counts.looped,
        "said a line twice": counts.repeated,
        "said an earlier line again": counts.echoed,
        "said a line of yours back": counts.parroted,
        "copied a message": counts.copied,
        "copied somebody else's message": counts.quoted,
        "said a blocked word": counts.blocked,
        "said nothing but a handle": counts.handle,
        "said private data, masked": counts.masked,
        "spoke for somebody else": counts.unmasked,
    }
    told = ", ".join(f"{count} {what}" for what, count in kinds.items() if count)
    return f"Guards: {told}; {counts.resampled} drawn again." if told else ""
