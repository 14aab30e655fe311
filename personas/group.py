"""A group: one value of one demographic attribute of the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from personas.catalogue import CATALOGUE, OPEN_ATTRIBUTES, attribute_of
from personas.errors import PersonaError
from personas.inputs.models import Line, StrictModel
from personas.inputs.suggestions import quoted, suggestion


class Group(StrictModel):
    """One value of one attribute of the catalogue, such as `POLPARTY=Democrat`, or a country: `COUNTRY=Japan`.

    Groups with the same attribute and value are equal, and groups can be dictionary keys.

    Raises:
        pydantic.ValidationError: there is no such attribute or value; the message names the nearest.
    """

    attribute: str
    """Key of one of the 12 attributes, such as `POLPARTY`, or `COUNTRY`."""
    value: Line
    """One of that attribute's values, spelled as in the catalogue, such as `Democrat`."""

    @field_validator("attribute")
    @classmethod
    def _known_attribute(cls, attribute: str) -> str:
        if attribute_of(attribute) is None:
            raise _unknown(f"there is no attribute {quoted(attribute)}", suggestion(attribute, CATALOGUE))
        return attribute

    @field_validator("value")
    @classmethod
    def _known_value(cls, value: str, info: ValidationInfo) -> str:
        attribute = attribute_of(info.data.get("attribute", ""))
        if attribute is not None and attribute.values and value not in attribute.values:
            raise _unknown(f"{attribute.key} has no value {quoted(value)}", suggestion(value, attribute.values))
        return value

    def __str__(self) -> str:
        """Return `ATTRIBUTE=value`, as a group is written on the command line."""
        return f"{self.attribute}={self.value}"

    @property
    def label(self) -> str:
        """The group's name on the screen, clear without its attribute: "Democrat", "U.S. citizen"."""
        attribute = attribute_of(self.attribute)
        return attribute.label(self.value) if attribute else self.value

    @classmethod
    def parse(cls, text: str) -> "Group":
        """Return the group that is written as `ATTRIBUTE=value`.

        Raises:
            PersonaError: the text has another form, or there is no such group; the message names the nearest.
        """
        attribute, equals, value = text.partition("=")
        known = attribute in CATALOGUE and value in CATALOGUE[attribute].values
        if equals and (known or (attribute in OPEN_ATTRIBUTES and value.strip() and value.isprintable())):
            return cls(attribute=attribute, value=value)
        likely = suggestion(text, map(str, ALL_GROUPS), "see: chat-personas personas list")
        raise PersonaError(f"there is no group {quoted(text)}; {likely}")


@dataclass(frozen=True, slots=True)
class Clash:
    """Why groups cannot be combined: the one at `place` (from 0) does not go with one before it."""

    place: int
    problem: str
    """The beginning of an error line, which names the groups; the caller adds what to do."""


def clash(groups: Sequence[Group]) -> Clash | None:
    """Return the first group that does not go with one before it; None if all of them can describe one person.

    A person has one value of an attribute: a second value contradicts the first, and the same value twice is probably a
    slip, since it adds nothing.
    """
    first: dict[str, Group] = {}
    for place, group in enumerate(groups):
        other = first.get(group.attribute)
        if other == group:
            return Clash(place, f"duplicate group {group}")
        if other is not None:
            return Clash(place, f"{other} and {group} exclude each other")
        first[group.attribute] = group
    return None


def _unknown(problem: str, advice: str) -> PydanticCustomError:
    message = f"{problem}; {advice}"
    return PydanticCustomError("unknown_group", "{message}", {"message": message})


ALL_GROUPS: tuple[Group, ...] = tuple(
    Group(attribute=attribute.key, value=value) for attribute in CATALOGUE.values() for value in attribute.values
)
"""The 60 groups, in catalogue order."""
