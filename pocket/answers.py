"""Survey answers of synthetic people, in every expression method."""

import json
from collections import Counter
from functools import cache
from random import Random

from eval.engine import ORDERS, Order
from eval.expression.few_shot import examples_text, with_percentages
from eval.expression.rendering import (
    INSTRUCTION,
    OPEN_ENDED_INSTRUCTION,
    SEQUENCE_INSTRUCTION,
    SEQUENCE_LENGTH,
    VERBALIZED_INSTRUCTION,
    Rendered,
    render,
)
from pocket.document import Turn
from pocket.panel import Crowd, Panel
from pocket.respondents import Respondent
from pocket.topics import TOPICS

LETTER_WEIGHT = 16.0
SEQUENCE_WEIGHT = 2.0
PROMPT_WEIGHT = 0.1
ASKED_ALIKE = 40
SURVEY_ORDER_SHARE = 0.65

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TOPIC_OF = {key: topic for topic in TOPICS for key in topic.statements}


@cache
def _rendered(panel: Panel, key: str, order: Order) -> Rendered:
    return render(panel.questions[key].question, order)


def asked(text: str) -> Turn:
    """Return a survey prompt as a user's turn."""
    return Turn("user", text, PROMPT_WEIGHT)


def draw_order(rng: Random) -> Order:
    """Return an order of the options, the survey's more often.

    With even shares a letter alone says nothing about an answer, and a small model took very long to find that the two
    orders together do. What it learns of either order is not changed by how often it sees it.
    """
    return ORDERS[0] if rng.random() < SURVEY_ORDER_SHARE else ORDERS[1]


def _letter(option: int | None, count: int, order: Order) -> str:
    """Return the letter of an option (survey's index) among `count`; None is the refusal, which comes last."""
    if option is None:
        return LETTERS[count]
    return LETTERS[option if order == "survey" else count - 1 - option]


def _draw_refusal(panel: Panel, crowd: Crowd, key: str, rng: Random) -> bool:
    return bool(panel.questions[key].question.refusals) and rng.random() < crowd.answers[key].refusal


def probe(panel: Panel, person: Respondent, key: str, rng: Random, *, may_refuse: bool = True) -> tuple[Turn, Turn]:
    """Return a survey question in either order and the letter of this person's answer."""
    order = draw_order(rng)
    trained = panel.questions[key]
    refuses = may_refuse and _draw_refusal(panel, person.crowd, key, rng)
    letter = _letter(None if refuses else person.answer(key), len(trained.leans), order)
    return asked(_rendered(panel, key, order).probe.prompt), Turn("assistant", letter, LETTER_WEIGHT)


def crowd_probe(panel: Panel, person: Respondent, key: str, rng: Random) -> tuple[Turn, Turn]:
    """Return a survey question as `probe` does, with the letters of more people of the same groups at the same place.

    `ASKED_ALIKE` people answer, the person among them; together they have the weight of one letter.
    """
    order = draw_order(rng)
    count = len(panel.questions[key].leans)
    own = _letter(person.answer(key), count, order)
    drawn = Counter(_letter(_draw_option(panel, person.crowd, key, rng), count, order) for _ in range(ASKED_ALIKE - 1))
    share = LETTER_WEIGHT / ASKED_ALIKE
    others = tuple((letter, number * share) for letter, number in sorted(drawn.items()) if letter != own)
    return (
        asked(_rendered(panel, key, order).probe.prompt),
        Turn("assistant", own, (1 + drawn[own]) * share, others),
    )


def telling_probe(panel: Panel, person: Respondent, key: str, rng: Random) -> tuple[Turn, Turn]:
    """Return a survey question and the letter of the answer that sets the crowd apart: most above everyone's share.

    Real shares of two groups often differ so little that a small model looks for the reason last of all. Here it has to
    look whom it plays. Where no answer stands out, it is as in `crowd_probe`.
    """
    telling = panel.telling_answer(person.crowd, key)
    if telling is None:
        return crowd_probe(panel, person, key, rng)
    order = draw_order(rng)
    letter = _letter(telling, len(panel.questions[key].leans), order)
    return asked(_rendered(panel, key, order).probe.prompt), Turn("assistant", letter, LETTER_WEIGHT)


def _listing(panel: Panel, key: str, order: Order) -> str:
    return _rendered(panel, key, order).probe.prompt.removesuffix(f"\n{INSTRUCTION}")


def _draw_option(panel: Panel, crowd: Crowd, key: str, rng: Random) -> int | None:
    if _draw_refusal(panel, crowd, key, rng):
        return None
    shares = crowd.answers[key].shares
    return rng.choices(range(len(shares)), shares)[0]


def sequence(panel: Panel, crowd: Crowd, key: str, rng: Random) -> tuple[Turn, Turn]:
    """Return a question and the letters of thirty different people of the crowd."""
    order = draw_order(rng)
    count = len(panel.questions[key].leans)
    letters = [_letter(_draw_option(panel, crowd, key, rng), count, order) for _ in range(SEQUENCE_LENGTH)]
    return (
        asked(f"{_listing(panel, key, order)}\n{SEQUENCE_INSTRUCTION}"),
        Turn("assistant", " ".join(letters), SEQUENCE_WEIGHT),
    )


def verbalized(panel: Panel, crowd: Crowd, key: str, rng: Random) -> tuple[Turn, Turn]:
    """Return a question and the crowd's shares among a hundred people, refusals with them, in steps of five percent."""
    order = draw_order(rng)
    count = len(panel.questions[key].leans)
    refusals = panel.questions[key].question.refusals
    refusal = crowd.answers[key].refusal if refusals else 0.0
    percent = dict.fromkeys(LETTERS[: count + len(refusals)], 0.0)
    for option, share in enumerate(crowd.answers[key].shares):
        percent[_letter(option, count, order)] = 100 * (1 - refusal) * share
    if refusals:
        percent[_letter(None, count, order)] = 100 * refusal
    reply = json.dumps(dict(zip(percent, rounded_to_fives([*percent.values()]), strict=True)))
    return asked(f"{_listing(panel, key, order)}\n{VERBALIZED_INSTRUCTION}"), Turn("assistant", reply, SEQUENCE_WEIGHT)


def rounded_to_fives(percentages: list[float]) -> list[int]:
    """Return percentages in steps of 5 that sum to 100, by the largest remainders, for ones that sum to 100."""
    steps = [int(percent // 5) for percent in percentages]
    by_remainder = sorted(range(len(percentages)), key=lambda place: -(percentages[place] % 5))
    for place in by_remainder[: 20 - sum(steps)]:
        steps[place] += 1
    return [5 * step for step in steps]


def open_ended(panel: Panel, person: Respondent, key: str, rng: Random) -> tuple[Turn, Turn]:
    """Return a question without options and an answer in words that amounts to one of them."""
    statement = rng.choice(TOPIC_OF[key].statements[key][person.answer(key)])
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
    return asked(f"{panel.questions[key].question.stem}\n{OPEN_ENDED_INSTRUCTION}"), Turn("assistant", reply)


def few_shot(panel: Panel, person: Respondent, keys: list[str], rng: Random) -> tuple[Turn, Turn]:
    """Return a question after the crowd's percentages on others; the last of `keys` is the one that is asked."""
    *shown, target = keys
    others = [with_percentages(panel.questions[key].question, person.crowd.answers[key].shares) for key in shown]
    last, letter = probe(panel, person, target, rng)
    return asked(f"{examples_text(others)}\n{last.text}"), letter
