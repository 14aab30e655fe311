"""Small surveys with figures that are easy to work out by hand, and answers to them."""

from collections.abc import Mapping, Sequence

import numpy as np

from eval.answers import Answer, OrderAnswer
from eval.surveys.loading import Option, Question, Responses, Survey
from personas import Group

DEMOCRAT, REPUBLICAN, INDEPENDENT = (
    Group(attribute="POLPARTY", value=value) for value in ("Democrat", "Republican", "Independent")
)
MALE, FEMALE = (Group(attribute="SEX", value=value) for value in ("Male", "Female"))
REFUSAL = "No answer"


def question(
    question_id: str,
    figures: Mapping[Group, Sequence[float]],
    *,
    overall: Sequence[float],
    ordinals: Sequence[float] = (1, 2),
    topic: str = "transport",
    refused: float = 0,
) -> Question:
    """Return a question with these counts by group; its options are called "option 1", "option 2", ..."""
    responses: dict[str, dict[str, Responses]] = {}
    for group, counts in figures.items():
        by_value = responses.setdefault(group.attribute, {})
        by_value[group.value] = Responses(counts=tuple(counts), refused=refused)
    return Question(
        id=question_id,
        topics=(topic,),
        stem=f"What about {question_id}?",
        paraphrased=False,
        options=tuple(Option(text=f"option {place + 1}", ordinal=value) for place, value in enumerate(ordinals)),
        refusals=(REFUSAL,),
        overall=Responses(counts=tuple(overall), refused=refused),
        responses=responses,
    )


def town(*questions: Question) -> Survey:
    """Return a survey of these questions."""
    return Survey(
        schema="chat-personas/survey@1",
        name="town",
        title="A town",
        source="Asked on the market place",
        licence="CC0",
        years=(2020,),
        weighted=False,
        questions=questions,
    )


def many(count: int, seed: int = 1) -> Survey:
    """Return a survey of `count` questions with two to five options on which the two parties differ."""
    rng = np.random.default_rng(seed)
    questions = []
    for number in range(count):
        options = 2 + number % 4
        leaning = rng.dirichlet(np.ones(options))
        democrat, republican = np.round(400 * leaning) + 5, np.round(400 * leaning[::-1]) + 5
        figures = {DEMOCRAT: democrat.tolist(), REPUBLICAN: republican.tolist()}
        questions.append(
            question(
                f"Q{number}",
                figures,
                overall=(democrat + republican).tolist(),
                ordinals=range(1, options + 1),
                topic=f"topic {number % 3}",
                refused=20,
            )
        )
    return town(*questions)


def leaning(count: int) -> dict[str, dict[str, float]]:
    """Return masses for a model that answers the questions of `many` by what the options say, the first two only."""
    return {f"Q{number}": {"option 1": 0.6, "option 2": 0.3} for number in range(count)}


def answer(question_id: str, *orders: Sequence[float], refusal: float = 0.0, label_mass: float | None = None) -> Answer:
    """Return an answer with these masses in the survey's order and, if there are two, in the reversed one."""
    names = ("survey", "reversed")
    return Answer(
        question_id,
        tuple(
            OrderAnswer(name, np.array(masses), refusal, sum(masses) + refusal if label_mass is None else label_mass)
            for name, masses in zip(names, orders, strict=False)
        ),
    )
