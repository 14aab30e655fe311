"""Paired comparison of two reports on the same survey: how much B differs from A, and whether that may be chance.

Questions differ far more from each other than two personas do on the same question. So the difference is taken within
each question and questions are resampled; the two means with their own intervals would show much less.

The sign-flip test: if swapping A and B changed nothing, every paired difference would be as likely to have the other
sign (Fisher 1935, "The Design of Experiments", section 21). The p-value is the share of all patterns of signs under
which the mean is at least as far from 0 as the one observed. Unlike an interval the test holds for any number of
questions, because with few of them the p-value cannot be small: with n questions it is at least 2 / 2^n.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.compare.models import Differences, LeftOut, PairedDifference, PairedReport, Setting, Side
from eval.errors import ReportError
from eval.report import QuestionInfo, Report
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import column
from personas.inputs.suggestions import quoted

SIGNIFICANT = 0.05
"""A p-value below this is significant; it decides where there are too few questions for an interval."""
FLIPS = 10_000
"""The number of patterns of signs that are counted or drawn, at most."""
_BATCH = 1000
_ROUNDING = 1e-12


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
    """Check that both reports are about the same survey file.

    Raises:
        ReportError: they are not.
    """
    if a.survey.sha256 != b.survey.sha256:
        raise ReportError(
            f"the reports are about different surveys: A about {_survey(a)}, B about {_survey(b)}; "
            "evaluate both with the same survey file"
        )


def _survey(report: Report) -> str:
    return f"{quoted(report.survey.name)} (sha256 {report.survey.sha256[:8]}…)"


def _both(a: Report, b: Report) -> tuple[tuple[QuestionInfo, QuestionInfo], ...]:
    of_b = {question.id: question for question in b.questions}
    return tuple((question, of_b[question.id]) for question in a.questions if question.id in of_b)


def _left_out(one: Report, other: Report, name: str) -> tuple[LeftOut, ...]:
    """Return the questions that `one` answered and `other`, which is called `name`, did not."""
    answered = {question.id for question in other.questions}
    failed = {failure.id: failure.why for failure in other.failures}
    return tuple(
        LeftOut(id=q.id, why=f"failed in {name}: {failed[q.id]}" if q.id in failed else f"not put in {name}")
        for q in one.questions
        if q.id not in answered
    )


class _Columns:
    """The scores of the paired questions, arrays of shape (2, questions): A's first, NaN unless both are defined."""

    def __init__(
        self, a: Report, b: Report, both: Sequence[tuple[QuestionInfo, QuestionInfo]], bootstrap: Bootstrap
    ) -> None:
        self.bootstrap = bootstrap
        of_a, of_b = zip(*both, strict=True)
        self.alignment = _where_both_defined(
            column([question.alignment for question in of_a]), column([question.alignment for question in of_b])
        )
        self.total_variation = _where_both_defined(
            column([question.total_variation for question in of_a]),
            column([question.total_variation for question in of_b]),
        )
        self.valid: NDArray[np.bool_] = np.array([[question.valid for question in each] for each in (of_a, of_b)])
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
        score, p = self.bootstrap.mean(differences), sign_flip_p(differences, seed=self.bootstrap.seed)
        if score is None or p is None:
            return None
        questions = int((~np.isnan(differences)).sum())
        return PairedDifference(mean=score.mean, low=score.low, high=score.high, p=p, questions=questions)


