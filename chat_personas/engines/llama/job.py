"""A piece of work for the thread that owns the model."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from chat_personas.engines.llama.outlet import Outlet

if TYPE_CHECKING:
    from chat_personas.engines.llama.interrupt import InterruptFlag
    from chat_personas.engines.llama.runtime import Runtime

T = TypeVar("T")


class Priority(IntEnum):
    """Who goes first: a person waits for a reply; measuring uses the time between."""

    REPLY = 0
    MEASUREMENT = 1


class Job(ABC, Generic[T]):
    """Work whose results come out of `outlet` one by one.

    `run` may be called again after it raised `Interrupted`: it then goes on where it stopped. It leaves the cache such
    that any other job can follow.
    """

    priority: ClassVar[Priority]

    def __init__(self) -> None:
        self.outlet: Outlet[T] = Outlet()
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
        self.outlet.put(self._function(runtime))
