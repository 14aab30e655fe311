"""A loopback server for the faults that a real one does not produce on demand: HTTP/1.1 and chat completions."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Reply = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """What the client sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, object]


@dataclass
class ScriptedServer:
    """Answers `/models` by itself and everything else by `reply`; keeps every request.

    Without `models` the list of models, too, is answered by `reply`.
    """

    reply: Reply
    models: tuple[str, ...] = ("scripted",)
    requests: list[Request] = field(default_factory=list)
    url: str = ""
    under_way: int = 0
    most_under_way: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, one request after another."""
        try:
            while request := await _read(reader):
                self.requests.append(request)
                if self.models and request.path.endswith("/models"):
                    await send_json(writer, 200, {"object": "list", "data": [_model(name) for name in self.models]})
                    continue
                self.under_way += 1
                self.most_under_way = max(self.most_under_way, self.under_way)
                try:
                    await self.reply(request, writer)
                finally:
                    self.under_way -= 1
                if writer.is_closing():
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def serving(reply: Reply, models: tuple[str, ...] = ("scripted",)) -> AsyncIterator[ScriptedServer]:
    """Serve on a free port of 127.0.0.1."""
    scripted = ScriptedServer(reply, models)
    server = await asyncio.start_server(scripted.handle, "127.0.0.1", 0)
    scripted.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield scripted
    finally:
        server.close()


async def send_json(
    writer: asyncio.StreamWriter, status: int, body: object, headers: dict[str, str] | None = None
) -> None:
    """Send one JSON answer."""
    payload = json.dumps(body).encode()
    extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}\r\n{extra}\r\n"
    writer.write(head.encode() + payload)
    await writer.drain()


async def send_redirect(writer: asyncio.StreamWriter, status: int, location: str) -> None:
    """Send the client to another address."""
    writer.write(f"HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
    await writer.drain()


async def send_events(writer: asyncio.StreamWriter, events: list[str]) -> None:
    """Send server-sent events and close the connection, whether or not the reply was finished."""
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + "".join(f"data: {event}\n\n" for event in events).encode())
    await writer.drain()
    writer.close()


def chunk(text: str, finish: str | None = None) -> str:
    """Return one chunk of a streamed reply."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return json.dumps({"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]})


def completion(text: str, top: list[tuple[str, float]] | None = None) -> dict[str, object]:
    """Return a whole answer, with the likeliest first tokens if given."""
    shown = [{"token": token, "logprob": value, "bytes": None} for token, value in top or []]
    content = [{"token": text, "logprob": 0.0, "bytes": None, "top_logprobs": shown}]
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
        "logprobs": {"content": content} if top else None,
    }
    usage = {"prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8}
    return {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "tests"}


async def _read(reader: asyncio.StreamReader) -> Request | None:
    first = await reader.readline()
    if not first:
        return None
    method, path, _ = first.decode().split(" ", 2)
    headers: dict[str, str] = {}
    while (line := (await reader.readline()).decode().strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, json.loads(raw) if raw else {})


async def send_stream(writer: asyncio.StreamWriter, *pieces: bytes, kind: str = "text/event-stream") -> None:
    """Send these bytes as the body of a successful answer and close the connection."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + b"".join(pieces))
    await writer.drain()
    writer.close()
