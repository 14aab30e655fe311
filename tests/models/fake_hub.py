"""A small hub on 127.0.0.1: it answers for one file as the Hugging Face hub does, and can fail in several ways."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "ab" * 20
FIRST_BYTES = "bytes=0-65535"
"""What is asked for to tell how much memory a model needs."""


@dataclass
class FakeHub:
    """What the hub has, and how it fails.

    Attributes:
        content: the bytes of the file.
        sha256: the hash that it announces; None: the right one.
        break_off: after how many bytes of an answer it closes the connection, for each of the next answers.
        ranges: whether it sends ranges, or begins again each time.
        status: what it answers to everything, if set.
        sends_to: where it says that everything is, if set.
        asked: method, path, range and authorisation of every request.
    """

    content: bytes
    sha256: str | None = None
    break_off: list[int] = field(default_factory=list)
    ranges: bool = True
    status: int | None = None
    sends_to: str | None = None
    asked: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)
    url: str = ""

    @property
    def sent_from(self) -> list[int]:
        """Where each answer with the file's bytes began, but for the first 64 KB that tell the memory."""
        ranges = [given for method, path, given, _ in self.asked if method == "GET" and path.startswith("/cdn/")]
        starts = [int((given or "bytes=0-").removeprefix("bytes=").split("-")[0]) for given in ranges]
        return [start for start, given in zip(starts, ranges, strict=True) if given != FIRST_BYTES]


class Handler(BaseHTTPRequestHandler):
    """Answers one request; `hub` is set on a class of each server's own."""

    hub: FakeHub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub, given = self.hub, self.headers.get("Range")
        hub.asked.append((self.command, self.path, given, self.headers.get("Authorization")))
        if hub.status is not None:
            self._head(hub.status, {})
        elif hub.sends_to is not None:
            self._head(302, {"Location": hub.sends_to})
        elif "/resolve/" in self.path:
            digest = hub.sha256 or hashlib.sha256(hub.content).hexdigest()
            elsewhere = hub.url.replace("127.0.0.1", "localhost")  # the hub's storage is on another host
            about = {"X-Repo-Commit": COMMIT, "X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(hub.content))}
            self._head(302, {"Location": f"{elsewhere}/cdn/file", **about})
        else:
            self._send(given)

    def _send(self, given: str | None) -> None:
        hub = self.hub
        first, last = 0, len(hub.content) - 1
        if given and hub.ranges:
            start, _, end = given.removeprefix("bytes=").partition("-")
            first, last = int(start), min(int(end or last), last)
        content = hub.content[first : last + 1]
        self._head(206 if given and hub.ranges else 200, {}, len(content))
        if hub.break_off and given != FIRST_BYTES:
            content = content[: hub.break_off.pop(0)]
            self.close_connection = True
        with suppress(ConnectionError):  # whoever needs only the first bytes hangs up
            self.wfile.write(content)

    def _head(self, status: int, headers: dict[str, str], length: int = 0) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(key, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving_hub(content: bytes) -> Iterator[FakeHub]:
    """Serve `content` as the file of every repository."""
    hub = FakeHub(content)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OwnHandler", (Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
