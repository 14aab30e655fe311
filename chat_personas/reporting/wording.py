"""A report of `eval` in words: what its scores and references are called wherever they are shown.

The knowledge-to-simulation gap in words.

What the figures of a persona mean, in words: nobody has to compare intervals to be told that nothing was shown.

The measure that reports are read by first, wherever they are shown.

What `eval --calibrate` changes, in words.

What of an evaluation could not be read, judged or trusted, in words.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from chat_personas.reporting.numbers import MISSING, Score, p_value, signed, with_interval
from chat_personas.text import pluralize, printable
from personas import attribute_of

if TYPE_CHECKING:
    from chat_personas.monitor.drift import Drift
    from eval.matrix.models import MatrixReport
    from eval.report import (
        Calibration,
        FailureInfo,
        GapInfo,
        GroupName,
        JudgeInfo,
        Reference,
        Report,
        SurveyInfo,
    )
    from eval.report import References as ReportedReferences
    from eval.scoring.scores import References

MEANING = "knowledge-to-simulation gap: total variation, question by question; above 0, verbalized is closer"


def gap_name(gap: "GapInfo") -> str:
    """Say what is subtracted from what."""
    return f"{gap.simulation} − verbalized"


def gap_figures(gap: "GapInfo") -> str:
    """Write a gap with its interval, its p-value and its questions, or why there is none."""
    if gap.total_variation is None or gap.p is None:
        return f"{MISSING} (no question that both answered)"
    return f"{signed(gap.total_variation)}, p {p_value(gap.p)}, {pluralize(gap.questions, 'question')}"


AnyReferences: TypeAlias = "References | ReportedReferences"

NAMED = 3


def doubts(
    minus_own: Score | None, opposite: str, found: "AnyReferences | None", *, of_everyone: bool
) -> Iterator[str]:
    """Yield what stands against the persona: no closer to its own group than to `opposite`, no better than everyone.

    `minus_own` is its alignment with the opposite group minus that with its own, paired by question. Nothing is said
    without an interval, nor of everyone where they are the people compared with (`of_everyone`), as for a persona
    without a group: no persona comes closer to people than their own answers.
    """
    if minus_own is not None and minus_own.low is not None and minus_own.high is not None and minus_own.high >= 0:
        told = f"this persona is closer to {opposite} than to its own group"
        untold = f"this persona cannot be told apart from one that is as close to {opposite} as to its own group"
        yield told if minus_own.low > 0 else untold
    if of_everyone or found is None or found.population is None:
        return
    population = found.population.minus_persona.alignment
    if population is None or population.low is None or population.high is None or population.high < 0:
        return
    yield (
        "this persona is farther from its group than answering as everyone is"
        if population.low > 0
        else "this persona cannot be told apart from answering as everyone"
    )


def sounds_like(tied: Sequence[str], groups: int, best: str, *, bounded: bool) -> str:
    """Name the nearest of `groups` groups, or how many are `tied`; `best` is the alignment with the first.

    Without an interval (not `bounded`: under 20 questions) no group is named: none can be told apart.
    """
    if not bounded:
        return "nearest group: nothing can be told apart under 20 questions"
    if len(tied) == 1:
        return f"sounds most like {tied[0]} {best}"
    among = "; ".join([f"{tied[0]} {best}", *tied[1:NAMED]])
    return f"sounds most like: {len(tied)} of {groups} tied, {'among them' if len(tied) > NAMED else 'namely'}: {among}"


def drifted(drift: "Drift", difference: str) -> Iterator[str]:
    """Yield how far the alignment went since the first turn that was measured, over what, and whether that is chance.

    `difference` is the paired difference as it is to be written.
    """
    asked = pluralize(drift.questions, "question")
    yield f"since turn {drift.first_turn}: {difference} on the {asked} asked every turn"
    if drift.difference.includes_zero:
        yield (
            "cannot be told from no change" if drift.difference.bounded else "20 questions are needed to tell a change"
        )


Measure = Literal["alignment", "total_variation"]


def measure_of(reports: "Iterable[Report]") -> Measure:
    """Return what to show first: alignment, or total variation where no question's options have an order."""
    reports = tuple(reports)
    without = all(report.scores.alignment is None for report in reports)
    scored = any(report.scores.total_variation is not None for report in reports)
    return "total_variation" if without and scored else "alignment"


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


