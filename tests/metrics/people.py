"""Invented people whose habits are known, because they are dice."""

from collections.abc import Sequence
from random import Random

from soundalike.metrics.windows import MessageWindows, cut_windows

NOUNS = "cat soup rain train moth lamp bread river shoe paper stone glass".split()
VERBS = "eats likes finds sells hides draws moves holds".split()


def calm(rng: Random) -> str:
    """Whole sentences with capitals and stops."""
    return f"The {rng.choice(NOUNS)} {rng.choice(VERBS)} the {rng.choice(NOUNS)}."


def loud(rng: Random) -> str:
    """No capitals, no stops, many marks."""
    return f"lol {rng.choice(NOUNS)} {rng.choice(VERBS)} {rng.choice(NOUNS)}!!"


def talk(
    rng: Random, shares: Sequence[float] = (1.0, 0.0), conversations: int = 60, length: int = 8
) -> list[list[str]]:
    """Conversations of somebody who is calm and loud in these shares."""
    return [[rng.choices((calm, loud), shares)[0](rng) for _ in range(length)] for _ in range(conversations)]


def person(seed: int, shares: Sequence[float] = (1.0, 0.0), conversations: int = 60) -> MessageWindows:
    """Their windows, two a conversation."""
    return cut_windows(talk(Random(seed), shares, conversations))
