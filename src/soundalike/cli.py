"""The command line: verbs to functions, and what is printed. No logic; imports as late as it can."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from soundalike import __version__
from soundalike.errors import SoundalikeError

if TYPE_CHECKING:
    from soundalike.preflight import ImportReport
    from soundalike.recipe import Recipe
    from soundalike.train import Outcome

app = typer.Typer(
    help="Turn a person's chat export into a bot that talks like them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
out, err = Console(highlight=False), Console(stderr=True, highlight=False)

Exports = Annotated[
    list[Path], typer.Argument(help="Discord data packages: the ZIP or the folder.", metavar="EXPORT...")
]
CloneFolder = Annotated[Path, typer.Argument(help="The clone's folder.", metavar="ME")]
Out = Annotated[Path, typer.Option("--out", help="The clone's folder; made if it is not there.")]
Base = Annotated[str | None, typer.Option(help="`pocket`, or a folder with a Llama-shaped model.")]
Minutes = Annotated[float | None, typer.Option(help="Train for so many minutes.")]
Epochs = Annotated[float | None, typer.Option(help="Train on everything so many times.")]
Iters = Annotated[int | None, typer.Option(help="Train for so many steps.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Force = Annotated[bool, typer.Option("--force", help="Learn even from too little text.")]
Raw = Annotated[bool, typer.Option("--no-redact", help="Keep private data and secrets in the text as they are.")]
Gap = Annotated[str, typer.Option(help="The silence that ends a conversation; several, with commas, are compared.")]
Temperature = Annotated[float | None, typer.Option(help="Below 1 safer, above 1 wilder.")]
TopP = Annotated[float | None, typer.Option(help="Draw only from the likeliest tokens that make up this share.")]
MinP = Annotated[float | None, typer.Option(help="Drop tokens less likely than this share of the likeliest.")]
Seed = Annotated[int | None, typer.Option(help="The same seed says the same again.")]


def _version(asked: bool) -> None:
    if asked:
        out.print(f"soundalike {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Everything stays on this machine."""


