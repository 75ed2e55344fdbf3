"""Numbers and lists in words."""

from collections.abc import Iterable


def percent(share: float) -> str:
    """`4 %`; under one and a half `1.2 %`, next to nothing `under 0.1 %`."""
    if 0 < share < 0.0005:
        return "under 0.1 %"
    digits = 1 if 0 < share < 0.015 else 0
    return f"{share * 100:.{digits}f} %"


def rate(value: float) -> str:
    """`120`, `3.4`, `0.07`."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def one_in(share: float) -> str:
    """`one in 14`; from three tenths on `4 in 10`, and `nearly all`."""
    if share >= 0.95:
        return "nearly all"
    if share >= 0.3:
        return f"{share * 10:.0f} in 10"
    return f"one in {1 / share:,.0f}" if share > 0 else "none"


def count(number: float, one: str, many: str = "") -> str:
    """`1 message`, `34,710 messages`."""
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"


def listed(parts: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    some = list(parts)
    return f" {last} ".join([", ".join(some[:-1]), some[-1]] if len(some) > 1 else some)


def quoted(words: Iterable[str]) -> str:
    """Words in quotation marks, listed."""
    return listed(f"“{word}”" for word in words)
