"""What an answer is known by: a hash of everything that determines it.

For whatever is left out here a wrong answer could be served. So what an engine says about itself goes in, also what
hardly matters (threads, context length): a key that is too fine costs time, one that is too coarse a wrong number.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict

from eval.engine import EngineInfo, Message, Probe, Sampling

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
