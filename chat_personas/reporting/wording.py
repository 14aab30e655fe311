"""The names and sentences that tables, pages, figures, the panel and the line mode share.

Each is worded here once, so that a number is called the same wherever it is shown. Nothing of `eval` is imported
before it is needed: the chat screen imports this module before it is drawn.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from chat_personas.reporting.numbers import MISSING, Score, p_value, signed, with_interval
from chat_personas.text import pluralize, printable
from personas import attribute_of

if TYPE_CHECKING:
    from chat_personas.monitor.drift import Drift
    from eval.matrix.models import MatrixReport, RowInfo, TargetInfo
    from eval.report import (
        Calibration,
        FailureInfo,
        GapInfo,
        GroupName,
        JudgeInfo,
        NearGroup,
        Reference,
        Report,
        Verdict,
    )
    from eval.scoring.results import References
    from eval.scoring.scores import Scorecard

DEMONSTRATION = "demonstration model: says nothing about real people"

STATUS = {"stopped": "stopped", "interrupted": "interrupted", "streaming": "interrupted", "error": "failed"}
"""How a message that is not complete ended, by its status in the corpus."""
STATUS_NOTES = {status: f"{'■' if status == 'stopped' else '✗'} {word}" for status, word in STATUS.items()}
"""The same with a mark, for the screen."""


def sentence(text: str) -> str:
    """Return a line as a sentence for prose: with a capital letter and a full stop."""
    return f"{text[0].upper()}{text[1:]}."


# Measures and reference points

Measure = Literal["alignment", "total_variation"]
IDENTICAL: dict[Measure, str] = {"alignment": "1 = identical answers", "total_variation": "0 = identical answers"}
SCORES = (
    ("alignment", IDENTICAL["alignment"]),
    ("total_variation", IDENTICAL["total_variation"]),
    ("skill", "0 = everyone's answers, 1 = new sample"),
    ("refusal", "the persona's share of refusals"),
    ("human_refusal", "people's share of refusals"),
    ("label_mass", "probability of the answer letters"),
    ("order_bias", "change when options are reversed"),
    ("entropy_ratio", "below 1: less varied than people"),
)
"""The scores of a report in the order in which they are shown, each with what it means."""

THIS_PERSONA = "this persona"
EVERYONE = "everyone's answers"
EVEN = "even answers"
NOISE_FLOOR = "noise floor"
REFERENCE_POINTS = "compared with reference points"
REFERENCES_EXPLAINED = f"{EVEN}: all options equal; {NOISE_FLOOR}: another sample of the group"


def answers_of(group: str) -> str:
    """Name the answers of a group, such as `Republican answers`, where they are compared with another group's."""
    return f"{group} answers"


def against_opposite(opposite: str) -> str:
    """Name the score of the persona that is compared with the opposite group instead of its own."""
    return f"{THIS_PERSONA} vs. {answers_of(opposite)}"


def score_name(name: str) -> str:
    """Return the name of a score in words: `total variation`."""
    return name.replace("_", " ")


def measure_of(reports: "Iterable[Report]") -> Measure:
    """Return what to show first: alignment, or total variation where no question's options have an order."""
    reports = tuple(reports)
    without = all(report.scores.alignment is None for report in reports)
    scored = any(report.scores.total_variation is not None for report in reports)
    return "total_variation" if without and scored else "alignment"


def reference_names(report: "Report") -> Iterator[tuple[str, str]]:
    """Yield the key of each reference point in a report with its name."""
    against = report.scores_against_opposite
    yield "population", EVERYONE
    yield "opposite", answers_of(group_label(against) if against else "opposite group's")
    yield "uniform", EVEN
    yield "noise_floor", NOISE_FLOOR


def persona_and_references(report: "Report") -> Iterator[tuple[str, Score | None]]:
    """Yield the persona's score by the main measure, then what each reference point scores in its place."""
    measure = measure_of([report])
    yield THIS_PERSONA, getattr(report.scores, measure)
    for name, words in reference_names(report):
        reference: Reference | None = getattr(report.references, name)
        yield words, getattr(reference, measure) if reference is not None else None


