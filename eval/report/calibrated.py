"""What a report says about one temperature for all distributions."""

from eval.report.parts import Part, Score


class CalibrationFold(Part):
    """A fifth of the questions, and the temperature that they are scored with."""

    temperature: float
    """The T of p^(1/T), 0.05 to 20, fitted on the questions of the other folds; above 1 flattens."""
    questions: tuple[str, ...]
    """The ids of the questions."""


class CalibratedScores(Part):
    """The scores at the temperature of each question's fold."""

    alignment: Score | None
    """As in `scores`."""
    total_variation: Score | None
    """As in `scores`."""


class CalibrationDifference(Part):
    """Calibrated minus not calibrated on the same questions."""

    alignment: Score | None
    """Above 0: calibration brings the persona closer to the people."""
    total_variation: Score | None
    """Below 0: calibration brings the persona closer to the people."""


class Calibration(Part):
    """What one temperature for all distributions changes, each question scored with one fitted on others."""

    folds: tuple[CalibrationFold, ...]
    """The five folds of the questions that have figures, drawn by the seed."""
    scores: CalibratedScores
    """Over all of these questions, out of fold."""
    minus_uncalibrated: CalibrationDifference
    """Paired differences from the scores without calibration."""
