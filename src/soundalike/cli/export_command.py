"""`soundalike export`: a clone for other programs."""

from typing import Annotated

import typer

from soundalike.cli.option_conflicts import refuse
from soundalike.cli.output import CloneFolder, Json, print_json, print_lines, progress_bar

app = typer.Typer()


@app.command(epilog="Example: soundalike export me --to gguf")
def export(
    context: typer.Context,
    me: CloneFolder,
    to: Annotated[
        str, typer.Option(help="`gguf` (llama.cpp, Ollama), `merged` (transformers, vLLM), `mlx`, or `prompt` (any).")
    ],
    precision: Annotated[str, typer.Option(help="Of a GGUF file: `f16`, or `q8_0` for half the size.")] = "f16",
    examples: Annotated[int, typer.Option(help="Of a prompt: how many examples to choose from.", min=0)] = 40,
    json: Json = False,
) -> None:
    """Export the clone for other programs."""
    from soundalike.clone import Clone
    from soundalike.export import PROMPT
    from soundalike.export import export as write
    from soundalike.persona.persona_prompt import export_prompt

    if to != PROMPT:
        refuse(context, f"--to {to}", "Leave it out: only a prompt has examples.", "--examples")
    if to != "gguf":
        refuse(context, f"--to {to}", "Leave it out: only a GGUF file has one.", "--precision")
    with progress_bar("Exporting") as bar:
        clone = Clone.open(me)
        exported = export_prompt(clone, examples, bar) if to == PROMPT else write(clone, to, precision)
    print_lines(exported.lines())
    print_json(exported, json)