@app.command("import", epilog="Example: soundalike import package.zip --out me")
def import_(
    exports: Exports,
    out_: Out = Path("me"),
    gap: Gap = "15m",
    no_redact: Raw = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Read exports into a clone folder; tells what was read and what training will cost."""
    from soundalike.documents import DocumentSettings
    from soundalike.gaps import parse_gaps, table
    from soundalike.importing import compare

    gaps = parse_gaps(gap)
    if len(gaps) > 1:
        rows = compare(exports, gaps, redacted=not no_redact)
        _tell([asdict(row) for row in rows] if json else table(rows), json)
        return
    report = _import(exports, out_, DocumentSettings(gap_minutes=gaps[0]), no_redact, force)
    _tell(report.as_dict() if json else _preflight(report), json)


@app.command(epilog="Example: soundalike train me --minutes 10")
def train(
    me: CloneFolder,
    base: Base = None,
    minutes: Minutes = None,
    epochs: Epochs = None,
    iters: Iters = None,
    method: Annotated[str | None, typer.Option(help="`full` (all weights) or `lora`.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The peak rate.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = False,
    json: Json = False,
) -> None:
    """Teach the clone its owner's voice."""
    given = {"minutes": minutes, "epochs": epochs, "iters": iters, "method": method, "learning_rate": learning_rate}
    outcome = _train(me, base, given, resume)
    if json:
        _tell({"finished": outcome.finished, "steps": outcome.progress.step, "valid": outcome.progress.valid}, True)


@app.command(epilog="Example: soundalike clone package.zip --out me --minutes 5")
def clone(
    exports: Exports,
    out_: Out = Path("me"),
    minutes: Minutes = None,
    epochs: Epochs = None,
    iters: Iters = None,
    base: Base = None,
    gap: Gap = "15m",
    no_redact: Raw = False,
    force: Force = False,
) -> None:
    """From an export to a voice: import, train, and a few lines."""
    from soundalike.documents import DocumentSettings
    from soundalike.gaps import parse_duration

    report = _import(exports, out_, DocumentSettings(gap_minutes=parse_duration(gap)), no_redact, force)
    _tell(_preflight(report), False)
    _train(out_, base, {"minutes": minutes, "epochs": epochs, "iters": iters}, resume=False)
    _sample(out_)


@app.command(epilog="Example: soundalike demo")
def demo(
    out_: Out = Path("soundalike-demo"),
    minutes: Annotated[float, typer.Option(help="Train for so many minutes.")] = 1.5,
) -> None:
    """All of it on an invented person's export: import, training, a conversation."""
    from tempfile import TemporaryDirectory

    from soundalike.demo import OPENERS, write_package
    from soundalike.documents import DocumentSettings

    with TemporaryDirectory() as folder:
        report = _import([write_package(Path(folder) / "package.zip")], out_, DocumentSettings(), False, False)
    _tell(_preflight(report), False)
    _train(out_, None, {"minutes": minutes}, resume=False)
    _converse(out_, OPENERS)
    out.print(f"\nTalk to it yourself: [bold]soundalike chat {out_}[/bold]. Delete it all: rm -r {out_}")


@app.command(epilog='Example: soundalike say me "best pick up line?"')
def say(
    me: CloneFolder,
    prompt: Annotated[str, typer.Argument(help="How the text begins.")] = "",
    max_tokens: Annotated[int, typer.Option(help="Stop after so many tokens.", min=1)] = 100,
    temperature: Temperature = None,
    top_p: TopP = None,
    min_p: MinP = None,
    seed: Seed = None,
    colorize: Annotated[bool, typer.Option("--colorize", help="Shade each token by its probability.")] = False,
) -> None:
    """Go on with a text in the owner's words."""
    from soundalike.frontends import terminal
    from soundalike.voice import Voice

    with out.status("waking up"):
        voice = Voice.load(me)
    terminal.say(voice, prompt, max_tokens, _sampling(voice, temperature, top_p, min_p, seed), colorize, out)


@app.command(epilog="Example: soundalike chat me")
def chat(
    me: CloneFolder,
    name: Annotated[str, typer.Option(help="Your name in the conversation.")] = "you",
    temperature: Temperature = None,
    top_p: TopP = None,
    min_p: MinP = None,
    seed: Seed = None,
) -> None:
    """Talk to the clone; /quit ends it."""
    from soundalike.frontends import terminal
    from soundalike.voice import Voice

    with out.status("waking up"):
        voice = Voice.load(me)
    terminal.chat(voice, name, _sampling(voice, temperature, top_p, min_p, seed), out)


def _import(exports: list[Path], folder: Path, settings: Any, no_redact: bool, force: bool) -> "ImportReport":
    from soundalike.importing import run_import

    with _bar("Reading") as (bar, task):
        return run_import(
            exports,
            folder,
            settings,
            on_progress=lambda done, of: bar.update(task, completed=done, total=of),
            redacted=not no_redact,
            force=force,
        )


def _preflight(report: "ImportReport") -> list[str]:
    from soundalike import machine, pocket, preflight

    seconds_a_token = pocket.TRAINING_FLOPS_A_TOKEN / (pocket.TRAINING_SHARE * machine.matmul_rate())
    return preflight.lines(report, pocket.BYTES_A_TOKEN, seconds_a_token)


def _train(folder: Path, base: str | None, given: dict[str, Any], resume: bool) -> "Outcome":
    from soundalike.clone import Clone
    from soundalike.learning import learn, recipe_for, resumed_recipe

    clone_ = Clone.open(folder)
    recipe = resumed_recipe(clone_) if resume else recipe_for(clone_, base, given)
    _print_recipe(recipe)
    with _bar("Learning") as (bar, task):
        outcome = learn(
            clone_, recipe, resume, lambda p: bar.update(task, completed=p.step, total=p.steps, description=p.line())
        )
    if not outcome.finished:
        out.print(f"Stopped and saved. Go on with: [bold]soundalike train {folder} --resume[/bold]")
        raise typer.Exit(130)
    for line in outcome.progress.summary():
        out.print(line)
    return outcome


def _print_recipe(recipe: "Recipe") -> None:
    settings = recipe.as_table()["training"]
    out.print("Settings: " + ", ".join(f"{name} {value}" for name, value in {"base": recipe.base, **settings}.items()))


def _sample(folder: Path) -> None:
    _converse(folder, [("sam", "hey"), ("sam", "what are you up to?"), ("sam", "tell me something")])
    out.print(f"\nTalk to it: [bold]soundalike chat {folder}[/bold]")


def _converse(folder: Path, openers: list[tuple[str, str]]) -> None:
    """Friends speak, the voice answers."""
    from soundalike.voice import Voice

    voice, history = Voice.load(folder), list[tuple[str, str]]()
    out.print()
    for name, text in openers:
        history.append((name, text))
        out.print(Text.assemble((f"{name}:", "dim"), f" {text}"))
        for message in voice.reply(history):
            history.append((voice.owner, message))
            out.print(Text.assemble((f"{voice.owner}:", "bold"), f" {message}"))


def _sampling(voice: Any, temperature: float | None, top_p: float | None, min_p: float | None, seed: int | None) -> Any:
    given = {"temperature": temperature, "top_p": top_p, "min_p": min_p, "seed": seed}
    return replace(voice.sampling, **{name: value for name, value in given.items() if value is not None})


def _tell(what: Any, json: bool) -> None:
    if json:
        import orjson

        sys.stdout.write(orjson.dumps(what, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    for line in what:
        out.print(line, markup=False, soft_wrap=True)


@contextmanager
def _bar(label: str) -> Iterator[Any]:
    """A progress bar with time left, on stderr, so that what is printed can be piped."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err) as bar:
        yield bar, bar.add_task(label, total=None)


def main() -> None:
    """Run a verb; tell errors in two sentences and exit 2 for the person's mistake, 1 for ours."""
    debug = "--debug" in sys.argv
    try:
        app()
    except SoundalikeError as error:
        if debug:
            raise
        err.print(Text.assemble((error.what, "red"), f" {error.do}"), soft_wrap=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
