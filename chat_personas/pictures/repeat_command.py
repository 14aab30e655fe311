"""The command line that makes the figures of a report once more."""

import shlex
from collections.abc import Iterator

from chat_personas.models import POCKET
from eval.expression.methods import METHODS
from eval.matrix.models import MatrixReport
from eval.report import FROM_FILE, JudgeInfo, ModelInfo, Report
from personas import library_names


def command(report: Report) -> str:
    """Return the command line that repeats the evaluation of one persona in one expression."""
    return shlex.join(["chat-personas", "eval", *_words(report)])


def _words(report: Report) -> Iterator[str]:
    from_file = report.model.engine == FROM_FILE
    yield from ("--answers", report.persona.file) if from_file else (_persona(report),)
    yield from ("--survey", report.survey.name)
    if not from_file:
        yield from ("--model", model_option(report.model), "--steering", report.steering)
        yield from () if report.shots is None else ("--shots", str(report.shots))
        yield from expressed(report)
    yield from ("--seed", str(report.seed), "--refusals", report.refusals)
    if not from_file:
        yield from ("--limit", str(report.survey.questions))
    if report.calibration is not None:
        yield "--calibrate"


def expressed(report: Report | MatrixReport) -> Iterator[str]:
    """Yield the options that ask in the same way again."""
    yield from ("--expression", report.expression)
    if report.replies is not None and any(report.expression == name and METHODS[name].several for name in METHODS):
        yield from ("--samples", str(report.replies.per_prompt))
    if report.judge is not None and not _judged_by_itself(report, report.judge):
        yield from ("--judge", model_option(report.judge))


def _judged_by_itself(report: Report | MatrixReport, judge: JudgeInfo) -> bool:
    return (judge.name, judge.engine, judge.sha256) == (report.model.name, report.model.engine, report.model.sha256)


def _persona(report: Report) -> str:
    name, file = report.persona.name, report.persona.file
    return name if file == f"{name}.toml" and name in library_names() else file


def model_option(model: ModelInfo | JudgeInfo) -> str:
    """Return what `--model` takes to ask this model again; a file goes by its base name."""
    is_file = model.engine == "llama" and model.name != POCKET
    return f"{model.name}.gguf" if is_file and not model.name.endswith(".gguf") else model.name
