"""Several replies to one conversation, of which the one is kept that answers it most.

That is the reply whose probability gains most from what was said: the mutual information of conversation and reply (Li
et al. 2016, "A diversity-promoting objective function for neural conversation models", arXiv 1510.03055). The likeliest
reply would be one that fits everywhere, as "yes".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from soundalike.engines.protocol import Engine
from soundalike.engines.scoring import loglikelihood_rolling
from soundalike.generation.request import GenerationRequest

CANDIDATE = 1 << 48  # random streams between one candidate and the next; retries of one are nearer
ELSEWHERE = ("what are you up to?", "i just got home")  # said in other conversations; four choose no better (LOG.md)


@dataclass(frozen=True, slots=True)
class DrawnTokens:
    """The tokens that one attempt drew, and the natural-log probability of each in its context."""

    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)


@dataclass(eq=False)
class Candidates:
    """Copies of `request`, the first with its own random stream; `drawn` of those that are done."""

    request: GenerationRequest
    copies: list[GenerationRequest] = field(init=False)
    drawn: dict[GenerationRequest, DrawnTokens] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        first = self.request.random_stream
        self.copies = [self.request.copy(first + number * CANDIDATE) for number in range(self.request.candidates)]

    @property
    def done(self) -> bool:
        """Whether no candidate is being generated any more."""
        return len(self.drawn) == len(self.copies)


def choose(engine: Engine, all_done: Sequence[Candidates]) -> None:
    """Let each request become the best of its candidates, which are done.

    One that a guard cut is only kept where all are such, one without a message where no other has any.
    """
    for one, found in zip(all_done, scores(engine, all_done), strict=True):
        score = dict(zip(one.copies, found, strict=True))
        best = max(one.copies, key=lambda copy: (copy.finish_reason != "content_filter", copy.has_text, score[copy]))
        one.request.become(best, one.copies)


def scores(engine: Engine, all_done: Sequence[Candidates]) -> list[list[float]]:
    """For each request the score of each of its candidates, of the messages alone, not of who speaks after them.

    It is log p(messages | conversation) less the mean of log p(messages | another one), in nats over the square root of
    the number of their tokens: the sum would prefer long replies, the mean short ones. 0 without a message.
    """
    contexts = {one: _elsewhere(one.request) for one in all_done}
    texts = [[*context, *one.drawn[copy].ids] for one in all_done for copy in one.copies for context in contexts[one]]
    if not texts:
        return []
    found = iter(loglikelihood_rolling(engine, texts, min(one.request.prompts.window for one in all_done)))
    return [
        [_score(copy, one.drawn[copy], [next(found) for _ in ELSEWHERE]) for copy in one.copies] for one in all_done
    ]


def _score(copy: GenerationRequest, drawn: DrawnTokens, elsewhere: Sequence[NDArray[np.float32]]) -> float:
    """`elsewhere` has the log-probabilities of the tokens of other conversations, each with the reply at its end."""
    said, count = np.array(copy.in_messages, bool), len(drawn.ids)
    other = np.mean([logprobs[len(logprobs) - count :] for logprobs in elsewhere], axis=0)
    gains = (np.array(drawn.logprobs) - other)[said]
    return float(gains.sum() / max(1, len(gains)) ** 0.5)


def _elsewhere(request: GenerationRequest) -> list[list[int]]:
    """Prompts of other conversations: who spoke last says one line of ELSEWHERE, and the owner's line begins."""
    name, _ = request.turns[-1]
    return [request.build_prompt([(name, line)]) for line in ELSEWHERE]
