"""A survey file is taken whole or refused with one line that names the question and the fix."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from eval.errors import SurveyError
from eval.expression.rendering import render
from eval.surveys.loading import Survey, load_survey, survey_names

BUSES: dict[str, Any] = {
    "id": "BUS_1",
    "topics": ["transport"],
    "stem": "Should buses be free?",
    "paraphrased": False,
    "options": [{"text": "Yes", "ordinal": 1}, {"text": "Half", "ordinal": 1.5}, {"text": "No", "ordinal": 2}],
    "refusals": ["No answer"],
    "overall": {"counts": [5, 0, 4], "refused": 1},
    "responses": {
        "SEX": {"Male": {"counts": [1, 0, 3], "refused": 0}, "Female": {"counts": [4, 0, 1], "refused": 1}},
        "POLPARTY x SEX": {"Democrat x Female": {"counts": [3, 0, 0], "refused": 0}},
    },
}
TOWN: dict[str, Any] = {
    "schema": "chat-personas/survey@1",
    "name": "town",
    "title": "A town",
    "source": "Asked on the market place",
    "licence": "CC0",
    "years": [2020],
    "weighted": False,
    "overall": {"label": "The whole town"},
    "questions": [BUSES, {**BUSES, "id": "BUS_2", "stem": "Should buses run at night?"}],
}


def write(folder: Path, content: object) -> Path:
    """Write a survey file, from a document or as the text it is."""
    path = folder / "town.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def place_in(document: Any, place: tuple[int | str, ...]) -> Any:
    """Return what stands at a place of a document."""
    for key in place:
        document = document[key]
    return document


def changed(*place: int | str, to: object) -> dict[str, Any]:
    """Return the town's survey with the value at one place replaced, or added."""
    document: dict[str, Any] = json.loads(json.dumps(TOWN))
    place_in(document, place[:-1])[place[-1]] = to
    return document


def without(*place: int | str) -> dict[str, Any]:
    """Return the town's survey without the value at one place."""
    document: dict[str, Any] = json.loads(json.dumps(TOWN))
    del place_in(document, place[:-1])[place[-1]]
    return document


def refusal(folder: Path, content: object) -> str:
    """Load what must be refused; return the message, which must be one line that names the file first."""
    with pytest.raises(SurveyError) as caught:
        load_survey(str(write(folder, content)))
    message = str(caught.value)
    assert message.splitlines() == [message]
    assert message.startswith('"town.json": ')
    return message.removeprefix('"town.json": ')


def test_a_file_is_read_with_the_hash_of_its_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, TOWN)
    loaded = load_survey(str(path))
    assert loaded.path == path
    assert loaded.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert loaded.survey.overall.label == "The whole town"
    assert loaded.survey.questions[0].responses["SEX"]["Female"].counts == (4, 0, 1)


def test_the_built_in_survey_is_found_by_its_name() -> None:
    assert "civic" in survey_names()
    assert load_survey("civic").survey.name == "civic"


def test_a_mistyped_name_gets_the_nearest_one() -> None:
    with pytest.raises(SurveyError, match='no survey "civik"; did you mean "civic"'):
        load_survey("civik")


def test_a_name_that_no_file_can_have_is_no_crash() -> None:
    for name in ("x" * 5000, "civic\0", ""):
        with pytest.raises(SurveyError, match="there is no survey"):
            load_survey(name)


def test_a_file_in_the_working_directory_needs_no_slash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, TOWN)
    monkeypatch.chdir(tmp_path)
    assert load_survey("town.json").survey.name == "town"


def test_a_missing_file_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(SurveyError) as caught:
        load_survey(str(tmp_path / "gone.json"))
    assert str(caught.value) == 'there is no file "gone.json"; check the path'


def test_a_folder_is_no_survey(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="is a directory; name a survey file"):
        load_survey(f"{tmp_path}/")


def test_bytes_that_are_no_utf_8_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "town.json"
    path.write_bytes(b'{"name": "\xff"}')
    with pytest.raises(SurveyError, match="not UTF-8; save"):
        load_survey(str(path))


def test_a_question_can_be_put_as_a_probe(tmp_path: Path) -> None:
    question = load_survey(str(write(tmp_path, TOWN))).survey.questions[0]
    rendered = render(question, "reversed")
    assert rendered.options == ("No", "Half", "Yes", "No answer")
    assert question.ordinals == (1, 1.5, 2)


def test_topics_are_listed_once_in_the_order_of_the_questions() -> None:
    document = changed("questions", 1, "topics", to=["night", "transport"])
    assert Survey.model_validate_json(json.dumps(document)).topics == ("transport", "night")


