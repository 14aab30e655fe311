"""What the public API has beside the functions that the command line calls.

Forms that block, for people without an event loop; answers in memory; two reports without their files.
"""

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar

from eval.answer_files import AnswerFile, collect_answers
from eval.answers import Refusals
from eval.compare.models import PairedReport
from eval.compare.paired import NamedReport, paired
from eval.errors import ReportError
from eval.evaluation import ask_unsteered, evaluate, evaluate_answers
from eval.matrix.run import evaluate_matrix
from eval.report import Report
from eval.surveys.loading import LoadedSurvey

P = ParamSpec("P")
T = TypeVar("T")


def score_answers(
    answers: AnswerFile | Iterable[Mapping[str, Any]],
    survey: LoadedSurvey,
    *,
    name: str = "answers",
    limit: int | None = None,
    seed: int = 0,
    refusals: Refusals = "apart",
) -> list[Report]:
    """Score answers that were produced elsewhere; return a report for each group, in the order of first occurrence.

    `answers` are those of a file (`load_answers`), or mappings with the keys of a line in such a file: `question`,
    `group`, `distribution` and, if need be, `refusal` (docs/answers.md). In the reports on mappings, `name` stands in
    the place of the file and of the model. `limit` scores only so many questions of each group, chosen by `seed` as
    `evaluate` does. With refusals `apart` the refusal options are dropped and the rest renormalised; `as-option` keeps
    them.

    Raises:
        AnswerError: an answer has a fault: a key, question or option is not known, a mass is not a number of 0 or
            more, a question is answered twice for a group; or there are no answers. The message says which answer.
    """
    given = answers if isinstance(answers, AnswerFile) else collect_answers(answers, survey, name)
    return list(evaluate_answers(given, survey, limit=limit, seed=seed, refusals=refusals))


def compare_reports(a: Report, b: Report, *, seed: int = 0, names: tuple[str, str] = ("A", "B")) -> PairedReport:
    """Compare two reports over the questions that both answered; all differences are B minus A.

    The difference is taken within each question; `seed` is that of the intervals and of the random signs. The
    comparison calls the two by `names`, in the place of their files. `pair_reports` finds out which report of one
    file belongs to which of another.

    Raises:
        ReportError: they are about different surveys, have no question in common, or the verdict of one is not sound
            (`report.verdict`): its answers follow the letters, or the judge of them errs too often, for instance.
    """
    for name, report in zip(names, (a, b), strict=True):
        if report.judge is not None and report.judge.errs_too_often:
            raise ReportError(
                f"{name} is not sound: the judge errs with probability {report.judge.worst.mean:.2f}, "
                f"above {report.judge.limit:g}; evaluate with another judge"
            )
        if report.questions and not report.verdict.sound:
            raise ReportError(f"{name} is not sound (verdict {report.verdict.finding}); see its verdict")
    return paired(NamedReport(names[0], a), NamedReport(names[1], b), seed)


class _Background:
    """An event loop in a thread of its own, which is started when it is first used and ends with the program.

    One loop for all calls: engines hold on to the loop on which they were opened, by their connections and locks.
    """

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run `coroutine` there, and return its result. An interruption cancels it and waits until it has ended."""
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("this is called from within a call that blocks; use the form with await")
        loop = self._running_loop()
        ended: Future[asyncio.Task[T] | None] = Future()
        tasks: list[asyncio.Task[T]] = []

        def start() -> None:
            tasks.append(loop.create_task(coroutine))
            tasks[0].add_done_callback(ended.set_result)

        def stop() -> None:
            if tasks:
                tasks[0].cancel()
            else:  # interrupted before `start` was scheduled
                coroutine.close()
                ended.set_result(None)

        try:
            loop.call_soon_threadsafe(start)  # inside: the interruption may come as soon as the coroutine runs
            ended.result()
            return tasks[0].result()
        except BaseException:  # Ctrl-C, or the stop button of a notebook; what `coroutine` raised has ended already
            loop.call_soon_threadsafe(stop)
            ended.result()
            raise

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None or self._thread is None or not self._thread.is_alive():  # also in a forked process
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="eval-blocking", daemon=True)
                self._thread.start()
            return self._loop


_background = _Background()


def run_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` to its end and return its result, also where an event loop is running already, as in Jupyter.

    It runs on an event loop in a thread of its own, the same for every call. An engine is to be opened, asked and
    closed on one loop: all by `run_sync`, or all by `await`. Ctrl-C cancels the coroutine.

    Raises:
        RuntimeError: it is called from that thread, as from a `progress` callback.
    """
    return _background.run(coroutine)


_NOTE = """This is `{function}` in a form that blocks. It also works where an event loop is running already, as in
Jupyter: it runs in a thread of its own, and so does `progress`. Use it with an engine that was opened in the same way
(`open_engine_sync`), or with one of your own that is not bound to an event loop."""


def _blocking(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Return `function` in a form that blocks, with its parameters and documentation."""

    def block(*args: P.args, **kwargs: P.kwargs) -> T:
        return run_sync(function(*args, **kwargs))

    name = f"{function.__name__}_sync"
    block.__wrapped__ = function  # type: ignore[attr-defined]  # whence help() and notebooks take the parameters
    block.__name__ = block.__qualname__ = name
    block.__module__ = __name__
    block.__doc__ = f"{inspect.cleandoc(function.__doc__ or '')}\n\n{_NOTE.format(function=function.__name__)}"
    return block


evaluate_sync = _blocking(evaluate)
ask_unsteered_sync = _blocking(ask_unsteered)
evaluate_matrix_sync = _blocking(evaluate_matrix)
