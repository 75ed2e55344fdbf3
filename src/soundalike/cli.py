"""The command line: verbs to functions, and what is printed. No logic; imports as late as it can."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from soundalike import __version__, machine
from soundalike.errors import SoundalikeError

if TYPE_CHECKING:
    from soundalike.preflight import ImportReport
    from soundalike.train import Outcome
    from soundalike.voice import Voice

app = typer.Typer(
    help="Turn a person's chat export into a bot that talks like them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def _alone(asked: bool) -> bool:
    """What is told for people stays unsaid where JSON has standard output to itself."""
    out.quiet = asked or not machine.is_first()
    return asked and machine.is_first()


Exports = Annotated[
    list[Path], typer.Argument(help="Discord data packages: the ZIP or the folder.", metavar="EXPORT...")
]
CloneFolder = Annotated[Path, typer.Argument(help="The clone's folder.", metavar="ME")]
Out = Annotated[Path, typer.Option("--out", help="The clone's folder; made if it is not there.")]
Base = Annotated[str | None, typer.Option(help="`pocket`, a model's folder, or a Hugging Face name: org/model.")]
Minutes = Annotated[float | None, typer.Option(help="Train for so many minutes.")]
Epochs = Annotated[float | None, typer.Option(help="Train on everything so many times.")]
Iters = Annotated[int | None, typer.Option(help="Train for so many steps.")]
Json = Annotated[bool, typer.Option("--json", callback=_alone, help="Print the result as JSON, and nothing else.")]
Force = Annotated[bool, typer.Option("--force", help="Learn even from too little text.")]
Raw = Annotated[bool, typer.Option("--no-redact", help="Keep private data and secrets in the text as they are.")]
Gap = Annotated[str, typer.Option(help="The silence that ends a conversation; several, with commas, are compared.")]
Temperature = Annotated[float | None, typer.Option(help="Below 1 safer, above 1 wilder.")]
TopP = Annotated[float | None, typer.Option(help="Draw only from the likeliest tokens that make up this share.")]
MinP = Annotated[float | None, typer.Option(help="Drop tokens less likely than this share of the likeliest.")]
At = Annotated[
    str | None,
    typer.Option("--at", envvar="SOUNDALIKE_AT", help="Let a server's model speak: http://127.0.0.1:8080/v1[#MODEL]."),
]
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
        _tell(table(rows))
        _give([asdict(row) for row in rows], json)
        return
    report = _import(exports, out_, DocumentSettings(gap_minutes=gaps[0]), no_redact, force)
    _give(report.as_dict(), json)


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
    _give(outcome.as_dict(), json)


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
    json: Json = False,
) -> None:
    """From an export to a voice: import, train, and a few lines."""
    from soundalike.documents import DocumentSettings
    from soundalike.gaps import parse_duration

    report = _import(exports, out_, DocumentSettings(gap_minutes=parse_duration(gap)), no_redact, force)
    outcome = _train(out_, base, {"minutes": minutes, "epochs": epochs, "iters": iters}, resume=False)
    figures = _brief(out_)
    said = _converse(out_, [("sam", "hey"), ("sam", "what are you up to?"), ("sam", "tell me something")])
    out.print(_command("\nTalk to it: ", f"soundalike chat {out_}"), soft_wrap=True)
    done = {"import": report.as_dict(), "training": outcome.as_dict(), "evaluation": figures, "conversation": said}
    _give(done, json)


@app.command(epilog="Example: soundalike evaluate me")
def evaluate(
    me: CloneFolder,
    other: Annotated[Path | None, typer.Argument(help="Another clone, to compare with.", metavar="[OTHER]")] = None,
    split: Annotated[str, typer.Option(help="`test`, or `valid` to choose settings by.")] = "test",
    json: Json = False,
) -> None:
    """How close is it? Lets the clone answer held-out conversations; with OTHER, tells which of two is closer."""
    from soundalike.evaluation import run, versus

    with _bar("Answering") as (bar, task):

        def shown(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of)

        if other is not None:
            found = versus.compare(me, other, on_progress=shown)
        else:
            report = run.evaluate(me, split=split, on_progress=shown)
    if other is not None:
        _tell(versus.lines(found))
        _give({name: one.as_dict() for name, one in found.items()}, json)
        return
    out.print(report.table())
    _tell(["", *report.needles(), "", *report.lines()])
    _give(report.as_dict(), json)


@app.command(epilog="Example: soundalike portrait me")
def portrait(
    me: CloneFolder,
    quotes: Annotated[bool, typer.Option("--quotes", help="Put lines of yours into it, not only counts.")] = False,
    json: Json = False,
) -> None:
    """Your diction as observed by a model: ten cards on one page, which nothing leaves."""
    from soundalike.portrait.run import paint

    with _bar("Listening") as (bar, task):
        painted, page = paint(
            me, quotations=quotes, on_progress=lambda done, of: bar.update(task, completed=done, total=of)
        )
    _tell(painted.lines())
    out.print(_command("\nThe page, for a browser: ", str(page)), soft_wrap=True)
    _give(painted.as_dict(), json)


@app.command(epilog="Example: soundalike demo")
def demo(
    out_: Out = Path("soundalike-demo"),
    minutes: Annotated[float, typer.Option(help="Train for so many minutes.")] = 1.5,
    json: Json = False,
) -> None:
    """All of it on an invented person's export: import, training, a conversation."""
    from tempfile import TemporaryDirectory

    from soundalike.demo import OPENERS, write_package
    from soundalike.documents import DocumentSettings

    with TemporaryDirectory() as folder:
        report = _import([write_package(Path(folder) / "package.zip")], out_, DocumentSettings(), False, False)
    outcome = _train(out_, "pocket", {"minutes": minutes}, resume=False)
    said = _converse(out_, OPENERS)
    delete = f". Delete it all: rm -r {out_}"
    out.print(_command("\nTalk to it yourself: ", f"soundalike chat {out_}", delete), soft_wrap=True)
    _give({"import": report.as_dict(), "training": outcome.as_dict(), "conversation": said}, json)


