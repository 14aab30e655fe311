"""The mapping of an SPSS or Stata file to a survey: which variables are questions, groups and the weight (TOML).

The file has the labels, so a mapping only names codes. With it the file is read as a table with a row per person. A
first guess of a mapping is written from the labels and the codes, for a person to correct.
"""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, FiniteFloat, ValidationError, model_validator

from eval.errors import SurveyError
from eval.importers.building import ImportOptions, ImportResult, collapsed
from eval.importers.labelled_file import LabelledFile, Variable, open_labelled
from eval.importers.reading import number_of, read_text
from eval.importers.refusal_texts import declines, was_not_asked
from eval.importers.respondent_guess import (
    MOST_OPTIONS,
    age_groups,
    attribute_meant,
    in_known_order,
    is_weight_name,
    toml_code,
    toml_text,
)
from eval.importers.respondent_spec import SCHEMA as RESPONDENTS
from eval.importers.respondent_spec import (
    AskedColumn,
    Codes,
    GroupColumn,
    GroupValue,
    ListOfCodes,
    RespondentsSpec,
    Scale,
    as_table,
    check_distinct,
    code_of,
)
from eval.importers.respondent_table import PeopleTable, survey_of
from personas import CATALOGUE
from personas.inputs.files import display_name
from personas.inputs.models import Line, Prose, StrictModel
from personas.inputs.suggestions import nearest, quoted
from personas.inputs.toml_text import parse_toml

SCHEMA: Literal["chat-personas/survey-mapping@1"] = "chat-personas/survey-mapping@1"
_CODE_ALONE = BeforeValidator(lambda value: value if isinstance(value, dict) else {"code": value})
"""A code alone, such as 1, stands for a table with only that."""
_LEAST_AGE = 18
"""From this number on, a code of an age that has no label is the age itself."""
_FIXES = {"model_type": "write a table", "int_parsing": "write a whole number, without quotes"}


class MappedOption(StrictModel):
    """One substantive answer."""

    code: Codes
    """Its code in the file, or a list of codes; a missing value of Stata is `".a"`."""
    text: Line | None = None
    """What the respondent chose, in words; the file's label of the code when left out."""
    ordinal: FiniteFloat | None = None
    """Its place on the scale, for each option or for none; without it 1, 2, 3, ... in their order."""


class MappedQuestion(StrictModel):
    """`[[questions]]`: a variable with the answers to one question."""

    variable: str
    """The name of the variable, as the file has it."""
    id: Line | None = None
    """The question's id in the survey; the name of the variable when left out."""
    stem: Prose | None = None
    """The question itself, without the options; the file's label of the variable when left out."""
    topics: Annotated[tuple[Line, ...], Field(strict=False, min_length=1)] = ("general",)
    """What it is about; scores are also averaged by topic."""
    paraphrased: bool = False
    """Whether stem or options differ from the words that the respondents read."""
    options: Annotated[tuple[Annotated[MappedOption, _CODE_ALONE], ...], Field(strict=False, min_length=2)]
    """The codes of the substantive options, from one end of the scale to the other: `[1, 2, 3]`."""
    refusals: Annotated[tuple[Annotated[MappedOption, _CODE_ALONE], ...], Field(strict=False)] = ()
    """The codes that decline to answer: `[8, 9]`."""
    not_asked: ListOfCodes = ()
    """Codes of people to whom the question was not put; so are all others that the file calls missing."""
    ordered: bool = True
    """Whether the options have an order; without one there is no alignment, only total variation."""

    @property
    def key(self) -> str:
        """The question's id."""
        return self.id or collapsed(self.variable)


class MappedGroups(StrictModel):
    """`[[groups]]`: a variable that says which groups people belong to."""

    variable: str
    """The name of the variable, as the file has it."""
    attribute: Line
    """The attribute: one of the catalogue, such as POLPARTY, or one of your own."""
    values: Annotated[tuple[Annotated[GroupValue, as_table("value")], ...], Field(strict=False, min_length=1)]
    """Its values: `{ code = 1, value = "Democrat" }`, or `{ from = 18, to = 29, value = "18-29" }`."""
    left_out: ListOfCodes = ()
    """Codes of people whose value is not known; so are all others that the file calls missing."""

    @model_validator(mode="after")
    def _is_consistent(self) -> "MappedGroups":
        self.column(())
        return self

    def column(self, missing: Iterable[str]) -> GroupColumn:
        """Return what a table's description has for it; `missing` are the codes that the file calls missing."""
        named = {code for each in self.values for code in each.code or ()}
        left_out = dict.fromkeys([*self.left_out, *(code for code in missing if code not in named)])
        return GroupColumn(column=self.variable, attribute=self.attribute, values=self.values, left_out=tuple(left_out))


