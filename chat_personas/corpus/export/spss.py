"""A data file for SPSS (`spss`): a row for each participation, which R, Stata, JASP and pandas read as well.

In it are the answers to questionnaires, guesses, and how the conversation went. Options are numbers with their texts as
value labels, in the order of the instrument. "Prefer not to say" and "not asked" are two user-missing codes, -98 and
-99, of numbers and texts alike (with more digits where somebody gave such a number). An alignment is there only where
its verdict is sound. The table is made in memory: it has a row a person, not one a message.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from chat_personas.corpus.export.format import PARTICIPATION, FileFormat
from chat_personas.corpus.export.source import Source, TakenPart
from chat_personas.corpus.messages import turns_of
from chat_personas.corpus.rows import ConversationRow, MessageRow
from chat_personas.corpus.study_rows import AnswerRow
from chat_personas.surveys import find_survey
from eval.errors import SurveyError
from personas.catalogue import CATALOGUE

UNDERSTANDING = "understanding"
"""The instrument of felt understanding, of whose items the mean is taken."""
PEOPLE = "{people}"
"""What stands in the text of an item for the people of the participant's condition."""
SOUND = "sound"
DECLINED_LABEL, NOT_ASKED_LABEL = "prefer not to say", "not asked"

_MOST_IN_A_NAME, _MOST_IN_A_LABEL, _MOST_IN_A_VALUE_LABEL = 64, 256, 120
"""Bytes that SPSS takes."""
_RESERVED = frozenset({"all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"})
_LEAST_MISSING = -98.0

Cell = float | str | None
"""A number, a text, or nothing; a text cannot be nothing, and is empty then."""


@dataclass(slots=True)
class _Variable:
    """A column: its label, its values by row, and what the values mean. `missing`: it has the two missing codes.

    `codes` are those of the options of a choice, in the order of their numbers.
    """

    label: str
    measure: str
    text: bool = False
    missing: bool = False
    values: dict[int, Cell] = field(default_factory=dict)
    labels: dict[float, str] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    declined: set[int] = field(default_factory=set)

    def number(self, code: str, text: str) -> float:
        """Return the number of an option, which is a new one where the option is new."""
        if code not in self.codes:
            self.codes.append(code)
            self.labels[float(len(self.codes))] = text
        return float(self.codes.index(code) + 1)


class _Table:
    """The variables in their order, by what they are of, and the names that SPSS allows for them."""

    def __init__(self) -> None:
        self.rows = 0
        self.people: dict[tuple[str, ...], set[str]] = {}
        """What `{people}` stood for where an item was read, by what its variables are of."""
        self.variables: dict[str, _Variable] = {}
        self._names: dict[tuple[str, ...], str] = {}
        self._declined: list[tuple[tuple[str, ...], str, int]] = []

    def variable(self, *of: str, make: Callable[[], _Variable]) -> _Variable:
        """Return the variable of something, made where it is new."""
        if of not in self._names:
            self._names[of] = _free_name("_".join(of), self.variables)
            self.variables[self._names[of]] = make()
        return self.variables[self._names[of]]

    def decline(self, *of: str, label: str) -> None:
        """Note that the person of the row in hand preferred not to say something, whatever kind of answer it is."""
        self._declined.append((of, label, self.rows))

    def settle(self) -> None:
        """Put what was declined where others answered; where nobody did, it is a text. Say in labels who was meant."""
        for of, label, row in self._declined:
            name = of if of in self._names else (*of, "text")
            self.variable(*name, make=_asked(label, "nominal", text=True)).declined.add(row)
        for key, called_so in self._names.items():
            variable, called = self.variables[called_so], sorted(self.people.get(key[:3], ()))
            by_condition = " (by condition)" if len(called) > 1 else ""
            variable.label = variable.label.replace(PEOPLE, f"{' or '.join(called) or 'the people'}{by_condition}")

    def put(self, name: str, value: Cell, label: str, *, measure: str = "nominal", text: bool = False) -> None:
        """Put a value of the row in hand that was not asked of anybody."""
        variable = self.variable(name, make=lambda: _Variable(label, measure, text=text))
        variable.values[self.rows] = value


