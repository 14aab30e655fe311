"""The words in which each expression method asks.

The pocket model was trained on exactly these: change them only together with it. They are our own, so what is
replicated of the papers is how answers are scored, not what their models scored.
"""

from string import ascii_uppercase

from eval.engine import Probe
from eval.rendering import INSTRUCTION, Askable, Order, Rendered, lettered, ordered_options

SEQUENCE_LENGTH = 30
SEQUENCE_INSTRUCTION = "Give the answers of 30 different people like you, as letters separated by spaces."
VERBALIZED_INSTRUCTION = (
    "Out of 100 people like you, how many choose each answer? "
    "Reply with a JSON object of letters and whole percentages."
)
OPEN_ENDED_INSTRUCTION = "Answer in one or two sentences of your own."
SAID = 'Somebody said: "{}." Which answer fits that best?'


def render(question: Askable, order: Order, instruction: str) -> Rendered:
    """Render one question in one order with its lettered options, followed by `instruction`."""
    options = ordered_options(question, order)
    prompt = f"{question.stem}\n{lettered(options)}\n{instruction}"
    labels = tuple(ascii_uppercase[: len(options)])
    return Rendered(Probe(key=f"{question.id}/{order}", prompt=prompt, labels=labels), order, options)


def open_prompt(question: Askable) -> str:
    """Return the question without its options, to be answered in words."""
    return f"{question.stem}\n{OPEN_ENDED_INSTRUCTION}"


def render_statement(question: Askable, order: Order, statement: str) -> Rendered:
    """Render the judge's question: which of the lettered options fits best what somebody said.

    `statement` stands on one line and without a full stop at its end, which the wording has itself.
    """
    said = " ".join(statement.split()).removesuffix(".")
    return render(question, order, f"{SAID.format(said)}\n{INSTRUCTION}")
