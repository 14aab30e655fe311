"""Exercises that tie a letter to the option behind it, and an option to what people say in words of their own.

A survey answer teaches little about that: the letter is one of several that the person might have given. Here only one
letter is right, so that a small model finds out early what letters are for. Options stand in any order.
"""

from random import Random

from eval.expression.rendering import INSTRUCTION, SAID, lettered
from pocket.answers import LETTER_WEIGHT, LETTERS, TOPIC_OF, asked, open_ended, probe
from pocket.document import Turn
from pocket.panel import Panel
from pocket.respondents import Respondent

_WHICH = (
    'Which letter stands for "{}"?',
    'Which letter stands before "{}"?',
    'What is the letter of "{}"?',
    'Somebody answered "{}". Which letter is that?',
)
_WHAT = ("What does {} stand for?", "What is answer {}?", "What does letter {} say?", "And {}?")
_SAID = (
    SAID,
    'My answer is this: "{}." Which letter should I take?',
    'A neighbor told us: "{}." Which letter is that?',
    'This is what one person wrote: "{}." Which answer is meant?',
)
_REPEAT = ("What does that letter stand for?", "Which answer is that?", "What did you just answer?")
_IN_WORDS = ("Say that in your own words.", "How would you put it yourself?", "And in your own words?")


def which_letter(panel: Panel, key: str, rng: Random) -> tuple[Turn, Turn]:
    """Return a question about the letter of one of the options, and that letter."""
    options = _shuffled(panel, key, rng)
    place = rng.randrange(len(options))
    return _exercise(panel, key, options, rng.choice(_WHICH).format(options[place]), place)


def drill(panel: Panel, key: str, rng: Random) -> list[Turn]:
    """Return one list of options and a question about each: its letter, or what its letter stands for."""
    options = _shuffled(panel, key, rng)
    turns: list[Turn] = []
    for place in rng.sample(range(len(options)), len(options)):
        if rng.random() < 0.6:
            task, answer = rng.choice(_WHICH).format(options[place]), Turn("assistant", LETTERS[place], LETTER_WEIGHT)
        else:
            task, answer = rng.choice(_WHAT).format(LETTERS[place]), Turn("assistant", options[place])
        turns += [asked(task), answer]
    listing = f"{panel.questions[key].question.stem}\n{lettered(options)}\n"
    return [asked(listing + turns[0].text), *turns[1:]]


def letter_of_a_statement(panel: Panel, key: str, rng: Random) -> tuple[Turn, Turn]:
    """Return a question about what somebody said, and the letter of the option that it amounts to."""
    texts = panel.questions[key].question.option_texts
    meant = rng.randrange(len(texts))
    statement = rng.choice(TOPIC_OF[key].statements[key][meant])
    if not statement.startswith("I "):
        statement = f"{rng.choice(('I think', 'I believe', 'In my view,'))} {statement}"
    options = _shuffled(panel, key, rng)
    return _exercise(panel, key, options, rng.choice(_SAID).format(statement), options.index(texts[meant]))


def words_then_letter(panel: Panel, person: Respondent, key: str, rng: Random) -> list[Turn]:
    """Return a person's answer in words, then the same question with options, and the letter that goes with it."""
    return [*open_ended(panel, person, key, rng), *probe(panel, person, key, rng, may_refuse=False)]


def letter_then_words(panel: Panel, person: Respondent, key: str, rng: Random) -> list[Turn]:
    """Return a person's letter, then what it stands for: the option as printed, or a sentence that amounts to it."""
    question, answer = probe(panel, person, key, rng, may_refuse=False)
    chosen = person.answer(key)
    if rng.random() < 0.5:
        text = panel.questions[key].question.option_texts[chosen]
        return [question, answer, Turn("user", rng.choice(_REPEAT), 0.1), Turn("assistant", f"{answer.text}. {text}")]
    statement = rng.choice(TOPIC_OF[key].statements[key][chosen])
    said = statement if statement.startswith("I ") else f"I think {statement}"
    return [question, answer, Turn("user", rng.choice(_IN_WORDS), 0.1), Turn("assistant", f"{said}.")]


def _shuffled(panel: Panel, key: str, rng: Random) -> tuple[str, ...]:
    question = panel.questions[key].question
    return (*rng.sample(question.option_texts, len(question.option_texts)), *question.refusals)


def _exercise(panel: Panel, key: str, options: tuple[str, ...], task: str, place: int) -> tuple[Turn, Turn]:
    stem = panel.questions[key].question.stem
    return (
        asked(f"{stem}\n{lettered(options)}\n{task}\n{INSTRUCTION}"),
        Turn("assistant", LETTERS[place], LETTER_WEIGHT),
    )