# Too few questions


def no_intervals(*scores: str, unit: str = "questions") -> str:
    """Say why these scores, or all of them, have no interval."""
    from eval.scoring.intervals import MIN_QUESTIONS

    whose = f" for {', '.join(scores)}" if scores else ""
    return f"under {MIN_QUESTIONS} {unit}: no intervals{whose}, they would be unreliable"


def too_few(to_do: str) -> str:
    """Say what cannot be done with fewer questions than an interval needs."""
    from eval.scoring.intervals import MIN_QUESTIONS

    return f"too few questions (under {MIN_QUESTIONS}) to {to_do}"


TO_RANK = "rank groups"


# Who, which survey, which model


class Figures(Protocol):
    """What a survey says about its figures, in a report or in its file."""

    @property
    def paraphrased(self) -> bool: ...
    @property
    def weighted(self) -> bool: ...
    @property
    def years(self) -> Sequence[int]: ...


def figures_described(survey: Figures) -> str:
    """Say what the human figures of a survey are: `paraphrased, weighted, 2017–2018`."""
    years = "–".join(str(year) for year in sorted({min(survey.years), max(survey.years)})) if survey.years else ""
    return f"{worded(survey)}, {weighting(survey)}, {years or 'years not stated'}"


def worded(survey: Figures) -> str:
    """Say whether any question is worded differently from what the respondents read."""
    return "paraphrased" if survey.paraphrased else "original wording"


def weighting(survey: Figures) -> str:
    """Say whether a survey's figures are weighted to the population."""
    return "weighted" if survey.weighted else "unweighted"


def run_described(report: "Report | MatrixReport", expression: str | None = None) -> str:
    """Say which survey a report is on, what its figures are, and which model answered how.

    `expression` is what to say of that; by default the report's own.
    """
    from eval.report import FROM_FILE

    model = report.model
    answered = (
        f"answers in {printable(model.name)}"
        if model.engine == FROM_FILE
        else f"model {printable(model.name)} · {printable(expression or report.expression)}"
    )
    return f"survey {printable(report.survey.name)} ({figures_described(report.survey)}) · {answered}"


def runs_described(reports: "Sequence[Report]") -> Iterator[str]:
    """Yield `run_described` once for every survey and model, with all expressions of each."""
    alike: dict[str, list[Report]] = {}
    for report in reports:
        alike.setdefault(run_described(report, "any"), []).append(report)
    for group in alike.values():
        yield run_described(group[0], ", ".join(dict.fromkeys(report.expression for report in group)))


def steered_name(report: "Report") -> str:
    """Name the persona and its steering, which is unknown for answers from a file."""
    shots = f", {pluralize(report.shots, 'shot')}" if report.shots is not None else ""
    return printable(f"{report.persona.name} ({report.steering}{shots})" if report.orders else report.persona.name)


def group_label(group: "GroupName") -> str:
    """Name a group so that it is clear without its attribute: there is an "Other" party and an "Other" race.

    A group that the catalogue does not have, in a report that was edited, is named by attribute and value.
    """
    attribute = attribute_of(group.attribute)
    if attribute is None or (attribute.values and group.value not in attribute.values):
        return printable(f"{group.attribute}={group.value}")
    return printable(attribute.label(group.value))


def groups_label(groups: "Sequence[GroupName]") -> str:
    """Name the people that a persona stands for: its groups combined, or everyone."""
    return " and ".join(map(group_label, groups)) or "everyone"


def target_label(target: "TargetInfo") -> str:
    """Name the people of a matrix's column."""
    return group_label(target.group) if target.group is not None else "everyone"


def row_label(row: "RowInfo") -> str:
    """Name a row of a matrix with its steering; the model itself has none."""
    return printable(row.name if row.steering == "none" else f"{row.name} ({row.steering})")


# What the scores show


