"""How much of the model's context a conversation takes, from what replies reported, and what exactly is in it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chat_personas.corpus import Corpus, GenerationRow, MessageRow
from chat_personas.engines.exact_prompt import ExactPrompt, exact_prompt, of_messages
from eval.engine import Engine, EngineError, EngineInfo, Message, Sampling


@dataclass(frozen=True, slots=True)
class ContextUse:
    """How many `tokens` of the model's context are taken.

    `at_least` where something followed whose number of tokens the model did not report, or not apart from its thoughts.
    """

    tokens: int
    at_least: bool = False


def context_use(corpus: Corpus, info: EngineInfo, system_prompt: str, path: Sequence[MessageRow]) -> ContextUse | None:
    """Return what the last reply on `path` that this model completed took, its prompt and the reply together.

    Replies under another system prompt do not count: theirs was of another length.

    For a reply that was stopped or broke off a model reports no tokens. Then at least the prompt is known where another
    reply to the same message was completed, else what the reply before took. The tokens of a reply before which the
    model thought are those of its thoughts, too, which are not given back: at least the prompt is known.
    """
    for after, message in enumerate(reversed(path)):
        if message.role != "assistant":
            continue
        made = corpus.generation(message.id)
        prompt = _prompt_tokens(made, info, system_prompt)
        if prompt is not None and message.id in corpus.thoughts(message.id):
            return ContextUse(prompt, at_least=True)
        if prompt is not None and made is not None and made.decoded_tokens is not None:
            return ContextUse(prompt + made.decoded_tokens, at_least=after > 0)
        others = [corpus.generation(other.id) for other in corpus.siblings(message.id)]
        prompts = [
            tokens for tokens in (_prompt_tokens(other, info, system_prompt) for other in others) if tokens is not None
        ]
        if prompts:
            return ContextUse(max(prompts), at_least=True)
    return None


def _prompt_tokens(made: GenerationRow | None, info: EngineInfo, system_prompt: str) -> int | None:
    """Return how many tokens the prompt of a reply had; None where that is not known for this model."""
    if made is None or made.system_prompt not in (None, system_prompt):
        return None
    same = (made.model, made.model_sha256, made.template_sha256) == (info.name, info.sha256, info.template_sha256)
    return made.prompt_tokens if same else None


@dataclass(frozen=True, slots=True)
class Given:
    """What the model is given for the next reply, as far as the conversation has come.

    Attributes:
        messages: the system prompt and what was said.
        prompt: the exact prompt; its messages without counts where there are none (yet).
        inside: what is on inside the model, "" where nothing is.
        thoughts: before how many of the replies the model thought; its thoughts are not in the prompt.
        counted: whether the engine has been asked for its counts.
        problem: why there is no such prompt, "" where there is one.
        plain: whether the model is asked in plain text, as a base model.
        server: whether a server applies the chat template, and cuts what is too long.
        reported: how many tokens the prompt of the last reply had, as the server says; None where it does not.
        refused: how many of the oldest messages were not in that prompt because the server refused it with them; None
            where no reply of this server is known.
    """

    messages: tuple[Message, ...]
    prompt: ExactPrompt
    inside: str = ""
    thoughts: int = 0
    counted: bool = False
    problem: str = ""
    plain: bool = False
    server: bool = False
    reported: int | None = None
    refused: int | None = None

    async def with_counts(self, engine: Engine, sampling: Sampling) -> "Given":
        """Return the same with the exact prompt of a reply that is drawn so, or why there is none."""
        if not self.messages:
            return replace(self, counted=True)
        try:
            return replace(self, counted=True, prompt=await exact_prompt(engine, self.messages, sampling))
        except EngineError as error:
            return replace(self, counted=True, problem=str(error))


def given_so_far(
    messages: Sequence[Message], info: EngineInfo, *, inside: str, thoughts: int, last: GenerationRow | None
) -> Given:
    """Return what the model is given, not counted yet; `last` is how the last reply on the path was made."""
    server = info.is_server
    same = last is not None and server and last.model == info.name
    return Given(
        tuple(messages),
        of_messages(messages),
        inside,
        thoughts,
        plain=info.prompt_format == "plain",
        server=server,
        reported=last.prompt_tokens if last is not None and same else None,
        refused=last.dropped_messages if last is not None and same else None,
    )
