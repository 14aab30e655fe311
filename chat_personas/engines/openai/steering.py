"""Steering a model on a server from inside, where the server takes vectors with a request.

The protocol of OpenAI has no place for them. Two extensions of vLLM add one, and both add each vector to the state
after its layer, at every token of the prompt and of the reply, as llama.cpp does with a control vector:

`steering`: EasySteer (github.com/ZJU-REAL/EasySteer, for vLLM 0.26, from its commit 6267ca0 of 6 August 2026 on:
earlier ones answer with the status 400), a fork of vLLM that is started with `--enable-steer-vector --steer-algorithms
direct`. Its cache of prompts knows the vectors.

`vllm_xargs`: vLLM-Lens (github.com/UKGovernmentBEIS/vllm-lens, 1.2), a plugin of vLLM. Its cache of prompts does not
know the vectors, so requests with different vectors are kept apart by a `cache_salt`.

Both number layers from 0, take the vectors themselves (no file has to be where the server can read it), and are told
not to change their lengths. What is sent has the strength and the layer's typical norm in it already, so that their own
scale is 1.

A server without the extension leaves unknown fields out of account and says nothing, and vLLM-Lens goes on without a
vector that does not fit. So every vector is tried before it is used: one that is several times as long as a state must
change the server's next words. The first one is tried harder: one of zeros must change nothing, and the same request
must have the same answer again.
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from chat_personas.engines.openai.capabilities import Asking, Dialect, without_directories
from chat_personas.engines.openai.events import UnreadableAnswerError
from chat_personas.engines.openai.wire import likeliest, quotable
from eval.interventions import (
    Intervention,
    InterventionError,
    Interventions,
    added_by_layer,
    bare_name,
    check_intervention,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eval.interventions import Direction

    Vectors = Mapping[int, NDArray[np.float64]]
    """What is added to the state after each layer (width), by the number of the layer."""

Extension = Literal["EasySteer", "vLLM-Lens"]
_EXTENSIONS: tuple[Extension, ...] = ("EasySteer", "vLLM-Lens")
_QUESTION = "Choose one of the letters A, B and C at random. Answer with this letter only."
_TRIED = (4.0, 16.0)
"""The strengths at which a vector is tried: so long beside a state, it cannot leave the next words as they are."""
_MOVED = 0.2
"""The total variation of the next word beyond which a vector acts."""
_SAME = 0.05
"""The total variation within which two answers are the same; they differ by batching."""
_NOT_ABOUT_FIELDS = frozenset({401, 402, 403, 408, 409, 429, 503, 529})


def check_addable(interventions: Interventions, model: str) -> None:
    """Make sure that interventions are additions along directions of a model on a server, as far as that can be seen.

    A server does not show the hash of its model, so a direction has to be of a model of the same name, and all have to
    be of one width. Whether it is the model's is asked where directions are found (`chat_personas.steering.applied`).

    Raises:
        InterventionError: they are not.
    """
    for each in interventions:
        check_intervention(each)
        if each.kind != "add":
            what = "set states between poles (clamp)" if each.kind == "clamp" else "remove a direction (ablate)"
            raise InterventionError(f"a server can add a direction, but not {what}; use a model file")
        trained_on = each.direction.model_name
        if trained_on is not None and bare_name(trained_on) != bare_name(model):
            raise InterventionError(
                f"the direction {each.direction.name} was trained on {quotable(trained_on)}, and the server calls its "
                f"model {quotable(without_directories(model))}; a direction means nothing in another model"
            )
    widths = sorted({each.direction.width for each in interventions})
    if len(widths) > 1:
        raise InterventionError(
            f"the directions have vectors of different widths ({', '.join(map(str, widths))}), so they are not all of "
            "one model"
        )


def with_vectors(extension: Extension, vectors: "Vectors") -> dict[str, Any]:
    """Return the fields of a request in which a server with this extension is given vectors to add."""
    return _for_easysteer(vectors) if extension == "EasySteer" else _for_vllm_lens(vectors)


def _for_easysteer(vectors: "Vectors") -> dict[str, Any]:
    tensors = {
        f"layer.{layer}": {"shape": [len(vector)], "data": _encoded([vector])} for layer, vector in vectors.items()
    }
    vector = {
        "data": {"version": 1, "kind": "direction", "tensors": tensors, "extra": {}, "sha256": _digest(vectors)},
        "algorithm": "direct",
        "scale": 1.0,
        "normalize": False,
        "layers": list(vectors),
        "apply": {"prompt": "all", "generation": "all"},
    }
    return {"steering": {"vectors": [vector]}}


def _for_vllm_lens(vectors: "Vectors") -> dict[str, Any]:
    rows = list(vectors.values())
    steering = {
        "activations": {
            "data": _encoded(rows),
            "dtype": "float32",
            "original_dtype": "torch.float32",
            "shape": [len(rows), len(rows[0])],
        },
        "layer_indices": list(vectors),
        "scale": 1.0,
        "norm_match": False,
    }
    return {
        "vllm_xargs": {"apply_steering_vectors": json.dumps([steering])},
        "cache_salt": _digest(vectors),
    }


def _encoded(rows: "list[NDArray[np.float64]]") -> str:
    return base64.b64encode(b"".join(row.astype("<f4").tobytes() for row in rows)).decode("ascii")


def _digest(vectors: "Vectors") -> str:
    digest = hashlib.sha256()
    for layer, vector in vectors.items():
        digest.update(f"{layer}:".encode())
        digest.update(vector.astype("<f4").tobytes())
    return digest.hexdigest()


class VectorTrials:
    """What is known of how one model on a server takes vectors; all engines that ask this model share it.

    A vector is tried once for each layer, and not again at another strength.
    """

    def __init__(self, asking: Asking, model: str, where: str) -> None:
        """`where` is what the server and its model are called in errors."""
        self._asking = asking
        self._model = model
        self._where = where
        self._extension: Extension | None = None
        self._plain: dict[str, float] = {}
        self._seen: set[tuple[str, int]] = set()

    @property
    def extension(self) -> Extension | None:
        """The extension by which it was seen to take vectors; None before one was tried."""
        return self._extension

    async def extension_for(self, interventions: Interventions, dialect: Dialect) -> Extension:
        """Return the extension by which the model takes the vectors of these interventions, each of which was tried.

        Raises:
            InterventionError: it does not take one of them.
            openai.OpenAIError: the server fails for another reason.
        """
        if not dialect.top_k:
            raise InterventionError(
                f"{self._where} cannot be steered from inside: it shows no log-probabilities, in which it would be "
                "seen whether vectors act; use a model file"
            )
        for each in interventions:
            for layer in each.layers:
                if (each.direction.sha256, layer) not in self._seen:
                    await self._try(each.direction, layer, dialect)
                    self._seen.add((each.direction.sha256, layer))
        assert self._extension is not None
        return self._extension

    async def _try(self, direction: "Direction", layer: int, dialect: Dialect) -> None:
        if self._extension is None:
            self._plain = await self._next_word(dialect, {})
        said = ""
        for extension in _EXTENSIONS if self._extension is None else (self._extension,):
            try:
                strength = await self._moving(extension, direction, layer, dialect)
                if strength is not None:
                    if self._extension is None:
                        await self._control(extension, _alone(direction, layer, strength), dialect)
                    self._extension = extension
                    return
            except _RefusedError as error:
                said = said or f" ({error})"
        raise InterventionError(
            f"{self._where} cannot be steered from inside: it does not add the vector of {direction.name} after layer "
            f"{layer}{said}; use a model file, or vLLM with EasySteer or vLLM-Lens"
        )

    async def _moving(self, extension: Extension, direction: "Direction", layer: int, dialect: Dialect) -> float | None:
        """Return the first strength at which a vector changes the next word; None if none does."""
        for strength in _TRIED:
            fields = with_vectors(extension, _alone(direction, layer, strength))
            if _variation(self._plain, await self._next_word(dialect, fields)) > _MOVED:
                return strength
        return None

    async def _control(self, extension: Extension, vectors: "Vectors", dialect: Dialect) -> None:
        """Make sure that it was the vectors that changed the next word. Raises InterventionError if it was not."""
        zeros = {layer: vector * 0.0 for layer, vector in vectors.items()}
        idle = await self._next_word(dialect, with_vectors(extension, zeros))
        again = await self._next_word(dialect, {})
        moved = await self._next_word(dialect, with_vectors(extension, vectors))
        unmoved = max(_variation(self._plain, idle), _variation(self._plain, again))
        if unmoved > _SAME or _variation(self._plain, moved) <= _MOVED:
            raise InterventionError(
                f"{self._where} cannot be steered from inside: its answers change without a vector, too, so that "
                "nobody can see what a vector does; use a model file"
            )

    async def _next_word(self, dialect: Dialect, fields: Mapping[str, Any]) -> dict[str, float]:
        """Return the probabilities of the next words that the server shows, to one question with these fields."""
        import openai

        body = dialect.first_token(self._model, [{"role": "user", "content": _QUESTION}], seed=0)
        try:
            answer = await self._asking.answer({**body, **fields}, 1)
            shown = likeliest(answer.log_probabilities) or []
        except openai.APIStatusError as error:
            if not fields or error.status_code in _NOT_ABOUT_FIELDS:
                raise
            raise _RefusedError(quotable(str(error))) from error
        except UnreadableAnswerError as error:
            if not fields:
                raise
            raise _RefusedError(f"it sends {error}") from error
        return {token: math.exp(value) for token, value in shown}


class _RefusedError(Exception):
    """A server refuses a request with vectors, or fails on it."""


def _alone(direction: "Direction", layer: int, strength: float) -> "Vectors":
    return added_by_layer([Intervention("add", direction, (layer,), strength)])


def _variation(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return the total variation between two answers over the words that either shows."""
    return math.fsum(abs(one.get(word, 0.0) - other.get(word, 0.0)) for word in one.keys() | other.keys()) / 2
