"""Random directions for tests: in memory, and among those that are kept for a model."""

import numpy as np

from chat_personas.steering.direction_file import DirectionFacts, keep_direction, layer_facts
from chat_personas.steering.separation import separations
from chat_personas.steering.training import train
from eval.engine import EngineInfo
from eval.interventions import Direction
from personas import Persona

WIDTH = 64
DIRECTION = Direction(
    name="party",
    sha256="d" * 64,
    model_sha256=None,
    architecture="llama",
    layers=(1, 2),
    vectors=np.zeros((2, 4), np.float32),
    norms=np.ones(2, np.float32),
    poles=None,
    best=2,
)
"""A direction that no model has, for documents and engines that only name it."""


def keep_random_direction(
    info: EngineInfo,
    name: str = "party",
    poles: tuple[str, str] = ("republican", "democrat"),
    *,
    layers: int = 2,
    seed: int = 0,
) -> None:
    """Keep a random direction of this name, between these poles, as if it had been trained on the model of `info`."""
    random = np.random.default_rng(seed)
    negative = random.standard_normal((8, layers, WIDTH))
    positive = negative + random.standard_normal((8, layers, WIDTH)) + random.standard_normal(WIDTH)
    trained = train(positive[:4], negative[:4])
    assert info.sha256 is not None
    facts = DirectionFacts(
        name=name,
        model_name=info.name,
        model_sha256=info.sha256,
        architecture="llama",
        method="mean-difference",
        positive=poles[1],
        negative=poles[0],
        seed=0,
        survey_sha256=None,
        pairs_sha256="c" * 64,
        training_pairs=4,
        held_out_pairs=4,
        created="2026-11-28T12:00:00+00:00",
        version="1.0",
        layers=tuple(layer_facts(each, trained) for each in separations(trained.vectors, positive, negative, 4)),
    )
    keep_direction(trained, facts)


def inside(**steering: object) -> Persona:
    """A Democrat who is steered from inside, by `activation` or `ablation` tables, and says a few tokens."""
    (kind,) = steering
    return Persona.model_validate(
        {
            "schema": "chat-personas/persona@1",
            "name": "democrat-inside",
            "title": "A Democrat",
            "steering": kind,
            "groups": [{"attribute": "POLPARTY", "value": "Democrat"}],
            "sampling": {"max_tokens": 6, "seed": 1},
            **steering,
        }
    )
