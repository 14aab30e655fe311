"""Questions about who one is, with the one right answer that the persona's prompt gives.

They teach a small model early to look at its prompt: what a group thinks is of no use to a model that
does not know whom it plays.
"""

from collections.abc import Sequence
from random import Random

from eval.expression.rendering import INSTRUCTION, lettered
from personas import CATALOGUE, Group
from pocket.answers import LETTER_WEIGHT, LETTERS, asked
from pocket.document import Turn

_SHORT = ("Answer in a few words.", "Please answer briefly.", "Just say it in short.")


def own_group(groups: Sequence[Group], rng: Random) -> tuple[Turn, Turn]:
    """Return the question behind one of `groups` (at least one), and its answer: in words, or as a letter."""
    group = rng.choice(groups)
    attribute = CATALOGUE[group.attribute]
    if rng.random() < 0.6:
        return asked(f"{attribute.question}\n{rng.choice(_SHORT)}"), Turn("assistant", group.value, LETTER_WEIGHT)
    values = attribute.values if rng.random() < 0.5 else attribute.values[::-1]
    letter = LETTERS[values.index(group.value)]
    return asked(f"{attribute.question}\n{lettered(values)}\n{INSTRUCTION}"), Turn("assistant", letter, LETTER_WEIGHT)
