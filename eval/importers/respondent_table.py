"""A table with a row per person, and the file that says what its columns are (`docs/surveys.md` has the keys).

The figures of everyone and of each group are computed here. The answers person by person are returned with them, for
combinations of groups; they belong into the user's own directory.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as with_changes
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, FiniteFloat, ValidationError, field_validator, model_validator

from eval.errors import SurveyError
from eval.importers.building import (
    NOBODY_ANSWERED,
    Draft,
    ImportOptions,
    ImportResult,
    Notes,
    collapsed,
    finished,
    finished_survey,
)
from eval.importers.reading import read_cells, read_text, wrong_length
from eval.surveys.model import MOST_LABELS, MOST_PEOPLE, Question
from eval.surveys.respondents import NOT_ASKED, Respondents, Wave
from personas import Group
from personas.catalogue import is_own
from personas.inputs.files import display_name
from personas.inputs.models import Line, Prose, StrictModel, broken_rule, explain, faults
from personas.inputs.suggestions import quoted, suggestion
from personas.toml_positions import key_lines, line_of

SCHEMA: Literal["chat-personas/respondents@1"] = "chat-personas/respondents@1"
_WHOLE = re.compile(r"([+-]?)0*(\d+)(?:\.0*)?")
_MOST_TEXTS = 20
_MOST_COLUMNS = 5
_FIXES = {"model_type": "write a table", "dict_type": "write a table [scales.NAME] for each"}

# The file that describes the table


def code_of(cell: str) -> str:
    """Return a cell or a code as it is compared: without blanks around it; 1, 1.0 and 01 are the same number."""
    text = cell.strip()
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        return text
    sign = "-" if whole[1] == "-" and whole[2] != "0" else ""
    return f"{sign}{whole[2]}"


def _as_code(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise broken_rule(f"is {quoted(value)}; write a code as a number, or as text in double quotes")
    return code_of(str(value))


def _as_codes(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else (value,)


def _as_table(key: str) -> BeforeValidator:
    """Let a text stand for a table with only this key."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


Code = Annotated[str, BeforeValidator(_as_code)]
Codes = Annotated[tuple[Code, ...], BeforeValidator(_as_codes), Field(min_length=1)]
ListOfCodes = Annotated[tuple[Code, ...], Field(strict=False)]


class ScaleOption(StrictModel):
    """One substantive answer."""

    text: Line
    """What the respondent chose, in words."""
    code: Codes | None = None
    """What the cells have for it: a code or a list of codes. Left out where the cells have the text itself."""
    ordinal: FiniteFloat | None = None
    """Its place on the scale, for each option or for none; without it 1, 2, 3, ... in their order."""


class ScaleRefusal(StrictModel):
    """One way of declining to answer."""

    text: Line
    """What the respondent said, such as "Don't know"."""
    code: Codes | None = None
    """What the cells have for it, as for an option."""


class Scale(StrictModel):
    """`[scales.NAME]`: the answers that one or more questions have."""

    options: Annotated[tuple[Annotated[ScaleOption, _as_table("text")], ...], Field(strict=False, min_length=2)]
    """The substantive options, from one end of the scale to the other: `{ code = 1, text = "A lot" }`."""
    refusals: Annotated[tuple[Annotated[ScaleRefusal, _as_table("text")], ...], Field(strict=False)] = ()
    """The options that decline to answer: `{ code = 8, text = "Don't know" }`."""
    not_asked: ListOfCodes = ()
    """Codes of people to whom the question was not put. An empty cell is one, unless the code "" is given elsewhere."""
    ordered: bool = True
    """Whether the options have an order; without one there is no alignment, only total variation."""

    @property
    def codes(self) -> dict[str, int]:
        """The place of the option that a code stands for; the number of options for every refusal, -1 for not asked."""
        found = {code: place for place, option in enumerate(self.options) for code in _codes_of(option)}
        found |= {code: len(self.options) for refusal in self.refusals for code in _codes_of(refusal)}
        return {"": NOT_ASKED} | dict.fromkeys(self.not_asked, NOT_ASKED) | found

    @property
    def ordinals(self) -> tuple[float, ...]:
        """The places of the options on the scale; none without an order."""
        if not self.ordered:
            return ()
        given = (option.ordinal for option in self.options)
        return tuple(float(place) if ordinal is None else ordinal for place, ordinal in enumerate(given, start=1))

    @model_validator(mode="after")
    def _is_consistent(self) -> "Scale":
        answers: tuple[ScaleOption | ScaleRefusal, ...] = (*self.options, *self.refusals)
        _check_distinct("code", [*chain(*map(_codes_of, answers)), *self.not_asked])
        _check_distinct("text", [answer.text.casefold() for answer in answers])
        if len(answers) > MOST_LABELS:
            raise broken_rule(f"has {len(answers)} options and refusals; keep to {MOST_LABELS}, one for each letter")
        with_ordinal = sum(option.ordinal is not None for option in self.options)
        if with_ordinal not in (0, len(self.options)):
            raise broken_rule("has options with an ordinal and others without; give one to each option, or to none")
        if with_ordinal and not self.ordered:
            raise broken_rule("has ordinals without an order; remove them, or ordered = false")
        return self


