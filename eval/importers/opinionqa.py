"""The release of OpinionQA (Santurkar et al. 2023): `human_resp/American_Trends_Panel_W*/`, one folder for each wave.

`info.csv` has the questions. `responses.csv` has a row for each respondent: the text of the answer to each question,
the value of each attribute and `WEIGHT_W*`. Answers and values are matched by their text.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    tidy,
)
from eval.importers.markup import bare
from eval.importers.missing_codes import NOT_ASKED_LEFT_OUT
from eval.importers.opinionqa_waves import PanelQuestion, on_its_scale, read_info, topic_and_years, years_of
from eval.importers.reading import number_of, read_cells, wrong_length
from eval.importers.refusal_texts import is_blank, was_not_asked
from eval.surveys.model import MOST_LABELS, MOST_PEOPLE, Question
from eval.surveys.respondents import NOT_ASKED, Codes, Members, Respondents, Wave
from personas import ALL_GROUPS, CATALOGUE, Group
from personas.inputs.files import display_name, is_directory

_FOLDER = re.compile(r"(?:Pew_)?American_Trends_Panel_W(\d+)")
_INSIDE = ("human_resp", "data/human_resp")
_FILES = ("info.csv", "responses.csv")


def read(path: Path, import_options: ImportOptions) -> ImportResult:
    """Read all waves below `path`: the release, its `human_resp`, or the folder of one wave.

    The survey has the figures of everyone and of each of the 60 groups; the respondents are returned with it, for
    combinations of groups.

    Raises:
        SurveyError: there is no wave with responses, or a file has another format.
    """
    notes = Notes()
    questions: list[Question] = []
    waves: list[Wave] = []
    people = 0
    for number, folder in wave_folders(path, notes):
        wave, infos = _wave(number, folder, import_options, notes)
        people += len(wave.answers)
        members = {group: wave.members((group,)) for group in ALL_GROUPS if group.attribute in wave.attributes}
        of_wave = [question for info in infos if (question := _question(info, wave, members, notes))]
        waves.append(_with_questions(wave, [wave.questions.index(question.id) for question in of_wave]))
        questions += of_wave
    if not waves:
        raise SurveyError(f"{display_name(path)}: no wave has a responses.csv; download the OpinionQA data set itself")
    survey = finished_survey(
        questions,
        import_options,
        notes,
        title="OpinionQA",
        source="Pew Research Center, American Trends Panel, as released with OpinionQA (Santurkar et al. 2023)",
        licence="see the terms of Pew Research Center, which bears no responsibility for how its data are used here",
        years=years_of(questions),
    )
    found = f"waves: {len(waves)}, respondents: {people}; combinations of groups are computed from their answers"
    return ImportResult(survey, (found,), notes.lines(), Respondents(tuple(waves)))


def wave_folders(path: Path, notes: Notes) -> list[tuple[int, Path]]:
    """Return number and folder of each wave below `path`, in the order of their numbers.

    Folders that lack a file are left out, with a note.

    Raises:
        SurveyError: there is no folder of a wave, or a wave has two complete folders, which may differ.
    """
    if not is_directory(path):
        raise SurveyError(f"{display_name(path)} is not a folder; name the one that has human_resp in it")
    found = _folders(path)
    if not found:
        raise SurveyError(f"{display_name(path)} has no folder American_Trends_Panel_W...; name human_resp")
    complete: dict[int, Path] = {}
    for number, folder in found:
        lacking = next((name for name in _FILES if not (folder / name).is_file()), None)
        if lacking:
            notes.add("wave", f"skipped (no {lacking})", _wave_name(number, folder, found))
        elif number in complete:
            both = " and ".join(str(each.relative_to(path)) for each in (complete[number], folder))
            raise SurveyError(
                f"{display_name(path)} has wave W{number} twice, in {both}; name the folder with one of them"
            )
        else:
            complete[number] = folder
    return sorted(complete.items())


def _folders(path: Path) -> list[tuple[int, Path]]:
    """Return the folders that are named like a wave's, each once even if several links lead to it."""
    places = [path, *(path / inside for inside in _INSIDE)]
    candidates = [path] if _FOLDER.fullmatch(path.resolve().name) else []
    candidates += [found for place in places if place.is_dir() for found in sorted(place.iterdir()) if found.is_dir()]
    distinct = {folder.resolve(): folder for folder in reversed(candidates)}
    numbered = [(match, folder) for real, folder in distinct.items() if (match := _FOLDER.fullmatch(real.name))]
    return sorted(((int(match.group(1)), folder) for match, folder in numbered), key=lambda found: (found[0], found[1]))


def _wave_name(number: int, folder: Path, found: list[tuple[int, Path]]) -> str:
    alone = sum(other == number for other, _ in found) == 1
    return f"W{number}" if alone else f"W{number} in {folder.parent.name}/{folder.name}"


