"""A real HTTP server on this machine that offers one file, well or badly."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn


@dataclass
class OfferedFile:
    """What the server gives, and how.

    ``breaks`` holds, for each of the first answers, after how many bytes the connection is cut;
    ``stalls`` likewise after how many bytes nothing more comes; ``statuses`` are refusals that
    come before any answer. ``asked`` notes the Range header of each request.
    """

    content: bytes
    tag: str | None = '"first"'
    changed: str | None = None
    ranges: bool = True
    tells_length: bool = True
    redirect: str | None = None
    breaks: list[int] = field(default_factory=list)
    stalls: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    shift: int = 0
    asked: list[str | None] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


class _Server(ThreadingMixIn, HTTPServer):
    daemon_threads = False

    def __init__(self, offered: OfferedFile) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.offered = offered

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that leave early are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing on the terminal."""

    def do_GET(self) -> None:
        offered = self.server.offered
        offered.asked.append(self.headers.get("Range"))
        if offered.statuses:
            self.send_error(offered.statuses.pop(0))
        elif offered.redirect is not None:
            self.send_response(302)
            self.send_header("Location", offered.redirect)
            self.end_headers()
        else:
            self._answer(offered, self._start(offered))

    def _start(self, offered: OfferedFile) -> int:
        asked = self.headers.get("Range")
        same = self.headers.get("If-Range") in {offered.tag, offered.changed}
        if asked is None or not offered.ranges or not same:
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def _answer(self, offered: OfferedFile, start: int) -> None:
        size = len(offered.content)
        if start >= size:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.end_headers()
            return
        start += offered.shift if start else 0
        self._send_head(offered, start, size)
        self._send_body(offered, offered.content[start:])

    def _send_head(self, offered: OfferedFile, start: int, size: int) -> None:
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        if offered.tells_length:
            self.send_header("Content-Length", str(size - start))
        for name, value in (("ETag", offered.tag), ("Last-Modified", offered.changed)):
            if value is not None:
                self.send_header(name, value)
        self.end_headers()

    def _send_body(self, offered: OfferedFile, body: bytes) -> None:
        if offered.breaks:
            self.wfile.write(body[: offered.breaks.pop(0)])
        elif offered.stalls:
            self.wfile.write(body[: offered.stalls.pop(0)])
            offered.closing.wait()
        else:
            self.wfile.write(body)


@contextmanager
def serving(offered: OfferedFile) -> Iterator[str]:
    """The address of the offered file while a server runs."""
    server = _Server(offered)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/models/net-1.pth"
    finally:
        offered.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
