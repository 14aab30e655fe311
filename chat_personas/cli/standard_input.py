"""Standard input for what goes on over it: lines as they come, keys that are no text, signals that end it.

No thread reads: it would stay in `read` when the program wants to end.
"""

import asyncio
import codecs
import os
import re
import signal
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress

from chat_personas.tui.leaving import SIGNALLED, SIGNALS, run_unwaited


class StandardInputMode(ABC):
    """What goes on over standard input and output until they end, or a signal ends the program."""

    def __init__(self) -> None:
        self._signal: int = signal.SIGINT

    def run(self) -> int:
        """Go on until standard input ends, or a signal ends the program; return the exit code.

        A reply that was being generated is kept as far as it came.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed.
        """
        try:
            return run_unwaited(self._listening())
        except asyncio.CancelledError:
            if self._signal != signal.SIGINT:
                return SIGNALLED + self._signal
            raise KeyboardInterrupt from None

    async def _listening(self) -> int:
        task = asyncio.current_task()
        assert task is not None
        for number in SIGNALS:
            if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
                asyncio.get_running_loop().add_signal_handler(number, self._interrupt, task, number)
        return await self._talk()

    @abstractmethod
    async def _talk(self) -> int:
        """Do all of it, and return the exit code."""

    def _interrupt(self, task: "asyncio.Task[int]", number: int) -> None:
        """End at once, because a signal came."""
        self._signal = number
        task.cancel()


class UnreadableLineError(Exception):
    """A line that is not text. The message says why, and what to do."""


BLOCK = 1 << 16


async def input_lines(descriptor: int) -> AsyncGenerator[str, None]:
    """Yield the lines of a terminal, pipe or file in UTF-8, without their ends; the last may lack one.

    A byte order mark is left out.

    Raises:
        UnreadableLineError: the line after those yielded is not UTF-8, or contains a NUL. Nothing is replaced: the
            corpus would then keep something else than was written.
    """
    first = True
    async with aclosing(raw_lines(descriptor)) as lines:
        async for line in lines:
            yield line_text(line.removeprefix(codecs.BOM_UTF8) if first else line)
            first = False


async def raw_lines(descriptor: int) -> AsyncGenerator[bytes, None]:
    """Yield the lines of a terminal, pipe or file as they come, without their ends; the last may lack one."""
    rest = b""
    while block := await _read(descriptor):
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line
    if rest:
        yield rest


def line_text(line: bytes) -> str:
    """Return a line as text. Raises UnreadableLineError."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise UnreadableLineError(
            f"is not UTF-8 (its byte {error.start + 1} is 0x{line[error.start]:02X}); convert the input with "
            "iconv -f ENCODING -t UTF-8, where ENCODING is often WINDOWS-1252 or UTF-16"
        ) from error
    if "\0" in text:
        raise UnreadableLineError(
            f"contains a NUL (its character {text.index(chr(0)) + 1}); remove it, or convert the input if it is UTF-16"
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


_KEYS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[A-Za-z]|.)?|[\x00-\x08\x0b-\x1f\x7f]")


def without_keys(line: str) -> tuple[str, int]:
    """Return a line without what a terminal sends for keys that have no character, such as arrows, and their number.

    The terminal's own line editing knows none of these keys.
    """
    return _KEYS.subn("", line)


LONGEST_TYPED = 4095
"""Bytes that Linux passes on of a line that was typed; it drops the rest without a word."""


class WaitingLines:
    """The lines of standard input, read also while the program is busy.

    Of lines that are `typed` on a terminal, `overhear` is told each as it comes, and says whether it took it. At each
    of the others, and at the end, `arrived` is set. Nothing gives way to the lines of a pipe, which were there before.
    """

    def __init__(self, descriptor: int, overhear: Callable[[str], bool]) -> None:
        self.typed = os.isatty(descriptor)
        self.arrived = asyncio.Event()
        self._descriptor = descriptor
        self._overhear = overhear
        self._waiting: asyncio.Queue[str | UnreadableLineError | None] = asyncio.Queue()

    async def read(self) -> None:
        """Take lines until standard input ends."""
        with suppress(OSError):  # the terminal is gone
            async with aclosing(raw_lines(self._descriptor)) as lines:
                async for line in lines:
                    self._take(line)
        self._put(None)

    async def next(self) -> str | None:
        """Return the next line, None at the end. Raises UnreadableLineError; the lines after that one follow."""
        line = await self._waiting.get()
        if isinstance(line, UnreadableLineError):
            raise line
        return line

    @property
    def empty(self) -> bool:
        """Whether no line waits."""
        return self._waiting.empty()

    @property
    def texts(self) -> list[str]:
        """The lines that wait, in order, without those that cannot be read."""
        lines = self._taken()
        for line in lines:
            self._waiting.put_nowait(line)
        return [line for line in lines if isinstance(line, str)]

    def leave_out(self, number: int) -> str:
        """Forget one of these lines, by its number from 1; return it."""
        text = self.texts[number - 1]
        lines = self._taken()
        lines.remove(text)
        for line in lines:
            self._waiting.put_nowait(line)
        return text

    def _taken(self) -> "list[str | UnreadableLineError | None]":
        return [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]

    def drop(self) -> int:
        """Forget the lines that wait, and return how many there were. The end of standard input stays."""
        lines = self._taken()
        if lines and lines[-1] is None:
            self._waiting.put_nowait(lines.pop())
        return len(lines)

    def _take(self, raw: bytes) -> None:
        try:
            line = line_text(raw)
        except UnreadableLineError as error:
            self._put(error)
            return
        if self.typed and len(raw) >= LONGEST_TYPED:
            self._put(UnreadableLineError(f"was cut by the terminal, which passes on {LONGEST_TYPED:,} bytes at most"))
        elif not (self.typed and self._overhear(line)):
            self._put(line)

    def _put(self, line: "str | UnreadableLineError | None") -> None:
        self._waiting.put_nowait(line)
        if self.typed:
            self.arrived.set()
