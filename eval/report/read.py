"""Reading the reports that `eval --json` wrote, or saying in one line what is wrong with the file."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from eval.errors import ReportError
from eval.report import SCHEMA, SCHEMA_OF_SEVERAL, Report, Reports, Verdict
from eval.report.limits import impossible
from eval.scoring.intervals import Bootstrap
from eval.scoring.validity import in_orders, verdict
from personas.inputs.documents import known_document
from personas.inputs.files import FileKind, display_name, read_text
from personas.inputs.json_text import parse_json
from personas.inputs.models import explain, faults, place_in
from personas.inputs.suggestions import quoted

_AGAIN = "write the report again with chat-personas eval --json"
_REPORT = "a report"
_FIRST_SCHEMAS = ("chat-personas/eval-report@1", "chat-personas/eval-reports@1")
_FIXES = {"string_pattern_mismatch": 'write "survey", "reversed", "rotated-N" or "shuffled-N"'}  # only orders have one
_NOT_JUDGED = {"finding": "no_answers", "order_agreement": None, "valid": 0, "answered": 0, "both_orders": 0}
_REPORT_FILE = FileKind("a report", 500_000_000, ReportError, if_not_utf8=_AGAIN)


def load_reports(file: str | Path) -> tuple[Report, ...]:
    """Return the reports in a file: one, or all of a document of several.

    Raises:
        ReportError: the file cannot be read or is not a valid report; the message names the file and the fault.
    """
    return load_document(file)[1]


def load_document(file: str | Path) -> tuple[dict[str, Any], tuple[Report, ...]]:
    """Return a file as the JSON object that it is, and its reports.

    Raises:
        ReportError: as `load_reports`.
    """
    path = Path(file)
    text = read_text(path, _REPORT_FILE).text
    try:
        reports = read_reports(text)
        return json.loads(text), reports
    except ReportError as error:
        raise ReportError(f"{display_name(path)}: {error}") from error


def read_reports(text: str) -> tuple[Report, ...]:
    """Return the reports that a JSON text holds, in its order.

    Raises:
        ReportError: it is not JSON, has another schema, has a missing or unknown key, a value of another type or that
            is not possible, the same question twice, or not one figure for each option.
    """
    raw = parse_json(text, ReportError, fix=_AGAIN)
    old, model = _upgraded(raw), _model(raw)
    try:
        document = model.model_validate_json(text if not old else json.dumps(raw), strict=True)
    except ValidationError as error:
        raise ReportError(_or_again(explain(faults(error)[0], model, fixes=_FIXES))) from error
    for place, number, what in impossible(raw):
        raise ReportError(_or_again(f"{place_in(place, model)} is {quoted(number)}; {what}"))
    reports = document.reports if isinstance(document, Reports) else (document,)
    if not reports:
        raise ReportError(f"the file holds no report; {_AGAIN}")
    for report in reports:
        _check(report)
    return tuple(report.model_copy(update={"verdict": judged(report)}) for report in reports) if old else reports


def _upgraded(document: object) -> bool:
    """Bring a document of the first schema to today's form, in place and not judged yet; say whether it was one."""
    if not isinstance(document, dict) or document.get("schema") not in _FIRST_SCHEMAS:
        return False
    several = document["schema"] == _FIRST_SCHEMAS[1]
    document["schema"] = SCHEMA_OF_SEVERAL if several else SCHEMA
    for report in document.get("reports", ()) if several else (document,):
        if isinstance(report, dict):
            report |= {"schema": SCHEMA, "verdict": _NOT_JUDGED}
    return True


def _model(document: object) -> type[Report] | type[Reports]:
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema == SCHEMA:
        return Report
    if schema == SCHEMA_OF_SEVERAL:
        return Reports
    kind = known_document(document)
    if schema is None:
        found = "this has no schema, so it is not a report"
    elif kind is None:
        found = f"the schema is {quoted(schema)}, not that of a report"
    elif kind == _REPORT:
        found = f"the schema is {quoted(schema)}, which this version does not read; use a newer version, or"
        raise ReportError(f"{found} {_AGAIN}")
    else:
        found = f"the schema is {quoted(schema)}: this is {kind}, not a report"
    raise ReportError(f"{found}; name a file that chat-personas eval --json wrote")


def judged(report: Report) -> Verdict:
    """Return the verdict that follows from the questions in a report; reports of the first schema have none."""
    opinions = [
        in_orders(
            question.id,
            {each.order: None if each.model is None else np.array(each.model) for each in question.by_order},
        )
        for question in report.questions
    ]
    return verdict(
        [*opinions, *[None] * len(report.refused)],
        [*(each.valid for each in report.questions), *(each.valid for each in report.refused)],
        Bootstrap(report.seed),
        orders_asked=len(report.orders) > 1,
        judge_unreliable=report.judge is not None and report.judge.errs_too_often,
    )


def _or_again(problem: str) -> str:
    """Add what to do where nobody would correct a report by hand."""
    return f"{problem} Or {_AGAIN}" if problem.endswith("?") else f"{problem}, or {_AGAIN}"


def _check(report: Report) -> None:
    """Raise ReportError for what the models cannot check."""
    ids = Counter(question.id for question in report.questions)
    repeated = next((question_id for question_id, times in ids.items() if times > 1), None)
    if repeated is not None:
        raise ReportError(f"duplicate question {quoted(repeated)}; {_AGAIN}")
    for question in report.questions:
        orders = (each.model for each in (*question.by_order, *question.unsteered))
        shares = (question.ordinal, question.model, question.human, question.letters_removed, *orders)
        if any(len(each) != len(question.options) for each in shares if each is not None):
            raise ReportError(f"the question {quoted(question.id)} does not have one figure for each option; {_AGAIN}")
