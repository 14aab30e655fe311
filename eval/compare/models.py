"""The documents that `compare --json` writes: the comparison of two reports, and several comparisons in one document.

docs/compare.md says how each figure is computed. All differences are B minus A, question by question.
"""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from eval.scoring.results import Document, PairedScore, Part, Score

SCHEMA: Literal["chat-personas/comparison@1"] = "chat-personas/comparison@1"
SCHEMA_OF_SEVERAL: Literal["chat-personas/comparisons@1"] = "chat-personas/comparisons@1"


class PairedDifference(PairedScore):
    """The mean of B minus A over questions, with its 95% interval and a test.

    It is detectable if the interval excludes 0 and p is below 0.05; under 20 questions p alone decides.
    """

    p: float
    """Two-sided p-value of the sign-flip test: how often random signs give a mean at least as far from 0."""
    questions: int
    """Over how many questions: those in which both have a value."""


class Differences(Part):
    """B minus A."""

    alignment: PairedDifference | None
    """Above 0: B is closer to its people than A. Null if no paired question has ordered options and figures."""
    total_variation: PairedDifference | None
    """Below 0: B is closer to its people than A. Null if `refusals` differ: the two are then different measures."""


class Side(Part):
    """One of the two reports."""

    file: str
    """The base name of its file."""
    created: str
    """When it was made, as it says."""
    persona: str
    """The name of its persona."""
    expression: str
    """How its distributions were obtained."""
    alignment: Score | None
    """Its alignment over the questions that count in the difference."""
    total_variation: Score | None
    """Its total variation over the questions that count in the difference."""
    not_valid: int
    """How many of the questions that both answered are not valid in it; they are left out."""
    sound: bool = True
    """Whether its verdict is sound; if not, the difference is shown on request only, marked."""


class Setting(Part):
    """A setting that differs between the two reports."""

    setting: str
    """Its place in the report, such as `model.name`."""
    a: str | None
    """Its value in A."""
    b: str | None
    """Its value in B."""


class LeftOut(Part):
    """A question that is in one report only, or is not valid in one of them."""

    id: str
    """The question's id."""
    why: str
    """Why it is not paired, in one line."""


class PairedReport(Document):
    """Two reports on the same survey, question by question (schema `chat-personas/comparison@1`)."""

    @property
    def sound(self) -> bool:
        """Whether the verdicts of both are sound."""
        return self.a.sound and self.b.sound

    schema_: Literal["chat-personas/comparison@1"] = Field(default=SCHEMA, alias="schema")
    """Always `"chat-personas/comparison@1"`."""
    survey: str
    """The name of the survey; its file has the same hash in both reports."""
    a: Side
    """The report that is compared with."""
    b: Side
    """The report that is compared."""
    differs: tuple[Setting, ...]
    """The settings that differ between the two reports and so may explain the difference."""
    paired: tuple[str, ...]
    """The ids of the questions that are answered and valid in both, in A's order."""
    left_out: tuple[LeftOut, ...]
    """The questions that only one answered, and those that are not valid in one of them."""
    difference: Differences
    """Over the paired questions, all of which are valid in both."""
    difference_valid_only: Differences
    """Deprecated: the same as `difference`, which counts valid questions only. The next schema will not have it."""
    seed: int
    """The seed of the intervals and of the sign flips."""


class PairedReports(Document):
    """Several pairs of reports (schema `chat-personas/comparisons@1`)."""

    schema_: Literal["chat-personas/comparisons@1"] = Field(default=SCHEMA_OF_SEVERAL, alias="schema")
    """Always `"chat-personas/comparisons@1"`."""
    comparisons: tuple[PairedReport, ...]
    """One comparison per persona, in A's order."""


def as_document(comparisons: Sequence[PairedReport]) -> str:
    """Return the JSON for `comparisons`: a single one as it is, several as one document."""
    if len(comparisons) == 1:
        return comparisons[0].to_json()
    return PairedReports(comparisons=tuple(comparisons)).to_json()
