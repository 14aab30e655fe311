"""What predictions that need no model would have scored: no score is shown without them beside it."""

from dataclasses import dataclass

from eval.intervals import Bootstrap, Interval
from eval.measured import Closeness, Measured
from eval.scores import complete


@dataclass(frozen=True, slots=True)
class Difference:
    """Reference minus persona, question by question: the interval that tells whether they differ.

    Alignment below 0 means that the persona is closer to the people than the reference is; total variation below 0,
    that the reference is.
    """

    alignment: Interval | None
    total_variation: Interval | None


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference as if it were the prediction."""

    alignment: Interval | None
    total_variation: Interval | None
    minus_persona: Difference


@dataclass(frozen=True, slots=True)
class References:
    """Uniform answers, everyone's, the opposite group's, and those of a second sample of the people themselves.

    None where there is no such figure: no opposite group, or no counts to simulate samples from.
    """

    uniform: Reference | None
    population: Reference | None
    opposite: Reference | None
    noise_floor: Reference | None


def references(measured: Measured, bootstrap: Bootstrap) -> References:
    """Score each reference on the questions that the persona answered."""
    found = dict(measured.references)
    if complete(measured, "noise_floor") is None:
        del found["noise_floor"]
    scored = {name: _reference(closeness, measured.persona, bootstrap) for name, closeness in found.items()}
    return References(**{name: scored.get(name) for name in ("uniform", "population", "opposite", "noise_floor")})


def _reference(closeness: Closeness, persona: Closeness, bootstrap: Bootstrap) -> Reference | None:
    total_variation = bootstrap.mean(closeness.total_variation)
    if total_variation is None:
        return None
    return Reference(
        alignment=bootstrap.mean(closeness.alignment),
        total_variation=total_variation,
        minus_persona=Difference(
            alignment=bootstrap.mean(closeness.alignment - persona.alignment),
            total_variation=bootstrap.mean(closeness.total_variation - persona.total_variation),
        ),
    )
