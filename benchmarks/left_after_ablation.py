"""What rounding leaves of a removed direction: the largest component along it, without ablation and with it.

The text is one short message without a prompt. Every state between the layers is looked at, at every token.

    python -m benchmarks.left_after_ablation party
    python -m benchmarks.left_after_ablation party --model smollm2
"""

import argparse
import asyncio
import sys
from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.hidden_states.reading import opening_tokens
from chat_personas.engines.llama.hidden_states.residual_stream import ResidualStream
from chat_personas.engines.llama.hidden_states.steered_contexts import settings
from chat_personas.engines.open import open_engine
from chat_personas.steering.direction_file import find_direction, read_direction
from eval.engine import Message
from eval.interventions import Direction, Intervention, Interventions
from eval.states import Opening
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime

SAID = Opening((Message("user", "Hello"),))


def main() -> int:
    """Print both components for a direction of a model on this machine."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.left_after_ablation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("direction", help="a direction trained with `chat-personas steer train`, or its file")
    parser.add_argument("--model", default="pocket", help="the model it was trained on (default: pocket)")
    arguments = parser.parse_args()
    try:
        there, left = asyncio.run(_measured(arguments.direction, arguments.model))
    except ReportedError as error:
        sys.exit(str(error))
    print(f"largest component along {arguments.direction}: {there:.4g}; after it was removed: {left:.2g}")
    return 0


async def _measured(name: str, model: str) -> tuple[float, float]:
    engine = await open_engine(model)
    try:
        if not isinstance(engine, LlamaEngine):
            sys.exit("only a model on this machine shows its states; give a model file")
        direction = read_direction(find_direction(name, engine.info.sha256)[0]).direction
        return await engine.call(lambda runtime: components(runtime, direction))
    finally:
        await engine.close()


def components(runtime: "Runtime", direction: Direction) -> tuple[float, float]:
    """Return the largest component along the vector of the best layer, as the model is, and with it removed."""
    removed = (Intervention("ablate", direction, (direction.best,), 0.0),)
    states = settings(removed, runtime.model.shape).keys()
    vector = direction.vectors[direction.in_layer(direction.best)].astype(np.float64)
    return _largest(runtime, (), states, vector), _largest(runtime, removed, states, vector)


def _largest(runtime: "Runtime", interventions: Interventions, states: Collection[str], vector: np.ndarray) -> float:
    shape = runtime.model.shape
    stream = ResidualStream(shape.width, settings(interventions, shape), wanted=states)
    context = runtime.steered.make(stream)
    largest = 0.0
    try:
        for position, token in enumerate(opening_tokens(runtime, SAID)):
            context.decode_one(token, position, 0)
            found = np.concatenate([stream.states[name] for name in states]).astype(np.float64) @ vector
            largest = max(largest, float(np.abs(found).max()))
    finally:
        context.close()
    return largest


if __name__ == "__main__":
    sys.exit(main())
