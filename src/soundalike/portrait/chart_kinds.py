"""The seven kinds of charts on a portrait's cards, as plain data; `charts` draws them.

Each has a `description`: its figures in words, for readers who do not see the drawing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _listing(title: str, parts: Sequence[str]) -> str:
    return f"{title}. {', '.join(parts)}."


def short_number(value: float) -> str:
    """Three digits or so: `117`, `5.3`, `0.24`."""
    return f"{value:,.0f}" if value >= 20 or value == int(value) else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


@dataclass(frozen=True, slots=True)
class BarChart:
    """One horizontal bar per row (label, value). `unit` is what the values count; `mono` sets labels as code."""

    title: str
    rows: Sequence[tuple[str, float]]
    unit: str = ""
    mono: bool = False

    @property
    def description(self) -> str:
        parts = [f"{label} {short_number(value)}" for label, value in self.rows]
        return f"{_listing(self.title, parts)} Unit: {self.unit}."


@dataclass(frozen=True, slots=True)
class Histogram:
    """One column per row (label, share of all, 0 to 1). `unit` says of what the shares are."""

    title: str
    rows: Sequence[tuple[str, float]]
    unit: str = ""

    @property
    def description(self) -> str:
        return _listing(self.title, [f"{label}: {share * 100:.0f} %" for label, share in self.rows])


@dataclass(frozen=True, slots=True)
class PercentileBands:
    """The owner among others, per row: label, the owner's share, and the others' 10th, 50th and 90th percentile.

    `others` names them. With `percent` the axis runs from 0 to 100, without it as far as the figures do.
    """

    title: str
    rows: Sequence[tuple[str, float, float, float, float]]
    others: str
    percent: bool = True

    @property
    def description(self) -> str:
        parts = [
            f"{label}: you {own * 100:.0f}, middle of {self.others} {median * 100:.0f}"
            for label, own, _, median, _ in self.rows
        ]
        return _listing(self.title, parts)


@dataclass(frozen=True, slots=True)
class IntervalPlot:
    """Figures with their intervals, per row: label, value, low, high, all as shares of 1.

    The row labelled `marked` is drawn in the owner's colour. With `whole` the axis runs from 0 to 100 %, or to
    the highest figure where that is above. A figure below 0 is drawn at 0.
    """

    title: str
    rows: Sequence[tuple[str, float, float, float]]
    marked: str
    whole: bool = True

    @property
    def description(self) -> str:
        parts = [
            f"{label} {value * 100:.1f} % ({low * 100:.1f} to {high * 100:.1f})"
            for label, value, low, high in self.rows
        ]
        return _listing(self.title, parts)


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Shares by weekday and hour: `values[weekday][hour]`, 7 by 24, Monday first."""

    title: str
    values: Sequence[Sequence[float]]
    unit: str = "the stronger, the more"

    @property
    def description(self) -> str:
        _, day, hour = max((value, day, hour) for day, row in enumerate(self.values) for hour, value in enumerate(row))
        days = [f"{name} {sum(row) * 100:.0f} %" for name, row in zip(DAYS, self.values, strict=True)]
        return f"{_listing(self.title, days)} Busiest: {DAYS[day]}, {hour} o'clock."


@dataclass(frozen=True, slots=True)
class LineChart:
    """One figure over time: points (period, value) in order."""

    title: str
    points: Sequence[tuple[str, float]]
    unit: str = ""

    @property
    def description(self) -> str:
        parts = [f"{period}: {value:.1f}" for period, value in self.points]
        return f"{_listing(self.title, parts)} Unit: {self.unit}."


@dataclass(frozen=True, slots=True)
class DensityPlot:
    """Distributions over one axis: name -> points (x, share). The first is filled, in the owner's colour."""

    title: str
    axis: str
    series: Mapping[str, Sequence[tuple[float, float]]]

    @property
    def description(self) -> str:
        peaks = {name: max(points, key=lambda point: point[1])[0] for name, points in self.series.items()}
        return _listing(self.title, [f"{name}: most at {x:.1f} {self.axis}" for name, x in peaks.items()])


Chart = BarChart | Histogram | PercentileBands | IntervalPlot | Heatmap | LineChart | DensityPlot
