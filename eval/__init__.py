"""What a persona answers to survey questions, and how close that is to people.

The names below are the public Python API; docs/python.md shows how they are used together. Each is imported when it is
first used, so that `import eval` stays cheap: the program imports `eval.engine` before its first frame.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eval.answer_files import AnswerFile, load_answers
    from eval.blocking import (
        ask_unsteered_sync,
        compare_reports,
        evaluate_matrix_sync,
        evaluate_sync,
        run_sync,
        score_answers,
    )
    from eval.compare.models import PairedReport
    from eval.compare.paired import pair_reports
    from eval.engine import (
        Engine,
        EngineError,
        EngineInfo,
        LabelScore,
        Message,
        Piece,
        Probe,
        ProbeScore,
        RequestError,
        Sampling,
    )
    from eval.errors import AnswerError, ReportError, SurveyError
    from eval.evaluation import ask_unsteered, evaluate, questions_for
    from eval.expression.judge import Judge
    from eval.expression.methods import EXPRESSIONS, Expression
    from eval.flat_records import option_rows, rows
    from eval.matrix.models import MatrixReport
    from eval.matrix.run import evaluate_matrix
    from eval.report import Report, Score, as_document
    from eval.report.read import load_reports
    from eval.surveys.loading import LoadedSurvey, load_survey, survey_names
    from eval.surveys.model import Question, Survey
else:
    _MODULES = {
        "eval.answer_files": ("AnswerFile", "load_answers"),
        "eval.blocking": (
            "ask_unsteered_sync",
            "compare_reports",
            "evaluate_matrix_sync",
            "evaluate_sync",
            "run_sync",
            "score_answers",
        ),
        "eval.compare.models": ("PairedReport",),
        "eval.compare.paired": ("pair_reports",),
        "eval.engine": (
            "Engine",
            "EngineError",
            "EngineInfo",
            "LabelScore",
            "Message",
            "Piece",
            "Probe",
            "ProbeScore",
            "RequestError",
            "Sampling",
        ),
        "eval.errors": ("AnswerError", "ReportError", "SurveyError"),
        "eval.evaluation": ("ask_unsteered", "evaluate", "questions_for"),
        "eval.expression.judge": ("Judge",),
        "eval.expression.methods": ("EXPRESSIONS", "Expression"),
        "eval.matrix.models": ("MatrixReport",),
        "eval.matrix.run": ("evaluate_matrix",),
        "eval.flat_records": ("option_rows", "rows"),
        "eval.report": ("Report", "Score", "as_document"),
        "eval.report.read": ("load_reports",),
        "eval.surveys.loading": ("LoadedSurvey", "load_survey", "survey_names"),
        "eval.surveys.model": ("Question", "Survey"),
    }
    _MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used (PEP 562)."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found = getattr(import_module(_MODULE_OF[name]), name)
        return found


__all__ = [
    "EXPRESSIONS",
    "AnswerError",
    "AnswerFile",
    "Engine",
    "EngineError",
    "EngineInfo",
    "Expression",
    "Judge",
    "LabelScore",
    "LoadedSurvey",
    "MatrixReport",
    "Message",
    "PairedReport",
    "Piece",
    "Probe",
    "ProbeScore",
    "Question",
    "Report",
    "ReportError",
    "RequestError",
    "Sampling",
    "Score",
    "Survey",
    "SurveyError",
    "as_document",
    "ask_unsteered",
    "ask_unsteered_sync",
    "compare_reports",
    "evaluate",
    "evaluate_matrix",
    "evaluate_matrix_sync",
    "evaluate_sync",
    "load_answers",
    "load_reports",
    "load_survey",
    "option_rows",
    "pair_reports",
    "questions_for",
    "rows",
    "run_sync",
    "score_answers",
    "survey_names",
]


def __dir__() -> list[str]:
    """Return the public names, imported or not, for completion in a notebook."""
    return sorted({*globals(), *__all__})
