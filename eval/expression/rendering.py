"""The text of a probe: how a survey question is put to a model for each expression method.

We letter the options, in the survey's order and in reverse, or in other orders (`eval.orders`). The refusal options
always come last, so that only the substantive options change places. Answers are matched to options by text, through
`Rendered.options`.

The built-in model was trained on exactly these prompts, so change them only together with it. The wording is our own:
what we replicate of the papers is how answers are scored, not the scores of their models.
"""

from dataclasses import dataclass
from string import ascii_uppercase
from typing import Protocol

from eval.engine import Order, Probe
from eval.orders import places

INSTRUCTION = "Answer with one letter only."
SEQUENCE_LENGTH = 30
SEQUENCE_INSTRUCTION = "Give the answers of 30 different people like you, as letters separated by spaces."
VERBALIZED_INSTRUCTION = (
    "Out of 100 people like you, how many choose each answer? "
    "Reply with a JSON object of letters and whole percentages."
)
OPEN_ENDED_INSTRUCTION = "Answer in one or two sentences of your own."
SAID = 'Somebody said: "{}." Which answer fits that best?'


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
    """A probe and, for each of its labels, the text of the option, refusals included."""

    probe: Probe
    order: Order
    options: tuple[str, ...]


def render(question: QuestionLike, order: Order, instruction: str = INSTRUCTION) -> Rendered:
    """Return the probe for one question in one option order: stem, lettered options, instruction."""
    options = ordered_options(question, order)
    prompt = f"{question.stem}\n{lettered(options)}\n{instruction}"
    labels = tuple(ascii_uppercase[: len(options)])
    plain = plain_text(question, options, instruction.removesuffix(INSTRUCTION).rstrip())
    return Rendered(Probe(f"{question.id}/{order}", prompt, labels, plain=plain), order, options)


def plain_text(question: QuestionLike, options: tuple[str, ...], remark: str = "") -> str:
    """Return the question in plain text up to its answer, in the form of OpinionQA, for models that continue text.

    There is no request to answer with a letter: with it Gemma 3 270M gives the letters a third of the mass. What comes
    before the stem, such as the answers of the group to other questions, comes before the question; `remark` follows
    the options.
    """
    before = getattr(question, "examples", "")
    stem = question.stem.removeprefix(f"{before}\n") if before else question.stem
    lines = [f"Question: {stem}", lettered(options), *([remark] if remark else []), "Answer:"]
    return "\n".join([*([before, ""] if before else []), *lines])


def render_statement(question: QuestionLike, order: Order, statement: str) -> Rendered:
    """Return the judge's probe: which of the lettered options fits a statement best.

    The statement is put on one line. A full stop at its end is removed, because the wording adds one.
    """
    quoted = " ".join(statement.split()).removesuffix(".")
    return render(question, order, f"{SAID.format(quoted)}\n{INSTRUCTION}")


def open_prompt(question: QuestionLike) -> str:
    """Return the question without its options, to be answered in free text."""
    return f"{question.stem}\n{OPEN_ENDED_INSTRUCTION}"


def ordered_options(question: QuestionLike, order: Order) -> tuple[str, ...]:
    """Return the option texts as printed: in this order, then the refusals, which always come last."""
    texts = question.option_texts
    return (*(texts[option] for option in places(order, question.id, len(texts))), *question.refusals)


def lettered(options: tuple[str, ...]) -> str:
    """Return one line per option, `A. text`.

    Raises:
        ValueError: there are more options than letters.
    """
    if len(options) > len(ascii_uppercase):
        raise ValueError(f"{len(options)} options are more than there are letters")
    return "\n".join(f"{letter}. {text}" for letter, text in zip(ascii_uppercase, options, strict=False))
