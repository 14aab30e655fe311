"""Whom a persona sounds like, question by question: a confusion matrix over groups."""

import numpy as np

from eval.answers import FloatArray
from eval.scoring.intervals import Bootstrap, Interval


def confusion(aligned: FloatArray, bootstrap: Bootstrap) -> tuple[Interval, ...]:
    """Return, for each group, the share of questions on which it is the one that the model is closest to.

    `aligned` are the model's alignments (groups, questions) without NaN. Groups that are equally close on a
    question share it, so that the shares sum to 1.
    """
    rounded = np.round(aligned, 12)
    closest = rounded == rounded.max(axis=0)
    return bootstrap.shares((closest / closest.sum(axis=0)).T)
