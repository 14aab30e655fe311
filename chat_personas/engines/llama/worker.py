"""The one thread that owns the model, and the queue in front of it."""

import atexit
import heapq
import itertools
import logging
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chat_personas.engines.llama.interrupt import Interrupted, InterruptFlag
from chat_personas.engines.llama.job import Job
from eval.engine import EngineError

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime

logger = logging.getLogger(__name__)

_PATIENCE_AT_EXIT = 5.0  # seconds
_open_workers: "weakref.WeakSet[Worker]" = weakref.WeakSet()


class Worker:
    """Runs jobs one at a time, the most urgent first, and stops a running one for a more urgent.

    A job that is stopped goes back to its place in the queue. All fields below the lock are touched under it only,
    and the interrupt flag is cleared under it when a job begins: so the flag always means the job that is running.
    """

    def __init__(
        self, load: "Callable[[InterruptFlag], Runtime]", loaded: "Callable[[Runtime | BaseException], None]"
    ) -> None:
        """Start the thread; it calls `load` first, and `loaded` with what came of it."""
        self._flag = InterruptFlag()
        self._lock = threading.Condition()
        self._queue: list[tuple[int, int, Job[Any]]] = []
        self._numbers = itertools.count()
        self._running: Job[Any] | None = None
        self._closing = False
        # A daemon, so that a program that fails elsewhere can still end; `close` is the orderly way.
        self._thread = threading.Thread(target=self._live, args=(load, loaded), name="llama", daemon=True)
        self._thread.start()
        _open_workers.add(self)

    def submit(self, job: Job[Any]) -> None:
        """Queue a job; one that is less urgent and running gives way.

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
        """Stop whatever runs, free the model and wait for the thread to end, at most `patience` seconds.

        Jobs still queued end without a result.
        """
        self.begin_close()
        self._thread.join(patience)

    def begin_close(self) -> None:
        """Ask the thread to stop and end, without waiting for it."""
        with self._lock:
            self._closing = True
            self._flag.set()
            self._lock.notify()

    @property
    def alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

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

    def _next(self) -> tuple[int, int, Job[Any]] | None:
        """Wait for the most urgent job; None when the worker closes."""
        with self._lock:
            while not self._closing:
                if not self._queue:
                    self._lock.wait()
                    continue
                entry = heapq.heappop(self._queue)
                if not entry[2].cancelled:
                    self._running = entry[2]
                    self._flag.clear()
                    return entry
                entry[2].outlet.end()
            return None

    def _run(self, entry: tuple[int, int, Job[Any]], runtime: "Runtime") -> None:
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
        job.outlet.end(error)

    def _put_back(self, entry: tuple[int, int, Job[Any]]) -> bool:
        """Queue an interrupted job again at its old place, unless nobody wants it any more."""
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
            job.outlet.end()


@atexit.register
def _close_what_is_open() -> None:
    """Close what was not closed: the interpreter must not end while C++ code is about to call back into it."""
    for worker in list(_open_workers):
        worker.close(_PATIENCE_AT_EXIT)
