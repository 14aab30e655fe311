"""What the simulations share: a table in Markdown, and drawing questions and people from the civic survey."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from eval.answers import FloatArray
from eval.scoring.results import Score
from eval.surveys.human_figures import human_figures
from eval.surveys.loading import load_survey
from personas import Group

QUESTIONS = 62


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield f"| {' | '.join(heads)} |"
    yield "| --- " * len(heads) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def percent(share: float) -> str:
    """Write a share of runs."""
    return "—" if np.isnan(share) else f"{share:.1%}"


def holds(score: Score, truth: float) -> bool:
    """Say whether the interval of a score holds the truth."""
    return score.low is not None and score.high is not None and score.low <= truth <= score.high


def excludes_zero(score: Score) -> bool:
    """Say whether the interval of a score excludes 0."""
    return score.bounded and not score.includes_zero


@dataclass(frozen=True)
class People:
    """What a group and everyone else answered to one question: counts per option, and the options' ordinal values."""

    group: FloatArray
    rest: FloatArray
    ordinals: FloatArray


@cache
def people(group: Group) -> tuple[People, ...]:
    """Return the questions of the civic survey that have figures for the group and an order of options."""
    found = []
    for question in load_survey("civic").survey.questions:
        ours, everyone = human_figures(question, (group,)), human_figures(question, ())
        if ours is None or everyone is None or ours.counts is None or everyone.counts is None:
            continue
        ordinals = np.array(question.ordinals, dtype=np.float64)
        if ordinals.max() > ordinals.min():
            found.append(People(ours.counts, everyone.counts - ours.counts, ordinals))
    return tuple(found)


def sample(counts: FloatArray, size: int, rng: np.random.Generator) -> FloatArray:
    """Return the counts of `size` people drawn as those behind `counts` answered."""
    return rng.multinomial(size, counts / counts.sum()).astype(np.float64)
