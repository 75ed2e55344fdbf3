"""The arena: friends judge blind which of two replies is really the owner's; `open_arena` runs until Ctrl-C."""

import secrets
import shlex
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from soundalike.errors import CloneError, UsageError
from soundalike.frontends.server import bind
from soundalike.progress import OnProgress

if TYPE_CHECKING:
    from soundalike.frontends.arena.arena_results import ArenaResults


HOST = "127.0.0.1"
GRACE = 2  # seconds that answers which are being sent get when the server stops
MOST_BYTES, CONNECTIONS = 4_000, 256  # of a request's body; connections at the same time
SOMEWHERE = ("192.0.2.1", 9)  # an address that nobody has (RFC 5737): the system says from where it would go there


def open_arena(
    folder: Path,
    *,
    port: int = 0,
    lan: bool = False,
    count: int | None = None,
    progress: Callable[[], AbstractContextManager[OnProgress]] = lambda: nullcontext(lambda done, of: None),
    print_line: Callable[[str], None] = print,
) -> None:
    """Serve the arena of the clone in `folder`, at a loopback address and, with `lan`, in the local network too.

    The first time, or with a `count`, the voice answers so many held-out contexts before, and `progress` shows how far
    that is. Nothing of them is shown that the owner does not release. `print_line` gets the links, which hold the keys
    of this run. `UsageError` where the address cannot be used, `CloneError` where there is no voice or the folder is in
    use.
    """
    from soundalike.clone import Clone
    from soundalike.frontends.arena import arena_app
    from soundalike.frontends.arena.arena_access import ArenaKeys
    from soundalike.frontends.arena.arena_pairs import PAIRS, load_pairs, prepare_pairs
    from soundalike.frontends.arena.arena_state import ArenaState
    from soundalike.frontends.server.connection import ConnectionLimits, run_until_stopped, uvicorn_config

    hosts = [local_address()] if lan else []
    clone = Clone.open(folder)
    pairs = load_pairs(clone) if count is None else None
    if pairs is None:
        with progress() as on_progress:
            pairs = prepare_pairs(clone, count or PAIRS, on_progress)
    keys = ArenaKeys(secrets.token_urlsafe(24), secrets.token_urlsafe(24))
    with ExitStack() as stack:
        first = stack.enter_context(bind(HOST, port))
        port = first.getsockname()[1]
        listeners = [first, *(stack.enter_context(bind(host, port)) for host in hosts)]
        application = arena_app.create(ArenaState(clone, pairs), keys, hosts)
        limits = ConnectionLimits(body_bytes=MOST_BYTES, connections=CONNECTIONS)
        config = uvicorn_config(application, limits, lambda path, status: None, GRACE)
        print_line(f"{len(pairs.pairs)} pairs, {len(pairs.released)} of them released. Read and release them here:")
        print_line(f"http://{HOST}:{port}/#owner={keys.owner}")
        print_line("Judges open this link:" if lan else "Judges on this machine (--lan: in your local network) open:")
        print_line(f"http://{hosts[0] if lan else HOST}:{port}/#judge={keys.judge}")
        print_line("Both hold until Ctrl-C, which ends it; votes are kept.")
        run_until_stopped(config, listeners)


def read_results(folder: Path) -> "ArenaResults":
    """The results so far; `CloneError` where no pairs of the voice as it is now were prepared."""
    from soundalike.clone import Clone
    from soundalike.frontends.arena import arena_votes
    from soundalike.frontends.arena.arena_pairs import load_pairs
    from soundalike.frontends.arena.arena_results import results
    from soundalike.frontends.arena.arena_state import machine_figure

    clone = Clone.open(folder)
    pairs = load_pairs(clone)
    if pairs is None:
        what = f"In {folder} nothing was prepared for judges of this voice."
        raise CloneError(what, f"Open the arena: soundalike arena {shlex.quote(str(folder))}")
    return results(pairs, arena_votes.ArenaVotes.read(clone.root / arena_votes.FILE), machine_figure(clone))


def local_address() -> str:
    """The address of this machine in its local network; `UsageError` where it is in none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(SOMEWHERE)
        except OSError as error:
            raise UsageError("This machine is in no network.", "Leave out --lan.") from error
        found = str(asked.getsockname()[0])
    address = ip_address(found)
    if address.is_loopback or not address.is_private:
        what = f"The address of this machine, {found}, is not one of a local network."
        raise UsageError(what, "Leave out --lan: an arena is not for the open internet.")
    return found
