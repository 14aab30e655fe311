"""A matrix is what OpinionQA defines: checked against a second, short implementation on random surveys."""

from collections.abc import AsyncGenerator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from eval.engine import Message, Probe, ProbeScore
from eval.errors import SurveyError
from eval.evaluation import evaluate
from eval.matrix.models import MatrixReport, RowInfo
from eval.matrix.run import evaluate_matrix
from eval.report import GroupName
from eval.surveys.loading import LoadedSurvey, Survey
from personas import ALL_GROUPS, Group, LoadedPersona, Persona, load_persona, system_prompt, with_steering
from tests.eval.fake_engine import Masses
from tests.eval.prompted_engine import PromptedEngine
from tests.eval.towns import DEMOCRAT, FEMALE, INDEPENDENT, MALE, REFUSAL, REPUBLICAN, question, town

GROUPS = (REPUBLICAN, DEMOCRAT, INDEPENDENT, MALE, FEMALE)
SCALES = ((1, 2, 2.5, 3), (1, 3, 2), (0, 5, 6, 10), (1, 2), (2, 4, 3.5, 1, 9), (5, 5))
"""Some with an option between two others, out of order, or a span other than N - 1; the last has no order."""
PERSONAS = (load_persona("democrat"), load_persona("republican"))
STEERINGS = ("qa", "bio", "portray")


class Town:
    """A random survey and what a model says about it under every prompt, with plain lists of shares."""

    def __init__(self, seed: int, count: int = 30) -> None:
        rng = np.random.default_rng(seed)
        questions = []
        self.scales = [SCALES[number % len(SCALES)] for number in range(count)]
        self.topics = [f"topic {rng.integers(0, 6)}" for _ in range(count)]
        for number, scale in enumerate(self.scales):
            figures = {group: (rng.integers(0, 60, len(scale)) + 1).tolist() for group in GROUPS}
            if number == 4:
                del figures[MALE]
            questions.append(
                question(
                    f"Q{number}",
                    figures,
                    overall=(rng.integers(0, 60, len(scale)) + 1).tolist(),
                    ordinals=scale,
                    topic=self.topics[number],
                    refused=7,
                )
            )
        self.survey = town(*questions)
        self.masses: dict[str, dict[str, Masses]] = {}
        for prompt in ("", *(prompt_of(p, s) for p in PERSONAS for s in STEERINGS)):
            self.masses[prompt] = {
                f"Q{number}": {f"option {place + 1}": mass for place, mass in enumerate(rng.dirichlet(np.ones(len(s))))}
                for number, s in enumerate(self.scales)
            }

    def loaded(self) -> LoadedSurvey:
        return LoadedSurvey(self.survey, Path("town.json"), "ab" * 32)

    def people(self, group: Group | None, number: int) -> list[float] | None:
        asked = self.survey.questions[number]
        by_value = asked.responses.get(group.attribute, {}) if group else {}
        found = by_value.get(group.value) if group else asked.overall
        return None if found is None else [count / sum(found.options) for count in found.options]

    def answers(self, prompt: str, number: int) -> list[float]:
        return list(self.masses[prompt][f"Q{number}"].values())

    def common(self) -> list[int]:
        return [n for n, scale in enumerate(self.scales) if len(set(scale)) > 1 and n != 4]

    def aligned(self, number: int, one: Sequence[float], other: Sequence[float]) -> float:
        scale = self.scales[number]
        return 1 - wasserstein_distance(scale, scale, one, other) / (max(scale) - min(scale))

    def mean(self, numbers: Sequence[int], one: object, other: object) -> float:
        return float(np.mean([self.aligned(n, self.of(one, n), self.of(other, n)) for n in numbers]))

    def closest(self, number: int, prompt: str) -> Group:
        answers = self.answers(prompt, number)
        return max(GROUPS, key=lambda group: self.aligned(number, answers, self.of(group, number)))

    def of(self, who: object, number: int) -> list[float]:
        """Return what a group, everyone (None), or the model under a prompt says."""
        if isinstance(who, str):
            return self.answers(who, number)
        found = self.people(who if isinstance(who, Group) else None, number)
        assert found is not None
        return found


