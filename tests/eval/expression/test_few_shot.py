"""`few_shot`: other questions with the group's answers stand before each one, and never its own figures."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.errors import SurveyError
from eval.evaluation import evaluate, questions_for
from eval.expression.few_shot import as_asked, similar_questions
from eval.expression.rendering import render
from eval.report import Report
from eval.surveys.loading import LoadedSurvey, Question, Responses, Survey, load_survey
from personas import Group, LoadedPersona, Persona, PersonaError, load_persona, with_steering
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import DEMOCRAT, REPUBLICAN, many, question, town

CIVIC = load_survey("civic")


def persona(*groups: Group, shots: int = 2, steering: str = "few_shot", prompt: str = "none") -> LoadedPersona:
    made = Persona.model_validate(
        {
            "schema": "chat-personas/persona@1",
            "name": "neighbour",
            "title": "A neighbour",
            "steering": steering,
            "groups": [group.model_dump() for group in groups or (DEMOCRAT,)],
            "few_shot": {"questions": shots, "prompt": prompt},
        }
    )
    return LoadedPersona(made, Path("neighbour.toml"), "ef" * 32)


def about(question_id: str, stem: str, counts: Sequence[float], topic: str = "transport") -> Question:
    made = question(question_id, {DEMOCRAT: counts}, overall=counts, topic=topic)
    return made.model_copy(update={"stem": stem})


BUS = about("BUS", "Is the bus late?", (1, 1))
TRAM = about("TRAM", "Is the tram late?", (2, 1))
SCHOOL = about("SCHOOL", "Is the school old?", (1, 7), topic="children")
TOWN = LoadedSurvey(town(BUS, SCHOOL, TRAM), Path("town.json"), "cd" * 32)


def prompts(loaded: LoadedPersona, survey: Survey) -> dict[str, str]:
    """Return what is put in the survey's order, by question."""
    put = as_asked(loaded.persona, survey, survey.questions)
    return {each.id: render(each, "survey").probe.prompt for each in put}


def test_the_prompt_is_the_others_with_percentages_then_the_question_the_most_similar_last() -> None:
    assert prompts(persona(), TOWN.survey)["BUS"] == (
        "This is how people like you answered some other questions.\n\n"
        "Is the school old?\noption 1: 12%\noption 2: 88%\n\n"
        "Is the tram late?\noption 1: 67%\noption 2: 33%\n\n"
        "Now answer this question as one of them.\n"
        "Is the bus late?\nA. option 1\nB. option 2\nC. No answer\nAnswer with one letter only."
    )


def test_percentages_leave_refusals_apart() -> None:
    refusing = question("TRAM", {DEMOCRAT: (2, 1)}, overall=(2, 1), refused=97)
    assert "option 1: 67%\noption 2: 33%" in prompts(persona(shots=1), town(BUS, refusing))["BUS"]


def test_combined_groups_are_shown_the_answers_of_those_who_belong_to_all() -> None:
    loaded = load_persona("democrat-woman")
    survey = CIVIC.survey
    (asked, *_) = questions_for(loaded, CIVIC, "few_shot")
    (other,) = similar_questions(survey, loaded.persona.groups, [asked], 1)[asked.id]
    counts = other.responses["POLPARTY x SEX"]["Democrat x Female"].options
    (put,) = as_asked(with_steering(persona(*loaded.persona.groups, shots=1).persona, "few_shot"), survey, [asked])
    shown = put.stem.split("\n\n")[1].splitlines()
    assert [int(line.rpartition(": ")[2].rstrip("%")) for line in shown[1:]] == [
        round(100 * count / sum(counts)) for count in counts
    ]


def test_ties_go_to_the_first_in_the_survey() -> None:
    alike = [about(f"Q{number}", f"word{number}", (1, 1)) for number in range(5)]
    found = similar_questions(town(*alike), (DEMOCRAT,), alike[2:3], 3)
    assert [other.id for other in found["Q2"]] == ["Q0", "Q1", "Q3"]


def test_neither_the_question_itself_nor_one_with_the_same_words_is_shown() -> None:
    again = about("BUS2", "is the BUS late", (9, 1))
    survey = town(BUS, again, TRAM, SCHOOL)
    assert [other.id for other in similar_questions(survey, (DEMOCRAT,), [BUS], 2)["BUS"]] == ["TRAM", "SCHOOL"]


