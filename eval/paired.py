"""Two reports on the same survey, question by question: by how much B differs from A, and whether it is chance.

Questions differ far more from each other than two personas on the same question do. So nothing is said from the two
means with their own intervals: the difference is taken within each question, and questions are resampled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.errors import ReportError
from eval.paired_report import Differences, LeftOut, PairedDifference, PairedReport, Side
from eval.report import QuestionInfo, Report, Score
from eval.report_settings import settings_that_differ
from eval.scoring.intervals import Bootstrap, Interval
from eval.sign_flip import sign_flip_p
from personas.inputs.suggestions import shown

SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class NamedReport:
    """A report and the base name of the file it is in."""

    file: str
    report: Report


def paired(a: NamedReport, b: NamedReport, seed: int = 0) -> PairedReport:
    """Compare two reports over the questions that both answered; all differences are B minus A.

    Raises:
        ReportError: they are about different surveys, or have no question in common.
    """
    check_same_survey(a.report, b.report)
    both = _both(a.report, b.report)
    if not both:
        raise ReportError("the reports have no question in common; evaluate both with the same --limit and --seed")
    columns = _Columns(a.report, b.report, both, Bootstrap(seed))
    everything = np.ones(len(both), dtype=np.bool_)
    return PairedReport(
        survey=a.report.survey.name,
        a=_side(a, columns, 0),
        b=_side(b, columns, 1),
        differs=settings_that_differ(a.report, b.report),
        paired=tuple(question.id for question, _ in both),
        left_out=(*_left_out(a.report, b.report, "B"), *_left_out(b.report, a.report, "A")),
        difference=columns.differences(everything),
        difference_valid_only=columns.differences(columns.valid[0] & columns.valid[1]),
        seed=seed,
    )


def check_same_survey(a: Report, b: Report) -> None:
    """Do nothing if both reports are about the same survey file.

    Raises:
        ReportError: they are not.
    """
    if a.survey.sha256 != b.survey.sha256:
        raise ReportError(
            f"the reports are about different surveys: A about {_survey(a)}, B about {_survey(b)}; "
            "evaluate both with the same survey file"
        )


def _survey(report: Report) -> str:
    return f"{shown(report.survey.name)} (sha256 {report.survey.sha256[:8]}…)"


def is_worse(difference: PairedDifference | None) -> bool:
    """Say whether an alignment is worse: the interval of its paired difference lies below 0.

    Under 20 questions, where there is no interval, the difference must be below 0 and its p-value below 0.05. Without a
    difference nothing can be worse.
    """
    if difference is None:
        return False
    interval = Interval(difference.mean, difference.low, difference.high)
    if interval.bounded:
        return difference.mean < 0 and not interval.includes_zero
    return difference.mean < 0 and difference.p < SIGNIFICANT


class _Columns:
    """The figures of the paired questions as arrays of shape (2, questions), A's first; NaN where not defined."""

    def __init__(
        self, a: Report, b: Report, both: Sequence[tuple[QuestionInfo, QuestionInfo]], bootstrap: Bootstrap
    ) -> None:
        self.seed = bootstrap.seed
        self.bootstrap = bootstrap
        self.alignment = _together([[question.alignment for question in pair] for pair in both])
        self.total_variation = _together([[question.total_variation for question in pair] for pair in both])
        self.valid: NDArray[np.bool_] = np.array([[question.valid for question in pair] for pair in both]).T
        if a.refusals != b.refusals:
            self.total_variation = np.full_like(self.total_variation, np.nan)

    def differences(self, questions: NDArray[np.bool_]) -> Differences:
        """Return B minus A over some of the questions."""
        return Differences(
            alignment=self._difference(self.alignment[:, questions]),
            total_variation=self._difference(self.total_variation[:, questions]),
        )

    def _difference(self, values: FloatArray) -> PairedDifference | None:
        differences = values[1] - values[0]
        interval, p = self.bootstrap.mean(differences), sign_flip_p(differences, seed=self.seed)
        if interval is None or p is None:
            return None
        questions = int((~np.isnan(differences)).sum())
        return PairedDifference(mean=interval.mean, low=interval.low, high=interval.high, p=p, questions=questions)


def _together(pairs: list[list[float | None]]) -> FloatArray:
    """Return the values as (2, questions), NaN for both where one has none."""
    values = np.array([[np.nan if value is None else value for value in pair] for pair in pairs], dtype=np.float64).T
    return np.where(np.isnan(values).any(axis=0), np.nan, values)


def _both(a: Report, b: Report) -> tuple[tuple[QuestionInfo, QuestionInfo], ...]:
    of_b = {question.id: question for question in b.questions}
    return tuple((question, of_b[question.id]) for question in a.questions if question.id in of_b)


def _left_out(one: Report, other: Report, name: str) -> tuple[LeftOut, ...]:
    """Return the questions that `one` answered and `other`, called `name`, did not."""
    answered = {question.id for question in other.questions}
    failed = {failure.id: failure.why for failure in other.failures}
    return tuple(
        LeftOut(id=q.id, why=f"failed in {name}: {failed[q.id]}" if q.id in failed else f"not put in {name}")
        for q in one.questions
        if q.id not in answered
    )


def _side(named: NamedReport, columns: _Columns, row: int) -> Side:
    bootstrap = columns.bootstrap
    return Side(
        file=named.file,
        created=named.report.created,
        persona=named.report.persona.name,
        expression=named.report.expression,
        alignment=_score(bootstrap.mean(columns.alignment[row])),
        total_variation=_score(bootstrap.mean(columns.total_variation[row])),
        not_valid=int((~columns.valid[row]).sum()),
    )


def _score(interval: Interval | None) -> Score | None:
    return None if interval is None else Score(mean=interval.mean, low=interval.low, high=interval.high)
