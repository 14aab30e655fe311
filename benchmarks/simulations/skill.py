"""Does the truth have a skill of 1? The persona answers exactly as the group does; the figures are a sample of it."""

from collections.abc import Iterator

import numpy as np

from benchmarks.simulations.tables import QUESTIONS, People, holds, people, percent, sample, table
from eval.answers import Answer, FloatArray, OrderAnswer
from eval.scoring.results import Score
from eval.scoring.scores import score
from eval.surveys.model import Option, Question, Responses, Survey
from personas import Group

SIZES = (20, 50, 100, 200, 500, 1000)
GROUP = Group(attribute="POLPARTY", value="Democrat")
GROUPS = (GROUP, Group(attribute="POLPARTY", value="Republican"), Group(attribute="RACE", value="Black"))
OPTIONS = tuple(f"option {number}" for number in range(1, 11))


def survey(drawn: list[People], size: int, rng: np.random.Generator) -> Survey:
    """Return a survey in which `size` people of the group, and as many more of the others, answered each question."""
    questions = []
    for number, each in enumerate(drawn):
        share = each.group.sum() / (each.group.sum() + each.rest.sum())
        ours = sample(each.group, size, rng)
        everyone = ours + sample(each.rest, max(2, round(size * (1 - share) / share)), rng)
        counts = Responses(counts=tuple(ours.tolist()), refused=0)
        questions.append(
            Question(
                id=f"Q{number}",
                topics=("any",),
                stem="?",
                paraphrased=False,
                options=tuple(
                    Option(text=text, ordinal=value) for text, value in zip(OPTIONS, each.ordinals, strict=False)
                ),
                overall=Responses(counts=tuple(everyone.tolist()), refused=0),
                responses={GROUP.attribute: {GROUP.value: counts}},
            )
        )
    return Survey(
        schema="chat-personas/survey@1",
        name="sample",
        title="A sample",
        source="Drawn from another survey",
        licence="CC0",
        years=(),
        weighted=False,
        questions=tuple(questions),
    )


def truth(number: int, shares: FloatArray) -> Answer:
    """Return the answer of a persona that gives exactly these shares."""
    return Answer(f"Q{number}", (OrderAnswer("survey", shares, 0.0, 1.0),))


def skill_of_truth(group: Group, size: int, rng: np.random.Generator) -> Score | None:
    """Return the skill of the truth on questions drawn from those of the civic survey."""
    pool = people(group)
    drawn = [pool[index] for index in rng.integers(0, len(pool), QUESTIONS)]
    answers = [truth(number, each.group / each.group.sum()) for number, each in enumerate(drawn)]
    return score(survey(drawn, size, rng), (GROUP,), answers, resamples=1000).scores.skill


def cell(group: Group, size: int, surveys: int) -> str:
    """Write the mean skill of the truth, how often its interval holds 1, and how often there is none."""
    rng = np.random.default_rng(size)
    drawn = [skill_of_truth(group, size, rng) for _ in range(surveys)]
    found = [made for made in drawn if made is not None]
    if not found:
        return "none"
    text = (
        f"{np.mean([made.mean for made in found]):.3f} ({percent(sum(holds(made, 1) for made in found) / len(found))}"
    )
    return f"{text})" if len(found) == surveys else f"{text}, none in {percent(1 - len(found) / surveys)})"


def lines(runs: int) -> Iterator[str]:
    """Yield the table: mean skill of the truth by the number of people in the group's figures."""
    surveys = max(runs // 5, 5)
    yield f"Skill of the truth, {surveys} surveys each: mean (95% interval holds 1)."
    yield ""
    yield from table(
        ["people in the group's figures", *(group.label for group in GROUPS)],
        [[str(size), *(cell(group, size, surveys) for group in GROUPS)] for size in SIZES],
    )
