"""Voices served over HTTP, as OpenAI's clients ask: `serve` runs until Ctrl-C."""

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from soundalike.errors import UsageError
from soundalike.training.recipe import Serving

KEY = "SOUNDALIKE_API_KEY"


def serve(
    folders: Sequence[Path],
    host: str,
    port: int,
    key: str | None,
    serving: Serving,
    with_base: bool = False,
    tell: Callable[[str], None] = print,
    at: Sequence[str] = (),
    allow: Sequence[str] = (),
) -> None:
    """Serve the clones in these folders, their models here or `at` other servers' addresses, as `places` has it.

    `allow` are the origins of pages that may ask. `UsageError` for an address that others reach without a `key`.
    """
    import uvicorn

    from soundalike.frontends.server import app, connection, origins, served_models

    if not is_loopback(host) and not key:
        do = f"Set {KEY} to a long random text, or stay on 127.0.0.1."
        raise UsageError(f"Others can reach {host}, and there is no API key.", do)
    allowed = origins.checked(allow)
    served = served_models.load(folders, with_base, at)
    with listening(host, port) as listener:
        made = app.create(served, serving, key, allowed)
        bounds = connection.Bounds.of(serving)
        config = connection.configured(made, bounds, made.state.server.metrics.answered, patience=5)
        name = f"[{host}]" if ":" in host else host
        address = f"http://{name}:{listener.getsockname()[1]}"
        tell(f"Serving {', '.join(served)} at {address}: a page to talk, and OpenAI's endpoints under {address}/v1.")
        with suppress(KeyboardInterrupt):  # the server has stopped in good order; Ctrl-C is how it is asked to
            uvicorn.Server(config).run([listener])


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections there, and sends each packet at once; `UsageError` where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(f"Cannot listen at {host}, port {port}: {error.strerror}.", "Give another --port.") from error
    # asyncio sets it only where a socket names its protocol, as this one does not; connections inherit it. Without it a
    # stream's second packet waits 40 ms for the first one to be acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
