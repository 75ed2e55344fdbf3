"""The package opens fast and loads nothing heavy until it is needed."""

import subprocess
import sys

HEAVY = "torch mlx discord transformers peft polars numpy fastapi uvicorn jinja2".split()


def test_importing_the_package_and_its_command_line_loads_nothing_heavy() -> None:
    """Neither `import soundalike` nor `soundalike --help` loads a tensor library or a frame library."""
    code = (
        "import sys, soundalike, soundalike.cli\n"
        "sys.argv = ['soundalike', '--help']\n"
        "try: soundalike.cli.main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"print('loaded:', [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "loaded: []" in done.stdout and "chat export" in done.stdout


def test_help_answers_at_once() -> None:
    """`soundalike --help` takes at most twice the processor time of a program with nothing but Typer and two commands.

    The best of three runs each, in turns: a processor that does other work too takes longer for both.
    """
    ours = "from soundalike.cli import main"
    other = "import typer\nmain = typer.Typer()\nmain.command('a')(lambda: None)\nmain.command('b')(lambda: None)"
    runs = [(_seconds_of_help(ours), _seconds_of_help(other)) for _ in range(3)]
    assert min(run[0] for run in runs) < 2 * min(run[1] for run in runs)


def _seconds_of_help(program: str) -> float:
    code = f"import sys, time\nsys.argv = ['program', '--help']\n{program}\ntry: main()\nexcept SystemExit: pass\n"
    code += "print(time.process_time(), file=sys.stderr)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr)


def test_a_model_that_speaks_needs_no_compiler() -> None:
    """Loading a base and drawing a token leaves out torch's compiler and optimizers: half of the time to start."""
    code = (
        "import sys\n"
        "from soundalike.generation.voice import Voice\n"
        "from soundalike.engines import load\n"
        "Voice(load('pocket'), 'juno').reply([('sam', 'hey')])\n"
        "print('loaded:', [name for name in ('torch._dynamo', 'sympy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "loaded: []" in done.stdout