def prompt_of(persona: LoadedPersona, steering: str) -> str:
    return system_prompt(with_steering(persona.persona, steering))


@cache
def town_of(seed: int) -> Town:
    return Town(seed)


async def made(seed: int, attribute: str | None = None) -> MatrixReport:
    there = town_of(seed)
    return await evaluate_matrix(PromptedEngine(there.masses), PERSONAS, there.loaded(), attribute=attribute)


def prompts(report: MatrixReport) -> list[tuple[RowInfo, str]]:
    return list(zip(report.rows, ["", *(prompt_of(p, p.persona.steering) for p in PERSONAS)], strict=True))


def of(name: GroupName | None) -> Group | None:
    return None if name is None else Group(attribute=name.attribute, value=name.value)


SEEDS = pytest.mark.parametrize("seed", [1, 2, 3])


@SEEDS
async def test_every_cell_is_the_mean_alignment_over_the_common_questions(seed: int) -> None:
    there, report = town_of(seed), await made(seed)
    assert report.questions == tuple(f"Q{number}" for number in there.common())
    assert [of(target.group) for target in report.targets] == [None, *sorted(GROUPS, key=ALL_GROUPS.index)]
    for row, prompt in prompts(report):
        for cell, target in zip(row.cells, report.targets, strict=True):
            expected = there.mean(there.common(), prompt, of(target.group))
            assert cell.alignment.mean == pytest.approx(expected, abs=1e-9)


@SEEDS
async def test_people_beside_a_target_are_the_other_groups(seed: int) -> None:
    there, report = town_of(seed), await made(seed)
    for target in report.targets:
        group = of(target.group)
        values = {other: there.mean(there.common(), other, group) for other in GROUPS if other != group}
        humans = target.humans
        assert humans is not None
        assert humans.best.alignment.mean == pytest.approx(max(values.values()), abs=1e-9)
        assert humans.worst.alignment.mean == pytest.approx(min(values.values()), abs=1e-9)
        assert humans.mean.mean == pytest.approx(np.mean(list(values.values())), abs=1e-9)
        assert of(humans.best.group) == max(values, key=values.__getitem__)


@SEEDS
async def test_steerability_is_per_steering_and_the_oracle_takes_the_best_per_question(seed: int) -> None:
    there, report = town_of(seed), await made(seed)
    ordered = [n for n, scale in enumerate(there.scales) if len(set(scale)) > 1]
    for persona, found in zip(PERSONAS, report.steerability, strict=True):
        (group,) = persona.persona.groups
        base = there.mean(ordered, "", group)
        expected = {name: there.mean(ordered, prompt_of(persona, name), group) for name in STEERINGS}
        best = [
            max(there.aligned(n, there.answers(prompt_of(persona, s), n), there.of(group, n)) for s in STEERINGS)
            for n in ordered
        ]
        expected["best_prompt"] = max(expected.values())
        expected["oracle"] = float(np.mean(best))
        assert (found.questions, found.unsteered.mean) == (len(ordered), pytest.approx(base, abs=1e-9))
        assert [steered.steering for steered in found.steerings] == list(expected)
        for steered in found.steerings:
            assert steered.alignment.mean == pytest.approx(expected[steered.steering], abs=1e-9)
            gain = expected[steered.steering] - base
            assert steered.minus_unsteered.mean == pytest.approx(gain, abs=1e-9)


@SEEDS
async def test_consistency_is_the_share_of_topics_whose_best_group_is_the_best_of_all(seed: int) -> None:
    there, report = town_of(seed), await made(seed)
    topics = {there.topics[number] for number in there.common()}
    for row, prompt in prompts(report):
        assert [found.attribute for found in row.consistency] == ["SEX", "POLPARTY"]
        for found in row.consistency:
            groups = [group for group in GROUPS if group.attribute == found.attribute]
            by_topic = {
                topic: {
                    group: there.mean([n for n in there.common() if there.topics[n] == topic], prompt, group)
                    for group in groups
                }
                for topic in topics
            }
            best = max(groups, key=lambda group: np.mean([by_topic[topic][group] for topic in topics]))
            share = np.mean([max(groups, key=by_topic[topic].__getitem__) == best for topic in topics])
            assert of(found.best) == best
            assert found.score.mean == pytest.approx(share, abs=1e-9)
            assert (found.topics, found.groups, found.score.low) == (len(topics), len(groups), None)