def _write(source: Source, file: Path) -> int:
    import pandas
    import pyreadstat

    table = _filled(source)
    declined, not_asked = _missing_codes(table)
    names = list(table.variables)
    columns = {
        name: pandas.Series(
            _column(table, name, declined, not_asked), dtype="str" if table.variables[name].text else "float64"
        )
        for name in names
    }
    asked = {name: variable for name, variable in table.variables.items() if variable.missing}
    pyreadstat.write_sav(
        pandas.DataFrame(columns),
        str(file),
        file_label="chat-personas: participations",
        note=_notes(source),
        column_labels={name: _cut(table.variables[name].label, _MOST_IN_A_LABEL) for name in names},
        variable_value_labels={
            name: _value_labels(variable, declined, not_asked)
            for name, variable in table.variables.items()
            if variable.missing or variable.labels
        },
        missing_ranges={
            name: [f"{declined:g}", f"{not_asked:g}"] if variable.text else [declined, not_asked]
            for name, variable in asked.items()
        },
        variable_measure={name: "nominal" if one.text else one.measure for name, one in table.variables.items()},
        row_compress=True,
    )
    return table.rows


def _notes(source: Source) -> list[str]:
    people, model = (licence or "not stated" for licence in (source.terms.licence_people, source.terms.licence_model))
    return [f"Licence of people's words: {people}.", f"Licence of the model's words: {model}."]


def _filled(source: Source) -> _Table:
    """Return the table of all participations."""
    talked: dict[str, Mapping[str, tuple[Cell, str]]] = {}
    for conversation in source.conversations():
        if source.participant() is None:
            source.held.left += 1
        elif said := source.dialogue(conversation):
            talked[conversation.id] = dict(_talked(source, conversation, said))
    table, options = _Table(), cache(_options_of_survey)
    for part in source.participations():
        _add_frame(table, part)
        for name, (value, label) in talked.get(part.conversation_id or "", {}).items():
            table.put(name, value, label, measure="scale", text=isinstance(value, str))
        definition, people = _instruments(part.study.definition), _people(part)
        for answer in sorted(part.answers, key=lambda row: row.answered_at):
            _add_answer(table, answer, definition.get((answer.instrument, answer.item), {}), people)
        _add_felt(table, part.answers)
        for guess in sorted(part.guesses, key=lambda row: row.guessed_at):
            for place, share in enumerate(guess.shares, start=1):
                when = guess.stage.removeprefix("guesses_")
                texts = options(part.study.definition).get(guess.question, ())
                text = f": {texts[place - 1]}" if len(texts) == len(guess.shares) else ""
                label = f"guessed {when}: share of option {place} of {guess.question}{text}"
                of = ("guess", when, guess.question, str(place))
                table.variable(*of, make=_asked(label, "scale")).values[table.rows] = share
        table.rows += 1
    table.settle()
    return table


def _add_frame(table: _Table, part: TakenPart) -> None:
    """Add who took part, in what, and for how long."""
    way, person = part.way, part.person
    table.put("participant", person.id, "participant (pseudonym of this release)", text=True)
    table.put("participation", way.id, "participation (pseudonym of this release)", text=True)
    table.put("study", part.study.name, "study", text=True)
    table.put("condition", way.condition or "", "condition", text=True)
    table.put("status", way.status, "how the participation ended", text=True)
    table.put("scope", part.scope, "what the person agreed to", text=True)
    table.put("adult", None if person.adult is None else float(person.adult), "said to be of age (1 yes, 0 no)")
    table.put("recruited_by", person.recruited_by or "", "how the person was found", text=True)
    table.put("day", way.started_at.strftime("%Y-%m-%d"), "day on which it began (UTC)", text=True)
    seconds = None if way.ended_at is None else (way.ended_at - way.started_at).total_seconds()
    table.put("seconds", seconds, "seconds from beginning to end", measure="scale")


