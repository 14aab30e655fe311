"""The page about reports of `eval`: scores with reference points, every question, and how to repeat the run."""

from collections.abc import Iterator, Mapping, Sequence

from chat_personas.reporting.html.layout import (
    CAUTION,
    ReportSection,
    bullets,
    parts,
    table,
    titled,
    warning,
    whole_page,
)
from chat_personas.reporting.html.provenance import repeat, trouble
from chat_personas.reporting.html.questions import order_rules, questions
from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import p_value, people, signed, with_interval
from chat_personas.reporting.svg.figures import figure
from chat_personas.reporting.svg.primitives import all_not_shown, questions_answered
from chat_personas.reporting.verdicts import not_shown, trouble_lines, verdict_lines, why_not_shown
from chat_personas.reporting.why_missing import missing
from chat_personas.reporting.wording.measurements import (
    DEMONSTRATION,
    DISAGREEMENT_EXPLAINED,
    EVEN,
    EVERYONE,
    GAP_EXPLAINED,
    GAP_NOT_SOUND,
    IDENTICAL,
    LETTERS_EXPLAINED,
    LETTERS_NOT_REMOVED,
    LETTERS_REMOVED_EXPLAINED,
    REFERENCE_POINTS,
    REFERENCES_EXPLAINED,
    SCORES,
    THIRDS,
    THIS_PERSONA,
    TO_RANK,
    against_opposite,
    gap_name,
    group_label,
    groups_label,
    letters_removed_over,
    letters_removed_stands,
    reference_names,
    runs_described,
    score_figure,
    score_name,
    sentence,
    steered_name,
    summary_lines,
    temperatures,
    too_few,
)
from chat_personas.reporting.wording.steering import SLOPE_EXPLAINED, effect_lines
from chat_personas.text import pluralize
from eval.compare.disagreement import disagreements
from eval.compare.knowledge_gap import gaps
from eval.report import GapInfo, NearGroup, Report
from eval.scoring.intervals import MIN_QUESTIONS

WITHHELD = "Its scores, topics and nearest groups are not shown; the report has them."
NO_STEMS = "The wording of the questions is not shown: the survey was not available."


def page_document(reports: Sequence[Report], stems: Mapping[str, str] | None = None) -> str:
    """Return the page about these reports as HTML; the same reports give the same bytes.

    `stems` has the wording of questions by their ids. A question without wording goes by its id.
    """
    shown = parts(reports, stems or {})
    body = [_header(shown), element("main", _side_by_side(shown), map(_part, shown))]
    rules = [rule for section in shown for rule in order_rules(section)]
    names = ", ".join(dict.fromkeys(map(steered_name, reports)))
    return whole_page(f"{names}: evaluation", body, rules)


def _header(shown: Sequence[ReportSection]) -> Element:
    reports = [section.report for section in shown]
    asked = [f"{one} · 95% intervals over questions only" for one in runs_described(reports)]
    demonstration = any(report.model.demonstration for report in reports)
    links = [element("li", element("a", one.name, href=f"#{one.part}")) for one in shown]
    return element(
        "header",
        element("h1", "How close the answers are to people's"),
        [element("p", line) for line in asked],
        warning(DEMONSTRATION) if demonstration else None,
        map(warning, all_not_shown(reports)),
        element("p", CAUTION, class_="note"),
        None if any(one.stems for one in shown) else element("p", NO_STEMS, class_="note"),
        element("nav", element("ul", links), aria_label="Personas") if len(shown) > 1 else None,
    )


def _side_by_side(shown: Sequence[ReportSection]) -> Element | None:
    """Return all personas on one scale, and their gaps; a page about one persona has its figure further down."""
    if len(shown) == 1:
        return None
    reports = [section.report for section in shown]
    drawn = element("div", figure(reports), class_="figure")
    return element("section", element("h2", "Side by side"), drawn, _gaps(reports), _disagreements(reports))


GAP_HEADS = ("persona", "gap", "total variation", "p", "K2S", "questions answered in both")


def _gaps(reports: Sequence[Report]) -> Iterator[Node]:
    """Yield every knowledge-to-simulation gap; nothing where no persona was asked in both ways."""
    found = gaps(reports)
    if found:
        yield table("Knowledge-to-simulation gaps", GAP_HEADS, map(_gap_row, found))
        yield element("p", sentence(GAP_EXPLAINED), class_="note")


