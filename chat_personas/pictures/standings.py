"""What the main figure shows of a report: the persona's score, its references, and the score of each question."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat_personas.main_measure import Measure
from chat_personas.report_words import errs_too_often, reference_words, steered_name
from chat_personas.text import counted
from chat_personas.trouble_words import not_judged
from eval.report import Report, Score

NOT_JUDGED = "not valid: the judge itself errs too often"


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
    """Return what there is to draw about one persona, under this name: nothing where its judge errs too often."""
    if errs_too_often(report):
        return Standings(name, questions_answered(report), NOT_JUDGED, (), ())
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
    """Name each persona and how it is steered; where the reports differ in their expression, that, too."""
    steered = [steered_name(report) for report in reports]
    if len({report.expression for report in reports}) == 1:
        return steered
    return [f"{name}, {report.expression}" for name, report in zip(steered, reports, strict=True)]


def all_not_judged(reports: Sequence[Report]) -> Iterator[str]:
    """Yield what is to be said before any figure: that reports are not valid because of their judges, and which."""
    whose: dict[str, list[str]] = {}
    for report, name in zip(reports, names(reports), strict=True):
        if errs_too_often(report):
            whose.setdefault(not_judged(report), []).append(name)
    for said, named in whose.items():
        yield said if len(named) == len(reports) else f"{said}: {'; '.join(named)}"


def questions_answered(report: Report) -> str:
    """Say over how many questions the scores are: `62 questions`, `61 of 62 questions`."""
    answered, put = len(report.questions), report.survey.questions
    return counted(put, "question") if answered == put else f"{answered:,} of {counted(put, 'question')}"
