"""How a survey question is put to a persona: the text of a probe.

Options are lettered by us, in the survey's order or in reverse; the refusal options always come last, so that
reversing moves the substantive options only. Answers are matched back to options by text, through `Rendered.options`.
"""

from dataclasses import dataclass
from string import ascii_uppercase
from typing import Literal, Protocol

from eval.engine import Probe

Order = Literal["survey", "reversed"]
ORDERS: tuple[Order, Order] = ("survey", "reversed")
INSTRUCTION = "Answer with one letter only."


class Askable(Protocol):
    """The part of a survey question that rendering needs."""

    @property
    def id(self) -> str: ...
    @property
    def stem(self) -> str: ...
    @property
    def option_texts(self) -> tuple[str, ...]: ...
    @property
    def refusals(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Rendered:
    """A probe together with the option text behind each of its labels (refusals included, last)."""

    probe: Probe
    order: Order
    options: tuple[str, ...]


def ordered_options(question: Askable, order: Order) -> tuple[str, ...]:
    """Return the option texts as printed: the survey's order or its reverse, then the refusals."""
    options = question.option_texts if order == "survey" else question.option_texts[::-1]
    return (*options, *question.refusals)


def lettered(options: tuple[str, ...]) -> str:
    """Return one line per option, `A. text`. Raises ValueError for more options than letters."""
    if len(options) > len(ascii_uppercase):
        raise ValueError(f"{len(options)} options are more than there are letters")
    return "\n".join(f"{letter}. {text}" for letter, text in zip(ascii_uppercase, options, strict=False))


def render_probe(question: Askable, order: Order) -> Rendered:
    """Render one question in one order for a single-letter answer."""
    options = ordered_options(question, order)
    prompt = f"{question.stem}\n{lettered(options)}\n{INSTRUCTION}"
    labels = tuple(ascii_uppercase[: len(options)])
    return Rendered(Probe(key=f"{question.id}/{order}", prompt=prompt, labels=labels), order, options)
