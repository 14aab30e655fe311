"""Whether two personas answer more alike once a direction is removed, beside a random one that is removed instead.

The questions are those of the held-out half, and every difference is paired, question by question.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from pydantic import Field

from chat_personas.steering.applied import intervention
from chat_personas.steering.contrast import survey_halves
from chat_personas.steering.side_by_side import Along, DirectionInfo, SteeredEngine, both_valid, card_of
from chat_personas.steering.sweep import Cost, cost_of, seed_of
from eval.engine import Message
from eval.interventions import Direction
from eval.report import ModelInfo, PersonaInfo, SurveyInfo
from eval.report.build import persona_info, program_version, survey_info
from eval.scoring.differences import difference_of
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import Document, PairedScore, Part, Score, Verdict
from eval.scoring.scores import BriefScorecard
from eval.surveys.loading import LoadedSurvey
from personas import LoadedPersona, prompt_alone

ABLATION_SCHEMA: Literal["chat-personas/ablation@1"] = "chat-personas/ablation@1"


class AblationSide(Part):
    """One of the two personas, with its prompt."""

    persona: PersonaInfo
    """Who it is."""
    verdict: Verdict
    """Whether its answers to the held-out questions can be told, without ablation."""
    verdict_ablated: Verdict
    """The same with the direction removed."""
    verdict_random: Verdict
    """The same with a random direction removed instead."""
    alignment: Score | None
    """Its alignment with its own group, without ablation."""
    alignment_ablated: Score | None
    """The same with the direction removed."""


class AblationReport(Document):
    """Whether two personas answer more alike without a direction (schema `chat-personas/ablation@1`)."""

    schema_: Literal["chat-personas/ablation@1"] = Field(default=ABLATION_SCHEMA, alias="schema")
    """The format of the document."""
    created: str
    """When it was made, in UTC (ISO 8601)."""
    version: str
    """The version of this program."""
    direction: DirectionInfo
    """The direction that is removed."""
    model: ModelInfo
    """The model that was asked."""
    survey: SurveyInfo
    """The survey; its questions are the held-out half."""
    seed: int
    """The seed of the halves: that with which the direction was trained."""
    held_out_questions: tuple[str, ...]
    """The ids of the questions that were put to both personas."""
    sides: tuple[AblationSide, AblationSide]
    """The two personas."""
    apart: Score | None
    """Total variation between the answers of the two personas: the mean over the questions valid in all six
    measurements: with the direction, without it, and without a random one."""
    apart_ablated: Score | None
    """The same with the direction removed."""
    change: PairedScore | None
    """`apart_ablated` minus `apart`, question by question: below 0 they answer more alike without the direction."""
    apart_random: Score | None
    """As `apart_ablated`, with a direction removed instead that was drawn at random (see `random_beside`)."""
    beyond_random: PairedScore | None
    """`apart_ablated` minus `apart_random`: below 0 the direction itself matters, and not that something is removed."""
    cost: Cost
    """What the removal costs the model without any prompt."""

    @property
    def sound(self) -> bool:
        """Whether all measurements with the direction and without it are."""
        return all(side.verdict.sound and side.verdict_ablated.sound for side in self.sides)

    @property
    def random_sound(self) -> bool:
        """Whether those without a random direction are, too."""
        return all(side.verdict_random.sound for side in self.sides)


async def ablated(
    engine: SteeredEngine,
    personas: tuple[LoadedPersona, LoadedPersona],
    survey: LoadedSurvey,
    along: Along,
    progress: Callable[[], None],
) -> AblationReport:
    """Ask two personas the held-out questions, each with its prompt, with and without the direction.

    They are asked a third time without a random direction: to remove something is not yet to remove the direction.

    Raises:
        PersonaError: a persona is steered by something other than a prompt.
        InterventionError: the direction does not belong to the model, or cannot be removed from it.
        EngineError: the model failed.
    """
    prompts = [prompt_alone(each.persona) for each in personas]
    seed, info = seed_of(along.found.facts), along.info()
    _, questions = survey_halves(survey.survey, seed)
    removed = (along.direction, random_beside(along.direction, info.layers[0], seed))
    under, beside = (engine.steered([intervention(each, "ablate", 0.0, info.layers[:1])]) for each in removed)
    cards: list[list[BriefScorecard]] = []
    for each, prompt in zip(personas, prompts, strict=True):
        groups = each.persona.groups
        prefix = (Message("system", prompt),) if prompt else ()
        cards.append([await card_of(on, prefix, questions, survey, groups, progress) for on in (engine, under, beside)])
    distances = [_distances(one, other) for one, other in zip(*cards, strict=True)]
    shared = [name for name in distances[0] if all(name in each for each in distances)]
    columns = np.array([[each[name] for each in distances] for name in shared]).reshape(-1, 3)
    bootstrap = Bootstrap()
    first, second = (
        AblationSide(
            persona=persona_info(each),
            verdict=plain.verdict,
            verdict_ablated=without.verdict,
            verdict_random=random.verdict,
            alignment=plain.scores.alignment,
            alignment_ablated=without.scores.alignment,
        )
        for each, (plain, without, random) in zip(personas, cards, strict=True)
    )
    return AblationReport(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=program_version(),
        direction=info,
        model=ModelInfo.model_validate(engine.info),
        survey=survey_info(survey, questions),
        seed=seed,
        held_out_questions=tuple(each.id for each in questions),
        sides=(first, second),
        apart=bootstrap.mean(columns[:, 0]),
        apart_ablated=bootstrap.mean(columns[:, 1]),
        change=difference_of(columns[:, 1] - columns[:, 0], bootstrap) if shared else None,
        apart_random=bootstrap.mean(columns[:, 2]),
        beyond_random=difference_of(columns[:, 1] - columns[:, 2], bootstrap) if shared else None,
        cost=await cost_of(under, engine, seed, progress),
    )


def random_beside(direction: Direction, layer: int, seed: int) -> Direction:
    """Return a direction that is drawn at random in one layer, at a right angle to the given one."""
    along = direction.vectors[direction.in_layer(layer)].astype(np.float64)
    drawn = np.random.default_rng(seed).standard_normal(len(along))
    drawn -= (drawn @ along) * along
    vector = (drawn / np.linalg.norm(drawn)).astype(np.float32)[np.newaxis]
    digest = hashlib.sha256(vector.tobytes()).hexdigest()
    norms = np.ones(1, dtype=np.float32)
    return replace(
        direction, name="random", sha256=digest, layers=(layer,), vectors=vector, norms=norms, poles=None, best=layer
    )


def _distances(one: BriefScorecard, other: BriefScorecard) -> dict[str, float]:
    """Return the total variation between two personas' answers by question, where both are valid."""
    return {each.id: float(np.abs(each.model - its.model).sum() / 2) for each, its in both_valid(one, other)}
