"""Voices over HTTP, with OpenAI's endpoints and a page to talk at; `serve` runs until Ctrl-C."""

import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path

from soundalike.errors import UsageError
from soundalike.training.recipe import Serving

KEY = "SOUNDALIKE_API_KEY"
GRACE = 5  # seconds that answers which are being sent get when the server stops


def serve(
    folders: Sequence[Path],
    host: str,
    port: int,
    key: str | None,
    serving: Serving,
    with_base: bool = False,
    print_line: Callable[[str], None] = print,
    at: Sequence[str] = (),
    allow: Sequence[str] = (),
) -> None:
    """Serve the clones in these folders, with their models here or on the servers at the addresses `at`.

    `allow` are the origins of pages that may call it. `UsageError` for a `host` that others reach without a `key`.
    """
    from soundalike.frontends.server import app, connection, cors, served_models

    if not is_loopback(host) and not key:
        do = f"Set {KEY} to a long random text, or stay on 127.0.0.1."
        raise UsageError(f"Others can reach {host}, and there is no API key.", do)
    origins = cors.parse_origins(allow)
    served = served_models.load(folders, with_base, at)
    with bind(host, port) as listener:
        application = app.create(served, serving, key, origins)
        limits = connection.ConnectionLimits.of(serving)
        config = connection.uvicorn_config(application, limits, application.state.server.metrics.count_answer, GRACE)
        name = f"[{host}]" if ":" in host else host
        address = f"http://{name}:{listener.getsockname()[1]}"
        page = f"Serving {', '.join(served)} at {address}: a page to talk"
        print_line(f"{page}, and OpenAI's endpoints under {address}/v1.")
        connection.run_until_stopped(config, [listener])


def bind(host: str, port: int) -> socket.socket:
    """A listening socket that sends each packet at once; `UsageError` if the address cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        what = f"Cannot listen at {host}, port {port}: {error.strerror}."
        raise UsageError(what, "Give another --port.", control="Type another Port.") from error
    # asyncio sets it only for sockets that name their protocol, as this one does not; connections inherit it. Without
    # it the second packet of a stream waits 40 ms for the acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
