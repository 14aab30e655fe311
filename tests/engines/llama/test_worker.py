"""The queue in front of the model: who goes first, who is stopped, who goes on."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from chat_personas.engines.llama.worker import Interrupted, InterruptFlag, Job, Priority, Worker
from eval.engine import EngineError


class NoRuntime:
    """Stands for a loaded model that no job touches."""

    closed = False

    def close(self) -> None:
        """Note it."""
        self.closed = True


class Steps(Job[str]):
    """Puts out numbered steps; before each it waits for `go`, or for the flag."""

    def __init__(self, name: str, priority: Priority, steps: int = 1) -> None:
        super().__init__()
        self.name, self.left = name, list(range(steps))
        self.priority = priority  # type: ignore[misc]
        self.go = threading.Semaphore(0)
        self.begun = threading.Event()

    def run(self, runtime: Any, flag: InterruptFlag) -> None:
        """Do the steps that are left."""
        self.begun.set()
        while self.left:
            while not self.go.acquire(timeout=0.001):
                flag.check()
            self.results.put(f"{self.name}{self.left.pop(0)}")


@pytest.fixture
def runtime() -> NoRuntime:
    """What the worker owns."""
    return NoRuntime()


@pytest.fixture
def worker(runtime: NoRuntime) -> Iterator[Worker]:
    """A worker without a model."""
    made = Worker(lambda _flag: runtime, lambda _outcome: None)  # type: ignore[arg-type, return-value]
    yield made
    made.close()


async def results(job: Job[str]) -> list[str]:
    return [item async for item in job.results.items()]


async def test_a_reply_stops_a_measurement_which_then_goes_on_where_it_was(worker: Worker) -> None:
    measurement, reply = Steps("m", Priority.MEASUREMENT, steps=2), Steps("r", Priority.REPLY)
    worker.submit(measurement)
    measurement.go.release()
    items = measurement.results.items()
    assert await anext(items) == "m0"
    worker.submit(reply)
    reply.go.release()
    assert await results(reply) == ["r0"]
    measurement.go.release()
    assert [item async for item in items] == ["m1"]


async def test_a_reply_does_not_stop_a_reply(worker: Worker) -> None:
    first, second = Steps("a", Priority.REPLY), Steps("b", Priority.REPLY)
    worker.submit(first)
    await asyncio.to_thread(first.begun.wait)
    worker.submit(second)
    second.go.release()
    assert not second.begun.is_set()
    first.go.release()
    assert await results(first) == ["a0"]
    assert await results(second) == ["b0"]


async def test_waiting_jobs_are_taken_by_urgency_and_then_by_age(worker: Worker) -> None:
    running = Steps("x", Priority.REPLY)
    worker.submit(running)
    await asyncio.to_thread(running.begun.wait)
    order: list[str] = []
    jobs = [Steps("m", Priority.MEASUREMENT), Steps("n", Priority.MEASUREMENT), Steps("r", Priority.REPLY)]

    async def follow(job: Steps) -> None:
        order.extend(await results(job))

    following = [asyncio.create_task(follow(job)) for job in jobs]
    for job in jobs:
        job.go.release()
        worker.submit(job)
    running.go.release()
    await asyncio.gather(*following)
    assert order == ["r0", "m0", "n0"]


async def test_a_cancelled_job_ends_without_more_results_whether_it_runs_or_waits(worker: Worker) -> None:
    running, waiting = Steps("a", Priority.MEASUREMENT, steps=9), Steps("b", Priority.MEASUREMENT)
    worker.submit(running)
    worker.submit(waiting)
    await asyncio.to_thread(running.begun.wait)
    worker.cancel(waiting)
    worker.cancel(running)
    assert await results(running) == []
    assert await results(waiting) == []


async def test_a_flag_that_stopped_one_job_does_not_stop_the_next(worker: Worker) -> None:
    for _ in range(50):
        cancelled, following = Steps("a", Priority.REPLY), Steps("b", Priority.REPLY)
        worker.submit(cancelled)
        worker.submit(following)
        worker.cancel(cancelled)
        following.go.release()
        assert await results(following) == ["b0"]


async def test_a_job_that_fails_hands_its_error_over_and_the_next_runs(worker: Worker) -> None:
    class Failing(Steps):
        def run(self, runtime: Any, flag: InterruptFlag) -> None:
            raise EngineError("no good")

    failing, following = Failing("a", Priority.REPLY), Steps("b", Priority.REPLY)
    worker.submit(failing)
    worker.submit(following)
    following.go.release()
    with pytest.raises(EngineError, match="no good"):
        await results(failing)
    assert await results(following) == ["b0"]


async def test_closing_ends_all_jobs_and_frees_what_was_loaded(worker: Worker, runtime: NoRuntime) -> None:
    running, waiting = Steps("a", Priority.REPLY, steps=9), Steps("b", Priority.REPLY)
    worker.submit(running)
    worker.submit(waiting)
    await asyncio.to_thread(worker.close)
    assert await results(running) == []
    assert await results(waiting) == []
    assert runtime.closed
    with pytest.raises(EngineError, match="closed"):
        worker.submit(Steps("c", Priority.REPLY))


def test_a_failed_loading_is_told_and_ends_the_thread() -> None:
    told: list[object] = []
    error = EngineError("no model")

    def load(_flag: InterruptFlag) -> Any:
        raise error

    worker = Worker(load, told.append)
    worker.close()
    assert told == [error]
    assert not worker._thread.is_alive()


def test_the_flag_can_be_raised_and_taken_back() -> None:
    flag = InterruptFlag()
    flag.check()
    flag.set()
    assert flag.is_set()
    with pytest.raises(Interrupted):
        flag.check()
    flag.clear()
    flag.check()
