"""The verdict on a measurement in words: whether scores may be shown, why not, what to do, and what else went wrong.

Tables, pages, figures, the panel and the line mode ask here before they show a score. Nothing of `eval` is imported
before it is needed: the chat screen imports this module before it is drawn.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chat_personas.reporting.numbers import with_interval
from chat_personas.text import pluralize, printable

if TYPE_CHECKING:
    from chat_personas.monitor.round import Estimate
    from eval.matrix.models import MatrixReport, PromptVerdict, RowInfo
    from eval.report import FailureInfo, JudgeInfo, Report, Verdict
    from eval.scoring.scores import Scorecard

    Judged = Report | MatrixReport | RowInfo | PromptVerdict | Scorecard

VERDICTS = {
    "sound": "sound",
    "sound_with_warning": "sound, but the answers depend on the letters, too",
    "given": "no letters were shown that could be followed; answers as given",
    "no_answers": "no answers",
}
"""What is said of a measurement whose scores are shown."""
NOT_SOUND = {
    "follows_letters": "the model follows the letters, not the answers",
    "does_not_answer": "the model does not answer the questions",
    "judge_unreliable": "the judge itself errs too often",
    "cannot_be_checked": "too few questions to check whether the model follows the letters",
}
"""What a verdict that is not sound says, in short. A report without any answer has no score that could mislead."""
SHOWN_ANYWAY = ("refusal", "human_refusal", "label_mass", "order_bias")
"""Scores that say how the model answered, not how close it came: shown whatever the verdict."""
MARK = "not sound"
"""Stands before every figure that is printed on request although the verdict is not sound."""
WHY_NOT_VALID = "the model rarely answered with a letter, or its server shows too few tokens"
_RECORDED = "so the file of answers says of the measurement that it was saved from"
_WITHOUT_LETTERS = ", or eval --expression option_texts"
_WITH_LESS_SAID = "what was said so far may be why: begin a new conversation, or fork this one from an earlier message"
FAILURES_SHOWN = 10
"""Failures that are listed by their question, at most; the report has all."""


def not_shown(report: "Judged") -> bool:
    """Whether scores must not be shown, because their verdict is not sound. A whole matrix is judged by its judge."""
    return _finding(report) in NOT_SOUND


def not_shown_briefly(report: "Judged") -> str:
    """Say in few words why the scores of a report are not shown; empty where they are."""
    found = _finding(report)
    return f"not sound: {NOT_SOUND[found]}" if found in NOT_SOUND else ""


def may_be_the_talk(estimate: "Estimate | None") -> bool:
    """Whether what was said may be why a measurement is not sound: not where it was not before the first message."""
    return estimate is not None and estimate.turn > 0 and 0 not in estimate.trajectory.left_out


def why_not_shown(report: "Judged", estimate: "Estimate | None" = None) -> str:
    """Say why the scores of a report are not shown, with the figures behind it and what to do; empty where they are.

    `estimate` tells when in a conversation they are from.
    """
    verdict = _verdict(report)
    judge: JudgeInfo | None = getattr(report, "judge", None)
    if _finding(report) == "judge_unreliable" and judge is not None:
        if judge.paraphrases == 0:
            return f"not sound: how often the judge errs is {_often(judge)} ({printable(judge.name)})"
        limit = f"at most {100 * judge.limit:.0f} are allowed"
        return f"not sound: the judge itself errs {_often(judge)} ({printable(judge.name)}; {limit})"
    return not_shown_briefly(report) if verdict is None else why_not_sound(verdict, estimate)


def why_not_sound(verdict: "Verdict", estimate: "Estimate | None" = None) -> str:
    """Say why a verdict is not sound, with the figures behind it and what to do; empty where it is.

    Another model is advised only where it is not the talk that may be why (`estimate` as for `why_not_shown`).
    """
    from eval.scoring.intervals import MIN_QUESTIONS
    from eval.scoring.validity import LEAST_AGREEMENT

    found = verdict.finding
    brief = f"not sound: {NOT_SOUND[found]}" if found in NOT_SOUND else ""
    if verdict.recorded and brief:
        return f"{brief} ({_RECORDED})"
    if found == "follows_letters":
        agreement = with_interval(verdict.order_agreement)
        needed = f"order agreement {agreement}; {LEAST_AGREEMENT} is needed"
        advice = _WITH_LESS_SAID if may_be_the_talk(estimate) else f"use a larger model{_WITHOUT_LETTERS}"
        return f"{brief} ({needed}); {advice}"
    if found == "does_not_answer":
        valid = f"{verdict.valid} of {pluralize(verdict.answered, 'question')} valid"
        other = f"use a model that follows instructions{_WITHOUT_LETTERS}"
        advice = _WITH_LESS_SAID if may_be_the_talk(estimate) else other
        return f"{brief} ({valid}: {WHY_NOT_VALID}); {advice}"
    if found == "cannot_be_checked":
        return f"{brief} ({verdict.both_orders} answered in both orders); use {MIN_QUESTIONS} or more"
    return brief


def verdict_lines(report: "Report | RowInfo | Scorecard") -> Iterator[str]:
    """Yield the verdict on a measurement whose scores are shown, with the order agreement that it rests on."""
    if not_shown(report):
        return
    agreement = report.verdict.order_agreement
    rests_on = "" if agreement is None else f" (order agreement {with_interval(agreement)})"
    if report.verdict.recorded:
        rests_on = f" ({_RECORDED})"
    yield f"verdict: {VERDICTS[report.verdict.finding]}{rests_on}"


def marked(text: str, *, sound: bool) -> str:
    """Mark a figure, or a line of figures, that is shown on request although its verdict is not sound."""
    return text if sound else f"{text} ({MARK})"


def not_valid(invalid: int, answered: int) -> str:
    """Say how many answers are not valid, and why that is."""
    return f"{invalid} of {pluralize(answered, 'question')} not valid ({WHY_NOT_VALID})"


def judge_lines(report: "Report | MatrixReport") -> Iterator[str]:
    """Yield how often the judge errs, if there was one."""
    judge = report.judge
    if judge is None:
        return
    if judge.errs_too_often:
        yield why_not_shown(report)
    else:
        yield f"the judge {printable(judge.name)} errs {_often(judge)}: {with_interval(judge.error)}{_kinds(judge)}"


def trouble_lines(report: "Report") -> Iterator[str]:
    """Yield how often the judge errs, what is not valid, which replies were not read, and failures by reason.

    The verdict is not among them: `verdict_lines` stand before the scores.
    """
    from eval.answers import by_reason

    yield from judge_lines(report)
    invalid = sum(not question.valid for question in report.questions)
    if invalid and not (report.judge is not None and report.judge.errs_too_often):
        yield not_valid(invalid, len(report.questions))
    yield from unread_replies(report)
    for why, count in by_reason(failure.why for failure in report.failures):
        yield f"{count} of {pluralize(report.survey.questions, 'question')} failed: {printable(why)}"


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


def _verdict(report: "Judged") -> "Verdict | None":
    return getattr(report, "verdict", None)


def _finding(report: "Judged") -> str:
    verdict = _verdict(report)
    if verdict is not None:
        return verdict.finding
    judge: JudgeInfo | None = getattr(report, "judge", None)
    return "judge_unreliable" if judge is not None and judge.errs_too_often else "given"


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
