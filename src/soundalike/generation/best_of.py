"""Several replies to one conversation, of which the one is kept that answers it most.

Kept is the reply that the conversation makes likelier than other conversations do: the mutual information of what was
said and the answer (Li et al. 2016, "A diversity-promoting objective function for neural conversation models", arXiv
1510.03055). The likeliest reply would be one that fits everywhere, as "yes".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from soundalike.engines.protocol import Engine
from soundalike.engines.scoring import loglikelihood
from soundalike.generation.request import GenerationRequest

Floats = NDArray[np.float64]

CANDIDATE = 1 << 48  # random streams between one candidate and the next; retries of one are nearer
ELSEWHERE = ("what are you up to?", "i just got home")  # said in other conversations; four choose no better (LOG.md)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The tokens that one attempt drew, and the natural-log probability of each in its context."""

    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)


@dataclass(eq=False)
class Candidates:
    """As many copies of `request` as its sampling says, the first with its own random stream; `drawn` of those done."""

    request: GenerationRequest
    copies: list[GenerationRequest] = field(init=False)
    drawn: dict[GenerationRequest, Drawn] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        first = self.request.random_stream
        count = self.request.sampling.best_of
        self.copies = [self.request.copy(first + number * CANDIDATE) for number in range(count)]

    @property
    def done(self) -> bool:
        """Whether no candidate is being generated any more."""
        return len(self.drawn) == len(self.copies)


def choose(engine: Engine, all_done: Sequence[Candidates]) -> None:
    """Let each request become the best of its candidates, which are done.

    One that a guard cut, and one without a message, is only kept where all are such.
    """
    for one, found in zip(all_done, scores(engine, all_done), strict=True):
        usable = [copy.finish_reason != "content_filter" and copy.has_text for copy in one.copies]
        ranked = sorted(zip(usable, found, range(len(found)), strict=True), key=lambda row: (row[0], row[1], -row[2]))
        one.request.become(one.copies[ranked[-1][2]], one.copies)


def scores(engine: Engine, all_done: Sequence[Candidates]) -> list[list[float]]:
    """For each request the score of each of its candidates.

    It is log p(reply | conversation) less the mean of log p(reply | another one), in nats over the square root of the
    reply's tokens: the sum would prefer long replies, the mean short ones.
    """
    asked = [
        (context, one.drawn[copy].tokens)
        for one in all_done
        for context in _elsewhere(one.request)
        for copy in one.copies
    ]
    if not asked:
        return []
    found = loglikelihood(engine, asked, window=max(len(context) + len(tokens) for context, tokens in asked))
    of_request = np.split(found, np.cumsum([len(ELSEWHERE) * len(one.copies) for one in all_done])[:-1])
    return [_scores(one, nats.reshape(len(ELSEWHERE), -1)) for one, nats in zip(all_done, of_request, strict=True)]


def _scores(one: Candidates, elsewhere: Floats) -> list[float]:
    """`elsewhere` (contexts, candidates) is log p(reply | another conversation) in nats."""
    drawn = [one.drawn[copy] for copy in one.copies]
    here = np.array([sum(each.logprobs) for each in drawn])
    roots = np.sqrt([len(each.tokens) for each in drawn])
    found: list[float] = ((here - elsewhere.mean(axis=0)) / roots).tolist()
    return found


def _elsewhere(request: GenerationRequest) -> list[list[int]]:
    """Prompts of other conversations: the same person says one line of ELSEWHERE, and the owner's line begins."""
    name = request.turns[-1][0] if request.turns else request.options.owner
    return [request.build_prompt_after([(name, line)]) for line in ELSEWHERE]