class AskedColumn(StrictModel):
    """`[[questions]]`: a column with the answers to one question."""

    column: str
    """The name of the column, as in the first line of the table."""
    id: Line | None = None
    """The question's id in the survey; the name of the column when left out."""
    stem: Prose
    """The question itself, without the options. It must be understandable alone."""
    topics: Annotated[tuple[Line, ...], Field(strict=False, min_length=1)] = ("general",)
    """What it is about; scores are also averaged by topic."""
    paraphrased: bool = False
    """Whether stem or options differ from the words that the respondents read."""
    scale: Line
    """The name of its answers: `"agree"` for the table `[scales.agree]`."""

    @property
    def key(self) -> str:
        """The question's id."""
        return self.id or collapsed(self.column)


class GroupValue(StrictModel):
    """One value of an attribute."""

    value: Line
    """The value, such as "Democrat"."""
    code: Codes | None = None
    """What the cells have for it: a code or a list of codes. Left out where the cells have the value itself."""
    least: Annotated[FiniteFloat | None, Field(alias="from")] = None
    """In place of codes: the least number, such as 18 for the age group 18-29."""
    most: Annotated[FiniteFloat | None, Field(alias="to")] = None
    """In place of codes: the largest number, itself included."""

    @model_validator(mode="after")
    def _has_codes_or_range(self) -> "GroupValue":
        if self.has_range and self.code is not None:
            raise broken_rule("has a code and a range; keep one of them")
        return self

    @property
    def has_range(self) -> bool:
        """Whether it is given by numbers from a least to a largest."""
        return self.least is not None or self.most is not None

    def covers(self, number: float) -> bool:
        """Return whether a number is in its range."""
        return (self.least is None or self.least <= number) and (self.most is None or number <= self.most)


class GroupColumn(StrictModel):
    """`[[attributes]]`: a column that says which groups people belong to."""

    column: str
    """The name of the column, as in the first line of the table."""
    attribute: Line
    """The attribute: one of the catalogue, such as POLPARTY, or one of your own."""
    values: Annotated[tuple[Annotated[GroupValue, _as_table("value")], ...], Field(strict=False, min_length=1)]
    """Its values: `{ code = 1, value = "Democrat" }`, or `{ from = 18, to = 29, value = "18-29" }`."""
    left_out: ListOfCodes = ()
    """Codes of people whose value is not known, such as refusals; they count among everyone only."""

    @model_validator(mode="after")
    def _is_consistent(self) -> "GroupColumn":
        for each in self.values:
            try:
                Group(attribute=self.attribute, value=each.value)
            except ValidationError as error:
                another = "" if is_own(self.attribute) else " (for values of your own give the attribute another name)"
                raise broken_rule(f"has a fault: {error.errors()[0]['msg']}{another}") from error
        _check_distinct("value", [each.value for each in self.values])
        codes = chain(*(_codes_of(each) for each in self.values if not each.has_range))
        _check_distinct("code", [*codes, *self.left_out])
        return self

    def place_of(self, cell: str) -> int:
        """Return the place of the value that a cell means; -1 if none."""
        code = code_of(cell)
        for place, each in enumerate(self.values):
            if not each.has_range and code in _codes_of(each):
                return place
        number = _number(cell)
        if np.isnan(number) or code in self.left_out:
            return NOT_ASKED
        return next((n for n, each in enumerate(self.values) if each.has_range and each.covers(number)), NOT_ASKED)


