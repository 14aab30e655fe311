"""Generating text: replies to a person, whole replies out of band, and reading a conversation ahead of its reply."""

import json
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from chat_personas.engines.exact_prompt import ExactPrompt, LeftOut
from chat_personas.engines.llama.bindings import native
from chat_personas.engines.llama.tree import TokenPath
from chat_personas.engines.llama.vocabulary import Vocabulary
from chat_personas.engines.llama.worker import Interrupted, InterruptFlag, Job, Priority
from chat_personas.engines.reply_text import ReplyText, Said
from chat_personas.engines.shortening import Fitted, shortened
from eval.engine import (
    EngineError,
    FinishReason,
    Message,
    Percentages,
    Piece,
    RequestError,
    Sampling,
    TooLongError,
    Usage,
)
from eval.interventions import Interventions

if TYPE_CHECKING:
    from chat_personas.engines.llama.prompt import Prompter
    from chat_personas.engines.llama.runtime import Runtime

T = TypeVar("T")

_ONLY_THOUGHT = (
    "the model thought for {} tokens and did not come to a reply; raise max_tokens under [sampling] in the persona's "
    "file, or use a model that does not think"
)
_SEEDS = 2**32 - 1  # llama.cpp takes 2**32 - 1 itself for "draw one", unseen


class _ConversationJob(Job[T]):
    """A job on a conversation that is, or might be, replied to."""

    def __init__(self, messages: Sequence[Message], sampling: Sampling, interventions: Interventions = ()) -> None:
        super().__init__()
        self._messages = tuple(messages)
        self._sampling = sampling
        self._interventions = interventions


class ReplyJob(_ConversationJob[Piece]):
    """Generates one reply in the conversation's own sequence and puts it out piece by piece."""

    priority = Priority.REPLY

    def __init__(self, messages: Sequence[Message], sampling: Sampling, interventions: Interventions = ()) -> None:
        super().__init__(messages, sampling, interventions)
        self._progress = _Progress(time.perf_counter(), _chosen_seed(sampling))

    def run(self, runtime: "Runtime", flag: InterruptFlag) -> None:
        """Generate the reply; see `Job.run`."""
        runtime = runtime.under(self._interventions)
        fitted, tokens = _fit_reply(runtime, runtime.prompter, self._messages, self._sampling)
        progress = self._progress
        progress.prompt, progress.dropped = len(tokens), fitted.dropped
        progress.reused = runtime.memory.set_conversation(tokens)
        runtime.context.check_finite(runtime.memory.row)
        output = _Output(runtime.vocabulary, runtime.prompter, self._messages)
        try:
            finish = self._generate(runtime, flag, output)
        finally:
            output.remember()
        rest = output.text.end()
        if not output.text.reply.strip() and output.text.thought:
            self.results.put(Piece("", thought=rest.thought))
            raise RequestError(_ONLY_THOUGHT.format(progress.generated))
        self.results.put(Piece(rest.reply, finish, self._take_dropped(), progress.usage(), rest.thought, rest.recalls))

    def _generate(self, runtime: "Runtime", flag: InterruptFlag, output: "_Output") -> FinishReason:
        """Draw and decode tokens until the reply ends."""
        memory, progress = runtime.memory, self._progress
        longest = min(self._sampling.max_tokens, runtime.context_length - len(memory.conversation))
        with Sampler(self._sampling, progress.seed, runtime.vocabulary) as sampler:
            while progress.generated < longest:
                flag.check()
                token = sampler.draw(runtime.context.check_drawable(memory.row), memory.row)
                self._note_first_token()
                if output.ends_with(token):
                    return "stop"
                progress.generated += 1
                said = output.add(token)
                if said.reply or said.thought:
                    piece = Piece(said.reply, None, self._take_dropped(), None, said.thought, said.recalls)
                    self.results.put(piece)
                if output.text.ended:
                    return "stop"
                if progress.generated < longest:  # the last token of all is drawn, and never needs to be decoded
                    memory.extend_conversation([token])
        return "length"

    def _note_first_token(self) -> None:
        if self._progress.first_token is None:
            self._progress.first_token = time.perf_counter() - self._progress.began

    def _take_dropped(self) -> int:
        """Return the number of dropped messages once, for the first piece."""
        dropped, self._progress.dropped = self._progress.dropped, 0
        return dropped


@dataclass(slots=True)
class _Progress:
    """How far a reply has got, for its `Usage`; tokens and seconds."""

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


