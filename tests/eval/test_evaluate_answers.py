"""Answers that were produced elsewhere: matched by text, scored with refusals apart or as an option, faults named."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from eval.answer_files import as_answers, check_distinct, left_out, load_answers
from eval.answers import Refusals
from eval.errors import AnswerError
from eval.evaluation import evaluate, evaluate_answers
from eval.expression.verbalized import read as read_percentages
from eval.report import Report
from eval.report.verify import verify
from eval.surveys.loading import LoadedSurvey
from eval.surveys.model import Survey
from personas import Group, LoadedPersona, load_persona
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import DEMOCRAT, FEMALE, MALE, REFUSAL, REPUBLICAN, many, question, town

PEOPLE = {DEMOCRAT: (40, 40), REPUBLICAN: (20, 60)}
TOWN = LoadedSurvey(
    town(
        question("BUS", PEOPLE, overall=(60, 100), refused=20),
        question("TAX", PEOPLE, overall=(60, 100), refused=20),
        question("INN", {REPUBLICAN: (20, 60)}, overall=(60, 100), refused=20),
    ),
    Path("/home/somebody/town.json"),
    "cd" * 32,
)


def line(
    question_id: str, distribution: Mapping[str, float], *groups: Group, refusal: float | None = None
) -> dict[str, object]:
    """Return an answer as a line of a file holds it, for Democrats unless other groups are named."""
    named = [{"attribute": group.attribute, "value": group.value} for group in groups or (DEMOCRAT,)]
    answer = {"question": question_id, "group": named, "distribution": dict(distribution)}
    return answer if refusal is None else answer | {"refusal": refusal}


def file_of(folder: Path, *lines: Mapping[str, object] | str) -> str:
    """Write lines to a file and return its path."""
    path = folder / "given.jsonl"
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines) + "\n")
    return str(path)


def reports(file: str, refusals: Refusals = "apart", survey: LoadedSurvey = TOWN, **options: int) -> tuple[Report, ...]:
    """Return the reports on the answers in a file."""
    return tuple(evaluate_answers(load_answers(file, survey), survey, refusals=refusals, **options))


def mean(report: Report, score: str) -> float:
    """Return the mean of a score that must be there."""
    return float(getattr(report.scores, score).mean)


def test_options_are_matched_by_text_whatever_their_order_and_one_left_out_is_zero(tmp_path: Path) -> None:
    swapped = line("BUS", {"option 2": 0.1, "option 1": 0.9})
    left_out = line("TAX", {"option 2": 1})
    (report,) = reports(file_of(tmp_path, swapped, left_out))
    assert [each.model for each in report.questions] == [(0.9, 0.1), (0, 1)]
    # Democrats say (0.5, 0.5): 0.4 and 0.5 away.
    assert [each.total_variation for each in report.questions] == [pytest.approx(0.4), pytest.approx(0.5)]
    assert mean(report, "alignment") == pytest.approx(0.55)


@pytest.mark.parametrize(
    "line",
    [
        line("BUS", {"option 1": 0.6, "option 2": 0.2, REFUSAL: 0.2}),
        line("BUS", {"option 1": 0.6, "option 2": 0.2}, refusal=0.2),
        line("BUS", {"option 1": 0.6, "option 2": 0.2, REFUSAL: 0.15}, refusal=0.05),
    ],
    ids=["by their text", "pooled", "both"],
)
def test_refusals_are_left_out_or_are_one_more_option_of_model_and_people_alike(
    tmp_path: Path, line: dict[str, object]
) -> None:
    file = file_of(tmp_path, line)
    (apart,), (as_option,) = reports(file, "apart"), reports(file, "as-option")
    # Of 100 Democrats 40, 40 and 20 refused: apart (0.75, 0.25) against (0.5, 0.5), kept (0.6, 0.2, 0.2) against
    # (0.4, 0.4, 0.2).
    assert apart.questions[0].model == pytest.approx((0.75, 0.25))
    assert apart.questions[0].human == pytest.approx((0.5, 0.5))
    assert mean(apart, "total_variation") == pytest.approx(0.25)
    assert as_option.questions[0].model == pytest.approx((0.6, 0.2))
    assert as_option.questions[0].human == pytest.approx((0.4, 0.4))
    assert mean(as_option, "total_variation") == pytest.approx(0.2)
    assert (mean(as_option, "refusal"), mean(as_option, "human_refusal")) == (pytest.approx(0.2), pytest.approx(0.2))
    assert (mean(apart, "refusal"), mean(apart, "human_refusal")) == (pytest.approx(0.2), pytest.approx(0.2))


def test_as_an_option_masses_are_scored_as_they_are_and_apart_they_are_renormalised(tmp_path: Path) -> None:
    file = file_of(tmp_path, line("BUS", {"option 1": 0.594, "option 2": 0.396}))
    (as_option,), (apart,) = reports(file, "as-option"), reports(file, "apart")
    assert as_option.questions[0].model == pytest.approx((0.594, 0.396))
    assert mean(as_option, "total_variation") == pytest.approx((0.194 + 0.004 + 0.2) / 2)
    assert apart.questions[0].model == pytest.approx((0.6, 0.4))
    # A refusal has no place on the scale: alignment is the same either way.
    assert mean(as_option, "alignment") == mean(apart, "alignment") == pytest.approx(0.9)


@pytest.mark.parametrize(("total", "fails"), [(0.95, False), (1.05, False), (0.9499, True), (1.0501, True), (0, True)])
def test_a_sum_that_is_none_is_a_failure_named_and_counted_in_no_score(
    tmp_path: Path, total: float, fails: bool
) -> None:
    rounded = line("BUS", {"option 1": total / 3, "option 2": total / 3, REFUSAL: total / 3})
    (report,) = reports(file_of(tmp_path, rounded, line("TAX", {"option 1": 1})))
    assert report.survey.questions == 2
    assert [each.id for each in report.questions] == (["TAX"] if fails else ["BUS", "TAX"])
    why = f"the masses sum to {total:g}, not to between 0.95 and 1.05"
    assert [(each.id, each.why) for each in report.failures] == ([("BUS", why)] if fails else [])


@pytest.mark.parametrize("total", [0.95, 0.98, 1.01, 1.05])
def test_a_file_and_a_reply_in_percentages_may_have_the_same_sums_and_apart_the_same_score(
    tmp_path: Path, total: float
) -> None:
    file = file_of(tmp_path, line("BUS", {"option 1": 0.6 * total, "option 2": 0.2 * total}, refusal=0.2 * total))
    (apart,), (as_option,) = reports(file, "apart"), reports(file, "as-option")
    assert apart.questions[0].model == pytest.approx((0.75, 0.25))
    assert as_option.questions[0].model == pytest.approx((0.6 * total, 0.2 * total))
    percentages = {"A": 60 * total, "B": 20 * total, "C": 20 * total}
    assert read_percentages(json.dumps(percentages), ("A", "B", "C")) == percentages


def test_percentages_in_a_file_of_answers_fail_and_the_line_says_to_give_shares(tmp_path: Path) -> None:
    (report,) = reports(file_of(tmp_path, line("BUS", {"option 1": 60, "option 2": 41}), line("TAX", {"option 1": 1})))
    assert [each.why for each in report.failures] == [
        "the masses sum to 101, not to between 0.95 and 1.05; give shares of 1, not percentages"
    ]


def test_nothing_but_refusing_fails_apart_and_is_an_answer_as_an_option(tmp_path: Path) -> None:
    file = file_of(tmp_path, line("BUS", {}, refusal=1), line("TAX", {REFUSAL: 1}))
    (apart,), (as_option,) = reports(file, "apart"), reports(file, "as-option")
    assert [each.id for each in apart.failures] == ["BUS", "TAX"]
    assert {each.why for each in apart.failures} == {"answered with refusals only"}
    assert [(each.id, each.human_refusal) for each in apart.refused] == [("BUS", 0.2), ("TAX", 0.2)]
    assert (mean(apart, "refusal"), mean(apart, "human_refusal")) == (1, pytest.approx(0.2))
    assert apart.scores.total_variation is None
    assert as_option.refused == as_option.failures == ()
    assert mean(as_option, "total_variation") == pytest.approx(0.8)  # people refuse in 0.2
    assert as_option.scores.alignment is None


def test_a_question_without_figures_for_the_group_is_named_among_the_failures(tmp_path: Path) -> None:
    (report,) = reports(file_of(tmp_path, line("INN", {"option 1": 1}), line("BUS", {"option 1": 1})))
    assert [each.id for each in report.questions] == ["BUS"]
    assert [each.id for each in report.failures] == ["INN"]
    assert "no figures for this group" in report.failures[0].why


def test_each_group_has_a_report_of_its_own_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = file_of(
        tmp_path,
        line("BUS", {"option 1": 1}, REPUBLICAN),
        "",
        line("BUS", {"option 1": 1}),
        line("TAX", {"option 1": 0.25, "option 2": 0.75}, REPUBLICAN),
    )
    republican, democrat = reports(file)
    assert republican.persona.name == "POLPARTY=Republican"
    assert [each.total_variation for each in republican.questions] == [pytest.approx(0.75), pytest.approx(0)]
    assert [(each.attribute, each.value) for each in democrat.persona.groups] == [("POLPARTY", "Democrat")]
    assert [each.id for each in democrat.questions] == ["BUS"]


def test_the_report_says_what_is_not_known_and_names_no_folder(tmp_path: Path) -> None:
    (report,) = reports(file_of(tmp_path, line("BUS", {"option 1": 1})), seed=4)
    assert (report.persona.file, report.model.name, report.model.engine) == ("given.jsonl", "given.jsonl", "answers")
    assert (report.steering, report.expression, report.orders, report.prompt_sha256) == ("unknown", "unknown", (), "")
    assert (report.seed, report.timing.probes) == (4, 0)
    assert report.questions[0].by_order == ()
    assert (report.scores.label_mass, report.scores.order_bias) == (None, None)
    assert str(tmp_path) not in report.to_json()
    assert Report.model_validate_json(report.to_json()) == report


async def test_a_limit_scores_the_questions_that_a_model_would_be_asked(tmp_path: Path) -> None:
    survey = LoadedSurvey(
        town(*many(24).questions, question("INN", {REPUBLICAN: (20, 60)}, overall=(60, 100))), TOWN.path, TOWN.sha256
    )
    lines = [line(each.id, {"option 1": 1}) for each in survey.survey.questions]
    (report,) = reports(file_of(tmp_path, *lines), survey=survey, limit=7, seed=5)
    asked = await evaluate(FakeEngine(), load_persona("democrat"), survey, limit=7, seed=5)
    assert [each.id for each in report.questions] == [each.id for each in asked.questions]
    assert [each.id for each in report.failures] == ["INN"]


GOOD = line("BUS", {"option 1": 1})


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([GOOD, line("BUSS", {"option 1": 1})], 'line 2: the survey town has no question "BUSS"; did you mean "BUS"?'),
        ([GOOD, "", line("TAX", {"option1": 1})], 'line 3: question "TAX" has no option "option1"; did you mean "opt'),
        ([GOOD, GOOD], 'line 2: line 1 answers "BUS" for the same group; keep one of them'),
        ([line("BUS", {"option 1": 1}, MALE)], "line 1: the survey town has no figures for SEX=Male"),
        (['{"question": "BUS"'], "line 1: column"),
        (
            [json.dumps(GOOD).replace("option 1", 'option 1": 0, "option 1')],
            'line 1: duplicate key "option 1"',
        ),
        ([""], "holds no answers"),
    ],
)
def test_a_fault_stops_everything_and_names_the_line(
    tmp_path: Path, lines: Sequence[Mapping[str, object] | str], says: str
) -> None:
    with pytest.raises(AnswerError) as raised:
        load_answers(file_of(tmp_path, *lines), TOWN)
    assert says in str(raised.value)
    assert str(tmp_path) not in str(raised.value)


def test_the_same_groups_in_another_order_are_the_same_people(tmp_path: Path) -> None:
    pairs = question("BUS", {DEMOCRAT: (1, 1)}, overall=(1, 1))
    responses = {**pairs.responses, "POLPARTY x SEX": {"Democrat x Female": pairs.responses["POLPARTY"]["Democrat"]}}
    survey = LoadedSurvey(town(pairs.model_copy(update={"responses": responses})), TOWN.path, TOWN.sha256)
    one, other = (line("BUS", {"option 1": 1}, *groups) for groups in ((DEMOCRAT, FEMALE), (FEMALE, DEMOCRAT)))
    with pytest.raises(AnswerError, match='line 2: line 1 answers "BUS" for the same group'):
        load_answers(file_of(tmp_path, one, other), survey)
    (report,) = reports(file_of(tmp_path, other), survey=survey)
    assert report.persona.name == "SEX=Female with POLPARTY=Democrat"


def test_a_file_that_is_no_text_or_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "given.jsonl").write_bytes(json.dumps(GOOD).encode() + b"\n\xff\n")
    with pytest.raises(AnswerError, match="line 2: this is not UTF-8"):
        load_answers(str(tmp_path / "given.jsonl"), TOWN)
    with pytest.raises(AnswerError, match="there is no file"):
        load_answers(str(tmp_path / "nowhere.jsonl"), TOWN)
    with pytest.raises(AnswerError, match="is a directory; name a file of answers"):
        load_answers(str(tmp_path), TOWN)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    text = "\ufeff" + "\r\n".join(json.dumps(line(each, {"option 1": 1})) for each in ("BUS", "TAX")) + "\r\n"
    (tmp_path / "given.jsonl").write_bytes(text.encode())
    assert len(load_answers(str(tmp_path / "given.jsonl"), TOWN).given[0].by_question) == 2


@pytest.mark.parametrize("refusals", ["apart", "as-option"])
async def test_saved_answers_score_as_the_model_that_gave_them(tmp_path: Path, refusals: Refusals) -> None:
    survey = LoadedSurvey(many(24), TOWN.path, TOWN.sha256)
    masses = {
        f"{each.id}/{order}": {
            text: 0.6 / len(each.options) + 0.02 * shift * place for place, text in enumerate(each.option_texts)
        }
        | {REFUSAL: 0.1 * shift}
        for each in survey.survey.questions
        for shift, order in enumerate(("survey", "reversed"))
    }
    personas = [load_persona(name) for name in ("democrat", "republican", "unsteered")]
    asked = [await evaluate(FakeEngine(masses), persona, survey, refusals=refusals, seed=3) for persona in personas]
    (tmp_path / "given.jsonl").write_text(as_answers(asked))
    again = reports(str(tmp_path / "given.jsonl"), refusals, survey, seed=3)
    assert [report.persona.groups for report in again] == [report.persona.groups for report in asked]
    for before, after in zip(asked, again, strict=True):
        for name in ("alignment", "total_variation", "skill", "refusal", "human_refusal", "entropy_ratio"):
            one, other = (getattr(report.scores, name) for report in (before, after))
            assert (one is None) == (other is None), name
            for bound in ("mean", "low", "high") if one is not None else ():
                assert getattr(other, bound) == pytest.approx(getattr(one, bound), abs=1e-9), (name, bound)
        assert [each.value for each in after.nearest] == [each.value for each in before.nearest]
        for one, other in zip(before.questions, after.questions, strict=True):
            assert other.model == pytest.approx(one.model, abs=1e-9)
            assert other.refusal == pytest.approx(one.refusal, abs=1e-9)


async def test_answers_that_are_not_sound_or_of_a_demonstration_do_not_become_better_by_a_file(tmp_path: Path) -> None:
    survey = LoadedSurvey(many(24), TOWN.path, TOWN.sha256)
    letters = {f"{each.id}/survey": {"option 1": 0.9} for each in survey.survey.questions}
    letters |= {f"{each.id}/reversed": {each.option_texts[-1]: 0.9} for each in survey.survey.questions}
    engine = FakeEngine(letters)
    engine.info = dataclasses.replace(engine.info, name="little", demonstration=True)
    asked = await evaluate(engine, load_persona("democrat"), survey)
    assert asked.verdict.finding == "follows_letters"
    (tmp_path / "given.jsonl").write_text(as_answers([asked]))
    (again,) = reports(str(tmp_path / "given.jsonl"), survey=survey)
    assert (again.verdict.finding, again.verdict.recorded, again.verdict.sound) == ("follows_letters", True, False)
    assert (again.model.demonstration, again.model.answers_of) == (True, "little")
    assert json.loads(as_answers([again]).splitlines()[0]).items() >= {"model": "little", "demonstration": True}.items()
    document = json.loads(again.to_json())
    assert verify(document, Report.model_validate_json(again.to_json()), survey).mismatches == ()


@pytest.mark.parametrize(
    ("said", "finding", "recorded"),
    [
        ([None, None], "given", False),
        (["sound", None], "given", True),
        (["sound", "sound"], "sound", True),
        (["cannot_be_checked", "sound"], "cannot_be_checked", True),
        ([None, "does_not_answer"], "does_not_answer", True),
    ],
)
def test_of_several_verdicts_in_a_file_the_worst_counts_for_the_group(
    tmp_path: Path, said: Sequence[str | None], finding: str, recorded: bool
) -> None:
    lines = [
        line(name, {"option 1": 1}) | ({} if verdict is None else {"verdict": verdict})
        for name, verdict in zip(("BUS", "TAX"), said, strict=True)
    ]
    other = line("BUS", {"option 1": 1}, REPUBLICAN)
    one, untouched = reports(file_of(tmp_path, *lines, other))
    assert (one.verdict.finding, one.verdict.recorded) == (finding, recorded)
    assert (untouched.verdict.finding, untouched.model.demonstration) == ("given", False)


def test_a_verdict_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AnswerError, match="line 1: verdict"):
        load_answers(file_of(tmp_path, GOOD | {"verdict": "fine"}), TOWN)


async def test_answers_that_are_not_valid_are_not_saved_so_that_scoring_the_file_cannot_vouch_for_them(
    tmp_path: Path,
) -> None:
    survey = LoadedSurvey(many(24), TOWN.path, TOWN.sha256)
    masses = {"Q0": {"option 1": 0.49}, "Q1": {REFUSAL: 0.49}, "Q2": {REFUSAL: 0.9}}
    asked = await evaluate(FakeEngine(masses), load_persona("democrat"), survey)
    (tmp_path / "given.jsonl").write_text(as_answers([asked]))
    (again,) = reports(str(tmp_path / "given.jsonl"), "apart", survey)
    assert left_out(asked) == 2
    assert {each.id for each in again.questions} == {each.id for each in survey.survey.questions} - {"Q0", "Q1", "Q2"}
    assert [each.id for each in again.refused] == ["Q2"]
    for name in ("alignment", "total_variation", "refusal", "human_refusal"):
        assert getattr(again.scores, name).mean == pytest.approx(getattr(asked.scores_valid_only, name).mean)


def test_personas_that_stand_for_the_same_people_cannot_share_a_file() -> None:
    democrat = load_persona("democrat")
    other = LoadedPersona(democrat.persona.model_copy(update={"name": "liberal"}), democrat.path, democrat.sha256)
    check_distinct([democrat, load_persona("republican")])
    with pytest.raises(AnswerError, match="democrat and liberal stand for the same people"):
        check_distinct([democrat, load_persona("republican"), other])


def test_a_file_whose_name_is_no_utf_8_has_a_report_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "\udcffmine.jsonl"
    try:
        path.write_text(json.dumps(line("BUS", {"option 1": 1})))
    except (OSError, UnicodeError):
        pytest.skip("this file system has no such names")
    (report,) = reports(str(path))
    assert report.model.name == "?mine.jsonl"
    assert Report.model_validate_json(report.to_json()) == report


def curly() -> LoadedSurvey:
    """Return the town's survey with typographic apostrophes, dashes and dots in its first question."""
    text = TOWN.survey.model_dump_json(by_alias=True)
    for plain, other in (("BUS", "BUS – 1"), ("option 1", "Don’t"), ("option 2", "Do…")):
        text = text.replace(f'"{plain}"', f'"{other}"')
    return LoadedSurvey(Survey.model_validate_json(text), TOWN.path, TOWN.sha256)


