"""How much of the model's context a conversation takes, from what replies of this model reported."""

from collections.abc import Sequence
from dataclasses import dataclass

from chat_personas.corpus import Corpus, GenerationRow, MessageRow
from eval.engine import EngineInfo


@dataclass(frozen=True, slots=True)
class ContextUse:
    """How many `tokens` of the model's context are taken.

    `at_least` where something followed whose number of tokens the model did not report.
    """

    tokens: int
    at_least: bool = False


def context_use(corpus: Corpus, info: EngineInfo, system_prompt: str, path: Sequence[MessageRow]) -> ContextUse | None:
    """Return what the last reply on `path` that this model completed took, its prompt and the reply together.

    Replies under another system prompt do not count: theirs was of another length.

    For a reply that was stopped or broke off a model reports no tokens. Then at least the prompt is known where another
    reply to the same message was completed, else what the reply before took.
    """
    for after, message in enumerate(reversed(path)):
        if message.role != "assistant":
            continue
        made = corpus.generation(message.id)
        prompt = _prompt_tokens(made, info, system_prompt)
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
