"""Paired comparison of two reports on the same survey: how much B differs from A, and whether that may be chance.

Questions differ far more from each other than two personas do on the same question. So the difference is taken within
each question and questions are resampled; the two means with their own intervals would show much less.
Only questions that are valid in both count: where a model did not answer, its score says nothing about a difference.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.answers import FloatArray
from eval.compare.models import Differences, LeftOut, PairedDifference, PairedReport, Setting, Side
from eval.errors import ReportError
from eval.report import QuestionInfo, Report
from eval.scoring.differences import paired_difference
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import column
from eval.scoring.results import SIGNIFICANT
from personas.inputs.suggestions import quoted


@dataclass(frozen=True, slots=True)
class NamedReport:
    """A report and the base name of the file it is in."""

    file: str
    report: Report


def paired(a: NamedReport, b: NamedReport, seed: int = 0) -> PairedReport:
    """Compare two reports over the questions that are answered and valid in both; all differences are B minus A.

    Raises:
        ReportError: they are about different surveys, have no question in common, or none that is valid in both.
    """
    check_same_survey(a.report, b.report)
    answered = _both(a.report, b.report)
    if not answered:
        raise ReportError("the reports have no question in common; evaluate both with the same --limit and --seed")
    both = tuple((one, other) for one, other in answered if one.valid and other.valid)
    if not both:
        raise ReportError("no question is valid in both reports; evaluate with a model that answers with a letter")
    columns = _Columns(a.report, b.report, both, Bootstrap(seed))
    difference = columns.differences()
    return PairedReport(
        survey=a.report.survey.name,
        a=_side(a, columns, 0, sum(not one.valid for one, _ in answered)),
        b=_side(b, columns, 1, sum(not other.valid for _, other in answered)),
        differs=settings_that_differ(a.report, b.report),
        paired=tuple(question.id for question, _ in both),
        left_out=(
            *_left_out(a.report, b.report, "B"),
            *_left_out(b.report, a.report, "A"),
            *(LeftOut(id=one.id, why=why) for one, other in answered if (why := _not_valid(one, other)) is not None),
        ),
        difference=difference,
        difference_valid_only=difference,
        seed=seed,
    )


def _not_valid(one: QuestionInfo, other: QuestionInfo) -> str | None:
    """Say in which of the two reports a question is not valid; None if it is valid in both."""
    names = [name for name, question in (("A", one), ("B", other)) if not question.valid]
    return f"not valid in {' and '.join(names)}" if names else None


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
        if a.refusals != b.refusals:
            self.total_variation = np.full_like(self.total_variation, np.nan)

    def differences(self) -> Differences:
        """Return B minus A."""
        return Differences(
            alignment=self._difference(self.alignment), total_variation=self._difference(self.total_variation)
        )

    def _difference(self, values: FloatArray) -> PairedDifference | None:
        found = paired_difference(values[1], values[0], self.bootstrap)
        if found is None or found.p is None:
            return None
        questions = int((~np.isnan(values).any(axis=0)).sum())
        return PairedDifference(mean=found.mean, low=found.low, high=found.high, p=found.p, questions=questions)


def _where_both_defined(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return both as one array of shape (2, questions), NaN in both rows where either is NaN."""
    values = np.stack([a, b])
    return np.where(np.isnan(values).any(axis=0), np.nan, values)


def _side(named: NamedReport, columns: _Columns, row: int, not_valid: int) -> Side:
    bootstrap = columns.bootstrap
    return Side(
        file=named.file,
        created=named.report.created,
        persona=named.report.persona.name,
        expression=named.report.expression,
        alignment=bootstrap.mean(columns.alignment[row]),
        total_variation=bootstrap.mean(columns.total_variation[row]),
        not_valid=not_valid,
        sound=named.report.verdict.sound,
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


def is_detectable(difference: PairedDifference) -> bool:
    """Return whether a difference is more than chance: its interval excludes 0 and its p-value is below `SIGNIFICANT`.

    Under `MIN_QUESTIONS` questions there is no interval, and the p-value decides.
    """
    return difference.p < SIGNIFICANT and not (difference.bounded and difference.includes_zero)


def is_worse(difference: PairedDifference | None) -> bool:
    """Return whether an alignment is worse: B is detectably lower. Without a difference nothing is worse."""
    return difference is not None and difference.mean < 0 and is_detectable(difference)


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
