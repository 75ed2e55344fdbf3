"""A request for one text: what is wanted, the attempts at it, and the lines that were released.

It generates nothing itself: a `Generator` starts its attempts and feeds it their tokens.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from os.path import commonprefix
from time import perf_counter
from typing import Protocol

from soundalike.generation.guards import GuardContext, GuardCounts
from soundalike.generation.prompt import PromptBuilder, Turn
from soundalike.generation.reply_parser import ReplyLine, ReplyOptions, ReplyParser, TokenText
from soundalike.generation.sampling import Sampling, SequenceBias

ATTEMPT = 1 << 32  # random streams between one attempt and the next


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A sequence to continue: token ids to read, the most tokens to draw, how many top log-probabilities to report, and
    sequences to lower; a model on a server does not lower them."""

    prompt: Sequence[int]
    sampling: Sampling
    max_tokens: int
    top_logprobs: int = 0
    bias: SequenceBias | None = None


@dataclass(eq=False, kw_only=True)
class GenerationRequest:
    """Attempts at one text, until one passes the guards or the retries are used up.

    `lines` are the owner's lines after `turns` that are already there: the text continues the last of them. `prompt`
    is what the first attempt reads; it is built here, and `RecipeError` is raised if it does not fit. `release`
    releases lines; what was released stays, and a later attempt continues after it. While nothing was released, an
    attempt that a guard stops is repeated as a whole. Attempt a draws from random stream random_stream + a * 2**32.
    `model` identifies the model whose batch the request joins. `rename` is applied to every line when it is released,
    which then happens in whole lines only, so that no name is cut in two; attempts and guards see the line without it.

    `completion_tokens` were drawn for the text, `rejected_tokens` for attempts that were not used, and `token_count`
    counts all that were drawn so far. `finish_reason` is "stop", "length" if the tokens were used up, or
    "content_filter" if a guard ended the text. `first_token_at` is a moment of `time.perf_counter`.
    """

    model: object
    prompts: PromptBuilder
    turns: Sequence[Turn]
    lines: Sequence[str]
    options: ReplyOptions
    context: GuardContext
    sampling: Sampling
    max_tokens: int
    retries: int
    random_stream: int = 0
    top_logprobs: int = 0
    rename: Callable[[str], str] | None = None
    prompt: Sequence[int] = ()
    bias: SequenceBias | None = None
    interventions: GuardCounts = field(default_factory=GuardCounts, init=False)
    prompt_tokens: int = field(default=0, init=False)
    completion_tokens: int = field(default=0, init=False)
    rejected_tokens: int = field(default=0, init=False)
    token_count: int = field(default=0, init=False)
    first_token_at: float = field(default=0.0, init=False)
    finish_reason: str = field(default="", init=False)
    _attempts: int = field(default=0, init=False)
    _released: list[str] = field(default_factory=list, init=False)  # whole lines
    _partial: str = field(default="", init=False)  # the released part of the line after them
    _cleared: int = field(default=0, init=False)  # lines of this attempt that were released
    _settled_tokens: int = field(default=0, init=False)  # tokens of this attempt that were drawn by then
    _shown: ReplyLine = field(default=ReplyLine(""), init=False)  # the released part of this attempt's next line
    _parser: ReplyParser = field(init=False)

    def __post_init__(self) -> None:
        if not self.prompt:
            turns = [*self.turns, *((self.options.owner, line) for line in self.lines)]
            self.prompt = self.prompts.build(turns, self.max_tokens)
        self._parser = ReplyParser(self.options, self.context)

    def copy(self, random_stream: int) -> "GenerationRequest":
        """The same request with another random stream, as it was before its first attempt."""
        return replace(self, random_stream=random_stream)

    @property
    def texts(self) -> list[str]:
        """The whole lines that were released, without empty ones."""
        return [self.rename(text) if self.rename else text for text in self._released if text]

    def start(self) -> TokenRequest:
        """Start an attempt."""
        prompt = self.prompt
        if self._released or self._partial:
            prompt = self.build_prompt(self.turns, self._released, self._partial)
        *released, opening = self._open_lines(self._released, self._partial)[len(self.lines) - 1 :]
        self._parser = ReplyParser(self.options, replace(self.context, released=released), opening)
        self._cleared, self._settled_tokens, self._shown = 0, 0, ReplyLine("")
        self.prompt_tokens = self.prompt_tokens or len(prompt)
        sampling = replace(self.sampling, streams=(self.random_stream + ATTEMPT * self._attempts,))
        self._attempts += 1
        return TokenRequest(prompt, sampling, self.max_tokens - self.completion_tokens, self.top_logprobs, self.bias)

    def build_prompt(self, turns: Sequence[Turn], released: Sequence[str] = (), partial: str = "") -> list[int]:
        """The prompt of an attempt, if `turns` had been said, after `released` lines and a `partial` one."""
        lines = self._open_lines(released, partial)
        return self.prompts.rebuild([*turns, *((self.options.owner, line) for line in lines)], self.max_tokens)

    @property
    def candidates(self) -> int:
        """How many replies are drawn of which one is kept.

        One at temperature 0, where all were the same; of a reply to nothing; of a text that is continued.
        """
        one = not self.sampling.temperature or not self.turns or self.options.keep_partial
        return 1 if one else self.sampling.best_of

    def become(self, chosen: "GenerationRequest", candidates: Sequence["GenerationRequest"]) -> None:
        """Take the text of `chosen`, one of the `candidates`: copies of this request that are done.

        Nothing was released of any of them. The tokens of the others count as rejected.
        """
        self._parser, self.finish_reason = chosen._parser, chosen.finish_reason
        self.completion_tokens = chosen.completion_tokens
        self.interventions.add(chosen.interventions)
        self.count(candidates)

    def count(self, candidates: Sequence["GenerationRequest"]) -> None:
        """Count what was read and drawn for copies of this request."""
        self.prompt_tokens = max(one.prompt_tokens for one in candidates)
        self.first_token_at = min((one.first_token_at for one in candidates if one.first_token_at), default=0.0)
        self.token_count = sum(one.token_count for one in candidates)
        self.rejected_tokens = self.token_count - self.completion_tokens

    @property
    def has_text(self) -> bool:
        """Whether there is a line that may be released."""
        return any(line.text for line in self._parser.cleared)

    @property
    def in_messages(self) -> list[bool]:
        """For each token of the last attempt, whether it is part of a line that may be released."""
        return [row is not None and row < len(self._parser.cleared) for row in self._parser.rows]

    def _open_lines(self, released: Sequence[str], partial: str) -> list[str]:
        first, *others = [*released, partial]
        return [*self.lines[:-1], self.lines[-1] + first, *others]

    def add(self, token: TokenText) -> bool:
        """Take a token of the attempt; True if it needs no more."""
        self.first_token_at = self.first_token_at or perf_counter()
        self.token_count += 1
        return self._parser.add(token)

    def close(self) -> bool:
        """End the attempt; True if the text is done, False if another attempt is to be started."""
        parser = self._parser
        parser.close()
        self.interventions.add(parser.counts)
        if parser.finding:
            self.interventions.count(parser.finding.guard)
            again = self._may_retry()
            self.interventions.count("resampled" if again else "gave_up")
            if again:
                self.completion_tokens += self._settled_tokens
                self.rejected_tokens += parser.token_count - self._settled_tokens
                return False
            parser.clear_kept_lines()
        self.completion_tokens += parser.token_count
        self.finish_reason = "content_filter" if parser.finding else "length" if parser.truncated else "stop"
        return True

    def _may_retry(self) -> bool:
        """At temperature 0 another attempt would be the same."""
        remaining = self.max_tokens - self.completion_tokens - self._settled_tokens
        return self.sampling.temperature > 0 and self._attempts <= self.retries and remaining > 0

    def release(self) -> list[ReplyLine]:
        """The lines that may be released now, and the part of a line; from here on they stay."""
        lines = self._parser.cleared[self._cleared :]
        released = [self._whole(line) for line in lines]
        self._cleared += len(lines)
        partial = ReplyLine("") if self.rename else self._parser.partial()
        if len(partial.text) > len(self._shown.text):
            new = partial.text[len(self._shown.text) :], partial.tokens[len(self._shown.tokens) :]
            released.append(ReplyLine(*new, continues=bool(self._partial)))
            self._partial += new[0]
            self._shown = partial
        if released:
            self._settled_tokens = self._parser.token_count
        return [self._renamed(line) for line in released]

    def _renamed(self, line: ReplyLine) -> ReplyLine:
        text = self.rename(line.text) if self.rename else line.text
        return line if text == line.text else replace(line, text=text, tokens=())

    def _whole(self, line: ReplyLine) -> ReplyLine:
        """What of a whole line was not released yet."""
        text = line.text[len(commonprefix([self._shown.text, line.text])) :]
        rest = ReplyLine(text, line.tokens[len(self._shown.tokens) :], bool(self._partial))
        self._released.append(self._partial + text)
        self._partial, self._shown = "", ReplyLine("")
        return rest


class Reply(list[str]):
    """The messages of a request that is done, perhaps none, the number of tokens drawn, and what the guards did."""

    def __init__(self, request: GenerationRequest) -> None:
        request.release()
        super().__init__(request.texts)
        self.tokens = request.token_count
        self.interventions = request.interventions


class Generator(Protocol):
    """Generates the texts of many requests side by side; they may join and leave after any token."""

    def __len__(self) -> int:
        """Requests that are being generated."""

    def add(self, requests: Sequence[GenerationRequest]) -> None:
        """Generate these too, from the next step on."""

    def step(self) -> list[GenerationRequest]:
        """Advance each request by a token, where one is there; returns those that are done."""

    def remove(self, requests: Collection[GenerationRequest]) -> None:
        """Give these up; their places are free at once."""


def close_attempts(requests: Sequence[GenerationRequest]) -> tuple[list[GenerationRequest], list[GenerationRequest]]:
    """End the current attempts; returns the requests that are done, and those that are to be started again."""
    done, again = list[GenerationRequest](), list[GenerationRequest]()
    for request in requests:
        (done if request.close() else again).append(request)
    return done, again