def _talked(
    source: Source, conversation: ConversationRow, said: Sequence[MessageRow]
) -> Iterator[tuple[str, tuple[Cell, str]]]:
    """Yield what is known of a conversation: each with the name of its variable, and its label."""
    turns = turns_of(said)
    yield "persona", (conversation.persona_name, "persona")
    yield "model", (conversation.model, "model with which the conversation began")
    asked = "how that model was asked (plain: as a base model)"
    yield "prompt_format", (conversation.prompt_format or "", asked)
    yield "turns", (float(max(turns.values())), "turns of the conversation")
    words = sum(len(message.text.split()) for message in said if message.author == "person")
    yield "words", (float(words), "words of the person in the conversation")
    whole = (row for row in source.measurements(conversation.id) if row.message_id in turns and row.complete)
    newest = {row.message_id: row for row in whole}  # a message that was measured twice counts once
    rounds = sorted(newest.values(), key=lambda row: turns[row.message_id])
    if rounds:
        for name, row in (("first", rounds[0]), ("last", rounds[-1])):
            sound = row.alignment if row.verdict == SOUND else None
            yield f"alignment_{name}", (sound, f"alignment with the group, {name} measurement, where it is sound")
            yield f"verdict_{name}", (row.verdict or "", f"verdict of the {name} measurement")
            yield f"alignment_{name}_turn", (float(turns[row.message_id]), f"turn of the {name} measurement")


def _instruments(definition: str) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """Return the items of a study's instruments as its file has them, by instrument and item."""
    instruments = json.loads(definition).get("instruments", {})
    return {
        (name, item["id"]): item for name, instrument in instruments.items() for item in instrument.get("items", ())
    }


def _people(part: TakenPart) -> str | None:
    """Return what the people of a participant's condition are called, such as Democrats; None where it is not said."""
    conditions = json.loads(part.study.definition).get("study", {}).get("conditions", ())
    called = (each.get("people") for each in conditions if each.get("name") == part.way.condition)
    return next(called, None)


def _options_of_survey(definition: str) -> Mapping[str, Sequence[str]]:
    """Return the texts of the options by question of a study's survey; none where it is not here as it was then."""
    recorded = json.loads(definition).get("survey", {})
    try:
        survey = find_survey(recorded.get("name", ""))
    except SurveyError:
        return {}
    if survey.sha256 != recorded.get("sha256"):
        return {}
    return {question.id: question.option_texts for question in survey.survey.questions}


def _asked(label: str, measure: str, *, text: bool = False) -> Callable[[], _Variable]:
    return lambda: _Variable(label, measure, text=text, missing=True)


def _add_answer(table: _Table, answer: AnswerRow, item: Mapping[str, Any], people: str | None) -> None:
    """Add an answer: a choice as the number of its option, a number as it is, words as a text."""
    label = f"{item.get('text') or f'{answer.instrument}: {answer.item}'} ({answer.stage})"
    of = (answer.stage, answer.instrument, answer.item)
    if people is not None:
        table.people.setdefault(of, set()).add(people)
    value: Cell
    if answer.options or answer.code is not None:
        variable = table.variable(*of, make=_asked(label, "nominal"))
        numbers = {code: variable.number(code, text) for code, text in _options(answer, item)}
        value = None if answer.code is None else numbers[answer.code]
    elif answer.value is not None or item.get("kind") in ("scale", "number"):
        variable, value = table.variable(*of, make=_asked(label, "scale")), answer.value
        for end in ("low", "high"):
            if item.get(end) is not None and item.get(f"{end}_label"):
                variable.labels[float(item[end])] = item[f"{end}_label"]
    elif not answer.declined:
        variable, value = table.variable(*of, "text", make=_asked(label, "nominal", text=True)), answer.said
    if answer.declined:
        table.decline(*of, label=label)
    elif value is not None:
        variable.values[table.rows] = value


