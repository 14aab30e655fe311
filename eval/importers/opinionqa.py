"""The release of OpinionQA (Santurkar et al. 2023): `human_resp/American_Trends_Panel_W*/`, one folder for each wave.

`info.csv` has the questions, `responses.csv` a row for each respondent: the text of the answer to each question, the
value of each attribute and `WEIGHT_W*`. Answers and values are matched by their text.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from eval.errors import SurveyError
from eval.importers.building import Draft, finished, finished_survey, tidy
from eval.importers.imported import Imported, Notes, Wishes
from eval.importers.question_info import QuestionInfo, read_info
from eval.importers.refusal_texts import parts_fit
from eval.importers.response_table import ResponseTable, read_responses
from eval.importers.wave import topic_and_years
from eval.importers.wave_folders import wave_folders
from eval.surveys.model import MOST_LABELS, MOST_PEOPLE, Question
from eval.surveys.respondents import Codes, Members, Respondents, Wave
from personas import ALL_GROUPS, CATALOGUE, Group
from personas.inputs.files import display_name


def read(path: Path, wishes: Wishes) -> Imported:
    """Read all waves below `path`: the release, its `human_resp`, or the folder of one wave.

    Figures are of everyone and of each of the 60 groups; the respondents go along, for combinations.

    Raises:
        SurveyError: there is no wave with responses, or a file is in another format.
    """
    notes = Notes()
    questions: list[Question] = []
    waves: list[Wave] = []
    people = 0
    for number, folder in wave_folders(path, notes):
        wave, infos = _wave(number, folder, wishes, notes)
        people += len(wave.answers)
        members = {group: wave.members((group,)) for group in ALL_GROUPS if group.attribute in wave.attributes}
        taken = [question for info in infos if (question := _question(info, wave, members, notes))]
        kept = [wave.questions.index(question.id) for question in taken]
        waves.append(_narrowed(wave, kept))
        questions += taken
    if not waves:
        raise SurveyError(f"{display_name(path)}: no wave has a responses.csv; download the OpinionQA data set itself")
    survey = finished_survey(
        questions,
        wishes,
        notes,
        title="OpinionQA",
        source="Pew Research Center, American Trends Panel, as released with OpinionQA (Santurkar et al. 2023)",
        licence="see the terms of Pew Research Center, which bears no responsibility for how its data are used here",
        years=sorted({year for question in questions for year in topic_and_years(question.id)[1]}),
        everyone="Everyone asked",
    )
    found = f"waves: {len(waves)}, respondents: {people}; combinations of groups are computed from their answers"
    return Imported(survey, (found,), notes.lines(), Respondents(tuple(waves)))


def _wave(number: int, folder: Path, wishes: Wishes, notes: Notes) -> tuple[Wave, list[QuestionInfo]]:
    table = read_responses(folder / "responses.csv")
    infos = [info for info in read_info(folder / "info.csv", notes).values() if _can_be_counted(info, table, notes)]
    attributes = tuple(key for key in CATALOGUE if key in table.columns)
    for key in CATALOGUE:
        if key not in attributes:
            notes.add("attributes that a wave does not have", f"{key}, W{number}")
    wave = Wave(
        questions=tuple(info.key for info in infos),
        answers=_side_by_side([_answers(table, info, notes) for info in infos], len(table.rows)),
        attributes=attributes,
        values=_side_by_side([_values(table, key, notes) for key in attributes], len(table.rows)),
        weights=None,
    )
    return (_weighted(wave, table, number, notes) if wishes.weighted else wave), infos


def _can_be_counted(info: QuestionInfo, table: ResponseTable, notes: Notes) -> bool:
    if info.key not in table.columns:
        notes.add("questions skipped (no column in responses.csv)", info.key)
        return False
    if len(info.texts) > MOST_LABELS:
        notes.add(f"questions skipped (more than {MOST_LABELS} options)", info.key)
        return False
    return parts_fit(info.key, info.options, info.refusals, notes)


def _side_by_side(columns: list[Codes], people: int) -> Codes:
    return np.column_stack(columns) if columns else np.empty((people, 0), dtype=np.int8)


def _answers(table: ResponseTable, info: QuestionInfo, notes: Notes) -> Codes:
    refused = len(info.options)
    code_of = {text: place for place, text in enumerate(info.options)} | dict.fromkeys(info.refusals, refused)
    codes, unknown = table.codes(info.key, code_of)
    if unknown:
        notes.add("questions with answers left out (an option that the question does not have)", info.key)
    return codes


def _values(table: ResponseTable, attribute: str, notes: Notes) -> Codes:
    code_of = {value: place for place, value in enumerate(CATALOGUE[attribute].values)}
    codes, unknown = table.codes(attribute, code_of)
    for value in sorted(unknown):
        notes.add("values that are none of the 60 groups (counted among everyone)", f"{attribute}={value}")
    return codes


def _weighted(wave: Wave, table: ResponseTable, number: int, notes: Notes) -> Wave:
    column = f"WEIGHT_W{number}"
    if column not in table.columns:
        raise SurveyError(f"wave W{number} has no column {column}; leave out --weighted")
    weights = table.numbers(column)
    known = np.isfinite(weights) & (weights > 0)
    if not known.all():
        notes.add("waves with respondents left out (they have no weight above 0)", f"W{number}: {int((~known).sum())}")
    with np.errstate(over="ignore"):
        together = weights[known].sum()
    if together > MOST_PEOPLE:
        line = table.lines[int(np.argmax(np.where(known, weights, 0)))]
        problem = f"line {line}: {column}: with this weight, people stand for more than {MOST_PEOPLE} altogether"
        raise SurveyError(f"{display_name(table.path)}: {problem}; correct it, or leave out --weighted")
    return Wave(wave.questions, wave.answers[known], wave.attributes, wave.values[known], weights[known])


def _question(info: QuestionInfo, wave: Wave, members: Mapping[Group, Members], notes: Notes) -> Question | None:
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
            notes.add("groups left out of a question (nobody answered)", f"{info.key}, {group}")
        else:
            draft.responses.setdefault(group.attribute, {})[group.value] = responses
    return finished(draft, notes)


def _narrowed(wave: Wave, columns: list[int]) -> Wave:
    """Return the wave with the questions that were taken over only."""
    questions = tuple(wave.questions[column] for column in columns)
    return Wave(questions, wave.answers[:, columns], wave.attributes, wave.values, wave.weights)