class ReadAheadJob(_ConversationJob[None]):
    """Decodes a conversation as its next reply would, which then has only its new tokens left.

    Interrupted, it ends: the tokens that it has decoded stay in the cache, and the job that interrupted it goes on from
    there.
    """

    priority = Priority.MEASUREMENT

    def run(self, runtime: "Runtime", flag: InterruptFlag) -> None:
        """Decode the part of the conversation that is not in the cache; see `Job.run`."""
        runtime = runtime.under(self._interventions)
        # If the conversation is too long, its next reply says so, to the person who goes on with it.
        with suppress(TooLongError, Interrupted):
            _, tokens = _fit_reply(runtime, runtime.prompter, self._messages, self._sampling)
            flag.check()
            runtime.memory.set_conversation(tokens)


class PromptJob(_ConversationJob[ExactPrompt]):
    """Puts out the prompt of a reply part by part, cut as the reply would cut it. Nothing is decoded."""

    priority = Priority.REPLY

    def run(self, runtime: "Runtime", flag: InterruptFlag) -> None:
        """Count the tokens; see `Job.run`."""
        prompter, messages = runtime.prompter, self._messages
        fitted, tokens = _fit_reply(runtime, prompter, messages, self._sampling)
        head = sum(message.role == "system" for message in messages[:1])
        numbers = [*range(head), *range(head + fitted.dropped, len(messages))]
        self.results.put(
            ExactPrompt(
                parts=tuple(
                    part if part.message is None else replace(part, message=numbers[part.message])
                    for part in prompter.counted(fitted.messages)
                ),
                tokens=len(tokens),
                context_length=runtime.context_length,
                reserved=runtime.context_length - _room(runtime, self._sampling),
                left_out=tuple(
                    LeftOut(number, prompter.size(messages[number].content))
                    for number in range(head, head + fitted.dropped)
                ),
            )
        )


class CompleteJob(_ConversationJob[str]):
    """Puts out `n` replies to the same messages, drawn independently, on a branch: the conversation stays as it is.

    Interrupted, it begins the current reply again.
    """

    priority = Priority.MEASUREMENT

    def __init__(
        self, messages: Sequence[Message], sampling: Sampling, n: int, interventions: Interventions = ()
    ) -> None:
        super().__init__(messages, sampling, interventions)
        self._seeds = [_chosen_seed(sampling, reply) for reply in range(n)]

    def run(self, runtime: "Runtime", flag: InterruptFlag) -> None:
        """Generate the replies that are still missing; see `Job.run`."""
        runtime = runtime.under(self._interventions)
        _, path = _fit_reply(runtime, runtime.texts_prompter, self._messages, self._sampling)
        if len(path) > runtime.memory.room(path) - 1:
            problem = f"there is no room for these {len(path):,} tokens beside the conversation"
            raise RequestError(f"{problem}; begin a new one, or {runtime.longer_context}")
        while self._seeds:
            flag.check()
            self.results.put(self._reply(runtime, flag, path, self._seeds[0]))
            del self._seeds[0]

    def _reply(self, runtime: "Runtime", flag: InterruptFlag, path: TokenPath, seed: int) -> str:
        """Generate one reply. The prompt's last token is decoded by itself, so that all replies begin alike."""
        if len(path) > 1:
            runtime.memory.hold(path[:-1])
        (step,) = runtime.memory.plan([path]).steps()
        runtime.memory.grow(step)
        try:
            runtime.context.check_finite(step.ends[-1])
            return self._generate(runtime, flag, len(path), step.ends[-1], seed)
        finally:
            runtime.memory.release(step)

    def _generate(self, runtime: "Runtime", flag: InterruptFlag, position: int, row: int, seed: int) -> str:
        output = _Output(runtime.vocabulary, runtime.texts_prompter)
        longest = min(self._sampling.max_tokens, runtime.context_length - position, runtime.memory.free)
        with Sampler(self._sampling, seed, runtime.vocabulary) as sampler:
            for number in range(longest):
                flag.check()
                token = sampler.draw(runtime.context.check_drawable(row), row)
                if output.ends_with(token):
                    break
                output.add(token)
                if output.text.ended:
                    break
                if number + 1 < longest:
                    runtime.memory.extend_branch(token, position + number)
                    row = 0
        output.text.end()
        return output.text.reply


class _Output:
    """The tokens of one reply as they are drawn, and the reply in them (`ReplyText`)."""

    def __init__(self, vocabulary: Vocabulary, prompter: "Prompter", messages: Sequence[Message] = ()) -> None:
        self._vocabulary = vocabulary
        self._prompter = prompter
        self._detokeniser = vocabulary.detokeniser()
        self.text = ReplyText(thinking=prompter.opens_thought, stops=prompter.stops_after(messages))

    def ends_with(self, token: int) -> bool:
        """Whether `token` ends the reply: one that ends a channel does not, as long as the reply is still to come."""
        if not self._vocabulary.ends_reply(token):
            return False
        return not (self.text.thinking and self._vocabulary.ends_channel(token))

    def add(self, token: int) -> Said:
        """Take one more token; return what has become clear of the reply and of the thoughts."""
        return self.text.add(self._detokeniser.add(token))

    def remember(self) -> None:
        """Let the reply keep its tokens when it comes back as a message, unless they hold more than the reply."""
        if self._detokeniser.text == self.text.reply:
            self._prompter.remember_reply(self._detokeniser.text, self._detokeniser.tokens)


