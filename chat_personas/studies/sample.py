"""Who took part: coded demographics beside the margins of a population, weights, and combinations that few share.

Margins are the figures of a population with their source and year. Those that come with the program lie in `margins/`,
one file each with the name of the population; whoever means another population gives a file.
"""

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError, field_validator

from chat_personas.studies.weighting import RakingError, effective_size, rake
from eval.scoring.results import Part
from personas import Group
from personas.catalogue import CATALOGUE
from personas.errors import ReportedError
from personas.inputs.files import FileKind, display_name, path_exists, read_text
from personas.inputs.json_text import parse_json
from personas.inputs.models import Line, StrictModel, broken_rule, explain, faults
from personas.inputs.suggestions import quoted, suggestion

MARGINS_SCHEMA: Literal["chat-personas/margins@1"] = "chat-personas/margins@1"
LEAST_CELL = 5
"""A combination of demographics that fewer people share could tell others who they are."""
DECLINED = "(prefers not to say)"
NOT_ASKED = "(not asked)"
_SUM_TOLERANCE = 0.001

Demographics = Mapping[str, str | None]
"""A person's coded value by attribute; None where the person preferred not to say. No key: not asked."""


class MarginsError(ReportedError):
    """A file of margins that cannot be used. The message is one line."""


_FOLDER = Path(__file__).parent / "margins"
_FILE = FileKind("a file with margins (TOML or JSON)", 1_000_000, MarginsError)


