"""What a report says about single questions: answered, refused or failed."""

from eval.answers import Order
from eval.report.parts import Distribution, Part


class OrderInfo(Part):
    """The answer in one option order."""

    order: Order
    """`survey` or `reversed`: how the options were printed. All figures are in the survey's order."""
    model: Distribution | None
    """The distribution over the options, normalised like the question's `model`; null for refusals only, `apart`."""
    refusal: float
    """The share of the refusal options in the mass of all labels."""
    label_mass: float | None
    """The probability of all labels together."""
    truncation: float
    """By how much, in total variation, tokens that a server did not show could change `model`; 0 when exact."""


class QuestionInfo(Part):
    """One question that was answered."""

    id: str
    """Its id in the survey."""
    topics: tuple[str, ...]
    """Its topics."""
    options: tuple[str, ...]
    """The options, refusals apart, in the survey's order."""
    ordinal: tuple[float, ...]
    """Their ordinal values."""
    human: Distribution | None
    """The people's distribution over `options`; with refusals `as-option` it sums to 1 - `human_refusal`."""
    human_n: int | float | None
    """How many of them chose one of the options; for weighted figures the effective number."""
    model: Distribution
    """The model's distribution over `options`; `as-option` it sums to 1 - `refusal`, from a file nearly."""
    by_order: tuple[OrderInfo, ...]
    """The answer in each option order, of which `model`, `refusal` and `label_mass` are the means; none from a file."""
    refusal: float
    """The model's share of refusals."""
    human_refusal: float | None
    """The people's share of refusals."""
    label_mass: float | None
    """The probability of all labels together."""
    alignment: float | None
    """1 - WD/span, null when the options have no order."""
    total_variation: float | None
    """Half the sum of absolute differences; `as-option` the refusals are one more option."""
    order_bias: float | None
    """Total variation between the two orders."""
    valid: bool
    """False when the label mass is below 0.5 in any order, truncation could exceed 0.1, or the judge errs too often."""


class RefusedInfo(Part):
    """A question that was answered with refusals only, while these are apart: its share of refusals is 1."""

    id: str
    """Its id in the survey."""
    human_refusal: float | None
    """The people's share of refusals."""
    label_mass: float | None
    """The probability of all labels together."""
    valid: bool
    """As in `questions`."""


class FailureInfo(Part):
    """A question without an answer that could be scored; it counts in no score, unless it is in `refused`, too."""

    id: str
    """The question's id."""
    why: str
    """Why there is no answer, in one line."""
