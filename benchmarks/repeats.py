"""How exactly a model repeats its answers when they are asked for in other batches.

    python -m benchmarks.repeats MODEL.gguf

The civic survey is put to the model in both orders: all probes together, all once more, then all in portions of 10.
Printed are differences in the probability of a letter: the largest over all letters of all probes, and the mean over
probes of the largest of each.
"""

import argparse
import asyncio
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from chat_personas.engines.llama import LlamaEngine
from eval.engine import ORDERS, Message, Probe
from eval.expression.rendering import render
from eval.surveys.loading import load_survey

SYSTEM = [Message("system", "Answer as a Democrat would.")]
PORTION = 10

Letters = Mapping[str, Mapping[str, float]]
"""By probe, the probability of each letter."""


async def measure(path: Path) -> tuple[Sequence[float], Sequence[float]]:
    """Return for each probe the largest difference of a second run, and of a run in portions."""
    questions = load_survey("civic").survey.questions
    probes = [render(question, order).probe for question in questions for order in ORDERS]
    portions = [probes[start : start + PORTION] for start in range(0, len(probes), PORTION)]
    first, again, apart = [await _letters(path, parts) for parts in ([probes], [probes], portions)]
    return _largest(first, again), _largest(first, apart)


async def _letters(path: Path, portions: Sequence[Sequence[Probe]]) -> Letters:
    engine = await LlamaEngine.open(path)
    try:
        scores = [score for probes in portions async for score in engine.score(SYSTEM, probes)]
    finally:
        await engine.close()
    return {score.key: {each.label: math.exp(each.lower) for each in score.labels} for score in scores}


def _largest(one: Letters, other: Letters) -> list[float]:
    return [max(abs(one[key][label] - mass) for label, mass in masses.items()) for key, masses in other.items()]


def _said(differences: Sequence[float]) -> str:
    return f"{max(differences):.4f} at most, {sum(differences) / len(differences):.4f} in the mean"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How exactly a model repeats its answers in other batches.")
    parser.add_argument("model", type=Path, help="A GGUF file.")
    repeated, apart = asyncio.run(measure(parser.parse_args().model))
    print(f"the same run again: {_said(repeated)}\nin portions of {PORTION}: {_said(apart)}")
