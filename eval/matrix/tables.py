"""The tables of a matrix: rows and columns over common questions, and the steerability of every persona.

A row is the model under one persona, or unsteered, or answers from a file; a column is everyone or a group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.errors import SurveyError
from eval.matrix.asking import UNSTEERED, PromptAnswers, prompts_of
from eval.matrix.groups import ComparisonGroups
from eval.matrix.measures import confusion, consistency, human_references, steerability
from eval.matrix.models import (
    AnswersInfo,
    CellInfo,
    Consistency,
    HumanReferences,
    PromptVerdict,
    RowInfo,
    SteerabilityInfo,
    TargetInfo,
)
from eval.matrix.own_people import own_people
from eval.scoring.groups import GroupTable, Nearest, nearest
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import Score, group_name
from eval.surveys.model import Question
from personas import Group, LoadedPersona, Persona


@dataclass(frozen=True, slots=True)
class MatrixSource:
    """What a row is about: the model under one persona or unsteered, or a file, and the answers."""

    name: str
    steering: str
    groups: tuple[Group, ...]
    answers: PromptAnswers
    file: AnswersInfo | None = None


def require_common(compared: ComparisonGroups) -> None:
    """Check, before anything is asked, that some question can be compared with everyone and all groups.

    Raises:
        SurveyError: no question has ordered options and figures for all of them.
    """
    everyone = compared.all_distributions
    if np.isnan(compared.aligned(everyone, everyone[:1])).any(axis=0).all():
        if not any(len(set(question.ordinals)) > 1 for question in compared.questions):
            raise SurveyError(
                "no question of this survey has ordered options, so there is no alignment; use another survey"
            )
        raise SurveyError(
            "no question has ordered options and figures for all of these groups; keep to one attribute with --groups, "
            "or use another survey"
        )


def common_questions(sources: Sequence[MatrixSource], compared: ComparisonGroups) -> ComparisonGroups:
    """Return `compared` over the questions that all sources answered and all groups have figures for.

    Only over these can any two cells of the table be compared. Everyone need not have figures for a question, if the
    survey has no figures for everyone at all.

    Raises:
        SurveyError: there is no such question.
    """
    options = np.stack([source.answers.options(compared.questions, compared.width) for source in sources])
    aligned = compared.aligned(options[:, None], compared.all_distributions)
    common: NDArray[np.bool_] = np.logical_not(np.isnan(aligned).any(axis=(0, 1)))
    if not common.any():
        raise SurveyError(
            "no question has ordered options, figures for all of these groups and an answer in every row; "
            "keep to one attribute with --groups, or leave out files that answer few questions"
        )
    return compared.of(common)


def columns(compared: ComparisonGroups, bootstrap: Bootstrap) -> tuple[TargetInfo, ...]:
    """Return everyone and the groups, each with how close the other groups are."""
    return tuple(
        TargetInfo(
            group=None if group is None else group_name(group),
            humans=_human_references(people, () if group is None else (group,), compared, bootstrap),
        )
        for group, people in zip(compared.with_everyone, compared.all_distributions, strict=True)
    )


def _human_references(
    people: FloatArray, own: Sequence[Group], compared: ComparisonGroups, bootstrap: Bootstrap
) -> HumanReferences | None:
    """Return how close the groups other than `own` are to `people`."""
    others = [place for place, group in enumerate(compared.groups) if group not in own]
    groups = [compared.groups[place] for place in others]
    return human_references(people, groups, compared.distributions[others], compared.scale, bootstrap)


def rows(
    sources: Sequence[MatrixSource], compared: ComparisonGroups, asked: Sequence[Question], bootstrap: Bootstrap
) -> tuple[RowInfo, ...]:
    """Return a row for each source, of which the first is the unsteered model.

    `compared` must be over common questions, `asked` are all that were put.
    """
    unsteered = sources[0].answers
    return tuple(_row(source, unsteered, compared, asked, bootstrap) for source in sources)


def _row(
    source: MatrixSource,
    unsteered: PromptAnswers,
    compared: ComparisonGroups,
    asked: Sequence[Question],
    bootstrap: Bootstrap,
) -> RowInfo:
    options = source.answers.options(compared.questions, compared.width)
    aligned = compared.aligned(options, compared.all_distributions)
    with_groups = aligned[-len(compared.groups) :]
    near = _nearest(options, compared, bootstrap)
    ranked = [each.group for each in near.groups]
    own = source.groups[0] if len(source.groups) == 1 else None
    beside = own_people(source.groups, source.answers, None if source.file else unsteered, asked, bootstrap)
    return RowInfo(
        name=source.name,
        answers=source.file,
        steering=source.steering,
        groups=tuple(group_name(group) for group in source.groups),
        verdict=source.answers.verdict(asked, bootstrap),
        cells=_cells(aligned, with_groups, bootstrap),
        nearest=near.groups,
        own_rank=ranked.index(own) + 1 if own in ranked else None,
        consistency=_consistency(with_groups, compared, bootstrap),
        own_questions=beside.questions,
        worth=beside.worth,
        spread_ratio=beside.spread_ratio,
        steering_slope=beside.steering_slope,
        not_valid=sum(not source.answers.opinions[question.id].valid for question in compared.questions),
    )


def _cells(aligned: FloatArray, with_groups: FloatArray, bootstrap: Bootstrap) -> tuple[CellInfo, ...]:
    everyone: list[Score | None] = [None] * (len(aligned) - len(with_groups))
    shares = [*everyone, *confusion(with_groups, bootstrap)]
    return tuple(
        CellInfo(alignment=mean, confusion=share)
        for mean, share in zip(bootstrap.means(aligned.T), shares, strict=True)
    )


def _nearest(options: FloatArray, compared: ComparisonGroups, bootstrap: Bootstrap) -> Nearest:
    by_id = {question.id: place for place, question in enumerate(compared.questions)}
    table = GroupTable(compared.groups, by_id, compared.distributions, compared.scale)
    return nearest(table, range(len(compared.questions)), options, bootstrap)


def _consistency(aligned: FloatArray, compared: ComparisonGroups, bootstrap: Bootstrap) -> tuple[Consistency, ...]:
    about = _topics(compared)
    found = []
    for attribute in dict.fromkeys(group.attribute for group in compared.groups):
        places = [place for place, group in enumerate(compared.groups) if group.attribute == attribute]
        found.append(consistency(aligned[places], [compared.groups[place] for place in places], about, bootstrap))
    return tuple(each for each in found if each is not None)


def _topics(compared: ComparisonGroups) -> NDArray[np.bool_]:
    """Return which questions belong to which topic, shape (topics, questions). A question may belong to several."""
    topics = dict.fromkeys(topic for question in compared.questions for topic in question.topics)
    return np.array([[topic in question.topics for question in compared.questions] for topic in topics], dtype=np.bool_)


def steerabilities(
    personas: Sequence[LoadedPersona],
    by_prompt: Mapping[str, PromptAnswers],
    compared: ComparisonGroups,
    bootstrap: Bootstrap,
) -> tuple[SteerabilityInfo, ...]:
    """Return the steerability of the model to the groups of each persona that stands for groups with figures.

    `by_prompt` are the model's answers by prompt; `compared` must be over all questions that were put.
    """
    found = (_steerability(loaded.persona, by_prompt, compared, bootstrap) for loaded in personas)
    return tuple(each for each in found if each is not None)


def _steerability(
    persona: Persona, by_prompt: Mapping[str, PromptAnswers], compared: ComparisonGroups, bootstrap: Bootstrap
) -> SteerabilityInfo | None:
    if not persona.groups:
        return None
    people = compared.people(persona.groups)
    by_name = {"unsteered": by_prompt[UNSTEERED]}
    by_name |= {name: by_prompt[prompt] for name, prompt in prompts_of(persona).items()}
    unsteered, *others = (_aligned(answers, people, compared) for answers in by_name.values())
    steered = dict(zip(prompts_of(persona), others, strict=True))
    found = steerability(unsteered, steered, bootstrap)
    if found is None:
        return None
    asked: NDArray[np.bool_] = np.logical_not(np.isnan([unsteered, *steered.values()]).any(axis=0))
    return SteerabilityInfo(
        persona=persona.name,
        groups=tuple(group_name(group) for group in persona.groups),
        questions=found.questions,
        verdicts=tuple(
            PromptVerdict(prompt=name, verdict=answers.verdict(compared.questions, bootstrap))
            for name, answers in by_name.items()
        ),
        unsteered=found.unsteered,
        steerings=found.steerings,
        humans=_human_references(people[asked], persona.groups, compared.of(asked), bootstrap),
    )


def _aligned(answers: PromptAnswers, people: FloatArray, compared: ComparisonGroups) -> FloatArray:
    return compared.aligned(answers.options(compared.questions, compared.width), people)
