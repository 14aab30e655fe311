"""Models whose layers keep one state: they talk and are measured as others are, one probe after the other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chat_personas.conversation.conversation import Conversation, ReplyEnded, ReplyEvent
from chat_personas.corpus import Corpus
from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.recurrent import MOST_SAVED, RecurrentMemory
from chat_personas.engines.llama.runtime import Options, Runtime, load_runtime
from chat_personas.engines.llama.tree import TokenPath as Tokens
from chat_personas.engines.llama.worker import Interrupted, InterruptFlag
from eval.engine import Message, Probe, ProbeScore, Sampling, Usage
from personas import load_persona
from tests.engines.llama.reference import log_softmax, logits_as_tree, logits_one_by_one
from tests.engines.llama.test_branches import BlindFlag
from tests.engines.llama.tiny_recurrent import ARCHITECTURES, write_recurrent_model
from tests.examples import slow_but_first

GREEDY = Sampling(temperature=0.0, max_tokens=12, seed=1)
SYSTEM = Message("system", "You are somebody.")
TOKENS = st.integers(5, 12)
CONTEXTS = st.lists(TOKENS, min_size=1, max_size=40).map(tuple)
quick = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
Load = Callable[..., Runtime]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model file of each architecture."""
    folder = tmp_path_factory.mktemp("recurrent")
    return {name: write_recurrent_model(folder / f"{name}.gguf", name, context=2048) for name in ARCHITECTURES}


@pytest.fixture(scope="module", params=["mamba", "falcon-h1"])
def two(request: pytest.FixtureRequest, files: dict[str, Path]) -> Iterator[tuple[Runtime, Runtime]]:
    """The same model twice, recurrent or a hybrid: one to be probed, and one that never is."""
    path = files[request.param]
    loaded = [load_runtime(path, Options(threads=1, batch=16), InterruptFlag()) for _ in range(2)]
    yield loaded[0], loaded[1]
    for runtime in loaded:
        runtime.close()


@pytest.fixture(params=["mamba", "falcon-h1"])
def load(request: pytest.FixtureRequest, files: dict[str, Path]) -> Iterator[Load]:
    """A function that loads a model in this thread, in decodes of 32 tokens."""
    opened: list[Runtime] = []

    def load_it(flag: InterruptFlag | None = None) -> Runtime:
        opened.append(load_runtime(files[request.param], Options(threads=1, batch=32), flag or InterruptFlag()))
        return opened[-1]

    yield load_it
    for runtime in opened:
        runtime.close()


@pytest.fixture(params=["mamba", "falcon-h1"])
async def engine(request: pytest.FixtureRequest, files: dict[str, Path]) -> AsyncIterator[LlamaEngine]:
    """An engine on a model that is recurrent, or a hybrid."""
    opened = await LlamaEngine.open(files[request.param], threads=1, tried=True)
    yield opened
    await opened.close()


def questions(count: int) -> list[Probe]:
    """Questions in two orders, as `eval` asks them."""
    return [
        Probe(f"{number}/{order}", f"Should roads change, {number}?\n{options}\nAnswer", ("A", "B"))
        for number in range(count)
        for order, options in (("survey", "A. yes\nB. no"), ("reversed", "A. no\nB. yes"))
    ]


async def scored(engine: LlamaEngine, prefix: Sequence[Message], asked: Sequence[Probe]) -> dict[str, ProbeScore]:
    return {score.key: score async for score in engine.score(prefix, asked)}


async def talked(path: Path, asked: Sequence[Probe]) -> tuple[list[str], list[NDArray[np.float32]]]:
    """Talk, with probes and a reply out of band after every turn if any are `asked`; return replies and last logits."""
    engine = await LlamaEngine.open(path, threads=1)
    messages, replies, logits = [SYSTEM], [], []
    for said in ("Who are you?", "And what of taxes?", "Why?"):
        messages.append(Message("user", said))
        replies.append("".join([piece.text async for piece in engine.stream(messages, GREEDY)]))
        logits.append(await engine.call(lambda runtime: runtime.context.logits(runtime.memory.row).copy()))
        messages.append(Message("assistant", replies[-1]))
        if asked:
            for prefix in (messages, [Message("system", "You are another.")]):
                found = await scored(engine, prefix, asked)
                assert [score.failure for score in found.values()] == [None] * len(asked)
            assert len(await engine.complete([Message("user", "Hello")], GREEDY, n=2)) == 2
    await engine.close()
    return replies, logits


