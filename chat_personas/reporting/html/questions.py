"""Each question with the answers of people and persona as paired bars, worst fit first.

Radio buttons and style rules offer two more orders without a script.
"""

from collections.abc import Iterator, Sequence

from chat_personas.reporting.html.layout import ReportSection
from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import MISSING, percent, plain
from chat_personas.reporting.verdicts import not_shown
from eval.report import QuestionInfo, Report

ORDERS = (("misfit", "worst first"), ("survey", "survey order"), ("topic", "by topic, worst first"))


def questions(section: ReportSection) -> Iterator[Node]:
    """Yield the choice of the order, and the questions with the largest total variation first.

    Of a measurement that is not sound there is no choice: sorting by fit would tell how close it came.
    """
    report = section.report
    if not report.questions:
        return
    yield element(
        "p",
        _key("people", "people of the group"),
        " ",
        _key("persona", "persona"),
        " Bars run from 0% to 100%.",
        class_="key",
    )
    sound = not not_shown(report)
    for name, words in ORDERS if sound else ():
        identity = f"{section.part}-by-{name}"
        chosen = name == ORDERS[0][0]
        yield element(
            "input", type="radio", name=f"{section.part}-order", id=identity, class_=f"by-{name}", checked=chosen
        )
        yield element("label", words, for_=identity)
    places = _places(report)
    in_order = by_misfit(report) if sound else report.questions
    shown = [_question(section, question, places[question.id]) for question in in_order]
    label = "Questions, the worst fit first" if sound else "Questions in the survey's order"
    yield element("ol", shown, class_="questions", aria_label=label)


def by_misfit(report: Report) -> list[QuestionInfo]:
    """Return the questions with the largest total variation first, those without one last; ties in survey order."""
    return sorted(report.questions, key=_fit)


def order_rules(section: ReportSection) -> Iterator[str]:
    """Yield the style rules that give each question its place in the other two orders."""
    report = section.report
    first_topics = dict.fromkeys(question.topics[:1] for question in report.questions)
    topics = {topic: place for place, topic in enumerate(first_topics)}
    places, worst = _places(report), by_misfit(report)
    by_topic = sorted(worst, key=lambda question: topics[question.topics[:1]])
    in_topics = {question.id: place for place, question in enumerate(by_topic, start=1)}
    for question in worst:
        place = places[question.id]
        yield f"#{section.part}-q{place}{{--survey:{place};--topic:{in_topics[question.id]}}}"


def _places(report: Report) -> dict[str, int]:
    """Return the place of each answered question in survey order, from 1."""
    return {question.id: place for place, question in enumerate(report.questions, start=1)}


def _fit(question: QuestionInfo) -> float:
    return 0.0 if question.total_variation is None else -question.total_variation


def _key(whose: str, words: str) -> Element:
    swatch = element("rect", width=12, height=10, class_=whose)
    drawn = element("svg", swatch, viewBox="0 0 12 10", width=12, height=10, aria_hidden="true")
    return element("span", drawn, " ", words)


def _question(section: ReportSection, question: QuestionInfo, place: int) -> Element:
    stem = section.stems.get(question.id)
    return element(
        "li",
        element("h4", stem or question.id),
        element("p", " · ".join(_about(question, named=stem is None)), class_="about"),
        None if question.valid else element("p", "Not valid; see below.", class_="invalid"),
        element(
            "table",
            element("caption", " · ".join(_figures(question, sound=not not_shown(section.report)))),
            element("thead", _heads(("option", None), ("", "true"), ("people", None), ("persona", None))),
            element("tbody", [_row(*row) for row in _shares(section.report, question)]),
        ),
        id=f"{section.part}-q{place}",
    )


def _heads(*heads: tuple[str, str | None]) -> Element:
    return element(
        "tr",
        [
            element("td", aria_hidden=hidden) if hidden else element("th", head, scope="col", class_=head)
            for head, hidden in heads
        ],
    )


def _about(question: QuestionInfo, *, named: bool) -> Iterator[str]:
    if not named:
        yield question.id
    yield ", ".join(question.topics)
    if question.human_n is not None:
        yield f"{question.human_n:,.0f} people"


def _figures(question: QuestionInfo, *, sound: bool) -> Iterator[str]:
    """Yield the figures of a question; how close it came only where the measurement is sound."""
    closeness = (("total variation", question.total_variation), ("alignment", question.alignment))
    for words, value in (
        *(closeness if sound else ()),
        ("order bias", question.order_bias),
        ("label mass", question.label_mass),
    ):
        if value is not None:
            yield f"{words} {plain(value)}"
    people = "" if question.human_refusal is None else f" (people {percent(question.human_refusal)})"
    yield f"refusal {percent(question.refusal)}{people}"


def _shares(report: Report, question: QuestionInfo) -> Iterator[tuple[str, float | None, float]]:
    """Yield each option with people's and the persona's share; refusals where they are one more option."""
    people: Sequence[float | None] = question.human or [None] * len(question.options)
    yield from zip(question.options, people, question.model, strict=True)
    if report.refusals == "as-option":
        yield "(refusal)", question.human_refusal, question.refusal


def _row(option: str, people: float | None, persona: float) -> Element:
    return element(
        "tr",
        element("th", option, scope="row"),
        element("td", _bars(people, persona), class_="bars", aria_hidden="true"),
        element("td", MISSING if people is None else percent(people)),
        element("td", percent(persona)),
    )


def _bars(people: float | None, persona: float) -> Element:
    """Draw two bars from 0 to 1: people's above, the persona's below."""
    return element(
        "svg",
        element("rect", width=100, height=10, class_="ground"),
        None if people is None else element("rect", width=_length(people), height=4.7, class_="people"),
        element("rect", width=_length(persona), height=4.7, y=5.3, class_="persona"),
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
    )


def _length(share: float) -> float:
    return 100 * min(1.0, max(0.0, share))
