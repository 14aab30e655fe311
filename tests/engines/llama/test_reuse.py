"""What a turn costs: its new tokens only, whatever was measured in between and however the conversation was entered."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chat_personas.conversation.conversation import Conversation, ReplyEnded, ReplyEvent
from chat_personas.corpus import Corpus
from chat_personas.engines.llama import LlamaEngine
from eval.engine import Message, Probe, Sampling, Usage
from personas import load_persona
from tests.engines.llama.tiny import write_tiny_model

SHORT = Sampling(max_tokens=8, seed=4)
AROUND = len(("<end>", "<user>", "<end>", "<assistant>"))
"""Tokens that the template puts around a message and before the reply."""
UNFINISHED = 4
"""The last token of a reply is drawn and not decoded; up to three before it may belong to a character cut in two."""


@pytest.fixture
async def roomy(tmp_path: Path) -> AsyncIterator[LlamaEngine]:
    """The tiny model with room for several turns."""
    opened = await LlamaEngine.open(write_tiny_model(tmp_path / "roomy.gguf", context=2048), threads=1)
    yield opened
    await opened.close()


async def measure(engine: LlamaEngine, conversation: Conversation) -> None:
    """Probe after the conversation, and as somebody else."""
    probes = [Probe(str(number), f"Should roads change?\nA. yes\nB. no\n{number}", ("A", "B")) for number in range(9)]
    for prefix in (conversation.context(), [Message("system", "You are another.")]):
        assert len([score async for score in engine.score(prefix, probes)]) == len(probes)


async def cost(engine: LlamaEngine, conversation: Conversation, events: AsyncIterator[ReplyEvent]) -> Usage:
    """Let a reply be said after a measurement; what is reused is the longest common prefix with the cache, no less."""
    await measure(engine, conversation)
    cached = await engine.call(lambda runtime: tuple(runtime.memory.conversation))
    *_, ended = [event async for event in events]
    assert isinstance(ended, ReplyEnded)
    assert ended.usage is not None
    asked = conversation.context()[:-1]
    prompt = await engine.call(lambda runtime: runtime.prompter.tokens(asked))
    same = 0
    while same < min(len(cached), len(prompt) - 1) and cached[same] == prompt[same]:
        same += 1
    assert (ended.usage.prompt_tokens, ended.usage.reused_tokens) == (len(prompt), same)
    return ended.usage


def decoded_of_prompt(usage: Usage) -> int:
    assert usage.prompt_tokens is not None
    assert usage.reused_tokens is not None
    return usage.prompt_tokens - usage.reused_tokens


async def test_a_turn_decodes_its_new_tokens_only_also_after_measuring_reopening_editing_and_branching(
    roomy: LlamaEngine, corpus: Corpus
) -> None:
    conversation = Conversation.start(corpus, roomy, load_persona("democrat"), sampling=SHORT)
    whole = await cost(roomy, conversation, conversation.send("First?"))
    assert decoded_of_prompt(whole) == whole.prompt_tokens

    for said in ("Why?", "And then?"):
        usage = await cost(roomy, conversation, conversation.send(said))
        assert decoded_of_prompt(usage) <= len(said) + AROUND + UNFINISHED

    reopened = Conversation.resume(corpus, roomy, conversation.id, sampling=SHORT)
    usage = await cost(roomy, reopened, reopened.send("Once more?"))
    assert decoded_of_prompt(usage) <= len("Once more?") + AROUND + UNFINISHED

    left = reopened.path[-1].id
    usage = await cost(roomy, reopened, reopened.edit(reopened.path[2].id, "Whence?"))
    assert decoded_of_prompt(usage) <= len("Whence?") + AROUND + UNFINISHED

    await reopened.switch(left)
    usage = await cost(roomy, reopened, reopened.send("Well?"))
    assert usage.reused_tokens is not None
    assert whole.prompt_tokens is not None
    assert usage.reused_tokens >= whole.prompt_tokens, "both branches have the first turn in common"

    usage = await cost(roomy, reopened, reopened.regenerate())
    assert decoded_of_prompt(usage) == 1