class SurveyMapping(StrictModel):
    """What the variables of an SPSS or Stata file are (schema `chat-personas/survey-mapping@1`, TOML).

    Raises:
        pydantic.ValidationError: a key or a value is not allowed, or the parts do not fit together.
    """

    schema_: Literal["chat-personas/survey-mapping@1"] = Field(alias="schema")
    """Always `"chat-personas/survey-mapping@1"`: the format of the file."""
    title: Line | None = None
    """The survey's title on the screen; the file's label when left out."""
    source: Line | None = None
    """Who asked which people, and where it was published."""
    licence: Line | None = None
    """What may be done with the figures and with the wording."""
    years: Annotated[tuple[Annotated[int, Field(ge=1800, le=2200)], ...], Field(strict=False)] = ()
    """The years in which people were asked."""
    weight: str | None = None
    """The variable with the weight of each person; without it all count the same."""
    questions: Annotated[tuple[MappedQuestion, ...], Field(strict=False, min_length=1)]
    """The variables with answers: a table `[[questions]]` for each, in the order in which they are asked."""
    groups: Annotated[tuple[MappedGroups, ...], Field(strict=False)] = ()
    """The variables that say which groups people belong to: a table `[[groups]]` for each."""

    @model_validator(mode="after")
    def _parts_differ(self) -> "SurveyMapping":
        check_distinct("id", [question.key for question in self.questions])
        check_distinct("attribute", [each.attribute for each in self.groups])
        return self


def read_mapping(path: Path) -> SurveyMapping:
    """Read a mapping.

    Raises:
        SurveyError: it cannot be read, or has a fault; the message names the line of the first.
    """
    return parse_toml(read_text(path), SurveyMapping, SurveyError, name=display_name(path), fixes=_FIXES)


def read_spss(path: Path, import_options: ImportOptions) -> ImportResult:
    """Read an SPSS file as the mapping `import_options.spec` says. Raises SurveyError, with the place and the fix."""
    return _read(path, "spss", import_options)


def read_stata(path: Path, import_options: ImportOptions) -> ImportResult:
    """Read a Stata file as the mapping `import_options.spec` says. Raises SurveyError, with the place and the fix."""
    return _read(path, "stata", import_options)


def _read(path: Path, kind: str, import_options: ImportOptions) -> ImportResult:
    if import_options.spec is None:
        raise SurveyError("this file needs a mapping that says what its variables are; name it with --mapping")
    if import_options.refusals == "options":
        raise SurveyError("the mapping says what refusals are; list them under options, ordered = false")
    name = display_name(import_options.spec)
    mapping = read_mapping(import_options.spec)
    if import_options.weighted and mapping.weight is None:
        raise SurveyError(f'{name} names no weight; add weight = "VARIABLE" at the top')
    file = open_labelled(path, kind)
    table = _table(file, mapping)
    scales = {each.key: _scale(each, file, table, name) for each in mapping.questions}
    spec = RespondentsSpec(
        schema=RESPONDENTS,
        title=mapping.title or file.label or None,
        source=mapping.source,
        licence=mapping.licence,
        years=mapping.years,
        weight=mapping.weight,
        scales=scales,
        questions=tuple(_asked(each, file, name) for each in mapping.questions),
        attributes=tuple(each.column(_declared(file, table, each.variable)) for each in mapping.groups),
    )
    return survey_of(table, spec, import_options)


def _table(file: LabelledFile, mapping: SurveyMapping) -> PeopleTable:
    """Return the columns that a mapping names; a weight that the file calls missing is empty."""
    wanted = {
        **{each.variable: f"the question {quoted(each.key)}" for each in mapping.questions},
        **{each.variable: f"the attribute {quoted(each.attribute)}" for each in mapping.groups},
    }
    if mapping.weight is not None:
        wanted[mapping.weight] = "the weight"
    for name, what in wanted.items():
        file.variable(name, what)
    codes = file.codes(list(wanted))
    if mapping.weight is not None:
        weight = file.variables[mapping.weight]
        codes[weight.name] = tuple("" if weight.is_missing(code) else code for code in codes[weight.name])
    return PeopleTable(file.path, codes, file.people)


def _declared(file: LabelledFile, table: PeopleTable, name: str) -> list[str]:
    """Return the codes in a column that the file calls missing."""
    return sorted(code_of(code) for code in set(table.columns[name]) if file.variables[name].is_missing(code))


