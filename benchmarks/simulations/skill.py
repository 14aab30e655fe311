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


def lines(runs: int) -> Iterator[str]:
    """Yield the table: mean skill of the truth by the number of people in the group's figures."""
    few = max(runs // 5, 5)
    rows = []
    for size in SIZES:
        cells = []
        for group in GROUPS:
            rng = np.random.default_rng(size)
            found = [made for _ in range(few) if (made := skill_of_truth(group, size, rng)) is not None]
            none = 1 - len(found) / few
            held = np.mean([holds(each, 1) for each in found]) if found else float("nan")
            mean = f"{np.mean([each.mean for each in found]):.3f}" if found else "—"
            nothing = f", none in {percent(none)}" if none else ""
            cells.append(f"{mean} ({percent(float(held))}{nothing})")
        rows.append([str(size), *cells])
    yield f"Skill of the truth, {few} surveys each: mean (95% interval holds 1)."
    yield ""
    yield from table(["people in the group's figures", *(group.label for group in GROUPS)], rows)
