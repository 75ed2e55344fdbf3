"""A request for one text, from its first attempt to its last line.

It generates nothing itself: a `GenerationBatch` feeds it tokens. The prompt and the guard context come from the `plan`
callback that `Voice` passes in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os.path import commonprefix

from soundalike.engines.protocol import Engine
from soundalike.generation.batch_generator import Step
from soundalike.generation.guards import GuardCounts
from soundalike.generation.reply_parser import ReplyLine, ReplyOptions, ReplyParser
from soundalike.generation.sampling import Sampling

ATTEMPT = 1 << 32  # random streams between one attempt and the next


@dataclass(frozen=True, slots=True)
class PromptPlan:
    """What an attempt starts from: token ids to read, the terms, and the knobs told of the template's tokens."""

    prompt: Sequence[int]
    terms: ReplyOptions
    sampling: Sampling


class GenerationRequest:
    """Attempts at one text, until one passes the guards or the tries are used up.

    `plan` says how an attempt starts once some lines have left, and the beginning of one. They leave through `leave`:
    what has left stays, and a later attempt goes on after it; while nothing has left, an attempt that a guard stops is
    drawn anew as a whole, at most `retries` times. Attempt a of utterance `number` draws from random stream
    number + a * 2**32.

    `tokens` were drawn for the text, `discarded` for attempts that were not used. `finish` is "stop", "length" where
    the tokens were used up, "content_filter" where a guard had the last word.
    """

    def __init__(
        self,
        engine: Engine,
        plan: Callable[[Sequence[str], str], PromptPlan],
        max_tokens: int,
        retries: int,
        number: int = 0,
        likeliest: int = 0,
    ) -> None:
        self.interventions = GuardCounts()
        self.tokens = self.discarded = self.prompt_tokens = 0
        self.likeliest = likeliest
        self.finish = ""
        self.engine, self._plan, self._number = engine, plan, number
        self._budget, self._retries = max_tokens, retries
        self._attempts = 0
        self._left: list[str] = []  # whole lines that have left
        self._begun = ""  # the beginning of a further line that has left
        self._released = self._sure = 0  # lines of this draft that have left, and the tokens drawn by then
        self._shown = ""  # of its next line, what has left
        self._draft: ReplyParser

    def twin(self, number: int) -> "GenerationRequest":
        """The same to be said anew, before the first attempt at either: what is read first was prepared once."""
        return GenerationRequest(self.engine, self._plan, self._budget, self._retries, number, self.likeliest)

    def attempt(self) -> tuple[Sequence[int], Sampling, int]:
        """Start an attempt: the prompt, the knobs, and the most tokens that it may draw."""
        plan = self._plan(tuple(self._left), self._begun)
        self._draft = ReplyParser(self.engine.tokenizer, plan.prompt, plan.terms)
        self._released = self._sure = 0
        self._shown = ""
        self.prompt_tokens = self.prompt_tokens or len(plan.prompt)
        if plan.sampling.temperature == 0:
            self._retries = 0  # the likeliest would be the same again
        stream = self._number + ATTEMPT * self._attempts
        self._attempts += 1
        return plan.prompt, replace(plan.sampling, streams=(stream,)), self._budget - self.tokens

    def take(self, step: Step) -> bool:
        """Take in a drawn token; True where nothing after it is wanted."""
        return self._draft.take(step)

    def close(self) -> bool:
        """The attempt has no more tokens; True where the text is done, False where another attempt is to be made."""
        draft = self._draft
        draft.close()
        self.interventions.add(draft.interventions)
        if draft.found:
            self.interventions.count(draft.found.guard)
            again = self._attempts <= self._retries and self.tokens + self._sure < self._budget
            self.interventions.count("resampled" if again else "gave_up")
            if again:
                self.tokens += self._sure
                self.discarded += draft.tokens - self._sure
                return False
            draft.settle()
        self.tokens += draft.tokens
        self.finish = "content_filter" if draft.found else "length" if draft.cut_off else "stop"
        return True

    def leave(self) -> list[ReplyLine]:
        """Lines that may leave now, and the beginning of a line; they count as said from here on."""
        lines = self._draft.cleared[self._released :]
        leaving = [self._ended(line) for line in lines]
        self._released += len(lines)
        begun = self._draft.begun()
        if len(begun) > len(self._shown):
            leaving.append(ReplyLine(begun[len(self._shown) :], goes_on=bool(self._begun)))
            self._begun += leaving[-1].text
            self._shown = begun
        if leaving:
            self._sure = self._draft.tokens
        return leaving

    @property
    def texts(self) -> list[str]:
        """The whole lines that have left, without those that are empty."""
        return [text for text in self._left if text]

    def _ended(self, line: ReplyLine) -> ReplyLine:
        """What of a whole line has not left yet."""
        text = line.text[len(commonprefix([self._shown, line.text])) :]
        rest = ReplyLine(text, line.pieces, bool(self._begun))
        self._left.append(self._begun + text)
        self._begun = self._shown = ""
        return rest
