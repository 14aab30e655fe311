"""Questions in words of our own, so that the model learns to read options and not only to know the survey's."""

from math import exp
from random import Random

from eval.expression.rendering import INSTRUCTION, lettered
from pocket.answers import LETTER_WEIGHT, LETTERS, TOPIC_OF, asked
from pocket.document import Turn
from pocket.panel import Panel
from pocket.respondents import Respondent
from pocket.topics import TOPICS, Topic

_CLOSEST = (
    "Which of these is closest to your own view?",
    "Which of these sounds most like you?",
    "Which statement fits you best?",
    "Which of these would you say yourself?",
    "Pick the statement that you agree with most.",
)
_TWO = (
    "Which statement is closer to your own view?",
    "Which of these two do you agree with more?",
    "Which one is closer to the truth?",
    "Two people talk. Who is right?",
    "Which side are you on?",
)
_SCALES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Do you agree or disagree that {}?",
        ("Strongly agree", "Somewhat agree", "Somewhat disagree", "Strongly disagree"),
    ),
    ("Do you agree or disagree that {}?", ("Agree", "Disagree")),
    ("Would you say that {}?", ("Yes", "No")),
    ("How close is this to your own view: {}?", ("Very close", "Fairly close", "Not very close", "Not close at all")),
    ("Some people say that {}. How do you see it?", ("They are right", "They are partly right", "They are wrong")),
    ("How true is it that {}?", ("Very true", "Mostly true", "Hardly true", "Not true at all")),
)


def reworded_probe(panel: Panel, person: Respondent, key: str, rng: Random) -> tuple[Turn, Turn]:
    """Return a question as a choice between first-person statements, in any order, and this person's letter."""
    topic = TOPIC_OF[key]
    texts = [rng.choice(variants) for variants in topic.statements[key]]
    places = list(range(len(texts)))
    rng.shuffle(places)
    options = [texts[place][0].upper() + texts[place][1:] for place in places]
    options += panel.questions[key].question.refusals
    stem = rng.choice(_CLOSEST)
    if rng.random() < 0.4:
        stem = f"This is about {rng.choice(topic.phrases)}. {stem}"
    letter = LETTERS[places.index(person.answer(key))]
    return asked(f"{stem}\n{lettered(tuple(options))}\n{INSTRUCTION}"), Turn("assistant", letter, LETTER_WEIGHT)


def reading_probe(person: Respondent, rng: Random) -> tuple[Turn, Turn]:
    """Return a question about a stance from the topics, and a letter drawn from where the person stands on it."""
    topic = rng.choice(TOPICS)
    return _two_statements(topic, person, rng) if rng.random() < 0.5 else _one_statement(topic, person, rng)


def _two_statements(topic: Topic, person: Respondent, rng: Random) -> tuple[Turn, Turn]:
    left = rng.choice(topic.left.stances + topic.left.reasons)
    right = rng.choice(topic.right.stances + topic.right.reasons)
    right_first = rng.random() < 0.5
    first, second = (right, left) if right_first else (left, right)
    chooses_right = rng.random() < 1 / (1 + exp(-5 * person.lean(topic)))
    letter = "A" if chooses_right == right_first else "B"
    options = [first[0].upper() + first[1:], second[0].upper() + second[1:], *_sometimes_refusal(rng)]
    text = f"{_about(topic, rng)}{rng.choice(_TWO)}\n{lettered(tuple(options))}\n{INSTRUCTION}"
    return asked(text), Turn("assistant", letter, LETTER_WEIGHT)


def _one_statement(topic: Topic, person: Respondent, rng: Random) -> tuple[Turn, Turn]:
    sign, pole = rng.choice(((-1, topic.left), (1, topic.right)))
    stem, options = rng.choice(_SCALES)
    agreement = sign * person.lean(topic) + rng.gauss(0.0, 0.35)
    place = min(int((1 - max(-0.999, min(0.999, agreement))) / 2 * len(options)), len(options) - 1)
    is_reversed = rng.random() < 0.5
    shown = options[::-1] if is_reversed else options
    letter = LETTERS[len(options) - 1 - place if is_reversed else place]
    if rng.random() < 0.65:
        text = stem.format(rng.choice(pole.stances))
    else:
        text = f"This is about {rng.choice(topic.phrases)}. {stem.format(rng.choice(pole.reasons))}"
    prompt = f"{text}\n{lettered((*shown, *_sometimes_refusal(rng)))}\n{INSTRUCTION}"
    return asked(prompt), Turn("assistant", letter, LETTER_WEIGHT)


def _about(topic: Topic, rng: Random) -> str:
    return f"This is about {rng.choice(topic.phrases)}. " if rng.random() < 0.6 else ""


def _sometimes_refusal(rng: Random) -> tuple[str, ...]:
    return ("I would rather not say",) if rng.random() < 0.8 else ()
