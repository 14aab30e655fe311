"""How much of a model's context a conversation takes, as far as the corpus knows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eval.engine import EngineInfo

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus, MessageRow
    from chat_personas.corpus.rows import GenerationRow


@dataclass(frozen=True, slots=True)
class ContextUse:
    """How many `tokens` of the context are taken; `at_least` where something followed whose tokens were not told."""

    tokens: int
    at_least: bool = False


def context_use(corpus: "Corpus", info: EngineInfo, path: "Sequence[MessageRow]") -> ContextUse | None:
    """Return what the last reply on `path` that this model ended itself took, its prompt and the reply together.

    Of a reply that was stopped or broke off a model does not tell it; then at least the prompt is known where another
    reply to the same message was ended, else what the reply before took. None where nothing is known. Raises
    CorpusError.
    """
    for after, message in enumerate(reversed(path)):
        if message.role != "assistant":
            continue
        made = corpus.generation(message.id)
        prompt = _prompt(made, info)
        if prompt is not None and made is not None and made.decoded_tokens is not None:
            return ContextUse(prompt + made.decoded_tokens, at_least=after > 0)
        others = [corpus.generation(other.id) for other in corpus.siblings(message.id)]
        prompts = [tokens for tokens in (_prompt(other, info) for other in others) if tokens is not None]
        if prompts:
            return ContextUse(max(prompts), at_least=True)
    return None


def _prompt(made: "GenerationRow | None", info: EngineInfo) -> int | None:
    """Return how many tokens the prompt of a reply had; None where that is not known of this model."""
    if made is None:
        return None
    same = (made.model, made.model_sha256, made.template_sha256) == (info.name, info.sha256, info.template_sha256)
    return made.prompt_tokens if same else None
