"""Answers as they are kept: JSON, checked when it is read.

What these models refuse is no answer: it is not kept, and if it is found in the cache it counts as absent.

What an answer is known by: a hash of everything that determines it.

For whatever is left out here a wrong answer could be served. So what an engine says about itself goes in, also what
hardly matters (threads, context length): a key that is too fine costs time, one that is too coarse a wrong number.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from eval.engine import Constraints, EngineInfo, LabelScore, Message, Probe, ProbeScore, Sampling

SCORING_VERSION = 1
"""Raise it when engines come to read answers from a model otherwise: what was kept before is then asked again."""


def model_key(info: EngineInfo) -> str:
    """Return the hash of all that an engine says about itself, in hexadecimal.

    The name of a model file does not count, its content's hash does. A server is known by its address, the name of its
    model, and what it takes and gives: its weights can change without our noticing. How many requests it gets at once
    does not count: each answer is an answer to one.
    """
    said = asdict(info)
    del said["requests_at_once"]
    if info.sha256 is not None:
        del said["name"]
    return _digest(["model", SCORING_VERSION, said])


def score_keys(model: str, prefix: Sequence[Message], probes: Sequence[Probe]) -> list[str]:
    """Return the key of each probe's answer after `prefix` by the model with this `model_key`."""
    context = _digest(_as_list(prefix))
    return [_digest(["score", model, context, probe.prompt, probe.labels]) for probe in probes]


def reply_keys(model: str, messages: Sequence[Message], sampling: Sampling, seeds: Sequence[int]) -> list[str]:
    """Return the key of the reply for each of `seeds`; the seed within `sampling` does not count."""
    drawn = asdict(sampling)
    context = _digest(_as_list(messages))
    return [_digest(["complete", model, context, {**drawn, "seed": seed}]) for seed in seeds]


def command_key(command: str, model: str, asked: Sequence[object]) -> str:
    """Return what an interrupted command is known by when it is to go on: its name, the model and what is `asked`."""
    return _digest([command, model, list(asked)])


def _as_list(messages: Sequence[Message]) -> list[list[str]]:
    return [[message.role, message.content] for message in messages]


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


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
