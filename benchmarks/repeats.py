"""How exactly a model repeats its answers when they are asked for in other batches.

    python -m benchmarks.repeats MODEL.gguf

The civic survey is put to the model in both orders: all probes together, all once more, then 10 of them alone. Printed
is the largest difference in the probability of a letter, over all letters of all probes that both runs have.
"""

import argparse
import asyncio
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from chat_personas.engines.llama import LlamaEngine
from eval.engine import ORDERS, Message, Probe
from eval.expression.rendering import render
from eval.surveys.loading import load_survey

SYSTEM = [Message("system", "Answer as a Democrat would.")]
ALONE = 10

Letters = Mapping[str, Mapping[str, float]]
"""By probe, the probability of each letter."""


async def measure(path: Path) -> tuple[float, float]:
    """Return the largest differences of a second run, and of 10 probes that are asked alone."""
    questions = load_survey("civic").survey.questions
    probes = [render(question, order).probe for question in questions for order in ORDERS]
    first, again = await _letters(path, probes), await _letters(path, probes)
    alone = await _letters(path, random.Random(0).sample(probes, ALONE))
    return _largest(first, again), _largest(first, alone)


async def _letters(path: Path, probes: Sequence[Probe]) -> Letters:
    engine = await LlamaEngine.open(path)
    try:
        scores = [score async for score in engine.score(SYSTEM, probes)]
    finally:
        await engine.close()
    return {score.key: {each.label: math.exp(each.lower) for each in score.labels} for score in scores}


def _largest(one: Letters, other: Letters) -> float:
    return max(abs(one[key][label] - mass) for key, masses in other.items() for label, mass in masses.items())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How exactly a model repeats its answers in other batches.")
    parser.add_argument("model", type=Path, help="A GGUF file.")
    repeated, separate = asyncio.run(measure(parser.parse_args().model))
    print(f"the same run again: {repeated:.6f}; {ALONE} probes alone: {separate:.6f}")
