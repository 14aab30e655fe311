"""Lines of standard input as they come, without a thread that would sit in `read` when the program wants to end."""

import asyncio
import codecs
import os
from collections.abc import AsyncGenerator

BLOCK = 1 << 16


async def input_lines(descriptor: int) -> AsyncGenerator[str, None]:
    """Yield the lines of a terminal, pipe or file in UTF-8, without their ends; the last may lack one.

    A byte order mark is left out, and what is no UTF-8 becomes U+FFFD.
    """
    decode = codecs.getincrementaldecoder("utf-8-sig")(errors="replace").decode
    rest = ""
    while block := await _read(descriptor):
        *whole, rest = (rest + decode(block)).split("\n")
        for line in whole:
            yield line
    if rest := rest + decode(b"", final=True):
        yield rest


async def _read(descriptor: int) -> bytes:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except PermissionError:  # a file on disk is always ready, and cannot be waited for
        return os.read(descriptor, BLOCK)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, BLOCK)
