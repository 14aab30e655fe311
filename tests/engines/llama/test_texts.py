"""Whole texts scored as replies: the mean log-probability of their tokens, each distinct token decoded once."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.prompt import Prompter
from chat_personas.engines.llama.runtime import Runtime
from chat_personas.engines.llama.template import PLAIN, ChatTemplate
from eval.engine import Message, Probe, ProbeScore, Sampling
from tests.engines.llama.reference import log_softmax, logits_one_by_one
from tests.engines.llama.test_scoring import questions
from tests.engines.llama.tiny import write_tiny_model

PREFIX = [Message("system", "You are somebody.")]
TEXTS = ("more should be done", "more", "the government", "should be less")


def probes(count: int) -> list[Probe]:
    return [Probe(f"{number}/texts", f"About {number}?", TEXTS, texts=True) for number in range(count)]


async def scores(engine: LlamaEngine, asked: Sequence[Probe]) -> dict[str, ProbeScore]:
    return {score.key: score async for score in engine.score(PREFIX, asked)}


def expected(runtime: Runtime, probe: Probe) -> list[float]:
    """The mean over the tokens of each text of their log-probability, each decoded singly in an empty cache."""
    runtime.memory.drop_spine()
    runtime.memory.conversation.clear()
    runtime.context.cut(0, 0)
    context = runtime.texts_prompter.tokens([*PREFIX, Message("user", probe.prompt)])
    means = []
    for label in probe.labels:
        text = runtime.texts_prompter.reply_tokens(label)
        found = [
            log_softmax(logits_one_by_one(runtime.context, (*context, *text[:place])))[token]
            for place, token in enumerate(text)
        ]
        means.append(float(np.mean(found)))
    return means


async def test_the_score_of_a_text_is_the_mean_log_probability_of_its_tokens(engine: LlamaEngine) -> None:
    assert engine.info.scores_texts
    found = await scores(engine, probes(3))
    for probe in probes(3):
        score = found[probe.key]
        wanted = await engine.call(lambda runtime, probe=probe: expected(runtime, probe))  # type: ignore[misc]
        assert [label.label for label in score.labels] == list(TEXTS)
        assert [label.lower for label in score.labels] == pytest.approx(wanted, abs=1e-4)
        assert [label.lower for label in score.labels] == [label.upper for label in score.labels]
        assert (score.label_mass, score.failure) == (None, None)


async def test_texts_that_begin_alike_share_their_tokens_and_a_texts_last_token_is_not_decoded(
    engine: LlamaEngine,
) -> None:
    def distinct(runtime: Runtime) -> int:
        prompter = runtime.texts_prompter
        contexts = prompter.probes(PREFIX, [probe.prompt for probe in probes(3)])
        paths = [context + prompter.reply_tokens(text)[:-1] for context in contexts for text in TEXTS]
        return len({path[:length] for path in paths for length in range(1, len(path) + 1)})

    found = await scores(engine, probes(3))
    assert sum(score.tokens_decoded for score in found.values()) == await engine.call(distinct)


async def test_letters_and_whole_texts_can_be_asked_together(engine: LlamaEngine) -> None:
    apart = {**await scores(engine, questions(2)), **await scores(engine, probes(2))}
    together = await scores(engine, [*questions(2), *probes(2)])
    assert together.keys() == apart.keys()
    for key, score in apart.items():
        for one, other in zip(score.labels, together[key].labels, strict=True):
            assert other.lower == pytest.approx(one.lower, abs=1e-4)


async def test_a_reply_in_between_changes_no_score(engine: LlamaEngine) -> None:
    undisturbed = await scores(engine, probes(60))
    found: dict[str, ProbeScore] = {}
    begun = asyncio.Event()

    async def measure() -> None:
        async for score in engine.score(PREFIX, probes(60)):
            found[score.key] = score
            begun.set()

    measuring = asyncio.create_task(measure())
    await begun.wait()
    async for _ in engine.stream([Message("user", "Hello")], Sampling(max_tokens=5, seed=1)):
        pass
    await measuring
    assert len(found) == 60
    for key, score in undisturbed.items():
        assert [label.lower for label in found[key].labels] == pytest.approx(
            [label.lower for label in score.labels], abs=1e-4
        )


async def test_a_text_too_long_for_the_context_or_without_words_fails_alone(engine: LlamaEngine) -> None:
    long = Probe("long", "About?", ("more", "x" * 600), texts=True)
    empty = Probe("empty", "About?", ("more", " "), texts=True)
    found = await scores(engine, [long, empty, *probes(1)])
    assert "too many for the context" in str(found["long"].failure)
    assert found["empty"].failure == "an answer without text cannot be scored"
    assert found["0/texts"].failure is None


async def test_a_model_without_a_chat_template_goes_on_with_plain_text(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "base.gguf", template=None)
    engine = await LlamaEngine.open(path, threads=1)

    def asked(runtime: Runtime) -> str:
        (tokens,) = runtime.texts_prompter.probes(PREFIX, ["About?"])
        whole = (*tokens, *runtime.texts_prompter.reply_tokens("more"))
        return b"".join(runtime.vocabulary.piece(token) for token in whole).decode()

    try:
        assert await engine.call(asked) == "You are somebody.\n\nQuestion: About?\nAnswer: more"
        assert (await scores(engine, probes(1)))["0/texts"].failure is None
    finally:
        await engine.close()


def test_no_space_comes_before_a_reply_that_begins_a_turn(load: "object") -> None:
    runtime: Runtime = load()  # type: ignore[operator]
    bare = tuple(runtime.vocabulary.tokenise("more", special=False))
    assert runtime.texts_prompter is runtime.prompter
    assert runtime.prompter.reply_tokens("more") == bare
    plain = Prompter(runtime.vocabulary, ChatTemplate(PLAIN, begin="", end=""))
    assert plain.reply_tokens("more") == tuple(runtime.vocabulary.tokenise(" more", special=False))