def _disagreements(reports: Sequence[Report]) -> Iterator[Node]:
    """Yield how far sound expressions of the same persona disagree; nothing where each was asked in one."""
    found = [each for each in disagreements(reports) if each.sound]
    if found:
        rows = [
            (each.persona, " and ".join(each.expressions), with_interval(each.total_variation), str(each.questions))
            for each in found
        ]
        heads = ("persona", "expressions", "total variation", "questions answered in both")
        yield table("Disagreement between expressions", heads, rows)
        yield element("p", sentence(DISAGREEMENT_EXPLAINED), class_="note")


def _gap_row(gap: GapInfo) -> tuple[Node, ...]:
    figures = (signed(gap.total_variation), p_value(gap.p), signed(gap.relative))
    return gap.persona, gap_name(gap), *(figures if gap.sound else (GAP_NOT_SOUND, "", "")), str(gap.questions)


def _part(section: ReportSection) -> Element:
    report = section.report
    return element(
        "section",
        element("h2", section.name),
        element("p", f"Compared with {groups_label(report.persona.groups)} · {questions_answered(report)}"),
        _figures(section),
        titled("Questions", questions(section), class_="all-questions"),
        titled("Failed or not valid", trouble(section)),
        titled("Repeat this run", repeat(section)),
        id=section.part,
    )


def _figures(section: ReportSection) -> list[Element | None]:
    """Return everything that is made of scores; where the judge errs too often, why there is none of it."""
    report = section.report
    if not_shown(report):
        return [warning(why_not_shown(report)), element("p", WITHHELD)]
    return [
        titled("How close it is", _closeness(report)),
        titled("What the persona changes", _effect(report)),
        titled("Scores", [_scores(report)]),
        titled("Where people agree, and where they are divided", _thirds(report)),
        titled("Letters removed", _letters_removed(report)),
        titled("Calibration", _calibration(report)),
        titled("Nearest groups", _nearest(report)),
        titled("Topics", _topics(report)),
    ]


def _closeness(report: Report) -> Iterator[Node]:
    """Yield how close the persona is to its people, beside the reference points: in words, as a picture, as a table."""
    yield bullets((*verdict_lines(report), *summary_lines(report), *trouble_lines(report), *missing(report)))
    yield element("div", figure([report]), class_="figure")
    heads = (
        "",
        "alignment",
        "total variation",
        "alignment, minus the persona's",
        "total variation, minus the persona's",
        score_name("worth"),
    )
    yield table(REFERENCE_POINTS.capitalize(), heads, _references(report))
    letters = "" if report.references.letters is None else f"{sentence(LETTERS_EXPLAINED)} "
    yield element(
        "p",
        f"Alignment: {IDENTICAL['alignment']}. Total variation: {IDENTICAL['total_variation']}. "
        f"{sentence(REFERENCES_EXPLAINED)} {letters}Differences are taken within each question; one is detectable if "
        "its interval excludes 0 and the sign-flip test agrees (p in the JSON report).",
        class_="note",
    )


def _references(report: Report) -> Iterator[tuple[Node, ...]]:
    own = report.scores
    yield THIS_PERSONA, with_interval(own.alignment), with_interval(own.total_variation), "", "", people(own.worth)
    for kind, words in reference_names(report):
        reference = getattr(report.references, kind)
        if reference is not None:
            less = reference.minus_persona
            scores = (reference.alignment, reference.total_variation)
            differences = signed(less.alignment), signed(less.total_variation)
            yield words, *map(with_interval, scores), *differences, people(reference.worth)
    against = report.scores_against_opposite
    if against is not None:
        paired = against.minus_own
        yield (
            against_opposite(group_label(against)),
            with_interval(against.alignment),
            with_interval(against.total_variation),
            signed(paired.alignment if paired else None),
            signed(paired.total_variation if paired else None),
            "",
        )


def _effect(report: Report) -> Iterator[Node]:
    """Yield what the persona changes, where the unsteered model was asked, too."""
    if report.effect is not None:
        yield bullets(effect_lines(report.effect))
        explained = (
            f"{sentence(SLOPE_EXPLAINED)} " if report.effect.slope is not None and report.effect.slope_sound else ""
        )
        yield element("p", f"{explained}Its answers beside the unsteered model's.", class_="note")


def _thirds(report: Report) -> Iterator[Node]:
    """Yield the alignment by thirds of human entropy; nothing in older reports."""
    if not report.entropy_thirds:
        return
    heads = ("people's entropy, 1 = even answers", "questions", THIS_PERSONA, EVERYONE, EVEN)
    rows = [
        (
            f"{THIRDS[third.third]} ({third.low:.2f} to {third.high:.2f})",
            str(third.questions),
            *map(with_interval, (third.persona, third.population, third.uniform)),
        )
        for third in report.entropy_thirds
    ]
    yield table("Alignment by thirds of the questions", heads, rows)


