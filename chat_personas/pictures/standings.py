"""What the main figure shows of a report: the persona's score, its references, and the score of each question."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat_personas.pictures.scale import Measure
from chat_personas.report_words import counted, reference_words
from eval.report import Report, Score


@dataclass(frozen=True, slots=True)
class Standing:
    """A score on the scale, whose it is, and the words for it."""

    kind: str
    words: str
    score: Score


@dataclass(frozen=True, slots=True)
class Standings:
    """One persona on the scale: its own score first, if it has one, then the references; or why there is `nothing`."""

    name: str
    answered: str
    nothing: str
    rows: tuple[Standing, ...]
    questions: tuple[float, ...]


def standings(report: Report, measure: Measure, name: str) -> Standings:
    """Return what there is to draw about one persona, under this name."""
    own = getattr(report.scores, measure)
    rows = [Standing("persona", "this persona", own)] if own is not None else []
    return Standings(
        name=name,
        answered=questions_answered(report),
        nothing=f"no {measure.replace('_', ' ')}" if report.questions else "no question could be scored",
        rows=(*rows, *_references(report, measure)),
        questions=tuple(value for question in report.questions if (value := getattr(question, measure)) is not None),
    )


def _references(report: Report, measure: Measure) -> Iterator[Standing]:
    for kind, words in reference_words(report):
        reference = getattr(report.references, kind)
        score = getattr(reference, measure) if reference is not None else None
        if score is not None:
            yield Standing(kind, words, score)


def names(reports: Sequence[Report]) -> list[str]:
    """Name each persona and how it is steered, which for answers from a file nobody knows.

    Where the reports differ in how the distributions were obtained, that is part of the name.
    """
    steered = [f"{one.persona.name} ({one.steering})" if one.orders else one.persona.name for one in reports]
    if len({report.expression for report in reports}) == 1:
        return steered
    return [f"{name}, {report.expression}" for name, report in zip(steered, reports, strict=True)]


def questions_answered(report: Report) -> str:
    """Say over how many questions the scores are: `62 questions`, `61 of 62 questions`."""
    answered, put = len(report.questions), report.survey.questions
    return counted(put, "question") if answered == put else f"{answered:,} of {counted(put, 'question')}"
