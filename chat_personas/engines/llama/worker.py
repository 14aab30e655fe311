"""The one thread that owns the model, with a priority queue of jobs in front of it.

A llama.cpp context is not for sharing between threads. So all work on it is a `Job` that runs in this thread. Its
results come out of a `ResultChannel` to the event loop that waits for them. An `InterruptFlag` stops a decode that is
running, because the job is cancelled or a more urgent one has come.
"""

import asyncio
import atexit
import ctypes
import heapq
import itertools
import logging
import sys
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from eval.engine import EngineError

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Priority(IntEnum):
    """Who goes first: a person waits for a reply; measuring uses the time between."""

    REPLY = 0
    MEASUREMENT = 1


class Job(ABC, Generic[T]):
    """Work for the thread that owns the model; its results come out of `results` one by one.

    `run` may be called again after it raised `Interrupted`, and then goes on where it stopped. It leaves the cache such
    that any other job can follow.
    """

    priority: ClassVar[Priority]

    def __init__(self) -> None:
        self.results: ResultChannel[T] = ResultChannel()
        self.cancelled = False

    @abstractmethod
    def run(self, runtime: "Runtime", flag: "InterruptFlag") -> None:
        """Do the work, or the rest of it. Raises Interrupted when the flag goes up."""


class CallJob(Job[T]):
    """A function that is called once with the runtime, in the thread that owns it."""

    priority = Priority.REPLY

    def __init__(self, function: Callable[["Runtime"], T]) -> None:
        super().__init__()
        self._function = function

    def run(self, runtime: "Runtime", flag: "InterruptFlag") -> None:
        """Call the function."""
        self.results.put(self._function(runtime))


_Entry = tuple[int, int, Job[Any]]
"""A queued job behind its priority and its number, by which the queue is ordered."""
_PATIENCE_AT_EXIT = 5.0  # seconds
_open_workers: "weakref.WeakSet[Worker]" = weakref.WeakSet()


class Worker:
    """Runs jobs one at a time, the most urgent first, and stops a running job for a more urgent one.

    A job that was stopped goes back to its place in the queue. All fields below the lock are touched under it only,
    and the interrupt flag is cleared under it when a job begins: so the flag always means the job that is running.
    """

    def __init__(
        self, load: "Callable[[InterruptFlag], Runtime]", loaded: "Callable[[Runtime | BaseException], None]"
    ) -> None:
        """Start the thread. It calls `load` first, and `loaded` with the result or the error; then it takes jobs."""
        self._flag = InterruptFlag()
        self._lock = threading.Condition()
        self._queue: list[_Entry] = []
        self._numbers = itertools.count()
        self._running: Job[Any] | None = None
        self._closing = False
        # A daemon, so that a program that fails elsewhere can still end; `close` is the orderly way.
        self._thread = threading.Thread(target=self._live, args=(load, loaded), name="llama", daemon=True)
        self._thread.start()
        _open_workers.add(self)

    def submit(self, job: Job[Any]) -> None:
        """Queue a job; a less urgent one that is running gives way.

        Raises:
            EngineError: the model was closed.
        """
        with self._lock:
            if self._closing:
                raise EngineError("the model is closed; open it again")
            heapq.heappush(self._queue, (job.priority, next(self._numbers), job))
            if self._running is not None and job.priority < self._running.priority:
                self._flag.set()
            self._lock.notify()

    def cancel(self, job: Job[Any]) -> None:
        """Drop a job that is queued or running; one that is done is left alone."""
        with self._lock:
            job.cancelled = True
            if self._running is job:
                self._flag.set()

    def close(self, patience: float | None = None) -> None:
        """Stop the running job, free the model and wait for the thread to end, at most `patience` seconds.

        Jobs that are still queued end without a result.
        """
        self.begin_close()
        self._thread.join(patience)

    def begin_close(self) -> None:
        """Ask the thread to stop and end, without waiting for it."""
        with self._lock:
            self._closing = True
            self._flag.set()
            self._lock.notify()

    def _live(
        self, load: "Callable[[InterruptFlag], Runtime]", loaded: "Callable[[Runtime | BaseException], None]"
    ) -> None:
        try:
            runtime = load(self._flag)
        except BaseException as error:
            loaded(error)
            return
        loaded(runtime)
        try:
            while (entry := self._next()) is not None:
                self._run(entry, runtime)
        finally:
            runtime.close()
            self._end_all()

    def _next(self) -> _Entry | None:
        """Wait for the most urgent job; None when the worker closes."""
        with self._lock:
            while not self._closing:
                if not self._queue:
                    self._lock.wait()
                    continue
                entry = heapq.heappop(self._queue)
                job = entry[2]
                if not job.cancelled:
                    self._running = job
                    self._flag.clear()
                    return entry
                job.results.end()
            return None

    def _run(self, entry: _Entry, runtime: "Runtime") -> None:
        job = entry[2]
        error: BaseException | None = None
        try:
            job.run(runtime, self._flag)
        except Interrupted:
            if self._put_back(entry):
                return
        except Exception as raised:
            logger.debug("a job failed", exc_info=raised)
            error = raised
        with self._lock:
            self._running = None
        job.results.end(error)

    def _put_back(self, entry: _Entry) -> bool:
        """Queue an interrupted job again at its old place; return False if it was cancelled."""
        with self._lock:
            self._running = None
            if entry[2].cancelled:
                return False
            heapq.heappush(self._queue, entry)
            return True

    def _end_all(self) -> None:
        with self._lock:
            waiting, self._queue = self._queue, []
        for _, _, job in waiting:
            job.results.end()


