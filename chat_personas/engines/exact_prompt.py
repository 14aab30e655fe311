"""What a model is given, exactly as an engine sends it: the prompt of the next reply, and that of a probe.

An engine that can say this implements `ShowsPrompts`. Counts of tokens come from it, by the path that also cuts a
conversation that is too long; where it cannot count there is no number, and never an estimate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from eval.engine import Engine, Message, Probe, Sampling

PartKind = Literal["message", "template", "opening", "whole"]
"""What a part of a prompt is: the content of a message; what the chat template adds; with what it opens the reply; or
all of the prompt, where the template changes contents so that they cannot be told from its own text."""


@dataclass(frozen=True, slots=True)
class PromptPart:
    """A stretch of a prompt. `message` is the number of its message in what was asked, from 0; `tokens` None: unknown.

    A token that holds text of a message and of the template counts as the message's.
    """

    kind: PartKind
    text: str
    message: int | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A message that the prompt is without, by its number from 0, and how many tokens its content has by itself."""

    message: int
    tokens: int


@dataclass(frozen=True, slots=True)
class ExactPrompt:
    """The prompt of the next reply, part by part.

    Attributes:
        parts: all of its text in order; of a server, which applies the chat template itself, the messages.
        tokens: how many tokens all of it has, None where the engine cannot count them.
        context_length: how many tokens prompt and reply may have together, None where that is not known.
        reserved: how many of those are kept free for the reply, None where the server decides.
        left_out: the messages that are not in it because the context is too short, the oldest first.
    """

    parts: tuple[PromptPart, ...]
    tokens: int | None = None
    context_length: int | None = None
    reserved: int | None = None
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelSpelling:
    """The tokens that count as an answer label: the id of each, and how it is written."""

    label: str
    tokens: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class ExactProbe:
    """What an engine sends for one probe.

    Attributes:
        key: that of the probe.
        prompt: the question as it is put to the model.
        messages: the conversation before it, as far as it is sent.
        tokens: all tokens of it, None where the engine does not cut text into tokens itself.
        pieces: the bytes that each of the tokens stands for; joined, they are the text that the model reads.
        labels: the tokens by which answers are told apart; empty where a server names tokens by their text only.
        left_out: how many of the oldest messages are not in it, None where that is known only from the answer.
    """

    key: str
    prompt: str
    messages: tuple[Message, ...]
    tokens: tuple[int, ...] | None = None
    pieces: tuple[bytes, ...] = ()
    labels: tuple[LabelSpelling, ...] = ()
    left_out: int | None = None

    def text(self, start: int = 0, end: int | None = None) -> str:
        """Return what the tokens from `start` to before `end` spell; a character that is cut in two is U+FFFD."""
        return b"".join(self.pieces[start:end]).decode("utf-8", "replace")


@runtime_checkable
class ShowsPrompts(Protocol):
    """An engine that shows what it sends. Nothing is computed by the model, and no conversation is changed."""

    async def exact_prompt(self, messages: Sequence[Message], sampling: Sampling) -> ExactPrompt:
        """Return the prompt of a reply to `messages` with `sampling`.

        Raises:
            TooLongError: the last message does not fit into the context.
            EngineError: the chat template refuses the messages, or the model was closed.
        """
        ...

    async def exact_probes(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> list[ExactProbe]:
        """Return what `score` sends for these probes after `prefix`, without those it cannot ask.

        Raises:
            EngineError: the chat template refuses the messages, or the model was closed.
        """
        ...


async def exact_prompt(engine: Engine, messages: Sequence[Message], sampling: Sampling) -> ExactPrompt:
    """Return the prompt of a reply as `engine` sends it; without counts where it cannot say. Raises as its method."""
    if isinstance(engine, ShowsPrompts):
        return await engine.exact_prompt(messages, sampling)
    return of_messages(messages)


async def exact_probes(engine: Engine, prefix: Sequence[Message], probes: Sequence[Probe]) -> list[ExactProbe]:
    """Return what `engine` sends for probes; the messages where it cannot say more. Raises as its method."""
    if isinstance(engine, ShowsPrompts):
        return await engine.exact_probes(prefix, probes)
    return [ExactProbe(probe.key, probe.prompt, tuple(prefix)) for probe in probes]


def of_messages(messages: Sequence[Message], tokens: int | None = None) -> ExactPrompt:
    """Return the prompt of an engine that sends messages as they are; `tokens` are those of all of it."""
    parts = (PromptPart("message", message.content, number) for number, message in enumerate(messages))
    return ExactPrompt(tuple(parts), tokens)


def in_common(prompts: Sequence[ExactProbe]) -> int:
    """Return with how many equal tokens all of several prompts begin; 0 where an engine shows no tokens."""
    shown = [prompt.tokens or () for prompt in prompts]
    if not shown:
        return 0
    first, last = min(shown), max(shown)  # what these two begin with, all between them do, too
    pairs = zip(first, last, strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(first), len(last)))
