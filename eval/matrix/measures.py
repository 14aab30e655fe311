"""The measures of a matrix that compare more than one group: those of Santurkar et al. (2023), and a confusion matrix.

*Confusion*: the share of questions on which each group is the closest one. *Consistency* (their section 5): whether the
same group is the closest one in every topic. *Human references*: the alignment of groups with each other, beside which
a model's alignment is read: a model need not be closer to a group than the closest other group is, and one that is
farther than the farthest is worse than every group. *Steerability* (their section 4): how close a model comes to a
group to which it is steered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.matrix.models import Consistency, HumanReference, HumanReferences, Steered
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import OrdinalScale, alignment
from eval.scoring.results import ROUNDING, Score, group_name
from personas import Group

BEST_PROMPT, ORACLE = "best_prompt", "oracle"
"""The names of the steering that is best by its mean, and of the best steering of each question."""
PERMUTATIONS = 2000
"""Permutations of the group labels behind the consistency that is expected by chance."""


def confusion(aligned: FloatArray, bootstrap: Bootstrap) -> tuple[Score, ...]:
    """Return, for each group, the share of questions on which the model is closest to it.

    `aligned` are the model's alignments (groups, questions) without NaN. Groups that are equally close on a question
    share it, so that the shares sum to 1.
    """
    rounded = np.round(aligned, 12)
    closest = rounded == rounded.max(axis=0)
    return bootstrap.shares((closest / closest.sum(axis=0)).T)


def consistency(
    aligned: FloatArray, groups: Sequence[Group], about: NDArray[np.bool_], bootstrap: Bootstrap
) -> Consistency | None:
    """Return the consistency of one model among `groups` of one attribute: how many topics agree on the best group.

    `aligned` are the model's alignments (groups, questions); `about` (topics, questions) is true where a question
    belongs to a topic. Alignments are averaged within each topic and then over topics, so that every topic counts the
    same. Questions with NaN for any group are left out, and topics without a question. Ties go to the first group. The
    interval resamples topics with the best group held fixed. None if nothing is left or there are fewer than two
    groups.
    """
    defined = ~np.isnan(aligned).any(axis=0)
    about = about[:, defined]
    about = about[about.any(axis=1)]
    if len(aligned) < 2 or len(about) == 0:
        return None
    by_topic = np.round(about @ aligned[:, defined].T / about.sum(axis=1, keepdims=True), 12)
    best = int(best_groups(by_topic[None])[0])
    agree = np.argmax(by_topic, axis=1) == best
    (score,) = bootstrap.shares(agree[:, None].astype(np.float64))
    chance, p = consistency_by_chance(by_topic, bootstrap.seed)
    return Consistency(
        attribute=groups[best].attribute,
        groups=len(groups),
        best=group_name(groups[best]),
        topics=len(about),
        score=score,
        chance=chance,
        p=p,
    )


def best_groups(by_topic: FloatArray) -> NDArray[np.intp]:
    """Return the best group over all topics for alignments of shape (..., topics, groups); ties go to the first."""
    return np.asarray(np.argmax(np.round(by_topic.mean(axis=-2), 12), axis=-1), dtype=np.intp)


def consistency_by_chance(by_topic: FloatArray, seed: int, permutations: int = PERMUTATIONS) -> tuple[float, float]:
    """Return the mean consistency if topics had nothing in common, and how often chance is at least as consistent.

    `by_topic` are the model's alignments (topics, groups). The null hypothesis is that within a topic the labels of
    the groups could be exchanged: each permutation shuffles them within every topic independently, chooses the best
    group over all topics again, and computes the consistency. The mean is above 1/k for k groups, because the best
    group is chosen on the same topics. p is (1 + permutations at least as consistent) / (1 + permutations), one-sided.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(np.broadcast_to(by_topic, (permutations, *by_topic.shape)), axis=-1)
    by_chance = _agreement(shuffled)
    observed = float(_agreement(by_topic[None])[0])
    as_consistent = int((by_chance >= observed - ROUNDING).sum())
    return float(by_chance.mean()), (1 + as_consistent) / (1 + permutations)


def _agreement(by_topic: FloatArray) -> FloatArray:
    """Return the share of topics whose best group is the best over all topics, shape (...)."""
    return np.asarray((np.argmax(by_topic, axis=-1) == best_groups(by_topic)[..., None]).mean(axis=-1))


def human_references(
    people: FloatArray, groups: Sequence[Group], distributions: FloatArray, scale: OrdinalScale, bootstrap: Bootstrap
) -> HumanReferences | None:
    """Return how close `groups` are to `people`, over the questions for which all of them have figures.

    `people` are distributions (questions, options), `distributions` those of the groups (groups, questions, options).
    Ties go to the first group. None if there are no groups or no common question.
    """
    aligned = alignment(distributions, people, scale)
    common = aligned[:, ~np.isnan(aligned).any(axis=0)].T
    if common.size == 0:
        return None
    means = np.round(common.mean(axis=0), 12)
    best, worst = int(np.argmax(means)), int(np.argmin(means))
    over_groups = common.mean(axis=1, keepdims=True)
    first, mean, last = bootstrap.means(np.hstack([common[:, [best]], over_groups, common[:, [worst]]]))
    return HumanReferences(
        best=HumanReference(group=group_name(groups[best]), alignment=first),
        mean=mean,
        worst=HumanReference(group=group_name(groups[worst]), alignment=last),
    )


@dataclass(frozen=True, slots=True)
class Steerability:
    """How close a model comes to one group unsteered and under each steering, over the same questions throughout.

    `unsteered` is its representativeness of the group. The last two of `steerings` are the best prompt and the oracle.
    The best prompt is the steering with the highest mean alignment, as the released code of OpinionQA takes
    steerability; ties go to the first. Its interval holds the choice fixed, although it was made on the same questions.
    The oracle takes the best steering of each question, as the paper words it. It uses the answers, so it is never
    below another steering and no choice of one prompt reaches it.
    """

    questions: int
    unsteered: Score
    steerings: tuple[Steered, ...]


def steerability(unsteered: FloatArray, steered: Mapping[str, FloatArray], bootstrap: Bootstrap) -> Steerability | None:
    """Return the steerability from alignments with the group, one per question and NaN where not defined.

    Only questions that are defined unsteered and under every steering count. None if there are none.
    """
    columns = np.column_stack([unsteered, *steered.values()])
    columns = columns[~np.isnan(columns).any(axis=1)]
    if columns.size == 0:
        return None
    means = np.round(columns[:, 1:].mean(axis=0), 12)
    best = int(np.argmax(means))
    columns = np.column_stack([columns, columns[:, 1 + best], columns[:, 1:].max(axis=1)])
    base, *alignments = bootstrap.means(columns)
    gains = bootstrap.differences(columns[:, 1:] - columns[:, :1])
    names = (*steered, BEST_PROMPT, ORACLE)
    steerings = tuple(
        Steered(
            steering=name,
            chosen=names[best] if name == BEST_PROMPT else None,
            alignment=mean,
            minus_unsteered=gain,
        )
        for name, mean, gain in zip(names, alignments, gains, strict=True)
    )
    return Steerability(len(columns), base, steerings)