@atexit.register
def _close_open_workers() -> None:
    """Close what was not closed: the interpreter must not end while C++ code is about to call back into it."""
    for worker in list(_open_workers):
        worker.close(_PATIENCE_AT_EXIT)


class ResultChannel(Generic[T]):
    """A one-way channel out of a thread. Create it in the event loop that will read it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[T | _End] = asyncio.Queue()

    def put(self, item: T) -> None:
        """Hand over one result; for the worker thread."""
        self._post(item)

    def end(self, error: BaseException | None = None) -> None:
        """Say that no more results come, because of `error` if there is one; for the worker thread."""
        self._post(_End(error))

    async def items(self) -> AsyncGenerator[T, None]:
        """Yield the results until the end. Raises the error that the channel ended with."""
        while True:
            item = await self._queue.get()
            if not isinstance(item, _End):
                yield item
            elif item.error is not None:
                raise item.error
            else:
                return

    def _post(self, item: "T | _End") -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
        except RuntimeError:
            if not self._loop.is_closed():  # a closed loop has nobody left who could want the result
                raise


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Interrupted(Exception):  # noqa: N818 - a request to stop, not an error
    """The interrupt flag went up: the job that runs must leave the cache in order and give way."""


class InterruptFlag:
    """One byte that llama.cpp looks at between two operations of a decode; any thread can set it.

    llama.cpp asks an abort callback a thousand times per decode. A callback in Python would have to wait for the
    interpreter lock each time, behind whatever the screen is doing. C's own `strlen` answers the same question
    without it: the length of a string of one byte is 0 while that byte is 0, and 1 (true) once it is not.
    """

    def __init__(self) -> None:
        self._byte = ctypes.create_string_buffer(2)

    def set(self) -> None:
        """Ask for a stop; safe from any thread."""
        self._byte[0] = b"\x01"

    def clear(self) -> None:
        """Take the request back."""
        self._byte[0] = b"\x00"

    def is_set(self) -> bool:
        """Whether a stop was asked for."""
        return self._byte[0] != b"\x00"

    def check(self) -> None:
        """Raise `Interrupted` if a stop was asked for."""
        if self.is_set():
            raise Interrupted

    def install(self, library: Any, context: Any) -> Any:
        """Make `context` obey this flag. The caller keeps the returned callback as long as the context lives."""
        if sys.platform == "win32":
            callback = library.ggml_abort_callback(lambda _data: self.is_set())
        else:
            callback = ctypes.cast(ctypes.CDLL(None).strlen, library.ggml_abort_callback)
        library.llama_set_abort_callback(context, callback, ctypes.c_void_p(ctypes.addressof(self._byte)))
        return callback
