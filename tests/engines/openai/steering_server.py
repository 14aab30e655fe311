"""A loopback server that takes vectors as EasySteer or vLLM-Lens does, by rules of its own about what they do.

It reads the vectors out of a request as those programs read them. Its model has states of four numbers, and says A, B
or C: the vectors after all layers are added up, and the sum's first three numbers are added to the log-odds of A, B, C.
"""

import asyncio
import base64
import json
import math
import queue
import struct
import threading
from asyncio import StreamWriter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.engines.openai.scripted_server import (
    Reply,
    Request,
    ScriptedServer,
    chunk,
    completion,
    send_events,
    send_json,
    serving,
)

Vectors = dict[int, tuple[float, ...]]
Reader = Callable[[dict[str, Any]], Vectors]
"""Reads the vectors out of the body of a request."""
WIDTH, LAYERS = 4, 8
ODDS = (0.0, -1.0, -2.0)


def floats(data: str) -> tuple[float, ...]:
    """Return the numbers in base64 of single precision, the least significant byte first."""
    raw = base64.b64decode(data)
    return struct.unpack(f"<{len(raw) // 4}f", raw)


def read_as_easysteer(body: dict[str, Any]) -> Vectors:
    """Read the vectors as `SteeringSpec` of EasySteer does; what it would refuse raises ValueError."""
    if "steering" not in body:
        return {}
    (one,) = body["steering"]["vectors"]
    if one.keys() - {"data", "algorithm", "scale", "layers", "normalize", "apply"}:
        raise ValueError("extra inputs are not permitted")
    data = one["data"]
    if (data["version"], data["kind"], one["algorithm"]) != (1, "direction", "direct") or "sha256" not in data:
        raise ValueError("not a direction")
    if one["normalize"] or one["apply"] != {"prompt": "all", "generation": "all"}:
        raise ValueError("this would not be an addition to every token")
    found = {}
    for name, tensor in data["tensors"].items():
        values = floats(tensor["data"])
        if tensor["shape"] != [len(values)]:
            raise ValueError("wrong shape")
        found[int(name.removeprefix("layer."))] = tuple(one["scale"] * value for value in values)
    return {layer: found[layer] for layer in one["layers"]}


def read_as_vllm_lens(body: dict[str, Any]) -> Vectors:
    """Read the vectors as `SteeringVector` of vLLM-Lens does; as there, those of another width do nothing."""
    sent = body.get("vllm_xargs", {}).get("apply_steering_vectors")
    if sent is None:
        return {}
    (one,) = json.loads(sent)
    if one["norm_match"] or one.get("position_indices") is not None:
        raise ValueError("this would not be an addition to every token")
    packed, layers = one["activations"], one["layer_indices"]
    rows, width = packed["shape"]
    if packed["dtype"] != "float32" or packed["original_dtype"] != "torch.float32" or rows != len(layers):
        raise ValueError("activations dim 0 must match len(layer_indices)")
    if width != WIDTH:
        return {}
    values = floats(packed["data"])
    cut = [values[place * width : (place + 1) * width] for place in range(rows)]
    return {layer: tuple(one["scale"] * value for value in row) for layer, row in zip(layers, cut, strict=True)}


def nothing(_body: dict[str, Any]) -> Vectors:
    """Leave unknown fields out of account, as a server without the extension does."""
    return {}


def next_words(vectors: Vectors) -> list[tuple[str, float]]:
    """Return the log-probabilities of A, B and C under these vectors."""
    total = [sum(vector[place] for layer, vector in vectors.items() if layer < LAYERS) for place in range(3)]
    odds = [one + more for one, more in zip(ODDS, total, strict=True)]
    norm = max(odds) + math.log(math.fsum(math.exp(one - max(odds)) for one in odds))
    return [(word, one - norm) for word, one in zip("ABC", odds, strict=True)]


def taking(read: Reader) -> Reply:
    """Return what answers as this model does, with the vectors that `read` finds in a request."""

    async def reply(request: Request, writer: StreamWriter) -> None:
        body: dict[str, Any] = request.body
        try:
            top = next_words(read(body))
        except (ValueError, KeyError) as error:
            await send_json(writer, 400, {"error": {"message": str(error)}})
            return
        likeliest = max(top, key=lambda one: one[1])[0]
        if body.get("stream"):
            await send_events(writer, [chunk(likeliest, "stop"), "[DONE]"])
        else:
            await send_json(writer, 200, completion(likeliest, top))

    return reply


@contextmanager
def in_a_thread(reply: Reply, models: tuple[str, ...] = ("scripted",)) -> Iterator[ScriptedServer]:
    """Serve on an event loop of its own, for commands that have theirs."""
    with asyncio.Runner() as runner:
        loop, stopped = runner.get_loop(), asyncio.Event()
        started: queue.Queue[ScriptedServer] = queue.Queue()

        async def serve() -> None:
            async with serving(reply, models) as server:
                started.put(server)
                await stopped.wait()

        thread = threading.Thread(target=runner.run, args=(serve(),))
        thread.start()
        try:
            yield started.get()
        finally:
            loop.call_soon_threadsafe(stopped.set)
            thread.join()
