"""A chat completion server in a thread that misbehaves in every way, and counts what it answered well."""

import json
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from tests.engines.openai.scripted_server import completion

QUESTION = re.compile(r"What about (Q\d+)\?")
PASSING = ("429", "500", "half a body", "malformed")
"""Faults that do not come back when the same is asked again."""


class FaultyServer(ThreadingHTTPServer):
    """Answers probes with log-probabilities.

    Every third new prompt gets the next of `PASSING` first; questions in `lasting` get their fault always. When
    `interrupt_at` prompts have been answered, the person at this process presses Ctrl-C; when `gone_at` have been, the
    server goes away. The request that came then stays without an answer.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.answered: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.lasting: Mapping[str, str] = {}
        self.interrupt_at: int | None = None
        self.gone_at: int | None = None
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._seen: set[str] = set()

    def fault(self, prompt: str) -> str | None:
        """Decide what goes wrong with this request, and count what goes well."""
        question = QUESTION.search(prompt)
        with self._lock:
            if question is None:
                return None  # the request that finds out what the server can do
            if self.interrupt_at == len(self.answered):
                self.interrupt_at = None
                return "interrupt"
            if self.gone_at == len(self.answered):
                return "gone"
            fault = self.lasting.get(question[1])
            if fault is None and prompt not in self._seen:
                self._seen.add(prompt)
                place, passing = divmod(len(self._seen), 3)
                fault = PASSING[place % len(PASSING)] if passing == 0 else None
            if fault is None:
                self.answered[prompt] += 1
            else:
                self.faults[fault] += 1
            return fault


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultyServer
    TOP: ClassVar = [("A", -0.4), (" A", -3.0), ("B", -1.4), (" B", -4.0)]

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [{"id": "m", "object": "model", "created": 0, "owned_by": "t"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/chat/completions"):
            self._send(404, {"detail": "Not Found"})  # it has no tokenizer
            return
        fault = self.server.fault(body["messages"][-1]["content"])
        if fault is None:
            self._send(200, completion("A", self.TOP))
        elif fault == "interrupt":
            os.kill(os.getpid(), signal.SIGINT)
            self.server.closing.wait()
        elif fault == "gone":
            self.server.shutdown()
            self.server.server_close()
            self.close_connection = True
        elif fault in ("429", "500"):
            self._send(int(fault), {"error": {"message": "not now"}})
        elif fault == "half a body":
            self._send(200, completion("A", self.TOP), cut_at=50)
        elif fault == "malformed":
            self._send(200, '{"choices": [{"index"')
        elif fault == "impossible":
            self._send(200, completion("A", [("A", -0.1), ("B", -0.1)]))  # 0.905 twice
        else:
            self._send(200, completion("A"))  # no log-probabilities

    def _send(self, status: int, answer: object, cut_at: int | None = None) -> None:
        payload = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": len(payload),
            "Retry-After": 0,
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(payload[:cut_at])
        if cut_at is not None:
            self.close_connection = True


@contextmanager
def faulty_server() -> Iterator[FaultyServer]:
    """Serve on a free port of 127.0.0.1."""
    server = FaultyServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
