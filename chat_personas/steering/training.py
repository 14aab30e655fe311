"""From pairs of texts to a direction: one vector of length 1 in every layer.

*Mean difference*: r is the mean state of the positive texts minus that of the negative ones. On AxBench (Wu et al.
2025) it steers far better than *PCA*, the first principal component of the differences of pairs (Zou et al. 2023,
"Representation Engineering"), which is kept for comparison with directions made elsewhere.
"""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from chat_personas.steering.contrast import Contrast, Pair
from chat_personas.steering.kept_states import Purpose, kept_states
from chat_personas.steering.separation import Separation, separations
from eval.engine import EngineError
from eval.states import ReadsStates

Method = Literal["mean-difference", "pca"]
METHODS: tuple[Method, ...] = get_args(Method)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What training finds, for each layer of the model.

    Attributes:
        vectors: r, of length 1 (layers, width); 0 where the two sets have the same states.
        norms: the typical norm of a state: the mean over the states of both sets (layers,).
        poles: the mean component along r of the negative states, and that of the positive ones (layers, 2).
        effects: the distance of the poles in standard deviations of the states around their own pole (layers,); 0
            where they do not scatter.
    """

    vectors: Floats
    norms: Floats
    poles: Floats
    effects: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A direction, and how well it does on the pairs that were held out, for each layer from the second on."""

    trained: Trained
    separations: tuple[Separation, ...]


async def train_direction(
    engine: ReadsStates,
    contrast: Contrast,
    method: Method,
    *,
    keep: Path,
    purpose: Purpose,
    progress: Callable[[int, int], None] | None = None,
) -> Course:
    """Read the states of all texts and train a direction on them.

    `keep` is the file in which the states are kept meanwhile (`kept_states`); `progress(done, total)` is called with
    the number of texts.

    Raises:
        EngineError: the model failed, or a text is too long for it.
        OSError: `keep` cannot be written.
    """
    pairs: list[Pair] = [*contrast.training, *contrast.held_out]
    openings = list(chain.from_iterable((pair.positive, pair.negative) for pair in pairs))
    with kept_states(keep, purpose) as kept:
        if progress is not None:
            progress(kept.count, len(openings))
        async with aclosing(engine.states(openings[kept.count :])) as found:
            async for states in found:
                if not np.isfinite(states).all():
                    raise EngineError("the model's states are not numbers; the file may be damaged")
                kept.add(states)
                if progress is not None:
                    progress(kept.count, len(openings))
        read = kept.all().astype(np.float64)
    positive, negative = read[0::2], read[1::2]
    half = len(contrast.training)
    trained = train(positive[:half], negative[:half], method)
    return Course(trained, separations(trained.vectors, positive, negative, half))


def train(positive: Floats, negative: Floats, method: Method = "mean-difference") -> Trained:
    """Return the direction from `negative` to `positive` states (pairs, layers, width), pair by pair."""
    differences = positive - negative
    vectors = differences.mean(0) if method == "mean-difference" else _first_components(differences)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    norms = np.linalg.norm(np.concatenate([positive, negative]), axis=2).mean(0)
    components = [_components(states, vectors) for states in (negative, positive)]
    poles = np.stack([each.mean(0) for each in components], axis=1)
    scatter = np.sqrt(np.mean([each.var(0, ddof=1) for each in components], axis=0))
    apart = poles[:, 1] - poles[:, 0]
    effects = np.divide(apart, scatter, out=np.zeros_like(apart), where=scatter > 0)
    return Trained(vectors, norms, poles, effects)


def _components(states: Floats, vectors: Floats) -> Floats:
    """Return the component of each state along its layer's vector (texts, layers)."""
    found: Floats = np.einsum("plw,lw->pl", states, vectors)
    return found


def _first_components(differences: Floats) -> Floats:
    """Return the first principal component of the differences in each layer, turned to the side of their mean.

    Differences and their negatives together have the mean 0, so that the component is that of the differences without
    centring: it points where most of them point, as well as along where they vary.
    """
    found = np.stack([np.linalg.svd(of_layer, full_matrices=False)[2][0] for of_layer in differences.swapaxes(0, 1)])
    turned: Floats = found * np.where((found * differences.mean(0)).sum(1, keepdims=True) < 0, -1.0, 1.0)
    return turned
