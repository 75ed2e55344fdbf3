"""Numbers as people say them."""

from collections.abc import Sequence


def percent(share: float) -> str:
    """`4 %`; under one and a half `1.2 %`, next to nothing `0 %`."""
    digits = 1 if 0.0005 <= share < 0.015 else 0
    return f"{share * 100:.{digits}f} %"


def how_often(share: float) -> str:
    """An adverb before a verb."""
    steps = ((0.95, "nearly always"), (0.7, "mostly"), (0.4, "often"), (0.15, "sometimes"), (0.05, "seldom"))
    return next((adverb for least, adverb in steps if share >= least), "hardly ever")


def times(ratio: float) -> str:
    """`3 times`, `1.4 times`."""
    return f"{ratio:.0f} times" if ratio >= 3 else f"{ratio:.1f} times"


def one_in(share: float) -> str:
    """`every second`, `one in 14`; for shares over two thirds `nearly every` or `most`."""
    if share >= 0.9:
        return "nearly every one"
    if share >= 2 / 3:
        return "two in three"
    return f"one in {round(1 / share)}" if share > 0 else "none"


def count(number: float, one: str, many: str = "") -> str:
    """`1 message`, `34,710 messages`."""
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"


def listed(parts: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return f" {last} ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def quoted(words: Sequence[str]) -> str:
    """Words in quotation marks, listed."""
    return listed([f"“{word}”" for word in words])
