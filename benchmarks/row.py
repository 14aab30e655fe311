"""A row of the table of benchmarks: what is measured against what, the goal, and the result."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.figure import SEED, Goal, Pair, figure, one_side


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is made: pairs per row, the model file of the rows that need a large one, and who hears of progress."""

    repeats: int
    model: Callable[[], Path]
    tell: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Measured:
    """What one row measured: the pairs, and the settings and remarks that a reader of the figures needs.

    `conditions` must hold as well as the goal.
    """

    pairs: tuple[Pair, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    conditions: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One benchmark. `measure` does the work; `unit` is that of its figures."""

    name: str
    what: str
    against: str
    goal: Goal
    unit: str
    measure: Callable[[Settings], Measured]


def result(row: Row, measured: Measured) -> dict[str, Any]:
    """Return the record of a row as it stands in the JSON file: name, ratio, goal, met, detail."""
    found = figure(measured.pairs, row.goal)
    detail: dict[str, Any] = {
        "what": row.what,
        "against": row.against,
        "goal": str(row.goal),
        "ratio_is": "baseline / ours" if row.goal.times_faster else "ours / baseline",
        "unit": row.unit,
        "interval": list(found.interval),
        "ours": one_side([pair.ours for pair in measured.pairs]),
        "baseline": one_side([pair.baseline for pair in measured.pairs]),
        "repeats": len(measured.pairs),
        "bootstrap_seed": SEED,
        "settings": measured.settings,
        "notes": list(measured.notes),
    }
    if row.goal.allowance:
        detail["allowance"] = row.goal.allowance
        detail["interval_after_allowance"] = list(found.judged)
    if row.goal.ceiling is not None:
        detail["ceiling"] = row.goal.ceiling
        detail["ours"]["interval"] = list(found.ours_interval)
    if measured.conditions:
        detail["conditions"] = measured.conditions
    met = None if found.met is None else found.met and all(measured.conditions.values())
    return {"name": row.name, "ratio": found.ratio, "goal": row.goal.bound, "met": met, "detail": detail}
