"""A first guess of what the columns of a table with a row per person are: a file to correct, never one to trust.

What the table cannot say, such as the wording of a question, is left empty, so that the file is refused until somebody
has written it.
"""

import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from eval.importers.missing_codes import meaning_of_code
from eval.importers.refusal_texts import declines, is_blank, was_not_asked
from eval.importers.respondent_spec import SCHEMA, code_of
from eval.importers.respondent_table import PeopleTable
from personas import CATALOGUE, OPEN_ATTRIBUTES
from personas.catalogue import misfit, slip_of
from personas.inputs.suggestions import quoted

MOST_OPTIONS = 11
"""With more different answers, such as a scale from 0 to 10 has, a column is rather a number or a text."""
_MOST_VALUES = 30
_WEIGHT = re.compile(
    r"(?:.*[_ .-])?(?:wts?|wtss(?:all|nr|ps)?|wgts?|gewicht|poids|peso|[a-z]*w(?:ei)?ghts?)(?:[_ .-].*)?|w",
    re.IGNORECASE,
)
_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("sex", "gender"), "SEX"),
    **dict.fromkeys(("age", "agegroup", "ageband", "agecat"), "AGE"),
    **dict.fromkeys(("party", "partyid", "pid"), "POLPARTY"),
    **dict.fromkeys(("race", "ethnicity", "ethnic"), "RACE"),
    **dict.fromkeys(("educ", "education", "edu"), "EDUCATION"),
    **dict.fromkeys(("region", "cregion"), "CREGION"),
    **dict.fromkeys(("relig", "religion"), "RELIG"),
    **dict.fromkeys(("religattend", "attend"), "RELIGATTEND"),
    **dict.fromkeys(("income", "hhincome"), "INCOME"),
    **dict.fromkeys(("ideology", "polideology", "ideo"), "POLIDEOLOGY"),
    **dict.fromkeys(("marital", "married"), "MARITAL"),
    **dict.fromkeys(("citizen", "citizenship"), "CITIZEN"),
    "country": "COUNTRY",
}
"""The attribute that a column with this word in its name is probably about."""
_OWN_WORDS = frozenset(
    {
        "union",
        "member",
        "membership",
        "urban",
        "urbanity",
        "rural",
        "class",
        "occupation",
        "employment",
        "employed",
        "job",
        "language",
    }
    | {"state", "land", "district", "county", "city", "town", "housing", "tenure", "generation", "group", "arm"}
)
_IDENTIFIER_WORDS = frozenset(
    {"id", "ids", "idno", "identifier", "respid", "respno", "respondent", "caseid", "case"}
    | {"serial", "uuid", "key", "row", "index", "subject", "participant"}
)
"""Words in the names of columns that tell people apart."""
IDENTIFIER = "every value occurs once, as in an identifier of the people"
_SCALES = (
    "strongly agree, agree, somewhat agree, tend to agree, neither agree nor disagree, neither, "
    "tend to disagree, somewhat disagree, disagree, strongly disagree",
    "strongly favor, favor, somewhat favor, neither favor nor oppose, somewhat oppose, oppose, strongly oppose",
    "very satisfied, satisfied, somewhat satisfied, neither satisfied nor dissatisfied, "
    "somewhat dissatisfied, dissatisfied, very dissatisfied",
    "very likely, likely, somewhat likely, somewhat unlikely, unlikely, very unlikely",
    "very important, important, somewhat important, not too important, not very important, not at all important",
    "always, very often, often, sometimes, rarely, seldom, never",
    "excellent, very good, good, fair, poor, very poor",
    "a great deal, a lot, a fair amount, some, a little, not too much, not very much, not much, not at all, none",
    "better, about the same, the same, worse",
    "too much, about right, too little",
)
"""Texts from one end of a common scale to the other; the order of the words within a text does not count."""
_MISSING = {7: "Refused", 8: "Don't know", 9: "Refused"}
"""What a missing code that declines probably means, by its last digit."""
_AGES = ((18, 29), (30, 49), (50, 64), (65, None))


@dataclass(frozen=True, slots=True)
class _Column:
    """The different codes of a column, in order, by what they probably are, and how often each occurs."""

    name: str
    times: Mapping[str, int]
    codes: tuple[str, ...]
    refusals: Mapping[str, str]
    not_asked: tuple[str, ...]

    @property
    def numeric(self) -> bool:
        return all(_whole(code) is not None for code in self.codes)


