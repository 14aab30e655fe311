"""How a number is written: one decision for tables, pages, figures, the panel and the line mode.

Tables, pages and the line mode have `DECIMALS`. The panel and the figures, where there is less room, have `COMPACT`.
A difference that rounds to zero has no sign: `0.000`. The ends of an interval keep theirs: in `+0.012 [-0.000, +0.024]`
the minus says that the interval includes 0.
"""

from typing import Protocol

from chat_personas.text import unsigned_zero

DECIMALS = 3
COMPACT = 2
MISSING = "—"
"""Stands where there is no number."""


class Score(Protocol):
    """A mean with the ends of its 95% interval, both None where there is no interval."""

    @property
    def mean(self) -> float: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


def plain(value: float | None, *, decimals: int = DECIMALS) -> str:
    """Write a number as `0.812`, or a dash for None."""
    return MISSING if value is None else unsigned_zero(f"{value:.{decimals}f}")


def mean_of(score: Score | None, *, decimals: int = DECIMALS) -> str:
    """Write a score without its interval, or a dash for None."""
    return plain(None if score is None else score.mean, decimals=decimals)


def with_interval(score: Score | None, *, decimals: int = DECIMALS) -> str:
    """Write a score as `0.812 [0.790, 0.833]`, without brackets where there is no interval, or a dash for None."""
    return _written(score, f".{decimals}f")


def signed(difference: Score | None, *, decimals: int = DECIMALS) -> str:
    """Write a difference as `+0.012 [-0.003, +0.027]`, otherwise as `with_interval` does."""
    return _written(difference, f"+.{decimals}f")


def signed_number(value: float, *, decimals: int = DECIMALS) -> str:
    """Write a difference that has no interval as `+0.012`, and without a sign where it rounds to zero."""
    return unsigned_zero(f"{value:+.{decimals}f}")


def strength_written(strength: float) -> str:
    """Write a strength as `+0.5`. 0 has no sign: of a clamp it is a place, the negative pole."""
    return unsigned_zero(f"{strength:+g}")


def _written(score: Score | None, form: str) -> str:
    if score is None:
        return MISSING
    mean = unsigned_zero(f"{score.mean:{form}}")
    if score.low is None or score.high is None:
        return mean
    return f"{mean} [{score.low:{form}}, {score.high:{form}}]"


def people(score: Score | None) -> str:
    """Write a number of people as `13 [7.3, 22]`, with a decimal under 10, or a dash for None."""
    if score is None:
        return MISSING
    if score.low is None or score.high is None:
        return _people(score.mean)
    return f"{_people(score.mean)} [{_people(score.low)}, {_people(score.high)}]"


def _people(count: float) -> str:
    return f"{count:,.{0 if count >= 10 else 1}f}"


def p_value(p: float | None) -> str:
    """Write a p-value with four decimals, the precision of 10,000 sign flips, or a dash for None."""
    return plain(p, decimals=4)


def percent(share: float) -> str:
    """Write a share of 0 to 1 as a percentage with one decimal."""
    return f"{100 * share:.1f}%"


def below(limit: float, value: float) -> str:
    """Write a value below `limit` with three decimals, or with as many as it takes to read as below it."""
    written = (f"{value:.{decimals}f}" for decimals in range(DECIMALS, 17))
    return next((text for text in written if float(text) < limit), repr(value))
