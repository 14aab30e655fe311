"""What one run remembers: the answers that it may take, and a place for those it gets.

The answers belong to the report; the cache only saves asking twice. So a cache that cannot be written never stops a
run: that is said once, and the run goes on without.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import BaseModel

from chat_personas.answer_cache.errors import CacheError
from chat_personas.answer_cache.store import AnswerStore, Run

V = TypeVar("V", bound=BaseModel)
Note = Callable[[str], None]
"""Says one line to the person."""


class Memory:
    """The answers of one run on one model. Without a store nothing is remembered and nothing kept."""

    def __init__(self, store: AnswerStore | None, run: Run | None, note: Note) -> None:
        """`run` None, or one that is not `anew`, may take the answers of every run."""
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
        only = self._run.id if self._run is not None and self._run.anew else None
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