@app.command(epilog='Example: soundalike say me "best pick up line?"')
def say(
    me: CloneFolder,
    prompt: Annotated[str, typer.Argument(help="How the text begins.")] = "",
    max_tokens: Annotated[int, typer.Option(help="Stop after so many tokens.", min=1)] = 100,
    temperature: Temperature = None,
    top_p: TopP = None,
    min_p: MinP = None,
    seed: Seed = None,
    at: At = None,
    colorize: Annotated[bool, typer.Option("--colorize", help="Shade each token by its probability.")] = False,
    json: Json = False,
) -> None:
    """Go on with a text in the owner's words."""
    from soundalike.frontends import terminal

    voice = _voice(me, at)
    said = terminal.say(voice, prompt, max_tokens, _sampling(voice, temperature, top_p, min_p, seed), colorize, out)
    _give(said.as_dict(), json)


@app.command(epilog="Example: soundalike chat me")
def chat(
    me: CloneFolder,
    name: Annotated[str, typer.Option(help="Your name in the conversation.")] = "you",
    temperature: Temperature = None,
    top_p: TopP = None,
    min_p: MinP = None,
    seed: Seed = None,
    at: At = None,
) -> None:
    """Talk to the clone; /quit ends it."""
    from soundalike.frontends import terminal

    voice = _voice(me, at)
    terminal.chat(voice, name, _sampling(voice, temperature, top_p, min_p, seed), out)


@app.command(epilog="Example: soundalike export me --to gguf")
def export(
    me: CloneFolder,
    to: Annotated[str, typer.Option(help="`gguf` (llama.cpp, Ollama), `merged` (transformers, vLLM) or `mlx`.")],
    precision: Annotated[str, typer.Option(help="Of a GGUF file: `f16`, or `q8_0` for half the size.")] = "f16",
    json: Json = False,
) -> None:
    """Write the clone for other programs."""
    from soundalike.clone import Clone
    from soundalike.export import export as write

    with err.status("writing"):
        exported = write(Clone.open(me), to, precision)
    _tell(exported.lines())
    _give(exported.as_dict(), json)


