"""Lines of standard input as they come, without a thread that would sit in `read` when the program wants to end."""

import asyncio
import codecs
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing

BLOCK = 1 << 16


class UnreadableLineError(Exception):
    """A line that is no text. The message says why, and what to do."""


async def input_lines(descriptor: int) -> AsyncGenerator[str, None]:
    """Yield the lines of a terminal, pipe or file in UTF-8, without their ends; the last may lack one.

    A byte order mark is left out.

    Raises:
        UnreadableLineError: the line after those yielded is no UTF-8, or holds a NUL. Neither is replaced by something
            else: what is kept as said would not be what was said.
    """
    first = True
    async with aclosing(_raw_lines(descriptor)) as lines:
        async for line in lines:
            yield _text(line.removeprefix(codecs.BOM_UTF8) if first else line)
            first = False


async def _raw_lines(descriptor: int) -> AsyncGenerator[bytes, None]:
    rest = b""
    while block := await _read(descriptor):
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line
    if rest:
        yield rest


def _text(line: bytes) -> str:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise UnreadableLineError(
            f"is not UTF-8 (its byte {error.start + 1} is 0x{line[error.start]:02X}); convert the input with "
            "iconv -f ENCODING -t UTF-8, where ENCODING is often WINDOWS-1252 or UTF-16"
        ) from error
    if "\0" in text:
        raise UnreadableLineError(
            f"holds a NUL (its character {text.index(chr(0)) + 1}); take it out, or convert the input if it is UTF-16"
        )
    return text


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
