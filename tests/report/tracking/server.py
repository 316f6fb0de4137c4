"""A server on this machine that speaks as much of W&B's protocol as its client asks of it.

One idea: what is told is kept as plain data (`Told`), so a test compares what arrived and not what was sent. An
operation that it does not know is answered with 400 and the operation's name: the client never retries that.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.report.tracking.answers import Told, answer

KEY = "k" * 20 + "0123456789" * 2


class Server(ThreadingHTTPServer):
    """Answers on a free port of the loopback; `trouble` says what is wrong with it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.told = Told()
        self.requests: Counter[str] = Counter()  # by operation, or by the last part of the path
        self.trouble: str | None = None  # hang, 500, 401, no stream, no reports
        self.refusals = 0  # requests that are still to be answered with 429
        self.lock = threading.Lock()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that left."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer whether it is there."""
        if self.server.trouble == "hang":
            self.server.closing.wait(120)
        self._send(200, {})

    def do_PUT(self) -> None:
        """Keep a file."""
        body = self._body()
        if not self._in_trouble("file"):
            self.server.told.files[self.path] = body
            self._send(200, {})

    def do_POST(self) -> None:
        """Answer a GraphQL operation, or keep a piece of a run's stream."""
        body = self._body()
        if self.path.startswith("/sdk/otel"):
            self._send(404, {})
        elif self.path == "/graphql":
            self._graphql(json.loads(body))
        elif self.path.endswith("/file_stream"):
            if not self._in_trouble("file_stream"):
                with self.server.lock:
                    self.server.told.stream(self.path.split("/")[-2], json.loads(body))
                self._send(200, {})
        else:
            self._send(400, {"error": f"unknown path {self.path}"})

    def _graphql(self, asked: Mapping[str, Any]) -> None:
        name = asked.get("operationName") or asked["query"].replace("(", " ").split()[1]
        if self._in_trouble(name):
            return
        if not self._authorised():
            self._send(401, {"errors": [{"message": "invalid API key"}]})
            return
        try:
            with self.server.lock:
                found = answer(self.server.told, name, asked.get("variables") or {}, self.server.url)
        except Exception as error:  # or the client would try again and again
            self._send(400, {"errors": [{"message": f"{name}: {error!r}"}]})
            return
        if found is None:
            self._send(400, {"errors": [{"message": f"unknown operation {name}"}]})
        else:
            self._send(200, {"data": found})

    def _in_trouble(self, name: str) -> bool:
        """Count a request, and answer it badly where that is asked for."""
        with self.server.lock:
            self.server.requests[name] += 1
            refused = self.server.refusals > 0
            self.server.refusals -= refused
        trouble = self.server.trouble
        if trouble == "hang":
            self.server.closing.wait(120)
        elif refused:
            self._send(429, {"error": "rate limit exceeded"}, {"Retry-After": "0.2"})
        elif trouble == "401" and name != "file":
            self._send(401, {"errors": [{"message": "invalid API key"}]})
        elif trouble == "500":
            self._send(500, {"error": "out of order"})
        elif trouble == "no stream" and name == "file_stream":
            self._send(403, {"error": "this run is closed"})
        elif trouble == "no reports" and name == "upsertView":
            self._send(400, {"errors": [{"message": "upsertView is out of order"}]})
        else:
            return False
        return True

    def _authorised(self) -> bool:
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        return base64.b64decode(given).decode().partition(":")[2] == KEY

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(self, status: int, content: Any, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving() -> Iterator[Server]:
    """Serve until the block ends."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