@app.command(epilog="Example: soundalike discord me")
def discord(
    me: CloneFolder,
    init: Annotated[bool, typer.Option("--init", help="Write discord.toml, with comments, and stop.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Send nothing; show what it would, and why not.")] = False,
) -> None:
    """Let friends talk to the clone on Discord; the token is read from DISCORD_TOKEN."""
    from soundalike.clone import Clone

    if init:
        from soundalike.frontends.discord.settings import initialise

        out.print(_command("Written: ", str(initialise(Clone.open(me).root)), ". Read it, then: "), soft_wrap=True)
        out.print(_command("  ", f"soundalike discord {me}"), soft_wrap=True)
        return
    from soundalike.frontends.discord.run import run

    _log()
    run(me, (lambda line: out.print(line, markup=False, soft_wrap=True)) if dry_run else None)


@app.command(epilog="Example: soundalike room me you")
def room(
    clones: Annotated[list[Path], typer.Argument(help="The clones' folders.", metavar="ME YOU...")],
    name: Annotated[str, typer.Option(help="Your name in the room.")] = "you",
) -> None:
    """Several clones in one room, and you; an empty line lets them go on, /quit ends it."""
    from soundalike.frontends.room import room as talk

    talk([_voice(folder) for folder in clones], name, out)


def _log() -> None:
    """What a program that runs for days has to say goes to standard error, with the time."""
    import logging

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%d %b %H:%M:%S")
    logging.getLogger("soundalike").setLevel(logging.INFO)


@app.command(epilog="Example: soundalike serve me")
def serve(
    clones: Annotated[
        list[Path], typer.Argument(help="Folders of clones; each is a model of its name.", metavar="ME...")
    ],
    host: Annotated[
        str, typer.Option(help="The address to listen at; any but a loopback one needs a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen at; 0 takes a free one.", min=0, max=65535)] = 8080,
    api_key: Annotated[
        str | None, typer.Option(envvar="SOUNDALIKE_API_KEY", show_envvar=True, help="What clients must send.")
    ] = None,
    streams: Annotated[int | None, typer.Option(help="Replies drawn side by side.", min=1)] = None,
    queue: Annotated[int | None, typer.Option(help="Requests that may wait for a place.", min=0)] = None,
    with_base: Annotated[bool, typer.Option("--with-base", help="Serve the base model too, to compare.")] = False,
) -> None:
    """Serve voices over HTTP as OpenAI's clients ask, with a page to talk at /."""
    from soundalike.frontends import server
    from soundalike.recipe import Serving

    given = {"streams": streams, "queue": queue}
    serving = Serving(**{name: value for name, value in given.items() if value is not None})
    server.serve(clones, host, port, api_key, serving, with_base, lambda line: _tell([line]))


@app.command(epilog="Example: soundalike doctor")
def doctor(json: Json = False) -> None:
    """What this machine can run, what is missing, and how long each suggested base would take."""
    from soundalike.doctor import checkup

    with err.status("looking"):
        found = checkup()
    _tell(found.lines())
    _give(found.as_dict(), json)


def _import(exports: list[Path], folder: Path, settings: Any, no_redact: bool, force: bool) -> "ImportReport":
    from soundalike.importing import run_import

    with _bar("Reading") as (bar, task):
        report = run_import(
            exports,
            folder,
            settings,
            on_progress=lambda done, of: bar.update(task, completed=done, total=of),
            redacted=not no_redact,
            force=force,
        )
    if not out.quiet:  # the machine's rate takes a moment to measure
        from soundalike import estimate, pocket, preflight

        _tell(preflight.lines(report, pocket.BYTES_A_TOKEN, 1 / estimate.tokens_per_second("pocket")))
        rows = estimate.estimates(report.total("bytes") / pocket.BYTES_A_TOKEN, estimate.this_machine())
        _tell(["", *estimate.lines(rows, estimate.default_base(rows))])
    return report