def _options(answer: AnswerRow, item: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the options of a choice with their texts, as the instrument, the catalogue or the alphabet has them."""
    codes = {*answer.options, *([answer.code] if answer.code is not None else [])}
    options = [(option["code"], option["text"]) for option in item.get("options", ())]
    if options and codes <= {code for code, _ in options}:
        return options
    attribute = CATALOGUE.get(answer.attribute or "")
    if attribute is not None and codes <= set(attribute.values):
        return list(zip(attribute.values, attribute.labels, strict=True))
    return [(code, answer.said if code == answer.code and answer.said else code) for code in sorted(codes)]


def _add_felt(table: _Table, answers: Sequence[AnswerRow]) -> None:
    """Add felt understanding: the mean of the items of its instrument that were answered, for each stage."""
    felt: dict[str, list[float]] = {}
    for answer in answers:
        if answer.instrument == UNDERSTANDING and answer.value is not None:
            felt.setdefault(answer.stage, []).append(answer.value)
    for stage, values in felt.items():
        label = f"felt understanding ({stage}): mean of its items"
        variable = table.variable("felt", stage, make=_asked(label, "scale"))
        variable.values[table.rows] = sum(values) / len(values)


def _missing_codes(table: _Table) -> tuple[float, float]:
    """Return the codes for declined and not asked: numbers that nobody gave."""
    given = {value for variable in table.variables.values() for value in variable.values.values()}
    code = _LEAST_MISSING
    while {code, code - 1, f"{code:g}", f"{code - 1:g}"} & given:
        code = code * 10 - 18  # -98, -998, -9998
    return code, code - 1


def _column(table: _Table, name: str, declined: float, not_asked: float) -> list[Cell]:
    """Return the values of a variable, row by row."""
    variable = table.variables[name]

    def cell(row: int) -> Cell:
        if variable.missing and row not in variable.values:
            code = declined if row in variable.declined else not_asked
            return f"{code:g}" if variable.text else code
        value = variable.values.get(row)
        return "" if variable.text and value is None else value

    return [cell(row) for row in range(table.rows)]


def _value_labels(variable: _Variable, declined: float, not_asked: float) -> dict[Any, str]:
    labels: dict[Any, str] = {value: _cut(text, _MOST_IN_A_VALUE_LABEL) for value, text in variable.labels.items()}
    if variable.missing:
        for code, text in ((declined, DECLINED_LABEL), (not_asked, NOT_ASKED_LABEL)):
            labels[f"{code:g}" if variable.text else code] = text
    return labels


def _free_name(wanted: str, taken: Mapping[str, object]) -> str:
    """Return a name that SPSS allows and that no other variable has; capitals do not tell names apart there."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", wanted).strip("_")[: _MOST_IN_A_NAME - 4]
    if not name or not name[0].isalpha() or name.lower() in _RESERVED:
        name = f"v_{name}"
    others = {other.lower() for other in taken}
    number, free = 2, name
    while free.lower() in others:
        number, free = number + 1, f"{name}_{number}"
    return free


def _cut(text: str, most: int) -> str:
    """Return a text in one line that takes no more bytes than SPSS keeps."""
    return " ".join(text.split()).encode()[:most].decode(errors="ignore")


FORMAT = FileFormat(
    name="spss",
    summary="participations for SPSS, R and Stata (.sav)",
    for_whom="SPSS, and R, Stata, JASP",
    ending=".sav",
    leaves_out=(
        "everything that is said in conversations; thoughts; measurements between the first and the last; "
        "single probes; ratings; how messages were typed"
    ),
    unit=PARTICIPATION,
    holds="a participation in a study",
    needs=("pyreadstat", "pandas"),
    write=_write,
    tells_authors=True,
)
