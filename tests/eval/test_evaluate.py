"""An evaluation end to end on a fake engine: the report is complete, and its scores follow from its questions."""

import asyncio
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import wasserstein_distance

from eval.engine import EngineInfo, Message
from eval.errors import SurveyError
from eval.evaluation import evaluate
from eval.report import Report, Reports, as_document, sealed
from eval.surveys.loading import LoadedSurvey, load_survey
from personas import Group, LoadedPersona, Persona, load_persona, system_prompt
from tests.eval.fake_engine import FakeEngine, Masses
from tests.eval.towns import DEMOCRAT, MALE, REPUBLICAN, many

SURVEY = LoadedSurvey(many(24), Path("/home/somebody/town.json"), "cd" * 32)
IDS = [question.id for question in SURVEY.survey.questions]


def persona(*groups: Group, steering: str = "portray") -> LoadedPersona:
    """Return a persona as if it came from somebody's home."""
    made = Persona(
        schema="chat-personas/persona@1", name="neighbour", title="A neighbour", steering=steering, groups=groups
    )
    return LoadedPersona(made, Path("/home/somebody/neighbour.toml"), "ef" * 32)


def uneven() -> dict[str, Masses]:
    """Return answers that depend on the order, refuse a little, and in one question hardly answer."""
    masses: dict[str, Masses] = {}
    for place, question in enumerate(SURVEY.survey.questions):
        for shift, order in enumerate(("survey", "reversed")):
            weights = [1 + (place + number + shift) % 4 for number in range(len(question.options))]
            on_labels = 0.3 if place == 5 else 0.95
            by_text = {f"option {number + 1}": weight for number, weight in enumerate(weights)} | {"No answer": 0.4}
            total = sum(by_text.values())
            masses[f"{question.id}/{order}"] = {text: on_labels * w / total for text, w in by_text.items()}
    return masses


