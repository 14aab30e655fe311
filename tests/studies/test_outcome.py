"""What came of a study is what was planted in it, and says who is left out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from chat_personas.corpus import Corpus
from chat_personas.studies.outcome import NOT_MEASURED, mean_with_interval, outcome_of
from chat_personas.studies.participation import Participation
from chat_personas.studies.sitting import Sitting
from chat_personas.studies.steps import AskedItem, Debriefing, Ended, Guessing, Questionnaire, Talk
from chat_personas.studies.study import LoadedStudy, people_asked_of
from eval.answers import FloatArray
from eval.surveys.human_figures import human_figures
from eval.surveys.model import Question
from tests.eval.fake_engine import FakeEngine, by_content
from tests.studies.making import begin, default_answer, go_through, made_study

ONE_CONDITION = {
    '[[conditions]]\nname = "republican"\npersona = "republican"\npeople = "Republicans"\n': "",
    "least_turns = 3": "least_turns = 1",
}
Answering = Callable[[AskedItem], str | float | None]


def learnt(question: Question, before: FloatArray, people: FloatArray, a: float, b: float) -> FloatArray:
    """Go part of the way to the people and to a persona that answers as `by_content` does."""
    persona = np.arange(2.0, 2.0 + len(question.options))
    return before + a * (people - before) + b * (persona / persona.sum() - before)


async def take_part(
    corpus: Corpus,
    study: LoadedStudy,
    engine: FakeEngine,
    number: int,
    learn: tuple[float, float],
    answer: Answering = default_answer,
) -> Participation:
    rng = np.random.default_rng(number)
    way = begin(corpus, study)
    first: dict[str, FloatArray] = {}
    while not isinstance(step := way.next_step(), Ended):
        if isinstance(step, Questionnaire):
            for asked in (asked for sheet in step.sheets for asked in sheet.items):
                way.answer(asked, answer(asked))
        elif isinstance(step, Guessing):
            for question in step.missing:
                figures = human_figures(question, people_asked_of(study, way.row.condition or ""))
                assert figures is not None
                before = first.setdefault(question.id, rng.dirichlet(np.ones(len(question.options))))
                after = learnt(question, before, figures.distribution, *learn)
                way.guess(step, question, list(100 * (after if step.stage == "guesses_after" else before)))
        elif isinstance(step, Talk):
            sitting = Sitting(corpus, engine, way)
            async for _ in sitting.open_talk(step).send("Guns?"):
                pass
            async for _ in sitting.measure():
                pass
        assert isinstance(step, Questionnaire | Guessing | Talk | Debriefing)
        way.finish(way.stage or "")
    return way


async def test_what_was_learnt_about_people_and_persona_is_found_again(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path, ONE_CONDITION)
    engine = FakeEngine(by_content(study.survey.survey))
    for number in range(12):
        await take_part(corpus, study, engine, number, (0.2, 0.5))
    (found,) = outcome_of(corpus, study).conditions
    assert found.gap.a is not None
    assert found.gap.b is not None
    assert (found.gap.a.value, found.gap.b.value) == pytest.approx((0.2, 0.5), abs=1e-6)
    assert (found.gap.participants, found.gap.questions, found.gap.pairs) == (12, 8, 96)
    assert (found.counts.complete, found.counts.sound, found.counts.unsound) == (12, 12, 0)


@pytest.mark.slow
async def test_nothing_is_said_about_a_persona_that_follows_the_letters(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path, ONE_CONDITION)
    engine = FakeEngine()
    for number in range(12):
        await take_part(corpus, study, engine, number, (0.2, 0.5))
    (found,) = outcome_of(corpus, study).conditions
    assert (found.gap.a, found.gap.b, found.gap.why_null) == (None, None, NOT_MEASURED)
    assert (found.counts.sound, found.counts.unsound) == (0, 12)
    assert found.gap.accuracy_change is not None, "accuracy needs no persona"


async def test_felt_understanding_is_the_mean_of_its_items_and_changes_are_paired(
    corpus: Corpus, tmp_path: Path
) -> None:
    study = made_study(tmp_path, ONE_CONDITION)
    engine = FakeEngine(by_content(study.survey.survey))
    before = {"views": 2.0, "reasons": 3.0, "place": 7.0}
    warm = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0, 15.0, None]

    for number, warmth in enumerate(warm):

        def answer(asked: AskedItem, warmth: float | None = warmth) -> str | float | None:
            if asked.instrument == "understanding":
                return before[asked.item.id] - (1.0 if asked.stage == "after" else 0.0)
            if asked.instrument == "warmth":
                return warmth if asked.stage == "after" else 5.0
            return asked.item.correct or default_answer(asked)

        await take_part(corpus, study, engine, number, (0.2, 0.5), answer)
    (found,) = outcome_of(corpus, study).conditions
    assert found.gap.felt_before is not None
    assert found.gap.felt_change is not None
    assert found.gap.felt_before.value == pytest.approx(4.0)
    assert found.gap.felt_change.value == pytest.approx(-1.0)
    warmth_row = next(scale for scale in found.scales if scale.instrument == "warmth")
    changes = [value - 5 for value in warm if value is not None]
    assert warmth_row.change is not None
    assert warmth_row.both == len(changes) < warmth_row.answered, "the change is of those who answered both times"
    assert warmth_row.change.value == pytest.approx(np.mean(changes))
    low, high = stats.t.interval(0.95, len(changes) - 1, np.mean(changes), stats.sem(changes))
    assert (warmth_row.change.low, warmth_row.change.high) == pytest.approx((low, high))
    assert not any(scale.instrument == "attention" for scale in found.scales), "it has a right answer"


@pytest.mark.slow
async def test_a_control_group_that_learns_nothing_leaves_the_estimates_as_they_are(
    corpus: Corpus, tmp_path: Path
) -> None:
    control = '[[conditions]]\nname = "control"\ngroups = ["POLPARTY=Democrat"]\npeople = "Democrats"\n\n[assignment]'
    study = made_study(tmp_path, {**ONE_CONDITION, "[assignment]": control})
    engine = FakeEngine(by_content(study.survey.survey))
    for number in range(24):
        way = begin(corpus, study)
        go_through(corpus, way, until="guesses_before")
        way.leave("only to see the condition")
        learn = (0.2, 0.5) if way.row.condition == "democrat" else (0.0, 0.0)
        await take_part(corpus, study, engine, number, learn)
    talked, alone = outcome_of(corpus, study).conditions
    assert (talked.condition, alone.condition) == ("democrat", "control")
    assert talked.against is not None
    assert talked.against.a is not None
    assert talked.against.b is not None
    assert (talked.against.a.value, talked.against.b.value) == pytest.approx((0.2, 0.5), abs=1e-6)
    assert talked.against.control_participants == 12
    assert alone.against is None
    assert alone.counts.left == 12


def test_who_does_not_count_is_counted_beside(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path, ONE_CONDITION)
    go_through(corpus, begin(corpus, study))
    go_through(corpus, begin(corpus, study, test=True))
    stopped = begin(corpus, study)
    go_through(corpus, stopped, until="conversation")
    gone = begin(corpus, study)
    go_through(corpus, gone, until="before")
    gone.leave()
    begin(corpus, study)
    earlier = made_study(tmp_path, {**ONE_CONDITION, "most_turns = 12": "most_turns = 11"})
    outcome = outcome_of(corpus, earlier)
    assert outcome.other_versions == 5
    assert outcome.conditions[0].counts.complete == 0
    outcome = outcome_of(corpus, study)
    counts = outcome.conditions[0].counts
    assert (counts.complete, counts.running, counts.left, counts.others) == (1, 1, 1, 1)
    assert (counts.sound, counts.unsound) == (0, 0), "the talk was never measured"
    assert outcome.unassigned == 1
    assert outcome_of(corpus, study, tests=True).conditions[0].counts.complete == 1


def test_a_mean_has_no_interval_of_one_value() -> None:
    assert mean_with_interval([3.0]) is None
    assert mean_with_interval([]) is None