@SEEDS
async def test_confusion_is_the_share_of_questions_on_which_a_group_is_the_closest(seed: int) -> None:
    there, report = town_of(seed), await made(seed)
    for row, prompt in prompts(report):
        closest = [there.closest(n, prompt) for n in there.common()]
        for cell, target in zip(row.cells, report.targets, strict=True):
            group = of(target.group)
            if group is None:
                assert cell.confusion is None
            else:
                assert cell.confusion is not None
                assert cell.confusion.mean == pytest.approx(closest.count(group) / len(closest), abs=1e-9)


async def test_an_attribute_keeps_to_its_groups() -> None:
    there, report = town_of(1), await made(1, attribute="POLPARTY")
    assert {of(target.group) for target in report.targets} == {None, REPUBLICAN, DEMOCRAT, INDEPENDENT}
    assert "Q4" in report.questions, "men have no figures there, and are not asked about"
    assert {found.attribute for row in report.rows for found in row.consistency} == {"POLPARTY"}
    ranks = {row.name: row.own_rank for row in report.rows}
    numbers = [n for n, scale in enumerate(there.scales) if len(set(scale)) > 1]
    for persona in PERSONAS:
        (own,) = persona.persona.groups
        prompt = prompt_of(persona, persona.persona.steering)
        closer = [g for g in GROUPS[:3] if there.mean(numbers, prompt, g) > there.mean(numbers, prompt, own)]
        assert ranks[persona.persona.name] == 1 + len(closer)
    assert ranks["unsteered"] is None


@SEEDS
async def test_a_row_has_the_verdict_of_a_report_on_the_same_answers(seed: int) -> None:
    there, report = town_of(seed), await made(seed)
    for row, persona in zip(report.rows[1:], PERSONAS, strict=True):
        alone = await evaluate(PromptedEngine(there.masses), persona, there.loaded())
        assert row.verdict == alone.verdict
        assert (row.verdict.finding, row.verdict.both_orders) == ("sound", 30), "of all questions, ordered or not"


async def test_a_prompt_that_is_answered_with_refusals_only_counts_in_the_verdict() -> None:
    there = town_of(1)
    masses = there.masses | {"": there.masses[""] | {"Q0": {REFUSAL: 0.9}}}
    report = await evaluate_matrix(PromptedEngine(masses), PERSONAS, there.loaded())
    found = report.rows[0].verdict
    assert (found.answered, found.valid, found.both_orders) == (30, 30, 29)
    assert "Q0" not in report.questions


async def test_steerability_is_sound_only_if_the_unsteered_model_and_every_prompt_are() -> None:
    there = town_of(1)
    assert all(found.sound for found in (await made(1)).steerability)
    of_democrat = prompt_of(PERSONAS[0], "qa")
    even: dict[str, Masses] = {}
    report = await evaluate_matrix(PromptedEngine(there.masses | {of_democrat: even}), PERSONAS, there.loaded())
    assert [found.sound for found in report.steerability] == [False, True]
    findings = {each.prompt: each.verdict.finding for each in report.steerability[0].verdicts}
    assert findings == {"unsteered": "sound", "qa": "follows_letters", "bio": "sound", "portray": "sound"}
    assert all(row.verdict.sound for row in report.rows), "no row is asked by that prompt"
    report = await evaluate_matrix(PromptedEngine(there.masses | {"": even}), PERSONAS, there.loaded())
    assert [found.sound for found in report.steerability] == [False, False]


async def test_every_prompt_is_asked_once() -> None:
    there = town_of(1)
    engine = PromptedEngine(there.masses)
    await evaluate_matrix(engine, (*PERSONAS, PERSONAS[0]), there.loaded())
    assert len(engine.prefixes) == 1 + 2 * len(STEERINGS)