async def report(refusals: str = "apart", **options: Any) -> dict[str, Any]:
    """Return the report of a neighbour who is a Democrat, read back from its JSON."""
    engine = options.pop("engine", None) or FakeEngine(uneven())
    made = await evaluate(engine, persona(DEMOCRAT), SURVEY, refusals=refusals, **options)
    return json.loads(made.to_json())


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean."""
    return sum(values) / len(values)


def distance(p: Sequence[float], q: Sequence[float]) -> float:
    """Return the total variation."""
    return sum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2


def spread(p: Sequence[float]) -> float:
    """Return the entropy."""
    return -sum(a * math.log(a) for a in p if a > 0)


@pytest.mark.parametrize("refusals", ["apart", "as-option"])
async def test_every_score_recomputes_from_the_questions_of_the_report(refusals: str) -> None:
    document = await report(refusals)
    questions, scores = document["questions"], document["scores"]
    as_option = refusals == "as-option"

    def compared(shares: list[float], refusal: float) -> list[float]:
        return [*shares, refusal] if as_option else shares

    for each in questions:
        human, model = (compared(each[a], each[b]) for a, b in (("human", "human_refusal"), ("model", "refusal")))
        span = max(each["ordinal"]) - min(each["ordinal"])
        moved = wasserstein_distance(each["ordinal"], each["ordinal"], each["human"], each["model"])
        by_order = [order["model"] for order in each["by_order"]]
        one, other = (compared(order["model"], order["refusal"]) for order in each["by_order"])
        assert each["alignment"] == pytest.approx(1 - moved / span, abs=1e-9)
        assert each["total_variation"] == pytest.approx(distance(human, model), abs=1e-9)
        assert each["order_bias"] == pytest.approx(distance(one, other), abs=1e-9)
        assert each["model"] == pytest.approx([mean(both) for both in zip(*by_order, strict=True)], abs=1e-9)
        assert sum(human) == pytest.approx(1, abs=1e-9)
        assert sum(model) == pytest.approx(1, abs=1e-9)
    for name in ("alignment", "total_variation", "refusal", "human_refusal", "label_mass", "order_bias"):
        assert scores[name]["mean"] == pytest.approx(mean([each[name] for each in questions]), abs=1e-9)
        valid = mean([each[name] for each in questions if each["valid"]])
        assert document["scores_valid_only"][name]["mean"] == pytest.approx(valid, abs=1e-9)
    entropies = [
        (spread(compared(q["model"], q["refusal"])), spread(compared(q["human"], q["human_refusal"])))
        for q in questions
    ]
    ratio = sum(model for model, _ in entropies) / sum(human for _, human in entropies)
    assert scores["entropy_ratio"]["mean"] == pytest.approx(ratio, abs=1e-9)


async def test_skill_and_differences_recompute_from_the_report() -> None:
    document = await report()
    scores, references = document["scores"], document["references"]
    others, sample = (document["group_sample"][name]["mean"] for name in ("everyone_else", "sample"))
    expected = (others - scores["total_variation"]["mean"]) / (others - sample)
    assert scores["skill"]["mean"] == pytest.approx(expected, abs=1e-9)
    for reference in references.values():
        for name in ("alignment", "total_variation"):
            expected = reference[name]["mean"] - scores[name]["mean"]
            assert reference["minus_persona"][name]["mean"] == pytest.approx(expected, abs=1e-9)


REPORT_KEYS = """schema created version persona model survey steering shots expression orders refusals seed
    prompt_sha256 verdict scores scores_valid_only calibration letters_removed topics references
    entropy_thirds effect scores_against_opposite group_sample nearest nearest_questions questions refused
    failures replies judge timing seals"""
SCORE_KEYS = "alignment total_variation skill refusal human_refusal label_mass order_bias entropy_ratio worth"
QUESTION_KEYS = """id topics options ordinal human human_n model by_order unsteered refusal human_refusal label_mass
    alignment total_variation order_bias valid letters_removed"""


async def test_the_report_has_exactly_the_keys_of_the_design_in_their_order() -> None:
    document = await report()
    assert document["schema"] == "chat-personas/eval-report@2"
    assert list(document) == REPORT_KEYS.split()
    assert list(document["questions"][0]) == QUESTION_KEYS.split()
    assert list(document["scores"]) == list(document["scores_valid_only"]) == SCORE_KEYS.split()
    assert list(document["references"]) == ["uniform", "population", "opposite", "noise_floor", "letters"]


async def test_the_report_says_who_was_asked_what_and_names_no_folder() -> None:
    document = await report(seed=4)
    text = json.dumps(document)
    assert "somebody" not in text
    assert document["persona"] == {
        "name": "neighbour",
        "file": "neighbour.toml",
        "sha256": "ef" * 32,
        "groups": [{"attribute": "POLPARTY", "value": "Democrat"}],
    }
    assert document["survey"]["questions"] == 24
    assert document["model"]["name"] == "fake"
    assert (document["steering"], document["seed"]) == ("portray", 4)
    assert document["timing"]["probes"] == 48
    assert document["timing"]["tokens_decoded"] == 480


async def test_a_persona_that_answers_as_its_group_does_is_aligned_with_it_and_far_from_the_opposite() -> None:
    masses = {}
    for question in SURVEY.survey.questions:
        counts = question.responses["POLPARTY"]["Democrat"].options
        masses[question.id] = {f"option {n + 1}": 0.9 * c / sum(counts) for n, c in enumerate(counts)}
    document = await report(engine=FakeEngine(masses))
    assert document["scores"]["alignment"]["mean"] == pytest.approx(1)
    assert document["scores_against_opposite"]["value"] == REPUBLICAN.value
    assert document["scores_against_opposite"]["alignment"]["high"] < 0.95
    assert document["nearest"][0]["value"] == DEMOCRAT.value
    assert document["references"]["population"]["minus_persona"]["alignment"]["high"] < 0
    assert document["scores"]["skill"]["low"] > 0.9


async def test_the_model_gets_the_steering_prompt_and_nothing_else() -> None:
    engine = FakeEngine()
    await evaluate(engine, persona(DEMOCRAT), SURVEY)
    assert engine.prefixes == [(Message("system", system_prompt(persona(DEMOCRAT).persona)),)]
    unsteered = FakeEngine()
    made = await evaluate(unsteered, persona(DEMOCRAT), SURVEY, steering="none")
    assert unsteered.prefixes == [()]
    assert made.steering == "none"


async def test_the_prompt_hash_changes_with_the_prompts_and_with_nothing_else() -> None:
    hashes = [
        (await report())["prompt_sha256"],
        (await report(engine=FakeEngine(), seed=3))["prompt_sha256"],
        (await report(steering="bio"))["prompt_sha256"],
        (await report(limit=12))["prompt_sha256"],
    ]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


async def test_everything_but_time_repeats_for_the_same_seed() -> None:
    first, second = await report(seed=2), await report(seed=2)
    for document in (first, second):
        del document["created"], document["timing"]
    assert first == second


async def test_progress_is_reported_after_every_question_failed_ones_included() -> None:
    calls: list[tuple[int, int]] = []
    engine = FakeEngine(failures={"Q3/survey": "the server cut it off"})
    document = await report(engine=engine, limit=24, progress=lambda done, total: calls.append((done, total)))
    assert sorted(calls) == [(done, 24) for done in range(1, 25)]
    assert document["failures"] == [{"id": "Q3", "why": "survey order: the server cut it off"}]
    assert [each["id"] for each in document["questions"]] == [each for each in IDS if each != "Q3"]


async def test_a_limit_asks_fewer_questions_and_takes_the_interval_away_when_they_are_too_few() -> None:
    document = await report(limit=6)
    assert document["survey"]["questions"] == len(document["questions"]) == 6
    assert document["scores"]["alignment"]["low"] is None
    assert document["scores"]["skill"] is None
    assert {topic["questions"] for topic in document["topics"]} == {2}


async def test_groups_without_figures_are_refused_with_the_surveys_that_have_them() -> None:
    engine = FakeEngine()
    with pytest.raises(SurveyError, match=r"town has no figures for SEX=Male; use --survey with civic, or"):
        await evaluate(engine, persona(MALE), SURVEY)
    assert engine.prefixes == []


async def test_a_persona_without_groups_is_compared_with_everyone() -> None:
    made = await evaluate(FakeEngine(), persona(steering="none"), SURVEY)
    assert made.references.population is not None
    assert made.references.population.total_variation is not None
    assert made.references.population.total_variation.mean == 0
    assert made.scores.skill is None


async def test_cancelling_stops_the_engine() -> None:
    engine = FakeEngine()
    running: asyncio.Task[Report]

    def cancel(done: int, total: int) -> None:
        running.cancel()
        raise asyncio.CancelledError

    running = asyncio.create_task(evaluate(engine, persona(DEMOCRAT), SURVEY, progress=cancel))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert engine.closed_early


async def test_a_server_without_a_file_is_recorded_as_such() -> None:
    info = EngineInfo(name="http://127.0.0.1:8080/v1", engine="openai", log_probabilities="top_k", top_k=20)
    cut_off = {question_id: {"option 1": 0.4, "option 2": 0.2} for question_id in IDS}
    document = await report(engine=FakeEngine(cut_off, info=info, hidden=0.2))
    assert document["model"]["sha256"] is None
    assert not any(each["valid"] for each in document["questions"])
    assert document["scores_valid_only"]["alignment"] is None
    assert document["scores"]["alignment"] is not None


async def test_one_report_is_written_as_it_is_and_several_as_a_list_and_both_read_back() -> None:
    engine = FakeEngine(uneven())
    one, other = [await evaluate(engine, persona(group), SURVEY) for group in (DEMOCRAT, REPUBLICAN)]
    assert Report.model_validate_json(as_document([one])) == sealed(one)
    both = json.loads(as_document([one, other]))
    assert both["schema"] == "chat-personas/eval-reports@2"
    assert Reports.model_validate(both).reports == (sealed(one), sealed(other))


async def test_combined_groups_are_asked_what_the_pair_counts_cover_and_have_no_opposite() -> None:
    civic = load_survey("civic")
    woman = await evaluate(FakeEngine(), load_persona("democrat-woman"), civic)
    covered = [question for question in civic.survey.questions if "POLPARTY x SEX" in question.responses]
    assert 0 < woman.survey.questions == len(covered) < len(civic.survey.questions)
    assert woman.references.opposite is None
    assert woman.scores_against_opposite is None
    assert woman.nearest_questions > 0


async def test_failures_are_in_the_order_of_the_survey_whenever_they_came() -> None:
    engine = FakeEngine(uneven(), failures={f"{name}/survey": "cut off" for name in (IDS[20], IDS[3], IDS[11])})
    made = await report(engine=engine)
    assert [failure["id"] for failure in made["failures"]] == [IDS[3], IDS[11], IDS[20]]
