"""A survey as a table of one's own: a row per question, option, group and count (`docs/surveys.md` has the columns)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from eval.errors import SurveyError
from eval.importers.building import Draft, finished, finished_survey
from eval.importers.imported import Imported, Notes, Wishes
from eval.importers.long_csv_row import KeptRow, Row
from eval.importers.reading import columns_found, read_rows
from eval.surveys.model import Question, Responses, check_attribute
from personas.inputs.files import display_name
from personas.inputs.suggestions import shown, suggestion

_NEEDED = frozenset({"question", "option"})
_UNTITLED = "general"


@dataclass(slots=True)
class _Lines:
    """The rows of one question with the lines they stand on, by option text and by group."""

    path: Path
    id: str
    rows: list[tuple[int, KeptRow]] = field(default_factory=list)

    def fault(self, line: int, problem: str) -> SurveyError:
        return SurveyError(f"{display_name(self.path)}: line {line}: question {shown(self.id)}: {problem}")

    def only(self, key: str, default: Any) -> Any:
        """Return what a column says for this question, wherever it says anything; it must not say two things."""
        found = default
        for line, row in self.rows:
            said = getattr(row, key)
            if said is None:
                continue
            if found not in (default, said):
                raise self.fault(line, f"has two of {shown(key)}; write the same on all of its rows, or on one")
            found = said
        return found


def read(path: Path, wishes: Wishes) -> Imported:
    """Read the table in the file at `path`.

    Rows of a group that are missing are options that nobody chose: they get count 0. A group in which nobody is
    counted is left out, with a note.

    Raises:
        SurveyError: a row has a fault; the message names the line and the fix.
    """
    by_question: dict[str, _Lines] = {}
    years: set[int] = set()
    once: dict[Any, Any] = {}
    for line, cells in read_rows(path, _NEEDED):
        row = _row(path, line, cells)
        by_question.setdefault(row.question, _Lines(path, row.question)).rows.append((line, KeptRow.of(row, once)))
        years |= {row.year} if row.year is not None else set()
    if not by_question:
        raise SurveyError(f"{display_name(path)}: there is no row below the first line; add rows")
    notes = Notes()
    if not years and not wishes.years:
        notes.add("years missing (add --year, or a column year)", "when people were asked")
    questions = [question for lines in by_question.values() if (question := _question(lines, wishes, notes))]
    survey = finished_survey(
        questions,
        wishes,
        notes,
        title=wishes.name,
        source=f"imported from {path.name}",
        licence="not stated",
        years=sorted(years),
        everyone="Everyone asked",
    )
    return Imported(survey, (f"rows: {sum(len(lines.rows) for lines in by_question.values())}",), notes.lines())


def _row(path: Path, line: int, cells: dict[str, str]) -> Row:
    given = {key: cell.strip() for key, cell in cells.items() if cell.strip()}
    try:
        return Row.model_validate(given)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        key = str(fault["loc"][0]) if fault["loc"] else ""
        if fault["type"] == "extra_forbidden":
            raise _no_such_column(path, key, list(cells)) from error
        problem = f"{key}: {_explained(fault['type'], fault['msg'])}" if key else fault["msg"]
        raise SurveyError(f"{display_name(path)}: line {line}: {problem}") from error


def _no_such_column(path: Path, key: str, header: Sequence[str]) -> SurveyError:
    known = suggestion(key, Row.model_fields)
    problem = f"there is no column {shown(key)}; {known} (columns found: {columns_found(header)})"
    return SurveyError(f"{display_name(path)}: line 1: {problem}")


def _explained(kind: str, message: str) -> str:
    if kind == "missing":
        return "is empty; fill it in"
    if kind.startswith(("float", "int")):
        return "must be a number, with a point for decimals"
    return message[:1].lower() + message[1:]


def _question(lines: _Lines, wishes: Wishes, notes: Notes) -> Question | None:
    stem = lines.only("stem", None)
    if stem is None:
        raise lines.fault(lines.rows[0][0], 'has no "stem"; write the question itself on one of its rows')
    topics = tuple(topic.strip() for topic in lines.only("topic", _UNTITLED).split(";") if topic.strip())
    options, refusals = _texts(lines, of_refusals=False), _texts(lines, of_refusals=True)
    both = set(options) & set(refusals)
    if both:
        raise lines.fault(lines.rows[0][0], f"{shown(min(both))} is an option and a refusal; make it one of them")
    draft = Draft(
        id=lines.id,
        stem=stem,
        topics=topics or (_UNTITLED,),
        options=options,
        refusals=refusals,
        ordinals=_ordinals(lines, options),
        paraphrased=any(row.paraphrased for _, row in lines.rows),
    )
    for group, rows in _by_group(lines):
        responses = _responses(lines, draft, rows, wishes)
        if responses is None:
            notes.add("groups left out (nobody is counted in them)", f"{lines.id}, {'='.join(group or ('everyone',))}")
        elif group is None:
            draft.overall = responses
        else:
            draft.responses.setdefault(group[0], {})[group[1]] = responses
    for attribute in draft.responses:
        _check_once(lines, attribute, draft.responses)
    return finished(draft, notes)


def _check_once(lines: _Lines, attribute: str, responses: dict[str, dict[str, Responses]]) -> None:
    try:
        check_attribute(attribute, responses)
    except PydanticCustomError as error:
        raise lines.fault(lines.rows[0][0], str(error)) from error


def _texts(lines: _Lines, *, of_refusals: bool) -> tuple[str, ...]:
    texts = (row.option for _, row in lines.rows if row.refusal == of_refusals and row.option is not None)
    return tuple(dict.fromkeys(texts))


def _ordinals(lines: _Lines, options: Sequence[str]) -> tuple[float, ...]:
    found: dict[str, float] = {}
    for line, row in lines.rows:
        if row.option is None or row.refusal or row.ordinal is None:
            continue
        if found.setdefault(row.option, row.ordinal) != row.ordinal:
            raise lines.fault(line, f"the option {shown(row.option)} has two ordinals; keep one of them")
    lacking = [text for text in options if text not in found]
    if found and lacking:
        problem = f"the option {shown(lacking[0])} has no ordinal; give one to each option, or to none"
        raise lines.fault(lines.rows[0][0], problem)
    return tuple(found[text] for text in options) if found else ()


def _by_group(lines: _Lines) -> list[tuple[tuple[str, str] | None, list[tuple[int, KeptRow]]]]:
    def name(numbered: tuple[int, KeptRow]) -> tuple[str, str]:
        return numbered[1].group or ("", "")

    order = {group: place for place, group in enumerate(dict.fromkeys(name(numbered) for numbered in lines.rows))}
    ordered = sorted(lines.rows, key=lambda numbered: order[name(numbered)])
    return [(rows[0][1].group, rows) for rows in (list(found) for _, found in groupby(ordered, key=name))]


def _responses(lines: _Lines, draft: Draft, rows: list[tuple[int, KeptRow]], wishes: Wishes) -> Responses | None:
    amounts: dict[str, float] = {}
    in_counts = rows[0][1].count is not None
    for line, row in rows:
        text = row.option or ""
        if text in amounts:
            raise lines.fault(line, f"{shown(text)} is there twice for one group; keep one of the rows")
        if (row.count is not None) != in_counts:
            raise lines.fault(line, "a group has counts and proportions; give one kind")
        amounts[text] = row.count if row.count is not None else row.proportion or 0.0
    told = {row.n_effective for _, row in rows} - {None}
    if len(told) > 1:
        raise lines.fault(rows[0][0], "a group has two of n_effective; write the same on all of its rows, or on one")
    refused = sum(amounts.get(text, 0.0) for text in (*draft.refusals, ""))
    options = tuple(amounts.get(text, 0.0) for text in draft.options)
    if sum(options) + refused == 0:
        return None
    n_effective = next(iter(told), None)
    if wishes.weighted and in_counts and n_effective is None:
        raise lines.fault(rows[0][0], "weighted counts need n_effective; add that column, or give proportions")
    try:
        if in_counts:
            return Responses(counts=options, refused=refused, n_effective=n_effective)
        return Responses(proportions=options, refused=refused, n_effective=n_effective)
    except ValidationError as error:
        raise lines.fault(rows[0][0], error.errors(include_url=False)[0]["msg"]) from error
