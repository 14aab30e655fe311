"""The book-keeping of the cache: which tokens are in it, for the conversation and for the probes beside it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from chat_personas.engines.llama.context import Batch, Context
from chat_personas.engines.llama.tree import Limits, Plan, Step, TokenPath, common_length, common_start

CONVERSATION = 0
SPINE = 1
FIRST_BRANCH = 2


class Memory(ABC):
    """The tokens that one context holds, by sequence.

    Sequence 0 is the conversation. Sequence 1 is the *spine*: the path of tokens from which probes branch off. It
    shares the conversation's cells as far as both agree. Whatever is done to the spine, the conversation goes on bit
    for bit as if it had never been probed.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.conversation: list[int] = []
        self.spine: list[int] = []
        self.row = 0
        """Where the last decode of the conversation left the logits after its last token."""
        self._shared = 0

    @abstractmethod
    def set_conversation(self, tokens: Sequence[int]) -> int:
        """Make `tokens` the conversation, with logits after the last; return how many were decoded already.

        At least one token is decoded, since only a decode gives logits. Raises ValueError when `tokens` is empty.
        """

    @abstractmethod
    def extend_conversation(self, tokens: Sequence[int]) -> None:
        """Decode `tokens`, at most a batch, at the conversation's end; `row` then has the logits after the last."""

    @abstractmethod
    def drop_spine(self) -> None:
        """Remove the spine from the cache."""

    @abstractmethod
    def aim_spine(self, path: Sequence[int]) -> int:
        """Make the spine the longest start of `path` that need not be decoded; return how many tokens that is."""

    @abstractmethod
    def room(self, path: Sequence[int]) -> int:
        """Return how many tokens `path` may have, with nothing beside it in the cache but the conversation."""

    @property
    def free(self) -> int:
        """The cells that neither the conversation nor the spine holds."""
        return self._context.size.cells - len(self.conversation) - (len(self.spine) - self._shared)

    def plan(self, paths: Sequence[TokenPath], *, alone: bool = False) -> Plan:
        """Aim the spine at what all paths have in common, and plan how to decode the rest.

        `alone`: use nothing of the conversation, and of the spine only what other parts of the same survey left. A
        quantised model's numbers depend on how tokens are split into decodes, and so on whose tokens are reused.
        """
        start = common_start(paths)
        if alone and common_length(self.spine, start) < min(len(self.spine), len(start)):
            self.drop_spine()
        if alone and not self.spine and max(map(len, paths)) <= self.free:
            return self._plan(paths, 0)
        return self._plan(paths, self.aim_spine(start))

    @abstractmethod
    def _plan(self, paths: Sequence[TokenPath], held: int) -> Plan:
        """Plan how to decode `paths`, of which the spine holds the first `held` tokens."""

    def hold(self, path: TokenPath) -> None:
        """Bring the whole of `path` onto the spine; what is there already is not decoded again."""
        if (held := self.aim_spine(path)) < len(path):
            for step in self._plan([path], held).steps():
                self.grow(step)
                self.release(step)

    @abstractmethod
    def grow(self, step: Step) -> None:
        """Decode one step of a plan. Its branches stay until `release`; a failure empties the spine."""

    @abstractmethod
    def extend_branch(self, token: int, position: int) -> None:
        """Decode `token` at the end of the first branch of a step that is not released; row 0 then has the logits."""

    @abstractmethod
    def release(self, step: Step) -> None:
        """Give up the branches of `step`."""


