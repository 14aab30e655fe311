"""Instruments: questionnaires as TOML files, which studies put to their participants.

Those that come with the program lie in `instruments/`, one file each with the name of the instrument.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, StringConstraints, field_validator, model_validator

from chat_personas.studies.errors import StudyFileError
from personas.catalogue import CATALOGUE
from personas.inputs.files import FileKind, display_name, path_exists, read_text
from personas.inputs.models import Line, Prose, StrictModel, broken_rule
from personas.inputs.suggestions import quoted, suggestion
from personas.inputs.toml_text import parse_toml

SCHEMA: Literal["chat-personas/instrument@1"] = "chat-personas/instrument@1"
PEOPLE = "{people}"
"""What stands in a text for the people of the condition, such as Democrats."""
_FOLDER = Path(__file__).parent / "instruments"
_FILE = FileKind("an instrument (TOML)", 1_000_000, StudyFileError)

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$", max_length=60)]
"""Letters, digits, dashes and underscores."""
Kind = Literal["scale", "choice", "number", "text"]


class Choice(StrictModel):
    """One option of an item to choose from."""

    code: Name
    """What is stored for it."""
    text: Line
    """What the participant reads."""


class Item(StrictModel):
    """`[[items]]`: one question of an instrument.

    Raises:
        pydantic.ValidationError: keys of another kind, or none of its own.
    """

    id: Name
    """Its name in tables and exports, unique within the instrument."""
    kind: Kind
    """`scale` (a number from `low` to `high`), `choice` (of `options`), `number`, or `text`."""
    text: Prose
    """What is asked. `{people}` stands for the people of the condition, such as Democrats."""
    low: FiniteFloat | None = None
    """The lowest number of a scale, or that a number may have."""
    high: FiniteFloat | None = None
    """The highest number of a scale, or that a number may have."""
    low_label: Line | None = None
    """What the lowest number of a scale means."""
    high_label: Line | None = None
    """What the highest number of a scale means."""
    options: Annotated[tuple[Choice, ...], Field(strict=False)] = ()
    """The options of a choice: `{ code = "daily", text = "Every day" }`. Left out where `attribute` has them."""
    attribute: Line | None = None
    """The attribute of the catalogue that a choice asks for, such as `AGE`: its values are the options."""
    shuffle: bool = False
    """Whether the options stand in another order for each participant."""
    may_decline: bool = True
    """Whether "I prefer not to say" is offered."""
    correct: str | None = None
    """For attention and comprehension: the code, or the number, that is right."""
    tries: Annotated[int, Field(ge=1, le=5)] | None = None
    """How often an item with a correct answer may be answered, once without it: after a wrong answer it is asked again,
    and the last answer counts."""

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The options in the file's order; those of the attribute where the file has none."""
        if self.options or self.attribute is None:
            return self.options
        attribute = CATALOGUE[self.attribute]
        return tuple(
            Choice.model_construct(code=value, text=label)
            for value, label in zip(attribute.values, attribute.labels, strict=True)
        )

    @field_validator("attribute")
    @classmethod
    def _known(cls, attribute: str | None) -> str | None:
        if attribute is not None and attribute not in CATALOGUE:
            raise broken_rule(f"is {quoted(attribute)}; {suggestion(attribute, tuple(CATALOGUE))}")
        return attribute

    @model_validator(mode="after")
    def _is_of_its_kind(self) -> "Item":
        bounds = self.low is not None and self.high is not None
        if self.kind == "choice" and len(self.choices) < 2:
            raise broken_rule("has fewer than two options; list them, or name an attribute of the catalogue", "options")
        if self.kind != "choice" and (self.options or self.attribute is not None):
            raise broken_rule('has options, and is no choice; write kind = "choice", or remove them', "options")
        if self.kind == "scale" and not bounds:
            raise broken_rule("is a scale without ends; add low and high", "kind")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise broken_rule("has a low that is not below its high; write the lower number as low", "low")
        if self.tries is not None and self.correct is None:
            raise broken_rule("has tries without a correct answer; add correct, or remove tries", "tries")
        repeated, times = Counter(choice.code for choice in self.options).most_common(1)[0] if self.options else ("", 1)
        if times > 1:
            raise broken_rule(f"has two options with the code {quoted(repeated)}; give each its own", "options")
        if self.kind == "choice" and self.correct is not None:
            codes = [choice.code for choice in self.choices]
            if self.correct not in codes:
                raise broken_rule(f"is {quoted(self.correct)}, which no option has; {suggestion(self.correct, codes)}")
        return self

    def is_right(self, code: str | None, value: float | None) -> bool | None:
        """Return whether an answer is the correct one; None where no answer is."""
        if self.correct is None:
            return None
        return code == self.correct if self.kind == "choice" else value is not None and f"{value:g}" == self.correct


