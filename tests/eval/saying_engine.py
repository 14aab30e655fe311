"""An engine that says in words what a test wrote down, and keeps what it was asked."""

import asyncio
from collections.abc import Callable, Sequence

from eval.engine import Constraints, EngineInfo, LogProbabilities, Message, Sampling
from tests.eval.fake_engine import FakeEngine, Masses

Say = Callable[[str, int], str]
"""Takes the prompt and the number of the reply."""


class SayingEngine(FakeEngine):
    """Replies with `say(prompt, number)`; an exception raised there is the engine's. Scores like `FakeEngine`.

    As with any engine, the seed decides a reply, so that it has the same number whether many are asked for in one
    call, or each in a call with a seed of its own, counted up from that of the first.
    """

    def __init__(
        self,
        say: Say,
        masses: dict[str, Masses] | None = None,
        *,
        constraints: Constraints = "none",
        log_probabilities: LogProbabilities = "exact",
    ) -> None:
        info = EngineInfo("saying", "fake", constraints=constraints, log_probabilities=log_probabilities)
        super().__init__(masses, info=info)
        self._say = say
        self.heard: list[tuple[tuple[Message, ...], Sampling, int]] = []
        self._first_seeds: dict[tuple[Message, ...], int] = {}
        self.under_way = 0
        self.most_under_way = 0

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        """Say it, after letting others ask meanwhile."""
        self.heard.append((tuple(messages), sampling, n))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            seed = sampling.seed or 0
            first = seed - self._first_seeds.setdefault(tuple(messages), seed)
            await asyncio.sleep(0)
            return [self._say(messages[-1].content, first + number) for number in range(n)]
        finally:
            self.under_way -= 1


def options_in(prompt: str) -> dict[str, str]:
    """Return the letter of each option printed in a prompt, by the option's text."""
    return {line[3:]: line[0] for line in prompt.splitlines() if line[1:3] == ". "}
