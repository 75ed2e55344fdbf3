"""Building blocks of the charts: SVG elements as strings, the width of a text, the ticks of an axis.

Lengths are CSS pixels. Colours and fonts come from classes of the page's style sheet, so one drawing serves light, dark
and paper.
"""

import math
from collections.abc import Sequence
from html import escape
from unicodedata import east_asian_width

import numpy as np

Points = Sequence[tuple[float, float]]

_NARROW, _BROAD = frozenset("ijlftrI.,:;'’|!()[] -"), frozenset("mwMW@%—")


def element(tag: str, text: str = "", **attributes: float | str) -> str:
    """One element with escaped `text` in it; `class_` is `class`, `a_b` is `a-b`, empty strings are left out."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items() if value != ""}
    spelled = "".join(f' {name}="{_value(value)}"' for name, value in named.items())
    return f"<{tag}{spelled}>{escape(text)}</{tag}>" if text else f"<{tag}{spelled}/>"


def _value(value: float | str) -> str:
    return escape(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


def text(x: float, y: float, words: str, anchor: str = "middle", class_: str = "") -> str:
    """Words whose middle line is at `y`; `anchor` is `start`, `middle` or `end`."""
    return element("text", words, class_=class_, x=x, y=y, dy=".35em", text_anchor=anchor)


def path(points: Points, class_: str, *, curved: bool = False, floor: float | None = None) -> str:
    """A line through `points`; with `floor`, the area between it and that height."""
    steps = _curve(points) if curved else [f"L{_value(x)},{_value(y)}" for x, y in points[1:]]
    line = f"M{_value(points[0][0])},{_value(points[0][1])}{''.join(steps)}"
    if floor is not None:
        line += f"V{_value(floor)}H{_value(points[0][0])}Z"
    return element("path", d=line, class_=class_)


def _curve(points: Points) -> list[str]:
    """Cubic Bézier segments through points, monotone between each two of them (Steffen 1990)."""
    x, y = np.array(points, np.float64).T
    width, rise = np.diff(x), np.diff(y) / np.diff(x)
    slopes = np.concatenate((rise[:1], np.zeros(len(rise) - 1), rise[-1:]))
    left, right = rise[:-1], rise[1:]
    middle = (left * width[1:] + right * width[:-1]) / (width[:-1] + width[1:])
    least = np.minimum(np.minimum(abs(left), abs(right)), abs(middle) / 2)
    slopes[1:-1] = (np.sign(left) + np.sign(right)) * least
    third = width / 3
    controls = zip(x[:-1] + third, y[:-1] + slopes[:-1] * third, x[1:] - third, y[1:] - slopes[1:] * third, strict=True)
    ends = zip(controls, x[1:], y[1:], strict=True)
    return ["C" + " ".join(f"{_value(v)}" for v in (*control, *end)) for control, *end in ends]


def text_width(words: str, size: float, mono: bool = False) -> float:
    """About how wide the text is at most in a common sans-serif font: the page's font is the reader's."""
    return size * sum(0.61 if mono and character.isascii() else _em(character) for character in words)


def _em(character: str) -> float:
    if east_asian_width(character) in "WF":
        return 1.1
    return 0.38 if character in _NARROW else 0.95 if character in _BROAD else 0.74 if character.isupper() else 0.64


def fitted(words: str, size: float, width: float, mono: bool = False) -> str:
    """The text, cut off with an ellipsis where it is wider than `width`."""
    if text_width(words, size, mono) <= width:
        return words
    kept = words
    while kept and text_width(f"{kept}…", size, mono) > width:
        kept = kept[:-1]
    return f"{kept}…"


def ticks(top: float, count: int) -> list[float]:
    """From 0 to `top` or just beyond it, about `count` steps of 1, 2 or 5 times a power of ten."""
    rough = (top or 1.0) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next((size for size, most in ((1, 2**0.5), (2, 10**0.5), (5, 50**0.5)) if rough / power < most), 10)
    return [step * number for number in range(math.ceil((top or 1.0) / step - 1e-9) + 1)]
