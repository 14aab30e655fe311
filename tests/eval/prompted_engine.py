"""An engine that answers differently under every system prompt."""

from collections.abc import AsyncGenerator, Mapping, Sequence

from eval.engine import Message, Probe, ProbeScore
from tests.eval.fake_engine import FakeEngine, Masses


class PromptedEngine(FakeEngine):
    """Gives the masses written down for the system prompt, "" for none."""

    def __init__(self, by_prompt: Mapping[str, Mapping[str, Masses]], *, failures: Mapping[str, str] | None = None):
        super().__init__(failures=failures)
        self._by_prompt = by_prompt

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        """Answer as under this prompt."""
        self._masses = self._by_prompt[prefix[0].content if prefix else ""]
        async for score in super().score(prefix, probes):
            yield score
