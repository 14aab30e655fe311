"""Expression `sequence`: the model writes the answer letters of thirty people in one reply.

This is the `sequence` of Meister et al. (2024). The reply is drawn with temperature 1, so that it is a sample of the
model's own distribution over replies and not just the most likely one.
"""

import re
from collections import Counter
from collections.abc import Sequence

from eval.engine import Sampling
from eval.expression.asking import OneReply, excerpt
from eval.expression.rendering import SEQUENCE_INSTRUCTION, SEQUENCE_LENGTH

MIN_LETTERS, MAX_LETTERS = SEQUENCE_LENGTH - 5, SEQUENCE_LENGTH + 5
"""How many letters a reply may hold, because models count a little wrong."""
_BETWEEN = re.compile(r"\s*,\s*|\s+")


def read(reply: str, labels: Sequence[str]) -> Counter[str] | str:
    """Count the labels in a reply that holds nothing else, or return why it cannot be read.

    Labels are separated by white space or commas; a full stop at the end is allowed. Letters in prose are never
    counted. 25 to 35 labels are accepted, and the shares are of those that are there.
    """
    letters = _BETWEEN.split(reply.strip().rstrip("., \n"))
    if not set(letters) <= set(labels):
        return f"the reply is not a list of letters: {excerpt(reply)}"
    if not MIN_LETTERS <= len(letters) <= MAX_LETTERS:
        return f"the reply holds too {'few' if len(letters) < MIN_LETTERS else 'many'} answers: {len(letters)}, not 30"
    return Counter(letters)


SEQUENCE = OneReply(SEQUENCE_INSTRUCTION, Sampling(temperature=1.0, top_p=1.0, max_tokens=160), read)
