"""An engine that asks nothing twice.

What one run remembers: the answers that it may take, and a place for those it gets.

The answers belong to the report; the cache only saves asking twice. So a cache that cannot be written never stops a
run: that is said once, and the run goes on without.

How many answers came from where.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pydantic import BaseModel

from chat_personas.engines.cached.entries import KeptReply, KeptScore, model_key, reply_keys, score_keys
from chat_personas.engines.cached.store import AnswerStore, CacheError, Run
from eval.engine import Constraints, Engine, EngineInfo, Message, Piece, Probe, ProbeScore, Sampling

V = TypeVar("V", bound=BaseModel)
Note = Callable[[str], None]
"""Says one line to the person."""


class AnswerMemory:
    """The answers of one run on one model. Without a store nothing is remembered and nothing kept."""

    def __init__(self, store: AnswerStore | None, run: Run | None, note: Note) -> None:
        """`run` None, or one that is not `fresh`, may take the answers of every run."""
        self._store = store
        self._run = run
        self._note = note

    @property
    def keeps(self) -> bool:
        """Whether answers are still being kept."""
        return self._store is not None

    def recall(self, keys: Sequence[str], read: Callable[[str, str], V]) -> dict[str, tuple[V, str]]:
        """Return by key the answers that are there, each with when it was made.

        `read(key, text)` makes the answer from its text; where it raises ValueError the answer counts as absent.
        """
        if self._store is None:
            return {}
        only = self._run.id if self._run is not None and self._run.fresh else None
        try:
            kept = self._store.get(keys, only)
        except CacheError as error:
            self._go_on_without(error)
            return {}
        found: dict[str, tuple[V, str]] = {}
        for key, value in kept.items():
            try:
                found[key] = read(key, value.text), value.made_at
            except ValueError:
                continue
        if len(found) < len(kept):
            self._note(f"{len(kept) - len(found)} kept answers are damaged; they are asked again and replaced")
        return found

    def keep(self, key: str, value: BaseModel, model: str) -> None:
        """Keep an answer of the model called so."""
        if self._store is None or self._run is None:
            return
        try:
            self._store.put(key, value.model_dump_json(), model=model, run=self._run.id)
        except CacheError as error:
            self._go_on_without(error)

    def _go_on_without(self, error: CacheError) -> None:
        self._store = None
        self._note(f"{error}; the run goes on, but what is answered from here on is not kept")


@dataclass(slots=True)
class CacheStats:
    """Counts of answers (one per probe, one per reply) since the tally was made.

    `remembered` were kept from before, the oldest of them made at `oldest` (UTC, ISO 8601); `asked` came from the model
    or the server in this run, where the same is needed twice both times; `failed` were asked for and not given. `forms`
    are how the replies that were to have a form were kept to it (`EngineInfo.constraints`), when each was made.
    """

    remembered: int = 0
    asked: int = 0
    failed: int = 0
    oldest: str | None = None
    forms: set[Constraints] = field(default_factory=set)

    def remember(self, made_at: str) -> None:
        """Count an answer that was kept at `made_at`."""
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


class CachedEngine:
    """Another engine, asked only for what is not remembered; each answer is kept before it is handed on.

    Failures are never kept, so they are asked again in the next run. A remembered answer cost no tokens in this one.
    `tally` counts, and may be replaced by a new one between two calls.
    """

    def __init__(self, inner: Engine, memory: AnswerMemory) -> None:
        self.tally = CacheStats()
        self._inner = inner
        self._memory = memory
        self._model = model_key(inner.info)
        self._of_this_run: set[str] = set()

    @property
    def info(self) -> EngineInfo:
        """What the engine within is and can do; `constraints` are those of the replies since the tally was made.

        An engine that has not been asked may not know them, but what is remembered does. Replies that were made in
        different ways leave it unknown.
        """
        info, forms = self._inner.info, self.tally.forms
        if not forms or forms == {info.constraints}:
            return info
        return replace(info, constraints=next(iter(forms)) if len(forms) == 1 else "unknown")

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        """See `Engine.stream`; nothing of a conversation is kept here."""
        return self._inner.stream(messages, sampling)

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        """See `Engine.score`; what is remembered comes first."""
        keys = score_keys(self._model, prefix, probes)
        probe_of = dict(zip(keys, probes, strict=True))
        found = self._memory.recall(tuple(probe_of), lambda key, text: _read_score(text, probe_of[key]))
        waiting: dict[str, tuple[str, Probe]] = {}
        for key, probe in zip(keys, probes, strict=True):
            if key in found:
                kept, made_at = found[key]
                self._count_kept(key, made_at)
                yield kept.score(probe.key)
            else:
                waiting[probe.key] = key, probe
        if not waiting:
            return
        async with aclosing(self._inner.score(prefix, [probe for _, probe in waiting.values()])) as scores:
            async for score in scores:
                self._take(score, *waiting[score.key])
                yield score

    def _take(self, score: ProbeScore, key: str, probe: Probe) -> None:
        """Keep the score if it is an answer, and count it."""
        if score.failure is not None:
            self.tally.failed += 1
            return
        self._count_asked(key)
        try:
            kept = KeptScore.of(score, probe)
        except ValueError:
            return  # the expression says what is wrong with it; the next run asks again
        self._memory.keep(key, kept, self.info.name)

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        """See `Engine.complete`; with a seed each reply is kept by itself as it comes, without one none is.

        If one reply fails, the others are waited for and kept before the failure is raised.
        """
        if sampling.seed is None:
            replies = await self._inner.complete(messages, sampling, n)
            self.tally.asked += len(replies)
            return replies
        seeds = [sampling.seed + place for place in range(n)]
        keys = reply_keys(self._model, messages, sampling, seeds)
        found = self._memory.recall(keys, lambda _, text: KeptReply.model_validate_json(text))

        async def reply(key: str, seed: int) -> str:
            if key in found:
                kept, made_at = found[key]
                self._count_kept(key, made_at)
                if sampling.constraint is not None:
                    self.tally.forms.add(kept.form or "unknown")
                return kept.text
            return await self._ask(messages, replace(sampling, seed=seed), key)

        drawn = await asyncio.gather(*map(reply, keys, seeds), return_exceptions=True)
        return [_raised(each) if isinstance(each, BaseException) else each for each in drawn]

    async def _ask(self, messages: Sequence[Message], sampling: Sampling, key: str) -> str:
        """Ask for one reply and keep it."""
        try:
            (text,) = await self._inner.complete(messages, sampling, 1)
        except Exception:
            self.tally.failed += 1
            raise
        self._count_asked(key)
        form = None if sampling.constraint is None else self._inner.info.constraints
        self.tally.forms |= set() if form is None else {form}
        self._memory.keep(key, KeptReply(text=text, form=form), self._inner.info.name)
        return text

    def _count_asked(self, key: str) -> None:
        self.tally.asked += 1
        self._of_this_run.add(key)

    def _count_kept(self, key: str, made_at: str) -> None:
        """Count an answer that is there: from before, unless this run asked for the same earlier on."""
        if key in self._of_this_run:
            self.tally.asked += 1
        else:
            self.tally.remember(made_at)

    async def close(self) -> None:
        """Close the engine within."""
        await self._inner.close()


def _read_score(text: str, probe: Probe) -> KeptScore:
    kept = KeptScore.model_validate_json(text)
    kept.check(probe)
    return kept


def _raised(error: BaseException) -> str:
    raise error