def _scores(report: Report) -> Element:
    """Return every score with its interval, over all questions and, where some are not valid, over the valid ones."""
    valid = sum(question.valid for question in report.questions)
    some_invalid = valid < len(report.questions)
    rows: list[tuple[Node, ...]] = []
    for name, meaning in SCORES:
        over_valid = (score_figure(name, getattr(report.scores_valid_only, name)),) if some_invalid else ()
        rows.append((score_name(name), score_figure(name, getattr(report.scores, name)), *over_valid, meaning))
    over_all = f"all {pluralize(len(report.questions), 'question')} answered"
    heads = ("score", over_all, *((f"{valid:,} valid",) if some_invalid else ()), "")
    return table("Scores with their 95% intervals over questions only", heads, rows)


def _letters_removed(report: Report) -> Iterator[Node]:
    """Yield the scores of the second estimate with the paired differences, or why they are not shown."""
    found = report.letters_removed
    if found is None:
        return
    if not letters_removed_stands(report):
        yield element("p", sentence(LETTERS_NOT_REMOVED))
        return
    yield element("p", sentence(LETTERS_REMOVED_EXPLAINED))
    heads = ("score", letters_removed_over(report), "letters removed − score")
    rows = [
        (score_name(name), with_interval(getattr(found, name)), signed(getattr(found.minus_score, name)))
        for name in ("alignment", "total_variation")
    ]
    yield table("Scores with the letters removed", heads, rows)


def _calibration(report: Report) -> Iterator[Node]:
    """Yield the scores at the fitted temperatures with the paired differences; nothing without a calibration."""
    made = report.calibration
    if made is None:
        return
    yield element("p", sentence(temperatures(made)))
    heads = ("score", "calibrated", "calibrated − uncalibrated")
    rows = [
        (score_name(name), with_interval(getattr(made.scores, name)), signed(getattr(made.minus_uncalibrated, name)))
        for name in ("alignment", "total_variation")
    ]
    yield table("Scores with calibration", heads, rows)


NEAREST_SHOWN = 10
NEAREST_HEADS = ("group", "attribute", "alignment", "tied with the nearest")


def _nearest(report: Report) -> Iterator[Node]:
    """Yield the nearest groups with their ties; the rest, where there are many, can be unfolded."""
    if not report.nearest:
        return
    first = max([NEAREST_SHOWN, *(place for place, near in enumerate(report.nearest, start=1) if near.tied)])
    common = f"over the {pluralize(report.nearest_questions, 'question')} for which all groups have figures"
    yield element("p", f"{_ties(report.nearest)}, {common}.")
    yield table("The nearest groups", NEAREST_HEADS, map(_nearest_row, report.nearest[:first]))
    if rest := report.nearest[first:]:
        yield element(
            "details",
            element("summary", f"The other {pluralize(len(rest), 'group')}"),
            table("The other groups, nearest first", NEAREST_HEADS, map(_nearest_row, rest)),
        )


def _ties(ranked: Sequence[NearGroup]) -> str:
    tied = sum(near.tied for near in ranked)
    if ranked[0].alignment.low is None:
        return f"{too_few(TO_RANK).capitalize()}: {pluralize(len(ranked), 'group')} in the order of their alignment"
    if tied == 1:
        return f"The nearest of {len(ranked)} groups is clearly first"
    return f"{tied} of {len(ranked)} groups are tied (each may be the nearest)"


def _nearest_row(near: NearGroup) -> tuple[Node, ...]:
    return group_label(near), near.attribute, with_interval(near.alignment), "tied" if near.tied else ""


def _topics(report: Report) -> Iterator[Node]:
    """Yield the scores by topic in the survey's order; nothing without topics."""
    topics = report.topics
    if not topics:
        return
    rows = [
        (topic.topic, str(topic.questions), with_interval(topic.alignment), with_interval(topic.total_variation))
        for topic in topics
    ]
    yield table("Scores by topic", ("topic", "questions", "alignment", "total variation"), rows)
    notes = [f"A topic with under {MIN_QUESTIONS} questions has no interval."]
    if any(topic.alignment is None for topic in topics):
        notes.append("A topic without ordered options, or without human figures for the group, has no alignment.")
    yield element("p", " ".join(notes), class_="note")
