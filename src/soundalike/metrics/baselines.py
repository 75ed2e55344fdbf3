"""Baselines that only count words: what a clone must beat. Each is made from the owner's messages and reads nothing.

A baseline writes as many messages as the held-out window has, whatever came before. The word chain is not that of
`engines.markov`, which is smoothed and works on tokens: this one draws only what has followed word for word.
"""

from collections.abc import Callable, Sequence
from random import Random

from soundalike.metrics.windows import MessageWindows

LONGEST = 200  # words of one message; a chain may run in circles

Baseline = Callable[[], str]  # writes the next message


def random_message(messages: Sequence[str], seed: int = 0) -> Baseline:
    """A "parrot": whole messages of the owner's, drawn at random."""
    rng = Random(seed)
    return lambda: rng.choice(messages)


def word_chain(messages: Sequence[str], order: int, seed: int = 0) -> Baseline:
    """A word chain (Shannon 1948): each word drawn from those that followed the last `order` words in a message."""
    rng, followers = Random(seed), dict[tuple[str, ...], list[str]]()
    for message in messages:
        context = ("",) * order
        for token in [*_tokens(message), ""]:
            followers.setdefault(context, []).append(token)
            context = (*context[1:], token)

    def write() -> str:
        context, written = ("",) * order, list[str]()
        while len(written) < LONGEST and (token := rng.choice(followers[context])):
            written.append(token)
            context = (*context[1:], token)
        return " ".join(written)

    return write


def word_salad(messages: Sequence[str], seed: int = 0) -> Baseline:
    """The owner's words and message lengths, in no order."""
    rng, all_tokens = Random(seed), list(map(_tokens, messages))
    words = [token for tokens in all_tokens for token in tokens]
    return lambda: " ".join(rng.choices(words, k=len(rng.choice(all_tokens))))


def _tokens(message: str) -> list[str]:
    """What stands between spaces: a line break stays inside its token."""
    return [token for token in message.split(" ") if token]


def answer(baseline: Baseline, real: MessageWindows) -> MessageWindows:
    """Windows of the same shape as `real`, written by `baseline`."""
    return MessageWindows([tuple(baseline() for _ in messages) for messages in real.messages], real.groups)