@dataclass(slots=True)
class Guess:
    """What the columns of a table seem to be."""

    table: PeopleTable
    weights: list[str] = field(default_factory=list)
    attributes: list[_Column] = field(default_factory=list)
    questions: list[_Column] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def text(self, command: str) -> str:
        """Return the file, with comments on what was guessed; `command` is what to run when it is corrected."""
        return "\n".join(self._lines(command)) + "\n"

    def _lines(self, command: str) -> Iterator[str]:
        name = quoted(self.table.path.name)
        yield f"# A first guess of what the columns of {name} are, from its {self.table.people} rows."
        yield '# 1. Write the words where "" stands: the table does not have them.'
        yield "# 2. Check everything, above all what is marked with CHECK. Delete what you do not want."
        yield f"# 3. Run: {command if command.isprintable() else 'the command that was printed'}"
        yield "# docs/surveys.md explains every key."
        yield f"schema = {toml_text(SCHEMA)}"
        yield '# title = ""'
        yield '# source = ""    # who asked which people, and where it was published'
        yield '# licence = ""'
        yield "# years = [2024]"
        for place, name in enumerate(self.weights):
            comment = "CHECK: its name is that of a weight; delete the line for unweighted figures"
            yield f"{'# ' if place else ''}weight = {toml_text(name)}    # {comment}"
        yield from _left_out_lines(self.left_out)
        names = {key: f"scale-{number}" for number, key in enumerate(self._scales(), start=1)}
        for key, columns in self._scales().items():
            yield from _scale_lines(names[key], columns)
        for column in self.questions:
            yield from _question_lines(column, names[column.codes])
        for column in self.attributes:
            yield from _attribute_lines(column)

    def _scales(self) -> dict[tuple[str, ...], list[_Column]]:
        """Return the questions by their answers: those with the same codes share a scale."""
        found: dict[tuple[str, ...], list[_Column]] = {}
        for column in self.questions:
            found.setdefault(column.codes, []).append(column)
        return found


def first_guess(table: PeopleTable) -> Guess:
    """Return a guess of what the columns of a table are, from their names and the codes in them."""
    guess = Guess(table)
    for name, cells in table.columns.items():
        column = _column(name, cells)
        if is_weight_name(name) and _are_weights(column, cells):
            guess.weights.append(name)
        elif why := _unusable(column, table.people):
            guess.left_out[name] = why
        elif attribute_meant(name) is not None or _is_own(name):
            guess.attributes.append(column)
        elif len(column.codes) > MOST_OPTIONS:
            guess.left_out[name] = f"{len(column.codes)} different values; add it yourself if it is a question"
        else:
            guess.questions.append(column)
    return guess


def _column(name: str, cells: Sequence[str]) -> _Column:
    times = Counter(map(code_of, cells))
    times.pop("", None)
    not_asked = [code for code in times if is_blank(code) or was_not_asked(code)]
    refusals = {code: code for code in times if code not in not_asked and declines(code)}
    numbers = {code: number for code in times if (number := _whole(code)) is not None}
    for code, text in _missing_codes(numbers).items():
        if text is None:
            not_asked.append(code)
        else:
            refusals[code] = text
    codes = [code for code in times if code not in not_asked and code not in refusals]
    ordered = in_known_order(codes) or sorted(codes, key=lambda code: (numbers.get(code, 10**9), code))
    return _Column(name, times, tuple(ordered), refusals, tuple(sorted(not_asked)))


def in_known_order(texts: Sequence[str]) -> list[str] | None:
    """Return texts in the order of a scale that has them all; None if there is none."""

    def as_words(text: str) -> tuple[str, ...]:
        return tuple(sorted(re.findall(r"\w+", text.casefold().replace("favour", "favor"))))

    for scale in _SCALES:
        places = {as_words(text): place for place, text in enumerate(scale.split(", "))}
        found = [places.get(as_words(text)) for text in texts]
        known = [place for place in found if place is not None]
        if len(set(known)) == len(texts) > 1:
            return [text for _, text in sorted(zip(known, texts, strict=True))]
    return None