def _train(folder: Path, base: str | None, given: dict[str, Any], resume: bool) -> "Outcome":
    from soundalike.clone import Clone
    from soundalike.learning import learn, recipe_for, resumed_recipe

    clone_ = Clone.open(folder)
    recipe = resumed_recipe(clone_) if resume else recipe_for(clone_, base, given, lambda line: _tell([line]))
    settings = {"base": recipe.base, **recipe.training.used()}
    _tell(["Settings: " + ", ".join(f"{name} {value}" for name, value in settings.items())])
    with _bar("Learning") as (bar, task):
        outcome = learn(
            clone_, recipe, resume, lambda p: bar.update(task, completed=p.step, total=p.steps, description=p.line())
        )
    if not outcome.finished:
        err.print(_command("Stopped and saved. Go on with: ", f"soundalike train {folder} --resume"), soft_wrap=True)
        raise typer.Exit(130)
    _tell(outcome.progress.summary())
    return outcome


def _brief(folder: Path) -> dict[str, Any] | None:
    """The four needles; a line where there is too little text for them."""
    from soundalike.errors import TooLittleText
    from soundalike.evaluation import run

    with _bar("Evaluating") as (bar, task):
        try:
            report = run.evaluate(
                folder,
                seeds=run.BRIEF_SEEDS,
                most=run.BRIEF_SCENES,
                brief=True,
                on_progress=lambda done, of: bar.update(task, completed=done, total=of),
            )
        except TooLittleText as error:
            _tell([error.what])
            return None
    _tell(["", *report.needles()])
    out.print(_command("More, with intervals beside baselines: ", f"soundalike evaluate {folder}"), soft_wrap=True)
    return report.as_dict()


def _voice(folder: Path, at: str | None = None) -> "Voice":
    from soundalike.voice import Voice

    if at and not machine.is_here(at):
        err.print(Text(f"What is said goes to {at}: another machine."), style="yellow", soft_wrap=True)
    with err.status("waking up"):
        return Voice.load(folder, at)


def _converse(folder: Path, openers: list[tuple[str, str]]) -> list[dict[str, str]]:
    """Friends speak, the voice answers."""
    voice, history = _voice(folder), list[tuple[str, str]]()
    out.print()
    for name, text in openers:
        history.append((name, text))
        out.print(Text.assemble((f"{name}:", "dim"), f" {text}"))
        for message in voice.reply(history):
            history.append((voice.owner, message))
            out.print(Text.assemble((f"{voice.owner}:", "bold"), f" {message}"))
    return [{"name": name, "text": text} for name, text in history]


def _sampling(voice: Any, temperature: float | None, top_p: float | None, min_p: float | None, seed: int | None) -> Any:
    given = {"temperature": temperature, "top_p": top_p, "min_p": min_p, "seed": seed}
    return replace(voice.sampling, **{name: value for name, value in given.items() if value is not None})


def _tell(lines: list[str]) -> None:
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def _give(result: Any, json: bool) -> None:
    if json:
        import orjson

        sys.stdout.write(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode() + "\n")


def _command(before: str, command: str, after: str = "") -> Text:
    """A command to type, printed as it stands: a folder's name may look like markup."""
    return Text.assemble(before, (command, "bold"), after)


@contextmanager
def _bar(label: str) -> Iterator[Any]:
    """A progress bar with time left, on stderr, so that what is printed can be piped."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=not machine.is_first()) as bar:
        yield bar, bar.add_task(label, total=None)


def main() -> None:
    """Run a verb; tell errors in two sentences and exit 2 for the person's mistake, 1 for ours.

    With --json too an error is two sentences on standard error: standard output then stays empty.
    """
    debug = "--debug" in sys.argv
    gc.set_threshold(100_000)  # what imports make stays: no use in looking through it again every 700 objects
    try:
        app()
    except SoundalikeError as error:
        if debug:
            raise
        err.print(Text.assemble((error.what, "red"), f" {error.do}"), soft_wrap=True)
        sys.exit(error.exit_code)
    finally:
        gc.freeze()  # nor once more when the process ends


if __name__ == "__main__":
    main()
