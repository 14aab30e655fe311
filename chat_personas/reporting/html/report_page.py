"""The page about reports: every score with its references, every question, and how to repeat the run.

What one temperature for all distributions changes.

Expressions of the same personas beside each other: how much closer what a model says of a group is than its play.

The groups that a persona's answers are nearest to, those that cannot be told apart first.

The scores of a persona with their intervals, the references beside them, and the topics.
"""

from collections.abc import Iterator, Mapping, Sequence

from chat_personas.reporting.html.layout import CAUTION, ReportSection, parts, table, titled, warning, whole_page
from chat_personas.reporting.html.provenance import repeat, trouble
from chat_personas.reporting.html.questions import order_rules, questions
from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import p_value, signed, with_interval
from chat_personas.reporting.svg.figures import figure
from chat_personas.reporting.svg.primitives import all_not_judged, questions_answered
from chat_personas.reporting.wording import (
    DEMONSTRATION,
    FEW,
    MEANING,
    SCORES,
    all_that_was_asked,
    gap_name,
    group_label,
    judge_unreliable,
    judged_and_counted,
    not_judged,
    reference_words,
    steered_name,
    summary_lines,
    temperatures,
)
from chat_personas.text import pluralize
from eval.compare.gap import gaps
from eval.report import GapInfo, NearestInfo, Report


def calibration(pictured: ReportSection) -> Iterator[Node]:
    """Yield the scores at the fitted temperatures with the paired differences; nothing without a calibration."""
    made = pictured.report.calibration
    if made is None:
        return
    said = temperatures(made)
    yield element("p", f"{said[0].upper()}{said[1:]}.")
    heads = ("score", "calibrated", "calibrated, minus as it is")
    rows = [
        (name.replace("_", " "), with_interval(getattr(made.scores, name)), signed(change))
        for name in ("alignment", "total_variation")
        for change in (getattr(made.minus_uncalibrated, name),)
    ]
    yield table("Scores with calibration", heads, rows)


GAP_HEADS = ("persona", "gap", "total variation", "p", "questions that both answered")


def gaps_table(reports: Sequence[Report]) -> Iterator[Node]:
    """Yield every knowledge-to-simulation gap; nothing where no persona was asked for percentages and otherwise."""
    found = gaps(reports)
    if found:
        yield table("Knowledge-to-simulation gaps", GAP_HEADS, map(_gap_row, found))
        yield element("p", f"{MEANING[0].upper()}{MEANING[1:]}.", class_="note")


def _gap_row(gap: GapInfo) -> tuple[Node, ...]:
    figure = signed(gap.total_variation)
    return gap.persona, gap_name(gap), figure, p_value(gap.p), str(gap.questions)


SHOWN = 10
NEAREST_HEADS = ("group", "attribute", "alignment", "tied with the nearest")


def nearest(pictured: ReportSection) -> Iterator[Node]:
    """Yield the nearest groups with their ties; the rest, where there are many, can be unfolded."""
    report = pictured.report
    if not report.nearest:
        return
    first = max([SHOWN, *(place for place, near in enumerate(report.nearest, start=1) if near.tied)])
    yield element(
        "p", f"{_ties(report.nearest)}, over {pluralize(report.nearest_questions, 'question')} that all have in common."
    )
    yield table("The nearest groups", NEAREST_HEADS, map(_nearest_row, report.nearest[:first]))
    if rest := report.nearest[first:]:
        yield element(
            "details",
            element("summary", f"The other {pluralize(len(rest), 'group')}"),
            table("The other groups, nearest first", NEAREST_HEADS, map(_nearest_row, rest)),
        )


def _ties(ranked: Sequence[NearestInfo]) -> str:
    if ranked[0].alignment.low is None:
        return f"{pluralize(len(ranked), 'group')}, of which none can be told from another under 20 questions"
    tied = sum(near.tied for near in ranked)
    if tied == 1:
        return f"The nearest of {len(ranked)} groups can be told from all others"
    return (
        f"{tied} of {len(ranked)} groups are tied (the interval of the paired difference from the nearest includes 0)"
    )


def _nearest_row(near: NearestInfo) -> tuple[Node, ...]:
    return group_label(near), near.attribute, with_interval(near.alignment), "tied" if near.tied else ""