def summary_lines(report: "Report") -> Iterator[str]:
    """Yield how many questions alignment covers, where not all; the score against the opposite group; doubts; and the
    nearest groups.
    """
    yield from questions_with_order(report)
    against = report.scores_against_opposite
    opposite = group_label(against) if against else ""
    if against is not None:
        yield f"{against_opposite(opposite)} (opposite group) {with_interval(getattr(against, measure_of([report])))}"
    paired = against.minus_own if against else None
    yield from doubts(
        paired.alignment if paired else None, opposite, report.references, of_everyone=not report.persona.groups
    )
    if report.nearest:
        yield nearest_of(report.nearest)


def questions_with_order(report: "Report") -> Iterator[str]:
    """Yield how many questions alignment covers, if some have an order and others do not."""
    compared = [question for question in report.questions if question.human is not None]
    ordered = sum(question.alignment is not None for question in compared)
    if 0 < ordered < len(compared):
        yield (
            f"alignment covers {ordered} of {pluralize(len(compared), 'question')}: "
            "the others have unordered options and count in total variation only"
        )


def doubts(minus_own: Score | None, opposite: str, found: "References | None", *, of_everyone: bool) -> Iterator[str]:
    """Yield what speaks against the persona: no closer to its own group than to `opposite`, no better than everyone.

    `minus_own` is its alignment with the opposite group minus that with its own, paired by question. Nothing is yielded
    without an interval, nor about everyone where they are the people compared with (`of_everyone`), as for a persona
    without a group: no persona comes closer to people than their own answers.
    """
    if minus_own is not None and minus_own.low is not None and minus_own.high is not None and minus_own.high >= 0:
        yield (
            f"{THIS_PERSONA} is closer to {answers_of(opposite)} than to its own group's"
            if minus_own.low > 0
            else f"{THIS_PERSONA} is not detectably closer to its own group's answers than to {answers_of(opposite)}"
        )
    if of_everyone or found is None or found.population is None:
        return
    population = found.population.minus_persona.alignment
    if population is None or population.low is None or population.high is None or population.high < 0:
        return
    yield (
        f"{THIS_PERSONA} is farther from its group than {EVERYONE} are"
        if population.low > 0
        else f"{THIS_PERSONA} is not detectably closer to its group than {EVERYONE} are"
    )


def own_rank(row: "RowInfo") -> str:
    """Say where a matrix's row has its own group among its nearest groups."""
    return f"its own group has rank {row.own_rank} of {len(row.nearest)}"


def nearest_of(ranked: "Sequence[NearGroup]") -> str:
    """Name the nearest of the groups that a report ranks, of which there is at least one."""
    tied, best = [group_label(near) for near in ranked if near.tied], ranked[0].alignment
    return nearest_groups(tied, len(ranked), with_interval(best), bounded=best.low is not None)


NAMED = 3


def nearest_groups(tied: Sequence[str], groups: int, best: str, *, bounded: bool) -> str:
    """Name the nearest of `groups` groups, or those that are `tied`; `best` is the alignment with the first.

    Without an interval (not `bounded`: too few questions) no group is named.
    """
    if not bounded:
        return f"nearest groups: {too_few(TO_RANK)}"
    if len(tied) == 1:
        return f"nearest group: {tied[0]} {best}, clearly first (paired differences)"
    named = "; ".join([f"{tied[0]} {best}", *tied[1:NAMED], *(["…"] if len(tied) > NAMED else [])])
    return f"nearest groups: {len(tied)} of {groups} tied (paired differences): {named}"


def drifted(drift: "Drift", difference: str) -> Iterator[str]:
    """Yield how far the alignment moved since the first measured turn, over which questions, and whether by chance.

    `difference` is the paired difference as it is to be written.
    """
    asked = pluralize(drift.questions, "question")
    yield f"since turn {drift.first_turn}: {difference} on the {asked} asked every turn"
    if drift.difference.includes_zero:
        yield "no detectable change" if drift.difference.bounded else too_few("detect a change")


ORACLE_EXPLAINED = "the best steering per question; uses the answers: an upper bound"
GAP_EXPLAINED = (
    "knowledge-to-simulation gap: paired difference in total variation; above 0: verbalized is closer to people"
)


