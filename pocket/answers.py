"""Survey answers of synthetic people, in every expression method, and probes that teach the model to read."""

import json
from collections import Counter
from functools import cache
from math import exp
from random import Random

from eval.rendering import INSTRUCTION, ORDERS, Order, Rendered, lettered, render_probe
from pocket.document import Turn
from pocket.panel import Crowd, Panel
from pocket.respondents import Respondent
from pocket.topics import TOPICS, Topic

SEQUENCE_INSTRUCTION = "Give the answers of 30 different people like you, as letters separated by spaces."
VERBALIZED_INSTRUCTION = (
    "Out of 100 people like you, how many choose each answer? "
    "Reply with a JSON object of letters and whole percentages."
)
OPEN_ENDED_INSTRUCTION = "Answer in one or two sentences of your own."
FEW_SHOT_INTRODUCTION = "This is how people like you answered some other questions."
FEW_SHOT_REQUEST = "Now answer this question as one of them."

LETTER_WEIGHT = 8.0
SEQUENCE_WEIGHT = 2.0
PROMPT_WEIGHT = 0.1
SEQUENCE_LENGTH = 30

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TOPIC_OF = {key: topic for topic in TOPICS for key in topic.statements}
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


@cache
def _rendered(panel: Panel, key: str, order: Order) -> Rendered:
    return render_probe(panel.questions[key].question, order)


def _user(text: str) -> Turn:
    return Turn("user", text, PROMPT_WEIGHT)


def _letter(option: int | None, count: int, order: Order) -> str:
    """Return the letter of an option (survey's index) among `count`; None is the refusal, which comes last."""
    if option is None:
        return _LETTERS[count]
    return _LETTERS[option if order == "survey" else count - 1 - option]


def _draw_refusal(panel: Panel, crowd: Crowd, key: str, rng: Random) -> bool:
    return bool(panel.questions[key].question.refusals) and rng.random() < crowd.answers[key].refusal


def probe(panel: Panel, person: Respondent, key: str, rng: Random, *, may_refuse: bool = True) -> tuple[Turn, Turn]:
    """Return a survey question in either order and the letter of this person's answer."""
    order = rng.choice(ORDERS)
    trained = panel.questions[key]
    refuses = may_refuse and _draw_refusal(panel, person.crowd, key, rng)
    letter = _letter(None if refuses else person.answer(key), len(trained.leans), order)
    return _user(_rendered(panel, key, order).probe.prompt), Turn("assistant", letter, LETTER_WEIGHT)


def reworded_probe(panel: Panel, person: Respondent, key: str, rng: Random) -> tuple[Turn, Turn]:
    """Return a question as a choice between first-person statements, in any order, and this person's letter."""
    topic = _TOPIC_OF[key]
    texts = [rng.choice(variants) for variants in topic.statements[key]]
    places = list(range(len(texts)))
    rng.shuffle(places)
    options = [texts[place][0].upper() + texts[place][1:] for place in places]
    options += panel.questions[key].question.refusals
    stem = rng.choice(_CLOSEST)
    if rng.random() < 0.4:
        stem = f"This is about {rng.choice(topic.phrases)}. {stem}"
    letter = _LETTERS[places.index(person.answer(key))]
    return _user(f"{stem}\n{lettered(tuple(options))}\n{INSTRUCTION}"), Turn("assistant", letter, LETTER_WEIGHT)


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
    return _user(text), Turn("assistant", letter, LETTER_WEIGHT)


def _one_statement(topic: Topic, person: Respondent, rng: Random) -> tuple[Turn, Turn]:
    sign, pole = rng.choice(((-1, topic.left), (1, topic.right)))
    stem, options = rng.choice(_SCALES)
    agreement = sign * person.lean(topic) + rng.gauss(0.0, 0.35)
    place = min(int((1 - max(-0.999, min(0.999, agreement))) / 2 * len(options)), len(options) - 1)
    is_reversed = rng.random() < 0.5
    shown = options[::-1] if is_reversed else options
    letter = _LETTERS[len(options) - 1 - place if is_reversed else place]
    if rng.random() < 0.65:
        text = stem.format(rng.choice(pole.stances))
    else:
        text = f"This is about {rng.choice(topic.phrases)}. {stem.format(rng.choice(pole.reasons))}"
    prompt = f"{text}\n{lettered((*shown, *_sometimes_refusal(rng)))}\n{INSTRUCTION}"
    return _user(prompt), Turn("assistant", letter, LETTER_WEIGHT)


