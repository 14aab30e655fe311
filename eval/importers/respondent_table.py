"""A table with a row per person, read as its description says.

The figures of everyone and of each group are computed here. The answers person by person are returned with them, for
combinations of groups; they belong into the user's own directory.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as with_changes
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.errors import SurveyError
from eval.importers.building import (
    NOBODY_ANSWERED,
    Draft,
    ImportOptions,
    ImportResult,
    Notes,
    finished,
    finished_survey,
)
from eval.importers.reading import number_of, read_cells, wrong_length
from eval.importers.respondent_spec import (
    AskedColumn,
    GroupColumn,
    RespondentsSpec,
    Scale,
    code_of,
    read_spec,
)
from eval.surveys.model import MOST_PEOPLE, Question
from eval.surveys.respondents import NOT_ASKED, Respondents, Wave
from personas import Group
from personas.inputs.files import display_name
from personas.inputs.suggestions import quoted, suggestion

_MOST_TEXTS = 20
_MOST_COLUMNS = 5


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
    if import_options.refusals == "options":
        raise SurveyError("the description of a table says what refusals are; list them under options, ordered = false")
    spec = read_spec(import_options.spec)
    if import_options.weighted and spec.weight is None:
        name = display_name(import_options.spec)
        raise SurveyError(f'{name} names no column of weights; add weight = "COLUMN" at the top')
    return survey_of(read_people(path), spec, import_options)


def survey_of(table: PeopleTable, spec: RespondentsSpec, import_options: ImportOptions) -> ImportResult:
    """Return the survey of a table whose columns are what `spec` says, with the answers person by person.

    Raises:
        SurveyError: they do not fit together; the message names the place and the fix.
    """
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
        source=spec.source or f"imported from {table.path.name}",
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
        all_weights = np.array([number_of(cell) for cell in cells], dtype=np.float64)
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
