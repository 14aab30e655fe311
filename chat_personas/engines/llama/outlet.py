"""How results get from the worker thread to the event loop that waits for them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Outlet(Generic[T]):
    """A one-way channel out of a thread. Made inside the event loop that will read it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[T | _End] = asyncio.Queue()

    def put(self, item: T) -> None:
        """Hand over one result; for the worker thread."""
        self._post(item)

    def end(self, error: BaseException | None = None) -> None:
        """Say that nothing more comes, because of `error` if there is one; for the worker thread."""
        self._post(_End(error))

    async def items(self) -> AsyncIterator[T]:
        """Yield what is put until the end. Raises the error that it ended with."""
        while True:
            item = await self._queue.get()
            if not isinstance(item, _End):
                yield item
            elif item.error is not None:
                raise item.error
            else:
                return

    def _post(self, item: T | _End) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
        except RuntimeError:
            if not self._loop.is_closed():  # a closed loop has nobody left who could want the result
                raise
