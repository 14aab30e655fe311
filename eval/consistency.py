"""Whether a model sides with the same group whatever the topic (consistency, Santurkar et al. 2023, section 5)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.scoring.intervals import Bootstrap, Interval


@dataclass(frozen=True, slots=True)
class Consistency:
    """The share of topics whose best-aligned group is the best over all topics.

    `best` is that group's place among those compared. The interval resamples topics with `best` held fixed, so there is
    none under 20 topics; with k groups, siding at random would give about 1/k.
    """

    best: int
    score: Interval
    topics: int


def consistency(aligned: FloatArray, about: NDArray[np.bool_], bootstrap: Bootstrap) -> Consistency | None:
    """Return the consistency of one model among the groups of one attribute.

    `aligned` are its alignments (groups, questions), `about` tells which questions belong to which topic (topics,
    questions). Within a topic, and then over topics, alignments are averaged: every topic counts the same, however
    many questions it has. Questions with NaN for any group are left out, and topics without a question; equals are
    taken in the order of the groups. None when nothing is left or there are not two groups.
    """
    defined = ~np.isnan(aligned).any(axis=0)
    about = about[:, defined]
    about = about[about.any(axis=1)]
    if len(aligned) < 2 or len(about) == 0:
        return None
    by_topic = about @ aligned[:, defined].T / about.sum(axis=1, keepdims=True)
    best = int(np.argmax(np.round(by_topic.mean(axis=0), 12)))
    agree = np.argmax(np.round(by_topic, 12), axis=1) == best
    (score,) = bootstrap.shares(agree[:, None].astype(np.float64))
    return Consistency(best, score, len(about))
