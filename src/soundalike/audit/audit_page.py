"""A report -> the owner's page: one HTML file with the strings in it, for nobody else.

Jinja escapes everything that it inserts; the page loads nothing and sends nothing.
"""

from importlib.resources import files

from soundalike.audit.audit_report import AuditReport
from soundalike.next_step import Frontend

SHOWN = 40  # messages that are listed of those it continues word for word


def html(report: AuditReport, owner: str, folder: str = "me", frontend: Frontend = Frontend.COMMAND_LINE) -> str:
    """The page of `report`, for `owner` in `frontend`; `folder` is the clone's, as it is typed in a command."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("soundalike.audit").joinpath("page.html").read_text("utf-8"))
    secrets = sorted(report.secrets, key=lambda pair: -pair[1].gain)
    return template.render(
        report=report, owner=owner, steps=report.steps(folder), frontend=frontend, secrets=secrets, shown=SHOWN
    )
