"""Options of the commands that import: what is read of exports and as whom; and the import behind them."""

from collections.abc import Collection
from dataclasses import replace as replaced
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from soundalike.cli.output import out, print_lines, progress_bar
from soundalike.errors import UsageError
from soundalike.paths import UNSAFE_IN_NAMES

if TYPE_CHECKING:
    from soundalike.importing.document_settings import DocumentSettings
    from soundalike.importing.preflight import ImportReport
    from soundalike.importing.reading import ReadOptions

Exports = Annotated[
    list[Path], typer.Argument(help="Chat exports: the file, the ZIP or the folder.", metavar="EXPORT...")
]
Me = Annotated[
    list[str] | None,
    typer.Option(
        "--me",
        help="Your name in the export, if it does not tell; several make a clone each, in folders in --out.",
        metavar="NAME",
    ),
]
Also = Annotated[
    list[str] | None, typer.Option("--also", help="One more name of yours; may be repeated.", metavar="NAME")
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only", help="Learn from this alone: channel:NAME, person:NAME, after:DATE, before:DATE.", metavar="WHAT"
    ),
]
Without = Annotated[
    list[str] | None, typer.Option("--without", help="Leave this out, written as for --only.", metavar="WHAT")
]
Raw = Annotated[bool, typer.Option("--no-redact", help="Do not mask private data and secrets.")]
Mask = Annotated[
    Path | None, typer.Option("--mask", help="A file of more strings to mask, one a line; - is standard input.")
]
Invented = Annotated[
    bool, typer.Option("--pseudonyms", help="Give other people invented names, also when the clone talks with them.")
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Replace what the clone holds instead of adding what is new to it.")
]
Force = Annotated[bool, typer.Option("--force", help="Train even on too little text.")]
Gap = Annotated[str, typer.Option(help="The silence that ends a conversation; several, with commas, are compared.")]


def read_options(
    me: list[str] | None = None,
    also: list[str] | None = None,
    only: list[str] | None = None,
    without: list[str] | None = None,
    no_redact: bool = False,
    mask: Path | None = None,
    pseudonyms: bool = False,
) -> "ReadOptions":
    """What is read of the exports; `UsageError` for options that contradict each other or cannot be read."""
    from soundalike.importing.reading import ReadOptions
    from soundalike.importing.selection import Selection
    from soundalike.redact.mask_list import read_list

    if also and len(me or ()) != 1:
        raise UsageError("--also is one more name of the one person that --me names.", "Add --me NAME, once.")
    return ReadOptions(
        me=(*(me or ()), *(also or ())),
        selection=Selection.parse(only or (), without or ()),
        redacted=not no_redact,
        mask=tuple(read_list(mask)) if mask else (),
        pseudonyms=pseudonyms,
    )


def by_voice(folder: Path, me: list[str] | None, options: "ReadOptions") -> dict[Path, "ReadOptions"]:
    """The folder of each voice and what is read for it: `folder` itself for one, a folder in it for each of several."""
    if me is None or len(me) < 2:
        return {folder: options}
    voices: dict[Path, ReadOptions] = {}
    for name in me:
        own = folder / _folder_name(name)
        if any(own.name.casefold() == other.name.casefold() for other in voices):
            raise UsageError(f"Two voices would be in the folder {own}.", "Make them one by one, with --out each.")
        voices[own] = replaced(options, me=(name,))
    return voices


def import_into(
    exports: list[Path],
    folder: Path,
    settings: "DocumentSettings",
    reading: "ReadOptions",
    force: bool = False,
    replace: bool = False,
) -> "ImportReport":
    """Import into one folder, with progress, and print what was read."""
    from soundalike.importing import preflight
    from soundalike.importing.importer import run_import

    with progress_bar("Reading") as bar:
        report = run_import(
            exports, folder, settings, on_progress=bar, options=reading, force=force, replace_held=replace
        )
    print_lines(preflight.lines(report))
    return report


def import_each(
    exports: list[Path], settings: "DocumentSettings", voices: dict[Path, "ReadOptions"], force: bool, replace: bool
) -> dict[Path, "ImportReport"]:
    """Import for every voice before any is trained, so that what is too little for one is known at once."""
    reports = {}
    for folder, reading in voices.items():
        show_voice(folder, voices)
        reports[folder] = import_into(exports, folder, settings, reading, force, replace)
    return reports


def show_voice(folder: Path, voices: Collection[Path]) -> None:
    """Print whose lines follow, where there are several."""
    if len(voices) > 1:
        out.print(f"\n{folder.name}:", style="bold", markup=False)


def _folder_name(name: str) -> str:
    made = "".join("-" if one in UNSAFE_IN_NAMES or not one.isprintable() else one for one in name)
    return "-".join(made.split()).strip(".-") or "voice"
