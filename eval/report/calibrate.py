"""Adding the calibration to a report, from the questions in the report alone: the model is not asked again."""

import numpy as np

from eval.answers import FloatArray
from eval.report import CalibratedScores, Calibration, CalibrationFold, Difference, QuestionInfo, Report
from eval.scoring.calibration import CrossFitted, Uncalibrated, cross_fitted, stacked
from eval.scoring.differences import paired_difference
from eval.scoring.intervals import MIN_QUESTIONS, Bootstrap
from eval.scoring.metrics import alignment, column, normalised, scale_of, stack_scales


def calibrated(report: Report) -> Report:
    """Return `report` with its `calibration`, over all questions with figures, whether valid or not, like its `scores`.

    A report with fewer than `MIN_QUESTIONS` such questions is returned unchanged. The report's seed draws the folds and
    the resamples. The distribution over the options is calibrated in each option order, before the orders are averaged.
    Refusals do not change.
    """
    questions = comparable(report)
    if len(questions) < MIN_QUESTIONS:
        return report
    before = _uncalibrated(report, questions)
    fitted = cross_fitted(before, report.seed)
    aligned, distance = _alignment(questions, before.at(fitted.of_question)), before.total_variation(fitted.of_question)
    bootstrap = Bootstrap(report.seed)
    calibration = Calibration(
        folds=_folds(questions, fitted),
        scores=CalibratedScores(alignment=bootstrap.mean(aligned), total_variation=bootstrap.mean(distance)),
        minus_uncalibrated=Difference(
            alignment=paired_difference(aligned, column([question.alignment for question in questions]), bootstrap),
            total_variation=paired_difference(
                distance, column([question.total_variation for question in questions]), bootstrap
            ),
        ),
    )
    return report.model_copy(update={"calibration": calibration, "seals": None})


def comparable(report: Report) -> tuple[QuestionInfo, ...]:
    """Return the answered questions for which there are figures of the people."""
    return tuple(question for question in report.questions if question.human is not None)


def _uncalibrated(report: Report, questions: tuple[QuestionInfo, ...]) -> Uncalibrated:
    """Return the model's distributions by option order. An answer from a file has no orders and counts as one."""
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
