"""Verifying a report: every figure in it is computed again from its own question-level data, and compared.

Answers are rebuilt from the distributions in the report and scored by the same functions as in a run
(`eval.scoring.scores.score`, `report_from`), so that a figure that a run computes is also verified. With the survey the
people's figures, the texts and everything about other groups are compared, too. Without it a survey is made of the
report's own questions, and what it cannot give counts as not recomputed.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from eval.answers import Answer, Failure, FloatArray, OrderAnswer
from eval.errors import AnswerError, SurveyError
from eval.report import FROM_FILE, Calibration, OrderInfo, QuestionInfo, RefusedQuestion, Report
from eval.report.build import Provenance, report_from
from eval.report.calibrate import calibrated
from eval.report.seals import KEY, broken_seals
from eval.scoring.scores import Scorecard, score
from eval.surveys.loading import LoadedSurvey, Option, Question, Responses, Survey
from personas import Group

ROUNDING = 1e-9
"""Numbers that differ by no more are equal: sums are rounded in another order."""
_FITTED = 1e-6
"""The same for temperatures, which a search finds, and for what follows from them."""
_OF_OTHERS = ("nearest", "nearest_questions", "effect.finding")
"""What is about groups whose figures are not in the report."""
GIVEN = (
    "schema",
    "created",
    "version",
    "persona",
    "model",
    "steering",
    "shots",
    "expression",
    "orders",
    "refusals",
    "seed",
    "prompt_sha256",
    "failures",
    "replies",
    "judge",
    KEY,
)
"""The parts of a report that are not computed from its questions."""
CHANGED = "changed after it was sealed"
_REFUSAL = "(refusal)"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A place at which a report does not agree with what it was recomputed or sealed as."""

    path: str
    stored: str
    expected: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of verifying one report.

    `compared` is how many values were recomputed. `unchecked` are the places that could not be, each with the reason.
    """

    mismatches: tuple[Mismatch, ...]
    compared: int
    unchecked: tuple[tuple[str, str], ...]


def verify(document: Mapping[str, Any], report: Report, survey: LoadedSurvey | None = None) -> Verification:
    """Verify a report, given as its JSON document and as it was read.

    `survey` must be the one of the report, with the same hash; None if it is not at hand.
    """
    seals = [Mismatch(key, CHANGED, "as sealed") for key in broken_seals(document)]
    try:
        again = rebuilt(report, survey)
    except (AnswerError, SurveyError, ValidationError, ValueError) as error:
        why = " ".join(str(error).splitlines()[:1])
        return Verification((*seals, Mismatch("questions", "cannot be scored", why)), 0, ())
    found = _Comparing(complete=survey is not None, order_known=survey is not None or not report.refused)
    for key, part in json.loads(again.model_dump_json(by_alias=True)).items():
        if key not in GIVEN and not (key == "survey" and survey is None):
            found.compare(document.get(key, _MISSING), part, key)
    found.unchecked += _not_in_the_report(report, document, survey)
    return Verification((*seals, *found.mismatches), found.compared, tuple(found.unchecked))


def differing(stored: object, again: object, path: str) -> tuple[Mismatch, ...]:
    """Return where a part of a JSON document differs from what was recomputed for it."""
    found = _Comparing(complete=True, order_known=True)
    found.compare(stored, again, path)
    return tuple(found.mismatches)


def rebuilt(report: Report, survey: LoadedSurvey | None = None) -> Report:
    """Return the report that follows from the question-level data and the provenance in `report`.

    A new figure that `score` or `report_from` computes is here by itself. One that is added to a report afterwards, as
    the calibration is, is added here in the same way.

    Raises:
        AnswerError, SurveyError, ValueError: the data cannot be scored, such as a question that the survey lacks.
    """
    used = survey or LoadedSurvey(_survey_of(report), Path("report.json"), report.survey.sha256)
    groups = tuple(each.group for each in report.persona.groups) if survey is not None else ()
    data = _Data(_as_text(report), None if survey is None else id(survey.survey), groups, report, used)
    made = report_from(_scored(data), _provenance(report, used))
    made = made.model_copy(update={"timing": report.timing, "calibration": None})
    if survey is None:
        made = _without_others(made, report)
    return made if report.calibration is None else made.model_copy(update={"calibration": _calibration(data)})


@dataclass(frozen=True, slots=True)
class _Data:
    """What every score of a report follows from: its answers as a text, the survey, and the groups compared with.

    Where these are the same, so are the scores, whatever else the reports say. So a report of which another part was
    changed is not scored again.
    """

    text: str
    survey_id: int | None
    groups: tuple[Group, ...]
    report: Report = field(compare=False)
    survey: LoadedSurvey = field(compare=False)


def _as_text(report: Report) -> str:
    return report.model_dump_json(include={"questions", "refused", "failures", "refusals", "seed", "orders", "judge"})


@lru_cache(maxsize=2)
def _scored(data: _Data) -> Scorecard:
    """Return the scores of the answers in a report."""
    report, survey = data.report, data.survey.survey
    unreliable = report.judge is not None and report.judge.errs_too_often
    answers = [_answer(question, report, unreliable) for question in report.questions]
    answers += [_refused(each, survey, report, unreliable) for each in report.refused]
    unsteered = [
        _in_orders(question, question.unsteered, report, doubtful=unreliable)
        for question in report.questions
        if question.unsteered
    ]
    return score(survey, data.groups, answers, refusals=report.refusals, seed=report.seed, unsteered=unsteered)


@lru_cache(maxsize=2)
def _calibration(data: _Data) -> Calibration | None:
    """Return what calibration makes of the answers in a report."""
    return calibrated(report_from(_scored(data), _provenance(data.report, data.survey))).calibration


def _provenance(report: Report, survey: LoadedSurvey) -> Provenance:
    put = _answered(report) | {each.id for each in report.failures}
    said = report.verdict.recorded and report.model.engine == FROM_FILE
    return Provenance(
        persona=report.persona,
        model=report.model,
        survey=survey,
        questions=[question for question in survey.survey.questions if question.id in put],
        steering=report.steering,
        expression=report.expression,
        orders=report.orders,
        seed=report.seed,
        prompt_sha256=report.prompt_sha256,
        failures=[Failure(failure.id, failure.why) for failure in report.failures],
        seconds=report.timing.seconds,
        probes=report.timing.probes,
        tokens_decoded=report.timing.tokens_decoded,
        tokens_reused=report.timing.tokens_reused,
        shots=report.shots,
        replies=report.replies,
        judge=report.judge,
        recorded=report.verdict.finding if said else None,
    )


def _answered(report: Report) -> set[str]:
    return {each.id for each in report.questions} | {each.id for each in report.refused}


def _answer(question: QuestionInfo, report: Report, doubtful: bool) -> Answer:
    """Return the answer of which these are the distributions: masses of all labels that sum to 1."""
    if not question.by_order:
        masses = _masses(question, question.model, question.refusal, report)
        whole = OrderAnswer("survey", masses, question.refusal, label_mass=None, as_is=True)
        return Answer(question.id, (whole,))
    return _in_orders(question, question.by_order, report, doubtful=doubtful)


def _in_orders(
    question: QuestionInfo, orders: Sequence[OrderInfo], report: Report, *, doubtful: bool = False
) -> Answer:
    by_order = (
        OrderAnswer(
            each.order,
            _masses(question, each.model, each.refusal, report),
            each.refusal,
            label_mass=each.label_mass,
            truncation=each.truncation,
        )
        for each in orders
    )
    return Answer(question.id, tuple(by_order), doubtful=doubtful)


def _masses(question: QuestionInfo, model: Sequence[float] | None, refusal: float, report: Report) -> FloatArray:
    shares = np.zeros(len(question.options)) if model is None else np.array(model, dtype=np.float64)
    return np.asarray(shares * (1 - refusal) if report.refusals == "apart" else shares, dtype=np.float64)


def _refused(refused: RefusedQuestion, survey: Survey, report: Report, doubtful: bool) -> Answer:
    """Return an answer of refusals only; one that is not valid for itself is marked by its truncation."""
    (options,) = [len(each.options) for each in survey.questions if each.id == refused.id]
    by_order = tuple(
        OrderAnswer(order, np.zeros(options), 1.0, refused.label_mass, truncation=0.0 if refused.valid else 1.0)
        for order in report.orders or ("survey",)
    )
    return Answer(refused.id, by_order, doubtful=doubtful)


def _survey_of(report: Report) -> Survey:
    """Return a survey of the report's own questions, in which everyone answered as the report says the people did."""
    asked = [_question(each.id, each.topics, each.options, each.ordinal, report) for each in report.questions]
    refused = [_question(each.id, ("?",), ("1", "2"), (1, 2), report) for each in report.refused]
    failed = {each.id for each in report.failures} - _answered(report)
    return Survey(
        schema="chat-personas/survey@1",
        name="report",
        title="The questions of a report",
        source="report",
        licence="report",
        years=(),
        weighted=False,
        questions=(*asked, *refused, *(_question(each, ("?",), ("1", "2"), (1, 2), report) for each in sorted(failed))),
    )


