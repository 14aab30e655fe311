"""Models that think before they reply: the reply alone is said, kept and measured."""

from pathlib import Path

import pytest

from chat_personas.engines.llama import LlamaEngine
from eval.engine import EngineError, Message, Piece, Sampling
from tests.engines.llama.tiny import TEMPLATE, write_tiny_model

ASKED = [Message("user", "Should buses be free?")]
GREEDY = Sampling(temperature=0, max_tokens=30)
THINKS = {"<|assistant|>": "<think>", "<think>": "They cost.", "They cost.": "</think>", "</think>": "Yes."}
CHANNELS = {
    "<|assistant|>": "<|channel|>",
    "<|channel|>": "analysis",
    "analysis": "<|message|>",
    "<|message|>": "They cost.",
    "They cost.": "final",
    "final": "Yes.",
}


async def opened(path: Path, says: dict[str, str], **options: str) -> LlamaEngine:
    words = sorted({*says, *says.values()} - {"<|assistant|>", "<|end|>"})
    return await LlamaEngine.open(write_tiny_model(path, words=words, says=says, **options))


async def pieces(engine: LlamaEngine, messages: list[Message], sampling: Sampling = GREEDY) -> list[Piece]:
    return [piece async for piece in engine.stream(messages, sampling)]


@pytest.mark.parametrize("says", [THINKS, CHANNELS])
async def test_thoughts_are_told_apart_and_are_not_in_the_reply(tmp_path: Path, says: dict[str, str]) -> None:
    engine = await opened(tmp_path / "m.gguf", {**says, "Yes.": "<|end|>"})
    told = await pieces(engine, ASKED)
    assert "".join(piece.text for piece in told) == "Yes."
    assert "".join(piece.thought for piece in told) == "They cost."
    assert told[-1].finish_reason == "stop"
    assert await engine.complete(ASKED, GREEDY, 2) == ["Yes.", "Yes."]
    await engine.close()


async def test_thoughts_are_not_given_back_to_the_model(tmp_path: Path) -> None:
    engine = await opened(tmp_path / "m.gguf", {**THINKS, "Yes.": "<|end|>"})
    reply = "".join(piece.text for piece in await pieces(engine, ASKED))
    said = [*ASKED, Message("assistant", reply), Message("user", "Why?")]
    given = await engine.call(lambda runtime: runtime.vocabulary.text_of(runtime.prompter.tokens(said), special=True))
    await engine.close()
    assert "think" not in given
    assert "<|assistant|>Yes.<|end|>" in given


async def test_a_model_that_never_stops_thinking_says_so_instead_of_an_empty_reply(tmp_path: Path) -> None:
    engine = await opened(tmp_path / "m.gguf", {**THINKS, "They cost.": "1 <", "1 <": "1 <"})
    told: list[Piece] = []

    async def listen() -> None:
        async for piece in engine.stream(ASKED, GREEDY):
            told.append(piece)

    with pytest.raises(EngineError, match="thought for 30 tokens") as caught:
        await listen()
    assert "\n" not in str(caught.value)
    # The marker is the first token, and the last "<" might have begun another one.
    assert "".join(piece.thought for piece in told) == "They cost." + "1 <" * 28
    assert await engine.complete(ASKED, GREEDY) == [""]
    await engine.close()


async def test_a_template_that_opens_the_thought_itself_is_noticed(tmp_path: Path) -> None:
    opening = TEMPLATE.replace("'<|assistant|>' }}{% endif", "'<|assistant|><think>' }}{% endif")
    says = {"<think>": "They cost.", "They cost.": "</think>", "</think>": "Yes.", "Yes.": "<|end|>"}
    engine = await opened(tmp_path / "m.gguf", says, template=opening)
    told = await pieces(engine, ASKED)
    await engine.close()
    assert "".join(piece.text for piece in told) == "Yes."
    assert "".join(piece.thought for piece in told) == "They cost."
