"""A voice in the terminal: `say` continues a text, `chat` holds a conversation.

Prints the same words without colour where the output is no terminal.
"""

import math
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

from soundalike import phrasing
from soundalike.console import WordWriter, make_console, spinner
from soundalike.errors import RecipeError, UsageError
from soundalike.frontends.reply_text import guard_summary, visible
from soundalike.generation.completion import Completion
from soundalike.generation.reply_parser import TokenText
from soundalike.generation.sampling import MAX_TEMPERATURE, Sampling
from soundalike.generation.voice import Voice
from soundalike.machine import peak_memory


@dataclass(frozen=True, slots=True)
class SayResult:
    """What `say` printed and how fast: rates in tokens per second, 0 if there were too few tokens; memory in bytes."""

    prompt: str
    prompt_tokens: int
    prompt_rate: float
    tokens: list[TokenText]
    rate: float
    peak_memory: int | None

    @property
    def text(self) -> str:
        """The prompt and its continuation."""
        return self.prompt + "".join(token.text for token in self.tokens)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: each token with its probability under the raw model, null where it is unknown."""
        return {
            "prompt": self.prompt,
            "text": self.text,
            "tokens": [{"text": token.text, "probability": _probability(token.logprob)} for token in self.tokens],
            "prompt_tokens": self.prompt_tokens,
            "prompt_tokens_per_second": self.prompt_rate,
            "generation_tokens": len(self.tokens),
            "generation_tokens_per_second": self.rate,
            "peak_memory_bytes": self.peak_memory,
        }

    def lines(self) -> list[str]:
        """The figures as sentences."""
        figures = (("Prompt", self.prompt_tokens, self.prompt_rate), ("Generation", len(self.tokens), self.rate))
        lines = [
            f"{what}: {phrasing.count(tokens, 'token')}, {rate:,.1f} tokens per second"
            for what, tokens, rate in figures
        ]
        return lines if self.peak_memory is None else [*lines, f"Peak memory: {self.peak_memory / 1e9:.2f} GB"]


def _probability(logprob: float) -> float | None:
    return None if math.isnan(logprob) else math.exp(logprob)


def say(
    voice: Voice,
    prompt: str,
    max_tokens: int | None = None,
    sampling: Sampling | None = None,
    colorize: bool = False,
    console: Console | None = None,
) -> SayResult:
    """Print `prompt` and its continuation as it comes, and return the text with its figures.

    Ctrl-C ends it early. `colorize` shades each generated token by its probability under the raw model, from red for
    unlikely to green, and prints a legend if the console has colours.
    """
    console = console or make_console()
    writer = WordWriter(console)
    started = perf_counter()
    completion = voice.complete(prompt, max_tokens, sampling)
    writer.write(visible(completion.prompt), "bold")
    tokens: list[TokenText] = []
    with suppress(KeyboardInterrupt):
        for token in completion.tokens:
            tokens.append(token)
            style = shade(token.logprob) if colorize and not math.isnan(token.logprob) else None
            writer.write(visible(token.text), style)
    result = _measured(completion, tokens, started)
    writer.flush()
    console.out("", highlight=False)
    if colorize and console.color_system:
        console.print(legend())
    return result


def _measured(completion: Completion, tokens: list[TokenText], started: float) -> SayResult:
    """The prompt is read until the first token is drawn, so the rate of generation counts the tokens after it."""
    request, now = completion.request, perf_counter()
    reading = request.first_token_at - started if request.first_token_at else 0.0
    generating = now - request.first_token_at if request.first_token_at else 0.0
    counts = ((completion.prompt_tokens, reading), (request.token_count - 1, generating))
    prompt_rate, rate = (count / seconds if count > 0 and seconds > 0 else 0.0 for count, seconds in counts)
    return SayResult(completion.prompt, completion.prompt_tokens, prompt_rate, tokens, rate, peak_memory())


def shade(logprob: float) -> Style:
    """Red at probability 0, yellow at a half, green at 1."""
    chance = math.exp(min(0.0, logprob))
    red, green = min(1.0, 2 - 2 * chance), min(1.0, 2 * chance)
    return Style(color=Color.from_rgb(int(80 + 160 * red), int(80 + 130 * green), 80))


def legend() -> Text:
    """The meaning of the colours of `shade`, in these colours."""
    shades = ((0.0, "unlikely"), (0.5, "as likely as not"), (1.0, "certain"))
    words = [(f"{chance:.0%} {name}", shade(math.log(chance or 1e-9))) for chance, name in shades]
    return Text.assemble(("Probability of each token: ", "dim"), words[0], "  ", words[1], "  ", words[2])


class Chat:
    """One conversation; `handle` takes a line that the person typed and prints the answer."""

    def __init__(self, voice: Voice, name: str, sampling: Sampling, console: Console) -> None:
        self.history: list[tuple[str, str]] = []
        self.reply: list[str] = []
        self._rejected: list[str] = []  # the reply before to the same history, if it was rejected
        self._voice, self._console, self._sampling = voice, console, sampling
        self._name = voice.guest_name(name)
        self._replies = 0
        self._commands: dict[str, tuple[Callable[[str], bool], str]] = {
            "/again": (self._again, "draw the last reply anew"),
            "/no": (self._no, "the last reply is not how they write; what they would write may follow"),
            "/yes": (self._yes, "the last reply is: more like this"),
            "/temperature": (self._temperature, "how freely it speaks: 0 says the likeliest, 1 as the model would"),
            "/seed": (self._seed, "a number: the same replies for the same lines"),
            "/help": (lambda _: self._note(self._help()), "say what can be typed"),
            "/quit": (lambda _: False, "leave, as Ctrl-D does"),
        }

    def greet(self) -> None:
        """Print that a model speaks, and the commands."""
        self._note(f"This is a model of {self._voice.owner}, and what it says is made up.\n{self._help()}")

    def handle(self, line: str) -> bool:
        """Answer a line or run a command; False if the person wants to leave."""
        line = line.strip()
        if line.startswith("/"):
            word, _, rest = line.partition(" ")
            if word not in self._commands:
                return self._note(f"There is no {word}.\n{self._help()}")
            return self._commands[word][0](rest.strip())
        if line:
            self.history += [(self._voice.owner, message) for message in self.reply]
            self.history.append((self._name, line))
            self._rejected = []
            self._answer()
        return True

    def farewell(self) -> None:
        """Print what the guards did, if they did anything."""
        if summary := guard_summary(self._voice.interventions):
            self._note(summary)

    def _answer(self) -> bool:
        seed = None if self._sampling.seed is None else self._sampling.seed + self._replies
        self._replies, self.reply = self._replies + 1, []
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

    def _no(self, instead: str) -> bool:
        """Reject the last reply; `instead` takes its place, without it another is drawn."""
        if not self._correct(self.reply, [instead] if instead else []):
            return True
        if instead:
            self.reply = [instead]
            return self._note(f"Kept; {self._voice.owner} has said that instead.")
        self._rejected = self.reply
        return self._answer()

    def _yes(self, _: str) -> bool:
        return not self._correct(self._rejected, self.reply) or self._note("Kept.")

    def _correct(self, rejected: list[str], chosen: list[str]) -> bool:
        """Keep a correction; False, with a note why, where there is none or it cannot be kept."""
        if not self.reply:
            self._note("There is no reply to correct.")
            return False
        try:
            self._voice.correct(self.history, rejected, chosen)
        except UsageError as error:
            self._note(str(error))
            return False
        return True

    def _temperature(self, value: str) -> bool:
        try:
            self._sampling = replace(self._sampling, temperature=float(value))
        except (ValueError, RecipeError):
            now = f"The temperature is {self._sampling.temperature:g}."
            return self._note(f"{now} Give another from 0 to {MAX_TEMPERATURE:g}, like this: /temperature 0.9")
        return self._note(f"The temperature is now {self._sampling.temperature:g}.")

    def _seed(self, value: str) -> bool:
        try:
            self._sampling, self._replies = replace(self._sampling, seed=int(value)), 0
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
    """Hold a conversation until /quit, Ctrl-D or Ctrl-C at the prompt; Ctrl-C during a reply only stops the reply.

    `read` takes the prompt to show, returns a line and raises EOFError at the end, as `input` does.
    """
    with suppress(ImportError):
        import_module("readline")  # line editing for `input`, on systems that have it
    console = console or make_console()
    talk = Chat(voice, name, sampling or voice.sampling, console)
    talk.greet()
    try:
        while talk.handle(read(f"{name}: ")):
            pass
    except (EOFError, KeyboardInterrupt):
        console.print()  # the cursor is still behind the prompt
    talk.farewell()
