"""What went wrong: questions that failed, by reason, and answers that are not valid."""

from collections.abc import Iterator, Sequence

from chat_personas.pictures.document import Pictured
from chat_personas.pictures.markup import Element, Node, element
from chat_personas.pictures.tables import table
from eval.report import FailureInfo, QuestionInfo


def trouble(pictured: Pictured) -> Iterator[Node]:
    """Yield failures with their reasons and the questions that are not valid, or that there were none."""
    report = pictured.report
    put = report.survey.questions
    yield element("p", f"{put} put, {len(report.questions)} answered, {len(report.failures)} failed.")
    if report.failures:
        yield element("p", "A question that failed counts in no score; it is never taken for an answer.")
        yield failures_by_reason(report.failures)
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


def failures_by_reason(failures: Sequence[FailureInfo]) -> Element:
    """Return how many questions failed for each reason, and which; the most frequent reason first."""
    by_reason: dict[str, list[str]] = {}
    for failure in failures:
        by_reason.setdefault(failure.why, []).append(failure.id)
    frequent = sorted(by_reason.items(), key=lambda item: -len(item[1]))
    rows = [(why, str(len(ids)), ", ".join(ids)) for why, ids in frequent]
    return table("Failures by reason", ("reason", "questions", "which"), rows, of_texts=True)


def _invalid(question: QuestionInfo) -> tuple[Node, ...]:
    masses = [order.label_mass for order in question.by_order if order.label_mass is not None]
    masses = masses or [mass for mass in (question.label_mass,) if mass is not None]
    hidden = max((order.truncation for order in question.by_order), default=0.0)
    return question.id, f"{min(masses):.3f}" if masses else "—", f"{hidden:.3f}"
