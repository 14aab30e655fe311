"""A reply that is kept to a form has it, whatever the model would rather say."""

import json

import pytest

from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.generation import grammar
from eval.engine import Message, Percentages, Sampling

HELLO = [Message("user", "hello")]


def test_the_grammar_writes_percentages_as_json_does() -> None:
    assert grammar(Percentages(("A", "B"))) == (
        'root ::= "{" "\\"A\\": " number ", " "\\"B\\": " number "}"\nnumber ::= "0" | "100" | [1-9] [0-9]?\n'
    )


@pytest.mark.parametrize("temperature", [0.0, 1.0])
async def test_a_random_model_gives_percentages_when_it_is_kept_to_them(
    engine: LlamaEngine, temperature: float
) -> None:
    keys = ("A", "B", "C")
    sampling = Sampling(temperature, top_p=1.0, max_tokens=80, seed=1, constraint=Percentages(keys))
    for reply in await engine.complete(HELLO, sampling, 3):
        found = json.loads(reply)
        assert tuple(found) == keys
        assert all(isinstance(value, int) and 0 <= value <= 100 for value in found.values())
    assert engine.info.constraints == "grammar"


async def test_keys_may_hold_anything(engine: LlamaEngine) -> None:
    keys = ('say "A"', "back\\slash", "é]")
    sampling = Sampling(1.0, max_tokens=160, seed=2, constraint=Percentages(keys))
    (reply,) = await engine.complete(HELLO, sampling)
    assert tuple(json.loads(reply)) == keys


async def test_a_form_changes_nothing_for_the_next_reply_without_one(engine: LlamaEngine) -> None:
    free = Sampling(1.0, max_tokens=20, seed=3)
    before = await engine.complete(HELLO, free)
    await engine.complete(HELLO, Sampling(1.0, max_tokens=60, seed=3, constraint=Percentages(("A",))))
    assert await engine.complete(HELLO, free) == before
