"""A reply to a person, generated at the end of the conversation."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat_personas.engines.llama.fitting import Fitted, shortened
from chat_personas.engines.llama.interrupt import InterruptFlag
from chat_personas.engines.llama.job import Job, Priority
from chat_personas.engines.llama.sampler import Sampler, chosen_seed
from chat_personas.engines.llama.streaming import Detokeniser
from eval.engine import EngineError, FinishReason, Message, Piece, Sampling, TooLongError, Usage

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime


@dataclass(slots=True)
class _Course:
    """How far a reply has got, for its `Usage`."""

    began: float
    seed: int
    prompt: int = 0
    reused: int = 0
    generated: int = 0
    first_token: float | None = None
    dropped: int = 0

    def usage(self) -> Usage:
        return Usage(
            prompt_tokens=self.prompt,
            reused_tokens=self.reused,
            decoded_tokens=self.generated,
            seconds=time.perf_counter() - self.began,
            first_token_seconds=self.first_token,
            seed=self.seed,
        )


class ReplyJob(Job[Piece]):
    """Generates one reply in the conversation's own sequence and puts it out piece by piece."""

    priority = Priority.REPLY

    def __init__(self, messages: Sequence[Message], sampling: Sampling) -> None:
        super().__init__()
        self._messages = tuple(messages)
        self._sampling = sampling
        self._course = _Course(time.perf_counter(), chosen_seed(sampling))

    def run(self, runtime: "Runtime", flag: InterruptFlag) -> None:
        """Generate the reply; see `Job.run`."""
        fitted, tokens = fit_reply(runtime, self._messages, self._sampling)
        course = self._course
        course.prompt, course.dropped = len(tokens), fitted.dropped
        course.reused = runtime.memory.set_conversation(tokens)
        detokeniser = Detokeniser(runtime.vocabulary.piece, strip_leading_space=runtime.vocabulary.leads_with_space)
        try:
            finish = self._generate(runtime, flag, detokeniser)
        finally:
            runtime.prompter.remember_reply(detokeniser.text, detokeniser.tokens)
        self.outlet.put(Piece("", finish, self._take_dropped(), course.usage()))

    def _generate(self, runtime: "Runtime", flag: InterruptFlag, detokeniser: Detokeniser) -> FinishReason:
        """Draw and decode tokens until the reply ends."""
        memory, course = runtime.memory, self._course
        longest = min(self._sampling.max_tokens, runtime.context_length - len(memory.conversation))
        with Sampler(self._sampling, course.seed, runtime.vocabulary) as sampler:
            while course.generated < longest:
                flag.check()
                token = sampler.draw(runtime.context.check_drawable(memory.row), memory.row)
                self._note_first_token()
                if runtime.vocabulary.ends_reply(token):
                    return "stop"
                course.generated += 1
                text = detokeniser.add(token)
                if text:
                    self.outlet.put(Piece(text, dropped_messages=self._take_dropped()))
                if course.generated < longest:
                    memory.extend_conversation([token])
        return "length"

    def _note_first_token(self) -> None:
        if self._course.first_token is None:
            self._course.first_token = time.perf_counter() - self._course.began

    def _take_dropped(self) -> int:
        """Return the number of dropped messages once, for the first piece."""
        dropped, self._course.dropped = self._course.dropped, 0
        return dropped


def fit_reply(runtime: "Runtime", messages: Sequence[Message], sampling: Sampling) -> tuple[Fitted, tuple[int, ...]]:
    """Return the messages that leave room for a reply, and their tokens.

    A quarter of the context is kept free for the reply, or less if it may not be so long.

    Raises:
        EngineError: there are no messages; TooLongError: the last one is too long by itself.
    """
    if not messages:
        raise EngineError("there is no message to reply to")
    room = runtime.context_length - min(sampling.max_tokens, runtime.context_length // 4)
    tokens: tuple[int, ...] = ()
    for fitted in shortened(messages, runtime.prompter.size, room):
        tokens = runtime.prompter.tokens(fitted.messages)
        if len(tokens) <= room:
            return fitted, tokens
    kept = runtime.context_length - room
    raise TooLongError(
        f"the last message has {len(tokens)} tokens, system prompt included; of the context's {runtime.context_length} "
        f"it may take {room}, {kept} are kept for the reply; shorten it, or {runtime.longer_context}"
    )
