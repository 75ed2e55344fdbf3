"""What a clone must beat: a parrot, word chains, word salad. All made from the owner's own messages, none reads.

Each gives as many messages a window as the held-out one has; what it was asked makes no difference to it.
"""

from collections.abc import Callable, Sequence
from random import Random

from soundalike.metrics.windows import MessageWindows

LONGEST = 200  # words of one message; a chain may run in circles

Baseline = Callable[[], str]


def random_message(messages: Sequence[str], seed: int = 0) -> Baseline:
    """Says whole messages of the owner's, drawn at random."""
    rng = Random(seed)
    return lambda: rng.choice(messages)


def word_chain(messages: Sequence[str], order: int, seed: int = 0) -> Baseline:
    """A word chain (Shannon 1948): each word drawn from those that followed the last `order` words in a message."""
    rng, after = Random(seed), dict[tuple[str, ...], list[str]]()
    for message in messages:
        past = ("",) * order
        for token in [*_tokens(message), ""]:
            after.setdefault(past, []).append(token)
            past = (*past[1:], token)

    def speak() -> str:
        past, said = ("",) * order, list[str]()
        while len(said) < LONGEST and (token := rng.choice(after[past])):
            said.append(token)
            past = (*past[1:], token)
        return " ".join(said)

    return speak


def word_salad(messages: Sequence[str], seed: int = 0) -> Baseline:
    """The owner's words and message lengths, in no order."""
    rng, all_tokens = Random(seed), list(map(_tokens, messages))
    words = [token for tokens in all_tokens for token in tokens]
    return lambda: " ".join(rng.choices(words, k=len(rng.choice(all_tokens))))


def _tokens(message: str) -> list[str]:
    """What stands between blanks: a line break stays inside its token."""
    return [token for token in message.split(" ") if token]


def answer(speaker: Baseline, real: MessageWindows) -> MessageWindows:
    """Windows of the same shape as `real`, said by `speaker`."""
    return MessageWindows([tuple(speaker() for _ in messages) for messages in real.messages], real.groups)
