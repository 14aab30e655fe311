"""The names and sentences of a matrix, which its table, its page and its figures share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chat_personas.reporting.numbers import p_value, people, with_interval
from chat_personas.reporting.verdicts import marked, not_shown, why_not_shown
from chat_personas.reporting.wording.measurements import group_label, score_name
from chat_personas.text import printable

if TYPE_CHECKING:
    from eval.matrix.models import Consistency, MatrixReport, RowInfo, SteerabilityInfo, Steered, TargetInfo

OWN_PEOPLE_EXPLAINED = (
    "worth in people: a sample of so many of the group predicts it as well; spread ratio: 1 = as varied as the group; "
    "steering slope: 1 = the persona differs from the unsteered model as the group from everyone, 0 = not steered; "
    "over questions only"
)
BEST_PROMPT_EXPLAINED = "the steering with the best mean; chosen on these questions"
ORACLE_EXPLAINED = "the best steering per question; uses the answers: an upper bound"
CHANCE_EXPLAINED = (
    "the share expected by chance: the labels of the groups permuted within each topic, the best group chosen again"
)


def target_label(target: "TargetInfo") -> str:
    """Name the people of a matrix's column."""
    return group_label(target.group) if target.group is not None else "everyone"


def row_label(row: "RowInfo") -> str:
    """Name a row of a matrix with its steering, which the model itself lacks and answers from a file do not tell."""
    return printable(row.name if row.steering == "none" or row.answers else f"{row.name} ({row.steering})")


def nothing_shown(report: "MatrixReport") -> bool:
    """Whether a matrix has no row that may be shown, because the judge errs too often."""
    return not_shown(report) and all(map(not_shown, report.rows))


def withheld(report: "MatrixReport") -> Iterator[tuple[str, str]]:
    """Yield the label of each row whose figures are not shown, with why and what to do."""
    for row in report.rows:
        if not_shown(row):
            yield row_label(row), why_not_shown(row)


def steerability_withheld(found: "SteerabilityInfo") -> Iterator[str]:
    """Yield why the steerability of a persona is not shown, for each prompt whose answers are not sound."""
    for each in found.verdicts:
        if not_shown(each):
            yield f"{each.prompt}: {why_not_shown(each)}"


def own_people_figures(row: "RowInfo", unsteered: "RowInfo", *, show_invalid: bool) -> tuple[str, str, str]:
    """Write worth in people, spread ratio and steering slope of a row, marked where they are not sound.

    The slope needs a sound verdict of the unsteered model, too.
    """
    sound, slope_sound = not not_shown(row), not (not_shown(row) or not_shown(unsteered))
    slope = marked(with_interval(row.steering_slope), sound=slope_sound)
    return (
        marked(people(row.worth), sound=sound),
        marked(with_interval(row.spread_ratio), sound=sound),
        slope if slope_sound or show_invalid else "not sound (unsteered)",
    )


def steered_label(steered: "Steered") -> str:
    """Name a steering in a matrix's steerability; the best prompt with the steering that it is."""
    name = score_name(steered.steering)
    return name if steered.chosen is None else f"{name} ({steered.chosen})"


def by_chance(found: "Consistency") -> str:
    """Write the consistency that is expected by chance, with the p-value of the one found."""
    return f"chance {found.chance:.2f}, p {p_value(found.p)}"


def own_rank(row: "RowInfo") -> str:
    """Say where a matrix's row has its own group among its nearest groups."""
    return f"its own group has rank {row.own_rank} of {len(row.nearest)}"
