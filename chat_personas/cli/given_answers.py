"""Answers that were produced elsewhere, from a file on the command line to reports."""

import sys
from typing import TYPE_CHECKING

from chat_personas.cli.calibration import calibrate_answers
from chat_personas.surveys import find_survey
from eval.answer_files import load_answers
from eval.evaluate import evaluate_answers

if TYPE_CHECKING:
    from eval.answers import Refusals
    from eval.report import Report


def score_answers(
    file: str, survey_name: str, *, limit: int | None, seed: int, refusals: "Refusals", calibrate: bool = False
) -> "list[Report]":
    """Return a report for each group in the file, and say on standard error for whom questions were left out.

    With `calibrate` each has its calibration.

    Raises:
        SurveyError, AnswerError: the survey or the file of answers is missing or has a fault.
        UsageError: the file holds too few answers for some group to calibrate.
    """
    survey = find_survey(survey_name)
    answers = load_answers(file, survey)
    reports = list(evaluate_answers(answers, survey, limit=limit, seed=seed, refusals=refusals))
    for given in answers.given:
        if limit is None and (left_out := given.left_out(survey.survey)):
            print(f"{given.name}: no answers to {left_out} of the questions that have figures", file=sys.stderr)
    return calibrate_answers(reports) if calibrate else reports
