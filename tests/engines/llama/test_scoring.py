"""Scores of probes, through the engine as `eval` uses it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.runtime import Runtime
from eval.engine import EngineError, Message, Probe, ProbeScore, Sampling
from tests.engines.llama.reference import held_by, log_softmax, logits_one_by_one

PREFIX = [Message("system", "You are somebody."), Message("user", "Hello"), Message("assistant", "Good day")]


def questions(count: int) -> list[Probe]:
    """Each question in two orders, as `eval` asks them."""
    return [
        Probe(f"{number}/{order}", f"Should people do more about {number}?\n{options}\nAnswer", ("A", "B", "C"))
        for number in range(count)
        for order, options in (
            ("survey", "A. more\nB. the same\nC. less"),
            ("reversed", "A. less\nB. the same\nC. more"),
        )
    ]


async def scores(engine: LlamaEngine, prefix: Sequence[Message], probes: Sequence[Probe]) -> dict[str, ProbeScore]:
    return {score.key: score async for score in engine.score(prefix, probes)}


def expected(runtime: Runtime, prefix: Sequence[Message], probe: Probe) -> dict[str, float]:
    """The log-probability of each label after the whole prompt, decoded singly in an empty cache."""
    runtime.memory.drop_spine()
    runtime.memory.conversation.clear()
    runtime.context.cut(0, 0)
    tokens = runtime.prompter.tokens([*prefix, Message("user", probe.prompt)])
    logprobs = log_softmax(logits_one_by_one(runtime.context, tokens))
    vocabulary = {runtime.vocabulary.piece(token): token for token in range(runtime.vocabulary.size)}
    return {
        label: float(np.logaddexp(logprobs[vocabulary[label.encode()]], logprobs[vocabulary[b" " + label.encode()]]))
        for label in probe.labels
    }


async def test_scores_are_exact_log_probabilities_with_the_variants_of_a_label_summed(engine: LlamaEngine) -> None:
    probes = questions(6)
    found = await scores(engine, PREFIX, probes)
    assert found.keys() == {probe.key for probe in probes}
    for probe in probes:
        wanted = await engine.call(lambda runtime, probe=probe: expected(runtime, PREFIX, probe))  # type: ignore[misc]
        score = found[probe.key]
        assert [label.label for label in score.labels] == list(probe.labels)
        for label in score.labels:
            assert label.lower == label.upper == pytest.approx(wanted[label.label], abs=1e-4)
        assert score.label_mass == pytest.approx(sum(np.exp(value) for value in wanted.values()), rel=1e-3)


async def test_each_distinct_token_is_decoded_once(engine: LlamaEngine) -> None:
    probes = questions(6)
    found = await scores(engine, PREFIX, probes)
    paths = await engine.call(lambda runtime: list(runtime.prompter.probes(PREFIX, [probe.prompt for probe in probes])))
    distinct = {path[:length] for path in paths for length in range(1, len(path) + 1)}
    assert sum(score.tokens_decoded for score in found.values()) == len(distinct)
    assert sum(score.tokens_decoded + score.tokens_reused for score in found.values()) == sum(map(len, paths))


async def test_probes_after_a_reply_decode_nothing_of_the_conversation_again(engine: LlamaEngine) -> None:
    conversation = PREFIX[:2]
    text = "".join([piece.text async for piece in engine.stream(conversation, Sampling(max_tokens=10, seed=1))])
    probes = questions(2)
    found = await scores(engine, [*conversation, Message("assistant", text)], probes)
    own = max(len(probe.prompt) for probe in probes)
    assert sum(score.tokens_decoded for score in found.values()) < 4 * (own + 16)
    assert await engine.call(lambda runtime: len(runtime.memory.conversation)) > 0


async def test_a_reply_goes_before_probes_which_keep_their_results_and_go_on(engine: LlamaEngine) -> None:
    probes = questions(150)
    undisturbed = await scores(engine, PREFIX, probes)
    order: list[str] = []
    found: dict[str, ProbeScore] = {}
    begun = asyncio.Event()

    async def measure() -> None:
        async for score in engine.score(PREFIX, probes):
            order.append("score")
            found[score.key] = score
            begun.set()

    measuring = asyncio.create_task(measure())
    await begun.wait()
    async for _ in engine.stream(PREFIX[:2], Sampling(max_tokens=5, seed=1)):
        order.append("reply")
    await measuring
    assert order.index("reply") < len(order) - 1
    assert order[-1] == "score"
    assert order.count("score") == len(probes) == len(found)
    for key, score in undisturbed.items():
        for one, other in zip(score.labels, found[key].labels, strict=True):
            assert other.lower == pytest.approx(one.lower, abs=1e-4)


async def test_probes_of_another_persona_leave_the_conversation_in_the_cache(engine: LlamaEngine) -> None:
    async for _ in engine.stream(PREFIX[:2], Sampling(max_tokens=10, seed=1)):
        pass
    before = await engine.call(lambda runtime: (list(runtime.memory.conversation), held_by(runtime.context, 0)))
    await scores(engine, [Message("system", "You are somebody else altogether.")], questions(3))
    assert await engine.call(lambda runtime: (list(runtime.memory.conversation), held_by(runtime.context, 0))) == before


async def test_a_second_round_after_the_same_prefix_does_not_decode_the_prefix_again(engine: LlamaEngine) -> None:
    first = await scores(engine, PREFIX, questions(3))
    second = await scores(engine, PREFIX, questions(3))
    decoded = [sum(score.tokens_decoded for score in found.values()) for found in (first, second)]
    assert decoded[1] < decoded[0] - len("You are somebody.HelloGood day") / 2
    for key, score in first.items():
        assert score.labels[0].lower == pytest.approx(second[key].labels[0].lower, abs=1e-4)


async def test_a_prefix_too_long_loses_its_oldest_turns_and_every_score_says_so(
    engine: LlamaEngine,
) -> None:
    turns = [
        message
        for number in range(20)
        for message in (Message("user", f"user says {number} " * 3), Message("assistant", f"answer is {number} " * 3))
    ]
    found = await scores(engine, [PREFIX[0], *turns], questions(2))
    assert all(score.failure is None for score in found.values())
    assert all(score.tokens_decoded + score.tokens_reused <= 512 for score in found.values())
    (dropped,) = {score.dropped_messages for score in found.values()}
    assert 0 < dropped < len(turns)
    assert dropped % 2 == 0


async def test_a_question_too_long_for_the_context_fails_alone(engine: LlamaEngine) -> None:
    long = Probe("long", "x" * 600, ("A", "B"))
    found = await scores(engine, PREFIX, [long, *questions(1)])
    assert "too many for the context" in str(found["long"].failure)
    assert found["long"].labels == ()
    assert found["0/survey"].failure is None


async def test_a_label_without_a_token_of_its_own_fails_alone(engine: LlamaEngine) -> None:
    odd = Probe("odd", "Which?", ("A", "Zebra"))
    found = await scores(engine, PREFIX, [odd, *questions(1)])
    assert "'Zebra'" in str(found["odd"].failure)
    assert found["0/survey"].failure is None


async def test_two_probes_with_the_same_text_are_decoded_once_and_both_answered(engine: LlamaEngine) -> None:
    text = questions(1)[0].prompt
    found = await scores(engine, PREFIX, [Probe("one", text, ("A",)), Probe("two", text, ("A", "B"))])
    assert found["one"].labels[0] == found["two"].labels[0]
    assert found["two"].tokens_decoded == 0


async def test_no_probes_give_no_scores(engine: LlamaEngine) -> None:
    assert await scores(engine, PREFIX, []) == {}


async def test_closing_the_engine_while_measuring_is_an_error_and_no_short_result(engine: LlamaEngine) -> None:
    scoring = engine.score(PREFIX, questions(200))
    await anext(scoring)
    await engine.close()
    with pytest.raises(EngineError, match="closed"):
        async for _ in scoring:
            pass


async def test_dropping_the_scores_stops_the_measuring(engine: LlamaEngine) -> None:
    scoring = engine.score(PREFIX, questions(500))
    await anext(scoring)
    await scoring.aclose()
    free = await engine.call(lambda runtime: (runtime.memory.free, [held_by(runtime.context, n) for n in range(2, 64)]))
    assert free[1] == [0] * 62


async def test_flash_attention_is_an_option_that_gives_nearly_the_same(engine: LlamaEngine, tiny_path: Path) -> None:
    fast = await LlamaEngine.open(tiny_path, threads=1, flash_attention=True)
    exact, near = await scores(engine, PREFIX, questions(2)), await scores(fast, PREFIX, questions(2))
    await fast.close()
    for key, score in exact.items():
        assert near[key].label_mass == pytest.approx(score.label_mass, rel=0.1)


async def test_before_a_conversation_probes_have_the_same_numbers_whatever_was_asked_before(
    engine: LlamaEngine,
) -> None:
    """To the bit: how tokens are split into decodes must not depend on another persona that was asked first."""
    probes, alone = questions(4), [Message("system", "You are somebody.")]
    first = await scores(engine, alone, probes)
    for other in ([Message("system", "You are somebody else.")], [], PREFIX):
        await scores(engine, other, probes[:3])
        again = await scores(engine, alone, probes)
        assert [again[key].labels for key in first] == [score.labels for score in first.values()]
