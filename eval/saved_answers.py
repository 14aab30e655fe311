"""Writing the answers of an evaluation as a file of answers, which scored again gives the scores of the valid ones."""

from collections.abc import Iterator, Sequence

from eval.answer_line import AnswerLine, written
from eval.errors import AnswerError
from eval.report import Report
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
    """Return the answers of `reports` as JSON Lines: every valid one, refusals pooled in `refusal`.

    A file of answers cannot say that one is not valid, so that scoring it would vouch for it: those are left out, see
    `left_out`. Scored with the same `--refusals`, the others give the figures that the report has of the valid
    questions; the other way of refusals differs a little where the option orders differ in refusals, since each order
    is normalised before they are averaged.
    """
    return "\n".join(line for report in reports for line in _lines(report))


def left_out(report: Report) -> int:
    """Return how many answers of a report are not valid, and therefore not among those that `as_answers` writes."""
    return sum(not each.valid for each in report.questions) + sum(not each.valid for each in report.refused)


def _lines(report: Report) -> Iterator[str]:
    for question in report.questions:
        if question.valid:
            share = 1 - question.refusal if report.refusals == "apart" else 1.0
            masses = zip(question.options, question.model, strict=True)
            yield _line(report, question.id, {text: mass * share for text, mass in masses}, question.refusal)
    for refused in report.refused:
        if refused.valid:
            yield _line(report, refused.id, {}, 1.0)


def _line(report: Report, question: str, distribution: dict[str, float], refusal: float) -> str:
    groups = tuple(Group(attribute=group.attribute, value=group.value) for group in report.persona.groups)
    return written(AnswerLine(question=question, group=groups, distribution=distribution, refusal=refusal))
