"""The report of an evaluation: the document that `eval --json` writes, defined by these models.

docs/measures.md says how each score is made. Keys are written in the order of the fields, always all of them.
"""

from eval.report.calibrated import CalibratedScores, Calibration, CalibrationDifference, CalibrationFold
from eval.report.circumstances import (
    FROM_FILE,
    JudgeInfo,
    ModelInfo,
    PersonaInfo,
    RepliesInfo,
    SurveyInfo,
    Timing,
    UnreadInfo,
)
from eval.report.document import SCHEMA, SCHEMA_OF_SEVERAL, GapInfo, Report, Reports, as_document
from eval.report.parts import Distribution, GroupName, Part, Score
from eval.report.questions import FailureInfo, OrderInfo, QuestionInfo, RefusedInfo
from eval.report.scores import (
    Difference,
    NearestInfo,
    OppositeDifference,
    OppositeInfo,
    Reference,
    References,
    ScoreSet,
    TopicInfo,
)

__all__ = [
    "FROM_FILE",
    "SCHEMA",
    "SCHEMA_OF_SEVERAL",
    "CalibratedScores",
    "Calibration",
    "CalibrationDifference",
    "CalibrationFold",
    "Difference",
    "Distribution",
    "FailureInfo",
    "GapInfo",
    "GroupName",
    "JudgeInfo",
    "ModelInfo",
    "NearestInfo",
    "OppositeDifference",
    "OppositeInfo",
    "OrderInfo",
    "Part",
    "PersonaInfo",
    "QuestionInfo",
    "Reference",
    "References",
    "RefusedInfo",
    "RepliesInfo",
    "Report",
    "Reports",
    "Score",
    "ScoreSet",
    "SurveyInfo",
    "Timing",
    "TopicInfo",
    "UnreadInfo",
    "as_document",
]