@dataclass(frozen=True, slots=True)
class ResponseTable:
    """A `responses.csv`: the place of each column by name, and the cells and the line of each row."""

    path: Path
    columns: Mapping[str, int]
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]

    def codes(self, column: str, code_of: Mapping[str, int]) -> tuple[Codes, dict[str, int]]:
        """Return the code of each cell of a column, -1 for a text without a code, and how many cells have which.

        Cells are counted by text for those without a code. Texts are the same whatever their typography and HTML.
        """
        place = self.columns[column]
        cells = Counter(row[place].strip() for row in self.rows)
        known = {bare(text): code for text, code in code_of.items()}
        code_of_cell = {cell: known.get(bare(cell), NOT_ASKED) for cell in cells}
        codes = np.fromiter((code_of_cell[row[place].strip()] for row in self.rows), np.int8, count=len(self.rows))
        unknown = {cell: number for cell, number in cells.items() if code_of_cell[cell] == NOT_ASKED}
        return codes, {cell: number for cell, number in unknown.items() if not is_blank(cell)}

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return the number in each cell of a column, NaN if it has none."""
        place = self.columns[column]
        return np.array([number_of(row[place]) for row in self.rows], dtype=np.float64)


def read_responses(path: Path) -> ResponseTable:
    """Read a `responses.csv`.

    Raises:
        SurveyError: it cannot be read, a column occurs twice, or a row has more or fewer cells than there are columns,
            so that cells may belong to another question; the message names the line.
    """
    header, numbered = read_cells(path, frozenset())
    rows, lines = [], []
    for line, cells in numbered:
        if len(cells) < len(header):
            raise wrong_length(path, line, len(cells), len(header))
        rows.append(cells)
        lines.append(line)
    return ResponseTable(path, {name: place for place, name in enumerate(header)}, rows, lines)


def _wave(number: int, folder: Path, import_options: ImportOptions, notes: Notes) -> tuple[Wave, list[PanelQuestion]]:
    table = read_responses(folder / "responses.csv")
    written = [info for info in read_info(folder / "info.csv", notes).values() if _can_be_counted(info, table, notes)]
    infos = [info for each in written if (info := on_its_scale(each, notes, import_options.refusals)) is not None]
    attributes = tuple(key for key in CATALOGUE if key in table.columns)
    for key in CATALOGUE:
        if key not in attributes:
            notes.add("attribute", "that a wave does not have", f"{key}, W{number}")
    wave = Wave(
        questions=tuple(info.key for info in infos),
        answers=_side_by_side([_answers(table, info, notes) for info in infos], len(table.rows)),
        attributes=attributes,
        values=_side_by_side([_values(table, key, notes) for key in attributes], len(table.rows)),
        weights=None,
    )
    return (_weighted(wave, table, number, notes) if import_options.weighted else wave), infos


def _can_be_counted(info: PanelQuestion, table: ResponseTable, notes: Notes) -> bool:
    if info.key not in table.columns:
        notes.add("question", "skipped (no column in responses.csv)", info.key)
        return False
    if len(info.texts) > MOST_LABELS:
        notes.add("question", f"skipped (more than {MOST_LABELS} options)", info.key)
        return False
    return True


def _side_by_side(columns: list[Codes], people: int) -> Codes:
    return np.column_stack(columns) if columns else np.empty((people, 0), dtype=np.int8)


def _answers(table: ResponseTable, info: PanelQuestion, notes: Notes) -> Codes:
    refused = len(info.options)
    code_of = {text: place for place, text in enumerate(info.options)} | dict.fromkeys(info.refusals, refused)
    codes, unknown = table.codes(info.key, code_of)
    known = set(map(bare, info.not_asked))
    not_asked = {text: number for text, number in unknown.items() if bare(text) in known or was_not_asked(text)}
    notes.add_answers("text", NOT_ASKED_LEFT_OUT, info.key, not_asked)
    others = {text: number for text, number in unknown.items() if text not in not_asked}
    notes.add_answers("text", "left out (an option that the question does not have)", info.key, others)
    return codes


def _values(table: ResponseTable, attribute: str, notes: Notes) -> Codes:
    code_of = {value: place for place, value in enumerate(CATALOGUE[attribute].values)}
    codes, unknown = table.codes(attribute, code_of)
    for value in sorted(unknown):
        notes.add("value", "outside the 60 groups (counted among everyone)", f"{attribute}={value}")
    return codes


def _weighted(wave: Wave, table: ResponseTable, number: int, notes: Notes) -> Wave:
    column = f"WEIGHT_W{number}"
    if column not in table.columns:
        raise SurveyError(f"wave W{number} has no column {column}; leave out --weighted")
    weights = table.numbers(column)
    known = np.isfinite(weights) & (weights > 0)
    if not known.all():
        notes.add("wave", "with respondents left out (no weight above 0)", f"W{number}: {int((~known).sum())}")
    with np.errstate(over="ignore"):
        together = weights[known].sum()
    if together > MOST_PEOPLE:
        line = table.lines[int(np.argmax(np.where(known, weights, 0)))]
        problem = f"line {line}: {column}: with this weight, respondents stand for more than {MOST_PEOPLE} people"
        raise SurveyError(f"{display_name(table.path)}: {problem}; correct it, or leave out --weighted")
    return Wave(wave.questions, wave.answers[known], wave.attributes, wave.values[known], weights[known])


def _question(info: PanelQuestion, wave: Wave, members: Mapping[Group, Members], notes: Notes) -> Question | None:
    column, options = wave.questions.index(info.key), len(info.options)
    draft = Draft(
        id=info.key,
        stem=tidy(info.stem),
        topics=topic_and_years(info.key)[0],
        options=info.options,
        refusals=info.refusals,
        ordinals=info.ordinals,
        overall=wave.responses(column, options, wave.members(())),
    )
    for group, belong in members.items():
        responses = wave.responses(column, options, belong)
        if responses is None:
            notes.add("group", NOBODY_ANSWERED, f"{info.key}, {group}")
        else:
            draft.responses.setdefault(group.attribute, {})[group.value] = responses
    return finished(draft, notes)


def _with_questions(wave: Wave, columns: list[int]) -> Wave:
    """Return the wave with only the questions in these columns."""
    questions = tuple(wave.questions[column] for column in columns)
    return Wave(questions, wave.answers[:, columns], wave.attributes, wave.values, wave.weights)
