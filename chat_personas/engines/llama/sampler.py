"""Drawing the next token from the model's distribution."""

import secrets
from typing import Any

from chat_personas.engines.llama.grammar import grammar
from chat_personas.engines.llama.library import native
from chat_personas.engines.llama.vocabulary import Vocabulary
from eval.engine import EngineError, Sampling

_SEEDS = 2**32 - 1  # llama.cpp takes 2**32 - 1 itself for "draw one", unseen


def chosen_seed(sampling: Sampling, reply: int = 0) -> int:
    """Return the seed for one reply: the given one plus the reply's number, or one drawn now. 0 <= seed < 2**32 - 1."""
    seed = secrets.randbelow(2**31) if sampling.seed is None else sampling.seed
    return (seed + reply) % _SEEDS


class Sampler:
    """A chain of llama.cpp's samplers: grammar, nucleus, temperature, seeded draw, in the order of its own server.

    The grammar keeps the reply to `sampling.constraint`. A model without a token that ends a reply goes without it:
    after the last character that a grammar allows, llama.cpp would find nothing to draw and end the process.
    Temperature 0 (or below) is greedy. Use it as a context manager; it holds native memory.
    """

    def __init__(self, sampling: Sampling, seed: int, vocabulary: Vocabulary) -> None:
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
        if sampling.constraint is not None and vocabulary.can_constrain:
            links.insert(0, _constraining(library, vocabulary, grammar(sampling.constraint)))
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


def _constraining(library: Any, vocabulary: Vocabulary, rules: str) -> Any:
    """Return the sampler that leaves only tokens that the grammar allows."""
    link = library.llama_sampler_init_grammar(vocabulary.pointer, rules.encode(), b"root")
    if not link:
        raise EngineError("the model could not be kept to the form of the answers; use another expression")
    return link
