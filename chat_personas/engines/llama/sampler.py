"""Drawing the next token from the model's distribution."""

import secrets
from typing import Any

from chat_personas.engines.llama.library import native
from eval.engine import Sampling

_SEEDS = 2**32 - 1  # llama.cpp takes 2**32 - 1 itself for "draw one", unseen


def chosen_seed(sampling: Sampling, reply: int = 0) -> int:
    """Return the seed for one reply: the given one plus the reply's number, or one drawn now. 0 <= seed < 2**32 - 1."""
    seed = secrets.randbelow(2**31) if sampling.seed is None else sampling.seed
    return (seed + reply) % _SEEDS


class Sampler:
    """A chain of llama.cpp's samplers: nucleus, temperature, seeded draw, in the order of llama.cpp's own server.

    Temperature 0 (or below) is greedy. Use it as a context manager; it holds native memory.
    """

    def __init__(self, sampling: Sampling, seed: int) -> None:
        library = native()
        self._library = library
        self._chain = library.llama_sampler_chain_init(library.llama_sampler_chain_default_params())
        links = (
            [library.llama_sampler_init_greedy()]
            if sampling.temperature <= 0
            else [
                library.llama_sampler_init_top_p(min(max(sampling.top_p, 0.0), 1.0), 1),
                library.llama_sampler_init_temp(sampling.temperature),
                library.llama_sampler_init_dist(seed),
            ]
        )
        for link in links:
            library.llama_sampler_chain_add(self._chain, link)

    def __enter__(self) -> "Sampler":
        return self

    def __exit__(self, *_: object) -> None:
        self._library.llama_sampler_free(self._chain)
        self._chain = None

    def draw(self, context: Any, row: int) -> int:
        """Draw a token from output `row` of the last decode of the native `context`; the caller vouches for the row."""
        return int(self._library.llama_sampler_sample(self._chain, context, row))
