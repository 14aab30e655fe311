"""The first thing that a small model has to find: that what it needs stands further up, and where.

Passages said again word by word, and lists of lettered things asked about in both directions, a few tokens a question.
Almost every token of an answer is a lesson in looking back, where an ordinary document has one in a hundred.
"""

from collections.abc import Sequence
from random import Random

from eval.expression.rendering import lettered
from pocket.answers import LETTER_WEIGHT, LETTERS, asked
from pocket.document import Turn

MOST_LISTED = 9
PASSAGE_WORDS = (12, 40)
_AGAIN = ("Say this again:", "Repeat after me:", "Please repeat:", "Read this back to me:")


def passage(words: Sequence[str], rng: Random) -> list[Turn]:
    """Return a request to repeat some of `words` in no order that makes sense, and the same words."""
    text = " ".join(rng.choices(words, k=rng.randint(*PASSAGE_WORDS)))
    return [asked(f"{rng.choice(_AGAIN)} {text}"), Turn("assistant", text)]


def lettered_list(phrases: Sequence[str], rng: Random) -> list[Turn]:
    """Return a lettered list of some of `phrases` and short questions: a letter for each phrase, or the reverse."""
    listed = rng.sample(phrases, rng.randint(3, MOST_LISTED))
    turns: list[Turn] = []
    for place in rng.sample(range(len(listed)), len(listed)):
        if rng.random() < 0.75:
            turns += [asked(listed[place]), Turn("assistant", LETTERS[place], LETTER_WEIGHT / 4)]
        else:
            turns += [asked(LETTERS[place]), Turn("assistant", listed[place])]
    return [asked(f"{lettered(tuple(listed))}\n{turns[0].text}"), *turns[1:]]
