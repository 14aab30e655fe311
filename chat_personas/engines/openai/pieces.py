"""A streamed reply of a server as pieces."""

import time
from collections.abc import AsyncGenerator
from typing import Any

from eval.engine import FinishReason, Piece, Usage

FINISH_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


async def pieces_of(request: Any, began: float, seed: int, dropped: int) -> AsyncGenerator[Piece, None]:
    """Yield the pieces of a reply that was asked for at `began` (monotonic) after leaving out `dropped` messages.

    Raises:
        openai.OpenAIError: the server failed.
        httpx2.HTTPError: the connection broke.
    """
    first: float | None = None
    count = 0
    async with request as chunks:
        async for chunk in chunks:
            if not chunk.choices:
                continue
            choice = chunk.choices[0]
            text = (choice.delta.content if choice.delta else None) or ""
            if text:
                count += 1
                first = first if first is not None else time.monotonic() - began
            finish = FINISH_REASONS.get(choice.finish_reason, "stop") if choice.finish_reason else None
            usage = Usage(None, None, count, time.monotonic() - began, first, seed) if finish else None
            if text or finish:
                yield Piece(text, finish, dropped, usage)
                dropped = 0
