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
    """`soundalike --help` takes at most 0.4 s of processor time, best of three."""
    code = "import time, sys; from soundalike.cli import main; sys.argv = ['soundalike', '--help']\n"
    timed = code + "try: main()\nexcept SystemExit: pass\nprint(time.process_time(), file=sys.stderr)"
    runs = [subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True) for _ in range(3)]
    assert min(float(run.stderr) for run in runs) < 0.4


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
