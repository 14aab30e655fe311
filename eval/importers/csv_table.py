"""A survey as a table of one's own: a row per question, option, group and count (`docs/surveys.md` has the columns).

A row of a table of one's own: how it is checked, and what is kept of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from eval.errors import SurveyError
from eval.importers.building import Draft, ImportOptions, ImportResult, Notes, finished, finished_survey
from eval.importers.reading import columns_found, read_rows
from eval.surveys.model import MOST_PEOPLE, Question, Responses, check_attribute, check_value
from personas.inputs.files import display_name
from personas.inputs.models import Line, Prose, broken_rule
from personas.inputs.suggestions import quoted, suggestion

_V = TypeVar("_V")
_ANSWERS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}


def _yes_or_no(cell: Any) -> Any:
    if isinstance(cell, bool):
        return cell
    answer = _ANSWERS.get(str(cell).strip().casefold())
    if answer is None:
        raise broken_rule(f"is {quoted(cell)}; write yes or no")
    return answer


def _plain(cell: Any) -> Any:
    if isinstance(cell, str) and "_" in cell:  # Python writes numbers so; a table with 1_000 has a slip in it
        raise broken_rule("must be a number, with a point for decimals")
    return cell


YesNo = Annotated[bool, BeforeValidator(_yes_or_no)]
Number = Annotated[FiniteFloat, BeforeValidator(_plain)]
Year = Annotated[int, BeforeValidator(_plain), Field(ge=1800, le=2200)]


class Row(BaseModel):
    """One row of the table. An empty cell is as good as a column that is not there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: Line
    """The question's id; rows of one question stand together or apart."""
    stem: Prose | None = None
    """The question itself; needed on one of its rows at least."""
    topic: Line | None = None
    """What it is about; several are separated by semicolons. Without one it is "general"."""
    paraphrased: YesNo = False
    """Whether stem or options differ from the words that the respondents read: yes or no."""
    option: Line | None = None
    """The text of the option; empty on a refusal row for people who gave no answer at all."""
    ordinal: Number | None = None
    """The option's place on the scale, 2.5 for instance; empty for all options that have no order."""
    refusal: YesNo = False
    """Whether the option declines to answer: yes or no."""
    attribute: Line | None = None
    """The group's attribute, such as POLPARTY, or a pair, POLPARTY x SEX; empty for everyone."""
    value: Line | None = None
    """The group's value, such as Democrat, or for a pair Democrat x Female; empty for everyone."""
    count: Annotated[Number, Field(ge=0, le=MOST_PEOPLE)] | None = None
    """How many people of the group chose the option, at most 10 billion."""
    proportion: Annotated[Number, Field(ge=0)] | None = None
    """Which share of the group chose it, where there are no counts; give one of the two."""
    n_effective: Annotated[Number, Field(gt=0, le=MOST_PEOPLE)] | None = None
    """For weighted figures: how many answers of a simple random sample the group's are worth."""
    year: Year | None = None
    """When people were asked."""

    @property
    def group(self) -> tuple[str, str] | None:
        """Attribute and value, None for everyone."""
        return None if self.attribute is None or self.value is None else (self.attribute, self.value)

    @model_validator(mode="after")
    def _is_consistent(self) -> "Row":
        if (self.attribute is None) != (self.value is None):
            raise broken_rule("has an attribute or a value without the other; give both, or neither for everyone")
        if (self.count is None) == (self.proportion is None):
            raise broken_rule('needs one of "count" and "proportion"; give exactly one of them')
        if self.option is None and not self.refusal:
            raise broken_rule("has no option; write its text, or refusal yes for people who gave no answer")
        if self.group is not None:
            check_attribute(self.group[0], ())
            check_value(*self.group)
        return self


