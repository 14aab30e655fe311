"""Real paired differences to draw from: between groups of the civic survey, and between turns of the built-in model.

A pool holds one difference in alignment per question. It is centred, so that its true mean is 0.
"""

import asyncio
from collections.abc import Sequence
from functools import cache

import numpy as np

from chat_personas.engines.llama import LlamaEngine
from chat_personas.models import pocket_path
from chat_personas.monitor.drift import turn_values
from eval.answers import Answer, FloatArray
from eval.engine import Message
from eval.expression.log_probability import ask
from eval.scoring.groups import GroupTable, group_table
from eval.scoring.metrics import alignment
from eval.surveys.loading import load_survey
from personas import Group, evaluation_prompt, load_persona

PERSONAS = ("democrat", "republican", "independent")
SAID = (
    ("What do you think about taxes?", "I think that they should be fair, and that they pay for a lot that we need."),
    ("And the other side?", "They have a point, too. I have friends who see it quite differently."),
    ("Are you sure? I am not.", "Not entirely. It depends on who pays, and on what is done with the money."),
)


def between_groups(rng: np.random.Generator, n: int) -> FloatArray:
    """Draw n differences between two groups' alignments with a third, all three drawn, too."""
    table = _civic()
    one, other, people = rng.choice(len(table.groups), 3, replace=False)
    aligned = alignment(table.distributions[[one, other]], table.distributions[people], table.scale)
    return _drawn(aligned[0] - aligned[1], n, rng)


def between_turns(rng: np.random.Generator, n: int) -> FloatArray:
    """Draw n differences between two turns of a conversation with the built-in model, the turns drawn, too."""
    measured = _measured()
    turns = measured[rng.integers(len(measured))]
    first, second = rng.choice(len(turns), 2, replace=False)
    return _drawn(turns[second] - turns[first], n, rng)


@cache
def _civic() -> GroupTable:
    return group_table(load_survey("civic").survey)


def _drawn(differences: FloatArray, n: int, rng: np.random.Generator) -> FloatArray:
    defined = differences[~np.isnan(differences)]
    return rng.choice(defined - defined.mean(), n)


@cache
def _measured() -> tuple[tuple[FloatArray, ...], ...]:
    """Return for each persona the alignments by question after each of the turns in `SAID`, and before the first."""
    return asyncio.run(_measure())


async def _measure() -> tuple[tuple[FloatArray, ...], ...]:
    engine = await LlamaEngine.open(pocket_path(), context_length=2048)
    try:
        return tuple([await _turns(engine, name) for name in PERSONAS])
    finally:
        await engine.close()


async def _turns(engine: LlamaEngine, name: str) -> tuple[FloatArray, ...]:
    persona = load_persona(name).persona
    context = [Message("system", evaluation_prompt(persona))]
    found = []
    for turn in range(len(SAID) + 1):
        found.append(await _alignments(engine, context, persona.groups, turn))
        for question, reply in SAID[turn : turn + 1]:
            context += [Message("user", question), Message("assistant", reply)]
    return tuple(found)


async def _alignments(
    engine: LlamaEngine, context: Sequence[Message], groups: Sequence[Group], turn: int
) -> FloatArray:
    questions = load_survey("civic").survey.questions
    answers = [outcome async for outcome in ask(engine, context, questions) if isinstance(outcome, Answer)]
    return turn_values(turn, questions, groups, [question.id for question in questions], answers).alignments