def _scale(question: MappedQuestion, file: LabelledFile, table: PeopleTable, mapping: str) -> Scale:
    """Return the answers of a question, with the file's labels where the mapping has no texts.

    Raises:
        SurveyError: a code has no text, or the parts do not fit together.
    """
    labels = file.variables[question.variable].value_labels

    def answer(option: MappedOption) -> dict[str, Any]:
        text = option.text or (labels.get(option.code[0]) if len(option.code) == 1 else None)
        if text is None:
            known = "has no value labels" if not labels else f"has no label for the code {quoted(option.code[0])}"
            problem = f"the file {known}" if len(option.code) == 1 else "several codes need a text of their own"
            raise SurveyError(
                f"{mapping}: question {quoted(question.key)}: {problem};"
                f' write {{ code = {toml_code(option.code[0])}, text = "..." }}'
            )
        return {"code": list(option.code), "text": collapsed(text)}

    options = [answer(each) | ({} if each.ordinal is None else {"ordinal": each.ordinal}) for each in question.options]
    refusals = [answer(each) for each in question.refusals]
    taken = {code for each in (*question.options, *question.refusals) for code in each.code}
    missing = (code for code in _declared(file, table, question.variable) if code not in taken)
    try:
        return Scale.model_validate(
            {
                "options": options,
                "refusals": refusals,
                "not_asked": list(dict.fromkeys([*question.not_asked, *missing])),
                "ordered": question.ordered,
            }
        )
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]["msg"]
        raise SurveyError(f"{mapping}: question {quoted(question.key)} {problem}") from error


def _asked(question: MappedQuestion, file: LabelledFile, mapping: str) -> AskedColumn:
    stem = question.stem or file.variables[question.variable].label
    if not stem:
        problem = "the file has no label for the variable; write the question as stem"
        raise SurveyError(f"{mapping}: question {quoted(question.key)}: {problem}")
    return AskedColumn(
        column=question.variable,
        id=question.key,
        stem=stem,
        topics=question.topics,
        paraphrased=question.paraphrased,
        scale=question.key,
    )


# A first guess


