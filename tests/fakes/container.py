"""A container of a few lines, run as a process by the launcher's tests: `python container.py`, told by ON_START."""

import http.server
import os
import signal
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503 if os.environ.get("ON_START") == "hang" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def main() -> None:
    sys.stdout.write("starting\nsaid: hello\n")
    sys.stdout.flush()
    on_start = os.environ.get("ON_START", "")
    if on_start.startswith("exit "):
        raise SystemExit(int(on_start.removeprefix("exit ")))
    if on_start == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    port = int(os.environ["SAGEMAKER_BIND_TO_PORT"])
    http.server.HTTPServer((os.environ["FIRSTBYTE_BIND_HOST"], port), Handler).serve_forever()


if __name__ == "__main__":
    main()
