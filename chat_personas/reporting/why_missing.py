"""Why a number is missing: every score, reference point and interval that is null in a report has a reason.

The reasons follow docs/measures.md. Whether a score has an interval is read from the score itself: it may be defined
on fewer questions than were answered.
"""

from collections.abc import Iterator, Sequence

from chat_personas.reporting.verdicts import not_shown
from chat_personas.reporting.wording.measurements import (
    SCORES,
    Measure,
    measure_of,
    no_intervals,
    reference_names,
    score_name,
)
from chat_personas.text import printable
from eval.compare.models import PairedReport
from eval.evaluation import NOT_KNOWN
from eval.matrix.models import MatrixReport, RowInfo
from eval.report import Report, Score
from eval.scoring.intervals import MIN_QUESTIONS

NO_FIGURES = "no human figures for the group"
NOT_ORDERED = "no question has ordered options"
NO_COUNTS = "no counts of respondents for every question"
NOT_ANSWERED = "no question was answered"
NO_LETTERS = "the answers were not read from letters"
ONE_ORDER = "no question was asked in two option orders"
NOT_IN_FILE = "the file of answers does not say what they were"
PEOPLE_AGREE = "all people gave the same answer"
NOT_APART = "the group does not differ detectably from everyone else, or figures for everyone are incomplete"
IS_EVERYONE = "the persona is compared with everyone"
NO_SLOPE = "the group differs from everyone by little more than chance, or there are no counts of both"
NO_EVERYONE = "no figures for everyone"
OLDER = "the report is older than this figure"
MEASURES: tuple[Measure, ...] = ("alignment", "total_variation")


def missing(report: Report) -> Iterator[str]:
    """Yield a line for each reason for which scores or reference points are null, and for missing intervals."""
    named: dict[str, list[str]] = {}
    for name, _ in SCORES:
        if getattr(report.scores, name) is None:
            named.setdefault(_why_no_score(report, name), []).append(score_name(name))
    for kind, words in reference_names(report):
        if getattr(report.references, kind) is None:
            called = "opposite group" if kind == "opposite" else words
            named.setdefault(_why_no_reference(report, kind), []).append(called)
    for why, names in named.items():
        yield f"no {_listed(names)}: {why}"
    yield from _missing_intervals(report)


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _compared(report: Report) -> int:
    """Return how many questions were answered and have human figures."""
    return sum(question.human is not None for question in report.questions)


def _why_no_score(report: Report, name: str) -> str:
    if not report.questions and not report.refused:
        return NOT_ANSWERED
    if name in ("label_mass", "order_bias"):
        if report.expression == NOT_KNOWN:
            return NOT_IN_FILE
        return NO_LETTERS if name == "label_mass" else ONE_ORDER
    if not report.questions and name != "human_refusal":
        return NOT_ANSWERED
    if name == "human_refusal" or not _compared(report):
        return NO_FIGURES
    whys = {"alignment": NOT_ORDERED, "entropy_ratio": PEOPLE_AGREE, "worth": OLDER}
    return whys.get(name) or _why_no_skill(report)


def _why_no_skill(report: Report) -> str:
    if not report.persona.groups:
        return IS_EVERYONE
    if report.references.population is None:
        return NO_EVERYONE
    if report.references.noise_floor is None:
        return NO_COUNTS
    return f"under {MIN_QUESTIONS} questions" if _compared(report) < MIN_QUESTIONS else NOT_APART


def _why_no_reference(report: Report, kind: str) -> str:
    if not report.questions:
        return NOT_ANSWERED
    if not _compared(report):
        return NO_FIGURES
    if kind == "opposite":
        return _why_no_opposite(report)
    return {"population": NO_EVERYONE, "noise_floor": NO_COUNTS}.get(kind, NO_FIGURES)


def _why_no_opposite(report: Report) -> str:
    if not report.persona.groups:
        return "everyone has none"
    if len(report.persona.groups) > 1:
        return "combined groups have none"
    return "no figures for another group of the attribute"


def _missing_intervals(report: Report) -> Iterator[str]:
    """Yield why scores stand without an interval, and reference points where the persona has one."""
    scores = {score_name(name): getattr(report.scores, name) for name, _ in SCORES}
    found = {name: score for name, score in scores.items() if score is not None}
    without = [name for name, score in found.items() if score.low is None]
    uncounted = [
        name
        for name in without
        if name in ("skill", score_name("entropy_ratio")) and _compared(report) >= MIN_QUESTIONS
    ]
    few = [name for name in without if name not in uncounted]
    answered = len(report.questions)
    if few and len(few) == len(found):
        yield no_intervals(among=answered)
        return
    few += [words for words, score in _reference_scores(report) if score.low is None and words not in few]
    if few:
        yield no_intervals(*few, among=answered)
    if uncounted:
        yield f"no interval for {', '.join(uncounted)}: some resamples have no ratio"


def _reference_scores(report: Report) -> Iterator[tuple[str, Score]]:
    """Yield the scores of reference points by the main measure, if the persona's has an interval."""
    measure = measure_of([report])
    own: Score | None = getattr(report.scores, measure)
    if own is None or own.low is None:
        return
    for kind, words in reference_names(report):
        reference = getattr(report.references, kind)
        score: Score | None = getattr(reference, measure) if reference is not None else None
        if score is not None:
            yield words, score


def missing_in_matrix(report: MatrixReport, *, show_invalid: bool = False) -> Iterator[str]:
    """Yield why scores of a matrix stand without an interval, and why parts of it are missing.

    Rows that are not sound are shown with `show_invalid` only.
    """
    rows = [row for row in report.rows if show_invalid or not not_shown(row)]
    if not rows:
        return
    cells = [cell.alignment for row in rows for cell in row.cells]
    shown = [found for found in report.steerability if show_invalid or found.sound]
    if any(cell.low is None for cell in cells):
        yield no_intervals(among=len(report.questions))
    elif few := [found.persona for found in shown if found.unsteered.low is None]:
        yield no_intervals(*(f"the steerability of {name}" for name in few))
    if any(target.humans is None for target in report.targets):
        yield "no people to compare a group with: the table has no other group"
    yield from _missing_beside_own(rows)
    consistencies = [found.score for row in rows for found in row.consistency]
    if not consistencies:
        yield "no consistency: it needs two groups of one attribute"
    elif any(score.low is None for score in consistencies):
        yield no_intervals("consistency", unit="topics")


def _missing_beside_own(rows: Sequence[RowInfo]) -> Iterator[str]:
    """Yield why a row of a matrix has no steering slope or no spread ratio beside its own group."""
    beside = [row for row in rows if row.own_questions]
    if flat := [printable(row.name) for row in beside if row.spread_ratio is None]:
        yield f"no spread ratio for {_listed(flat)}: {PEOPLE_AGREE}"
    if without := [printable(row.name) for row in beside if row.steering_slope is None and row.answers is None]:
        yield f"no steering slope for {_listed(without)}: {NO_SLOPE}"


def missing_in_comparison(comparison: PairedReport) -> Iterator[str]:
    """Yield why differences stand without an interval."""
    differences = {score_name(name): getattr(comparison.difference, name) for name in MEASURES}
    found = {name: difference for name, difference in differences.items() if difference is not None}
    few = [name for name, difference in found.items() if difference.low is None]
    if few:
        yield f"{no_intervals(*(few if len(few) < len(found) else ()), among=len(comparison.paired))}; see p"