class RespondentsSpec(StrictModel):
    """What the columns of a table with a row per person are (schema `chat-personas/respondents@1`, TOML).

    Raises:
        pydantic.ValidationError: a key or a value is not allowed, or the parts do not fit together.
    """

    schema_: Literal["chat-personas/respondents@1"] = Field(alias="schema")
    """Always `"chat-personas/respondents@1"`: the format of the file."""
    title: Line | None = None
    """The survey's title on the screen."""
    source: Line | None = None
    """Who asked which people, and where it was published."""
    licence: Line | None = None
    """What may be done with the figures and with the wording."""
    years: Annotated[tuple[Annotated[int, Field(ge=1800, le=2200)], ...], Field(strict=False)] = ()
    """The years in which people were asked."""
    weight: str | None = None
    """The column with the weight of each person; without it all count the same."""
    scales: Annotated[dict[str, Scale], Field(min_length=1)]
    """The answers that questions have, by name: a table `[scales.NAME]` for each."""
    questions: Annotated[tuple[AskedColumn, ...], Field(strict=False, min_length=1)]
    """The columns with answers: a table `[[questions]]` for each, in the order in which they are asked."""
    attributes: Annotated[tuple[GroupColumn, ...], Field(strict=False)] = ()
    """The columns that say which groups people belong to: a table `[[attributes]]` for each."""

    @field_validator("questions")
    @classmethod
    def _ids_differ(cls, questions: tuple[AskedColumn, ...]) -> tuple[AskedColumn, ...]:
        _check_distinct("id", [question.key for question in questions])
        return questions

    @field_validator("attributes")
    @classmethod
    def _attributes_differ(cls, attributes: tuple[GroupColumn, ...]) -> tuple[GroupColumn, ...]:
        _check_distinct("attribute", [column.attribute for column in attributes])
        return attributes

    @model_validator(mode="after")
    def _scales_are_known(self) -> "RespondentsSpec":
        for place, question in enumerate(self.questions):
            if question.scale not in self.scales:
                problem = f"there is no scale {quoted(question.scale)}; {suggestion(question.scale, self.scales)}"
                raise broken_rule(problem, "questions", place, "scale")
        return self


def _codes_of(answer: ScaleOption | ScaleRefusal | GroupValue) -> tuple[str, ...]:
    text = answer.value if isinstance(answer, GroupValue) else answer.text
    return answer.code or (code_of(text),)


def _check_distinct(what: str, texts: Sequence[str]) -> None:
    repeated, times = Counter(texts).most_common(1)[0] if texts else ("", 0)
    if times > 1:
        raise broken_rule(f"has a duplicate {what} {quoted(repeated)}; keep one of them")


def read_spec(path: Path) -> RespondentsSpec:
    """Read the file that describes a table.

    Raises:
        SurveyError: it cannot be read, or has a fault; the message names the line of the first.
    """
    text = read_text(path)
    try:
        return RespondentsSpec.model_validate(tomllib.loads(text))
    except ValidationError as error:
        lines = key_lines(text)
        found = [(line_of(each.get("ctx", {}).get("key") or each["loc"], lines), each) for each in faults(error)]
        (line, first), *others = sorted(found, key=lambda each: each[0])
        more = f" ({len(others)} more fault{'s' if len(others) > 1 else ''} in the file)" if others else ""
        raise SurveyError(
            f"{display_name(path)}: line {line}: {explain(first, RespondentsSpec, fixes=_FIXES)}{more}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise SurveyError(f"{display_name(path)}: this is not valid TOML ({error}); correct it") from error


# The table


@dataclass(frozen=True, slots=True)
class PeopleTable:
    """The cells of a table by column, in the order of its rows."""

    path: Path
    columns: Mapping[str, Sequence[str]]
    people: int

    def column(self, name: str, what: str) -> Sequence[str]:
        """Return the cells of a column; `what` says what it is for.

        Raises:
            SurveyError: there is no such column; the message names the nearest.
        """
        if name not in self.columns:
            known = suggestion(name, self.columns, "write the name as in the first line of the table")
            raise SurveyError(f"{display_name(self.path)} has no column {quoted(name)} for {what}; {known}")
        return self.columns[name]


def read_people(path: Path) -> PeopleTable:
    """Read a comma-separated table with the names of the columns in its first line.

    Raises:
        SurveyError: it cannot be read, has no rows, or a row has more or fewer cells than there are columns.
    """
    header, numbered = read_cells(path, frozenset())
    if len(header) == 1 and any(sign in header[0] for sign in ";\t"):
        raise SurveyError(f"{display_name(path)}: line 1: there is one column only; separate the columns with commas")
    rows = []
    for line, cells in numbered:
        if len(cells) < len(header):
            raise wrong_length(path, line, len(cells), len(header))
        rows.append(cells)
    if not rows:
        raise SurveyError(f"{display_name(path)}: there is no row below the first line; add a row for each person")
    return PeopleTable(path, dict(zip(header, zip(*rows, strict=True), strict=True)), len(rows))


def _number(cell: str) -> float:
    try:
        return float(cell) if "_" not in cell else float("nan")  # Python would read 1_000 as a number
    except ValueError:
        return float("nan")


@dataclass(slots=True)
class _LeftOut:
    """How often each text was left out of the columns, by reason."""

    _found: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)

    def add(self, reason: str, column: str, texts: Mapping[str, int]) -> None:
        for text, times in texts.items():
            self._found.setdefault(reason, {}).setdefault(text, Counter())[column] += times

    def lines(self) -> Iterator[str]:
        """Yield a line for each reason and text, the most frequent texts first."""
        for reason, by_text in self._found.items():
            ordered = sorted(by_text, key=lambda text: -by_text[text].total())
            for text in ordered[:_MOST_TEXTS]:
                columns = [f"{column} {times}" for column, times in by_text[text].most_common(_MOST_COLUMNS)]
                more = len(by_text[text]) - len(columns)
                listed = ", ".join(columns + [f"{more} more columns"] * (more > 0))
                name = quoted(text) if text else "empty cells,"
                yield f"{reason}: {name} {_times(by_text[text].total())} ({listed})"
            if rest := ordered[_MOST_TEXTS:]:
                yield f"{reason}: {len(rest)} other texts, {_times(sum(by_text[text].total() for text in rest))}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