@dataclass(slots=True)
class MappingGuess:
    """What the variables of a file seem to be, each with how many people have each code."""

    file: LabelledFile
    weights: list[str] = field(default_factory=list)
    groups: list[tuple[Variable, Counter[str]]] = field(default_factory=list)
    questions: list[tuple[Variable, Counter[str]]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def text(self, command: str) -> str:
        """Return the mapping, with comments on what was guessed; `command` is what to run when it is corrected."""
        return "\n".join(self._lines(command)) + "\n"

    def _lines(self, command: str) -> Iterator[str]:
        yield f"# A first guess of what the variables of {quoted(self.file.path.name)} are, from its labels and codes."
        yield "# 1. A stem is the file's label, which is rarely what people read: write the question in full."
        yield '# 2. Write the words where "" stands. Check everything marked with CHECK. Delete what you do not want.'
        yield f"# 3. Run: {command if command.isprintable() else 'the command that was printed'}"
        yield "# docs/surveys.md explains every key."
        yield f"schema = {toml_text(SCHEMA)}"
        yield f"title = {toml_text(self.file.label)}" if self.file.label else '# title = ""'
        yield '# source = ""    # who asked which people, and where it was published'
        yield '# licence = ""'
        yield "# years = [2024]"
        for place, name in enumerate(self.weights):
            comment = "CHECK: its name is that of a weight; delete the line for unweighted figures"
            yield f"{'# ' if place else ''}weight = {toml_text(name)}    # {comment}"
        if self.left_out:
            yield "\n# Variables that are left out, because they have no value labels or too many values:"
            yield from (f"# {line}" for line in textwrap.wrap(", ".join(self.left_out), 110, break_long_words=False))
        for variable, times in self.questions:
            yield from _question_lines(variable, times)
        for variable, times in self.groups:
            yield from _group_lines(variable, times)


def first_mapping(path: Path, kind: str) -> MappingGuess:
    """Return a guess of what the variables of a file are, from their names, labels and codes.

    Raises:
        SurveyError: the file cannot be read, or no variable has value labels.
    """
    file = open_labelled(path, kind)
    if not any(variable.value_labels for variable in file.variables.values()):
        problem = "no variable has value labels, so that nobody can tell questions from numbers"
        raise SurveyError(f"{display_name(path)}: {problem}; write the mapping yourself, see docs/surveys.md")
    guess = MappingGuess(file)
    wanted = [
        each.name
        for each in file.variables.values()
        if each.value_labels or _seems_weight(each) or _attribute(each) == "AGE"
    ]
    guess.left_out = [name for name in file.variables if name not in wanted]
    for variable, codes in file.all_codes(wanted):
        times = Counter(code for code in map(code_of, codes) if code)
        unlabelled = [code for code in times if code not in variable.value_labels and not variable.is_missing(code)]
        answers = [code for code in times if _part(variable, code) == "options"]
        if _seems_weight(variable) and any("." in code for code in unlabelled):
            guess.weights.append(variable.name)
        elif _attribute(variable) is not None and len(answers) > 1:
            guess.groups.append((variable, times))
        elif variable.value_labels and len(answers) > 1 and len(unlabelled) <= MOST_OPTIONS >= len(answers):
            guess.questions.append((variable, times))
        else:
            guess.left_out.append(variable.name)
    return guess


def _seems_weight(variable: Variable) -> bool:
    return is_weight_name(variable.name) or "weight" in variable.label.casefold().split()


def _may_be_number(variable: Variable) -> bool:
    return _seems_weight(variable) or _attribute(variable) == "AGE"


def _attribute(variable: Variable) -> str | None:
    """Return the attribute that a variable's name points to, or its label where its values are the catalogue's."""
    by_name = attribute_meant(variable.name)
    by_label = attribute_meant(variable.label)
    if by_name is not None or by_label is None or by_label not in CATALOGUE:
        return by_name
    values = CATALOGUE[by_label].values
    fits = any(nearest(label, values, alike=0.9) for label in variable.value_labels.values())
    return by_label if fits or by_label == "AGE" else None


def _part(variable: Variable, code: str) -> Literal["options", "refusals", "not_asked"]:
    """Return what a code probably is, from its label and from what the file calls missing."""
    label = variable.value_labels.get(code, "")
    if label and declines(label):
        return "refusals"
    return "not_asked" if variable.is_missing(code) or (label and was_not_asked(label)) else "options"


def _parts(variable: Variable, times: Mapping[str, int]) -> dict[str, list[str]]:
    """Return the codes that occur or have a label by what they probably are, in order."""
    codes = sorted({*times, *variable.value_labels}, key=lambda code: (number_of(code), code))
    found: dict[str, list[str]] = {"options": [], "refusals": [], "not_asked": []}
    for code in codes:
        found[_part(variable, code)].append(code)
    labels = {variable.value_labels.get(code, code): code for code in found["options"]}
    ordered = in_known_order(list(labels)) if len(labels) == len(found["options"]) else None
    return found | {"options": [labels[label] for label in ordered]} if ordered else found


def _question_lines(variable: Variable, times: Mapping[str, int]) -> Iterator[str]:
    parts = _parts(variable, times)
    yield "\n[[questions]]"
    yield f"variable = {toml_text(variable.name)}"
    yield f"stem = {toml_text(variable.label)}    # CHECK: the question, in the words that people read"
    yield 'topics = ["general"]'
    yield "options = [    # CHECK the order: from one end of the scale to the other"
    for code in parts["options"]:
        label = variable.value_labels.get(code)
        item = toml_code(code) if label is not None else f'{{ code = {toml_code(code)}, text = "" }}'
        yield f"  {item},    # {_said(label, times.get(code, 0))}"
    yield "]"
    for part in ("refusals", "not_asked"):
        if codes := parts[part]:
            comment = "CHECK" if part == "refusals" else "CHECK, or do they decline to answer?"
            yield f"{part} = [{', '.join(map(toml_code, codes))}]    # {comment} {_labels(variable, codes)}"


def _group_lines(variable: Variable, times: Mapping[str, int]) -> Iterator[str]:
    attribute = _attribute(variable) or ""
    values = CATALOGUE[attribute].values if attribute in CATALOGUE else ()
    parts = _parts(variable, times)
    unlabelled = [code for code in parts["options"] if code not in variable.value_labels]
    yield "\n[[groups]]"
    yield f"variable = {toml_text(variable.name)}    # {variable.label or 'no label'}"
    known = f"the catalogue has {', '.join(map(toml_text, values))}" if values else "any value"
    yield f"attribute = {toml_text(attribute)}    # CHECK: {known}"
    yield 'values = [    # codes that belong together: { code = [1, 2], value = "..." }'
    if attribute == "AGE" and any(number_of(code) >= _LEAST_AGE for code in unlabelled):
        yield from age_groups()
    else:
        for code in parts["options"]:
            label = variable.value_labels.get(code, "")
            value = nearest(label, values, alike=0.9) if values else label
            yield f"  {{ code = {toml_code(code)}, value = {toml_text(value or '')} }},    # " + _said(
                label, times.get(code, 0)
            )
    yield "]"
    if unknown := parts["refusals"] + parts["not_asked"]:
        yield f"left_out = [{', '.join(map(toml_code, unknown))}]    # CHECK {_labels(variable, unknown)}"


def _labels(variable: Variable, codes: Iterable[str]) -> str:
    return "; ".join(variable.value_labels.get(code) or "no label" for code in codes)


def _said(label: str | None, people: int) -> str:
    return f"{label or 'no label'}: {people} {'person' if people == 1 else 'people'}"