async def test_progress_counts_every_answer() -> None:
    there = town_of(1)
    seen: list[tuple[int, int]] = []
    await evaluate_matrix(
        PromptedEngine(there.masses), PERSONAS, there.loaded(), progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (7 * 30, 7 * 30)


async def test_a_question_that_fails_once_is_left_out_of_every_cell_and_named() -> None:
    there = town_of(1)
    engine = PromptedEngine(there.masses, failures={"Q0/survey": "too long"})
    report = await evaluate_matrix(engine, PERSONAS, there.loaded())
    assert report.questions == tuple(f"Q{number}" for number in there.common() if number != 0)
    everywhere = "unsteered, democrat, democrat by qa, democrat by bio, republican, republican by qa, republican by bio"
    assert [(each.id, each.why) for each in report.failures] == [("Q0", f"survey order: too long ({everywhere})")]


async def test_a_question_that_fails_under_several_prompts_is_named_with_the_reason_of_each() -> None:
    there = town_of(1)

    class Failing(PromptedEngine):
        async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
            self._failures = {"Q0/survey": "cut off"} if prefix else {"Q0/reversed": "too long"}
            async for score in super().score(prefix, probes):
                yield score

    report = await evaluate_matrix(Failing(there.masses), PERSONAS[:1], there.loaded())
    assert [(each.id, each.why) for each in report.failures] == [
        ("Q0", "reversed order: too long (unsteered)"),
        ("Q0", "survey order: cut off (democrat, democrat by qa, democrat by bio)"),
    ]


async def test_a_persona_of_nobody_or_without_figures_has_a_row_and_no_steerability() -> None:
    there = town_of(1)
    white = load_persona("white")
    anybody = Persona(schema="chat-personas/persona@1", name="anybody", title="Anybody", steering="none", groups=())
    masses = there.masses | {prompt_of(white, s): there.masses[""] for s in STEERINGS}
    report = await evaluate_matrix(
        PromptedEngine(masses), (white, LoadedPersona(anybody, Path("a.toml"), "ef" * 32)), there.loaded()
    )
    assert [row.name for row in report.rows] == ["unsteered", "white", "anybody"]
    assert report.rows[0].cells == report.rows[2].cells
    assert report.steerability == ()
    assert report.rows[1].own_rank is None


@pytest.mark.parametrize("attribute", ["RACE", None])
async def test_a_survey_without_two_groups_is_refused(attribute: str | None) -> None:
    lonely: Survey = town(question("A", {DEMOCRAT: (5, 5)}, overall=(5, 5)))
    loaded = LoadedSurvey(lonely, Path("town.json"), "ab" * 32)
    with pytest.raises(SurveyError, match="it has them for POLPARTY"):
        await evaluate_matrix(PromptedEngine({}), PERSONAS, loaded, attribute=attribute)


async def test_groups_without_a_common_question_are_refused() -> None:
    apart = town(question("A", {DEMOCRAT: (5, 5)}, overall=(5, 5)), question("B", {REPUBLICAN: (5, 5)}, overall=(5, 5)))
    engine = PromptedEngine({prompt: {} for prompt in town_of(1).masses})
    with pytest.raises(SurveyError, match="no question has"):
        await evaluate_matrix(engine, PERSONAS, LoadedSurvey(apart, Path("town.json"), "ab" * 32))
    assert engine.asked == [], "nothing is paid for that cannot be compared"


async def test_a_survey_without_any_order_is_refused_and_no_way_advised_that_does_not_help() -> None:
    unordered = town(question("A", {DEMOCRAT: (5, 5), REPUBLICAN: (1, 9)}, overall=(6, 14), ordinals=(1, 1)))
    with pytest.raises(SurveyError, match=r"no question of this survey has ordered options.*use another survey"):
        await evaluate_matrix(PromptedEngine({}), PERSONAS, LoadedSurvey(unordered, Path("town.json"), "ab" * 32))


async def test_without_figures_of_everyone_there_are_groups_alone() -> None:
    there = town_of(1)
    bare = there.survey.model_copy(
        update={"questions": tuple(q.model_copy(update={"overall": None}) for q in there.survey.questions)}
    )
    report = await evaluate_matrix(
        PromptedEngine(there.masses), PERSONAS, LoadedSurvey(bare, Path("town.json"), "ab" * 32)
    )
    assert None not in {of(target.group) for target in report.targets}
    assert all(len(row.cells) == len(GROUPS) for row in report.rows)
