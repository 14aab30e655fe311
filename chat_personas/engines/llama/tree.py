"""All probes as one prefix tree of tokens, cut into decodes: each distinct token is decoded once.

This is pure arithmetic on token ids, without a model, and tested alone. The paths are sorted and walked depth first.
So the cache must hold a single path besides the current decode: the *spine*, the ancestors of the token that is next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

TokenPath = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One token of the tree at its position in the context.

    `branches`: the numbers of the paths that pass through it and end in this step. `on_spine`: later steps grow from
    it, too. `ends_path`: a path ends here, so its logits are wanted.
    """

    token: int
    position: int
    branches: tuple[int, ...]
    on_spine: bool
    ends_path: bool


@dataclass(slots=True)
class Step:
    """One decode of the walk.

    Before it, branch b shares the first `forks[b]` tokens of the spine, and the spine is cut to `kept` tokens. For each
    branch, `ends` is the node at which its path ends, and `paths` the number of that path in the plan. `returned_to`:
    a later step goes back to the end of this one; only `OneByOne` says so.
    """

    kept: int
    nodes: list[Node] = field(default_factory=list)
    forks: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    paths: list[int] = field(default_factory=list)
    returned_to: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one decode: its tokens (`batch`), the paths that end in it (`branches`), and `cells`.

    `cells` are those that are free when the walk begins; the spine's new tokens and the decode must fit in them.
    """

    batch: int
    branches: int
    cells: int


@dataclass(frozen=True, slots=True)
class _Run:
    """A stretch of one path, [start, stop), that is decoded in a step; `whole` if it reaches the path's end."""

    path: int
    start: int
    stop: int
    whole: bool


def common_length(one: Sequence[int], other: Sequence[int]) -> int:
    """Return the length of the longest common prefix."""
    equal, end = 0, min(len(one), len(other))
    if list(one[:end]) == list(other[:end]):
        return end
    while end - equal > 1:
        middle = (equal + end) // 2
        if list(one[equal:middle]) == list(other[equal:middle]):
            equal = middle
        else:
            end = middle
    return equal


def common_start(paths: Sequence[TokenPath]) -> TokenPath:
    """Return the tokens that all paths begin with and none ends with: the last one of each is decoded."""
    common = min(common_length(paths[0], path) for path in paths)
    return paths[0][: min(common, min(map(len, paths)) - 1)]


class Plan:
    """How to decode `paths` when the first `held` tokens, common to all of them, are in the cache.

    Raises ValueError if a path would not fit in the cells by itself, or has nothing left to decode.
    """

    def __init__(self, paths: Sequence[TokenPath], held: int, limits: Limits) -> None:
        self.paths = sorted(set(paths), key=lambda path: path[held:])
        self._limits = limits
        self._held = held
        if not self.paths:
            return
        if min(map(len, self.paths)) <= held:
            raise ValueError("every path needs at least one token to decode")
        if max(map(len, self.paths)) - held > limits.cells or limits.batch < 1 or limits.branches < 1:
            raise ValueError("a path does not fit in the cache")
        rests = [path[held:] for path in self.paths]
        self._starts = [held, *(held + common_length(one, other) for one, other in pairwise(rests))]
        self._trunk = held + common_length(rests[0], rests[-1])

    def decoded(self, path: int) -> int:
        """Return how many tokens are decoded for `path` that no earlier one needed."""
        return len(self.paths[path]) - self._starts[path]

    def steps(self) -> Iterator[Step]:
        """Yield the decodes in order. After the last, the spine holds what all paths have in common."""
        path, start = 0, self._held
        while path < len(self.paths):
            runs = self._fill(path, start)
            last = runs[-1]
            following = last.path + 1 if last.whole else last.path
            spine = self._spine_after(last)
            yield self._step(runs, spine)
            path, start = following, spine

    def _fill(self, path: int, start: int) -> list[_Run]:
        """Take as many tokens in walking order as one decode may have."""
        budget = min(self._limits.batch, self._limits.cells - (start - self._held))
        runs: list[_Run] = []
        while budget > 0 and path < len(self.paths):
            stop = min(len(self.paths[path]), start + budget)
            whole = stop == len(self.paths[path])
            if whole and sum(run.whole for run in runs) == self._limits.branches:
                break
            runs.append(_Run(path, start, stop, whole))
            budget -= stop - start
            path += 1
            start = self._starts[path] if path < len(self.paths) else 0
        return runs

    def _spine_after(self, last: _Run) -> int:
        """Return the depth of the spine that the step after `last` grows from."""
        if not last.whole:
            return last.stop
        return self._starts[last.path + 1] if last.path + 1 < len(self.paths) else self._trunk

    def _step(self, runs: list[_Run], spine: int) -> Step:
        """Work out which paths pass through which tokens, and what of the spine they take over."""
        branch_of = {run.path: number for number, run in enumerate(run for run in runs if run.whole)}
        step = Step(kept=min([run.start for run in runs] + [spine]), paths=list(branch_of))
        lowest = runs[0].start
        for index, run in enumerate(runs):
            lowest = min(lowest, run.start)
            if run.whole:
                step.forks.append(lowest)
                step.ends.append(len(step.nodes) + run.stop - run.start - 1)
            step.nodes += self._nodes(runs, index, branch_of, spine)
        return step

    def _nodes(self, runs: list[_Run], index: int, branch_of: dict[int, int], spine: int) -> list[Node]:
        """Return the nodes of one run: each belongs to all later runs that share it, and maybe to the spine."""
        run = runs[index]
        reaches: list[tuple[int, int]] = []
        reach = run.stop
        for later in runs[index:]:
            if later is not run:
                reach = min(reach, later.start)
            if reach <= run.start:
                break
            if later.whole:
                reaches.append((branch_of[later.path], reach))
        on_spine = min(reach, spine)
        tokens = self.paths[run.path]
        return [
            Node(
                token=tokens[position],
                position=position,
                branches=tuple(branch for branch, depth in reaches if position < depth),
                on_spine=position < on_spine,
                ends_path=run.whole and position == run.stop - 1,
            )
            for position in range(run.start, run.stop)
        ]


class OneByOne(Plan):
    """The same tree for a model whose state cannot be branched: every step is a stretch of one path, its nodes in line.

    A stretch ends with its path, or where a later path leaves it, or where the decode is full. Whoever saves the state
    at the ends that are `returned_to`, and goes back to them, decodes each node once.
    """

    def steps(self) -> Iterator[Step]:
        """Yield the decodes in order. All but the last of a path end on the spine."""
        for path, tokens in enumerate(self.paths):
            start, forks = self._starts[path], self._forks(path)
            while start < len(tokens):
                stop = min(start + self._limits.batch, min(fork for fork in (*forks, len(tokens)) if fork > start))
                whole, returned_to = stop == len(tokens), stop in forks
                step = Step(kept=start, returned_to=returned_to)
                step.nodes = [
                    Node(tokens[at], at, (0,) if whole else (), not whole or returned_to, whole and at == stop - 1)
                    for at in range(start, stop)
                ]
                if whole:
                    step.forks, step.ends, step.paths = [start], [stop - start - 1], [path]
                yield step
                start = stop

    def _forks(self, path: int) -> set[int]:
        """Return the lengths at which later paths leave this one, of those that no earlier path has decoded.

        The trunk is one of them: what all paths have in common stays for the next plan.
        """
        forks, lowest = set[int](), len(self.paths[path])
        for start in (*self._starts[path + 1 :], self._trunk):
            lowest = min(lowest, start)
            if lowest <= self._starts[path]:
                break
            forks.add(lowest)
        return forks
