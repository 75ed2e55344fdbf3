"""Other people's servers of a model, started for a test and stopped after it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory


def mlx_lm(folder: str, port: int) -> tuple[list[str], str]:
    """The command that serves a merged folder, and the line that says it is ready."""
    return [sys.executable, "-m", "mlx_lm", "server", "--model", folder, "--port", str(port)], "Starting httpd"


def llama_cpp(file: str, port: int) -> tuple[list[str], str]:
    """The same for a GGUF file."""
    knobs = ["--logits_all", "true", "--n_threads", "1", "--interrupt_requests", "false", "--n_ctx", "512"]
    return [sys.executable, "-m", "llama_cpp.server", "--model", file, "--port", str(port), *knobs], "running on"


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(command: Sequence[str], ready: str) -> Iterator[None]:
    """Within it the server answers; it is ready when it says so."""
    with (
        TemporaryDirectory() as empty,  # mlx-lm's server trips over a cache of models that is not there
        subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=os.environ | {"HF_HUB_CACHE": empty, "HF_HUB_OFFLINE": "1"}
        ) as server,
    ):
        try:
            assert server.stderr is not None
            said = []
            for line in server.stderr:
                said.append(line)
                if ready in line:
                    break
            else:
                raise AssertionError("".join(said))
            yield
        finally:
            server.terminate()
            server.communicate()
