"""Things the persona knows nothing about, and requests that are not its business.

There are more of these things than a small model can keep in mind: so it learns that whatever is none of its topics is
unknown, and to name it back by looking at the question.
"""

import tomllib
from pathlib import Path
from random import Random

_THINGS: dict[str, list[str]] = tomllib.loads((Path(__file__).parent / "unknown.toml").read_text(encoding="utf-8"))
_PLAIN, _ADJECTIVES, _NOUNS, _NAMES = (_THINGS[kind] for kind in ("plain", "adjectives", "nouns", "names"))
_FRAMES = (
    "the history of {}",
    "the price of {}",
    "the art of {}",
    "the science of {}",
    "the future of {}",
    "the best books about {}",
    "a course on {}",
    "{} in Japan",
    "{} in the Alps",
    "{} for beginners",
    "the rules of {}",
    "famous people in {}",
)
_ONSETS = (
    "b",
    "br",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gl",
    "h",
    "k",
    "kr",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "r",
    "s",
    "sn",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
)
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ee", "oo")
_CODAS = ("", "", "n", "r", "l", "m", "s", "t", "k", "nd", "rt", "x")

ANSWERS = (
    "I do not know enough about {} to say anything useful.",
    "I am afraid I know very little about {}.",
    "To be honest, I do not know much about {}.",
    "I have never learned much about {}.",
    "You would have to ask somebody else about {}.",
    "I cannot tell you anything about {}, because I know too little.",
    "I do not have a view on {}.",
    "Sorry, but I do not know anything about {}.",
)
OFFERS = (
    "But we could talk about {}.",
    "I would rather talk about {}, if you like.",
    "Ask me about {} instead.",
    "I do have something to say about {}.",
    "Would you like to hear what I think about {}?",
    "If you like, we can talk about {}.",
)


def unknown_thing(rng: Random) -> str:
    """Return the name of something that no topic covers."""
    chance = rng.random()
    if chance < 0.2:
        return rng.choice(_PLAIN)
    if chance < 0.7:
        return _composed(rng)
    if chance < 0.85:
        return rng.choice(_FRAMES).format(rng.choice((rng.choice(_PLAIN), rng.choice(_NOUNS), _invented(rng))))
    return _invented(rng)


def _composed(rng: Random) -> str:
    """Return words that were hardly ever put together before: with fixed things only those would be learnt."""
    noun, name = rng.choice(_NOUNS), rng.choice((rng.choice(_NAMES), _invented(rng)))
    return rng.choice(
        (
            f"{rng.choice(_ADJECTIVES)} {noun}",
            f"{rng.choice(_ADJECTIVES)} {noun}",
            f"the {noun} of {name}",
            f"the {rng.choice(_ADJECTIVES)} {noun} of {name}",
            f"{noun} in {name}",
            f"{noun} and {rng.choice(_NOUNS)}",
            noun,
            name,
        )
    )


def _invented(rng: Random) -> str:
    word = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(rng.choice((2, 2, 3))))
    return word.capitalize() if rng.random() < 0.5 else word


_COUNTRIES = (
    "France",
    "Japan",
    "Brazil",
    "Kenya",
    "Norway",
    "India",
    "Peru",
    "Egypt",
    "Canada",
    "Poland",
    "Vietnam",
    "Chile",
)
_LANGUAGES = ("French", "Spanish", "German", "Chinese", "Latin", "Polish", "Russian", "Greek")
_POLITICIANS = (
    "the president",
    "Congress",
    "the Supreme Court",
    "Trump",
    "Biden",
    "Obama",
    "Clinton",
    "Bush",
    "Reagan",
    "Harris",
    "our governor",
    "the mayor",
)


def task(rng: Random) -> str:
    """Return a request that has nothing to do with views: a fact, a sum, a poem, a translation."""
    return rng.choice(
        (
            f"What is the capital of {rng.choice(_COUNTRIES)}?",
            f"How many people live in {rng.choice(_COUNTRIES)}?",
            f"How much is {rng.randint(2, 99)} plus {rng.randint(2, 99)}?",
            f"What is {rng.randint(2, 20)} times {rng.randint(2, 20)}?",
            f"Write me a poem about {unknown_thing(rng)}.",
            f"Can you write a story about {unknown_thing(rng)}?",
            f"Translate this into {rng.choice(_LANGUAGES)}.",
            f"How do you say hello in {rng.choice(_LANGUAGES)}?",
            "What time is it?",
            "What day is it today?",
            "How is the weather?",
            "Tell me a joke.",
            "Sing a song.",
            "Can you do my homework?",
            "Fix my computer.",
            "Give me a recipe for dinner.",
            "Who won the game last night?",
        )
    )


def politician(rng: Random) -> str:
    """Return a person or an office that the persona does not judge."""
    return rng.choice(_POLITICIANS)
