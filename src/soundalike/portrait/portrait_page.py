"""A portrait -> one HTML page that loads nothing: no script, no font, no request.

Jinja escapes all texts; only charts, which escape their own, and the style sheet are inserted as they are.
"""

from importlib.resources import files

from soundalike.next_step import Frontend
from soundalike.portrait.card import Portrait
from soundalike.portrait.chart_kinds import Chart
from soundalike.portrait.charts import svg


def html(portrait: Portrait, frontend: Frontend = Frontend.COMMAND_LINE) -> str:
    """The whole page, for who reads it in `frontend`."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def draw(chart: Chart) -> Markup:
        return Markup(svg(chart))

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_unbroken, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_read("page.html"))
    return template.render(portrait=portrait, frontend=frontend, draw=draw, style=Markup(_read("page.css")))


def _unbroken(value: object) -> object:
    """Keep a figure and its percent sign on one line."""
    return value.replace(" %", "\u00a0%") if type(value) is str else value


def _read(name: str) -> str:
    return files("soundalike.portrait").joinpath(name).read_text("utf-8")