_NO_OPTION = "answers left out (no option has this code)"
_NO_VALUE = "people in no group of an attribute (no value has this code)"
_UNKNOWN = "people in no group of an attribute (as left_out says)"
_WAS_NOT_ASKED = "counted as not asked"
_NO_WEIGHT = "people left out (no weight above 0)"


def read(path: Path, import_options: ImportOptions) -> ImportResult:
    """Read the table at `path` as the file `import_options.spec` describes it.

    The figures are counts; with a column of weights they are sums of weights, each with the effective number of answers
    after Kish, (sum w)^2 / sum w^2.

    Raises:
        SurveyError: a file has a fault, or they do not fit together; the message names the place and the fix.
    """
    if import_options.spec is None:
        raise SurveyError("a table with a row per person needs a file that describes it; name it with --spec")
    spec = read_spec(import_options.spec)
    if import_options.weighted and spec.weight is None:
        name = display_name(import_options.spec)
        raise SurveyError(f'{name} names no column of weights; add weight = "COLUMN" at the top')
    table = read_people(path)
    left_out, notes = _LeftOut(), Notes()
    wave = _wave(table, spec, left_out)
    questions = list(_questions(wave, spec, notes))
    kept = [wave.questions.index(question.id) for question in questions]
    if not spec.years and not import_options.years:
        notes.add("year", "missing (add --year, or years to the description)", "when people were asked")
    survey = finished_survey(
        questions,
        with_changes(import_options, weighted=spec.weight is not None),
        notes,
        title=spec.title or import_options.name,
        source=spec.source or f"imported from {path.name}",
        licence=spec.licence or "not stated",
        years=spec.years,
    )
    found = f"respondents: {len(wave.answers)} of {table.people}; {_worth(wave)}"
    asked = with_changes(wave, questions=tuple(each.id for each in questions), answers=wave.answers[:, kept])
    return ImportResult(
        survey,
        (found, "combinations of groups are computed from their answers"),
        (*notes.lines(), *left_out.lines()),
        Respondents((asked,)),
    )


def _worth(wave: Wave) -> str:
    if wave.weights is None:
        return "all count the same"
    effective = float(wave.weights.sum()) ** 2 / float((wave.weights**2).sum())
    return f"with their weights they are worth {effective:.0f} of a simple random sample"


