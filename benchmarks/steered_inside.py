"""What steering from inside costs: a reply's tokens a second, and the first token after the knob was turned."""

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.embedded import Embedded
from benchmarks.figure import Figure, Goal, Pair, Timing, figure, interleaved
from benchmarks.first_token_while_probing import first_token
from benchmarks.reply_throughput import reply
from benchmarks.row import Measured, Row, Settings
from chat_personas.engines.llama import LlamaEngine
from eval.interventions import Direction, Intervention, InterventionKind

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime

PAIRS_PER_REPEAT = 4
STRENGTH = 0.05
LEAST = 0.95
GOAL = Goal(LEAST, at_least=True)


def random_direction(engine: LlamaEngine) -> Direction:
    """Return a direction of the engine's model with random vectors and poles: what a direction says costs no time."""
    layers, width = engine.shape.layers, engine.shape.width
    vectors = np.random.default_rng(0).standard_normal((layers - 1, width)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Direction(
        name="random",
        sha256="0" * 64,
        model_sha256=engine.info.sha256,
        architecture=engine.info.details["architecture"],
        layers=tuple(range(1, layers)),
        vectors=vectors,
        norms=np.ones(layers - 1, np.float32),
        poles=np.tile(np.array([0.0, STRENGTH], np.float32), (layers - 1, 1)),
        best=layers // 2,
    )


def measure_replies(settings: Settings) -> Measured:
    """Time replies under an addition, a clamp, and an ablation, each in turn with replies of the model as it is."""
    with Embedded(settings.model()) as ours:
        direction = random_direction(ours.engine)

        def pairs_of(kind: InterventionKind) -> tuple[Pair, ...]:
            strength = 0.0 if kind == "ablate" else STRENGTH
            steered = ours.engine.steered([Intervention(kind, direction, (direction.best,), strength)])
            for engine in (steered, ours.engine):
                ours.run(reply(ours, engine))
            return interleaved(
                lambda _: ours.run(reply(ours, steered)),
                lambda _: ours.run(reply(ours, ours.engine)),
                settings.repeats * PAIRS_PER_REPEAT,
                settings.tell,
            )

        added, ablated, clamped = pairs_of("add"), pairs_of("ablate"), pairs_of("clamp")
        described = ours.settings()
    described.pop("probes")
    ablation, clamp = figure(ablated, GOAL), figure(clamped, GOAL)
    return Measured(
        added,
        described,
        (
            "from the first token drawn to the end of the reply, on both sides",
            f"an ablation, measured in the same way: {in_words(ablation)}",
            f"a clamp, a write into the states during the pass, measured in the same way: {in_words(clamp)}",
        ),
        {f"an ablation is at least {LEAST} times as fast as well": ablation.met is True},
    )


def in_words(found: Figure) -> str:
    """Return a ratio with its interval."""
    low, high = found.interval
    return f"{found.ratio:.3f} ({low:.3f} to {high:.3f})"


def measure_knob(settings: Settings) -> Measured:
    """Time first tokens under a strength that was never on before, and without steering in an empty cache."""
    with Embedded(settings.model()) as ours:
        model, direction = ours.engine, random_direction(ours.engine)

        def turned(number: int) -> Timing:
            strength = STRENGTH * (1 + number)
            ours.engine = model.steered([Intervention("add", direction, (direction.best,), strength)])
            try:
                return ours.run(first_token(ours))
            finally:
                ours.engine = model

        def once(_: int) -> Timing:
            ours.call(_forget)
            return ours.run(first_token(ours))

        once(0)
        pairs = interleaved(turned, once, settings.repeats * PAIRS_PER_REPEAT, settings.tell)
        described = ours.settings()
    described.pop("probes")
    return Measured(pairs, described)


def _forget(runtime: "Runtime") -> None:
    """Empty the cache of the model without interventions."""
    runtime.memory.drop_spine()
    runtime.context.cut(0, 0)
    runtime.memory.conversation.clear()


REPLIES = Row(
    name="steered-reply-throughput",
    what="a reply's tokens a second under a direction that is added, and under one that is ablated",
    against="the same engine without interventions",
    goal=GOAL,
    unit="tokens/s",
    measure=measure_replies,
)
KNOB = Row(
    name="knob",
    what="time from turning the knob to the first token of the next reply",
    against="decoding the same conversation once, to the first token, without interventions",
    goal=Goal(1.10),
    unit="s",
    measure=measure_knob,
)
