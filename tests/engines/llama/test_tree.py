"""The walk over a prefix tree: checked against a model of the cache that knows only what llama.cpp promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.engines.llama.tree import Limits, OneByOne, Plan, Step, TokenPath, common_length

SPINE = -1


class PlainCache:
    """Sequences as lists of tokens; every rule that llama.cpp has for a decode is checked here."""

    def __init__(self, held: TokenPath) -> None:
        self.sequences: dict[int, list[int]] = {SPINE: list(held)}
        self.decoded = 0

    def run(self, step: Step) -> list[TokenPath]:
        """Do one step and return the paths at whose ends logits are read."""
        for branch, length in enumerate(step.forks):
            assert length <= len(self.sequences[SPINE]), "a branch takes over more than the spine has"
            self.sequences[branch] = self.sequences[SPINE][:length]
        del self.sequences[SPINE][step.kept :]
        before = {owner: len(tokens) for owner, tokens in self.sequences.items()}
        for node in step.nodes:
            owners = (*node.branches, *((SPINE,) if node.on_spine else ()))
            assert owners, "a token belongs to nobody"
            assert len({before[owner] for owner in owners}) == 1, (
                "sequences that share a token differ in length before it"
            )
            for owner in owners:
                assert len(self.sequences[owner]) == node.position, "positions of a sequence have a gap"
                self.sequences[owner].append(node.token)
        self.decoded += len(step.nodes)
        assert all(step.nodes[end].ends_path for end in step.ends)
        assert sum(node.ends_path for node in step.nodes) == len(step.ends)
        return [tuple(self.sequences.pop(branch)) for branch in range(len(step.forks))]


def distinct_prefixes(paths: list[TokenPath], held: int) -> int:
    return len({path[:length] for path in paths for length in range(held + 1, len(path) + 1)})


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[TokenPath], int, Limits]:
    held = draw(st.integers(0, 5))
    prefix = tuple(draw(st.lists(st.integers(0, 2), min_size=held, max_size=held)))
    rests = draw(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12), min_size=1, max_size=20))
    paths = [prefix + tuple(rest) for rest in rests]
    longest = max(map(len, paths)) - held
    limits = Limits(
        batch=draw(st.integers(1, 30)), branches=draw(st.integers(1, 6)), cells=draw(st.integers(longest, longest + 30))
    )
    return paths, held, limits


@given(trees())
def test_every_path_is_answered_once_and_every_distinct_token_decoded_once(
    tree: tuple[list[TokenPath], int, Limits],
) -> None:
    paths, held, limits = tree
    cache = PlainCache(paths[0][:held])
    plan = Plan(paths, held, limits)
    answered: list[TokenPath] = []
    for step in plan.steps():
        assert len(step.nodes) <= limits.batch
        assert len(step.forks) <= limits.branches
        assert len(cache.sequences[SPINE]) - held + len(step.nodes) <= limits.cells
        ended = cache.run(step)
        assert ended == [plan.paths[index] for index in step.paths]
        answered += ended
    assert sorted(answered) == sorted(set(paths))
    assert cache.decoded == distinct_prefixes(paths, held)
    assert sum(plan.decoded(index) for index in range(len(plan.paths))) == cache.decoded


@given(trees())
def test_after_the_walk_the_spine_holds_what_all_paths_have_in_common(
    tree: tuple[list[TokenPath], int, Limits],
) -> None:
    paths, held, limits = tree
    cache = PlainCache(paths[0][:held])
    for step in Plan(paths, held, limits).steps():
        cache.run(step)
    expected = [column[0] for column in _common_columns(paths)]
    assert cache.sequences[SPINE] == expected


def _common_columns(paths: list[TokenPath]) -> list[tuple[int, ...]]:
    columns = []
    for column in zip(*paths, strict=False):
        if len(set(column)) > 1:
            break
        columns.append(column)
    return columns


class OneState:
    """A single sequence with one state: it can be gone on from, or put back to where it was saved, and nothing else."""

    def __init__(self, held: TokenPath) -> None:
        self.state = held
        self.saved = {held}
        self.decoded = 0

    def run(self, step: Step) -> list[TokenPath]:
        """Do one step, and return the path at whose end logits are read, if there is one."""
        if step.kept < len(self.state):
            assert self.state[: step.kept] in self.saved, "the state that the walk goes back to was not saved"
            self.state = self.state[: step.kept]
        assert [node.position for node in step.nodes] == list(range(step.kept, step.kept + len(step.nodes)))
        self.state += tuple(node.token for node in step.nodes)
        self.decoded += len(step.nodes)
        if step.returned_to:
            self.saved.add(self.state)
        assert all(node.on_spine for node in step.nodes) is (step.returned_to or not step.paths)
        assert step.ends == [len(step.nodes) - 1] * len(step.paths)
        return [self.state] * len(step.paths)


@given(trees())
def test_one_path_after_the_other_goes_back_to_saved_states_and_decodes_every_distinct_token_once(
    tree: tuple[list[TokenPath], int, Limits],
) -> None:
    paths, held, limits = tree
    model = OneState(paths[0][:held])
    plan = OneByOne(paths, held, limits)
    answered: list[TokenPath] = []
    for step in plan.steps():
        assert 0 < len(step.nodes) <= limits.batch
        ended = model.run(step)
        assert ended == [plan.paths[index] for index in step.paths]
        answered += ended
    assert sorted(answered) == sorted(set(paths))
    assert model.decoded == distinct_prefixes(paths, held)
    assert sum(plan.decoded(index) for index in range(len(plan.paths))) == model.decoded
    assert tuple(column[0] for column in _common_columns(paths)) in model.saved, "for the next probes"


def test_batches_are_filled_across_branches() -> None:
    paths = [(7, 7, first, 1, 2) for first in range(10)]  # 2 shared tokens, then 10 branches of 3
    sizes = [len(step.nodes) for step in Plan(paths, 0, Limits(batch=8, branches=20, cells=100)).steps()]
    assert sizes == [8, 8, 8, 8]


def test_no_paths_need_no_steps() -> None:
    assert list(Plan([], 0, Limits(8, 2, 8)).steps()) == []


def test_a_path_longer_than_the_cache_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Plan([tuple(range(10))], 0, Limits(batch=4, branches=2, cells=9))


@given(st.lists(st.integers(0, 1)), st.lists(st.integers(0, 1)))
def test_common_length_is_that_of_the_longest_common_prefix(one: list[int], other: list[int]) -> None:
    length = common_length(one, tuple(other))
    assert one[:length] == other[:length]
    assert one[length : length + 1] != other[length : length + 1] or length == min(len(one), len(other))
