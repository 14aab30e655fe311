"""The scores of a persona with their intervals, the references beside them, and the topics."""

from collections.abc import Iterator

from chat_personas.paired_words import signed
from chat_personas.pictures.document import Pictured
from chat_personas.pictures.figure import figure
from chat_personas.pictures.markup import Element, Node, element
from chat_personas.pictures.tables import table
from chat_personas.report_words import FEW, SCORES, in_words, reference_words, with_interval
from chat_personas.text import counted
from chat_personas.trouble_words import judged_and_counted
from eval.report import Report


def standing(pictured: Pictured) -> Iterator[Node]:
    """Yield in words, as a picture and as a table how close the persona is, beside what else would score there."""
    report = pictured.report
    yield element("ul", [element("li", line) for line in _told(report)], class_="told")
    yield element("div", figure([report]), class_="figure")
    heads = (
        "",
        "alignment",
        "total variation",
        "alignment, minus the persona's",
        "total variation, minus the persona's",
    )
    yield table("What others would score in its place", heads, _references(report))
    yield element(
        "p",
        "Alignment: 1 is the same answers. Total variation: 0 is the same answers. Differences are taken within each "
        "question; where an interval excludes 0, the reference and the persona can be told apart.",
        class_="note",
    )


def _told(report: Report) -> Iterator[str]:
    yield from in_words(report)
    yield from judged_and_counted(report)
    if len(report.questions) < 20:
        yield FEW


def _references(report: Report) -> Iterator[tuple[Node, ...]]:
    yield "this persona", with_interval(report.scores.alignment), with_interval(report.scores.total_variation), "", ""
    for kind, words in reference_words(report):
        reference = getattr(report.references, kind)
        if reference is not None:
            less = reference.minus_persona
            scores = (reference.alignment, reference.total_variation)
            yield words, *map(with_interval, scores), signed(less.alignment), signed(less.total_variation)
    against = report.scores_against_opposite
    if against is not None:
        paired = against.minus_own
        yield (
            "this persona with the opposite group",
            with_interval(against.alignment),
            with_interval(against.total_variation),
            signed(paired.alignment if paired else None),
            signed(paired.total_variation if paired else None),
        )


def scores(pictured: Pictured) -> Element:
    """Return every score with its interval, over all questions and, where some are not valid, over the valid ones."""
    report = pictured.report
    valid = sum(question.valid for question in report.questions)
    some_invalid = valid < len(report.questions)
    rows: list[tuple[Node, ...]] = []
    for name, meaning in SCORES:
        over_valid = (with_interval(getattr(report.scores_valid_only, name)),) if some_invalid else ()
        rows.append((name.replace("_", " "), with_interval(getattr(report.scores, name)), *over_valid, meaning))
    over_all = f"all {counted(len(report.questions), 'question')} answered"
    heads = ("score", over_all, *((f"{valid:,} valid",) if some_invalid else ()), "")
    return table("Scores with their 95% intervals over questions", heads, rows)


def topics(pictured: Pictured) -> Iterator[Node]:
    """Yield the scores by topic in the survey's order; nothing without topics."""
    rows = [
        (topic.topic, str(topic.questions), with_interval(topic.alignment), with_interval(topic.total_variation))
        for topic in pictured.report.topics
    ]
    if not rows:
        return
    yield table("Scores by topic", ("topic", "questions", "alignment", "total variation"), rows)
    yield element("p", "A topic with under 20 questions has no interval.", class_="note")
