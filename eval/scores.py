"""The scores over questions, each with its interval."""

from dataclasses import dataclass

import numpy as np

from eval.intervals import Bootstrap, Interval
from eval.measured import Closeness, Measured
from eval.metrics import FloatArray


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of a persona. docs/measures.md defines each; None means that it is not defined here."""

    alignment: Interval | None
    total_variation: Interval | None
    skill: Interval | None
    refusal: Interval | None
    human_refusal: Interval | None
    label_mass: Interval | None
    order_bias: Interval | None
    entropy_ratio: Interval | None


def scores(measured: Measured, bootstrap: Bootstrap) -> Scores:
    """Return the means over questions, and the two scores that are ratios of means."""
    return Scores(
        alignment=bootstrap.mean(measured.persona.alignment),
        total_variation=bootstrap.mean(measured.persona.total_variation),
        skill=skill(measured, bootstrap),
        refusal=bootstrap.mean(_beside(measured.refusal, measured.human_refusal)),
        human_refusal=bootstrap.mean(measured.human_refusal),
        label_mass=bootstrap.mean(measured.label_mass),
        order_bias=bootstrap.mean(measured.order_bias),
        entropy_ratio=bootstrap.ratio(measured.entropy, measured.human_entropy),
    )


def _beside(ours: FloatArray, peoples: FloatArray) -> FloatArray:
    """Return `ours` on the questions for which there is a figure of the people's to set beside it; all without any."""
    known = ~np.isnan(peoples)
    return ours[known] if known.any() else ours


def skill(measured: Measured, bootstrap: Bootstrap) -> Interval | None:
    """Return (TV of the population - TV of the persona) / (TV of the population - noise floor), a ratio of means.

    0: no better than answering as everyone; 1: as close as a second sample of the group; below 0: worse than no
    persona. None unless the denominator's interval lies above 0 (the group then differs from everyone by more
    than chance), which also needs enough questions for an interval and counts for every question.
    """
    population = complete(measured, "population")
    floor = complete(measured, "noise_floor")
    if population is None or floor is None:
        return None
    room = population.total_variation - floor.total_variation
    sure = bootstrap.mean(room)
    if sure is None or sure.low is None or sure.low <= 0:
        return None
    return bootstrap.ratio(population.total_variation - measured.persona.total_variation, room)


def complete(measured: Measured, reference: str) -> Closeness | None:
    """Return what a reference scored, or None if it lacks a question that the persona was scored on.

    A noise floor over some of the questions could not be set beside scores over all of them.
    """
    closeness = measured.references[reference]
    missing = np.isnan(closeness.total_variation) & ~np.isnan(measured.persona.total_variation)
    return None if missing.any() else closeness
