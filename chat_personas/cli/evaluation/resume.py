"""One command's use of the answer cache: taking cached answers, keeping new ones, resuming an interrupted run."""

import sys
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from chat_personas.cli.errors import StoppedError, UsageError
from chat_personas.engines.cached import AnswerStore, CachedEngine, CacheError, CacheStats, Run
from chat_personas.engines.cached.entries import command_key, model_key
from chat_personas.paths import answers_path
from chat_personas.text import printable
from chat_personas.tui.leaving import run_unwaited
from eval.engine import Engine, EngineError
from eval.matrix.models import MatrixReport
from eval.report import Report

R = TypeVar("R", Report, MatrixReport)
T = TypeVar("T")
NOTHING = "no interrupted run of this command to resume; leave out --resume"
GO_ON = "add --resume to the same command to go on"


class ResumableRun:
    """One run of a command, and the answers that it takes from the cache and keeps there.

    `fresh`: ignore cached answers, but keep the new ones. `resume`: continue the last run of the same command, which
    must have been interrupted; it continues as it began, with older answers or without.
    """

    def __init__(self, *, fresh: bool, resume: bool, go_on: str = GO_ON) -> None:
        """`go_on` says how a run that was interrupted is continued."""
        self._go_on = go_on
        self._fresh = fresh
        self._resume = resume
        self._total = CacheStats()
        self._requests = 0
        self._store: AnswerStore | None = None
        self._run: Run | None = None
        self._engines: list[CachedEngine] = []

    def ask(self, asking: Coroutine[Any, Any, T]) -> T:
        """Run `asking`; if it is interrupted or the model fails, add how many answers are kept and how to resume.

        Raises:
            StoppedError: the person pressed Ctrl-C.
            EngineError: the model or the server failed. The number of kept answers is a note (PEP 678), which `main`
                prints: the exception stays the one that was raised, whatever its class.
        """
        try:
            return run_unwaited(asking)
        except KeyboardInterrupt as error:
            stopped = StoppedError("interrupted")
            self._note_kept_answers(stopped)
            raise stopped from error
        except EngineError as error:
            self._note_kept_answers(error)
            raise
        finally:
            self._close()

    def begin(self, engine: Engine, command: str, asked: Sequence[object], requests: int) -> CachedEngine:
        """Return `engine` behind the cache. `asked` identifies the run, `requests` is how many answers it needs.

        Raises:
            UsageError: there is no interrupted run to resume.
            CacheError: the run to resume cannot be looked up.
        """
        self._requests = requests
        key = command_key(command, model_key(engine.info), asked)
        try:
            self._store = AnswerStore.open(answers_path())
            self._run = self._start(self._store, key)
        except CacheError as error:
            if self._resume:
                raise
            self._close()
            _say(f"{error}; the run goes on, but its answers are not cached")
        self._engines = [CachedEngine(engine, self._store, self._run, _say)]
        return self._engines[0]

    def share(self, engine: Engine) -> CachedEngine:
        """Return another model of the run behind the same cache; its answers are counted, too."""
        self._engines.append(self._engines[0].around(engine))
        return self._engines[-1]

    @property
    def _keeps(self) -> bool:
        """Whether answers are kept: the cache could be opened, and nothing went wrong in it since."""
        return bool(self._engines) and self._engines[0].stores

    def _start(self, store: AnswerStore, key: str) -> Run:
        if not self._resume:
            return store.begin(key, fresh=self._fresh)
        run = store.interrupted(key)
        if run is None:
            raise UsageError(NOTHING)
        return Run(run.id, run.fresh or self._fresh)

    def tally(self) -> CacheStats:
        """Return the counts over the whole run so far."""
        counted = CacheStats()
        counted.add(self._total)
        for engine in self._engines:
            counted.add(engine.stats)
        return counted

    def with_cache_counts(self, report: R) -> R:
        """Return a report with the number of answers that came from the cache since the report before."""
        tally = CacheStats()
        for engine in self._engines:
            tally.add(engine.take_stats())
        self._total.add(tally)
        counts = {"remembered": tally.remembered, "remembered_since": tally.oldest}
        return report.model_copy(update={"timing": report.timing.model_copy(update=counts)})

    def finish(self) -> None:
        """Record that everything was asked, and say how many answers came from the cache."""
        tally = self.tally()
        if tally.remembered and tally.oldest:
            cached = f"{tally.remembered} of {self._requests} answers came from the cache"
            _say(f"{cached}, the oldest from {tally.oldest[:10]}; --no-cache asks again")
        if self._store is not None and self._run is not None and self._keeps:
            try:
                self._store.finish(self._run)
            except CacheError as error:
                _say(str(error))

    def _note_kept_answers(self, error: Exception) -> None:
        """Add to an error how many answers are kept, if there are any."""
        tally = self.tally()
        answers = tally.remembered + tally.asked
        if not answers:
            return
        counted = f"{answers} of {self._requests} answers"
        if self._keeps:
            error.add_note(f"{counted} are kept: {self._go_on}")
        else:
            error.add_note(f"{counted} were given, but not all of them could be kept")

    def _close(self) -> None:
        """Close the store in whatever state it is: each answer is on disk already."""
        store, self._store = self._store, None
        if store is not None:
            try:
                store.close()
            except CacheError as error:
                _say(str(error))


def _say(line: str) -> None:
    if sys.stderr is not None:
        print(printable(line), file=sys.stderr)