def _where_both_defined(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return both as one array of shape (2, questions), NaN in both rows where either is NaN."""
    values = np.stack([a, b])
    return np.where(np.isnan(values).any(axis=0), np.nan, values)


def _side(named: NamedReport, columns: _Columns, row: int) -> Side:
    bootstrap = columns.bootstrap
    return Side(
        file=named.file,
        created=named.report.created,
        persona=named.report.persona.name,
        expression=named.report.expression,
        alignment=bootstrap.mean(columns.alignment[row]),
        total_variation=bootstrap.mean(columns.total_variation[row]),
        not_valid=int((~columns.valid[row]).sum()),
    )


def settings_that_differ(a: Report, b: Report) -> tuple[Setting, ...]:
    """Return the settings in which two reports differ and that may explain a difference, in the order of the keys."""
    of_a, of_b = _settings(a), _settings(b)
    return tuple(Setting(setting=name, a=of_a[name], b=of_b[name]) for name in of_a if of_a[name] != of_b[name])


def _settings(report: Report) -> dict[str, str | None]:
    persona, model = report.persona, report.model
    groups = " and ".join(f"{group.attribute}={group.value}" for group in persona.groups) or "everyone"
    found = {
        "version": report.version,
        "persona.name": persona.name,
        "persona.sha256": persona.sha256,
        "persona.groups": groups,
        **{f"model.{name}": getattr(model, name) for name in type(model).model_fields},
        "survey.questions": report.survey.questions,
        "steering": report.steering,
        "shots": report.shots,
        "expression": report.expression,
        "replies.per_prompt": report.replies.per_prompt if report.replies else None,
        "replies.constraint": report.replies.constraint if report.replies else None,
        "judge.name": report.judge.name if report.judge else None,
        "judge.sha256": report.judge.sha256 if report.judge else None,
        "orders": " and ".join(report.orders),
        "refusals": report.refusals,
        "seed": report.seed,
        "prompt_sha256": report.prompt_sha256,
    }
    return {name: None if value is None else str(value) for name, value in found.items()}


def is_worse(difference: PairedDifference | None) -> bool:
    """Return whether an alignment is worse: the interval of its paired difference lies below 0.

    Without an interval (under `MIN_QUESTIONS` questions) the difference must be below 0 and its p-value below
    `SIGNIFICANT`. Without a difference nothing is worse.
    """
    if difference is None:
        return False
    if difference.bounded:
        return difference.mean < 0 and not difference.includes_zero
    return difference.mean < 0 and difference.p < SIGNIFICANT


def sign_flip_p(differences: FloatArray, *, seed: int = 0, flips: int = FLIPS) -> float | None:
    """Return the two-sided p-value of the mean of paired differences, one per question; NaN values are left out.

    If there are at most `flips` patterns of signs, all are counted and the p-value is exact. Otherwise `flips` of them
    are drawn and p = (1 + count) / (1 + flips). The 1 stands for the observed pattern; without it a drawn p-value could
    be 0 and would be too small (Phipson and Smyth 2010). None without differences.
    """
    defined = differences[~np.isnan(differences)]
    n = len(defined)
    if n == 0:
        return None
    least = abs(float(defined.sum())) - _ROUNDING * max(1.0, float(np.abs(defined).sum()))
    exact = n < flips.bit_length() and 2**n <= flips
    patterns = _all_patterns(n) if exact else _drawn_patterns(n, seed, flips)
    count = sum(int((np.abs(signs @ defined) >= least).sum()) for signs in patterns)
    return count / 2**n if exact else (1 + count) / (1 + flips)


def _all_patterns(n: int) -> Iterator[FloatArray]:
    """Yield all patterns of `n` signs, shape (2^n, n)."""
    yield _signs(np.arange(2**n)[:, None] >> np.arange(n) & 1)


def _drawn_patterns(n: int, seed: int, flips: int) -> Iterator[FloatArray]:
    """Yield `flips` patterns of `n` signs in batches, each of shape (at most 1000, n)."""
    rng = np.random.default_rng(seed)
    for done in range(0, flips, _BATCH):
        yield _signs(rng.integers(0, 2, size=(min(_BATCH, flips - done), n)))


def _signs(bits: NDArray[np.int64]) -> FloatArray:
    return np.asarray(1 - 2 * bits, dtype=np.float64)


def pair_reports(a: Sequence[Report], b: Sequence[Report]) -> tuple[tuple[Report, Report], ...]:
    """Return which reports of two files are compared, in A's order.

    If each file has one report, these are the pair. Several are paired by the name of the persona, or, where personas
    were asked in several expressions, by name and expression.

    Raises:
        ReportError: a name is in one file only, or several times in one file.
    """
    if len(a) == len(b) == 1:
        return ((a[0], b[0]),)
    if _in_several_expressions(a) and _in_several_expressions(b):
        return tuple(pair for expression in _expressions(a, b) for pair in pair_reports(*_of(expression, a, b)))
    of_a, of_b = by_name(a, "A"), by_name(b, "B")
    for name, reports, other in (*((name, of_b, "B") for name in of_a), *((name, of_a, "A") for name in of_b)):
        if name not in reports:
            raise ReportError(
                f"{other} has no report on the persona {quoted(name)}; several reports are paired by the name of "
                "the persona: evaluate the same personas for both"
            )
    return tuple((report, of_b[name]) for name, report in of_a.items())


def by_name(reports: Sequence[Report], file: str) -> dict[str, Report]:
    """Return the reports by the name of their persona; `file` is the name of their file for an error.

    Raises:
        ReportError: two are on personas of the same name.
    """
    repeated, times = Counter(report.persona.name for report in reports).most_common(1)[0]
    if times > 1:
        raise ReportError(
            f"{file} has {times} reports on the persona {quoted(repeated)}; reports are paired by name: keep one"
        )
    return {report.persona.name: report for report in reports}


def _in_several_expressions(reports: Sequence[Report]) -> bool:
    names = Counter(report.persona.name for report in reports)
    asked = {(report.persona.name, report.expression) for report in reports}
    return max(names.values()) > 1 and len(asked) == len(reports)


def _expressions(a: Sequence[Report], b: Sequence[Report]) -> tuple[str, ...]:
    """Return the expressions in the order in which they are in A.

    Raises:
        ReportError: one file lacks an expression that the other has.
    """
    of_a, of_b = (tuple(dict.fromkeys(report.expression for report in reports)) for reports in (a, b))
    for expression, name in (*((each, "B") for each in of_a), *((each, "A") for each in of_b)):
        if expression not in (of_b if name == "B" else of_a):
            raise ReportError(f"{name} has no report on the expression {expression}; ask both in the same expressions")
    return of_a


def _of(expression: str, *files: Sequence[Report]) -> tuple[Sequence[Report], Sequence[Report]]:
    """Return the reports on one expression in each of two files."""
    a, b = ([report for report in reports if report.expression == expression] for reports in files)
    return a, b
