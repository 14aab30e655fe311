"""An OpenAI-compatible server on loopback that says numbered words at a steady rate and remembers when it said them."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "steady"


class TokenServer(ThreadingHTTPServer):
    """Streams `w1 w2 w3 ...`, `per_second` words a second; after `length` words a reply is complete.

    `said` holds the time (`time.monotonic`) at which each word of the latest reply was sent.
    """

    daemon_threads = True

    def __init__(self, *, per_second: float = 20.0, length: int = 400) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.per_second = per_second
        self.length = length
        self.said: list[float] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it can be reached."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: TokenServer

    def do_GET(self) -> None:
        self._answer({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "us"}]})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if request.get("stream"):
            self._stream()
        else:
            message = {"role": "assistant", "content": "A"}
            self._answer(_chunk("chat.completion", {"message": message, "finish_reason": "stop"}))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _answer(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        said = self.server.said = []  # a stream whose client was killed goes on for a moment: not into the next one's
        began = time.monotonic()
        try:
            for number in range(1, self.server.length + 1):
                time.sleep(max(0.0, began + number / self.server.per_second - time.monotonic()))
                self._event(json.dumps(_piece({"content": f"w{number} "})))
                said.append(time.monotonic())
            self._event(json.dumps(_piece({}, "stop")))
            self._event("[DONE]")
        except (BrokenPipeError, ConnectionResetError):
            return  # the client was killed, which is what this is for

    def _event(self, data: str) -> None:
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()


def _piece(delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    return _chunk("chat.completion.chunk", {"delta": delta, "finish_reason": finish_reason})


def _chunk(kind: str, choice: dict[str, Any]) -> dict[str, Any]:
    return {"id": "x", "object": kind, "created": 0, "model": MODEL, "choices": [{"index": 0, **choice}]}
