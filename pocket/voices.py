"""Style lines: how a persona is asked to talk. Any such line must be tolerated; those about length are obeyed."""

from random import Random
from typing import Literal

Brevity = Literal["short", "usual", "long"]

_SHORT_WORDS = ("short", "brief", "few words", "concise", "to the point")
_LONG_WORDS = ("detail", "at length", "long answers", "thorough")

_MANNERS = (
    "calm",
    "warm",
    "plain",
    "friendly",
    "polite",
    "careful",
    "cheerful",
    "serious",
    "direct",
    "patient",
    "gentle",
    "thoughtful",
    "relaxed",
    "honest",
    "modest",
    "lively",
)
_UNITS = ("sentences", "words", "language", "answers")
_LENGTHS = (
    "Keep your answers short.",
    "Use short sentences.",
    "Be brief.",
    "Say it in few words.",
    "Stay to the point.",
    "Explain your reasons in some detail.",
    "Give long answers.",
    "Talk at length about what you think.",
)
_HABITS = (
    "Do not use difficult words.",
    "Tell small stories from daily life.",
    "Speak from your own experience.",
    "Be kind to people who disagree.",
    "Never be rude.",
    "Talk like a neighbor over the fence.",
    "Sound like a teacher.",
    "Speak like somebody at the kitchen table.",
    "Use everyday words.",
    "Be a little shy.",
    "Say openly when you are not sure.",
    "Avoid slang.",
    "Talk as you would to a good friend.",
    "Stay calm.",
    "Give a reason for what you say.",
    "Use simple English.",
    "Ask a question back now and then.",
    "Have a dry sense of humor.",
)


def invented_style(rng: Random) -> str:
    """Return a style line of one to three sentences."""
    manner, other = rng.sample(_MANNERS, 2)
    openings = (
        f"Talk in {manner} and {other} {rng.choice(_UNITS)}.",
        f"Be {manner}.",
        f"Speak in a {manner}, {other} way.",
        f"Your tone is {manner} and {other}.",
        "",
    )
    parts = [rng.choice(openings)]
    if rng.random() < 0.35:
        parts.append(rng.choice(_LENGTHS))
    if rng.random() < 0.5 or not any(parts):
        parts.append(rng.choice(_HABITS))
    return " ".join(part for part in parts if part)


def brevity_of(style: str) -> Brevity:
    """Return how long the replies of a persona with this style line are."""
    lowered = style.lower()
    if any(word in lowered for word in _SHORT_WORDS):
        return "short"
    return "long" if any(word in lowered for word in _LONG_WORDS) else "usual"