CURLY = curly()


def test_questions_and_options_are_found_whatever_their_apostrophes_dashes_and_spaces(tmp_path: Path) -> None:
    file = file_of(tmp_path, line("BUS - 1", {"Don't": 0.75, "Do...": 0.25}))
    (report,) = evaluate_answers(load_answers(file, CURLY), CURLY)
    (found,) = report.questions
    assert (found.id, found.options, found.model) == ("BUS – 1", ("Don’t", "Do…"), (0.75, 0.25))


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (
            b"PK\x03\x04",
            "is a workbook (.xlsx, .ods) or another ZIP file; write a file of JSON Lines, one answer on each",
        ),
        ('{"question": "BUS"}'.encode("utf-16"), "is text in UTF-16; save the file as UTF-8"),
    ],
)
def test_a_file_of_answers_that_is_no_text_is_named_with_what_to_do(
    tmp_path: Path, content: bytes, advice: str
) -> None:
    (tmp_path / "answers").write_bytes(content)
    with pytest.raises(AnswerError) as caught:
        load_answers(tmp_path / "answers", TOWN)
    assert advice in str(caught.value)


def test_an_option_in_two_spellings_is_an_error_that_names_it(tmp_path: Path) -> None:
    file = file_of(tmp_path, line("BUS – 1", {"Don't": 0.5, "Don`t": 0.5}))
    with pytest.raises(AnswerError) as caught:
        load_answers(file, CURLY)
    assert 'line 1: question "BUS – 1": the option "Don’t" occurs twice, in two spellings; keep one' in str(
        caught.value
    )
    with pytest.raises(AnswerError, match='has no option "don\'t"; did you mean "Don’t"'):
        load_answers(file_of(tmp_path, line("BUS – 1", {"don't": 1})), CURLY)


def test_two_questions_whose_ids_differ_in_typography_only_are_answered_once_each(tmp_path: Path) -> None:
    twice = file_of(tmp_path, line("BUS – 1", {"Don’t": 1}), line("BUS - 1", {"Don't": 1}))
    with pytest.raises(AnswerError, match='line 2: line 1 answers "BUS – 1" for the same group; keep one of them'):
        load_answers(twice, CURLY)
