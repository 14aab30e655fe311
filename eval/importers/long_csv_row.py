"""A row of a table of one's own: how it is checked, and what is kept of it."""

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, model_validator

from eval.surveys.model import MOST_PEOPLE, check_attribute, check_value
from personas.inputs.models import Line, Prose, broken_rule
from personas.inputs.suggestions import shown

_V = TypeVar("_V")
_ANSWERS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}


def _yes_or_no(cell: Any) -> Any:
    if isinstance(cell, bool):
        return cell
    answer = _ANSWERS.get(str(cell).strip().casefold())
    if answer is None:
        raise broken_rule(f"is {shown(cell)}; write yes or no")
    return answer


def _plain(cell: Any) -> Any:
    if isinstance(cell, str) and "_" in cell:  # Python writes numbers so; a table with 1_000 has a slip in it
        raise broken_rule("must be a number, with a point for decimals")
    return cell


YesNo = Annotated[bool, BeforeValidator(_yes_or_no)]
Number = Annotated[FiniteFloat, BeforeValidator(_plain)]
Year = Annotated[int, BeforeValidator(_plain), Field(ge=1800, le=2200)]


class Row(BaseModel):
    """One row of the table. An empty cell is as good as a column that is not there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: Line
    """The question's id; rows of one question stand together or apart."""
    stem: Prose | None = None
    """The question itself; needed on one of its rows at least."""
    topic: Line | None = None
    """What it is about; several are separated by semicolons. Without one it is "general"."""
    paraphrased: YesNo = False
    """Whether stem or options differ from the words that the respondents read: yes or no."""
    option: Line | None = None
    """The text of the option; empty on a refusal row for people who gave no answer at all."""
    ordinal: Number | None = None
    """The option's place on the scale, 2.5 for instance; empty for all options that have no order."""
    refusal: YesNo = False
    """Whether the option declines to answer: yes or no."""
    attribute: Line | None = None
    """The group's attribute, such as POLPARTY, or a pair, POLPARTY x SEX; empty for everyone."""
    value: Line | None = None
    """The group's value, such as Democrat, or for a pair Democrat x Female; empty for everyone."""
    count: Annotated[Number, Field(ge=0, le=MOST_PEOPLE)] | None = None
    """How many people of the group chose the option, at most 10 billion."""
    proportion: Annotated[Number, Field(ge=0)] | None = None
    """Which share of the group chose it, where there are no counts; give one of the two."""
    n_effective: Annotated[Number, Field(gt=0, le=MOST_PEOPLE)] | None = None
    """For weighted figures: how many answers of a simple random sample the group's are worth."""
    year: Year | None = None
    """When people were asked."""

    @property
    def group(self) -> tuple[str, str] | None:
        """Attribute and value, None for everyone."""
        return None if self.attribute is None or self.value is None else (self.attribute, self.value)

    @model_validator(mode="after")
    def _is_consistent(self) -> "Row":
        if (self.attribute is None) != (self.value is None):
            raise broken_rule("has an attribute or a value without the other; give both, or neither for everyone")
        if (self.count is None) == (self.proportion is None):
            raise broken_rule('needs one of "count" and "proportion"; give exactly one of them')
        if self.option is None and not self.refusal:
            raise broken_rule("has no option; write its text, or refusal yes for people who gave no answer")
        if self.group is not None:
            check_attribute(self.group[0], ())
            check_value(*self.group)
        return self


@dataclass(frozen=True, slots=True)
class KeptRow:
    """What is kept of a row that was read: a tenth of the memory, since tables have hundreds of thousands of rows."""

    stem: str | None
    topic: str | None
    paraphrased: bool
    option: str | None
    ordinal: float | None
    refusal: bool
    group: tuple[str, str] | None
    count: float | None
    proportion: float | None
    n_effective: float | None

    @classmethod
    def of(cls, row: Row, once: dict[Any, Any]) -> "KeptRow":
        """Return what is kept of `row`; `once` holds the texts and groups of rows before: each is kept once."""

        def shared(value: _V) -> _V:
            return cast("_V", once.setdefault(value, value))

        return cls(
            stem=shared(row.stem),
            topic=shared(row.topic),
            paraphrased=row.paraphrased,
            option=shared(row.option),
            ordinal=row.ordinal,
            refusal=row.refusal,
            group=shared(row.group),
            count=row.count,
            proportion=row.proportion,
            n_effective=row.n_effective,
        )
