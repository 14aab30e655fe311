"""Two personas with and without a direction: how far their answers are apart, and what a random direction does."""

from pathlib import Path

import numpy as np
import pytest

from chat_personas.reporting.wording.steering import ablation_lines
from chat_personas.steering.ablation import ablated, random_beside
from personas import LoadedPersona
from tests.steering.test_side_by_side import ALONG, DEMOCRAT, HELD_OUT, LOADED, REPUBLICAN, Leaning
from tests.steering.test_sweep import DEMOCRATS, REPUBLICANS, shares


def renamed(loaded: LoadedPersona) -> LoadedPersona:
    prompt = {"schema": "chat-personas/persona@1", "prompt": {"system": "You vote for the Republican Party."}}
    persona = loaded.persona.model_validate(loaded.persona.model_dump(by_alias=True) | prompt)
    return LoadedPersona(persona, Path("republican.toml"), "0" * 64)


async def test_two_personas_that_answer_alike_without_a_direction_are_closer_together() -> None:
    leans = {
        "portray": (1.0, 1.0),
        "republican": (0.0, 0.0),
        "portray ablate": (0.6, 0.6),
        "republican ablate": (0.4, 0.4),
        "portray random": (0.9, 0.9),
    }
    engine = Leaning(leans)
    apart = np.array([np.abs(shares(each, DEMOCRATS) - shares(each, REPUBLICANS)).sum() / 2 for each in HELD_OUT])

    found = await ablated(engine, (DEMOCRAT, renamed(REPUBLICAN)), LOADED, ALONG, lambda: None)
    assert found.sound
    assert found.apart is not None
    assert found.apart_ablated is not None
    assert found.change is not None
    assert found.apart.mean == pytest.approx(apart.mean())
    assert found.apart_ablated.mean == pytest.approx(0.2 * apart.mean())
    assert found.change.mean == pytest.approx(-0.8 * apart.mean())
    assert found.change.detectable
    assert found.apart_random is not None
    assert found.beyond_random is not None
    assert found.apart_random.mean == pytest.approx(0.9 * apart.mean())
    assert found.beyond_random.mean == pytest.approx(-0.7 * apart.mean())
    assert found.direction.layers == (2,)


async def test_where_the_answers_are_not_sound_what_a_random_direction_does_is_told_all_the_same() -> None:
    found = await ablated(Leaning({}), (DEMOCRAT, renamed(REPUBLICAN)), LOADED, ALONG, lambda: None)
    one, other = found.sides
    bad = one.verdict.model_copy(update={"finding": "does_not_answer"})
    unsound = found.model_copy(update={"sides": (one.model_copy(update={"verdict": bad}), other)})
    assert "without a random one" in "\n".join(ablation_lines(found))
    lines = list(ablation_lines(unsound))
    assert [line for line in lines if line.startswith("democrat: not sound")]
    assert [line for line in lines if line.startswith("  without a random one ")]
    random = one.model_copy(update={"verdict": bad, "verdict_random": bad})
    lines = list(ablation_lines(found.model_copy(update={"sides": (random, other)})))
    assert [line for line in lines if line.startswith("democrat without a random direction instead: not sound")]
    assert not [line for line in lines if line.startswith("  without a random one ")]


def test_a_random_direction_is_of_length_1_at_a_right_angle_and_the_same_for_a_seed() -> None:
    found, again, other = (random_beside(ALONG.direction, 2, seed) for seed in (0, 0, 1))
    (vector,), given = found.vectors, ALONG.direction.vectors[ALONG.direction.in_layer(2)]
    assert np.linalg.norm(vector) == pytest.approx(1.0)
    assert vector @ given == pytest.approx(0.0, abs=1e-6)
    assert found == again
    assert found != other
    assert found != ALONG.direction