def _missing_codes(numbers: Mapping[str, int]) -> dict[str, str | None]:
    """Return the codes that are probably none of the answers, with what they mean; None for people who were not asked.

    These are negative codes beside others, and 7, 8, 9 (77, 88, 99, 97, 98, 999, ...) after a gap.
    """
    found: dict[str, str | None] = {}
    others = [number for number in numbers.values() if number >= 0]
    for code, number in numbers.items():
        if number < 0 and others:
            found[code] = _MISSING.get(-number % 10) if meaning_of_code(number) == "declined" else None
    for digits in (1, 2, 3):
        lowest = int("7" * digits)
        answers = [number for number in others if number < lowest]
        high = {code: number for code, number in numbers.items() if number >= lowest}
        special = {int(head * (digits - 1) + last) for head in "789" for last in "789"}
        has_gap = bool(answers and high) and min(high.values()) > max(answers) + 1
        if has_gap and set(high.values()) <= special and any(number % 10 != 7 for number in high.values()):
            found |= {code: _MISSING[number % 10] for code, number in high.items()}
            break
    texts = Counter(text for text in found.values() if text is not None)
    return {code: f"{text} ({code})" if text and texts[text] > 1 else text for code, text in found.items()}


def _whole(code: str) -> int | None:
    return int(code) if re.fullmatch(r"-?\d{1,9}", code) else None


def _are_weights(column: _Column, cells: Sequence[str]) -> bool:
    """Return whether all cells are numbers from 0, and not the codes of a question about somebody's weight."""
    texts = {cell.strip() for cell in cells} - {""}
    numbers = all(re.fullmatch(r"\d*\.?\d+(?:[eE][+-]?\d+)?", text) for text in texts)
    return numbers and (len(texts) > MOST_OPTIONS or not column.numeric)


def _unusable(column: _Column, people: int) -> str | None:
    if not column.name:
        return "it has no name"
    if len(column.codes) < 2:
        return "fewer than two different values"
    if _is_age_in_years(column):
        return None
    if len(column.times) == people and (people > MOST_OPTIONS or _is_called_identifier(column.name)):
        return IDENTIFIER
    if len(column.codes) > _MOST_VALUES:
        return f"{len(column.codes)} different values"
    return None


def _is_called_identifier(name: str) -> bool:
    """Return whether a column has a name of identifiers: in a table of a few people the values alone do not tell."""
    words = _words(name)
    return len(words) <= 3 and attribute_meant(name) is None and not _IDENTIFIER_WORDS.isdisjoint(words)


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold())


def is_weight_name(name: str) -> bool:
    """Return whether a column has a name that weights have."""
    return _WEIGHT.fullmatch(name) is not None


def attribute_meant(name: str) -> str | None:
    """Return the attribute that the name of a column points to; None if none, and for a name that is a sentence."""
    words = _words(name)
    found = (_WORDS[word] for word in words if word in _WORDS)
    return next(found, None) if len(words) <= 3 else None


def _is_own(name: str) -> bool:
    words = _words(name)
    return len(words) <= 3 and not _OWN_WORDS.isdisjoint(words)


def _is_age_in_years(column: _Column) -> bool:
    numbers = [number for code in column.codes if (number := _whole(code)) is not None]
    few = len(column.codes) <= MOST_OPTIONS
    return attribute_meant(column.name) == "AGE" and column.numeric and not few and 10 <= min(numbers) < 120


# Writing


