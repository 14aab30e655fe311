"""Surveys of any shape, in any orders and cut into decodes of any size: the numbers of one-by-one decoding."""

import asyncio
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_personas.engines.llama.context import Batch, Context
from chat_personas.engines.llama.runtime import Runtime
from chat_personas.engines.llama.scoring import ScoreJob
from chat_personas.engines.llama.worker import InterruptFlag
from eval.engine import Message, Probe, ProbeScore
from tests.engines.llama.reference import log_softmax, logits_one_by_one

LABELS = ("A", "B", "C", "D")
Sized = Callable[[tuple[int, int]], Runtime]


class Counted:
    """Passes everything on to a context, and counts the tokens that are decoded and the rows that are wanted."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.tokens = self.rows = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._context, name)

    def decode(self, batch: Batch) -> None:
        """Count, and decode."""
        self.tokens += len(batch.tokens)
        self.rows += sum(batch.outputs)
        self._context.decode(batch)

    def decode_one(self, token: int, position: int, sequence: int) -> None:
        """Count, and decode."""
        self.tokens += 1
        self.rows += 1
        self._context.decode_one(token, position, sequence)


@st.composite
def surveys(draw: st.DrawFn) -> list[Probe]:
    """Questions with long and short stems, each with two to four options in some of their orders, shuffled."""
    probes = []
    for number in range(draw(st.integers(1, 4))):
        stem = " ".join(draw(st.lists(st.sampled_from(("the", "people", "roads", "should more")), max_size=12)))
        options = draw(st.lists(st.sampled_from(("yes", "no", "more", "less", "it depends")), min_size=2, unique=True))
        orders = draw(st.lists(st.permutations(options[:4]), min_size=1, max_size=3, unique_by=tuple))
        for place, order in enumerate(orders):
            lines = [f"{label}. {option}" for label, option in zip(LABELS, order, strict=False)]
            prompt = "\n".join([f"{stem} {number}?", *lines, "Answer:"])
            probes.append(Probe(f"{number}/{place}", prompt, LABELS[: len(order)]))
    return list(draw(st.permutations(probes)))


def score_all(runtime: Runtime, prefix: Sequence[Message], probes: Sequence[Probe]) -> dict[str, ProbeScore]:
    """Run one job to its end in this thread, as the worker would."""

    async def collect() -> dict[str, ProbeScore]:
        job = ScoreJob(prefix, probes)
        job.run(runtime, InterruptFlag())
        job.results.end()
        return {score.key: score async for score in job.results.items()}

    return asyncio.run(collect())


def expected(plain: Runtime, path: Sequence[int], labels: Sequence[str]) -> list[float]:
    """The log-probability of each label after `path`, its two spellings added up by hand."""
    logprobs = log_softmax(logits_one_by_one(plain.context, path))
    token = {plain.vocabulary.piece(number): number for number in range(plain.vocabulary.size)}
    return [
        float(np.logaddexp(logprobs[token[label.encode()]], logprobs[token[b" " + label.encode()]])) for label in labels
    ]


@settings(max_examples=12)
@given(
    probes=surveys(),
    said=st.lists(st.text("ab ", max_size=30), max_size=3),
    size=st.sampled_from([(1, 3), (7, 4), (40, 30), (256, 64)]),
)
def test_any_survey_in_any_orders_and_decodes_of_any_size_is_scored_as_one_by_one(
    sized: Sized, probes: list[Probe], said: list[str], size: tuple[int, int]
) -> None:
    runtime, plain = sized(size), sized((1, 5))
    prefix = [Message("system", "You are somebody."), *(Message("user", text) for text in said)]
    memory, context = runtime.memory, runtime.memory._context
    memory.drop_spine()
    counted = Counted(context)
    memory._context = counted  # type: ignore[assignment]
    try:
        found = score_all(runtime, prefix, probes)
    finally:
        memory._context = context
    paths = dict(zip(probes, runtime.prompter.probes(prefix, [probe.prompt for probe in probes]), strict=True))
    for probe, path in paths.items():
        scores = found[probe.key].labels
        assert [score.lower for score in scores] == [score.upper for score in scores]
        assert [score.lower for score in scores] == pytest.approx(expected(plain, path, probe.labels), abs=1e-4)
    distinct = {path[:length] for path in paths.values() for length in range(1, len(path) + 1)}
    assert counted.tokens == len(distinct), "each distinct token is decoded once"
    assert counted.rows == len(set(paths.values())), "logits are wanted at the end of each path, nowhere else"