class Margins(StrictModel):
    """The shares of a population by attribute (schema `chat-personas/margins@1`, TOML or JSON)."""

    schema_: Literal["chat-personas/margins@1"] = Field(alias="schema")
    """Always `"chat-personas/margins@1"`: the format of the file."""
    title: Line
    """The population, such as "Adults in the United States"."""
    source: Line
    """Where the figures were published."""
    year: Annotated[int, Field(ge=1800, le=2200)]
    """The year that they are about."""
    margins: Annotated[dict[str, dict[str, Annotated[float, Field(ge=0, le=1, strict=False)]]], Field(min_length=1)]
    """The shares (0 to 1) by attribute and value: a table `[margins.AGE]` for each attribute, which sum to 1."""

    @field_validator("margins")
    @classmethod
    def _are_shares(cls, margins: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        for attribute, shares in margins.items():
            for value in shares:
                try:
                    Group(attribute=attribute, value=value)
                except ValidationError as error:
                    raise broken_rule(f"has a fault: {error.errors()[0]['msg']}", "margins", attribute) from error
            if abs(sum(shares.values()) - 1) > _SUM_TOLERANCE:
                total = f"{sum(shares.values()):g}"
                raise broken_rule(f"has shares of {attribute} that sum to {total}; correct them", "margins", attribute)
        return margins


def margin_names() -> tuple[str, ...]:
    """Return the names of the margins that come with the program, in alphabetical order."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.toml")))


def find_margins(name_or_path: str) -> Margins:
    """Return the margins with this name, or those in a file.

    Raises:
        MarginsError: there are none, or the file cannot be read or has a fault.
    """
    if name_or_path in margin_names():
        return read_margins(_FOLDER / f"{name_or_path}.toml")
    path = Path(name_or_path)
    if not path.suffix and not path_exists(name_or_path):
        likely = suggestion(name_or_path, margin_names())
        raise MarginsError(f"there are no margins {quoted(name_or_path)}; {likely} (a file of your own ends in .toml)")
    return read_margins(path)


def read_margins(path: Path) -> Margins:
    """Read a file of margins; one that ends in `.json` is JSON, any other TOML.

    Raises:
        MarginsError: it cannot be read, or has a fault.
    """
    text = read_text(path, _FILE).text
    try:
        is_json = path.suffix.lower() == ".json"
        document = parse_json(text, MarginsError, fix="correct it") if is_json else tomllib.loads(text)
        return Margins.model_validate(document)
    except ValidationError as error:
        raise MarginsError(f"{display_name(path)}: {explain(faults(error)[0], Margins)}") from error
    except (ValueError, RecursionError) as error:
        raise MarginsError(f"{display_name(path)}: this is not valid TOML ({error}); correct it") from error


class ValueShare(Part):
    """How many people have one value of an attribute."""

    value: str
    """The value, as in the catalogue."""
    people: int
    """How many of those who took part have it."""
    share: float
    """Their share of those whose value is known, 0 to 1."""
    margin: float | None
    """The share in the population; null without margins of the attribute."""
    weighted: float | None
    """The share with the weights; null without weights."""


class AttributeShares(Part):
    """Who took part, by one attribute."""

    attribute: str
    """The attribute, such as `AGE`."""
    known: int
    """People whose value is known."""
    declined: int
    """People who preferred not to say."""
    not_asked: int
    """People who were not asked, or left before."""
    values: tuple[ValueShare, ...]
    """The values that somebody has, or that the margins name, in the order of the catalogue."""


class Weighting(Part):
    """Weights that give the sample the shares of the margins (raking)."""

    title: str
    """The population of the margins."""
    source: str
    """Where the margins were published."""
    year: int
    """The year that they are about."""
    attributes: tuple[str, ...]
    """The attributes that have margins."""
    people: int
    """People with a known value of each of them, who are weighted."""
    left_out: int
    """People without."""
    effective: float | None
    """The effective sample size of the weighted people (Kish); null where there are no weights."""
    least: float | None
    """The least weight, where the mean is 1."""
    greatest: float | None
    """The greatest weight."""
    why_not: str | None
    """Why there are no weights."""


class Cell(Part):
    """People who have the same value of every attribute."""

    values: dict[str, str]
    """The values by attribute; who was not asked, or preferred not to say, has that for a value."""
    people: int
    """How many they are."""


class SmallCells(Part):
    """How well people hide among others: k-anonymity of all coded demographics together."""

    attributes: tuple[str, ...]
    """The attributes that are taken together."""
    least: int
    """Combinations of fewer people than this are listed."""
    smallest: int
    """The people of the smallest combination: the sample is so-many-anonymous."""
    people: int
    """How many people are in a combination that is listed."""
    cells: tuple[Cell, ...]
    """The combinations that are listed, the smallest first."""


def weighting_of(people: Sequence[Demographics], margins: Margins) -> tuple[Weighting, list[float]]:
    """Return the weights of people by raking, and what they cost; a person whose values are not all known has 0."""
    attributes = tuple(margins.margins)
    known = [all(person.get(attribute) is not None for attribute in attributes) for person in people]
    rows = [person for person, has_all in zip(people, known, strict=True) if has_all]
    values = {attribute: [str(person[attribute]) for person in rows] for attribute in attributes}
    weights, why_not = np.empty(0), None
    try:
        if rows:
            weights = rake(values, margins.margins).weights
        else:
            why_not = "nobody's values are known for all attributes of the margins"
    except RakingError as error:
        why_not = str(error)
    given = iter(weights.tolist())
    return (
        Weighting(
            title=margins.title,
            source=margins.source,
            year=margins.year,
            attributes=attributes,
            people=len(rows),
            left_out=len(people) - len(rows),
            effective=effective_size(weights) if len(weights) else None,
            least=float(weights.min()) if len(weights) else None,
            greatest=float(weights.max()) if len(weights) else None,
            why_not=why_not,
        ),
        [next(given) if has_all and len(weights) else 0.0 for has_all in known],
    )


def shares_of(
    people: Sequence[Demographics], margins: Margins | None = None, weights: Sequence[float] = ()
) -> tuple[AttributeShares, ...]:
    """Return who took part by attribute: those that anybody was asked for and those of the margins."""
    targets = {} if margins is None else margins.margins
    asked = dict.fromkeys([*(attribute for person in people for attribute in person), *targets])
    return tuple(_shares(people, attribute, targets.get(attribute), weights) for attribute in _ordered(asked))


def _shares(
    people: Sequence[Demographics], attribute: str, margin: Mapping[str, float] | None, weights: Sequence[float]
) -> AttributeShares:
    counted = Counter(person[attribute] for person in people if attribute in person)
    declined = counted.pop(None, 0)
    known = counted.total()
    weighted = Counter[str | None]()
    for person, weight in zip(people, weights or [0.0] * len(people), strict=True):
        weighted[person.get(attribute)] += weight  # type: ignore[assignment]
    all_weights = sum(weight for value, weight in weighted.items() if value is not None)
    catalogued = CATALOGUE[attribute].values if attribute in CATALOGUE else ()
    named = sorted({*counted, *(margin or {})} - {None}, key=lambda value: (_place(value, catalogued), str(value)))
    return AttributeShares(
        attribute=attribute,
        known=known,
        declined=declined,
        not_asked=len(people) - known - declined,
        values=tuple(
            ValueShare(
                value=str(value),
                people=counted[value],
                share=counted[value] / known if known else 0.0,
                margin=None if margin is None else margin.get(str(value), 0.0),
                weighted=weighted[value] / all_weights if all_weights else None,
            )
            for value in named
        ),
    )


def small_cells(people: Sequence[Demographics], least: int = LEAST_CELL) -> SmallCells | None:
    """Return the combinations of all attributes that fewer than `least` people share; None without demographics."""
    attributes = _ordered(dict.fromkeys(attribute for person in people for attribute in person))
    if not attributes:
        return None
    cells = Counter(tuple(_said(person, attribute) for attribute in attributes) for person in people)
    small = sorted((count, values) for values, count in cells.items() if count < least)
    return SmallCells(
        attributes=attributes,
        least=least,
        smallest=min(cells.values()),
        people=sum(count for count, _ in small),
        cells=tuple(Cell(values=dict(zip(attributes, values, strict=True)), people=count) for count, values in small),
    )


def _said(person: Demographics, attribute: str) -> str:
    return NOT_ASKED if attribute not in person else person[attribute] or DECLINED


def _place(value: str | None, catalogued: Sequence[str]) -> int:
    return catalogued.index(value) if value in catalogued else len(catalogued)


def _ordered(attributes: Mapping[str, object]) -> tuple[str, ...]:
    """Return attributes in the catalogue's order, one's own after them."""
    return tuple(sorted(attributes, key=lambda attribute: (_place(attribute, tuple(CATALOGUE)), attribute)))
