"""Every measure of every question, as arrays that can be resampled together."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eval.metrics import FloatArray


@dataclass(frozen=True, slots=True)
class Closeness:
    """How close a prediction is to the people compared with: one value per question, NaN where not defined."""

    alignment: FloatArray
    total_variation: FloatArray

    def of(self, questions: NDArray[np.bool_]) -> "Closeness":
        """Return the values of some questions."""
        return Closeness(self.alignment[questions], self.total_variation[questions])

    def where_defined(self, other: "Closeness") -> "Closeness":
        """Return the values where those of `other` are defined, NaN elsewhere."""
        return Closeness(
            np.where(np.isnan(other.alignment), np.nan, self.alignment),
            np.where(np.isnan(other.total_variation), np.nan, self.total_variation),
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured, one value per question and NaN where it is not defined.

    `references` holds what the reference predictions would have scored on the same questions; `human_*` are of
    the people compared with.
    """

    persona: Closeness
    references: Mapping[str, Closeness]
    refusal: FloatArray
    human_refusal: FloatArray
    label_mass: FloatArray
    order_bias: FloatArray
    entropy: FloatArray
    human_entropy: FloatArray

    def of(self, questions: NDArray[np.bool_]) -> Self:
        """Return the measures of some questions only."""
        references = {name: closeness.of(questions) for name, closeness in self.references.items()}
        columns = [field.name for field in fields(self) if field.name not in ("persona", "references")]
        chosen = {name: getattr(self, name)[questions] for name in columns}
        return type(self)(persona=self.persona.of(questions), references=references, **chosen)
