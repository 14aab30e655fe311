"""How a survey question is put to a persona: the text of a probe.

Options are lettered by us, in the survey's order or in reverse; the refusal options always come last, so that
reversing moves the substantive options only. Answers are matched back to options by text, through `Rendered.options`.

The words in which each expression method asks.

The pocket model was trained on exactly these: change them only together with it. They are our own, so what is
replicated of the papers is how answers are scored, not what their models scored.
"""

from dataclasses import dataclass
from string import ascii_uppercase
from typing import Protocol

from eval.engine import Order, Probe

INSTRUCTION = "Answer with one letter only."


class QuestionLike(Protocol):
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


def ordered_options(question: QuestionLike, order: Order) -> tuple[str, ...]:
    """Return the option texts as printed: the survey's order or its reverse, then the refusals."""
    options = question.option_texts if order == "survey" else question.option_texts[::-1]
    return (*options, *question.refusals)


def lettered(options: tuple[str, ...]) -> str:
    """Return one line per option, `A. text`. Raises ValueError for more options than letters."""
    if len(options) > len(ascii_uppercase):
        raise ValueError(f"{len(options)} options are more than there are letters")
    return "\n".join(f"{letter}. {text}" for letter, text in zip(ascii_uppercase, options, strict=False))


def render_probe(question: QuestionLike, order: Order) -> Rendered:
    """Render one question in one order for a single-letter answer."""
    options = ordered_options(question, order)
    prompt = f"{question.stem}\n{lettered(options)}\n{INSTRUCTION}"
    labels = tuple(ascii_uppercase[: len(options)])
    return Rendered(Probe(key=f"{question.id}/{order}", prompt=prompt, labels=labels), order, options)


SEQUENCE_LENGTH = 30
SEQUENCE_INSTRUCTION = "Give the answers of 30 different people like you, as letters separated by spaces."
VERBALIZED_INSTRUCTION = (
    "Out of 100 people like you, how many choose each answer? "
    "Reply with a JSON object of letters and whole percentages."
)
OPEN_ENDED_INSTRUCTION = "Answer in one or two sentences of your own."
SAID = 'Somebody said: "{}." Which answer fits that best?'


def render(question: QuestionLike, order: Order, instruction: str) -> Rendered:
    """Render one question in one order with its lettered options, followed by `instruction`."""
    options = ordered_options(question, order)
    prompt = f"{question.stem}\n{lettered(options)}\n{instruction}"
    labels = tuple(ascii_uppercase[: len(options)])
    return Rendered(Probe(key=f"{question.id}/{order}", prompt=prompt, labels=labels), order, options)


def open_prompt(question: QuestionLike) -> str:
    """Return the question without its options, to be answered in words."""
    return f"{question.stem}\n{OPEN_ENDED_INSTRUCTION}"


def render_statement(question: QuestionLike, order: Order, statement: str) -> Rendered:
    """Render the judge's question: which of the lettered options fits best what somebody said.

    `statement` stands on one line and without a full stop at its end, which the wording has itself.
    """
    said = " ".join(statement.split()).removesuffix(".")
    return render(question, order, f"{SAID.format(said)}\n{INSTRUCTION}")
