"""Charts as inline SVG: no script, font or address in it, and its description as its accessible name.

All charts have the same scale, so texts are of one size on the page; labels stand in a margin as wide as they need.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import TypeVar

from soundalike.portrait.chart_kinds import (
    DAYS,
    BarChart,
    Chart,
    DensityPlot,
    Heatmap,
    Histogram,
    IntervalPlot,
    LineChart,
    PercentileBands,
    short_number,
)
from soundalike.portrait.svg import element, fitted, path, text, text_width, ticks

WIDTH = 320.0  # of a drawing, in CSS pixels: as wide as a phone has room for
ROW, EDGE = 21.0, 8.0  # height of a row; space beside the plot
LABEL, TICK = 12, 11  # font sizes, as in page.css
LABELS, MONO_LABELS = 150.0, 190.0  # the widest margin for labels


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Drawing:
    """The elements of one chart and the size that they need."""

    width: float
    height: float
    elements: Sequence[str]


def svg(chart: Chart) -> str:
    """The chart as an `<svg>` element."""
    drawing = _draw(chart)
    width, height = round(drawing.width), round(drawing.height)
    opened = element(
        "svg",
        role="img",
        aria_label=chart.description,
        xmlns="http://www.w3.org/2000/svg",
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
    )
    return f"{opened.removesuffix('/>')}>{''.join(drawing.elements)}</svg>"


@singledispatch
def _draw(chart: Chart) -> Drawing:
    raise TypeError(f"No way to draw {type(chart).__name__}.")


@_draw.register
def _bars(chart: BarChart) -> Drawing:
    margin = _margin([label for label, _ in chart.rows], chart.mono)
    width = min(190.0, WIDTH - margin)
    scale = width / (max((value for _, value in chart.rows), default=1) * 1.22 or 1)  # room for the figure
    drawn = _labels([label for label, _ in chart.rows], margin - 5, ROW, chart.mono)
    for y, (_, value) in _by_row(chart.rows, ROW):
        drawn.append(element("rect", class_="you", x=margin, y=y - 5.5, width=value * scale, height=11))
        drawn.append(text(margin + value * scale + 4, y, short_number(value), "start"))
    return Drawing(margin + width, ROW * len(chart.rows), drawn)


@_draw.register
def _columns(chart: Histogram) -> Drawing:
    top, floor = 16.0, 112.0
    step = (WIDTH - 2 * EDGE) / max(len(chart.rows), 1)
    scale = (floor - top) / (max((share for _, share in chart.rows), default=1) or 1)
    drawn = []
    for number, (label, share) in enumerate(chart.rows):
        x, height = EDGE + (number + 0.5) * step, share * scale
        drawn.append(
            element("rect", class_="you", x=x - 0.36 * step, y=floor - height, width=0.72 * step, height=height)
        )
        drawn.append(text(x, floor - height - 8, f"{share * 100:.0f}", class_="small"))
        drawn.append(text(x, floor + 12, fitted(label, 10, step), class_="small"))
    return Drawing(WIDTH, floor + 22, drawn)


class _Axis:
    """A value axis from 0 under labelled rows."""

    def __init__(self, labels: Sequence[str], top: float, row: float) -> None:
        """`top` is the largest value in percent, `row` the height of a row."""
        self._labels, self._row, self._ticks = labels, row, ticks(top, 4)
        self._margin = _margin(labels) + 5
        self._width = min(175.0, WIDTH - self._margin - EDGE)

    def at(self, share: float) -> float:
        """Where a share of 1 lies, in pixels."""
        return self._margin + share * 100 / self._ticks[-1] * self._width

    def drawing(self, marks: Iterable[str]) -> Drawing:
        """The chart: grid lines, then labels, then `marks`."""
        floor = self._row * len(self._labels)
        drawn = []
        for tick in self._ticks:
            x = self.at(tick / 100)
            drawn.append(element("line", class_="grid", x1=x, x2=x, y1=0, y2=floor))
            drawn.append(text(x, floor + 11, f"{tick:.6g}"))
        labels = _labels(self._labels, self._margin - 10, self._row)
        return Drawing(self._margin + self._width + EDGE, floor + 20, [*drawn, *labels, *marks])


@_draw.register
def _bands(chart: PercentileBands) -> Drawing:
    top = 100.0 if chart.percent else 100 * max(max(figures) for _, *figures in chart.rows)
    axis = _Axis([label for label, *_ in chart.rows], top, ROW + 2)
    drawn = []
    for y, (_, own, low, median, high) in _by_row(chart.rows, ROW + 2):
        x, middle = axis.at(low), axis.at(median)
        drawn.append(element("rect", class_="band", x=x, y=y - 5, width=axis.at(high) - x, height=10))
        drawn.append(element("line", class_="others", x1=middle, x2=middle, y1=y - 7, y2=y + 7))
        drawn.append(element("circle", class_="you", cx=axis.at(own), cy=y, r=5.2))
    return axis.drawing(drawn)


@_draw.register
def _intervals(chart: IntervalPlot) -> Drawing:
    top = max(1.0, _highest(chart)) if chart.whole else _highest(chart)
    axis = _Axis([label for label, *_ in chart.rows], 100 * top, ROW)
    drawn = []
    for y, (label, value, low, high) in _by_row(chart.rows, ROW):
        class_ = "you" if label == chart.marked else "others"
        start, middle, end = (axis.at(max(0.0, figure)) for figure in (low, value, high))
        drawn.append(element("line", class_=class_, x1=start, x2=end, y1=y, y2=y))
        drawn.append(element("circle", class_=class_, cx=middle, cy=y, r=4.9))
    return axis.drawing(drawn)


def _highest(chart: IntervalPlot) -> float:
    return max(max(figures) for _, *figures in chart.rows)


@_draw.register
def _heatmap(chart: Heatmap) -> Drawing:
    margin, row = 40.0, 17.0
    step = (300 - margin) / 24
    top = max(map(max, chart.values)) or 1.0
    drawn = _labels(DAYS, margin - 5, row)
    for y, values in _by_row(chart.values, row):
        for hour, value in enumerate(values):
            x, strength = margin + (hour + 0.05) * step, 0.05 + 0.95 * value / top
            drawn.append(
                element("rect", class_="you", x=x, y=y - 7.3, width=0.9 * step, height=14.6, fill_opacity=strength)
            )
    drawn += [text(margin + (hour + 0.5) * step, 7 * row + 11, str(hour)) for hour in (0, 6, 12, 18, 23)]
    return Drawing(300, 7 * row + 20, drawn)


@_draw.register
def _line(chart: LineChart) -> Drawing:
    marks = ticks(max((value for _, value in chart.points), default=1), 3)
    margin = max(text_width(f"{mark:,.6g}", TICK) for mark in marks) + EDGE
    top, floor, width = 6.0, 96.0, 300 - margin - EDGE
    step = width / (len(chart.points) - 0.4)

    def height(value: float) -> float:
        return floor - value / marks[-1] * (floor - top)

    points = [(margin + (number + 0.3) * step, height(value)) for number, (_, value) in enumerate(chart.points)]
    drawn = []
    for mark in marks:
        y = height(mark)
        drawn.append(element("line", class_="grid", x1=margin, x2=margin + width, y1=y, y2=y))
        drawn.append(text(margin - 5, y, f"{mark:,.6g}", "end"))
    drawn += [path(points, "area", floor=floor), path(points, "you")]
    every = max(1, -(-len(points) // 5))
    named = zip(points[::every], chart.points[::every], strict=True)
    drawn += [text(x, floor + 12, period) for (x, _), (period, _) in named]
    return Drawing(300, floor + 22, drawn)


@_draw.register
def _densities(chart: DensityPlot) -> Drawing:
    top, floor, width = 26.0, 156.0, WIDTH - 2 * EDGE
    every = [point for points in chart.series.values() for point in points]
    marks = ticks(max(x for x, _ in every), 5)
    highest = max(y for _, y in every) or 1.0
    drawn, x = list[str](), EDGE
    for number, (name, points) in enumerate(chart.series.items()):
        class_ = "others" if number else "you"
        curve = [(EDGE + x / marks[-1] * width, floor - y / highest * (floor - top)) for x, y in points]
        drawn += [] if number else [path(curve, "area", curved=True, floor=floor)]
        drawn.append(path(curve, class_, curved=True))
        drawn.append(element("rect", class_=class_, x=x, y=3, width=10, height=10))
        drawn.append(text(x + 15, 8, name, "start"))
        x += text_width(name, TICK) + 35
    drawn += [text(EDGE + mark / marks[-1] * width, floor + 11, f"{mark:.6g}") for mark in marks]
    return Drawing(WIDTH, floor + 36, [*drawn, text(WIDTH / 2, floor + 27, chart.axis)])


def _margin(labels: Sequence[str], mono: bool = False) -> float:
    """Room for the labels of rows."""
    widest = max((text_width(label, LABEL, mono) for label in labels), default=0.0)
    return min(widest, MONO_LABELS if mono else LABELS) + 5


def _labels(labels: Sequence[str], x: float, row: float, mono: bool = False) -> list[str]:
    """A label per row, each ending at `x`."""
    class_, most = ("label mono", MONO_LABELS) if mono else ("label", LABELS)
    return [text(x, y, fitted(label, LABEL, most, mono), "end", class_) for y, label in _by_row(labels, row)]


def _by_row(rows: Sequence[T], height: float) -> Iterator[tuple[float, T]]:
    """Each row with the height of its middle."""
    return ((height * (number + 0.5), row) for number, row in enumerate(rows))
