"""A small HTTP server before an engine that has none: POST token ids, one server-sent event for each token as it comes.

Runs in the engine's own environment, with the standard library only. The engine's thread hands all tokens of a step on
before it begins the next; a request costs one thread that sleeps on a queue.
"""

import json
import queue
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Emit = Callable[[int], None]
Submit = Callable[[list[int], int, Emit], None]
"""Prompt, how many tokens, and what to call with each: returns at once."""


def serve(port: int, submit: Submit) -> None:
    """Serve until killed."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            tokens: queue.SimpleQueue[int] = queue.SimpleQueue()
            submit(asked["prompt"], asked["max_tokens"], tokens.put)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for _ in range(asked["max_tokens"]):
                self.wfile.write(b'data: {"token": %d}\n\n' % tokens.get())
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("listening", flush=True)
    threading.Event().wait()
