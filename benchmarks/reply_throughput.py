"""A reply's tokens a second against a bare loop of llama.cpp."""

import time
from typing import TYPE_CHECKING

from benchmarks.embedded import Embedded
from benchmarks.figure import Goal, Timing, interleaved
from benchmarks.plain_decode import PlainDecode
from benchmarks.row import Measured, Row, Settings
from chat_personas.engines.llama import LlamaEngine
from eval.engine import Message, Sampling

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime

QUESTION = Message("user", "What would you change first?")
SAMPLING = Sampling(max_tokens=128, seed=5)
PAIRS_PER_REPEAT = 8
"""The speed of the baseline differs from one reply to the next by more than the goal allows (see its values)."""


def measure(settings: Settings) -> Measured:
    """Time replies of ours, and a loop of decode and draw over the same tokens with the same sampler."""
    with Embedded(settings.model()) as ours:
        prompt, drawn = ours.run(_dry_run(ours))

        def bare(_: int) -> Timing:
            ours.restore()
            seconds = ours.call(lambda runtime: _bare(runtime, prompt[len(ours.tokens) :], drawn))
            return Timing((len(drawn) - 1) / seconds, len(drawn) - 1)

        bare(0)
        pairs = interleaved(
            lambda _: ours.run(reply(ours, ours.engine)), bare, settings.repeats * PAIRS_PER_REPEAT, settings.tell
        )
        described = {**ours.settings(), "temperature": SAMPLING.temperature, "top_p": SAMPLING.top_p}
    described.pop("probes")
    return Measured(pairs, described, ("from the first token drawn to the end of the reply, on both sides",))


async def _dry_run(ours: Embedded) -> tuple[list[int], list[int]]:
    """Return the tokens of the prompt and those that are generated after it, the last of which is never decoded."""
    messages = [*ours.round.conversation, QUESTION]
    async for piece in ours.engine.stream(messages, SAMPLING):
        usage = piece.usage
    assert usage is not None
    assert usage.prompt_tokens is not None
    held = await ours.engine.call(lambda runtime: list(runtime.memory.conversation))
    return held[: usage.prompt_tokens], [*held[usage.prompt_tokens :], held[-1]]


async def reply(ours: Embedded, engine: LlamaEngine) -> Timing:
    """Return the tokens a second of a reply by `engine`, from the first token drawn to its end."""
    began = time.perf_counter()
    async for piece in engine.stream([*ours.round.conversation, QUESTION], SAMPLING):
        last = piece
    spent, usage = time.perf_counter() - began, last.usage
    assert usage is not None
    assert usage.decoded_tokens
    assert usage.first_token_seconds is not None
    decoded = usage.decoded_tokens - (last.finish_reason == "length")  # the last token of all is then never decoded
    return Timing(decoded / (spent - usage.first_token_seconds), decoded)


def _bare(runtime: "Runtime", prompt: list[int], drawn: list[int]) -> float:
    from chat_personas.engines.llama.generation import Sampler

    plain = PlainDecode(runtime)
    with Sampler(SAMPLING, SAMPLING.seed or 0, runtime.vocabulary) as sampler:
        seconds = plain.seconds_to_reply(prompt, drawn, sampler)
    plain.cut(len(runtime.memory.conversation))
    return seconds


ROW = Row(
    name="reply-throughput",
    what="a reply's tokens a second",
    against="a bare llama.cpp decode-and-sample loop over the same tokens",
    goal=Goal(0.95, at_least=True),
    unit="tokens/s",
    measure=measure,
)