def judge_unreliable(report: "Report | MatrixReport") -> bool:
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
            f"alignment is over {ordered} of {pluralize(len(compared), 'question')}: "
            "the options of the others have no order, and they count in total variation only"
        )


def beside(report: "Report") -> Iterator[tuple[str, Score | None]]:
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


def summary_lines(report: "Report") -> Iterator[str]:
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


def calibration_lines(report: "Report") -> Iterator[str]:
    """Yield what calibration changes; nothing where there is none."""
    if report.calibration is None:
        return
    scores, change = report.calibration.scores, report.calibration.minus_uncalibrated
    yield f"{temperatures(report.calibration)}:"
    yield f"  alignment {with_interval(scores.alignment)}, changed by {signed(change.alignment)}"
    distance, changed = with_interval(scores.total_variation), signed(change.total_variation)
    yield f"  total variation {distance}, changed by {changed}"


def temperatures(made: "Calibration") -> str:
    """Say with which temperatures the questions were scored."""
    found = [fold.temperature for fold in made.folds]
    return f"calibrated with T from {min(found):.2f} to {max(found):.2f}, each fitted on other questions"


WHY_NOT_VALID = "label mass, or what a server shows of it"
SHOWN = 10
"""Failures that are listed by their question, at most; the report has all."""


def judged_and_counted(report: "Report") -> Iterator[str]:
    """Yield how often the judge errs, what is not valid, which replies were not read, and failures by reason."""
    from eval.answers import by_reason

    yield from judged(report)
    invalid = sum(not question.valid for question in report.questions)
    if invalid and not judge_unreliable(report):
        yield f"{invalid} of {len(report.questions)} questions are not valid ({WHY_NOT_VALID})"
    yield from not_read(report)
    for why, count in by_reason(failure.why for failure in report.failures):
        yield f"{count} of {report.survey.questions} questions failed: {printable(why)}"


def judged(report: "Report | MatrixReport") -> Iterator[str]:
    """Yield how often the judge errs, if there was one."""
    if report.judge is not None:
        yield not_judged(report) if judge_unreliable(report) else _judge(report.judge)


def not_read(report: "Report | MatrixReport") -> Iterator[str]:
    """Yield how many replies were not read, and why."""
    if report.replies is not None and report.replies.unread:
        whys = ", ".join(f"{unread.replies} {printable(unread.why)}" for unread in report.replies.unread)
        count = sum(unread.replies for unread in report.replies.unread)
        yield f"{count} of {report.replies.asked} replies were not read: {whys}"


def failures_listed(failures: "Sequence[FailureInfo]") -> Iterator[str]:
    """Yield the failed questions with their reasons, the first ten of them."""
    for failure in failures[:SHOWN]:
        yield f"failed: {printable(failure.id)}: {printable(failure.why)}"
    if len(failures) > SHOWN:
        yield f"and {len(failures) - SHOWN} more, all listed in the report (--json)"


def not_judged(report: "Report | MatrixReport") -> str:
    """Say that nothing in a report is valid because of its judge."""
    judge = report.judge
    if judge is None:
        return ""
    most = f"more than {100 * judge.limit:.0f} is too much"
    return f"not valid: the judge itself errs {_often(judge)} ({printable(judge.name)}; {most})"


def _judge(judge: "JudgeInfo") -> str:
    return f"the judge {printable(judge.name)} errs {_often(judge)}: {with_interval(judge.error)}"


def _often(judge: "JudgeInfo") -> str:
    return f"in {100 * judge.error.mean:.1f} of 100 known statements"