def toml_text(text: str) -> str:
    """Return a text as a TOML file has it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_code(code: str) -> str:
    """Return a code as a TOML file has it: a number, or a text."""
    return code if _whole(code) is not None else toml_text(code)


def _left_out_lines(left_out: Mapping[str, str]) -> Iterator[str]:
    if left_out:
        yield "\n# Columns that are left out:"
        yield from (f"# {toml_text(name)}: {why}" for name, why in left_out.items())


def _scale_lines(name: str, columns: Sequence[_Column]) -> Iterator[str]:
    first = columns[0]
    names = ", ".join(toml_text(column.name) for column in columns)
    shared = "CHECK: one scale for the columns with the same codes: " if len(columns) > 1 else "for "
    yield ""
    yield from (f"# {line}" for line in textwrap.wrap(shared + names, 110, break_long_words=False))
    yield f"[scales.{name}]"
    yield "options = [    # CHECK the order: from one end of the scale to the other"
    for code in first.codes:
        times = sum(column.times.get(code, 0) for column in columns)
        words = f'code = {toml_code(code)}, text = ""' if first.numeric else f"text = {toml_text(code)}"
        yield f"  {{ {words} }},    # {times} times"
    yield "]"
    if not first.numeric and in_known_order(first.codes) is None:
        yield "ordered = false    # CHECK: texts have no order by themselves; put them in order, and write true"
    refusals = {code: text for column in columns for code, text in column.refusals.items()}
    if refusals:
        yield "refusals = [    # CHECK what these mean"
        for code, text in sorted(refusals.items(), key=lambda each: (len(each[0]), each[0])):
            times = sum(column.times.get(code, 0) for column in columns)
            words = (
                f"text = {toml_text(text)}" if code == text else f"code = {toml_code(code)}, text = {toml_text(text)}"
            )
            yield f"  {{ {words} }},    # {times} times"
        yield "]"
    not_asked = dict.fromkeys(code for column in columns for code in column.not_asked)
    if not_asked:
        yield f"not_asked = [{', '.join(map(toml_code, not_asked))}]    # CHECK: or do they decline to answer?"


def _question_lines(column: _Column, scale: str) -> Iterator[str]:
    is_sentence = column.name.rstrip().endswith("?") and " " in column.name.strip()
    yield "\n[[questions]]"
    yield f"column = {toml_text(column.name)}"
    if is_sentence:
        yield f"stem = {toml_text(column.name)}"
    else:
        yield 'stem = ""    # the question, in the words that people read'
    yield 'topics = ["general"]'
    yield f"scale = {toml_text(scale)}"


def _attribute_lines(column: _Column) -> Iterator[str]:
    meant = attribute_meant(column.name)
    known = CATALOGUE.get(meant or "")
    spelled = {value.casefold(): value for value in known.values} if known else {}
    fits = all(code.casefold() in spelled for code in column.codes)
    yield "\n[[attributes]]"
    yield f"column = {toml_text(column.name)}"
    own = _own_name(column)
    in_years = _is_age_in_years(column)
    if known and (fits or column.numeric):
        yield f"attribute = {toml_text(known.key)}    # the catalogue has {', '.join(map(toml_text, known.values))}"
        if not fits and not in_years:
            yield f"# CHECK: if its values are others, call the attribute {toml_text(own)}"
    elif meant in OPEN_ATTRIBUTES and not column.numeric:
        yield f"attribute = {toml_text(str(meant))}"
    else:
        yield f"attribute = {toml_text(own)}    # CHECK: a name of your own"
        if known:
            values = ", ".join(map(toml_text, known.values))
            yield f"# or {known.key} of the catalogue, if its values are these: {values}"
    yield "values = ["
    for code in () if in_years else column.codes:
        value = spelled.get(code.casefold(), "" if column.numeric else code)
        words = (
            f"value = {toml_text(value)}" if value == code else f"code = {toml_code(code)}, value = {toml_text(value)}"
        )
        yield f"  {{ {words} }},    # {column.times[code]} people"
    if in_years:
        yield from age_groups()
    yield "]"
    if in_years and not {"98", "99"}.isdisjoint(column.times):
        yield "# CHECK: 98 and 99 may mean that the age is not known: left_out = [98, 99]"
    unknown = [*column.refusals, *column.not_asked]
    if unknown:
        yield f"left_out = [{', '.join(map(toml_code, unknown))}]    # CHECK: people whose value is not known"


def age_groups() -> Iterator[str]:
    """Yield the lines with the catalogue's age groups, for a column with the age in years."""
    for least, most in _AGES:
        value = f"{least}+" if most is None else f"{least}-{most}"
        yield f"  {{ from = {least}, {f'to = {most}, ' if most else ''}value = {toml_text(value)} }},"


def _own_name(column: _Column) -> str:
    """Return a name for an attribute of one's own that is not taken for a slip of one of the catalogue."""
    name = re.sub(r"\W+", "_", column.name).strip("_").upper() or "GROUP"
    values = ["", *column.codes]
    is_slip = any(slip_of(name, value) for value in values) or name in CATALOGUE or name in OPEN_ATTRIBUTES
    return f"OWN_GROUP_{name}" if is_slip or misfit(name) else name
