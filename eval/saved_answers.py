"""Writing the answers of an evaluation as a file of answers, which scored again gives the same scores."""

from collections.abc import Sequence

from eval.answer_line import AnswerLine, written
from eval.errors import AnswerError
from eval.report import QuestionInfo, Report
from personas import Group, LoadedPersona


def check_distinct(personas: Sequence[LoadedPersona]) -> None:
    """Make sure that the answers of these personas can stand in one file, which tells them apart by group.

    Raises:
        AnswerError: two of them stand for the same people.
    """
    first: dict[frozenset[Group], LoadedPersona] = {}
    for loaded in personas:
        other = first.setdefault(frozenset(loaded.persona.groups), loaded)
        if other is not loaded:
            problem = f"{other.persona.name} and {loaded.persona.name} stand for the same people"
            raise AnswerError(f"{problem}, and a file of answers knows only groups; save each to a file of its own")


def as_answers(reports: Sequence[Report]) -> str:
    """Return the answers of `reports` as JSON Lines: every question that was answered, refusals pooled in `refusal`.

    Scored with the same `--refusals`, they give the same figures; the other way of refusals differs a little where the
    option orders differ in refusals, since each order is normalised before they are averaged.
    """
    return "\n".join(written(_line(report, question)) for report in reports for question in report.questions)


def _line(report: Report, question: QuestionInfo) -> AnswerLine:
    share = 1 - question.refusal if report.refusals == "apart" else 1.0
    return AnswerLine(
        question=question.id,
        group=tuple(Group(attribute=group.attribute, value=group.value) for group in report.persona.groups),
        distribution={text: mass * share for text, mass in zip(question.options, question.model, strict=True)},
        refusal=question.refusal,
    )