@dataclass(frozen=True, slots=True)
class KeptRow:
    """What is kept of a row that was read: a tenth of the memory, since tables have hundreds of thousands of rows."""

    stem: str | None
    topic: str | None
    paraphrased: bool
    option: str | None
    ordinal: float | None
    refusal: bool
    group: tuple[str, str] | None
    count: float | None
    proportion: float | None
    n_effective: float | None

    @classmethod
    def of(cls, row: Row, once: dict[Any, Any]) -> "KeptRow":
        """Return what is kept of `row`; `once` holds the texts and groups of rows before: each is kept once."""

        def shared(value: _V) -> _V:
            return cast("_V", once.setdefault(value, value))

        return cls(
            stem=shared(row.stem),
            topic=shared(row.topic),
            paraphrased=row.paraphrased,
            option=shared(row.option),
            ordinal=row.ordinal,
            refusal=row.refusal,
            group=shared(row.group),
            count=row.count,
            proportion=row.proportion,
            n_effective=row.n_effective,
        )


_NEEDED = frozenset({"question", "option"})
_UNTITLED = "general"


@dataclass(slots=True)
class _Lines:
    """The rows of one question with the lines they stand on, by option text and by group."""

    path: Path
    id: str
    rows: list[tuple[int, KeptRow]] = field(default_factory=list)

    def fault(self, line: int, problem: str) -> SurveyError:
        return SurveyError(f"{display_name(self.path)}: line {line}: question {quoted(self.id)}: {problem}")

    def only(self, key: str, default: Any) -> Any:
        """Return what a column says for this question, wherever it says anything; it must not say two things."""
        found = default
        for line, row in self.rows:
            said = getattr(row, key)
            if said is None:
                continue
            if found not in (default, said):
                raise self.fault(line, f"has two of {quoted(key)}; write the same on all of its rows, or on one")
            found = said
        return found


def read(path: Path, wishes: ImportOptions) -> ImportResult:
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
    return ImportResult(survey, (f"rows: {sum(len(lines.rows) for lines in by_question.values())}",), notes.lines())


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
    problem = f"there is no column {quoted(key)}; {known} (columns found: {columns_found(header)})"
    return SurveyError(f"{display_name(path)}: line 1: {problem}")


def _explained(kind: str, message: str) -> str:
    if kind == "missing":
        return "is empty; fill it in"
    if kind.startswith(("float", "int")):
        return "must be a number, with a point for decimals"
    return message[:1].lower() + message[1:]


def _question(lines: _Lines, wishes: ImportOptions, notes: Notes) -> Question | None:
    stem = lines.only("stem", None)
    if stem is None:
        raise lines.fault(lines.rows[0][0], 'has no "stem"; write the question itself on one of its rows')
    topics = tuple(topic.strip() for topic in lines.only("topic", _UNTITLED).split(";") if topic.strip())
    options, refusals = _texts(lines, of_refusals=False), _texts(lines, of_refusals=True)
    both = set(options) & set(refusals)
    if both:
        raise lines.fault(lines.rows[0][0], f"{quoted(min(both))} is an option and a refusal; make it one of them")
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
            raise lines.fault(line, f"the option {quoted(row.option)} has two ordinals; keep one of them")
    lacking = [text for text in options if text not in found]
    if found and lacking:
        problem = f"the option {quoted(lacking[0])} has no ordinal; give one to each option, or to none"
        raise lines.fault(lines.rows[0][0], problem)
    return tuple(found[text] for text in options) if found else ()


def _by_group(lines: _Lines) -> list[tuple[tuple[str, str] | None, list[tuple[int, KeptRow]]]]:
    def name(numbered: tuple[int, KeptRow]) -> tuple[str, str]:
        return numbered[1].group or ("", "")

    order = {group: place for place, group in enumerate(dict.fromkeys(name(numbered) for numbered in lines.rows))}
    ordered = sorted(lines.rows, key=lambda numbered: order[name(numbered)])
    return [(rows[0][1].group, rows) for rows in (list(found) for _, found in groupby(ordered, key=name))]


def _responses(lines: _Lines, draft: Draft, rows: list[tuple[int, KeptRow]], wishes: ImportOptions) -> Responses | None:
    amounts: dict[str, float] = {}
    in_counts = rows[0][1].count is not None
    for line, row in rows:
        text = row.option or ""
        if text in amounts:
            raise lines.fault(line, f"{quoted(text)} is there twice for one group; keep one of the rows")
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