def _about(topic: Topic, rng: Random) -> str:
    return f"This is about {rng.choice(topic.phrases)}. " if rng.random() < 0.6 else ""


def _sometimes_refusal(rng: Random) -> tuple[str, ...]:
    return ("I would rather not say",) if rng.random() < 0.8 else ()


def _listing(panel: Panel, key: str, order: Order) -> str:
    return _rendered(panel, key, order).probe.prompt.removesuffix(f"\n{INSTRUCTION}")


def _draw_option(panel: Panel, crowd: Crowd, key: str, rng: Random) -> int | None:
    if _draw_refusal(panel, crowd, key, rng):
        return None
    shares = crowd.answers[key].shares
    return rng.choices(range(len(shares)), shares)[0]


def sequence(panel: Panel, crowd: Crowd, key: str, rng: Random) -> tuple[Turn, Turn]:
    """Return a question and the letters of thirty different people of the crowd."""
    order = rng.choice(ORDERS)
    count = len(panel.questions[key].leans)
    letters = [_letter(_draw_option(panel, crowd, key, rng), count, order) for _ in range(SEQUENCE_LENGTH)]
    return (
        _user(f"{_listing(panel, key, order)}\n{SEQUENCE_INSTRUCTION}"),
        Turn("assistant", " ".join(letters), SEQUENCE_WEIGHT),
    )


def verbalized(panel: Panel, crowd: Crowd, key: str, rng: Random) -> tuple[Turn, Turn]:
    """Return a question and the shares among a hundred people of the crowd, in steps of five percent."""
    order = rng.choice(ORDERS)
    count = len(panel.questions[key].leans)
    drawn = Counter(_letter(_draw_option(panel, crowd, key, rng), count, order) for _ in range(100))
    letters = _LETTERS[: count + len(panel.questions[key].question.refusals)]
    shares = rounded_to_fives([drawn[letter] for letter in letters])
    reply = json.dumps(dict(zip(letters, shares, strict=True)))
    return _user(f"{_listing(panel, key, order)}\n{VERBALIZED_INSTRUCTION}"), Turn("assistant", reply, 1.0)


def rounded_to_fives(counts: list[int]) -> list[int]:
    """Return percentages in steps of 5 that sum to 100, by the largest remainders, for counts out of 100."""
    steps = [count // 5 for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda place: -(counts[place] % 5))
    for place in by_remainder[: 20 - sum(steps)]:
        steps[place] += 1
    return [5 * step for step in steps]


def open_ended(panel: Panel, person: Respondent, key: str, rng: Random) -> tuple[Turn, Turn]:
    """Return a question without options and an answer in words that amounts to one of them."""
    statement = rng.choice(_TOPIC_OF[key].statements[key][person.answer(key)])
    opener = rng.choice(
        ("I think", "I would say that", "In my view,", "I believe", "My answer is that", "The way I see it,")
    )
    if statement.startswith("I "):
        opener = rng.choice(("Well,", "To be honest,", "Let me put it this way:"))
    reply = f"{opener} {statement}."
    if rng.random() < 0.5:
        reply += " " + rng.choice(
            (
                "That is how I see it.",
                "I have thought about it for some time.",
                "Others may see it in another way.",
                "It seems quite clear to me.",
                "I may be wrong, but that is my view.",
            )
        )
    return _user(f"{panel.questions[key].question.stem}\n{OPEN_ENDED_INSTRUCTION}"), Turn("assistant", reply)


def few_shot(panel: Panel, person: Respondent, keys: list[str], rng: Random) -> tuple[Turn, Turn]:
    """Return a question after the crowd's percentages on others; the last of `keys` is the one that is asked."""
    *shown, target = keys
    blocks = [_with_percentages(panel, person.crowd, key) for key in shown]
    asked, letter = probe(panel, person, target, rng)
    text = "\n\n".join((FEW_SHOT_INTRODUCTION, *blocks, f"{FEW_SHOT_REQUEST}\n{asked.text}"))
    return _user(text), letter


def _with_percentages(panel: Panel, crowd: Crowd, key: str) -> str:
    question, shares = panel.questions[key].question, crowd.answers[key].shares
    lines = [f"{text}: {round(100 * share)}%" for text, share in zip(question.option_texts, shares, strict=True)]
    return "\n".join([question.stem, *lines])
