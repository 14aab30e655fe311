"""What went wrong: questions that failed, by reason, and answers that are not valid."""

from collections.abc import Iterator, Sequence

from chat_personas.pictures.document import Pictured
from chat_personas.pictures.markup import Node, element
from chat_personas.pictures.tables import table
from chat_personas.report_words import errs_too_often
from chat_personas.trouble_words import not_judged
from eval.answers import reason
from eval.report import FailureInfo, QuestionInfo, RepliesInfo


def trouble(pictured: Pictured) -> Iterator[Node]:
    """Yield failures with their reasons and the questions that are not valid, or that there were none."""
    report = pictured.report
    put = report.survey.questions
    yield element("p", f"{put} put, {len(report.questions)} answered, {len(report.failures)} failed.")
    if report.failures:
        yield element("p", "A question that failed counts in no score; it is never taken for an answer.")
        yield from failures_by_reason(report.failures)
    if report.replies is not None:
        yield from unread(report.replies)
    if errs_too_often(report):
        yield element("p", f"No answer is {not_judged(report).removeprefix('not ')}.")
        return
    invalid = [question for question in report.questions if not question.valid]
    if not invalid:
        yield element("p", "All answers are valid." if report.questions else "There is no answer to be scored.")
        return
    yield element(
        "p",
        "Not valid: in one order of the options the model gives the answer letters less than half of the probability, "
        "or what a server does not show could change the answer by more than 0.1. They count in the scores over all "
        "questions and are left out of those over valid ones.",
    )
    heads = ("question", "lowest label mass", "most that is not shown")
    yield table("Answers that are not valid", heads, map(_invalid, invalid))


def failures_by_reason(failures: Sequence[FailureInfo]) -> Iterator[Node]:
    """Yield how many questions failed for each reason, and which, the most frequent reason first.

    Where a reason leaves out what belongs to one question alone, every failure in full can be unfolded.
    """
    by_reason: dict[str, dict[str, None]] = {}
    for failure in failures:
        by_reason.setdefault(reason(failure.why), {})[failure.id] = None
    frequent = sorted(by_reason.items(), key=lambda item: -len(item[1]))
    rows = [(why, str(len(ids)), ", ".join(ids)) for why, ids in frequent]
    yield table("Failures by reason", ("reason", "questions", "which"), rows, of_texts=True)
    if any(failure.why not in by_reason for failure in failures):
        each = [(failure.id, failure.why) for failure in failures]
        whole = table("Every failure in full", ("question", "why"), each, of_texts=True)
        yield element("details", element("summary", "Every failure in full"), whole)


def unread(replies: RepliesInfo) -> Iterator[Node]:
    """Yield how many replies could not be read, by reason."""
    if replies.unread:
        count = sum(unread.replies for unread in replies.unread)
        yield element("p", f"{count:,} of {replies.asked:,} replies could not be read.")
        rows = [(unread.why, f"{unread.replies:,}") for unread in replies.unread]
        yield table("Replies that could not be read", ("reason", "replies"), rows, of_texts=True)


def _invalid(question: QuestionInfo) -> tuple[Node, ...]:
    masses = [order.label_mass for order in question.by_order if order.label_mass is not None]
    masses = masses or [mass for mass in (question.label_mass,) if mass is not None]
    hidden = max((order.truncation for order in question.by_order), default=0.0)
    return question.id, f"{min(masses):.3f}" if masses else "—", f"{hidden:.3f}"
