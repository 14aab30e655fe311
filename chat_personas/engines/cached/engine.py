"""An engine around another one: it answers from the answer cache, and asks the other engine only for the rest.

The report needs the answers; the cache only saves asking twice. So a cache that cannot be read or written never stops
a run: the person is told once, and the run continues without it.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import ExitStack, aclosing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pydantic import BaseModel

from chat_personas.engines.cached.entries import (
    KeptDivergence,
    KeptReply,
    KeptScore,
    command_key,
    divergence_keys,
    model_key,
    reply_keys,
    score_keys,
)
from chat_personas.engines.cached.store import AnswerStore, CacheError, Run
from chat_personas.paths import answers_path
from chat_personas.text import pluralize
from eval.engine import Constraints, Engine, EngineError, EngineInfo, Message, Piece, Probe, ProbeScore, Sampling
from eval.interventions import Interventions, steered, tried_out
from eval.states import MeasuresDivergence, Opening

Entry = TypeVar("Entry", bound=BaseModel)
Tell = Callable[[str], None]
"""Shows one line to the person."""


@dataclass(slots=True)
class CacheStats:
    """Counts of answers, one per probe and one per reply.

    Attributes:
        remembered: answers that were in the cache before this run.
        asked: answers of the model or the server in this run; one that the run needs twice counts twice.
        failed: questions that were asked and got no answer.
        oldest: when the oldest of the remembered answers was given (UTC, ISO 8601).
        forms: how replies that needed a form were kept to it when they were made (`EngineInfo.constraints`).
    """

    remembered: int = 0
    asked: int = 0
    failed: int = 0
    oldest: str | None = None
    forms: set[Constraints] = field(default_factory=set)

    def remember(self, made_at: str) -> None:
        """Count an answer that has been in the cache since `made_at`."""
        self.remembered += 1
        self.oldest = made_at if self.oldest is None else min(self.oldest, made_at)

    def add(self, other: "CacheStats") -> None:
        """Add the counts of `other`."""
        self.remembered += other.remembered
        self.asked += other.asked
        self.failed += other.failed
        self.forms |= other.forms
        dates = [date for date in (self.oldest, other.oldest) if date is not None]
        self.oldest = min(dates, default=None)


@contextmanager
def remembering(engine: Engine, command: str, tell: Tell) -> Iterator[Engine]:
    """Put the answer cache around an engine for what a command asks; the engine itself where the cache cannot be used.

    What does not depend on a conversation is so asked once for a model, not once a session.
    """
    with ExitStack() as opened:
        try:
            store = AnswerStore.open(answers_path())
            opened.callback(store.close)
            run = store.begin(command_key(command, model_key(engine.info), ()), fresh=False)
        except CacheError as error:
            tell(f"{error}; answers are not cached")
            yield engine
            return
        yield CachedEngine(engine, store, run, tell)
        with suppress(CacheError):
            store.finish(run)


class CachedEngine:
    """Another engine, which is asked only for answers that are not in the cache. Each answer is stored as it comes.

    Failures are not stored, so the next run asks again. An answer from the cache costs no tokens in this run. Closing
    this engine closes the other one, and leaves the cache open.
    """

    def __init__(self, inner: Engine, store: AnswerStore | None, run: Run | None, tell: Tell) -> None:
        """Put a cache around `inner`.

        Args:
            inner: the engine that gives the answers.
            store: the cache; None to remember nothing and store nothing.
            run: the command that asks. A fresh one takes only its own answers from the cache; any other, and None,
                takes all. With None nothing is stored.
            tell: tells the person what is wrong with the cache.
        """
        self._counts = [CacheStats()]
        self._inner = inner
        self._cache = _RunCache(store, run, tell)
        self._model = model_key(inner.info)
        self._of_this_run: set[str] = set()

    def around(self, inner: Engine) -> "CachedEngine":
        """Return an engine around another model of the same run: if the cache fails, the person is told once."""
        other = CachedEngine(inner, None, None, self._cache.tell)
        other._cache = self._cache
        return other

    @property
    def stats(self) -> CacheStats:
        """The counts since they were last taken, of this engine and those that `steered` made of it."""
        return self._counts[0]

    @property
    def stores(self) -> bool:
        """Whether answers are still taken from the cache and stored: False without a store, or after it failed."""
        return self._cache.stores

    def take_stats(self) -> CacheStats:
        """Return the counts since this was last called, and begin again at zero."""
        stats, self._counts[0] = self.stats, CacheStats()
        return stats

    @property
    def info(self) -> EngineInfo:
        """What the other engine is and can do; `constraints` are those of the replies that `stats` counts.

        An engine that has not been asked may not know its constraints, but an answer from the cache does. They are
        unknown if replies were kept to their form in different ways.
        """
        info, forms = self._inner.info, self.stats.forms
        if not forms or forms == {info.constraints}:
            return info
        return replace(info, constraints=next(iter(forms)) if len(forms) == 1 else "unknown")

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        """See `Engine.stream`; conversations are not cached."""
        return self._inner.stream(messages, sampling)

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        """See `Engine.score`; answers from the cache come first."""
        keys = score_keys(self._model, prefix, probes, plain=self.info.prompt_format == "plain")
        probe_of = dict(zip(keys, probes, strict=True))
        found = self._cache.find(tuple(probe_of), lambda key, text: KeptScore.read(text, probe_of[key]))
        waiting: dict[str, tuple[str, Probe]] = {}
        for key, probe in zip(keys, probes, strict=True):
            if key in found:
                kept, made_at = found[key]
                self._count_found(key, made_at)
                yield kept.score(probe.key)
            else:
                waiting[probe.key] = key, probe
        if not waiting:
            return
        async with aclosing(self._inner.score(prefix, [probe for _, probe in waiting.values()])) as scores:
            async for score in scores:
                self._store_score(score, *waiting[score.key])
                yield score

    def _store_score(self, score: ProbeScore, key: str, probe: Probe) -> None:
        """Store and count the score, if it is an answer."""
        if score.failure is not None:
            self.stats.failed += 1
            return
        self._count_asked(key)
        try:
            kept = KeptScore.of(score, probe)
        except ValueError:
            return  # the expression says what is wrong with it; the next run asks again
        self._cache.store(key, kept, self.info.name)

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        """See `Engine.complete`; with a seed each reply is stored as it comes, without a seed none is.

        If one reply fails, the others are awaited and stored before the failure is raised.
        """
        if sampling.seed is None:
            replies = await self._inner.complete(messages, sampling, n)
            self.stats.asked += len(replies)
            return replies
        seeds = [sampling.seed + place for place in range(n)]
        keys = reply_keys(self._model, messages, sampling, seeds)
        found = self._cache.find(keys, lambda _, text: KeptReply.model_validate_json(text))

        async def reply(key: str, seed: int) -> str:
            if key in found:
                kept, made_at = found[key]
                self._count_found(key, made_at)
                if sampling.constraint is not None:
                    self.stats.forms.add(kept.form or "unknown")
                return kept.text
            return await self._ask(messages, replace(sampling, seed=seed), key)

        drawn = await asyncio.gather(*map(reply, keys, seeds), return_exceptions=True)
        return [_raised(each) if isinstance(each, BaseException) else each for each in drawn]

    async def _ask(self, messages: Sequence[Message], sampling: Sampling, key: str) -> str:
        """Ask for one reply and store it."""
        try:
            (text,) = await self._inner.complete(messages, sampling, 1)
        except Exception:
            self.stats.failed += 1
            raise
        self._count_asked(key)
        form = None if sampling.constraint is None else self._inner.info.constraints
        self.stats.forms |= set() if form is None else {form}
        self._cache.store(key, KeptReply(text=text, form=form), self._inner.info.name)
        return text

    async def divergence(self, without: Sequence[Opening], under: Sequence[Opening]) -> list[float]:
        """See `MeasuresDivergence.divergence`; each text is computed once and stored.

        Raises:
            EngineError: also where the other engine cannot say.
        """
        if not isinstance(self._inner, MeasuresDivergence):
            raise EngineError(f"{self.info.name} does not show how far its next words move; use a model file")
        keys = divergence_keys(self._model, without, under)
        found = self._cache.find(keys, lambda _, text: KeptDivergence.model_validate_json(text))
        moved = []
        for key, *pair in zip(keys, without, under, strict=True):
            if key in found:
                kept, made_at = found[key]
                self._count_found(key, made_at)
                moved.append(kept.nats)
                continue
            (nats,) = await self._inner.divergence(*([each] for each in pair))
            self._count_asked(key)
            if math.isfinite(nats):
                self._cache.store(key, KeptDivergence(nats=nats), self.info.name)
            moved.append(nats)
        return moved

    def _count_asked(self, key: str) -> None:
        self.stats.asked += 1
        self._of_this_run.add(key)

    def _count_found(self, key: str, made_at: str) -> None:
        """Count an answer from the cache: as asked if this run put it there, for another probe of the same words."""
        if key in self._of_this_run:
            self.stats.asked += 1
        else:
            self.stats.remember(made_at)

    def steered(self, interventions: Interventions) -> "CachedEngine":
        """Return this engine under interventions, with the same cache; see `Steerable.steered`.

        Raises:
            InterventionError: also where the other engine cannot be steered from inside.
        """
        under = self.around(steered(self._inner, interventions))
        under._counts = self._counts
        return under

    async def try_out(self) -> None:
        """See `TriedOut.try_out`."""
        await tried_out(self._inner)

    async def close(self) -> None:
        """Close the other engine."""
        await self._inner.close()


class _RunCache:
    """The answer cache as one run sees it: it fails once and is then left alone."""

    def __init__(self, store: AnswerStore | None, run: Run | None, tell: Tell) -> None:
        self.tell = tell
        self._store = store
        self._run = run

    @property
    def stores(self) -> bool:
        return self._store is not None

    def find(self, keys: Sequence[str], read: Callable[[str, str], Entry]) -> dict[str, tuple[Entry, str]]:
        """Return by key the answers that are in the cache, each with when it was given.

        `read(key, text)` makes the answer from its text; where it raises ValueError the answer counts as absent.
        """
        if self._store is None:
            return {}
        only = self._run.id if self._run is not None and self._run.fresh else None
        try:
            kept = self._store.get(keys, only)
        except CacheError as error:
            self._give_up(error)
            return {}
        found: dict[str, tuple[Entry, str]] = {}
        for key, value in kept.items():
            try:
                found[key] = read(key, value.text), value.made_at
            except ValueError:
                continue
        if len(found) < len(kept):
            self.tell(f"{pluralize(len(kept) - len(found), 'damaged answer')} in the cache; asking again")
        return found

    def store(self, key: str, entry: BaseModel, model: str) -> None:
        """Store an answer of the model with this name."""
        if self._store is None or self._run is None:
            return
        try:
            self._store.put(key, entry.model_dump_json(), model=model, run=self._run.id)
        except CacheError as error:
            self._give_up(error)

    def _give_up(self, error: CacheError) -> None:
        self._store = None
        self.tell(f"{error}; the run goes on, but further answers are not kept")


def _raised(error: BaseException) -> str:
    raise error
