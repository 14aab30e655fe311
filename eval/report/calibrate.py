"""A report with its calibration, made from the questions of the report alone: nothing is asked again."""

import numpy as np

from eval.answers import FloatArray
from eval.report import CalibratedScores, Calibration, CalibrationFold, Difference, QuestionInfo, Report
from eval.scoring.calibration import CrossFitted, Uncalibrated, cross_fitted, stacked
from eval.scoring.intervals import MIN_QUESTIONS, Bootstrap
from eval.scoring.metrics import alignment, column, normalised, scale_of, stack_scales


def calibrated(report: Report) -> Report:
    """Return `report` with its `calibration`, over the questions with figures, valid or not, as its `scores` are.

    Without `MIN_QUESTIONS` of them it is returned as it is. The report's seed draws the folds and the resamples. What
    is calibrated is the distribution over the options in each option order, before orders are averaged; refusals
    stay as they are.
    """
    questions = comparable(report)
    if len(questions) < MIN_QUESTIONS:
        return report
    said = _uncalibrated(report, questions)
    fitted = cross_fitted(said, report.seed)
    aligned, distance = _alignment(questions, said.at(fitted.of_question)), said.total_variation(fitted.of_question)
    mean = Bootstrap(report.seed).mean
    made = Calibration(
        folds=_folds(questions, fitted),
        scores=CalibratedScores(alignment=mean(aligned), total_variation=mean(distance)),
        minus_uncalibrated=Difference(
            alignment=mean(aligned - column([question.alignment for question in questions])),
            total_variation=mean(distance - column([question.total_variation for question in questions])),
        ),
    )
    return report.model_copy(update={"calibration": made})


def comparable(report: Report) -> tuple[QuestionInfo, ...]:
    """Return the answered questions for which there are figures of the people."""
    return tuple(question for question in report.questions if question.human is not None)


def _uncalibrated(report: Report, questions: tuple[QuestionInfo, ...]) -> Uncalibrated:
    """Return what the model said in each order that has a distribution; an answer from a file counts as one."""
    orders = [[order.model for order in question.by_order if order.model] or [question.model] for question in questions]
    apart = [abs(question.refusal - (question.human_refusal or 0.0)) / 2 for question in questions]
    if report.refusals == "apart":
        apart = [0.0] * len(questions)
    return stacked(orders, [question.human or () for question in questions], apart)


def _alignment(questions: tuple[QuestionInfo, ...], distributions: FloatArray) -> FloatArray:
    """Return the alignment with people, one value per question, NaN where options have no order."""
    width = distributions.shape[-1]
    human = np.zeros_like(distributions)
    for row, question in enumerate(questions):
        human[row, : len(question.options)] = question.human
    scale = stack_scales([scale_of(question.ordinal, width) for question in questions])
    return alignment(normalised(distributions), normalised(human), scale)


def _folds(questions: tuple[QuestionInfo, ...], fitted: CrossFitted) -> tuple[CalibrationFold, ...]:
    ids = np.array([question.id for question in questions], dtype=object)
    return tuple(
        CalibrationFold(temperature=temperature, questions=tuple(ids[fitted.fold == fold]))
        for fold, temperature in enumerate(fitted.temperatures)
    )
