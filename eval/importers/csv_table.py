"""A survey as a table of one's own: a row per question, option, group and count (`docs/surveys.md` has the columns)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from eval.errors import SurveyError
from eval.importers.building import Draft, ImportOptions, ImportResult, Notes, finished, finished_survey
from eval.importers.markup import bare
from eval.importers.missing_codes import NOT_ASKED_LEFT_OUT, Scale, scale_of
from eval.importers.reading import columns_found, read_rows
from eval.importers.refusal_texts import meaning_of
from eval.surveys.model import MOST_PEOPLE, Question, Responses, check_attribute, check_value
from eval.surveys.spelling import comparable, plain_spaces, same_texts
from personas import CATALOGUE
from personas.inputs.files import display_name
from personas.inputs.models import Line, Prose, broken_rule
from personas.inputs.suggestions import quoted, suggestion

_V = TypeVar("_V")
_NEEDED = frozenset({"question", "option"})
_UNTITLED = "general"
_ANSWERS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}


def _yes_or_no(cell: Any) -> Any:
    if isinstance(cell, bool):
        return cell
    answer = _ANSWERS.get(str(cell).strip().casefold())
    if answer is None:
        raise broken_rule(f"is {quoted(cell)}; write yes or no")
    return answer


def _without_underscores(cell: Any) -> Any:
    # Python reads 1_000 as a number, but in a table it is a typing error.
    if isinstance(cell, str) and "_" in cell:
        raise broken_rule("must be a number, with a point for decimals")
    return cell


YesNo = Annotated[bool, BeforeValidator(_yes_or_no)]
Number = Annotated[FiniteFloat, BeforeValidator(_without_underscores)]
Year = Annotated[int, BeforeValidator(_without_underscores), Field(ge=1800, le=2200)]


class Row(BaseModel):
    """One row of the table. An empty cell is the same as a missing column."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: Line
    """The question's id; rows of one question may stand together or apart."""
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
    """Whether the option declines to answer: yes or no; where it is empty, the text decides ("Don't know" does).

    Rows of people who were not asked ("Inapplicable") are left out, unless this says yes.
    """
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
class _CompactRow:
    """The part of a row that is needed later, in a tenth of the memory: tables have hundreds of thousands of rows."""

    stem: str | None
    topic: str | None
    paraphrased: bool
    option: str | None
    ordinal: float | None
    refusal: bool
    stated: bool
    group: tuple[str, str] | None
    count: float | None
    proportion: float | None
    n_effective: float | None

    @classmethod
    def of(cls, row: Row, known: dict[Any, Any]) -> "_CompactRow":
        """Return the compact form of `row`; `known` are the texts and groups of earlier rows, stored once each."""

        def shared(value: _V) -> _V:
            return cast("_V", known.setdefault(value, value))

        return cls(
            stem=shared(row.stem),
            topic=shared(row.topic),
            paraphrased=row.paraphrased,
            option=shared(row.option),
            ordinal=row.ordinal,
            refusal=row.refusal,
            stated="refusal" in row.model_fields_set,
            group=shared(row.group),
            count=row.count,
            proportion=row.proportion,
            n_effective=row.n_effective,
        )


@dataclass(slots=True)
class _QuestionRows:
    """The rows of one question, each with its line."""

    path: Path
    id: str
    rows: list[tuple[int, _CompactRow]] = field(default_factory=list)

    def fault(self, line: int, problem: str) -> SurveyError:
        return SurveyError(f"{display_name(self.path)}: line {line}: question {quoted(self.id)}: {problem}")

    def only(self, key: str, default: Any) -> Any:
        """Return the value of a column for this question. It may be empty on some rows, but must not differ."""
        found = default
        for line, row in self.rows:
            value = getattr(row, key)
            if value is None:
                continue
            if found is not default and _compared(found) != _compared(value):
                raise self.fault(line, f"has two of {quoted(key)}; write the same on all of its rows, or on one")
            found = value if found is default else found
        return found

    def with_one_spelling(self, notes: Notes) -> None:
        """Give each option the text of its first row, where its rows differ in typography or HTML; with a note."""
        first: dict[str, str] = {}
        for place, (line, row) in enumerate(self.rows):
            if row.option is None:
                continue
            text = first.setdefault(bare(row.option), row.option)
            if text != row.option:
                notes.add("option", "written in two ways (taken as one)", f"{self.id}: {text} / {row.option}")
                self.rows[place] = (line, replace(row, option=text))


def _compared(value: Any) -> Any:
    return bare(value) if isinstance(value, str) else value


