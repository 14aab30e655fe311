"""Reading the reports that `eval --json` wrote: the reports, or one line that says what is wrong with the file."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from eval.errors import ReportError
from eval.report import SCHEMA, SCHEMA_OF_SEVERAL, Report, Reports
from personas.inputs.files import FileKind, display_name, read_whole
from personas.inputs.suggestions import nearest, quoted

_REPORT_FILE = FileKind("a report", 500_000_000, "500 MB", "name a report", ReportError)
_AGAIN = "write it again with chat-personas eval --json"


def load_reports(file: str | Path) -> tuple[Report, ...]:
    """Return the reports in a file: one, or all of a document of several.

    Raises:
        ReportError: the file cannot be read or holds no report; the message names the file and the fault.
    """
    path = Path(file)
    name = display_name(path)
    try:
        text = read_whole(path, _REPORT_FILE).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReportError(f"{name}: this is not UTF-8; {_AGAIN}") from error
    try:
        return read_reports(text)
    except ReportError as error:
        raise ReportError(f"{name}: {error}") from error


def read_reports(text: str) -> tuple[Report, ...]:
    """Return the reports that a JSON text holds, in its order.

    Raises:
        ReportError: it is no JSON, has another schema, lacks a key or has one too many, names a question twice, or
            has not as many figures as options.
    """
    model = _model(_schema(text))
    try:
        document = model.model_validate_json(text)
    except ValidationError as error:
        raise ReportError(_explain(error.errors(include_url=False)[0], model)) from error
    reports = document.reports if isinstance(document, Reports) else (document,)
    if not reports:
        raise ReportError(f"there is no report in it; {_AGAIN}")
    for report in reports:
        _check(report)
    return reports


def _schema(text: str) -> object:
    try:
        document: Any = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ReportError(f"this is not JSON; {_AGAIN}") from error
    return document.get("schema") if isinstance(document, dict) else None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number that JSON knows")


def _model(schema: object) -> type[Report] | type[Reports]:
    if schema == SCHEMA:
        return Report
    if schema == SCHEMA_OF_SEVERAL:
        return Reports
    found = "this has no schema" if schema is None else f"the schema is {quoted(schema)}"
    raise ReportError(f'{found}; a report of chat-personas eval --json has "{SCHEMA}" or "{SCHEMA_OF_SEVERAL}"')


def _explain(error: ErrorDetails, model: type[BaseModel]) -> str:
    """Return one line about the first fault: the place, what is wrong, and what to do."""
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return f"the key {quoted(place)} is missing; {_AGAIN}"
    if error["type"] == "extra_forbidden":
        near = nearest(str(error["loc"][-1]), _keys(model, error["loc"][:-1]))
        likely = "" if near is None else f"did you mean {quoted(near)}? Or "
        return f"there is no key {quoted(place)}; {likely}{_AGAIN}"
    return f"{quoted(place)}: {error['msg'].lower()}; {_AGAIN}"


def _keys(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """Return the keys of the object at a path of keys and indices in a document of this model."""
    for key in place:
        if isinstance(key, str):
            model = next(_models(model.model_fields[key].annotation))
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the models that a field's type mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _check(report: Report) -> None:
    ids = Counter(question.id for question in report.questions)
    repeated = next((question_id for question_id, times in ids.items() if times > 1), None)
    if repeated is not None:
        raise ReportError(f"the question {quoted(repeated)} is there twice; {_AGAIN}")
    for question in report.questions:
        shares = (question.ordinal, question.model, question.human or question.options)
        if any(len(each) != len(question.options) for each in shares):
            raise ReportError(f"the question {quoted(question.id)} has not a figure for each option; {_AGAIN}")