@slow_but_first("architecture", ARCHITECTURES, quick=2)
async def test_a_conversation_is_the_same_bit_for_bit_with_and_without_probing(
    files: dict[str, Path], architecture: str
) -> None:
    probed, probed_logits = await talked(files[architecture], questions(3))
    plain, plain_logits = await talked(files[architecture], [])
    assert probed == plain
    assert all(map(np.array_equal, probed_logits, plain_logits))
    assert not np.array_equal(plain_logits[0], plain_logits[1])


@slow_but_first("architecture", ARCHITECTURES, quick=2)
def test_probes_have_the_log_probabilities_of_one_by_one_decoding(files: dict[str, Path], architecture: str) -> None:
    runtime, plain = (load_runtime(files[architecture], Options(threads=1), InterruptFlag()) for _ in range(2))
    said = tuple(range(5, 90))
    runtime.memory.set_conversation(said)
    paths = [(*said[:80], *range(20, 40), first, *range(100, 110)) for first in range(5, 9)] + [said, said[:70]]
    for path, logits in logits_as_tree(runtime, paths).items():
        expected = log_softmax(logits_one_by_one(plain.context, path))
        np.testing.assert_allclose(log_softmax(logits), expected, atol=2e-4)
    for each in (runtime, plain):
        each.close()


@quick
@given(
    turns=st.lists(CONTEXTS, min_size=1, max_size=4),
    back=st.lists(st.integers(0, 60), min_size=4, max_size=4),
    probes=st.lists(st.lists(CONTEXTS, min_size=1, max_size=6), min_size=4, max_size=4),
)
def test_whatever_is_probed_and_however_the_conversation_goes_back_its_numbers_are_those_of_one_never_probed(
    two: tuple[Runtime, Runtime], turns: list[Tokens], back: list[int], probes: list[list[Tokens]]
) -> None:
    probed, plain = (_emptied(runtime) for runtime in two)
    said: Tokens = ()
    for turn, fewer, rests in zip(turns, back, probes, strict=False):
        said = said[: max(0, len(said) - fewer)] + turn
        found = []
        for runtime, memory in (probed, plain):
            kept = memory.set_conversation(said)
            if runtime is probed[0]:
                logits_as_tree(runtime, [said + rest for rest in rests])
                logits_as_tree(runtime, rests)
            memory.extend_conversation([7])
            found.append((kept, runtime.context.logits(memory.row).copy()))
        assert found[0][0] == found[1][0]
        assert np.array_equal(found[0][1], found[1][1])
        said = (*said, 7)
    expected = log_softmax(logits_one_by_one(_emptied(plain[0])[0].context, said))
    np.testing.assert_allclose(log_softmax(found[0][1].astype(np.float64)), expected, atol=2e-4)


def test_a_probe_that_is_aborted_leaves_the_conversation_bit_for_bit_the_same(load: Load) -> None:
    flag = BlindFlag()
    probed, plain = load(flag), load()
    said = tuple(range(5, 105))
    for runtime in (probed, plain):
        runtime.memory.set_conversation(said)
    paths = [(*said, first, *range(6, 40)) for first in range(5, 12)]
    before = logits_as_tree(probed, paths)
    flag.set()
    with pytest.raises(Interrupted):
        logits_as_tree(probed, [(*path, 9) for path in paths])
    flag.clear()
    again = logits_as_tree(probed, paths)
    assert all(np.array_equal(again[path], logits) for path, logits in before.items())
    for runtime in (probed, plain):
        runtime.memory.extend_conversation([9, 10])
    assert np.array_equal(probed.context.logits(probed.memory.row), plain.context.logits(plain.memory.row))


