"""Whether to speak: always when addressed, else with a probability that fades. Silence is an answer."""

import math


def chance(addressed: bool, probability: float, silence: float, half_life: float, least: float) -> float:
    """The probability of an answer, 0 to 1.

    Addressed by name the bot always answers. Unasked, it answers with `probability` while it is part of the talk,
    and with half of that for every `half_life` seconds of `silence` since it last spoke or was addressed here,
    never less than the share `least`. (oobabot, `decide_to_respond.py`, falls in steps: 0.9 up to a minute, 0.7 up
    to two, 0.5 up to five, then nothing.)
    """
    if addressed:
        return 1.0
    fading = 0.0 if math.isinf(silence) else 0.5 ** (silence / half_life)
    return probability * max(least, fading)


def second_thought(eagerness: float | None) -> float:
    """The share of unasked answers that stay after the voice was asked whether its owner would speak here.

    `eagerness` is how much likelier than usual that is: at 1 or above all stay. None, where the owner's data has no
    other people in it, changes nothing.
    """
    return 1.0 if eagerness is None else min(1.0, eagerness)
