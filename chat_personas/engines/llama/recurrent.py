"""Models with recurrent layers (Mamba, RWKV, LFM2, ...): the conversation is left by a saved state and gone back to.

A recurrent layer keeps one state for all that it has read. No token can be taken out of it, and two probes cannot share
it as they share the cells of attention. So the state is copied wherever something is to be gone back to. A hybrid has
cells of attention as well: those are shared and cut as usual.
"""

from collections.abc import Sequence

from chat_personas.engines.llama.context import Batch, Context, SequenceState
from chat_personas.engines.llama.token_cache import CONVERSATION, SPINE, Memory
from chat_personas.engines.llama.tree import Limits, OneByOne, Plan, Step, TokenPath, common_length

SEQUENCES = 2
"""The conversation and the spine: one probe after the other is decoded on the spine, which then goes back."""
MOST_SAVED = 8
"""Saved states of the conversation: the newest; who goes back further has it decoded again."""


class RecurrentMemory(Memory):
    """The tokens that the states of a recurrent model stand for.

    The conversation's state is saved before the last token of each prompt and where the next message begins, whether it
    is probed or not: so another reply to the same message, or another message, decodes little, and with the same calls
    as in a conversation that was never probed. The spine's state is saved where probes part.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._saved: dict[int, SequenceState] = {}
        """States of the conversation, by how many of its tokens were read."""
        self._marks: dict[int, SequenceState] = {}
        """The same of the spine."""
        self._passing: int | None = None
        """The newest mark, if nothing goes back to it but a decode that is interrupted."""
        self._astray = False
        """Whether the spine's sequence has read a branch after the spine."""

    def set_conversation(self, tokens: Sequence[int]) -> int:
        """Make `tokens` the conversation; see `Memory`. The last token is decoded by itself, after a saved state."""
        if not tokens:
            raise ValueError("a conversation has at least one token")
        last = len(tokens) - 1
        kept = self._held(tokens[:last])
        self.drop_spine()
        self._return_to(kept)
        self._save()
        for start in range(kept, last, self._context.size.batch):
            self.extend_conversation(tokens[start : min(start + self._context.size.batch, last)])
            if start > kept:
                del self._saved[start]
            self._save()
        self.extend_conversation(tokens[last:])
        return kept

    def extend_conversation(self, tokens: Sequence[int]) -> None:
        """Decode `tokens` at the conversation's end; after a failure it ends at the newest state that is saved."""
        self.drop_spine()
        try:
            self._decode(tokens, len(self.conversation), CONVERSATION)
        except BaseException:
            self._return_to(max(self._saved, default=0), intact=False)
            raise
        self.conversation.extend(tokens)
        self.row = len(tokens) - 1

    def _held(self, tokens: Sequence[int]) -> int:
        """Return how many of `tokens` the conversation can go on from."""
        common = common_length(self.conversation, tokens)
        return max(length for length in (0, len(self.conversation), *self._saved) if length <= common)

    def _save(self) -> None:
        """Save the conversation's state, and give up the oldest if there are many."""
        if (length := len(self.conversation)) and length not in self._saved:
            self._saved[length] = self._context.save(CONVERSATION)
            if len(self._saved) > MOST_SAVED:
                del self._saved[min(self._saved)]

    def _return_to(self, length: int, *, intact: bool = True) -> None:
        """Cut the conversation to `length` tokens, after which its state is saved or, `intact`, at hand."""
        if not intact or length < len(self.conversation):
            del self.conversation[length:]
            self._saved = {saved: state for saved, state in self._saved.items() if saved <= length}
            self._go_back(CONVERSATION, self._saved.get(length), length)

    def _go_back(self, sequence: int, state: SequenceState | None, length: int) -> None:
        if state is None:
            self._context.cut(sequence, 0)
        else:
            self._context.restore(sequence, state, length)

    def drop_spine(self) -> None:
        """Remove the spine, and all that was read after it."""
        if self.spine or self._astray:
            self._context.cut(SPINE, 0)
        self.spine, self._marks, self._shared = [], {}, 0
        self._passing, self._astray = None, False

    def aim_spine(self, path: Sequence[int]) -> int:
        """Make the spine the longest start of `path` after which a state is saved, or that is the conversation."""
        common = common_length(self.spine, path)
        on_spine = max((length for length in self._marks if length <= common), default=0)
        in_conversation = self._held(path)
        if in_conversation >= on_spine:
            self._leave_conversation(in_conversation)
        else:
            self._cut_spine(on_spine)
        return len(self.spine)

    def _leave_conversation(self, length: int) -> None:
        """Make the spine the first `length` tokens of the conversation."""
        self.drop_spine()
        if length:
            state = self._saved[length] if length in self._saved else self._context.save(CONVERSATION)
            self._context.share(CONVERSATION, SPINE, length)
            self.spine = self.conversation[:length]
            self._shared = length
            self._marks[length] = state
            self._context.restore(SPINE, state, length)

    def _cut_spine(self, length: int) -> None:
        """Keep only the first `length` tokens of the spine, after which the state is saved, and no branch."""
        if self._astray or length < len(self.spine):
            self._go_back(SPINE, self._marks.get(length), length)
            del self.spine[length:]
            self._marks = {marked: state for marked, state in self._marks.items() if marked <= length}
            self._passing = self._passing if self._passing in self._marks else None
            self._shared, self._astray = min(self._shared, length), False

    def room(self, path: Sequence[int]) -> int:
        """Return how many tokens `path` may have; see `Memory`."""
        return self._context.size.cells - len(self.conversation) + self._held(path)

    def _plan(self, paths: Sequence[TokenPath], held: int) -> Plan:
        return OneByOne(paths, held, Limits(self._context.size.batch, 1, self.free))

    def grow(self, step: Step) -> None:
        """Decode one step of a plan at the end of the spine; a failure empties the spine."""
        tokens = [node.token for node in step.nodes]
        try:
            self._cut_spine(step.kept)
            self._astray = True
            self._decode(tokens, step.kept, SPINE)
            if step.nodes[-1].on_spine:
                self.spine += tokens
                self._astray = False
                self._mark(passing=not step.returned_to)
        except BaseException:
            self.drop_spine()
            raise

    def _mark(self, *, passing: bool) -> None:
        """Save the spine's state; the one before is given up if it was only passing."""
        if self._passing is not None:
            del self._marks[self._passing]
        self._marks[len(self.spine)] = self._context.save(SPINE)
        self._passing = len(self.spine) if passing else None

    def extend_branch(self, token: int, position: int) -> None:
        """Decode `token` after what the spine's sequence has read; row 0 then has the logits."""
        self._astray = True
        self._context.decode_one(token, position, SPINE)

    def release(self, step: Step) -> None:
        """Nothing is to be done: the spine goes back when it is next used."""

    def _decode(self, tokens: Sequence[int], start: int, sequence: int) -> None:
        if len(tokens) == 1:
            self._context.decode_one(tokens[0], start, sequence)
        else:
            last = len(tokens) - 1
            positions, outputs = range(start, start + len(tokens)), [False] * last + [True]
            self._context.decode(Batch(tokens, positions, [(sequence,)] * len(tokens), outputs))
