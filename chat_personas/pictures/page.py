"""The page about reports: every score with its references, every question, and how to repeat the run."""

from collections.abc import Mapping, Sequence

from chat_personas.pictures.calibration_part import calibration
from chat_personas.pictures.document import Pictured, parts
from chat_personas.pictures.figure import figure
from chat_personas.pictures.gaps_part import gaps_table
from chat_personas.pictures.markup import Element, element
from chat_personas.pictures.nearest_part import nearest
from chat_personas.pictures.questions_part import order_rules, questions
from chat_personas.pictures.repeat_part import repeat
from chat_personas.pictures.scores_part import scores, standing, topics
from chat_personas.pictures.shell import CAUTION, titled, warning, whole_page
from chat_personas.pictures.standings import all_not_judged, questions_answered
from chat_personas.pictures.trouble_part import trouble
from chat_personas.report_words import DEMONSTRATION, all_that_was_asked, errs_too_often, group_label, steered_name
from chat_personas.trouble_words import not_judged
from eval.report import Report

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


def _header(shown: Sequence[Pictured]) -> Element:
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


def _comparison(shown: Sequence[Pictured]) -> Element | None:
    """Return all personas on one scale, and their gaps; a page about one has its figure further down."""
    if len(shown) == 1:
        return None
    reports = [pictured.report for pictured in shown]
    drawn = element("div", figure(reports), class_="figure")
    return element("section", element("h2", "Side by side"), drawn, gaps_table(reports))


def _part(pictured: Pictured) -> Element:
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


def _figures(pictured: Pictured) -> list[Element | None]:
    """Return everything that is made of scores; where the judge errs too often, why there is none of it."""
    if errs_too_often(pictured.report):
        return [warning(not_judged(pictured.report)), element("p", WITHHELD)]
    return [
        titled("How close it is", standing(pictured)),
        titled("Scores", [scores(pictured)]),
        titled("With calibration", calibration(pictured)),
        titled("Whom it sounds like", nearest(pictured)),
        titled("Topics", topics(pictured)),
    ]
