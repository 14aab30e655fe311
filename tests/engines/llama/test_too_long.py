"""A message that is too long by itself is refused with what to do about it."""

from types import SimpleNamespace
from typing import Any

import pytest

from chat_personas.engines.llama.reply import fit_reply
from eval.engine import Message, Sampling, TooLongError


def test_a_message_longer_than_the_context_says_where_the_limit_comes_from() -> None:
    prompter = SimpleNamespace(size=len, tokens=lambda messages: tuple(range(20_000)))
    runtime: Any = SimpleNamespace(context_length=2048, prompter=prompter)
    with pytest.raises(TooLongError) as raised:
        fit_reply(runtime, [Message("user", "word " * 4000)], Sampling(max_tokens=400))
    said = str(raised.value)
    assert "of the context's 2048 it may take 1648, 400 are kept for the reply" in said
    assert "shorten it, or raise context_length" in said
