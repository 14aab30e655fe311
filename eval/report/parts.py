"""What every part of a report is made of: scores, groups and distributions."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


Distribution = Annotated[tuple[float, ...], BeforeValidator(_plain)]
"""Shares of the options, in the survey's order."""


class Part(BaseModel):
    """A part of a document: every key always there, no other, and its meaning beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True, use_attribute_docstrings=True)


class Score(Part):
    """A score over questions with its 95% interval, made by resampling questions."""

    mean: float
    """The mean over the questions in which it is defined; for `skill` and `entropy_ratio` a ratio of two means."""
    low: float | None
    """The lower end of the interval, null under 20 questions."""
    high: float | None
    """The upper end of the interval, null under 20 questions."""


class GroupName(Part):
    """One value of one attribute."""

    attribute: str
    """The attribute's key, such as `POLPARTY`."""
    value: str
    """The value as the catalogue spells it, such as `Democrat`."""