def standing(pictured: ReportSection) -> Iterator[Node]:
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
    yield from summary_lines(report)
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


def scores(pictured: ReportSection) -> Element:
    """Return every score with its interval, over all questions and, where some are not valid, over the valid ones."""
    report = pictured.report
    valid = sum(question.valid for question in report.questions)
    some_invalid = valid < len(report.questions)
    rows: list[tuple[Node, ...]] = []
    for name, meaning in SCORES:
        over_valid = (with_interval(getattr(report.scores_valid_only, name)),) if some_invalid else ()
        rows.append((name.replace("_", " "), with_interval(getattr(report.scores, name)), *over_valid, meaning))
    over_all = f"all {pluralize(len(report.questions), 'question')} answered"
    heads = ("score", over_all, *((f"{valid:,} valid",) if some_invalid else ()), "")
    return table("Scores with their 95% intervals over questions", heads, rows)


def topics(pictured: ReportSection) -> Iterator[Node]:
    """Yield the scores by topic in the survey's order; nothing without topics."""
    rows = [
        (topic.topic, str(topic.questions), with_interval(topic.alignment), with_interval(topic.total_variation))
        for topic in pictured.report.topics
    ]
    if not rows:
        return
    yield table("Scores by topic", ("topic", "questions", "alignment", "total variation"), rows)
    yield element("p", "A topic with under 20 questions has no interval.", class_="note")


WITHHELD = "Its scores, topics and nearest groups are not shown; the report has them."
WORDING = "The wording of the questions is not shown: it is in the survey, which was not at hand."


def page_document(reports: Sequence[Report], stems: Mapping[str, str] | None = None) -> str:
    """Return the page about these reports as HTML; the same reports give the same bytes.

    `stems` has the wording of questions by their ids. Where one is missing, its question goes by its id.
    """
    shown = parts(reports, stems or {})
    body = [_header(shown), element("main", _comparison(shown), map(_part, shown))]
    rules = [rule for pictured in shown for rule in order_rules(pictured)]
    names = ", ".join(dict.fromkeys(map(steered_name, reports)))
    return whole_page(f"{names}: evaluation", body, rules)


def _header(shown: Sequence[ReportSection]) -> Element:
    reports = [pictured.report for pictured in shown]
    asked = [f"{one} · 95% intervals over questions" for one in all_that_was_asked(reports)]
    demonstration = any(report.model.demonstration for report in reports)
    several = [element("li", element("a", one.name, href=f"#{one.part}")) for one in shown]
    return element(
        "header",
        element("h1", "How close the answers are to people's"),
        [element("p", line) for line in asked],
        warning(DEMONSTRATION) if demonstration else None,
        map(warning, all_not_judged(reports)),
        element("p", CAUTION, class_="note"),
        None if any(one.stems for one in shown) else element("p", WORDING, class_="note"),
        element("nav", element("ul", several), aria_label="Personas") if len(shown) > 1 else None,
    )


def _comparison(shown: Sequence[ReportSection]) -> Element | None:
    """Return all personas on one scale, and their gaps; a page about one has its figure further down."""
    if len(shown) == 1:
        return None
    reports = [pictured.report for pictured in shown]
    drawn = element("div", figure(reports), class_="figure")
    return element("section", element("h2", "Side by side"), drawn, gaps_table(reports))


def _part(pictured: ReportSection) -> Element:
    report = pictured.report
    groups = " and ".join(group_label(group) for group in report.persona.groups) or "everyone"
    return element(
        "section",
        element("h2", pictured.name),
        element("p", f"Compared with {groups} · {questions_answered(report)}"),
        _figures(pictured),
        titled("Questions", questions(pictured), class_="all-questions"),
        titled("What failed and what is not valid", trouble(pictured)),
        titled("To repeat this run", repeat(pictured)),
        id=pictured.part,
    )


def _figures(pictured: ReportSection) -> list[Element | None]:
    """Return everything that is made of scores; where the judge errs too often, why there is none of it."""
    if judge_unreliable(pictured.report):
        return [warning(not_judged(pictured.report)), element("p", WITHHELD)]
    return [
        titled("How close it is", standing(pictured)),
        titled("Scores", [scores(pictured)]),
        titled("With calibration", calibration(pictured)),
        titled("Whom it sounds like", nearest(pictured)),
        titled("Topics", topics(pictured)),
    ]
