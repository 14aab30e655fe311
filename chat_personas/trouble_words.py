"""What of an evaluation could not be read, judged or trusted, in words."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chat_personas.report_words import errs_too_often, with_interval
from chat_personas.text import printable

if TYPE_CHECKING:
    from eval.matrix.models import MatrixReport
    from eval.report import FailureInfo, JudgeInfo, Report

WHY_NOT_VALID = "label mass, or what a server shows of it"
SHOWN = 10
"""Failures that are listed by their question, at most; the report has all."""


def judged_and_counted(report: "Report") -> Iterator[str]:
    """Yield how often the judge errs, what is not valid, which replies were not read, and failures by reason."""
    from eval.answers import by_reason

    yield from judged(report)
    invalid = sum(not question.valid for question in report.questions)
    if invalid and not errs_too_often(report):
        yield f"{invalid} of {len(report.questions)} questions are not valid ({WHY_NOT_VALID})"
    yield from not_read(report)
    for why, count in by_reason(failure.why for failure in report.failures):
        yield f"{count} of {report.survey.questions} questions failed: {printable(why)}"


def judged(report: "Report | MatrixReport") -> Iterator[str]:
    """Yield how often the judge errs, if there was one."""
    if report.judge is not None:
        yield not_judged(report) if errs_too_often(report) else _judge(report.judge)


def not_read(report: "Report | MatrixReport") -> Iterator[str]:
    """Yield how many replies were not read, and why."""
    if report.replies is not None and report.replies.unread:
        whys = ", ".join(f"{unread.replies} {printable(unread.why)}" for unread in report.replies.unread)
        count = sum(unread.replies for unread in report.replies.unread)
        yield f"{count} of {report.replies.asked} replies were not read: {whys}"


def failures_listed(failures: "Sequence[FailureInfo]") -> Iterator[str]:
    """Yield the failed questions with their reasons, the first ten of them."""
    for failure in failures[:SHOWN]:
        yield f"failed: {printable(failure.id)}: {printable(failure.why)}"
    if len(failures) > SHOWN:
        yield f"and {len(failures) - SHOWN} more, all listed in the report (--json)"


def not_judged(report: "Report | MatrixReport") -> str:
    """Say that nothing in a report is valid because of its judge."""
    judge = report.judge
    if judge is None:
        return ""
    most = f"more than {100 * judge.limit:.0f} is too much"
    return f"not valid: the judge itself errs {_often(judge)} ({printable(judge.name)}; {most})"


def _judge(judge: "JudgeInfo") -> str:
    return f"the judge {printable(judge.name)} errs {_often(judge)}: {with_interval(judge.error)}"


def _often(judge: "JudgeInfo") -> str:
    return f"in {100 * judge.error.mean:.1f} of 100 known statements"
