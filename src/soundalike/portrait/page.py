"""A portrait -> one HTML page that needs nothing else: no script, no font, no request.

Jinja escapes every word that it sets; only drawings, which escape their own, pass as they are.
"""

from importlib.resources import files

from soundalike.portrait.card import Portrait
from soundalike.portrait.chart_kinds import Chart
from soundalike.portrait.charts import svg


def html(portrait: Portrait) -> str:
    """The whole page."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def draw(chart: Chart) -> Markup:
        return Markup(svg(chart))

    def style() -> Markup:
        return Markup(_part("page.css"))

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_unbroken, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_part("page.html"))
    return template.render(portrait=portrait, draw=draw, style=style)


def _unbroken(value: object) -> object:
    """A figure keeps its sign at the end of a line."""
    return value.replace(" %", "\u00a0%") if type(value) is str else value


def _part(name: str) -> str:
    return files("soundalike.portrait").joinpath(name).read_text("utf-8")
