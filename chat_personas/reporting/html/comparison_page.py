"""The page about a comparison of two reports: the difference, and everything that it may come from."""

import shlex
from collections.abc import Iterator, Sequence

from chat_personas.reporting.comparison import (
    MEASURES,
    NOTHING_ELSE,
    OWN_GROUPS,
    UNKNOWN,
    difference_lines,
    of_other_groups,
    side_name,
)
from chat_personas.reporting.html.layout import bullets, table, titled, warning, whole_page
from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import MISSING, p_value, signed, with_interval
from chat_personas.reporting.wording.measurements import DEMONSTRATION, score_name, sentence
from eval.compare.models import Differences, PairedReport
from eval.report import Score

DIFFERENCE = ("B − A", "p", "questions")
NOTE = (
    "Differences are taken within each question that is answered and valid in both reports; p is the two-sided p-value "
    "of the sign-flip test. A difference is detectable if its interval excludes 0 and p is below 0.05. The intervals "
    "of A and B may overlap although the difference is clear."
)


def paired_page_document(comparisons: Sequence[PairedReport], *, demonstration: bool = False) -> str:
    """Return the page as HTML; the same comparisons give the same bytes.

    `demonstration`: a model in one of the reports is a demonstration, which a comparison itself does not record.
    """
    first = comparisons[0]
    header = element(
        "header",
        element("h1", "B compared with A"),
        element("p", f"survey {first.survey} · differences B − A within each question · 95% intervals over questions"),
        warning(DEMONSTRATION) if demonstration else None,
        element("p", NOTE, class_="note"),
    )
    names = ", ".join(dict.fromkeys(f"{one.a.persona} and {one.b.persona}" for one in comparisons))
    again = shlex.join(["chat-personas", "compare", first.a.file, first.b.file, "--seed", str(first.seed)])
    several = len({one.a.expression for one in comparisons}) > 1
    sections = [_comparison(one, f", {one.a.expression}" if several else "") for one in comparisons]
    repeat = titled("Repeat this comparison", [element("pre", element("code", again))])
    return whole_page(f"{names}: comparison", [header, element("main", sections, repeat)])


def _comparison(comparison: PairedReport, expression: str) -> Element:
    a, b = comparison.a, comparison.b
    names = a.persona if a.persona == b.persona else f"{b.persona} and {a.persona}"
    return element(
        "section",
        element("h2", f"{names}{expression}"),
        element("p", f"A: {side_name(a)} in {a.file}, made {a.created}"),
        element("p", f"B: {side_name(b)} in {b.file}, made {b.created}"),
        titled("The difference", _difference(comparison)),
        titled("Settings that differ", _settings(comparison)),
        titled("Questions left out", _left_out(comparison)),
    )


def _difference(comparison: PairedReport) -> Iterator[Node]:
    yield bullets(difference_lines(comparison))
    sides = [(with_interval(a), with_interval(b)) for a, b in _sides(comparison)]
    rows = [(name, *both, *figures) for both, (name, *figures) in zip(sides, _rows(comparison.difference), strict=True)]
    yield table("Over the paired questions", ("", "A", "B", *DIFFERENCE), rows)


def _sides(comparison: PairedReport) -> Iterator[tuple[Score | None, Score | None]]:
    for name, _ in MEASURES:
        yield getattr(comparison.a, name), getattr(comparison.b, name)


def _rows(found: Differences) -> Iterator[tuple[str, str, str, str]]:
    for name, _ in MEASURES:
        one = getattr(found, name)
        figures = (MISSING, MISSING, "0") if one is None else (signed(one), p_value(one.p), str(one.questions))
        yield score_name(name), *figures


def _settings(comparison: PairedReport) -> Iterator[Node]:
    if not comparison.differs:
        yield element("p", sentence(NOTHING_ELSE))
        return
    rows = [(one.setting, *(UNKNOWN if of is None else of for of in (one.a, one.b))) for one in comparison.differs]
    yield table("The difference may come from these", ("setting", "A", "B"), rows, of_texts=True)
    if of_other_groups(comparison.differs):
        yield element("p", sentence(OWN_GROUPS))


def _left_out(comparison: PairedReport) -> Iterator[Node]:
    if comparison.left_out:
        rows = [(one.id, one.why) for one in comparison.left_out]
        yield table("Questions answered or valid in one report only", ("question", "why"), rows, of_texts=True)
