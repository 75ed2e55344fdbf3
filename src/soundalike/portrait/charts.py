"""Pictures of cards as inline SVG: altair describes, vl-convert draws, the page's style sheet colours.

A chart is drawn in stand-in colours, and each becomes a variable of the style sheet, so that one drawing serves light,
dark and paper. No script, font or address is in it.
"""

import re
from collections.abc import Sequence
from functools import singledispatch
from html import escape
from typing import Any

from soundalike.portrait.card import Bands, Bars, Columns, Densities, Grid, Picture, Ranges, Trend

WIDTH = 300  # of the drawing, in the page's pixels: as wide as a phone has room for
ROW, LABELS = 21, 150
STAND_INS = {"#010101": "ink", "#020202": "soft", "#030303": "line", "#040404": "you", "#050505": "others"}
INK, SOFT, LINE, YOU, OTHERS = STAND_INS
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

Chart = Any  # altair is imported where it draws, and its types are a union of dozens


def svg(picture: Picture, name: str) -> str:
    """The picture as an `<svg>` element that says in words what it shows; `name` keeps its ids apart from others'."""
    import vl_convert

    chart = {**_chart(picture).configure(**_style()).to_dict(), "background": "transparent"}
    return _inline(vl_convert.vegalite_to_svg(chart), told(picture), name)


def _style() -> dict[str, Any]:
    text = {
        "labelColor": SOFT,
        "titleColor": SOFT,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    }
    quiet = {"domain": False, "ticks": False, "grid": False, "labelPadding": 5}
    return {
        "aria": False,
        "padding": {
            "left": 8,
            "right": 4,
            "top": 2,
            "bottom": 4,
        },  # the reader's font may be wider than the one measured
        "view": {"stroke": None},
        "axis": {**text, **quiet, "labelLimit": LABELS, "gridColor": LINE},
        "legend": {**text, "orient": "top", "title": None, "symbolType": "square", "offset": 2, "columnPadding": 30},
    }


def _inline(drawn: str, words: str, name: str) -> str:
    """A drawing without what only a program would read, its ids named, its colours left to the style sheet."""
    drawn = re.sub(
        r' (?:class|role|aria-[a-z]+|pointer-events|stroke-miterlimit|xmlns:xlink|version)="[^"]*"', "", drawn
    )
    drawn = re.sub(
        r' (?:font-family="sans-serif"|opacity="1"|stroke-width="1"|display="none" d=""|fill-opacity="1")', "", drawn
    )
    drawn = re.sub(
        r'<path d="M0(?:\.5)?,0(?:\.5)?h[\d.]+v[\d.]+h-?[\d.]+Z"/>|<path d=""(?: display="none")?/>', "", drawn
    )
    drawn = re.sub(r"\d+\.\d{3,}", lambda match: f"{float(match[0]):.2f}", drawn)
    for stand_in, variable in STAND_INS.items():
        drawn = drawn.replace(f'"{stand_in}"', f'"var(--{variable})"')
    drawn = re.sub(r'id="(\w+)"', rf'id="{name}-\1"', drawn)
    drawn = re.sub(r"url\(#(\w+)\)", rf"url(#{name}-\1)", drawn)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(words)}" ', 1)


@singledispatch
def _chart(picture: Picture) -> Chart:
    raise TypeError(f"No way to draw {type(picture).__name__}.")


def _data(rows: Sequence[dict[str, Any]]) -> Any:
    import altair

    return altair.InlineData(values=list(rows))


@_chart.register
def _bars(picture: Bars) -> Chart:
    import altair as alt

    rows = [{"label": label, "value": value, "told": _short(value)} for label, value in picture.rows]
    font = "monospace" if picture.mono else "sans-serif"
    y = alt.Y(
        "label:N",
        sort=None,
        title=None,
        axis=alt.Axis(labelColor=INK, labelFontSize=12, labelLimit=210, labelFont=font),
    )
    top = max((value for _, value in picture.rows), default=1) * 1.22  # room for the figure at a bar's end
    x = alt.X("value:Q", title=None, axis=None, scale=alt.Scale(domain=[0, top]))
    base = alt.Chart(_data(rows)).encode(x=x, y=y)
    bars = base.mark_bar(color=YOU, height=11)
    text = base.mark_text(color=SOFT, align="left", dx=4, fontSize=11).encode(text="told:N")
    return (bars + text).properties(width=WIDTH - 110, height=ROW * len(rows))


