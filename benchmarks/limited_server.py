"""An OpenAI-compatible server on loopback with a fixed time to answer and a limit of requests at once: 429 above it.

    python -m benchmarks.limited_server --seconds 0.2 --at-once 32

Prints its address, serves until its standard input ends, and then prints how many it answered and refused.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import PIPE, Popen
from typing import Any

MODEL = "limited"


@dataclass(slots=True)
class LimitedServer:
    """Counts what it does."""

    seconds: float
    at_once: int
    under_way: int = 0
    answered: int = 0
    refused: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, one request after another."""
        try:
            while (head := await reader.readuntil(b"\r\n\r\n")) != b"":
                await reader.readexactly(_length(head))
                if head.startswith(b"GET"):
                    _send(writer, 200, {"object": "list", "data": [_model()]})
                else:
                    await self._answer(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the client has gone, as clients do
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        if self.under_way >= self.at_once:
            self.refused += 1
            _send(writer, 429, {"error": {"message": "too many requests at once"}})
            return
        self.under_way += 1
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.under_way -= 1
        self.answered += 1
        _send(writer, 200, ANSWER)


@contextmanager
def limited_server(seconds: float, at_once: int) -> Iterator[str]:
    """Run the server in a process of its own, so that it takes no time from the one measured; yield its URL."""
    command = [sys.executable, "-m", "benchmarks.limited_server", "--seconds", str(seconds), "--at-once", str(at_once)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def _answer() -> dict[str, Any]:
    top = [{"token": letter, "logprob": -float(rank + 1), "bytes": None} for rank, letter in enumerate("ABCDEFGHIJ")]
    content = [{"token": "A", "logprob": -1.0, "bytes": None, "top_logprobs": top}]
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "A"},
        "finish_reason": "length",
        "logprobs": {"content": content},
    }
    usage = {"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101}
    return {"id": "x", "object": "chat.completion", "created": 0, "model": MODEL, "choices": [choice], "usage": usage}


ANSWER = _answer()


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": "us"}


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def _send(writer: asyncio.StreamWriter, status: int, document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)


async def _serve(seconds: float, at_once: int) -> None:
    limited = LimitedServer(seconds, at_once)
    server = await asyncio.start_server(limited.handle, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(f"{limited.answered} answered, {limited.refused} refused", flush=True)
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--at-once", type=int, default=32)
    chosen = parser.parse_args()
    asyncio.run(_serve(chosen.seconds, chosen.at_once))
