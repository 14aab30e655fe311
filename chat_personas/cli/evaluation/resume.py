"""The answers that a long command keeps, goes on with, and tells about."""

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from chat_personas.cli.errors import StoppedError, UsageError
from chat_personas.engines.cached import AnswerStore, CachedEngine, CacheError, CacheStats, Run
from chat_personas.engines.cached.entries import command_key, model_key
from chat_personas.paths import answers_path
from chat_personas.text import printable
from eval.engine import EngineError

if TYPE_CHECKING:
    from eval.engine import Engine
    from eval.matrix.models import MatrixReport
    from eval.report import Report

R = TypeVar("R", "Report", "MatrixReport")
T = TypeVar("T")
NOTHING = "there is no interrupted run of this command to go on with; leave out --resume"
GO_ON = "add --resume to the same command to go on"


class ResumableRun:
    """One command's dealings with kept answers.

    `anew`: take none of those that are there, but keep the new ones. `resume`: go on with the last run of the same
    command, which must have been interrupted; it goes on as it began, with older answers or without.
    """

    def __init__(self, *, anew: bool, resume: bool) -> None:
        self._anew = anew
        self._resume = resume
        self._total = CacheStats()
        self._requests = 0
        self._store: AnswerStore | None = None
        self._run: Run | None = None
        self._engines: list[CachedEngine] = []

    def ask(self, asking: Coroutine[Any, Any, T]) -> T:
        """Run what asks; when it is interrupted or the model fails, say how much is kept and how to go on.

        Raises:
            StoppedError: the person pressed Ctrl-C.
            EngineError: the model or the server failed.
        """
        try:
            return asyncio.run(asking)
        except KeyboardInterrupt as error:
            raise StoppedError(self._with_what_is_kept("interrupted")) from error
        except EngineError as error:
            raise type(error)(self._with_what_is_kept(str(error))) from error
        finally:
            self._close()

    def begin(self, engine: "Engine", command: str, asked: Sequence[object], requests: int) -> CachedEngine:
        """Return `engine` with a memory. `asked` is what the command is known by, `requests` how many answers it needs.

        Raises:
            UsageError: there is no interrupted run to go on with.
            CacheError: nor can it be looked for.
        """
        self._requests = requests
        key = command_key(command, model_key(engine.info), asked)
        try:
            self._store = AnswerStore.open(answers_path())
            self._run = self._begun(self._store, key)
        except CacheError as error:
            if self._resume:
                raise
            self._close()
            _say(f"{error}; the run goes on, but its answers are not kept")
        self._engines = [CachedEngine(engine, self._store, self._run, _say)]
        return self._engines[0]

    def also(self, engine: "Engine") -> CachedEngine:
        """Return another model of the command that began, with the same memory: its answers are counted, too."""
        self._engines.append(self._engines[0].around(engine))
        return self._engines[-1]

    def _begun(self, store: AnswerStore, key: str) -> Run:
        if not self._resume:
            return store.begin(key, fresh=self._anew)
        run = store.interrupted(key)
        if run is None:
            raise UsageError(NOTHING)
        return Run(run.id, run.fresh or self._anew)

    def tally(self) -> CacheStats:
        """Return the counts over the whole command so far."""
        counted = CacheStats()
        counted.add(self._total)
        for engine in self._engines:
            counted.add(engine.stats)
        return counted

    def told(self, report: R) -> R:
        """Return a report that says how many answers were remembered since the report before."""
        tally = CacheStats()
        for engine in self._engines:
            tally.add(engine.take_stats())
        self._total.add(tally)
        counts = {"remembered": tally.remembered, "remembered_since": tally.oldest}
        return report.model_copy(update={"timing": report.timing.model_copy(update=counts)})

    def finish(self) -> None:
        """Note that everything was asked, and say how much of it was there already."""
        tally = self.tally()
        if tally.remembered and tally.oldest:
            there = f"{tally.remembered} of {self._requests} answers were there already"
            _say(f"{there}, the oldest from {tally.oldest[:10]}; --no-cache asks them anew")
        if self._store is not None and self._run is not None and self._engines and self._engines[0].stores:
            try:
                self._store.finish(self._run)
            except CacheError as error:
                _say(str(error))

    def _with_what_is_kept(self, why: str) -> str:
        tally = self.tally()
        answers = tally.remembered + tally.asked
        if not answers:
            return why
        counted = f"{why}{'' if why.endswith(('.', '?', '!')) else ';'} {answers} of {self._requests} answers"
        if not self._engines or not self._engines[0].stores:
            return f"{counted} were there, and not all of them could be kept"
        return f"{counted} are kept: {GO_ON}"

    def _close(self) -> None:
        """Close the store, whatever state it is in: each answer is on the disk already."""
        store, self._store = self._store, None
        if store is not None:
            try:
                store.close()
            except CacheError as error:
                _say(str(error))


def _say(line: str) -> None:
    if sys.stderr is not None:
        print(printable(line), file=sys.stderr)
