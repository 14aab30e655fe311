"""A group: one value of one demographic attribute, of the catalogue or of one's own."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from personas.catalogue import CATALOGUE, PAIR, attribute_of, is_own, misfit, slip_of
from personas.errors import PersonaError
from personas.inputs.models import Line, StrictModel
from personas.inputs.suggestions import quoted, suggestion


class Group(StrictModel):
    """One value of one attribute: of the catalogue (`POLPARTY=Democrat`), a country, or one's own (`UNION=Member`).

    Groups with the same attribute and value are equal, and groups can be dictionary keys.

    Raises:
        pydantic.ValidationError: the catalogue's attribute does not have the value, or the attribute looks like a slip
            of a known one; the message names the nearest.
    """

    attribute: str
    """Key of one of the 12 attributes, such as `POLPARTY`, or `COUNTRY`, or any name of your own, such as `UNION`."""
    value: Line
    """One of that attribute's values: spelled as in the catalogue, such as `Democrat`, or as in your survey."""

    @field_validator("attribute")
    @classmethod
    def _fit_attribute(cls, attribute: str) -> str:
        check_attribute_name(attribute)
        return attribute

    @field_validator("value")
    @classmethod
    def _known_value(cls, value: str, info: ValidationInfo) -> str:
        attribute = attribute_of(info.data.get("attribute", ""))
        if attribute is not None and attribute.values and value not in attribute.values:
            raise _unknown(f"{attribute.key} has no value {quoted(value)}", suggestion(value, attribute.values))
        if attribute is not None and is_own(attribute.key):
            check_own_value(attribute.key, value)
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
        try:
            if equals:
                return cls(attribute=attribute, value=value)
        except ValidationError:
            pass  # the sentence below says it for a whole group
        known = attribute_of(text)
        if known is not None and known.values:
            likely = f"write {known.key}=VALUE, such as {known.key}={known.values[0]}"
        else:
            otherwise = (
                "see: chat-personas personas list" if equals else "write ATTRIBUTE=VALUE, as in POLPARTY=Democrat"
            )
            likely = suggestion(text, map(str, ALL_GROUPS), otherwise)
        raise PersonaError(f"there is no group {quoted(text)}; {likely}")


def check_attribute_name(attribute: str, value: str | None = None) -> None:
    """Check that an attribute is known or can be one's own: that it is not a slip of a known one.

    Raises:
        PydanticCustomError: it cannot; the message names the nearest.
    """
    if not is_own(attribute):
        return
    meant = slip_of(attribute, value)
    if meant is not None:
        own = "an attribute of your own needs a name less like it"
        raise _unknown(f"there is no attribute {quoted(attribute)}", f"did you mean {quoted(meant)}? ({own})")
    problem = misfit(attribute)
    if problem is not None:
        raise _unknown(f"{quoted(attribute)} cannot be an attribute: {problem}", "choose another name")


def check_own_value(attribute: str, value: str) -> None:
    """Check that an attribute of one's own can have a value: with it, the attribute must not look like a known one.

    Raises:
        PydanticCustomError: it cannot.
    """
    check_attribute_name(attribute, value)
    if PAIR in value:
        problem = f"{attribute} cannot have the value {quoted(value)}: it has {quoted(PAIR)} in it"
        raise _unknown(problem, "that joins two values of a pair; write it in another way")


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
