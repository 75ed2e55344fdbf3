"""Options that would do nothing beside another one are refused, so that none is ignored without a word."""

import typer

from soundalike.errors import UsageError

ALWAYS = "--json"  # goes with every option


def refuse(context: typer.Context, beside: str, do: str, *options: str) -> None:
    """`UsageError` where one of these options stands on the command line; `beside` is what it does nothing for."""
    if useless := [name for name in _given(context) if name in options]:
        raise UsageError(f"{beside} takes no {useless[0]}.", do)


def refuse_others(context: typer.Context, beside: str, do: str) -> None:
    """`UsageError` where any option but `beside` and ALWAYS stands on the command line."""
    refuse(context, beside, do, *(name for name in _given(context) if name not in (beside, ALWAYS)))


def _given(context: typer.Context) -> list[str]:
    """The options on the command line, by their long names; arguments and variables of the environment are none."""
    sources = {one.opts[0]: context.get_parameter_source(one.name or "") for one in context.command.params}
    return [
        name for name, source in sources.items() if name.startswith("-") and source and source.name == "COMMANDLINE"
    ]