def read(path: Path, import_options: ImportOptions) -> ImportResult:
    """Read the table in the file at `path`.

    Missing rows of a group are options that nobody chose: they get count 0. A group in which nobody is counted is left
    out, with a note.

    Raises:
        SurveyError: a row has a fault; the message names the line and the fix.
    """
    by_question: dict[str, _QuestionRows] = {}
    years: set[int] = set()
    known: dict[Any, Any] = {}
    for line, cells in read_rows(path, _NEEDED, Row.model_fields):
        row = _row(path, line, cells)
        of_question = by_question.setdefault(comparable(row.question), _QuestionRows(path, row.question))
        of_question.rows.append((line, _CompactRow.of(row, known)))
        years |= {row.year} if row.year is not None else set()
    if not by_question:
        raise SurveyError(f"{display_name(path)}: there is no row below the first line; add rows")
    notes = Notes()
    if not years and not import_options.years:
        notes.add("year", "missing (add --year, or a column year)", "when people were asked")
    found = (_question(of_question, import_options, notes) for of_question in by_question.values())
    questions = [question for question in found if question is not None]
    survey = finished_survey(
        questions,
        import_options,
        notes,
        title=import_options.name,
        source=f"imported from {path.name}",
        licence="not stated",
        years=sorted(years),
    )
    rows = sum(len(of_question.rows) for of_question in by_question.values())
    return ImportResult(survey, (f"rows: {rows}",), notes.lines())


def _row(path: Path, line: int, cells: dict[str, str]) -> Row:
    filled = {key: text for key, cell in cells.items() if (text := plain_spaces(cell).strip())}
    if "value" in filled:
        filled["value"] = _value(filled.get("attribute", ""), filled["value"])
    try:
        return Row.model_validate(filled)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        key = str(fault["loc"][0]) if fault["loc"] else ""
        if fault["type"] == "extra_forbidden":
            raise _no_such_column(path, key, list(cells)) from error
        problem = f"{key}: {_explained(fault['type'], fault['msg'])}" if key else fault["msg"]
        raise SurveyError(f"{display_name(path)}: line {line}: {problem}") from error


def _value(attribute: str, value: str) -> str:
    """Return a value as the catalogue spells it, whatever its apostrophes and dashes; others as they are."""
    known = [CATALOGUE[name].values if name in CATALOGUE else () for name in attribute.split(" x ")]
    parts = value.split(" x ")
    if len(parts) != len(known):
        return value
    found = [same_texts(part, values) for part, values in zip(parts, known, strict=True)]
    return " x ".join(spelled[0] if spelled else part for part, spelled in zip(parts, found, strict=True))


def _no_such_column(path: Path, key: str, header: Sequence[str]) -> SurveyError:
    if not key:
        raise SurveyError(f"{display_name(path)}: line 1: a column has no name; name it or take it out")
    known = suggestion(key, Row.model_fields)
    problem = f"there is no column {quoted(key)}; {known} (columns found: {columns_found(header)})"
    return SurveyError(f"{display_name(path)}: line 1: {problem}")


def _explained(kind: str, message: str) -> str:
    if kind == "missing":
        return "is empty; fill it in"
    if kind.startswith(("float", "int")):
        return "must be a number, with a point for decimals"
    return message[:1].lower() + message[1:]


def _question(of_question: _QuestionRows, import_options: ImportOptions, notes: Notes) -> Question | None:
    first_line = of_question.rows[0][0]
    of_question.with_one_spelling(notes)
    stem = of_question.only("stem", None)
    if stem is None:
        raise of_question.fault(first_line, 'has no "stem"; write the question itself on one of its rows')
    topics = tuple(topic.strip() for topic in of_question.only("topic", _UNTITLED).split(";") if topic.strip())
    options, refusals = _texts(of_question, of_refusals=False), _texts(of_question, of_refusals=True)
    both = set(options) & set(refusals)
    if both:
        raise of_question.fault(first_line, f"{quoted(min(both))} is an option and a refusal; make it one of them")
    answers = {row.option for _, row in of_question.rows if row.option and row.stated and not row.refusal}
    values = _values(of_question, options)
    kept = import_options.refusals
    scale = scale_of(of_question.id, values, notes, refusals=refusals, answers=answers, kept=kept)
    draft = Draft(
        id=of_question.id,
        stem=stem,
        topics=topics or (_UNTITLED,),
        options=scale.options,
        refusals=scale.refusals,
        ordinals=scale.ordinals,
        paraphrased=any(row.paraphrased for _, row in of_question.rows),
    )
    by_group = _by_group(of_question)
    everyone_known = any(group is None for group, _ in by_group)
    for group, rows in by_group:
        if group is None or not everyone_known:
            item = of_question.id if group is None else f"{of_question.id}, {'='.join(group)}"
            notes.add_answers("text", NOT_ASKED_LEFT_OUT, item, _people(rows, scale.not_asked))
        responses = _responses(of_question, scale, rows, import_options)
        if responses is None:
            name = "=".join(group or ("everyone",))
            notes.add("group", "left out (nobody is counted)", f"{of_question.id}, {name}")
        elif group is None:
            draft.overall = responses
        else:
            draft.responses.setdefault(group[0], {})[group[1]] = responses
    for attribute in draft.responses:
        _check_pairs(of_question, attribute, draft.responses)
    return finished(draft, notes)


