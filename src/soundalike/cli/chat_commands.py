"""Commands in which a clone talks: say, chat, room, serve, discord."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from soundalike.cli.option_conflicts import refuse_others
from soundalike.cli.output import (
    DEFAULT_FOLDER,
    CloneFolder,
    Json,
    command_text,
    err,
    out,
    print_json,
    print_lines,
    show_status,
)

if TYPE_CHECKING:
    from soundalike.generation.voice import Voice

app = typer.Typer()
Temperature = Annotated[float | None, typer.Option(help="0 to 2; below 1 more sense, above 1 wilder.")]
TopP = Annotated[
    float | None, typer.Option(help="Sample only from the likeliest tokens that add up to this probability.")
]
MinP = Annotated[float | None, typer.Option(help="Drop tokens less likely than this fraction of the likeliest.")]
At = Annotated[
    str | None,
    typer.Option("--at", envvar="SOUNDALIKE_AT", help="Use a server's model: http://127.0.0.1:8080/v1[#MODEL]."),
]
Addresses = Annotated[
    list[str] | None,
    typer.Option(
        "--at", envvar="SOUNDALIKE_AT", help="A server's model, as for `chat`: once for all clones, or once for each."
    ),
]
BestOf = Annotated[
    int | None, typer.Option("--best-of", help="Draw so many replies, and keep the one that answers most: more sense.")
]
Seed = Annotated[int | None, typer.Option(help="Random seed; the same seed gives the same text.")]


@app.command(epilog='Example: soundalike say me "best pick up line?"')
def say(
    me: Annotated[str | None, typer.Argument(help="The clone's folder; without it, `me`.", metavar="[ME]")] = None,
    prompt: Annotated[
        str | None, typer.Argument(help="How the text begins; without it, what standard input holds.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Stop after so many tokens.", min=1, show_default="100")
    ] = None,
    temperature: Temperature = None,
    top_p: TopP = None,
    min_p: MinP = None,
    seed: Seed = None,
    at: At = None,
    colorize: Annotated[bool, typer.Option("--colorize", help="Shade each token by its probability.")] = False,
    stats: Annotated[bool, typer.Option("--stats", help="Print speed and memory on standard error.")] = False,
    json: Json = False,
) -> None:
    """Continue a text in the owner's words."""
    from soundalike.frontends import terminal

    options = {"temperature": temperature, "top_p": top_p, "min_p": min_p, "seed": seed}
    _check(**options)
    folder, text = folder_and_prompt(me, prompt)
    voice = load_voice(folder, at)
    said = terminal.say(voice, text, max_tokens, voice.sampling.updated(**options), colorize, out)
    for line in said.lines() if stats else ():
        err.print(line, style="dim")
    print_json(said.as_dict(), json)


@app.command(epilog="Example: soundalike chat me")
def chat(
    me: CloneFolder,
    name: Annotated[str, typer.Option(help="Your name in the conversation.")] = "you",
    temperature: Temperature = None,
    top_p: TopP = None,
    min_p: MinP = None,
    best_of: BestOf = None,
    seed: Seed = None,
    at: At = None,
) -> None:
    """Talk to the clone; /quit ends it."""
    from soundalike.frontends import terminal

    options = {"temperature": temperature, "top_p": top_p, "min_p": min_p, "best_of": best_of, "seed": seed}
    _check(**options)
    voice = load_voice(me, at)
    terminal.chat(voice, name, voice.sampling.updated(**options), out)


@app.command(epilog="Example: soundalike room me you")
def room(
    clones: Annotated[list[Path], typer.Argument(help="The clones' folders.", metavar="ME YOU...")],
    name: Annotated[str, typer.Option(help="Your name in the room.")] = "you",
    at: Addresses = None,
) -> None:
    """Talk with several clones in one room; an empty line lets them go on, /quit ends it."""
    from soundalike.frontends import model_addresses
    from soundalike.frontends.room import room as talk

    talk(
        [load_voice(folder, place) for folder, place in zip(clones, model_addresses(clones, at or ()), strict=True)],
        name,
        out,
    )


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
    streams: Annotated[int | None, typer.Option(help="Replies generated at the same time.", min=1)] = None,
    queue: Annotated[int | None, typer.Option(help="Requests that may wait for a place.", min=0)] = None,
    with_base: Annotated[bool, typer.Option("--with-base", help="Serve the base model too, to compare.")] = False,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="A page elsewhere that may ask from a browser, as https://example.org.")
    ] = None,
    at: Addresses = None,
) -> None:
    """Serve clones over HTTP with an OpenAI-compatible API, and a page to talk at /."""
    from soundalike.frontends import server
    from soundalike.training.recipe import Serving

    options = {"streams": streams, "queue": queue}
    serving = Serving(**{name: value for name, value in options.items() if value is not None})
    for address in at or ():
        announce_address(address)
    server.serve(
        clones, host, port, api_key, serving, with_base, lambda line: print_lines([line]), at or (), allow_origin or ()
    )