class SequenceMemory(Memory):
    """The tokens in the cache of a model that has one cell for each: branches share them, and many are decoded at once.

    The sequences after the spine are branches, and live for one decode.

    llama.cpp places new cells in the first free ones and computes attention in the order of cells. So the spine and all
    branches leave the cache before the conversation is decoded further: then its numbers are bit for bit those of a
    conversation that was never probed.
    """

    @property
    def branches(self) -> int:
        """How many branches there may be at once."""
        return self._context.size.sequences - FIRST_BRANCH

    def set_conversation(self, tokens: Sequence[int]) -> int:
        """Make `tokens` the conversation; see `Memory`.

        New tokens are decoded in runs of the batch size, counted from the first new one.
        """
        if not tokens:
            raise ValueError("a conversation has at least one token")
        kept = min(common_length(self.conversation, tokens), len(tokens) - 1)
        self.drop_spine()
        self._context.cut(CONVERSATION, kept)
        del self.conversation[kept:]
        for start in range(kept, len(tokens), self._context.size.batch):
            self.extend_conversation(tokens[start : start + self._context.size.batch])
        return kept

    def extend_conversation(self, tokens: Sequence[int]) -> None:
        """Decode `tokens`, at most a batch, at the conversation's end; `row` then has the logits after the last."""
        self.drop_spine()
        start, last = len(self.conversation), len(tokens) - 1
        try:
            if last:
                positions, outputs = range(start, start + last + 1), [False] * last + [True]
                self._context.decode(Batch(tokens, positions, [(CONVERSATION,)] * len(tokens), outputs))
            else:
                self._context.decode_one(tokens[0], start, CONVERSATION)
        except BaseException:
            self._context.cut(CONVERSATION, start)
            raise
        self.conversation.extend(tokens)
        self.row = last

    def drop_spine(self) -> None:
        """Remove the spine from the cache."""
        if self.spine:
            self.cut_spine(0)

    def cut_spine(self, length: int) -> None:
        """Keep only the first `length` tokens of the spine."""
        self._context.cut(SPINE, length)
        del self.spine[length:]
        self._shared = min(self._shared, length)

    def aim_spine(self, path: Sequence[int]) -> int:
        """Make the spine the longest start of `path` that is in the cache; return how many tokens that is."""
        on_spine = common_length(self.spine, path)
        in_conversation = common_length(self.conversation, path)
        if in_conversation >= on_spine:  # if equal, too: cells that both share are cells saved
            self.cut_spine(0)
            self._context.share(CONVERSATION, SPINE, in_conversation)
            self.spine = list(path[:in_conversation])
            self._shared = in_conversation
        else:
            self.cut_spine(on_spine)
        return len(self.spine)

    def room(self, path: Sequence[int]) -> int:
        """Return how many tokens `path` may have; see `Memory`."""
        return self._context.size.cells - len(self.conversation) + common_length(self.conversation, path)

    def _plan(self, paths: Sequence[TokenPath], held: int) -> Plan:
        return Plan(paths, held, Limits(self._context.size.batch, self.branches, self.free))

    def grow(self, step: Step) -> None:
        """Decode one step of a tree on the spine. Its branches stay until `release`; a failure empties the spine."""
        try:
            for branch, length in enumerate(step.forks):
                self._context.share(SPINE, FIRST_BRANCH + branch, length)
            self.cut_spine(step.kept)
            self._context.decode(_batch(step))
        except BaseException:
            self.release(step)
            self.cut_spine(0)
            raise
        self.spine.extend(node.token for node in step.nodes if node.on_spine)

    def extend_branch(self, token: int, position: int) -> None:
        """Decode `token` at the end of the first branch of a step that is not released; row 0 then has the logits."""
        self._context.decode_one(token, position, FIRST_BRANCH)

    def release(self, step: Step) -> None:
        """Remove the branches of `step` from the cache."""
        for branch in range(len(step.forks)):
            self._context.cut(FIRST_BRANCH + branch, 0)


def _batch(step: Step) -> Batch:
    """Return the decode of a step: every node once, belonging to all branches that pass through it."""
    return Batch(
        [node.token for node in step.nodes],
        [node.position for node in step.nodes],
        [
            (*((SPINE,) if node.on_spine else ()), *(FIRST_BRANCH + branch for branch in node.branches))
            for node in step.nodes
        ],
        [node.ends_path for node in step.nodes],
    )