def gap_name(gap: "GapInfo") -> str:
    """Name the two expressions of a knowledge-to-simulation gap."""
    return f"{gap.simulation} − verbalized"


def gap_figures(gap: "GapInfo") -> str:
    """Write a gap with its interval, its p-value and its questions, or why there is none."""
    if gap.total_variation is None or gap.p is None:
        return f"{MISSING} (no question was answered in both)"
    return f"{signed(gap.total_variation)}, p {p_value(gap.p)}, {pluralize(gap.questions, 'question')}"


def calibration_lines(report: "Report") -> Iterator[str]:
    """Yield what calibration changes; nothing where there is none."""
    if report.calibration is None:
        return
    scores, change = report.calibration.scores, report.calibration.minus_uncalibrated
    yield f"{temperatures(report.calibration)}:"
    yield f"  alignment {with_interval(scores.alignment)}, change {signed(change.alignment)}"
    yield f"  total variation {with_interval(scores.total_variation)}, change {signed(change.total_variation)}"


def temperatures(made: "Calibration") -> str:
    """Say with which temperatures the questions were scored."""
    from eval.scoring.calibration import at_end

    found = [fold.temperature for fold in made.folds]
    said = f"calibrated with temperatures from {min(found):.2f} to {max(found):.2f}, each fitted on other questions"
    better = dict.fromkeys(_BETTER[end] for end in map(at_end, found) if end is not None)
    return "; ".join([said, *better])


_BETTER = {
    "flattest": "a temperature is at the upper end of its range: even answers are better",
    "sharpest": "a temperature is at the lower end of its range: the likeliest option alone is better",
}


# What could not be read, judged or trusted

WHY_NOT_VALID = "the model rarely answered with a letter, or its server shows too few tokens"
FAILURES_SHOWN = 10
"""Failures that are listed by their question, at most; the report has all."""


def trouble_lines(report: "Report") -> Iterator[str]:
    """Yield how often the judge errs, what is not valid, which replies were not read, and failures by reason."""
    from eval.answers import by_reason

    yield from judge_lines(report)
    invalid = sum(not question.valid for question in report.questions)
    if invalid and not (report.judge is not None and report.judge.errs_too_often):
        yield not_valid(invalid, len(report.questions))
    yield from agreement_lines(report)
    yield from unread_replies(report)
    for why, count in by_reason(failure.why for failure in report.failures):
        yield f"{count} of {pluralize(report.survey.questions, 'question')} failed: {printable(why)}"


def not_valid(invalid: int, answered: int) -> str:
    """Say how many answers are not valid, and why that is."""
    return f"{invalid} of {pluralize(answered, 'question')} not valid ({WHY_NOT_VALID})"


def unread_replies(report: "Report | MatrixReport") -> Iterator[str]:
    """Yield how many replies could not be read, and why."""
    if report.replies is not None and report.replies.unread:
        whys = ", ".join(f"{printable(unread.why)} ({unread.replies})" for unread in report.replies.unread)
        count = sum(unread.replies for unread in report.replies.unread)
        yield f"{count} of {pluralize(report.replies.asked, 'reply', 'replies')} could not be read: {whys}"


def failures_listed(failures: "Sequence[FailureInfo]") -> Iterator[str]:
    """Yield the failed questions with their reasons, the first ten of them."""
    for failure in failures[:FAILURES_SHOWN]:
        yield f"failed: {printable(failure.id)}: {printable(failure.why)}"
    if len(failures) > FAILURES_SHOWN:
        yield f"and {len(failures) - FAILURES_SHOWN} more, all listed in the report (--json)"


NOT_SOUND = {
    "follows_letters": "the model follows the letters, not the answers",
    "does_not_answer": "the model does not answer the questions",
    "judge_unreliable": "the judge itself errs too often",
    "cannot_be_checked": "too few questions to check whether the model follows the letters",
}
"""What a verdict that is not sound says, in short. A report without any answer has no score that could mislead."""


