"""Commands on a clone's messages: import, forget."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from soundalike.cli.import_options import (
    Also,
    Exports,
    Force,
    Gap,
    Invented,
    Mask,
    Me,
    Only,
    Raw,
    Replace,
    Without,
    by_voice,
    import_each,
    read_options,
    show_voice,
)
from soundalike.cli.option_conflicts import refuse, refuse_others
from soundalike.cli.output import (
    DEFAULT_FOLDER,
    CloneFolder,
    Json,
    Out,
    command_text,
    out,
    print_json,
    print_lines,
    progress_bar,
)
from soundalike.cli.training_options import TrainingCommand
from soundalike.errors import UsageError

app = typer.Typer()


def _print_formats(requested: bool) -> None:
    if requested:
        from soundalike.sources import list_sources

        print_lines([source.LOOKED_FOR for source in list_sources()])
        raise typer.Exit()


@app.command("import", epilog="Example: soundalike import package.zip --out me")
def import_(
    context: typer.Context,
    exports: Exports,
    out_: Out = DEFAULT_FOLDER,
    gap: Gap = "15m",
    me: Me = None,
    also: Also = None,
    only: Only = None,
    without: Without = None,
    no_redact: Raw = False,
    mask: Mask = None,
    pseudonyms: Invented = False,
    replace: Replace = False,
    force: Force = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only say who wrote in the exports, and where; write nothing.")
    ] = False,
    formats: Annotated[
        bool, typer.Option("--formats", callback=_print_formats, is_eager=True, help="List the exports that are read.")
    ] = False,
    json: Json = False,
) -> None:
    """Read exports into a clone folder; prints what was read and how long training would take."""
    if preview:
        refuse_others(context, "--preview", "Leave it out: a preview is of all that the exports hold.")
        _preview(exports, json)
        return
    from soundalike.importing.document_settings import DocumentSettings
    from soundalike.importing.gap_comparison import parse_gaps, table
    from soundalike.importing.importer import compare

    gaps, reading = parse_gaps(gap), read_options(me, also, only, without, no_redact, mask, pseudonyms)
    voices = by_voice(out_, me, reading)
    if len(gaps) > 1:
        beside = "A comparison of gaps"
        refuse(context, beside, "Leave it out: nothing is written.", "--out", "--replace", "--force")
        if len(voices) > 1:
            raise UsageError(f"{beside} is of one person.", "Give one --me.")
        rows = compare(exports, gaps, options=next(iter(voices.values())))
        print_lines(table(rows))
        print_json(rows, json)
        return
    reports = import_each(exports, DocumentSettings(gap_minutes=gaps[0]), voices, force, replace)
    if not out.quiet:  # measuring this machine's speed takes a moment
        from soundalike.training.plan import describe_cost

        for folder, report in reports.items():
            show_voice(folder, voices)
            print_lines(["", *describe_cost(report.splits["train"]["bytes"])])
            out.print(command_text("Now: ", f"soundalike train {shlex.quote(str(folder))}"), soft_wrap=True)
    found = {folder.name: report for folder, report in reports.items()}
    print_json(found if len(voices) > 1 else reports[out_], json)


@app.command(epilog='Example: soundalike forget me --person "Bo" --retrain')
def forget(
    context: typer.Context,
    me: CloneFolder,
    person: Annotated[
        list[str] | None, typer.Option(help="All that this person wrote; may be repeated.", metavar="NAME")
    ] = None,
    channel: Annotated[list[str] | None, typer.Option(help="All of this channel too.", metavar="NAME")] = None,
    before: Annotated[
        str | None, typer.Option(help="All from before this day, month or year too.", metavar="DATE")
    ] = None,
    mask: Mask = None,
    retrain: Annotated[bool, typer.Option("--retrain", help="Train a new voice on what is left.")] = False,
    minutes: Annotated[float | None, typer.Option(help="With --retrain: train for so many minutes.")] = None,
    json: Json = False,
) -> None:
    """Remove messages from a clone, or strings from its messages, with its earlier voices and reports."""
    from soundalike.clone import Clone
    from soundalike.importing import forgetting, preflight
    from soundalike.importing.document_settings import DocumentSettings
    from soundalike.redact.mask_list import read_list

    if not retrain:
        refuse(context, "forget without --retrain", "Add --retrain, or leave it out.", "--minutes")
    named = [("person", name) for name in person or ()] + [("channel", name) for name in channel or ()]
    patterns = [f"{kind}:{name}" for kind, name in [*named, *([("before", before)] if before else [])]]
    clone_ = Clone.open(me)
    training = TrainingCommand(clone_.manifest().get("training", {}).get("base"), {"minutes": minutes}, fresh=True)
    if retrain:
        training.check(me)
    strings = read_list(mask) if mask else ()
    report = forgetting.forget(clone_, patterns, DocumentSettings(**clone_.manifest()["documents"]), strings)
    print_lines(preflight.lines(report))
    if clone_.has_voice and not retrain:
        command = f"soundalike train {shlex.quote(str(me))} --fresh"
        note = "Note: the voice has learned what is gone, and only a new training unlearns it: "
        out.print(command_text(note, command, ". Then delete its versions."), soft_wrap=True)
    result = training.run(me, show_settled=False) if retrain else None
    if result is not None:
        forgetting.drop_versions(clone_)
        print_lines(["The voice that had learned what is gone is deleted, and every earlier one."])
    print_json({"import": report, "training": result and result.as_dict()}, json)


def _preview(exports: list[Path], json: bool) -> None:
    from soundalike.importing.export_preview import preview_exports

    with progress_bar("Looking through it") as bar:
        found = preview_exports(exports, bar)
    print_lines(found.lines())
    print_json(found, json)
