"""The studio: everything that the command line does, on one local page; `open_studio` runs until Ctrl-C."""

import secrets
from collections.abc import Callable
from pathlib import Path

from soundalike.frontends.server import bind

HOST = "127.0.0.1"
GRACE = 2  # seconds that answers which are being sent get when the server stops


def open_studio(root: Path, port: int = 0, print_line: Callable[[str], None] = print) -> None:
    """Serve the page for the clones in the folder `root`, which is made if it is not there, at a loopback address.

    `print_line` gets the link, which holds the token of this run. `UsageError` where the address cannot be used, and
    `CloneError` where another studio has the folder or it cannot be written.
    """
    import uvicorn

    from soundalike.frontends.server.connection import run_until_stopped
    from soundalike.frontends.studio import studio_app
    from soundalike.frontends.studio.studio_folder import StudioFolder

    folder, token = StudioFolder.make(root), secrets.token_urlsafe(32)
    with folder.locked("soundalike studio"), bind(HOST, port) as listener:
        application = studio_app.create(folder, token, port)
        config = uvicorn.Config(
            application, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=GRACE
        )
        print_line(f"The studio of {folder.clones_path}. Open this link in a browser on this machine:")
        print_line(f"http://{HOST}:{listener.getsockname()[1]}/#token={token}")
        print_line("Whoever has the link can use it until it ends. Ctrl-C ends it; what it has begun goes on.")
        run_until_stopped(config, [listener])
