"""Completions: texts that a voice continues."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from soundalike.generation.batch import Model, run
from soundalike.generation.prompt import Turn
from soundalike.generation.reply_parser import ReplyLine, TokenText
from soundalike.generation.request import GenerationRequest
from soundalike.prompt_template import parse


@dataclass(frozen=True, slots=True)
class Completion:
    """A text being continued: `prompt` as the voice reads it, the request, and the tokens that follow as they come."""

    prompt: str
    request: GenerationRequest
    tokens: Iterator[TokenText]

    @property
    def prompt_tokens(self) -> int:
        """The length of the prompt."""
        return len(self.request.prompt)


def stream_tokens(model: Model, request: GenerationRequest) -> Iterator[TokenText]:
    """Generate a request in the calling thread; yields its tokens as the guards release them."""
    first = True
    for _ in run(model, [request]):
        for line in request.release():
            yield from line.tokens or [_as_token(line, first)]
            first = False


def _as_token(line: ReplyLine, first: bool) -> TokenText:
    """A line that a guard changed, as one token of unknown probability."""
    return TokenText(line.text if first or line.continues else f"\n{line.text}", float("nan"))


def is_transcript(text: str, owner: str) -> bool:
    """Whether a text is in the template with names, its last line one that the owner has begun."""
    turns = [] if text.endswith("\n") else parse(text)
    return bool(turns) and turns[-1][0] == owner and all(name for name, _ in turns[1:])


def split_transcript(text: str, owner: str) -> tuple[list[Turn], list[str]]:
    """The turns before the owner's last burst, and the lines of that burst."""
    turns = [turn for turn in parse(text) if turn[0]]  # the first may be the rest of a line, with no name
    burst = len(list(takewhile(lambda turn: turn[0] == owner, reversed(turns))))
    return turns[:-burst], [line for _, line in turns[-burst:]]


def lines_of(text: str) -> list[str]:
    """The messages of a text, the last of which is continued; after a line break that is a new, empty one."""
    lines = [line for line in text.split("\n") if line.strip()]
    return [*lines, ""] if text.endswith("\n") or not lines else lines
