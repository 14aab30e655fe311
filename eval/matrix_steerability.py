"""The steerability part of a matrix: for every persona, how close each steering brings the model to its group."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.matrix_asking import UNSTEERED, Said, prompts_of
from eval.matrix_report import SteerabilityInfo, SteeredInfo
from eval.matrix_rows import humans_info, others_beside
from eval.report import GroupName, Score
from eval.scoring.intervals import Bootstrap
from eval.steerability import Steerability, Steered, steerability
from eval.targets import Targets
from personas import LoadedPersona, Persona

ORACLE = "oracle"


def steerabilities(
    personas: Sequence[LoadedPersona], said: Mapping[str, Said], targets: Targets, bootstrap: Bootstrap
) -> tuple[SteerabilityInfo, ...]:
    """Return the steerability of the model to the groups of each persona that stands for groups with figures.

    `said` is what the model said by prompt, `targets` are over all questions that were put.
    """
    found = (_steerability(loaded.persona, said, targets, bootstrap) for loaded in personas)
    return tuple(each for each in found if each is not None)


def _steerability(
    persona: Persona, said: Mapping[str, Said], targets: Targets, bootstrap: Bootstrap
) -> SteerabilityInfo | None:
    if not persona.groups:
        return None
    people = targets.people(persona.groups)
    steered = {name: _aligned(said[prompt], people, targets) for name, prompt in prompts_of(persona).items()}
    unsteered = _aligned(said[UNSTEERED], people, targets)
    found = steerability(unsteered, steered, bootstrap)
    if found is None:
        return None
    asked: NDArray[np.bool_] = np.logical_not(np.isnan([unsteered, *steered.values()]).any(axis=0))
    return SteerabilityInfo(
        persona=persona.name,
        groups=tuple(GroupName.model_validate(group) for group in persona.groups),
        questions=found.questions,
        unsteered=Score.model_validate(found.unsteered),
        steerings=_steerings(found),
        humans=humans_info(others_beside(people[asked], persona.groups, targets.of(asked), bootstrap)),
    )


def _aligned(said: Said, people: FloatArray, targets: Targets) -> FloatArray:
    return targets.aligned(said.options(targets.questions, targets.width), people)


def _steerings(found: Steerability) -> tuple[SteeredInfo, ...]:
    return tuple(_steered(name, made) for name, made in (*found.steerings.items(), (ORACLE, found.oracle)))


def _steered(name: str, made: Steered) -> SteeredInfo:
    return SteeredInfo(
        steering=name,
        alignment=Score.model_validate(made.alignment),
        minus_unsteered=Score.model_validate(made.minus_unsteered),
    )
