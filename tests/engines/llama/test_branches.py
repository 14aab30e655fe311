"""Branches in the real cache: their numbers, and that they leave no trace in the conversation."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat_personas.engines.llama.context import Batch
from chat_personas.engines.llama.runtime import Options, Runtime, load_runtime
from chat_personas.engines.llama.token_cache import SequenceMemory
from chat_personas.engines.llama.tree import TokenPath as Tokens
from chat_personas.engines.llama.worker import Interrupted, InterruptFlag
from eval.engine import EngineError
from tests.engines.llama.reference import Call, held_by, log_softmax, logits_as_tree, logits_one_by_one, record, replay

TOKENS = st.integers(5, 12)
SIZES = st.sampled_from([(1, 3), (3, 20), (24, 7), (64, 4), (256, 64)])
"""Tokens of one decode, and sequences: the conversation, the spine, and the branches that one decode may end."""
CONTEXTS = st.lists(TOKENS, min_size=1, max_size=40).map(tuple)
Sized = Callable[[tuple[int, int]], Runtime]
quick = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def plain(tiny_path: Path) -> Iterator[Runtime]:
    """A second context that is never probed."""
    loaded = load_runtime(tiny_path, Options(threads=1, batch=24, sequences=7), InterruptFlag())
    yield loaded
    loaded.close()


@quick
@given(prefix=CONTEXTS, rests=st.lists(CONTEXTS, min_size=1, max_size=12), size=SIZES)
def test_branches_of_a_tree_have_the_log_probabilities_of_one_by_one_decoding(
    sized: Sized, plain: Runtime, prefix: Tokens, rests: list[Tokens], size: tuple[int, int]
) -> None:
    runtime = sized(size)
    paths = [prefix + rest for rest in rests]
    for path, logits in logits_as_tree(runtime, paths).items():
        expected = log_softmax(logits_one_by_one(plain.context, path))
        np.testing.assert_allclose(log_softmax(logits), expected, atol=1e-4)


@quick
@given(conversation=CONTEXTS, rests=st.lists(CONTEXTS, min_size=1, max_size=8), shared=st.integers(0, 40), size=SIZES)
def test_branches_beside_a_conversation_share_its_cells_and_not_its_later_tokens(
    sized: Sized, plain: Runtime, conversation: Tokens, rests: list[Tokens], shared: int, size: tuple[int, int]
) -> None:
    runtime = sized(size)
    runtime.memory.set_conversation(conversation)
    paths = [conversation[:shared] + rest for rest in rests]
    for path, logits in logits_as_tree(runtime, paths).items():
        expected = log_softmax(logits_one_by_one(plain.context, path))
        np.testing.assert_allclose(log_softmax(logits), expected, atol=1e-4)
    assert held_by(runtime.context, 0) == len(conversation)


@quick
@given(
    turns=st.lists(CONTEXTS, min_size=1, max_size=5),
    probes=st.lists(st.lists(CONTEXTS, min_size=1, max_size=8), min_size=5, max_size=5),
)
def test_the_conversation_continues_bit_for_bit_as_if_never_probed(
    runtime: Runtime, plain: Runtime, turns: list[Tokens], probes: list[list[Tokens]]
) -> None:
    probed, memory, calls = _recorded(runtime)
    said: Tokens = ()
    for turn, rests in zip(turns, probes, strict=False):
        said += turn
        memory.set_conversation(said)
        logits_as_tree(probed, [said + rest for rest in rests])
        logits_as_tree(probed, rests)
        memory.extend_conversation([7])
        said = (*said, 7)
        after_probing = runtime.context.logits(memory.row).copy()
        plain.context.cut(0, 0)
        assert np.array_equal(after_probing, replay(plain.context, calls))


class BlindFlag(InterruptFlag):
    """A flag that only llama.cpp looks at: once set, every decode is aborted after it has claimed its cells."""

    def check(self) -> None:
        """Do not look."""


def test_an_aborted_probe_leaves_the_conversation_bit_for_bit_the_same(load: Callable[..., Runtime]) -> None:
    flag = BlindFlag()
    plain = load(batch=64)
    probed, memory, calls = _recorded(load(flag, batch=64))
    said = tuple(range(5, 105))
    memory.set_conversation(said)
    paths = [(*said, first, *range(6, 40)) for first in range(5, 30)]
    logits_as_tree(probed, paths[:3])
    flag.set()
    with pytest.raises(Interrupted):
        logits_as_tree(probed, paths)
    flag.clear()
    assert memory.spine == []
    assert [held_by(probed.context, sequence) for sequence in range(64)] == [100] + [0] * 63
    memory.extend_conversation([9, 10])
    assert np.array_equal(probed.context.logits(memory.row), replay(plain.context, calls))


def test_an_aborted_decode_of_the_conversation_can_be_done_again(load: Callable[..., Runtime]) -> None:
    flag = BlindFlag()
    plain = load()
    runtime, memory, calls = _recorded(load(flag))
    memory.set_conversation(range(5, 50))
    flag.set()
    with pytest.raises(Interrupted):
        memory.extend_conversation([50, 51])
    flag.clear()
    assert held_by(runtime.context, 0) == len(memory.conversation) == 45
    memory.extend_conversation([50, 51])
    assert np.array_equal(runtime.context.logits(memory.row), replay(plain.context, calls))


def test_stopping_leaves_no_error_in_the_log(load: Callable[..., Runtime], caplog: pytest.LogCaptureFixture) -> None:
    flag = BlindFlag()
    memory = load(flag).memory
    memory.set_conversation(range(5, 50))
    caplog.clear()
    caplog.set_level(logging.INFO, "chat_personas.llama_cpp")
    flag.set()
    with pytest.raises(Interrupted):
        memory.extend_conversation([50, 51])
    said = {record.getMessage(): record.levelname for record in caplog.records}
    assert said["llama_decode: failed to decode, ret = 2"] == "INFO"
    assert set(said.values()) == {"INFO"}


def test_a_decode_that_fails_is_an_error_in_the_log_though_others_were_stopped_before(
    load: Callable[..., Runtime], caplog: pytest.LogCaptureFixture
) -> None:
    flag = BlindFlag()
    context = load(flag).context
    one = Batch([5], [0], [(0,)], [True])
    flag.set()
    with pytest.raises(Interrupted):
        context.decode(one)
    flag.clear()
    context.decode(one)
    caplog.clear()
    with pytest.raises(EngineError):
        context.decode(replace(one, positions=[7]))  # nothing lies between
    assert "ERROR" in {record.levelname for record in caplog.records}


def test_a_path_that_fills_the_cache_can_be_decoded_beside_a_full_conversation(load: Callable[..., Runtime]) -> None:
    runtime = load()
    runtime.memory.set_conversation([5] * runtime.context_length)
    found = logits_as_tree(runtime, [tuple([6] * runtime.context_length)])
    assert len(found) == 1
    assert runtime.memory.free == 0


def test_what_fits_beside_the_conversation_fits_whatever_was_probed_before(load: Callable[..., Runtime]) -> None:
    runtime = load()
    said = tuple(range(5, 15))
    runtime.memory.set_conversation(said)
    logits_as_tree(runtime, [said[:5]])  # its last token is decoded anew, so the spine has one cell of its own
    path = said[:5] + (20,) * (runtime.memory.room(said[:5]) - 5)
    assert len(logits_as_tree(runtime, [path])) == 1
    assert runtime.memory.free == 0


def test_batches_that_llama_cpp_would_not_survive_are_refused(load: Callable[..., Runtime]) -> None:
    context = load(sequences=4).context
    too_many = context.size.batch + 1
    for batch in (
        Batch([], [], [], []),
        Batch([10**6], [0], [(0,)], [True]),
        Batch([-1], [0], [(0,)], [True]),
        Batch([5], [-1], [(0,)], [True]),
        Batch([5], [0], [(4,)], [True]),
        Batch([5], [0], [()], [True]),
        Batch([5] * too_many, range(too_many), [(0,)] * too_many, [False] * too_many),
        Batch([5, 6], [0, 1], [(0,)], [True, True]),
    ):
        with pytest.raises(ValueError, match=r"batch|range|sequence"):
            context.decode(batch)
    for token, position, sequence in ((10**6, 0, 0), (-1, 0, 0), (5, -1, 0), (5, 0, 4), (5, 0, -1)):
        with pytest.raises(ValueError, match=r"range|sequence"):
            context.decode_one(token, position, sequence)


def test_a_token_decoded_alone_has_the_logits_of_a_batch_of_one_bit_for_bit(load: Callable[..., Runtime]) -> None:
    context = load().context
    together, alone = [], []
    for position, token in enumerate((5, 6, 7, 5)):
        context.decode(Batch([token], [position], [(0,)], [True]))
        together.append(context.logits(0).copy())
    context.cut(0, 0)
    for position, token in enumerate((5, 6, 7, 5)):
        context.decode_one(token, position, 0)
        alone.append(context.logits(0).copy())
    assert np.array_equal(together, alone)
    assert not np.array_equal(alone[0], alone[3]), "the position and what came before are not forgotten"


def test_logits_that_were_not_asked_for_are_refused(load: Callable[..., Runtime]) -> None:
    context = load().context
    context.decode(Batch([5, 6], [0, 1], [(0,)] * 2, [False, True]))
    assert context.logits(1).shape == (context._vocabulary,)
    assert np.shares_memory(context.logits(1), context.logits(1)), "a row is looked at where it is, not copied"
    for row in (-1, 0, 2):
        with pytest.raises(ValueError, match="no logits"):
            context.logits(row)


def _recorded(runtime: Runtime) -> tuple[Runtime, SequenceMemory, list[Call]]:
    """Empty the cache and return the runtime with a new memory, and what will be done to its conversation."""
    for sequence in range(runtime.context.size.sequences):
        runtime.context.cut(sequence, 0)
    runtime.memory.conversation.clear()
    runtime.memory.spine.clear()
    memory = SequenceMemory(runtime.context)
    return replace(runtime, memory=memory), memory, record(memory)
