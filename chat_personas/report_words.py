"""A report of `eval` in words: what its scores and references are called wherever they are shown."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chat_personas.in_words import doubts, sounds_like
from chat_personas.main_measure import measure_of
from chat_personas.text import counted, printable
from personas import attribute_of

if TYPE_CHECKING:
    from eval.matrix.models import MatrixReport
    from eval.report import GroupName, Reference, Report, Score, SurveyInfo
    from eval.scoring.intervals import Interval

DEMONSTRATION = "the model is a demonstration: its scores show the instrument working, evidence about nobody"
FEW = "under 20 questions: no intervals, they would promise too much"
SCORES = (
    ("alignment", "1 is the same answers"),
    ("total_variation", "0 is the same answers"),
    ("skill", "0 as everyone, 1 as a second sample"),
    ("refusal", "the persona's share of refusals"),
    ("human_refusal", "people's share of refusals"),
    ("label_mass", "probability of the answer letters"),
    ("order_bias", "what reversing the options changes"),
    ("entropy_ratio", "under 1: less varied than people"),
)
REFERENCES = (
    ("population", "if everyone answered"),
    ("opposite", "if {opposite} answered"),
    ("uniform", "if all options were equal"),
    ("noise_floor", "if asked again (the noise)"),
)


def with_interval(interval: "Interval | Score | None") -> str:
    """Write a score as `0.812 [0.790, 0.833]`, without brackets where there is no interval, or as a dash."""
    if interval is None:
        return "—"
    if interval.low is None or interval.high is None:
        return f"{interval.mean:.3f}"
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def what_was_asked(report: "Report | MatrixReport", expression: str | None = None) -> str:
    """Say which survey a report is about, what its figures are, and which model answered how.

    `expression` is what to say of that; by default the report's own.
    """
    from eval.report import FROM_FILE

    model = report.model
    whose = (
        f"answers in {printable(model.name)}"
        if model.engine == FROM_FILE
        else f"model {printable(model.name)} · {printable(expression or report.expression)}"
    )
    return f"survey {printable(report.survey.name)} ({what_figures_are(report.survey)}) · {whose}"


def all_that_was_asked(reports: "Sequence[Report]") -> Iterator[str]:
    """Yield `what_was_asked` once for every survey and model, with all expressions of each."""
    alike: dict[str, list[Report]] = {}
    for report in reports:
        alike.setdefault(what_was_asked(report, "any"), []).append(report)
    for group in alike.values():
        yield what_was_asked(group[0], ", ".join(dict.fromkeys(report.expression for report in group)))


def steered_name(report: "Report") -> str:
    """Name the persona and how it is steered, which for answers from a file nobody knows."""
    shots = f" of {report.shots}" if report.shots is not None else ""
    return printable(f"{report.persona.name} ({report.steering}{shots})" if report.orders else report.persona.name)


def errs_too_often(report: "Report | MatrixReport") -> bool:
    """Whether nothing in a report is valid because the judge itself errs too often."""
    return report.judge is not None and report.judge.error.mean > report.judge.limit


def what_figures_are(survey: "SurveyInfo") -> str:
    """Say whether the questions are in the respondents' words, whether figures are weighted, and of which years."""
    wording = "paraphrased" if survey.paraphrased else "original wording"
    weights = "weighted" if survey.weighted else "unweighted"
    years = "-".join(str(year) for year in sorted({min(survey.years), max(survey.years)})) if survey.years else ""
    return f"{wording}, {weights}, {years or 'years not stated'}"


def over_ordered(report: "Report") -> Iterator[str]:
    """Say over how many questions alignment is, if it is not over all that have figures."""
    compared = [question for question in report.questions if question.human is not None]
    ordered = sum(question.alignment is not None for question in compared)
    if compared and not ordered:
        yield "there is no alignment: the options of no question have an order, and total variation needs none"
    elif ordered < len(compared):
        yield (
            f"alignment is over {ordered} of {counted(len(compared), 'question')}: "
            "the options of the others have no order, and they count in total variation only"
        )


def beside(report: "Report") -> "Iterator[tuple[str, Score | None]]":
    """Yield the persona's score by the main measure, then what each reference would have scored in its place."""
    measure = measure_of([report])
    yield "this persona", getattr(report.scores, measure)
    for name, words in reference_words(report):
        reference: Reference | None = getattr(report.references, name)
        yield words, getattr(reference, measure) if reference is not None else None


def reference_words(report: "Report") -> Iterator[tuple[str, str]]:
    """Yield the key of each reference with the words for it."""
    against = report.scores_against_opposite
    opposite = group_label(against) if against else "the opposite"
    for name, words in REFERENCES:
        yield name, words.format(opposite=opposite)


def in_words(report: "Report") -> Iterator[str]:
    """Yield over which questions alignment is, where not over all; the score with the opposite group, what speaks
    against the persona, and whom it sounds like.
    """
    yield from over_ordered(report)
    against = report.scores_against_opposite
    opposite = group_label(against) if against else ""
    if against is not None:
        score = with_interval(getattr(against, measure_of([report])))
        yield f"this persona with {opposite} (the opposite group) {score}"
    paired = against.minus_own if against else None
    yield from doubts(
        paired.alignment if paired else None, opposite, report.references, of_everyone=not report.persona.groups
    )
    if report.nearest:
        tied = [group_label(near) for near in report.nearest if near.tied]
        best = report.nearest[0].alignment
        bounded = best.low is not None
        yield sounds_like(tied, len(report.nearest), with_interval(best), bounded=bounded)


def group_label(group: "GroupName") -> str:
    """Name a group so that it is clear without its attribute: there is an "Other" party and an "Other" race.

    A group that the catalogue does not have, in a report that was edited, is named by attribute and value.
    """
    attribute = attribute_of(group.attribute)
    if attribute is None or (attribute.values and group.value not in attribute.values):
        return printable(f"{group.attribute}={group.value}")
    return printable(attribute.label(group.value))
