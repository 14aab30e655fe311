"""An OpenAI-compatible server on loopback that says numbered words at a steady rate and remembers when it said them.

    python -m benchmarks.token_server --per-second 200 --length 420 --probe-seconds 0.15

It prints its address and serves until its standard input ends.
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import PIPE, Popen
from typing import Any

from benchmarks.hostile_replies import KINDS, LARGE

MODEL = "steady"


class TokenServer(ThreadingHTTPServer):
    """Streams `w1 w2 w3 ...`, `per_second` words a second; after `length` words a reply is complete.

    A message that ends in a colon and a name of `KINDS` or `LARGE` is answered with so many pieces of that instead.
    A new paragraph begins after every `paragraph` words, if that is set. Probes, which are not streamed, are answered
    after `probe_seconds`. `said` holds the time (`time.monotonic`) at which each word of the latest reply was sent.
    """

    daemon_threads = True

    def __init__(
        self, *, per_second: float = 20.0, length: int = 400, paragraph: int = 0, probe_seconds: float = 0.0
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.per_second = per_second
        self.length = length
        self.paragraph = paragraph
        self.probe_seconds = probe_seconds
        self.said: list[float] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it can be reached."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that were killed; every other mistake is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def token_server(**options: float) -> Iterator[str]:
    """Run a server in a process of its own, so that it takes no time from the one that measures; yield its address."""
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    with Popen(
        [sys.executable, "-m", "benchmarks.token_server", *words], stdin=PIPE, stdout=PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


class _Handler(BaseHTTPRequestHandler):
    server: TokenServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "us"}]})

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        if len(body := self.rfile.read(length)) < length:
            self.close_connection = True
            return  # the client was killed while it asked
        request = json.loads(body)
        if request.get("stream"):
            self._stream(request["messages"][-1]["content"].rpartition(":")[2])
        else:
            time.sleep(self.server.probe_seconds)
            message = {"role": "assistant", "content": "A"}
            shown = _likeliest() if request.get("logprobs") else None
            self._answer(_chunk("chat.completion", {"message": message, "finish_reason": "stop", "logprobs": shown}))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _answer(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        said = self.server.said = []  # a stream whose client was killed goes on for a moment: not into the next one's
        began = time.monotonic()
        try:
            for number, text in enumerate({**KINDS, **LARGE}.get(kind, self._words)(self.server.length), start=1):
                time.sleep(max(0.0, began + number / self.server.per_second - time.monotonic()))
                self._event(json.dumps(_piece({"content": text})))
                said.append(time.monotonic())
            self._event(json.dumps(_piece({}, "stop")))
            self._event("[DONE]")
        except (BrokenPipeError, ConnectionResetError):
            return  # the client was killed, which is what this is for

    def _words(self, count: int) -> Iterator[str]:
        for number in range(1, count + 1):
            ends = self.server.paragraph and number % self.server.paragraph == 0
            yield f"w{number}" + ("\n\n" if ends else " ")

    def _event(self, data: str) -> None:
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()


def _piece(delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    return _chunk("chat.completion.chunk", {"delta": delta, "finish_reason": finish_reason})


def _chunk(kind: str, choice: dict[str, Any]) -> dict[str, Any]:
    return {"id": "x", "object": kind, "created": 0, "model": MODEL, "choices": [{"index": 0, **choice}]}


def _likeliest() -> dict[str, Any]:
    """The letters as the likeliest first tokens, each half as likely as the one before."""
    shown = [{"token": letter, "logprob": -0.7 * (rank + 1), "bytes": None} for rank, letter in enumerate("ABCDEFGHIJ")]
    return {"content": [{"token": "A", "logprob": -0.7, "bytes": None, "top_logprobs": shown}]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-second", type=float, default=20.0)
    parser.add_argument("--length", type=int, default=400)
    parser.add_argument("--paragraph", type=int, default=0)
    parser.add_argument("--probe-seconds", type=float, default=0.0)
    print(TokenServer(**vars(parser.parse_args())).url, flush=True)
    sys.stdin.read()
