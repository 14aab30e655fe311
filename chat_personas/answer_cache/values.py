"""Answers as they are kept: JSON, checked when it is read.

What these models refuse is no answer: it is not kept, and if it is found in the cache it counts as absent.
"""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from eval.engine import Constraints, LabelScore, Probe, ProbeScore

_SLACK = 1e-3
"""By how much rounding may take a probability above 1."""


def _no_nan(value: float) -> float:
    if value != value:
        raise ValueError("not a number")
    return value


Bound = Annotated[float, Field(le=_SLACK, allow_inf_nan=True), AfterValidator(_no_nan)]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class KeptLabel(_Kept):
    """Bounds on the log-probability of one label, -inf included; see `LabelScore`."""

    label: str
    lower: Bound
    upper: Bound

    @model_validator(mode="after")
    def _in_order(self) -> "KeptLabel":
        if self.lower > self.upper:
            raise ValueError("the lower bound is above the upper")
        return self


class KeptScore(_Kept):
    """What a model answered to one probe; see `ProbeScore`. What asking cost is not kept: it was paid once."""

    labels: tuple[KeptLabel, ...]
    label_mass: float = Field(gt=0, le=1 + _SLACK, allow_inf_nan=False)
    dropped_messages: int = Field(ge=0)

    @classmethod
    def of(cls, score: ProbeScore, probe: Probe) -> "KeptScore":
        """Return what is kept of `score`.

        Raises:
            ValueError: it is a failure, or holds figures that are no probabilities of the probe's labels.
        """
        if score.failure is not None:
            raise ValueError(score.failure)
        kept = cls(
            labels=tuple(KeptLabel(label=each.label, lower=each.lower, upper=each.upper) for each in score.labels),
            label_mass=score.label_mass,
            dropped_messages=score.dropped_messages,
        )
        kept.check(probe)
        return kept

    def check(self, probe: Probe) -> None:
        """Raise ValueError where this is no answer to `probe`: other labels than its own."""
        if sorted(each.label for each in self.labels) != sorted(probe.labels):
            raise ValueError("the labels are not those of the probe")

    def score(self, key: str) -> ProbeScore:
        """Return the answer to the probe with this key, at no cost."""
        labels = tuple(LabelScore(each.label, each.lower, each.upper) for each in self.labels)
        return ProbeScore(key, labels, self.label_mass, dropped_messages=self.dropped_messages)


class KeptReply(_Kept):
    """One whole reply, and how it was kept to a form if it was to have one.

    An empty one is what the model said, too: asking only those again would select by outcome.
    """

    text: str
    form: Constraints | None = None
