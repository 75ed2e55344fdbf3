"""The building blocks of charts, and charts of figures that divide by nothing."""

import re

import pytest

from soundalike.portrait.chart_kinds import (
    BarChart,
    Chart,
    DensityPlot,
    Heatmap,
    Histogram,
    IntervalPlot,
    LineChart,
    PercentileBands,
)
from soundalike.portrait.charts import WIDTH, svg
from soundalike.portrait.svg import element, fitted, path, text_width, ticks


@pytest.mark.parametrize(
    ("top", "count", "expected"),
    [
        (100, 4, [0, 20, 40, 60, 80, 100]),
        (1.2, 4, [0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2]),
        (57, 4, [0, 20, 40, 60]),
        (36, 3, [0, 10, 20, 30, 40]),
        (0, 4, [0, 0.2, 0.4, 0.6, 0.8, 1]),
    ],
)
def test_ticks_are_round_and_reach_the_largest_value(top: float, count: int, expected: list[float]) -> None:
    """Steps are 1, 2 or 5 times a power of ten, from 0 to the value or just beyond it."""
    assert ticks(top, count) == pytest.approx(expected)


def test_a_label_is_cut_off_where_it_has_no_room() -> None:
    """With an ellipsis, and only then; wide characters count as wide."""
    assert fitted("soup", 12, 60) == "soup"
    cut = fitted("a word that is far too long", 12, 60)
    assert cut.endswith("…") and text_width(cut, 12) <= 60
    assert text_width("你好", 12) > text_width("ab", 12)


def test_markup_in_texts_and_attributes_is_escaped() -> None:
    """A word from a chat can neither open an element nor end an attribute."""
    drawn = element("text", "<b>&", aria_label='"><script>', x=1.0, class_="")
    assert drawn == '<text aria-label="&quot;&gt;&lt;script&gt;" x="1">&lt;b&gt;&amp;</text>'


def test_a_curve_stays_between_its_points() -> None:
    """No overshoot: between points of rising or equal height it never leaves their range."""
    numbers = [float(n) for n in re.findall(r"[\d.]+", path([(0, 0), (1, 0), (2, 9), (3, 9)], "", curved=True))]
    assert min(numbers[1::2]) == 0 and max(numbers[1::2]) == 9 and numbers[-2:] == [3, 9]


@pytest.mark.parametrize(
    "chart",
    [
        BarChart("bars", [("a", 0.0)]),
        BarChart("bars", [("a b c d e f g h i j k l m n o p q r s t u", 4.0)], mono=True),
        Histogram("columns", [("1", 0.0), ("2", 0.0)]),
        PercentileBands("bands", [("a", 0.0, 0.0, 0.0, 0.0)], "strangers", percent=False),
        IntervalPlot("ranges", [("a", 0.0, 0.0, 0.0)], "a", whole=False),
        Heatmap("grid", [[0.0] * 24] * 7),
        LineChart("trend", [("2023", 0.0)]),
        DensityPlot("densities", "bits", {"a": [(0.0, 0.0), (1.0, 0.0)]}),
    ],
    ids=lambda chart: str(type(chart).__name__),
)
def test_charts_of_nothing_are_drawn(chart: Chart) -> None:
    """All zero, or one point alone: finite numbers, no wider than a phone has room for."""
    drawn = svg(chart)
    assert "nan" not in drawn and "inf" not in drawn
    assert max(float(x) for x in re.findall(r' (?:x|cx|x2)="([-\d.]+)"', drawn)) <= WIDTH


@pytest.mark.parametrize("figures", [(1.05, 0.82, 1.27), (0.6, 0.5, 0.7), (-0.04, -0.1, 0.03)])
def test_intervals_stay_within_their_axis(figures: tuple[float, float, float]) -> None:
    """Likeness may lie beyond 100 %: the axis goes on as far. What lies below 0 is drawn at 0."""
    picture = svg(IntervalPlot("likeness", [("you", *figures)], "you"))
    (x1, x2) = map(float, re.findall(r'<line class="you"[^>]* x1="([\d.-]+)" x2="([\d.-]+)"', picture)[0])
    grid = [float(x) for x in re.findall(r'<line class="grid"[^>]* x1="([\d.-]+)"', picture)]
    assert min(grid) <= x1 <= x2 <= max(grid)
