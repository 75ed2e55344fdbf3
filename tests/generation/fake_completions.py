"""A server of OpenAI's completions that answers as a test wants it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]


@contextmanager
def answering(answer: Callable[[str, dict[str, Any], str], Answer], location: str = "") -> Iterator[str]:
    """Its address. It answers (path, body, key) with (status, JSON); a list is streamed, a `location` pointed to."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
            status, content = answer(self.path, body, self.headers.get("Authorization", ""))
            lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in content] if isinstance(content, list) else None
            data = ("".join(lines) + "data: [DONE]\n\n" if lines else json.dumps(content)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/event-stream" if lines else "application/json")
            self.send_header("Content-Length", str(len(data)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


def chunk(text: str, finish: str | None = None) -> dict[str, Any]:
    """A piece of a streamed completion."""
    return {"choices": [{"text": text, "index": 0, "finish_reason": finish, "logprobs": None}]}