class Instrument(StrictModel):
    """A questionnaire (schema `chat-personas/instrument@1`, TOML).

    Raises:
        pydantic.ValidationError: a key or a value is not allowed, or two items have the same id.
    """

    schema_: Literal["chat-personas/instrument@1"] = Field(alias="schema")
    """Always `"chat-personas/instrument@1"`: the format of the file."""
    name: Name
    """Its name in tables and exports."""
    title: Line
    """What stands above it."""
    source: Line | None = None
    """Where it comes from."""
    introduction: Prose | None = None
    """What is said before its items."""
    about_conversation: bool | None = None
    """Whether it asks about the conversation: a control group, which has none, is not asked."""
    items: Annotated[tuple[Item, ...], Field(strict=False, min_length=1)]
    """What is asked, in this order."""

    @field_validator("items")
    @classmethod
    def _differ(cls, items: tuple[Item, ...]) -> tuple[Item, ...]:
        repeated, times = Counter(item.id for item in items).most_common(1)[0] if items else ("", 1)
        if times > 1:
            raise broken_rule(f"has two items with the id {quoted(repeated)}; give each its own")
        return items


@dataclass(frozen=True, slots=True)
class LoadedInstrument:
    """An instrument with the file that it came from."""

    instrument: Instrument
    path: Path


def instrument_names() -> tuple[str, ...]:
    """Return the names of the instruments that come with the program, in alphabetical order."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.toml")))


def load_instrument(name_or_path: str, beside: Path | None = None) -> LoadedInstrument:
    """Return the instrument with this name, or the one in a file; a relative path begins at `beside`.

    Raises:
        StudyFileError: there is none, or the file has a fault; the message names the line.
    """
    path = _path(name_or_path, beside)
    text = read_text(path, _FILE).text
    return LoadedInstrument(parse_toml(text, Instrument, StudyFileError, name=display_name(path)), path)


def instrument_text(name: str) -> str:
    """Return the file of an instrument that comes with the program, to be changed. Raises StudyFileError."""
    return _library_path(name).read_text(encoding="utf-8")


def filled(text: str, people: str) -> str:
    """Return a text with the people of the condition in it."""
    return text.replace(PEOPLE, people)


def _path(name_or_path: str, beside: Path | None) -> Path:
    if name_or_path in instrument_names():
        return _library_path(name_or_path)
    path = Path(name_or_path) if beside is None else beside / name_or_path
    if path.suffix == ".toml" or path_exists(str(path)):
        return path
    return _library_path(name_or_path)


def _library_path(name: str) -> Path:
    if name not in instrument_names():
        raise StudyFileError(
            f"there is no instrument {quoted(name)}; {suggestion(name, instrument_names())}"
            " (a file of your own ends in .toml)"
        )
    return _FOLDER / f"{name}.toml"


def scale_points(item: Item) -> Sequence[int]:
    """Return the whole numbers of a scale, for showing each; none where they are more than eleven."""
    assert item.low is not None
    assert item.high is not None
    points = range(round(item.low), round(item.high) + 1)
    return points if len(points) <= 11 else ()
