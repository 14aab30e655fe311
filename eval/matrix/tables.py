"""The rows of a matrix: what the model said unsteered and under each persona, beside everyone and every group.

The steerability part of a matrix: for every persona, how close each steering brings the model to its group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.errors import SurveyError
from eval.matrix.groups import ComparisonGroups
from eval.matrix.measures import confusion, consistency, human_references, steerability
from eval.matrix.models import CellInfo, Consistency, HumanReferences, RowInfo, SteerabilityInfo, TargetInfo
from eval.matrix.prompts import UNSTEERED, PromptAnswers, prompts_of
from eval.scoring.groups import GroupTable, Nearest, nearest
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import Score, group_name
from personas import Group, LoadedPersona, Persona


@dataclass(frozen=True, slots=True)
class MatrixSource:
    """Somebody who answered: the model under one persona, or unsteered."""

    name: str
    steering: str
    groups: tuple[Group, ...]
    said: PromptAnswers


def require_common(targets: ComparisonGroups) -> None:
    """Make sure, before anything is asked, that there is a question on which any two cells can be compared.

    Raises:
        SurveyError: no question has ordered options and figures for all targets.
    """
    everyone = targets.all_people
    if np.isnan(targets.aligned(everyone, everyone[:1])).any(axis=0).all():
        if not any(len(set(question.ordinals)) > 1 for question in targets.questions):
            raise SurveyError(
                "no question of this survey has ordered options, so there is no alignment; use another survey"
            )
        raise SurveyError(
            "no question has ordered options and figures for all of these groups; keep to one attribute with --groups, "
            "or use another survey"
        )


def common_ground(speakers: Sequence[MatrixSource], targets: ComparisonGroups) -> ComparisonGroups:
    """Return `targets` over the questions that all speakers answered and all targets have figures for.

    Only so can any two cells of the table be compared. Everyone is left out of this where a survey has no such
    figures at all.

    Raises:
        SurveyError: there is no such question.
    """
    said = np.stack([speaker.said.options(targets.questions, targets.width) for speaker in speakers])
    aligned = targets.aligned(said[:, None], targets.all_people)
    common: NDArray[np.bool_] = np.logical_not(np.isnan(aligned).any(axis=(0, 1)))
    if not common.any():
        raise SurveyError(
            "no question has ordered options, figures for all of these groups and an answer under every prompt; "
            "keep to one attribute with --groups"
        )
    return targets.of(common)


def rows(speakers: Sequence[MatrixSource], targets: ComparisonGroups, bootstrap: Bootstrap) -> tuple[RowInfo, ...]:
    """Return a row for each speaker; `targets` are over common ground."""
    return tuple(_row(speaker, targets, bootstrap) for speaker in speakers)


def columns(targets: ComparisonGroups, bootstrap: Bootstrap) -> tuple[TargetInfo, ...]:
    """Return the targets, each with how close the other groups are to it."""
    return tuple(
        TargetInfo(
            group=None if group is None else group_name(group),
            humans=others_beside(people, () if group is None else (group,), targets, bootstrap),
        )
        for group, people in zip(targets.names, targets.all_people, strict=True)
    )


def others_beside(
    people: FloatArray, own: Sequence[Group], targets: ComparisonGroups, bootstrap: Bootstrap
) -> HumanReferences | None:
    """Return how close the groups of `targets` that are not `own` are to `people`."""
    others = [place for place, group in enumerate(targets.groups) if group not in own]
    groups = [targets.groups[place] for place in others]
    return human_references(people, groups, targets.distributions[others], targets.scale, bootstrap)


def _row(speaker: MatrixSource, targets: ComparisonGroups, bootstrap: Bootstrap) -> RowInfo:
    options = speaker.said.options(targets.questions, targets.width)
    aligned = targets.aligned(options, targets.all_people)
    with_groups = aligned[-len(targets.groups) :]
    near = _nearest(options, targets, bootstrap)
    ranked = [each.group for each in near.groups]
    own = speaker.groups[0] if len(speaker.groups) == 1 else None
    return RowInfo(
        name=speaker.name,
        steering=speaker.steering,
        groups=tuple(group_name(group) for group in speaker.groups),
        cells=_cells(aligned, with_groups, bootstrap),
        nearest=near.groups,
        own_rank=ranked.index(own) + 1 if own in ranked else None,
        consistency=_consistency(with_groups, targets, bootstrap),
        not_valid=sum(not speaker.said.opinions[question.id].valid for question in targets.questions),
    )


def _cells(aligned: FloatArray, with_groups: FloatArray, bootstrap: Bootstrap) -> tuple[CellInfo, ...]:
    everyone: list[Score | None] = [None] * (len(aligned) - len(with_groups))
    shares = [*everyone, *confusion(with_groups, bootstrap)]
    return tuple(
        CellInfo(alignment=mean, confusion=share)
        for mean, share in zip(bootstrap.means(aligned.T), shares, strict=True)
    )


def _nearest(options: FloatArray, targets: ComparisonGroups, bootstrap: Bootstrap) -> Nearest:
    by_id = {question.id: place for place, question in enumerate(targets.questions)}
    table = GroupTable(targets.groups, by_id, targets.distributions, targets.scale)
    return nearest(table, range(len(targets.questions)), options, bootstrap)


def _consistency(aligned: FloatArray, targets: ComparisonGroups, bootstrap: Bootstrap) -> tuple[Consistency, ...]:
    about = _topics(targets)
    found = []
    for attribute in dict.fromkeys(group.attribute for group in targets.groups):
        places = [place for place, group in enumerate(targets.groups) if group.attribute == attribute]
        found.append(consistency(aligned[places], [targets.groups[place] for place in places], about, bootstrap))
    return tuple(each for each in found if each is not None)


def _topics(targets: ComparisonGroups) -> NDArray[np.bool_]:
    """Return which questions belong to which topic, shape (topics, questions); one of several topics is in each."""
    topics = dict.fromkeys(topic for question in targets.questions for topic in question.topics)
    return np.array([[topic in question.topics for question in targets.questions] for topic in topics], dtype=np.bool_)


def steerabilities(
    personas: Sequence[LoadedPersona],
    said: Mapping[str, PromptAnswers],
    targets: ComparisonGroups,
    bootstrap: Bootstrap,
) -> tuple[SteerabilityInfo, ...]:
    """Return the steerability of the model to the groups of each persona that stands for groups with figures.

    `said` is what the model said by prompt, `targets` are over all questions that were put.
    """
    found = (_steerability(loaded.persona, said, targets, bootstrap) for loaded in personas)
    return tuple(each for each in found if each is not None)


def _steerability(
    persona: Persona, said: Mapping[str, PromptAnswers], targets: ComparisonGroups, bootstrap: Bootstrap
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
        groups=tuple(group_name(group) for group in persona.groups),
        questions=found.questions,
        unsteered=found.unsteered,
        steerings=found.steerings,
        humans=others_beside(people[asked], persona.groups, targets.of(asked), bootstrap),
    )


def _aligned(said: PromptAnswers, people: FloatArray, targets: ComparisonGroups) -> FloatArray:
    return targets.aligned(said.options(targets.questions, targets.width), people)