def not_shown(report: "Report | MatrixReport | Scorecard") -> bool:
    """Whether the scores of a report must not be shown: its verdict is not sound. A matrix is judged by its judge."""
    return _finding(report) in NOT_SOUND


def not_shown_briefly(report: "Report | MatrixReport | Scorecard") -> str:
    """Say in few words why the scores of a report are not shown; empty where they are."""
    found = _finding(report)
    return f"not valid: {NOT_SOUND[found]}" if found in NOT_SOUND else ""


def why_not_shown(report: "Report | MatrixReport | Scorecard") -> str:
    """Say why the scores of a report are not shown, with the figures behind it and what to do; empty where they are."""
    from eval.scoring.intervals import MIN_QUESTIONS
    from eval.scoring.validity import LEAST_AGREEMENT

    brief, found, verdict = not_shown_briefly(report), _finding(report), _verdict(report)
    judge: JudgeInfo | None = getattr(report, "judge", None)
    if found == "judge_unreliable" and judge is not None:
        if judge.paraphrases == 0:
            return f"not valid: how often the judge errs is {_often(judge)} ({printable(judge.name)})"
        limit = f"at most {100 * judge.limit:.0f} are allowed"
        return f"not valid: the judge itself errs {_often(judge)} ({printable(judge.name)}; {limit})"
    if verdict is None:
        return brief
    if found == "follows_letters":
        agreement = with_interval(verdict.order_agreement)
        return f"{brief} (order agreement {agreement}; {LEAST_AGREEMENT} is needed); use a larger model"
    if found == "does_not_answer":
        valid = f"{verdict.valid} of {pluralize(verdict.answered, 'question')} valid"
        return f"{brief} ({valid}: {WHY_NOT_VALID}); use a model that follows instructions"
    if found == "cannot_be_checked":
        return f"{brief} ({verdict.both_orders} answered in both orders); use {MIN_QUESTIONS} or more"
    return brief


def agreement_lines(report: "Report") -> Iterator[str]:
    """Yield how far the answers agree in the two option orders, with a warning where letters count, too."""
    agreement = report.verdict.order_agreement
    if agreement is None or not_shown(report):
        return
    warned = report.verdict.finding == "sound_with_warning"
    yield f"order agreement {with_interval(agreement)}{': the answers depend on the letters, too' if warned else ''}"


def _verdict(report: "Report | MatrixReport | Scorecard") -> "Verdict | None":
    return getattr(report, "verdict", None)


def _finding(report: "Report | MatrixReport | Scorecard") -> str:
    verdict = _verdict(report)
    if verdict is not None:
        return verdict.finding
    judge: JudgeInfo | None = getattr(report, "judge", None)
    return "judge_unreliable" if judge is not None and judge.errs_too_often else "given"


def judge_lines(report: "Report | MatrixReport") -> Iterator[str]:
    """Yield how often the judge errs, if there was one."""
    judge = report.judge
    if judge is None:
        return
    if judge.errs_too_often:
        yield why_not_shown(report)
    else:
        yield f"the judge {printable(judge.name)} errs {_often(judge)}: {with_interval(judge.error)}{_kinds(judge)}"


def _often(judge: "JudgeInfo") -> str:
    """Say how often a judge errs; of a kind of statements if that is why nothing is valid."""
    if not judge.errs_too_often or judge.paraphrases is None:
        return f"in {100 * judge.error.mean:.1f} of 100 known statements"
    if judge.paraphrases == 0:
        return "unknown, because no option can be put in other words"
    kind = "options in other words" if judge.worst == judge.paraphrase_error else "statements that fit no option"
    return f"in {100 * judge.worst.mean:.1f} of 100 {kind}"


def _kinds(judge: "JudgeInfo") -> str:
    if judge.paraphrases is None or judge.abstentions is None:
        return ""
    paraphrases, abstentions = with_interval(judge.paraphrase_error), with_interval(judge.abstention_error)
    return (
        f" (options in other words {paraphrases}, n {judge.paraphrases:,}; "
        f"statements that fit none {abstentions}, n {judge.abstentions:,})"
    )