@_chart.register
def _columns(picture: Columns) -> Chart:
    import altair as alt

    rows = [{"label": label, "value": value, "told": f"{value * 100:.0f}"} for label, value in picture.rows]
    x = alt.X("label:N", sort=None, title=None, axis=alt.Axis(labelAngle=0, labelFontSize=10, labelOverlap=False))
    y = alt.Y("value:Q", title=None, axis=None, scale=alt.Scale(domain=[0, max(v for _, v in picture.rows) * 1.15]))
    base = alt.Chart(_data(rows)).encode(x=x, y=y)
    text = base.mark_text(color=SOFT, dy=-6, fontSize=10).encode(text="told:N")
    return (base.mark_bar(color=YOU, width={"band": 0.72}) + text).properties(width=WIDTH - 10, height=110)


@_chart.register
def _bands_chart(picture: Bands) -> Chart:
    import altair as alt

    rows = [
        {"label": label, "you": you * 100, "low": low * 100, "middle": middle * 100, "high": high * 100}
        for label, you, low, middle, high in picture.rows
    ]
    end = {"domain": [0, 100]} if picture.percent else {"nice": True, "zero": True}
    x = alt.X("low:Q", title=None, axis=alt.Axis(grid=True, tickCount=4), scale=alt.Scale(**end))
    y = alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelColor=INK, labelFontSize=12, labelPadding=10))
    base = alt.Chart(_data(rows)).encode(y=y)
    band = base.mark_bar(color=OTHERS, height=10, opacity=0.35).encode(x=x, x2="high:Q")
    stroke = base.mark_tick(color=OTHERS, thickness=2, size=14).encode(x="middle:Q")
    dot = base.mark_circle(color=YOU, size=85, opacity=1).encode(x="you:Q")
    return (band + stroke + dot).properties(width=WIDTH - 125, height=(ROW + 2) * len(rows))


@_chart.register
def _ranges(picture: Ranges) -> Chart:
    import altair as alt

    rows = [
        {"label": label, "value": v * 100, "low": lo * 100, "high": hi * 100, "own": label == picture.marked}
        for label, v, lo, hi in picture.rows
    ]
    end = {"domain": [0, 100]} if picture.whole else {"zero": True, "nice": True}
    x = alt.X("value:Q", title=None, axis=alt.Axis(grid=True, tickCount=4, format=".2~f"), scale=alt.Scale(**end))
    y = alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelColor=INK, labelFontSize=12, labelPadding=10))
    color = alt.condition("datum.own", alt.value(YOU), alt.value(OTHERS))
    base = alt.Chart(_data(rows)).encode(y=y, color=color)
    line = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q")
    dot = base.mark_circle(size=75, opacity=1).encode(x=x)
    return (line + dot).properties(width=WIDTH - 125, height=ROW * len(rows))


@_chart.register
def _grid(picture: Grid) -> Chart:
    import altair as alt

    top = max(max(row) for row in picture.values) or 1.0
    rows = [
        {"hour": hour, "day": DAYS[day], "share": value / top}
        for day, row in enumerate(picture.values)
        for hour, value in enumerate(row)
    ]
    x = alt.X("hour:O", title=None, axis=alt.Axis(values=[0, 6, 12, 18, 23], labelAngle=0))
    y = alt.Y("day:N", sort=None, title=None, axis=alt.Axis(labelColor=INK))
    shade = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.05, 1]), legend=None)
    cells = alt.Chart(_data(rows)).mark_rect(color=YOU, width={"band": 0.9}, height={"band": 0.86})
    return cells.encode(x=x, y=y, opacity=shade).properties(width=WIDTH - 25, height=7 * 17)