def _question(
    question_id: str, topics: tuple[str, ...], options: Sequence[str], ordinal: Sequence[float], report: Report
) -> Question:
    return Question(
        id=question_id,
        topics=topics,
        stem="?",
        paraphrased=False,
        options=tuple(Option(text=text, ordinal=value) for text, value in zip(options, ordinal, strict=True)),
        refusals=(_REFUSAL,),
        overall=_people(question_id, report),
        responses={},
    )


def _people(question_id: str, report: Report) -> Responses | None:
    for question in report.questions:
        if question.id == question_id and question.human is not None:
            refused = question.human_refusal or 0.0
            scale = 1 - refused if report.refusals == "apart" else 1.0
            return Responses(proportions=tuple(share * scale for share in question.human), refused=refused)
    for each in report.refused:
        if each.id == question_id and each.human_refusal is not None:
            return Responses(proportions=(1 - each.human_refusal, 0), refused=each.human_refusal)
    return None


def _without_others(made: Report, report: Report) -> Report:
    """Return a report that was made without its survey, without what is about other people than those in it."""
    references = made.references.model_copy(update={"population": None, "opposite": None, "noise_floor": None})
    thirds = tuple(each.model_copy(update={"population": None}) for each in made.entropy_thirds)
    questions = tuple(
        each.model_copy(update={"human_n": known.human_n})
        for each, known in zip(made.questions, report.questions, strict=True)
    )
    return made.model_copy(update={"references": references, "entropy_thirds": thirds, "questions": questions})