def test_proportions_may_stand_in_for_counts(tmp_path: Path) -> None:
    shares = {"proportions": [0.33, 0.33, 0.33], "refused": 0}
    survey = load_survey(str(write(tmp_path, changed("questions", 0, "overall", to=shares)))).survey
    assert survey.questions[0].overall is not None
    assert survey.questions[0].overall.counts is None


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            without("questions", 1, "options", 2),
            'question "BUS_2": overall: there are 3 counts for 2 options; give one for each option',
        ),
        (
            changed("questions", 0, "responses", "SEX", "Male", "counts", to=[1, 3]),
            'question "BUS_1": responses SEX, "Male": there are 2 counts for 3 options; give one for each option',
        ),
        (
            changed("questions", 0, "options", 2, "text", to="yes"),
            'question "BUS_1": the option "Yes" occurs twice; give every option and refusal its own text',
        ),
        (
            changed("questions", 0, "refusals", to=["Half"]),
            'question "BUS_1": the option "Half" occurs twice; give every option and refusal its own text',
        ),
        (
            changed("questions", 1, "id", to="BUS_1"),
            'question "BUS_1" occurs 2 times; give every question its own id',
        ),
        (
            changed("questions", 1, "stemm", to="x"),
            'question "BUS_2": there is no key "stemm"; did you mean "stem"?',
        ),
        (
            changed("questions", 1, "options", 0, "ordnal", to=1),
            'question "BUS_2", options 1: there is no key "ordnal"; did you mean "ordinal"?',
        ),
        (
            changed("questions", 1, "overall", "refuse", to=1),
            'question "BUS_2", overall: there is no key "refuse"; did you mean "refused"?',
        ),
        (changed("wheighted", to=True), 'there is no key "wheighted"; did you mean "weighted"?'),
        (changed("overall", "lable", to="x"), 'overall: there is no key "lable"; did you mean "label"?'),
        (without("questions", 0, "stem"), 'question "BUS_1": "stem" is missing; add it'),
        (without("questions", 0, "id"), 'question number 1: "id" is missing; add it'),
        (without("licence"), '"licence" is missing; add it'),
        (
            changed("schema", to="chat-personas/survey@9"),
            'schema is "chat-personas/survey@9"; write "chat-personas/survey@1", the format',
        ),
        (
            changed("questions", 0, "options", 1, "ordinal", to="2"),
            'question "BUS_1", options 2, ordinal is "2"; write a number, without quotes',
        ),
        (changed("questions", 0, "paraphrased", to=1), 'question "BUS_1", paraphrased is 1; write true or false'),
        (changed("questions", 0, "topics", to=[]), 'question "BUS_1", topics is an empty list; name at least 1'),
        (changed("questions", 0, to=7), "question number 1 is 7; write an object in braces"),
        (changed("questions", to={}), "questions is an object; write a list in square brackets"),
        (
            changed("questions", 0, "overall", "counts", 1, to=-3),
            'question "BUS_1", overall, counts 2 is -3; write 0 or more',
        ),
        (
            changed("questions", 0, "responses", "SEXX", to={}),
            'question "BUS_1": responses: there is no attribute "SEXX"; did you mean "SEX"?',
        ),
        (
            changed("questions", 0, "responses", "SEX", "male", to={"counts": [1, 1, 1], "refused": 0}),
            'question "BUS_1": responses SEX: there is no value "male"; did you mean "Male"?',
        ),
        (
            changed("questions", 0, "responses", "SEX x POLPARTY", to={}),
            'question "BUS_1": responses: "POLPARTY x SEX" also occurs in the other order; keep one of them',
        ),
        (
            changed("questions", 0, "responses", "SEX x SEX", to={}),
            'question "BUS_1": responses: "SEX x SEX" is not a pair; write two different attributes',
        ),
        (
            changed("questions", 0, "overall", to={"refused": 1}),
            'question "BUS_1", overall has neither counts nor proportions; give exactly one of them',
        ),
        (
            changed("questions", 0, "overall", to={"proportions": [0.5, 0.5, 0.5], "refused": 0}),
            'question "BUS_1", overall has proportions that sum, with refused, to 1.5; they must sum to 1',
        ),
        (
            changed("questions", 0, "overall", to={"counts": [0, 0, 0], "refused": 0}),
            'question "BUS_1", overall has no respondents at all; leave the group out',
        ),
        (changed("weighted", to=True), 'question "BUS_1" has weighted counts without n_effective; add it, or give'),
        ([], "this is an empty list; write an object in braces"),
    ],
)
def test_a_fault_is_named_with_its_question_and_its_fix(tmp_path: Path, document: object, message: str) -> None:
    assert refusal(tmp_path, document).startswith(message)


def test_a_file_that_is_cut_off_is_named_with_the_line(tmp_path: Path) -> None:
    cut = json.dumps(TOWN, indent=1)[:200]
    assert "this is not JSON" in refusal(tmp_path, cut)
    assert refusal(tmp_path, cut).startswith("line ")


def test_half_an_escaped_character_is_refused(tmp_path: Path) -> None:
    text = json.dumps(TOWN).replace("transport", "\\ud800", 1)
    assert refusal(tmp_path, text).startswith("this is not JSON (")


def test_figures_given_twice_for_one_group_are_not_silently_halved(tmp_path: Path) -> None:
    text = json.dumps(TOWN).replace('"Female"', '"Male"', 1)
    assert 'duplicate key "Male"; keep one of them' in refusal(tmp_path, text)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "9" * 5000])
def test_a_number_that_is_none_is_refused(tmp_path: Path, number: str) -> None:
    assert refusal(tmp_path, json.dumps(TOWN).replace("1.5", number, 1))


@pytest.mark.parametrize("count", [1.1e10, 1e308])
def test_more_people_than_there_are_is_refused_before_anything_is_scored(tmp_path: Path, count: float) -> None:
    document = changed("questions", 1, "overall", to={"counts": [1, count, 0], "refused": 0})
    assert 'question "BUS_2"' in refusal(tmp_path, document)
    assert "write 10000000000 or less" in refusal(tmp_path, document)


def test_further_faults_are_counted(tmp_path: Path) -> None:
    document = changed("questions", 0, "paraphrased", to="no")
    document["questions"][1]["stem"] = 3
    assert refusal(tmp_path, document).endswith("(1 more fault in the file)")


def test_control_characters_of_a_file_do_not_reach_the_terminal(tmp_path: Path) -> None:
    assert "\x1b" not in refusal(tmp_path, changed("questions", 0, "\x1b[2J", to=1))
    assert "\x1b" not in refusal(tmp_path, changed("questions", 0, "options", 0, "text", to="\x1b[2J"))
