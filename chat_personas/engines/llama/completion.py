"""Whole replies out of band, such as answers in words: generated on a branch, the conversation untouched."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chat_personas.engines.llama.interrupt import InterruptFlag
from chat_personas.engines.llama.job import Job, Priority
from chat_personas.engines.llama.reply import fit_reply
from chat_personas.engines.llama.sampler import Sampler, chosen_seed
from chat_personas.engines.llama.streaming import Detokeniser
from chat_personas.engines.llama.tree import Limits, Path, Plan, Step
from eval.engine import Message, RequestError, Sampling

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime


class CompleteJob(Job[str]):
    """Puts out `n` replies to the same messages, drawn independently. Interrupted, it begins the current one again."""

    priority = Priority.MEASUREMENT

    def __init__(self, messages: Sequence[Message], sampling: Sampling, n: int) -> None:
        super().__init__()
        self._messages = tuple(messages)
        self._sampling = sampling
        self._seeds = [chosen_seed(sampling, reply) for reply in range(n)]

    def run(self, runtime: "Runtime", flag: InterruptFlag) -> None:
        """Generate the replies that are still missing; see `Job.run`."""
        _, path = fit_reply(runtime, self._messages, self._sampling)
        if len(path) > runtime.memory.room(path) - 1:
            problem = f"there is no room for these {len(path)} tokens beside the conversation"
            raise RequestError(f"{problem}; begin a new one, or {runtime.longer_context}")
        while self._seeds:
            flag.check()
            self.outlet.put(self._reply(runtime, flag, path, self._seeds[0]))
            del self._seeds[0]

    def _reply(self, runtime: "Runtime", flag: InterruptFlag, path: Path, seed: int) -> str:
        """Generate one reply. The prompt's last token is decoded by itself, so that all replies begin alike."""
        if len(path) > 1:
            runtime.memory.release(_decode(runtime, path[:-1]))
        step = _decode(runtime, path)
        try:
            return self._generate(runtime, flag, len(path), step.ends[-1], seed)
        finally:
            runtime.memory.release(step)

    def _generate(self, runtime: "Runtime", flag: InterruptFlag, position: int, row: int, seed: int) -> str:
        detokeniser = Detokeniser(runtime.vocabulary.piece, strip_leading_space=runtime.vocabulary.leads_with_space)
        longest = min(self._sampling.max_tokens, runtime.context_length - position, runtime.memory.free)
        with Sampler(self._sampling, seed, runtime.vocabulary) as sampler:
            for number in range(longest):
                flag.check()
                token = sampler.draw(runtime.context.check_drawable(row), row)
                if runtime.vocabulary.ends_reply(token):
                    break
                detokeniser.add(token)
                if number + 1 < longest:
                    runtime.memory.extend_branch(token, position + number)
                    row = 0
        return detokeniser.text


def _decode(runtime: "Runtime", path: Path) -> Step:
    """Bring the whole of `path` onto the spine; return the last step, unreleased, with the logits after the path."""
    memory = runtime.memory
    held = memory.aim_spine(path[:-1])
    plan = Plan([path], held, Limits(runtime.context.size.batch, memory.branches, memory.free))
    *before, last = plan.steps()
    for step in before:
        memory.grow(step)
        memory.release(step)
    memory.grow(last)
    return last