_MISSING = object()
_NEEDS_SURVEY = "it needs the survey"
_INTERVALS_WITH_REFUSED = re.compile(r"scores(_valid_only)?\.(refusal|human_refusal|label_mass)\.(low|high)")


class _Comparing:
    """Walks through two JSON trees side by side, counts what is compared, and collects what differs."""

    def __init__(self, *, complete: bool, order_known: bool) -> None:
        """Begin with nothing.

        Args:
            complete: everything could be recomputed, so that a null there is a difference.
            order_known: the order of all answered questions is known, in which intervals resample them. Those that were
                answered with refusals only stand apart in a report.
        """
        self._complete = complete
        self._order_known = order_known
        self.mismatches: list[Mismatch] = []
        self.unchecked: list[tuple[str, str]] = []
        self.compared = 0

    def compare(self, stored: Any, again: Any, path: str) -> None:
        """Compare what a report has at one place with what was recomputed for it."""
        if stored is _MISSING:
            self.unchecked.append((path, "the report is from an older version and does not have it"))
        elif self._needs_survey(path):
            self.unchecked.append((path, _NEEDS_SURVEY))
        elif again is None and stored is not None and ("." not in path or not self._complete):
            why = "it does not follow from the questions alone" if self._complete else _NEEDS_SURVEY
            self.unchecked.append((path, why))
        elif isinstance(stored, dict) and isinstance(again, dict):
            for key, part in again.items():
                self.compare(stored.get(key, _MISSING), part, f"{path}.{key}")
        elif isinstance(stored, list) and isinstance(again, list):
            self._compare_lists(stored, again, path)
        else:
            self.compared += 1
            if not _same(stored, again, _FITTED if path.startswith("calibration.") else ROUNDING):
                self.mismatches.append(Mismatch(path, _shown(stored), _shown(again)))

    def _needs_survey(self, path: str) -> bool:
        if path in _OF_OTHERS:
            return not self._complete
        return not self._order_known and _INTERVALS_WITH_REFUSED.fullmatch(path) is not None

    def _compare_lists(self, stored: list[Any], again: list[Any], path: str) -> None:
        if len(stored) != len(again):
            self.mismatches.append(Mismatch(path, f"{len(stored)} entries", f"{len(again)} entries"))
            return
        for place, (one, other) in enumerate(zip(stored, again, strict=True)):
            self.compare(one, other, f"{path}[{_label(one, place)}]")


def _label(entry: Any, place: int) -> str:
    """Name an entry of a list: by its id, topic, group or order if it has one, else by its place."""
    if not isinstance(entry, dict):
        return str(place)
    if "value" in entry:
        return f"{entry.get('attribute')}={entry['value']}"
    return str(next((entry[key] for key in ("id", "topic", "order") if key in entry), place))


def _same(stored: Any, again: Any, rounding: float) -> bool:
    numbers = (int, float)
    if isinstance(stored, bool) or isinstance(again, bool):
        return stored is again
    if isinstance(stored, numbers) and isinstance(again, numbers):
        return math.isclose(stored, again, rel_tol=rounding, abs_tol=rounding)
    return bool(stored == again)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _not_in_the_report(
    report: Report, document: Mapping[str, Any], survey: LoadedSurvey | None
) -> Iterator[tuple[str, str]]:
    """Yield what no report has the data for."""
    if survey is None:
        yield "survey", _NEEDS_SURVEY
    if report.judge is not None:
        yield "judge", "the judge's answers to known statements are not in the report"
    if report.replies is not None:
        yield "replies", "the replies are not in the report"
    if report.failures:
        yield "failures", "there is no answer that could be scored"
    if not document.get(KEY):
        yield KEY, "the report is from an older version and has no seals"