def test_only_questions_with_figures_for_the_group_are_shown() -> None:
    of_others = question("TRAM", {REPUBLICAN: (2, 1)}, overall=(2, 1))
    survey = town(BUS, of_others, SCHOOL)
    assert [other.id for other in similar_questions(survey, (DEMOCRAT,), [BUS], 1)["BUS"]] == ["SCHOOL"]
    with pytest.raises(SurveyError, match=r"figures of POLPARTY=Democrat on only 1 other question; use --shots 1"):
        similar_questions(survey, (DEMOCRAT,), [BUS], 2)


@given(
    target=st.integers(0, 11),
    counts=st.lists(st.integers(0, 1000), min_size=5, max_size=5).filter(any),
    refused=st.integers(0, 500),
)
def test_the_figures_of_a_question_change_nothing_in_its_own_prompt(
    target: int, counts: list[int], refused: int
) -> None:
    survey = many(12)
    old = survey.questions[target]
    figures = Responses(counts=(counts[0] + 1, *counts[1 : len(old.options)]), refused=refused)
    responses = {key: dict.fromkeys(by_value, figures) for key, by_value in old.responses.items()}
    new = old.model_copy(update={"responses": responses, "overall": figures})
    changed = survey.model_copy(
        update={"questions": (*survey.questions[:target], new, *survey.questions[target + 1 :])}
    )
    loaded = persona(shots=11)
    assert prompts(loaded, survey)[old.id] == prompts(loaded, changed)[old.id]


async def test_every_question_is_put_after_others_in_both_orders_under_no_system_prompt() -> None:
    engine = FakeEngine()
    report = await evaluate(engine, persona(), TOWN)
    assert engine.prefixes == [()]
    assert len(engine.asked) == 6
    assert all(prompt.count("%") == 4 for prompt in engine.asked)
    assert (report.steering, report.shots) == ("few_shot", 2)
    assert [each.id for each in report.questions] == ["BUS", "SCHOOL", "TRAM"]


async def test_a_persona_may_have_a_steering_prompt_beside_the_answers() -> None:
    engine = FakeEngine()
    await evaluate(engine, persona(prompt="portray"), TOWN)
    ((message,),) = engine.prefixes
    assert message.content.startswith("Play the part of a person in the United States who is a Democrat.")


async def test_the_prompt_hash_covers_the_answers_that_are_shown() -> None:
    async def digest(survey: Survey, shots: int) -> str:
        loaded = LoadedSurvey(survey, Path("town.json"), "cd" * 32)
        return (await evaluate(FakeEngine(), persona(shots=shots), loaded)).prompt_sha256

    other_answers = town(BUS, SCHOOL, about("TRAM", TRAM.stem, (1, 2)))
    hashes = [await digest(TOWN.survey, 1), await digest(TOWN.survey, 2), await digest(other_answers, 2)]
    assert len(set(hashes)) == 3


async def test_shots_replace_those_of_the_persona() -> None:
    engine = FakeEngine()
    report = await evaluate(engine, persona(shots=2), TOWN, shots=1)
    assert report.shots == 1
    assert all(prompt.count("%") == 2 for prompt in engine.asked)


async def test_a_limit_does_not_limit_what_is_shown() -> None:
    engine = FakeEngine()
    await evaluate(engine, persona(shots=2), TOWN, limit=1)
    assert all(prompt.count("%") == 4 for prompt in engine.asked)


def test_what_cannot_be_done_comes_out_before_a_model_is_loaded() -> None:
    with pytest.raises(SurveyError, match="use --shots 2"):
        questions_for(persona(shots=3), TOWN)
    with pytest.raises(PersonaError, match=r'--shots is for steering "few_shot", and this one is "portray"'):
        questions_for(persona(steering="portray"), TOWN, shots=2)


async def test_a_report_without_shots_is_still_read() -> None:
    report = await evaluate(FakeEngine(), persona(steering="portray"), TOWN)
    document = json.loads(report.to_json())
    assert document.pop("shots") is None
    assert Report.model_validate(document).shots is None
