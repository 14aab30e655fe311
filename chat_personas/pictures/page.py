"""The page about reports: every score with its references, every question, and how to repeat the run."""

from collections.abc import Mapping, Sequence

from chat_personas.pictures.document import Pictured, parts
from chat_personas.pictures.figure import figure
from chat_personas.pictures.markup import Element, element
from chat_personas.pictures.nearest_part import nearest
from chat_personas.pictures.questions_part import order_rules, questions
from chat_personas.pictures.repeat_part import repeat
from chat_personas.pictures.scores_part import scores, standing, topics
from chat_personas.pictures.shell import CAUTION, titled, warning, whole_page
from chat_personas.pictures.standings import questions_answered
from chat_personas.pictures.trouble_part import trouble
from chat_personas.report_words import DEMONSTRATION, group_label, what_was_asked
from eval.report import Report

WORDING = "The wording of the questions is not shown: it is in the survey, which was not at hand."


def page_document(reports: Sequence[Report], stems: Mapping[str, str] | None = None) -> str:
    """Return the page about these reports as HTML; the same reports give the same bytes.

    `stems` has the wording of questions by their ids. Where one is missing, its question goes by its id.
    """
    shown = parts(reports, stems or {})
    body = [_header(shown), element("main", _comparison(shown), map(_part, shown))]
    rules = [rule for pictured in shown for rule in order_rules(pictured)]
    return whole_page(f"{', '.join(one.name for one in shown)}: evaluation", body, rules)


def _header(shown: Sequence[Pictured]) -> Element:
    reports = [pictured.report for pictured in shown]
    asked = dict.fromkeys(f"{what_was_asked(report)} · 95% intervals over questions" for report in reports)
    demonstration = any(report.model.demonstration for report in reports)
    several = [element("li", element("a", one.name, href=f"#{one.part}")) for one in shown]
    return element(
        "header",
        element("h1", "How close the answers are to people's"),
        [element("p", line) for line in asked],
        warning(DEMONSTRATION) if demonstration else None,
        element("p", CAUTION, class_="note"),
        None if any(one.stems for one in shown) else element("p", WORDING, class_="note"),
        element("nav", element("ul", several), aria_label="Personas") if len(shown) > 1 else None,
    )


def _comparison(shown: Sequence[Pictured]) -> Element | None:
    """Return all personas on one scale; a page about one has its figure further down."""
    if len(shown) == 1:
        return None
    drawn = element("div", figure([pictured.report for pictured in shown]), class_="figure")
    return element("section", element("h2", "Side by side"), drawn)


def _part(pictured: Pictured) -> Element:
    report = pictured.report
    groups = " and ".join(group_label(group) for group in report.persona.groups) or "everyone"
    return element(
        "section",
        element("h2", pictured.name),
        element("p", f"Compared with {groups} · {questions_answered(report)}"),
        titled("How close it is", standing(pictured)),
        titled("Scores", [scores(pictured)]),
        titled("Whom it sounds like", nearest(pictured)),
        titled("Topics", topics(pictured)),
        titled("Questions", questions(pictured), class_="all-questions"),
        titled("What failed and what is not valid", trouble(pictured)),
        titled("To repeat this run", repeat(pictured)),
        id=pictured.part,
    )