def test_a_conversation_whose_decode_is_aborted_goes_on_from_the_newest_saved_state(load: Load) -> None:
    flag = BlindFlag()
    runtime, plain = load(flag), load()
    said = tuple(range(5, 50))
    runtime.memory.set_conversation(said)
    runtime.memory.extend_conversation([50])
    flag.set()
    with pytest.raises(Interrupted):
        runtime.memory.extend_conversation([51])
    flag.clear()
    assert tuple(runtime.memory.conversation) == said[:-1], "where the prompt was saved before its last token"
    assert runtime.memory.set_conversation([*said, 50, 51]) == len(said) - 1
    expected = log_softmax(logits_one_by_one(plain.context, [*said, 50, 51]))
    logits = runtime.context.logits(runtime.memory.row).astype(np.float64)
    np.testing.assert_allclose(log_softmax(logits), expected, atol=2e-4)


def test_a_first_decode_that_is_aborted_leaves_nothing(load: Load) -> None:
    flag = BlindFlag()
    runtime, plain = load(flag), load()
    flag.set()
    with pytest.raises(Interrupted):
        runtime.memory.set_conversation(range(5, 50))
    flag.clear()
    assert runtime.memory.conversation == []
    for each in (runtime, plain):
        assert each.memory.set_conversation(range(5, 50)) == 0
    assert np.array_equal(runtime.context.logits(runtime.memory.row), plain.context.logits(plain.memory.row))


def test_no_more_states_are_kept_than_the_newest_few_and_one_goes_back_to_the_nearest(load: Load) -> None:
    """Each turn saves two: before the prompt's last token, and where the next turn begins."""
    memory = load().memory
    said = [5, 6, 7]
    for turn in range(MOST_SAVED):
        said += [20 + turn, 30 + turn, 40 + turn, 50 + turn]
        memory.set_conversation(said)
    assert isinstance(memory, RecurrentMemory)
    assert sorted(memory._saved) == [19, 22, 23, 26, 27, 30, 31, 34]
    assert memory.set_conversation([*said[:34], 60]) == 34, "another last token"
    assert memory.set_conversation([*said[:25], 60, 61]) == 23
    assert memory.set_conversation([*said[:18], 60, 61]) == 0, "what is older is read again from the start"


async def test_every_distinct_token_is_decoded_once(engine: LlamaEngine) -> None:
    asked = questions(5)
    found = await scored(engine, [SYSTEM], asked)
    paths = await engine.call(
        lambda runtime: list(runtime.prompter.probes([SYSTEM], [probe.prompt for probe in asked]))
    )
    distinct = {path[:length] for path in paths for length in range(1, len(path) + 1)}
    assert sum(score.tokens_decoded for score in found.values()) == len(distinct)
    again = await scored(engine, [SYSTEM], asked)
    common = len(distinct) - sum(score.tokens_decoded for score in again.values())
    assert common >= len(set.intersection(*({path[:length] for length in range(1, len(path) + 1)} for path in paths)))
    for key, score in again.items():
        for one, other in zip(score.labels, found[key].labels, strict=True):
            assert one.lower == pytest.approx(other.lower, abs=1e-4)


async def test_texts_are_scored_as_one_by_one_decoding_gives_them(engine: LlamaEngine) -> None:
    answers = ("more of it", "more", "less of the same")
    found = await scored(engine, [SYSTEM], [Probe("q", "Roads?", answers, texts=True)])

    def by_hand(runtime: Runtime) -> list[float]:
        (context,) = runtime.prompter.probes([SYSTEM], ["Roads?"])
        means = []
        for answer in answers:
            tokens = runtime.prompter.reply_tokens(answer)
            found = []
            for place, token in enumerate(tokens):
                _emptied(runtime)
                found.append(log_softmax(logits_one_by_one(runtime.context, context + tokens[:place]))[token])
            means.append(float(np.mean(found)))
        return means

    assert [label.lower for label in found["q"].labels] == pytest.approx(await engine.call(by_hand), abs=2e-4)


