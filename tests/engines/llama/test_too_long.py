"""A message that is too long by itself is refused with what to do about it."""

from pathlib import Path

import pytest

from chat_personas.engines.llama.engine import LlamaEngine
from eval.engine import Message, Sampling, TooLongError

TRAINED = 512
"""Tokens of context that the tiny model of the tests was trained for."""


async def refusal(path: Path, context_length: int | None) -> str:
    """Say something far too long to the model with that setting; return what the error says."""
    engine = await LlamaEngine.open(path, context_length=context_length)
    try:
        with pytest.raises(TooLongError) as raised:
            async for _ in engine.stream([Message("user", "word " * 2000)], Sampling(max_tokens=16)):
                pass
    finally:
        await engine.close()
    return str(raised.value)


async def test_a_message_longer_than_the_context_says_what_the_limit_is_and_how_to_raise_it(tiny_path: Path) -> None:
    said = await refusal(tiny_path, 128)
    assert "only 112 fit, because 16 of the context's 128 are reserved for the reply; shorten it, or raise" in said
    assert f"raise context_length in the settings (this model takes up to {TRAINED} tokens)" in said


@pytest.mark.parametrize("context_length", [None, TRAINED, 4096])
async def test_where_the_model_itself_is_the_limit_nobody_is_told_to_raise_a_setting(
    tiny_path: Path, context_length: int | None
) -> None:
    said = await refusal(tiny_path, context_length)
    assert f"shorten it, or use a model with a longer context (this one was trained for {TRAINED} tokens" in said
    assert "context_length" not in said
