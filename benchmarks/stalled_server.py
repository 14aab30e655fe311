"""A server on loopback that stalls: it accepts and then says nothing, or so slowly that it never ends.

    python -m benchmarks.stalled_server dripping_list

It prints its address and stalls until its standard input ends. What it does well before it stalls is what a server for
`benchmarks.token_server` does: it lists one model, and answers one token with log-probabilities.
"""

import argparse
import json
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal, get_args

Stall = Literal[
    "silent",  # it accepts, and never says anything
    "full",  # it does not even accept
    "dripping_head",  # the head of every answer comes byte by byte, without an end
    "dripping_list",  # the list of models does
    "silent_answer",  # the list comes; the answer of one token, with which a model is opened, does not
    "dripping_answer",  # it comes byte by byte
    "silent_reply",  # the model opens; a reply does not begin
    "dripping_reply",  # it sends comments in place of words
    "silent_in_reply",  # it ends in the middle of a sentence
    "silent_probes",  # everything comes but the answers to probes
    "half_closed",  # it shuts its side of the connection, and leaves the other open
    "reset",  # it resets every connection on which something is asked
]

STALLS: tuple[Stall, ...] = get_args(Stall)
DRIP = 0.5
"""Seconds between two bytes."""
MODEL = "stalling"


class StalledServer:
    """Serves on a free port of 127.0.0.1 until it is closed; `asked` holds the paths of the requests."""

    def __init__(self, stall: Stall) -> None:
        self.stall = stall
        self.asked: list[str] = []
        self._first, self._over = threading.Event(), threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=0 if stall == "full" else 64)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1"
        self._held = list[socket.socket]()
        if stall == "full":
            self._fill()
        else:
            threading.Thread(target=self._accept, daemon=True).start()

    def wait_until_asked(self) -> None:
        """Wait for the first request."""
        self._first.wait()

    def close(self) -> None:
        """Stop serving, and close every connection."""
        self._over.set()
        for each in (self._listening, *self._held):
            each.close()

    def _fill(self) -> None:
        """Make the connections that the system still accepts by itself: all further ones wait."""
        for _ in range(8):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(self._listening.getsockname())
            self._held.append(waiting)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._held.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError), connection.makefile("rb") as reader:
            while (request := reader.readline()) and not self._over.is_set():
                length = 0
                while (line := reader.readline().strip()) != b"":
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                body = json.loads(reader.read(length)) if length else {}
                self.asked.append(request.split()[1].decode())
                self._first.set()
                self._answer(connection, body)

    def _answer(self, connection: socket.socket, body: dict[str, object]) -> None:
        kind = "list" if not body else "reply" if body.get("stream") else "probe" if _is_probe(body) else "answer"
        if self.stall in _ALWAYS or self.stall in (f"silent_{kind}", f"dripping_{kind}", f"silent_{kind}s"):
            self._stall(connection)
        if kind == "list":
            _send(connection, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        elif kind == "reply":
            self._reply(connection)
        else:
            _send(connection, _ANSWER)

    def _stall(self, connection: socket.socket) -> None:
        """Stall until the server is closed. Raises ConnectionResetError: the connection is no more."""
        if self.stall == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        elif self.stall == "half_closed":
            connection.shutdown(socket.SHUT_WR)
            self._over.wait()
        elif self.stall == "dripping_head":
            self._drip(connection, b"HTTP/1.1 200 OK\r\nX-Padding: ")
        elif self.stall == "dripping_reply":
            self._drip(connection, _head(None, "text/event-stream") + b": ")
        elif self.stall.startswith("dripping"):
            self._drip(connection, _head(100_000))
        else:
            self._over.wait()
        raise ConnectionResetError

    def _reply(self, connection: socket.socket) -> None:
        connection.sendall(_head(None, "text/event-stream"))
        _event(connection, {"delta": {"content": "Half a sentence"}})
        if self.stall == "silent_in_reply":
            self._over.wait()
        _event(connection, {"delta": {}, "finish_reason": "stop"})
        connection.sendall(b"data: [DONE]\n\n")
        connection.close()
        raise ConnectionResetError  # nothing more comes on it

    def _drip(self, connection: socket.socket, begin: bytes) -> None:
        connection.sendall(begin)
        while not self._over.wait(DRIP):
            connection.sendall(b" ")


_ALWAYS = ("silent", "dripping_head", "half_closed", "reset")


def _is_probe(body: dict[str, object]) -> bool:
    """Whether it is a question after a system prompt; the question that opens a model has none."""
    messages = body.get("messages")
    return isinstance(messages, list) and len(messages) > 1


def _head(length: int | None, kind: str = "application/json") -> bytes:
    body = "Connection: close" if length is None else f"Content-Length: {length}"
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{body}\r\n\r\n".encode()


def _send(connection: socket.socket, document: object) -> None:
    body = json.dumps(document).encode()
    connection.sendall(_head(len(body)) + body)


def _event(connection: socket.socket, choice: dict[str, object]) -> None:
    document = {"id": "x", "object": "chat.completion.chunk", "model": MODEL, "choices": [{"index": 0, **choice}]}
    connection.sendall(f"data: {json.dumps(document)}\n\n".encode())


_SHOWN = [{"token": letter, "logprob": -0.7 * (rank + 1)} for rank, letter in enumerate("ABCDEFGHIJ")]
_ANSWER = {
    "id": "x",
    "object": "chat.completion",
    "model": MODEL,
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "A"},
            "finish_reason": "stop",
            "logprobs": {"content": [{"token": "A", "logprob": -0.7, "top_logprobs": _SHOWN}]},
        }
    ],
}


@contextmanager
def stalled_server(stall: Stall) -> Iterator[StalledServer]:
    """Serve in threads of this process for the length of a `with` block."""
    server = StalledServer(stall)
    try:
        yield server
    finally:
        server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stall", choices=STALLS)
    print(StalledServer(parser.parse_args().stall).url, flush=True)
    sys.stdin.read()