async def test_replies_out_of_band_with_one_seed_are_alike_and_do_not_touch_the_conversation(
    engine: LlamaEngine,
) -> None:
    said = [SYSTEM, Message("user", "Hello")]
    async for _ in engine.stream(said, GREEDY):
        pass
    held = await engine.call(lambda runtime: list(runtime.memory.conversation))
    asked = [SYSTEM, Message("user", "Roads?")]
    first, second = await engine.complete(asked, GREEDY, n=2)
    assert first == second
    (alone,) = await engine.complete(asked, GREEDY)
    assert alone == first
    assert await engine.call(lambda runtime: list(runtime.memory.conversation)) == held


async def test_regenerating_decodes_one_token_and_an_edit_goes_back_no_further_than_its_turn(
    engine: LlamaEngine, corpus: Corpus
) -> None:
    conversation = Conversation.start(corpus, engine, load_persona("democrat"), sampling=GREEDY)
    first = await usage(conversation.send("First?"))
    reply = conversation.path[-1].text
    await scored(engine, conversation.context(), questions(3))
    again = await usage(conversation.regenerate())
    assert again.prompt_tokens - again.reused_tokens == 1
    assert conversation.path[-1].text == reply, "bit for bit the same start gives the same likeliest words"
    await scored(engine, conversation.context(), questions(3))
    second = await usage(conversation.send("Second?"))
    assert second.reused_tokens >= first.prompt_tokens - 1
    edited = await usage(conversation.edit(conversation.path[2].id, "Another?"))
    assert edited.reused_tokens >= first.prompt_tokens - 1
    fresh = await engine.complete(conversation.context()[:-1], GREEDY)
    assert fresh == [conversation.path[-1].text]


async def test_a_history_too_long_for_the_context_loses_its_oldest_turns_and_goes_on(
    files: dict[str, Path], corpus: Corpus
) -> None:
    engine = await LlamaEngine.open(files["falcon-h1"], threads=1, tried=True, context_length=400)
    conversation = Conversation.start(corpus, engine, load_persona("democrat"), sampling=GREEDY)
    for turn in range(6):
        *_, ended = [
            event async for event in conversation.send(f"{turn} and again, and again, and over and over again?")
        ]
        assert isinstance(ended, ReplyEnded)
        assert ended.status == "complete"
        found = await scored(engine, conversation.context(), questions(2))
        assert [score.failure for score in found.values()] == [None] * 4
    assert any(score.dropped_messages for score in found.values())
    await engine.close()


async def test_a_reply_goes_before_probes_which_keep_their_results_and_go_on(engine: LlamaEngine) -> None:
    prefix = [SYSTEM, Message("user", "Hello"), Message("assistant", "Good day")]
    asked = questions(20)
    keys: list[str] = []
    begun = asyncio.Event()

    async def measure() -> None:
        async for score in engine.score(prefix, asked):
            keys.append(score.key)
            begun.set()

    measuring = asyncio.create_task(measure())
    await begun.wait()
    assert [piece async for piece in engine.stream([*prefix, Message("user", "Why?")], GREEDY)]
    await measuring
    assert sorted(keys) == sorted(probe.key for probe in asked)


async def test_it_is_said_that_probes_are_asked_one_after_the_other(engine: LlamaEngine) -> None:
    assert engine.info.recurrent
    assert engine.info.log_probabilities == "exact"


async def usage(events: AsyncIterator[ReplyEvent]) -> Usage:
    *_, ended = [event async for event in events]
    assert isinstance(ended, ReplyEnded)
    assert ended.usage is not None
    return ended.usage


def _emptied(runtime: Runtime) -> tuple[Runtime, RecurrentMemory]:
    """Empty the context, and return a runtime with a new memory, and that memory."""
    assert isinstance(runtime.memory, RecurrentMemory)
    runtime.memory.drop_spine()
    runtime.memory._return_to(0, intact=False)
    return runtime, runtime.memory