def _fit_reply(
    runtime: "Runtime", prompter: "Prompter", messages: Sequence[Message], sampling: Sampling
) -> tuple[Fitted, tuple[int, ...]]:
    """Return the messages that leave room for a reply, and their tokens.

    A quarter of the context is left free for the reply, or less if the reply may not be so long.

    Raises:
        EngineError: there are no messages; TooLongError: the last one is too long by itself.
    """
    if not messages:
        raise EngineError("there is no message to reply to")
    room = _room(runtime, sampling)
    tokens: tuple[int, ...] = ()
    for fitted in shortened(messages, prompter.size, room):
        tokens = prompter.tokens(fitted.messages)
        if len(tokens) <= room:
            return fitted, tokens
    length, reserved = runtime.context_length, runtime.context_length - room
    raise TooLongError(
        f"the last message has {len(tokens):,} tokens with the system prompt; only {room:,} fit, because "
        f"{reserved:,} of the context's {length:,} are reserved for the reply; shorten it, or {runtime.longer_context}"
    )


def _room(runtime: "Runtime", sampling: Sampling) -> int:
    """Return how many tokens a prompt may have; the rest of the context is reserved for the reply."""
    return runtime.context_length - min(sampling.max_tokens, runtime.context_length // 4)


def _chosen_seed(sampling: Sampling, reply: int = 0) -> int:
    """Return the seed for one reply: the given one plus the reply's number, or one drawn now. 0 <= seed < 2**32 - 1."""
    seed = secrets.randbelow(2**31) if sampling.seed is None else sampling.seed
    return (seed + reply) % _SEEDS


class Sampler:
    """Draws the next token. A chain of llama.cpp's samplers in the order of its own server.

    That order is grammar, nucleus, temperature, seeded draw. A temperature of 0 or below is greedy. The grammar keeps
    the reply to `sampling.constraint`, unless the model has no token that ends a reply: after the last character that a
    grammar allows, llama.cpp would find nothing to draw and end the process. Use it as a context manager; it holds
    native memory.
    """

    def __init__(self, sampling: Sampling, seed: int, vocabulary: Vocabulary) -> None:
        library = native()
        self._library = library
        self._chain = library.llama_sampler_chain_init(library.llama_sampler_chain_default_params())
        links = (
            [library.llama_sampler_init_greedy()]
            if sampling.temperature <= 0
            else [
                library.llama_sampler_init_top_p(min(max(sampling.top_p, 0.0), 1.0), 1),
                library.llama_sampler_init_temp(sampling.temperature),
                library.llama_sampler_init_dist(seed),
            ]
        )
        if sampling.constraint is not None and vocabulary.can_constrain:
            links.insert(0, _constraining(library, vocabulary, grammar(sampling.constraint)))
        for link in links:
            library.llama_sampler_chain_add(self._chain, link)

    def __enter__(self) -> "Sampler":
        return self

    def __exit__(self, *_: object) -> None:
        self._library.llama_sampler_free(self._chain)
        self._chain = None

    def draw(self, context: Any, row: int) -> int:
        """Draw a token from output `row` of the last decode of the native `context`; the caller vouches for the row."""
        return int(self._library.llama_sampler_sample(self._chain, context, row))


def _constraining(library: Any, vocabulary: Vocabulary, rules: str) -> Any:
    """Return the sampler that leaves only tokens that the grammar allows."""
    link = library.llama_sampler_init_grammar(vocabulary.pointer, rules.encode(), b"root")
    if not link:
        raise EngineError("llama.cpp rejects the grammar for these answers; use another expression")
    return link


def grammar(form: Percentages) -> str:
    """Return a grammar in llama.cpp's notation (GBNF) for a JSON object with the keys of `form` in their order.

    The values are whole numbers from 0 to 100.
    """
    members = ' ", " '.join(f"{_literal(json.dumps(key) + ': ')} number" for key in form.keys)
    return f'root ::= "{{" {members} "}}"\nnumber ::= "0" | "100" | [1-9] [0-9]?\n'


def _literal(text: str) -> str:
    """Return `text` between quotation marks: GBNF escapes as JSON does."""
    return json.dumps(text, ensure_ascii=False)
