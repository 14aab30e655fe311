"""The printed report says over how many questions a score is, and names what it stands beside."""

from pathlib import Path

import pytest

from chat_personas.cli.tables.report import print_reports
from eval.evaluation import ask_unsteered, evaluate, questions_for
from eval.surveys.loading import LoadedSurvey, load_survey
from personas import Group, load_persona
from tests.eval.fake_engine import FakeEngine, by_content
from tests.eval.reports import judged_as
from tests.eval.towns import DEMOCRAT, question, town


async def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *personas: str) -> str:
    """Return what is printed about these personas, as if even answers were sound, on a wide terminal."""
    monkeypatch.setenv("COLUMNS", "140")
    engine = FakeEngine(silent=frozenset({"GOVTHC_W92/survey"}))
    survey = load_survey("civic")
    reports = [judged_as(await evaluate(engine, load_persona(name), survey), "sound") for name in personas]
    print_reports(reports, to_error=False)
    return capsys.readouterr().out


async def test_every_persona_has_its_own_number_of_questions(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (await printed(capsys, monkeypatch, "democrat", "black-woman")).splitlines()
    counted = next(line.split() for line in lines if "answered" in line)
    assert counted == ["questions", "61", "of", "62", "26", "answered"]


async def test_population_opposite_uniform_and_sampling_noise_stand_beside_the_score(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await printed(capsys, monkeypatch, "democrat")
    for name in ("everyone's answers", "Republican answers", "even answers", "noise floor"):
        assert f"\n  {name} " in said
    assert "this persona vs. Republican answers (opposite group) 0." in said


async def test_a_persona_without_a_group_is_said_to_be_compared_with_everyone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await printed(capsys, monkeypatch, "unsteered")
    assert "unsteered: alignment with everyone, compared with reference points" in said
    assert "farther from" not in said
    assert "democrat: alignment with its group" in await printed(capsys, monkeypatch, "democrat")


async def test_groups_that_share_a_value_are_told_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = await evaluate(FakeEngine(), load_persona("democrat"), load_survey("civic"))
    others = tuple(near for near in report.nearest if near.value == "Other")
    print_reports([judged_as(report.model_copy(update={"nearest": others}), "sound")], to_error=False)
    said = capsys.readouterr().out
    assert "Other race" in said
    assert "Other party" in said


async def test_over_how_many_questions_alignment_is_is_said_where_some_have_no_order(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    figures = {DEMOCRAT: (30, 10)}
    questions = [question(f"Q{number}", figures, overall=(9, 9), ordinals=(1, 1 + number % 3)) for number in range(9)]
    loaded = LoadedSurvey(town(*questions), Path("town.json"), "ab" * 32)
    report = await evaluate(FakeEngine(), load_persona("democrat"), loaded)
    assert sum(each.alignment is not None for each in report.questions) == 6
    print_reports([judged_as(report, "sound")], to_error=False)
    assert "alignment covers 6 of 9 questions: the others have unordered options" in capsys.readouterr().out
    assert "alignment covers" not in await printed(capsys, monkeypatch, "democrat")


async def test_where_no_options_have_an_order_the_references_stand_beside_total_variation(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    republican = Group.parse("POLPARTY=Republican")
    figures = {DEMOCRAT: (30, 10), republican: (10, 30)}
    questions = [question(f"Q{number}", figures, overall=(24, 16), ordinals=(1, 1)) for number in range(3)]
    report = await evaluate(
        FakeEngine(), load_persona("democrat"), LoadedSurvey(town(*questions), Path("town.json"), "ab" * 32)
    )
    print_reports([judged_as(report, "sound")], to_error=False)
    said = capsys.readouterr().out
    assert "democrat: total variation from its group, compared with reference points" in said
    assert "no alignment: no question has ordered options" in said
    shown = {line[2:28].strip(): line.split()[-1] for line in said.splitlines() if " answers " in line[:28]}
    # people 0.75 and 0.25: everyone is 0.6 and 0.4; an even answer, 0.5
    assert (shown["everyone's answers"], shown["even answers"]) == ("0.150", "0.250")


async def test_of_a_model_that_follows_the_letters_no_score_is_printed_and_the_reason_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    print_reports([await evaluate(FakeEngine(), load_persona("democrat"), load_survey("civic"))], to_error=False)
    said = capsys.readouterr().out
    assert "not sound: the model follows the letters, not the answers (order agreement 0.000" in said
    how_it_answered = ("refusal", "human refusal", "label mass", "order bias")
    lines = [line for line in said.partition("questions  ")[2].splitlines() if not line.startswith(how_it_answered)]
    assert not any("[" in line for line in lines), "no interval of any score"
    assert "nearest group" not in said
    assert "closer to" not in said


async def test_on_request_scores_that_are_not_sound_are_printed_with_a_mark_in_every_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    report = await evaluate(FakeEngine(), load_persona("democrat"), load_survey("civic"))
    print_reports([report], to_error=False, show_invalid=True)
    lines = capsys.readouterr().out.partition("questions  ")[2].splitlines()
    for name in ("alignment", "  even answers"):
        (line, *_) = (line for line in lines if line.startswith(name))
        assert "] (not sound)" in line
    how_it_answered = ("refusal", "human refusal", "label mass", "order bias")
    figures = [line for line in lines if "[" in line and not line.startswith(how_it_answered)]
    assert [line for line in figures if "not sound" not in line] == []


async def test_the_report_says_whether_the_persona_does_anything(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    survey = load_survey("civic")
    engine = FakeEngine(by_content(survey.survey))
    questions = questions_for(load_persona("democrat"), survey)
    unsteered = await ask_unsteered(engine, questions)
    report = await evaluate(engine, load_persona("democrat"), survey, unsteered=unsteered)
    assert report.effect is not None
    assert report.effect.finding == "not_steered"
    print_reports([report], to_error=False)
    said = capsys.readouterr().out
    assert "exaggeration (steering slope) 0.000 [0.000, 0.000]: not steered" in said
    assert "the persona changes the model's answers by 0.000 [0.000, 0.000]" in said
    assert "the option order moves them as much" in " ".join(said.split())


async def test_a_persona_that_is_not_steered_has_no_effect_to_speak_of() -> None:
    survey, engine = load_survey("civic"), FakeEngine()
    unsteered = await ask_unsteered(engine, survey.survey.questions)
    report = await evaluate(engine, load_persona("unsteered"), survey, unsteered=unsteered)
    assert report.effect is None


async def test_the_second_estimate_stands_beside_the_score_where_every_option_stood_in_every_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    report = await evaluate(FakeEngine(), load_persona("democrat"), load_survey("civic"), orders="cyclic")
    print_reports([judged_as(report, "sound")], to_error=False)
    said = capsys.readouterr().out
    assert "letters removed, 62 questions:\n    alignment 0." in said
    assert "\n  letters alone " in said


async def test_the_second_estimate_is_not_shown_of_two_orders_and_a_line_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = " ".join((await printed(capsys, monkeypatch, "democrat")).split())
    assert "letters removed: not shown, because in these option orders" in said
    assert "ask with --orders cyclic" in said
    assert "letters removed, 61" not in said
    report = await evaluate(FakeEngine(), load_persona("democrat"), load_survey("civic"))
    print_reports([judged_as(report, "follows_letters")], to_error=False)
    assert "letters removed" not in (hidden := capsys.readouterr().out)
    assert "letters alone" not in hidden