@app.command(epilog="Example: soundalike discord me")
def discord(
    context: typer.Context,
    me: CloneFolder,
    init: Annotated[bool, typer.Option("--init", help="Write discord.toml, with comments, and stop.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Send nothing; show what it would, and why not.")] = False,
    at: At = None,
) -> None:
    """Let friends talk to the clone on Discord; the token is read from DISCORD_TOKEN."""
    from soundalike.clone import Clone

    if init:
        refuse_others(context, "--init", "Leave it out: the file is written, and nothing else is done.")
        from soundalike.frontends.discord.settings import initialise

        out.print(command_text("Written: ", str(initialise(Clone.open(me).root)), ". Read it, then: "), soft_wrap=True)
        out.print(command_text("  ", f"soundalike discord {shlex.quote(str(me))}"), soft_wrap=True)
        return
    from soundalike.frontends.discord.run import run

    _log_to_stderr()
    run(me, (lambda line: out.print(line, markup=False, soft_wrap=True)) if dry_run else None, at)


def folder_and_prompt(me: str | None, prompt: str | None) -> tuple[Path, str]:
    """The clone's folder and the prompt from the two optional arguments of `say`.

    A single argument that names no folder is the prompt for the clone in `me`. A missing prompt is read from standard
    input, unless that is a terminal.
    """
    from soundalike.clone.clone import MANIFEST

    if me is not None and prompt is None and not Path(me).exists() and (DEFAULT_FOLDER / MANIFEST).exists():
        me, prompt = None, me
        err.print(f"There is no folder of that name, so {DEFAULT_FOLDER} says it.", style="dim")
    folder = DEFAULT_FOLDER if me is None else Path(me)
    if prompt is None:
        piped = folder.exists() and sys.stdin is not None and not sys.stdin.isatty()
        prompt = sys.stdin.read().rstrip("\n") if piped else ""
    return folder, prompt


def load_voice(folder: Path, at: str | None = None) -> "Voice":
    from soundalike.generation.voice import Voice

    announce_address(at)
    with show_status("Waking up"):
        return Voice.load(folder, at)


def announce_address(at: str | None) -> None:
    """Print where the conversation is sent before anything is; `UsageError` if `at` is not an address."""
    from soundalike.generation.server_address import ServerAddress

    if at is None:
        return
    place = ServerAddress.parse(at)
    if place.here:
        err.print(Text(f"What is said goes to {place}, on this machine."), style="dim", soft_wrap=True)
    else:
        err.print(Text(f"What is said goes to {place}: another machine."), style="yellow", soft_wrap=True)


def show_conversation(
    folder: Path, openers: list[tuple[str, str]], temperature: float | None = None
) -> list[dict[str, str]]:
    """Print the clone's replies to each (name, text) of `openers`; returns the conversation.

    `temperature` is told with its meaning; without one the clone's own is used.
    """
    voice, history = load_voice(folder), list[tuple[str, str]]()
    sampling = voice.sampling.updated(temperature=temperature)
    cooler = f" at temperature {temperature:g}, where it makes more sense than at 1" if temperature else ""
    out.print(f"\nInvented friends write, {voice.owner}'s clone answers{cooler}:", style="dim", markup=False)
    for name, text in openers:
        history.append((name, text))
        out.print(Text.assemble((f"{name}:", "dim"), f" {text}"))
        for message in voice.reply(history, sampling):
            history.append((voice.owner, message))
            out.print(Text.assemble((f"{voice.owner}:", "bold"), f" {message}"))
    return [{"name": name, "text": text} for name, text in history]


def _check(**options: Any) -> None:
    """Raise `RecipeError` for the first option that is out of range, before anything is loaded."""
    from soundalike.generation.sampling import Sampling

    Sampling().updated(**options)


def _log_to_stderr() -> None:
    """Log to stderr with timestamps, for a program that runs for days."""
    import logging

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%d %b %H:%M:%S")
    logging.getLogger("soundalike").setLevel(logging.INFO)
