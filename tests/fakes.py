"""Stand-ins for a language model that say what a test tells them to."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from eval.engine import EngineInfo, Message, Piece, Probe, ProbeScore, Sampling


class FakeEngine:
    """An engine that plays scripts: for each reply a list of pieces, exceptions to raise, and events to wait for.

    Text in a script is a piece of the reply; `asyncio.Event` waits until the test sets it. What the engine was given is
    in `asked`, the sampling of each reply in `samplings`, and how often a stream was closed early in `cancelled`.
    """

    def __init__(self, *scripts: Sequence[str | Piece | BaseException | asyncio.Event], name: str = "fake") -> None:
        self._scripts = list(scripts)
        self._info = EngineInfo(
            name=name,
            engine="fake",
            sha256="ab" * 32,
            quantization="Q8_0",
            template_sha256="cd" * 32,
            flash_attention=False,
            context_length=2048,
        )
        self.asked: list[list[Message]] = []
        self.samplings: list[Sampling] = []
        self.cancelled = 0

    @property
    def info(self) -> EngineInfo:
        return self._info

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        self.asked.append(list(messages))
        self.samplings.append(sampling)
        script = self._scripts.pop(0)
        try:
            for step in script:
                if isinstance(step, BaseException):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield Piece(step) if isinstance(step, str) else step
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            raise

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        raise NotImplementedError

    def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        raise NotImplementedError

    async def close(self) -> None:
        pass


END = Piece("", finish_reason="stop")