def _texts(of_question: _QuestionRows, *, of_refusals: bool) -> tuple[str, ...]:
    texts = (row.option for _, row in of_question.rows if row.refusal == of_refusals and row.option is not None)
    return tuple(dict.fromkeys(texts))


def _values(of_question: _QuestionRows, options: Sequence[str]) -> dict[str, float | None]:
    """Return the ordinal value of each option, None for all, or for those that may stand outside the scale."""
    found: dict[str, float] = {}
    for line, row in of_question.rows:
        if row.option is None or row.refusal or row.ordinal is None:
            continue
        if found.setdefault(row.option, row.ordinal) != row.ordinal:
            raise of_question.fault(line, f"the option {quoted(row.option)} has two ordinals; keep one of them")
    outside = {text for text in options if meaning_of(text) is not None}
    lacking = [text for text in options if text not in found and text not in outside]
    if found and lacking:
        problem = f"the option {quoted(lacking[0])} has no ordinal; give one to each option, or to none"
        raise of_question.fault(of_question.rows[0][0], problem)
    return {text: found.get(text) for text in options}


def _by_group(of_question: _QuestionRows) -> list[tuple[tuple[str, str] | None, list[tuple[int, _CompactRow]]]]:
    """Return the rows of each group, None for everyone, in the order in which the groups first occur."""

    def name(numbered: tuple[int, _CompactRow]) -> tuple[str, str]:
        return numbered[1].group or ("", "")

    names = dict.fromkeys(name(numbered) for numbered in of_question.rows)
    order = {group: place for place, group in enumerate(names)}
    ordered = sorted(of_question.rows, key=lambda numbered: order[name(numbered)])
    return [(rows[0][1].group, rows) for rows in (list(found) for _, found in groupby(ordered, key=name))]


def _people(rows: Sequence[tuple[int, _CompactRow]], texts: Collection[str]) -> dict[str, float]:
    """Return the counts of these texts; none of shares."""
    return {row.option: row.count for _, row in rows if row.option in texts and row.option and row.count}


def _responses(
    of_question: _QuestionRows, scale: Scale, rows: list[tuple[int, _CompactRow]], import_options: ImportOptions
) -> Responses | None:
    first_line, in_counts = rows[0][0], rows[0][1].count is not None
    amounts = _amounts(of_question, rows, weighted=import_options.weighted)
    effective = {row.n_effective for _, row in rows} - {None}
    if len(effective) > 1:
        problem = "a group has two of n_effective; write the same on all of its rows, or on one"
        raise of_question.fault(first_line, problem)
    refused = sum(amounts.get(text, 0.0) for text in (*scale.refusals, ""))
    options = tuple(amounts.get(text, 0.0) for text in scale.options)
    if sum(options) + refused == 0:
        return None
    n_effective = next(iter(effective), None)
    if import_options.weighted and in_counts and n_effective is None:
        problem = "weighted counts need n_effective; add that column, or give proportions"
        raise of_question.fault(first_line, problem)
    not_asked = sum(amounts.get(text, 0.0) for text in scale.not_asked)
    if not in_counts and not_asked:  # shares are of everyone in the table, and a survey has those of everyone asked
        asked = sum(amounts.values()) - not_asked
        options, refused = tuple(share / asked for share in options), refused / asked
    try:
        if in_counts:
            return Responses(counts=options, refused=refused, n_effective=n_effective)
        return Responses(proportions=options, refused=refused, n_effective=n_effective)
    except ValidationError as error:
        raise of_question.fault(first_line, error.errors(include_url=False)[0]["msg"]) from error


def _amounts(of_question: _QuestionRows, rows: list[tuple[int, _CompactRow]], *, weighted: bool) -> dict[str, float]:
    """Return the counts or the shares of a group by option, "" for people who gave no answer at all."""
    in_counts = rows[0][1].count is not None
    amounts: dict[str, float] = {}
    for line, row in rows:
        text = row.option or ""
        if text in amounts:
            raise of_question.fault(line, f"{quoted(text)} occurs twice for one group; keep one of the rows")
        if (row.count is not None) != in_counts:
            raise of_question.fault(line, "a group has counts and proportions; give one kind")
        amounts[text] = row.count if row.count is not None else row.proportion or 0.0
        if row.count is not None and not weighted and not row.count.is_integer():
            advice = "for weighted figures add --weighted and a column n_effective, or give proportions"
            raise of_question.fault(line, f"the count {row.count:g} is not a whole number; {advice}")
    return amounts


def _check_pairs(of_question: _QuestionRows, attribute: str, responses: dict[str, dict[str, Responses]]) -> None:
    """Check that a pair of attributes does not also occur in the other order."""
    try:
        check_attribute(attribute, responses)
    except PydanticCustomError as error:
        raise of_question.fault(of_question.rows[0][0], str(error)) from error