@_chart.register
def _trend(picture: Trend) -> Chart:
    import altair as alt

    rows = [{"period": period, "value": value} for period, value in picture.points]
    step = max(1, -(-len(rows) // 5))
    ticks = [period for period, _ in picture.points[::step]]
    x = alt.X(
        "period:O", sort=None, title=None, axis=alt.Axis(labelAngle=0, values=ticks), scale=alt.Scale(padding=0.3)
    )
    y = alt.Y("value:Q", title=None, axis=alt.Axis(grid=True, tickCount=3), scale=alt.Scale(zero=True, nice=True))
    base = alt.Chart(_data(rows)).encode(x=x, y=y)
    area = base.mark_area(color=YOU, opacity=0.14)
    return (area + base.mark_line(color=YOU, strokeWidth=2)).properties(width=WIDTH - 30, height=90)


@_chart.register
def _densities(picture: Densities) -> Chart:
    import altair as alt

    names = list(picture.series)
    rows = [{"x": x, "share": y, "who": name} for name, points in picture.series.items() for x, y in points]
    colors = alt.Color("who:N", scale=alt.Scale(domain=names, range=[YOU, *[OTHERS] * (len(names) - 1)]))
    x = alt.X("x:Q", title=picture.axis, axis=alt.Axis(tickCount=5))
    base = alt.Chart(_data(rows)).encode(x=x, y=alt.Y("share:Q", axis=None, stack=None), color=colors)
    filled = base.transform_filter(alt.datum.who == names[0]).mark_area(opacity=0.3, interpolate="monotone")
    return (filled + base.mark_line(strokeWidth=2, interpolate="monotone")).properties(width=WIDTH - 10, height=130)


@singledispatch
def told(picture: Picture) -> str:
    """The picture in words, for those who do not see it."""
    raise TypeError(f"No words for {type(picture).__name__}.")


def _listing(picture: Any, parts: Sequence[str]) -> str:
    return f"{picture.title}. {', '.join(parts)}."


@told.register
def _(picture: Bars) -> str:
    return _listing(picture, [f"{label} {_short(value)}" for label, value in picture.rows]) + f" Unit: {picture.unit}."


@told.register
def _(picture: Columns) -> str:
    return _listing(picture, [f"{label}: {value * 100:.0f} %" for label, value in picture.rows])


@told.register
def _(picture: Bands) -> str:
    rows = [
        f"{label}: you {you * 100:.0f}, middle of {picture.others} {mid * 100:.0f}"
        for label, you, _, mid, _ in picture.rows
    ]
    return _listing(picture, rows)


@told.register
def _(picture: Ranges) -> str:
    rows = [f"{label} {v * 100:.1f} % ({lo * 100:.1f} to {hi * 100:.1f})" for label, v, lo, hi in picture.rows]
    return _listing(picture, rows)


@told.register
def _(picture: Grid) -> str:
    busiest = max(((value, day, hour) for day, row in enumerate(picture.values) for hour, value in enumerate(row)))
    days = [f"{DAYS[day]} {sum(row) * 100:.0f} %" for day, row in enumerate(picture.values)]
    return _listing(picture, days) + f" Busiest: {DAYS[busiest[1]]}, {busiest[2]} o'clock."


@told.register
def _(picture: Trend) -> str:
    return _listing(picture, [f"{period}: {value:.1f}" for period, value in picture.points]) + f" Unit: {picture.unit}."


@told.register
def _(picture: Densities) -> str:
    peaks = {name: max(points, key=lambda point: point[1])[0] for name, points in picture.series.items()}
    return _listing(picture, [f"{name}: most at {x:.1f} {picture.axis}" for name, x in peaks.items()])


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 or value == int(value) else f"{value:.1f}" if value >= 1 else f"{value:.2f}"