def _wave(table: PeopleTable, spec: RespondentsSpec, left_out: _LeftOut) -> Wave:
    """Return everybody's answers, values and weight; people without a weight above 0 are left out."""
    known, weights = np.ones(table.people, dtype=np.bool_), None
    if spec.weight is not None:
        cells = table.column(spec.weight, "the weight")
        all_weights = np.array([_number(cell) for cell in cells], dtype=np.float64)
        known = np.isfinite(all_weights) & (all_weights > 0)
        weights = all_weights[known]
        left_out.add(_NO_WEIGHT, spec.weight, Counter(cell for cell, has in zip(cells, known, strict=True) if not has))
        _check_weights(table.path, spec.weight, weights)
    answers = [_answers(table, asked, spec.scales[asked.scale], known, left_out) for asked in spec.questions]
    values = [_values(table, column, known, left_out) for column in spec.attributes]
    return Wave(
        questions=tuple(asked.key for asked in spec.questions),
        answers=np.column_stack(answers),
        attributes=tuple(column.attribute for column in spec.attributes),
        values=np.column_stack(values) if values else np.empty((int(known.sum()), 0), dtype=np.int16),
        weights=weights,
        own={column.attribute: tuple(each.value for each in column.values) for column in spec.attributes},
    )


def _check_weights(path: Path, column: str, weights: NDArray[np.float64]) -> None:
    if not weights.size:
        raise SurveyError(f"{display_name(path)}: {quoted(column)} has no weight above 0; name the column of weights")
    with np.errstate(over="ignore"):
        together = weights.sum()
    if together > MOST_PEOPLE:
        problem = f"the weights in {quoted(column)} sum to more than {MOST_PEOPLE} people"
        raise SurveyError(f"{display_name(path)}: {problem}; correct the largest, or name another column")


def _answers(
    table: PeopleTable, asked: AskedColumn, scale: Scale, known: NDArray[np.bool_], left_out: _LeftOut
) -> NDArray[np.int8]:
    cells = table.column(asked.column, f"the question {quoted(asked.key)}")
    counted = _counted(cells, known)
    codes = scale.codes
    place_of = {cell: codes.get(code_of(cell), NOT_ASKED) for cell in set(cells)}
    not_asked = {cell: times for cell, times in counted.items() if codes.get(code_of(cell)) == NOT_ASKED}
    left_out.add(_WAS_NOT_ASKED, asked.key, _stripped(not_asked))
    unknown = {cell: times for cell, times in counted.items() if code_of(cell) not in codes}
    left_out.add(_NO_OPTION, asked.key, _stripped(unknown))
    return _placed(cells, place_of, np.int8)[known]


def _values(table: PeopleTable, column: GroupColumn, known: NDArray[np.bool_], left_out: _LeftOut) -> NDArray[np.int16]:
    cells = table.column(column.column, f"the attribute {quoted(column.attribute)}")
    place_of = {cell: column.place_of(cell) for cell in set(cells)}
    for cell, times in _counted(cells, known).items():
        if place_of[cell] == NOT_ASKED:
            expected = code_of(cell) in (*column.left_out, "")
            left_out.add(_UNKNOWN if expected else _NO_VALUE, column.attribute, {cell.strip(): times})
    return _placed(cells, place_of, np.int16)[known]


def _counted(cells: Sequence[str], known: NDArray[np.bool_]) -> Counter[str]:
    return Counter(cells) if known.all() else Counter(np.array(cells, dtype=object)[known].tolist())


def _stripped(counted: Mapping[str, int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for cell, times in counted.items():
        found[cell.strip()] += times
    return found


def _placed(cells: Iterable[str], place_of: Mapping[str, int], kind: type[np.signedinteger[Any]]) -> NDArray[Any]:
    return np.fromiter(map(place_of.__getitem__, cells), dtype=kind)


def _questions(wave: Wave, spec: RespondentsSpec, notes: Notes) -> Iterator[Question]:
    """Yield the questions with the figures of everyone and of each group; those that nobody answered are noted."""
    groups = [Group(attribute=each.attribute, value=one.value) for each in spec.attributes for one in each.values]
    everyone, members = wave.members(()), {group: wave.members((group,)) for group in groups}
    for column, asked in enumerate(spec.questions):
        scale = spec.scales[asked.scale]
        draft = Draft(
            id=asked.key,
            stem=asked.stem,
            topics=asked.topics,
            options=tuple(option.text for option in scale.options),
            refusals=tuple(refusal.text for refusal in scale.refusals),
            ordinals=scale.ordinals,
            paraphrased=asked.paraphrased,
            overall=wave.responses(column, len(scale.options), everyone),
        )
        for group, belong in members.items():
            responses = wave.responses(column, len(scale.options), belong)
            if responses is None:
                notes.add("group", NOBODY_ANSWERED, f"{asked.key}, {group}")
            else:
                draft.responses.setdefault(group.attribute, {})[group.value] = responses
        question = finished(draft, notes)
        if question is not None:
            yield question
