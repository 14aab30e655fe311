"""Entries of the answer cache: the key under which an answer is stored, and the answer as JSON.

A key is a hash of everything that determines the answer. Whatever it left out could lead to a wrong answer. So it
covers all that an engine says about itself, also what hardly matters (threads, context length): a key that is too fine
costs time, one that is too coarse gives a wrong number.

An answer is checked when it is stored and when it is read. What the models here refuse is not an answer: it is not
stored, and if it is found in the cache it counts as absent.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from eval.engine import Constraints, EngineInfo, LabelScore, Message, Probe, ProbeScore, Sampling
from eval.states import Opening

SCORING_VERSION = 1
"""Raise it when engines read scores off a model in a new way; answers that were stored before are then asked again."""
_NOT_COUNTED = ("requests_at_once", "scores_texts", "intervention_kinds", "prompt_format", "template", "recurrent")


def model_key(info: EngineInfo) -> str:
    """Return the hash of all that an engine says about itself, in hexadecimal.

    Eight things do not count. One is the name of a model file, since the hash of its content does. Another is the
    number of requests at once, since each answer belongs to one request. The third is whether whole texts can be
    scored, since it decides which questions can be asked and not what is answered. The fourth and the fifth are which
    interventions are possible, and by which extension a server takes vectors: what they do is the same, and it is known
    only once they were tried. The others are told by hashes that count: the format of prompts and the name of a
    template, and whether the model is recurrent. A server is identified by its address, the name of its model and its
    capabilities; if its weights change under the same name, nobody notices.
    """
    described = asdict(info)
    for told_otherwise in _NOT_COUNTED:
        del described[told_otherwise]
    if info.sha256 is not None:
        del described["name"]
    described["details"] = {name: value for name, value in info.details.items() if name != "vectors"}
    described["steering"] = described.pop("interventions") or False  # as answers without interventions were stored
    return _digest(["model", SCORING_VERSION, described])


def score_keys(model: str, prefix: Sequence[Message], probes: Sequence[Probe], *, plain: bool = False) -> list[str]:
    """Return the key of each probe's answer after `prefix` by the model with this `model_key`.

    `plain`: the model is asked in plain text (`Probe.plain`).
    """
    context = _digest(_as_list(prefix))
    return [
        _digest(
            [
                "score_texts" if probe.texts else "score",
                model,
                context,
                (plain and probe.plain) or probe.prompt,
                probe.labels,
            ]
        )
        for probe in probes
    ]


def reply_keys(model: str, messages: Sequence[Message], sampling: Sampling, seeds: Sequence[int]) -> list[str]:
    """Return the key of the reply for each of `seeds`; the seed within `sampling` does not count."""
    settings = asdict(sampling)
    context = _digest(_as_list(messages))
    return [_digest(["complete", model, context, {**settings, "seed": seed}]) for seed in seeds]


def divergence_keys(model: str, without: Sequence[Opening], under: Sequence[Opening]) -> list[str]:
    """Return the key of how far the next words of the model with this `model_key` move, for each pair of openings."""
    return [
        _digest(["divergence", model, *([_as_list(each.messages), each.reply] for each in pair)])
        for pair in zip(without, under, strict=True)
    ]


def command_key(command: str, model: str, asked: Sequence[object]) -> str:
    """Return the key of a command that can be resumed: a hash of its name, the `model_key`, and what it asks."""
    return _digest([command, model, list(asked)])


def _as_list(messages: Sequence[Message]) -> list[list[str]]:
    return [[message.role, message.content] for message in messages]


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


_SLACK = 1e-3
"""Rounding may take a probability, or its logarithm, this far above its maximum."""


def _not_nan(value: float) -> float:
    if math.isnan(value):
        raise ValueError("not a number")
    return value


_Bound = Annotated[float, Field(le=_SLACK, allow_inf_nan=True), AfterValidator(_not_nan)]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class _KeptLabel(_Kept):
    """Bounds on the log-probability of one label, -inf included; see `LabelScore`."""

    label: str
    lower: _Bound
    upper: _Bound

    @model_validator(mode="after")
    def _in_order(self) -> "_KeptLabel":
        if self.lower > self.upper:
            raise ValueError("the lower bound is above the upper")
        return self


class KeptScore(_Kept):
    """A model's answer to one probe; see `ProbeScore`. Token counts are not stored: the answer was paid for once."""

    labels: tuple[_KeptLabel, ...]
    label_mass: float | None = Field(gt=0, le=1 + _SLACK, allow_inf_nan=False)
    dropped_messages: int = Field(ge=0)

    @classmethod
    def of(cls, score: ProbeScore, probe: Probe) -> "KeptScore":
        """Return the part of `score` that is stored.

        Raises:
            ValueError: it is a failure, or its figures are not probabilities of the probe's labels.
        """
        if score.failure is not None:
            raise ValueError(score.failure)
        labels = tuple(_KeptLabel(label=each.label, lower=each.lower, upper=each.upper) for each in score.labels)
        kept = cls(labels=labels, label_mass=score.label_mass, dropped_messages=score.dropped_messages)
        kept._check_labels(probe)
        return kept

    @classmethod
    def read(cls, text: str, probe: Probe) -> "KeptScore":
        """Return the answer to `probe` that was stored as `text`. Raises ValueError if it is not one."""
        kept = cls.model_validate_json(text)
        kept._check_labels(probe)
        return kept

    def _check_labels(self, probe: Probe) -> None:
        if sorted(each.label for each in self.labels) != sorted(probe.labels):
            raise ValueError("the labels are not those of the probe")
        if (self.label_mass is None) != probe.texts:
            raise ValueError("only whole texts have no label mass")

    def score(self, key: str) -> ProbeScore:
        """Return the answer as that of the probe with this key, at no cost."""
        labels = tuple(LabelScore(each.label, each.lower, each.upper) for each in self.labels)
        return ProbeScore(key, labels, self.label_mass, dropped_messages=self.dropped_messages)


class KeptReply(_Kept):
    """One whole reply, and how it was kept to a form if it needed one.

    An empty reply is stored as well. The model gave it, and asking only those again would select by outcome.
    """

    text: str
    form: Constraints | None = None


class KeptDivergence(_Kept):
    """How far the next words move on one text, in nats a token; rounding may take it below 0."""

    nats: float = Field(ge=-_SLACK, allow_inf_nan=False)
