"""The benchmark's files become a survey: options nobody chose come back, and nobody is moved to another option."""

import json
from pathlib import Path

import pytest

from eval.errors import SurveyError
from eval.importers import ImportOptions, ImportResult
from eval.importers.distributional_alignment import read, repaired
from eval.surveys.human_figures import groups_with_figures
from eval.surveys.model import Responses

SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "distributional_alignment"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the published files are not beside the repository")

PARTIES = {
    "BUS_W26": {
        "MC_options": ["Yes", "always", "Sometimes", '"It\'s never right"', "No view", "Refused"],
        "question_text": "Should buses be free?",
        "Democrat": {"Yes, always": 4.0, "It's never right": 2.0},
        "Other": {"Sometimes": 1.0, "Refused": 1.0},
        "Republican": {},
        "Refused": {"Sometimes": 5.0},
    }
}
INFO = (
    "key,question,references,option_ordinal\n"
    "BUS_W26,Should buses be free?,"
    "\"['Yes, always', 'Sometimes', \"\"It's never right\"\", 'No view', 'Refused']\",\"[1.0, 3.0, 2.5]\"\n"
)


def imported(folder: Path, name: str, document: object, info: str = "") -> ImportResult:
    """Import a folder with this file in it."""
    (folder / name).write_text(json.dumps(document))
    if info:
        (folder / "info.csv").write_text(info)
    return read(folder, ImportOptions("bench"))


def test_options_and_odd_ordinals_come_from_info_and_missing_options_get_count_0(tmp_path: Path) -> None:
    (question,) = imported(tmp_path, "POLPARTY_data.json", PARTIES, INFO).survey.questions
    assert question.option_texts == ("Yes, always", "Sometimes", "It's never right")
    assert question.ordinals == (1, 3, 2.5)
    assert question.refusals == ("No view", "Refused")
    assert question.responses["POLPARTY"]["Democrat"] == Responses(counts=(4, 0, 2), refused=0)
    assert question.responses["POLPARTY"]["Other"] == Responses(counts=(0, 1, 0), refused=1)


@pytest.mark.parametrize("count", [1e11, 1e308])
def test_counts_of_more_people_than_there_are_stop_the_import_with_one_line(tmp_path: Path, count: float) -> None:
    document = {"BUS_W26": PARTIES["BUS_W26"] | {"Democrat": {"Sometimes": count, "No view": count}}}
    with pytest.raises(SurveyError, match='question "BUS_W26": counts: input should be less than or equal to 1000000'):
        imported(tmp_path, "POLPARTY_data.json", document, INFO)


def test_a_group_without_respondents_is_absent_and_everyone_is_the_sum_with_skipped_groups(tmp_path: Path) -> None:
    found = imported(tmp_path, "POLPARTY_data.json", PARTIES, INFO)
    (question,) = found.survey.questions
    assert set(question.responses["POLPARTY"]) == {"Democrat", "Other"}
    assert question.overall == Responses(counts=(4, 6, 2), refused=1)
    assert "1 group skipped (not among the 60 of the catalogue): POLPARTY=Refused" in found.notes
    assert "1 group left out of a question (nobody answered): BUS_W26, Republican" in found.notes


def test_without_info_options_split_at_commas_are_put_together_and_have_no_order(tmp_path: Path) -> None:
    (question,) = imported(tmp_path, "POLPARTY_data.json", PARTIES).survey.questions
    assert question.option_texts == ("Yes, always", "Sometimes", "It's never right", "No view")
    assert question.ordinals == (1, 1, 1, 1)
    assert question.responses["POLPARTY"]["Democrat"].counts == (4, 0, 2, 0)


def test_not_sure_is_an_answer_where_a_question_can_be_refused_besides(tmp_path: Path) -> None:
    asked = {"question_text": "Are buses fast?", "Democrat": {"Yes": 2.0, "Not sure": 1.0, "No answer": 1.0}}
    with_refusal = {**asked, "MC_options": ["Yes", "No", "Not sure", "Refused"], "Democrat": {"Yes": 2.0}}
    without = {**asked, "MC_options": ["Yes", "No", "Not sure", "No answer"]}
    first, second = imported(tmp_path, "POLPARTY_data.json", {"A_W1": with_refusal, "B_W1": without}).survey.questions
    assert (first.option_texts, first.refusals) == (("Yes", "No", "Not sure"), ("Refused",))
    assert (second.option_texts, second.refusals) == (("Yes", "No"), ("Not sure", "No answer"))


def test_dictionaries_written_by_python_are_read_and_not_run(tmp_path: Path) -> None:
    book = {
        "MC_options": "['1: Very unlikely', '2: Very likely']",
        "genre": "Fiction",
        "summary": "Somebody takes a bus.",
        "Democrat": "{'2: Very likely': 3}",
        "Male": "__import__('os').abort()",
    }
    found = imported(tmp_path, "POLPARTY_data.json", {"The Bus By Nobody": book})
    (question,) = found.survey.questions
    assert question.ordinals == (1, 2)
    assert question.paraphrased
    assert "The Bus By Nobody" in question.stem
    assert question.responses == {"POLPARTY": {"Democrat": Responses(counts=(0, 3), refused=0)}}
    assert any("do not fit the options" in note for note in found.notes)


def test_countries_are_groups_with_proportions_by_the_place_of_the_option(tmp_path: Path) -> None:
    asked = {
        "MC_options": "['Good', 'Bad', 'DK/Refused']",
        "Japan": [0.2, 0.7, 0.1],
        "New Land": [0, 0, 0],
        "Italy": [0.5, 0.3, 0.1],
        "countries": ["Japan", "New Land", "Italy"],
    }
    found = imported(tmp_path, "data.json", {"Is it good?": asked})
    (question,) = found.survey.questions
    assert question.stem == "Is it good?"
    assert question.refusals == ("DK/Refused",)
    japan = question.responses["COUNTRY"]["Japan"]
    assert japan.proportions == pytest.approx((0.2, 0.7))
    assert japan.refused == pytest.approx(0.1)
    assert question.overall is None
    assert [str(group) for group in groups_with_figures(found.survey)] == ["COUNTRY=Japan"]
    reason = "group left out of a question (the shares do not sum to 1)"
    assert f"1 {reason}: Is it good?, Italy" in found.notes
    assert "1 group left out of a question (nobody answered): Is it good?, New Land" in found.notes


def test_a_question_that_a_survey_cannot_hold_is_skipped_and_noted(tmp_path: Path) -> None:
    odd = PARTIES["BUS_W26"] | {"MC_options": ["Yes\x1b", "No"], "Democrat": {"Yes\x1b": 1}}
    alone = PARTIES["BUS_W26"] | {"MC_options": ["Yes", "Refused"], "Democrat": {"Yes": 1}}
    found = imported(tmp_path, "POLPARTY_data.json", PARTIES | {"ODD": odd, "ALONE": alone})
    assert [question.id for question in found.survey.questions] == ["BUS_W26"]
    assert any("control character" in note and note.endswith(": ODD") for note in found.notes)
    assert any("fewer than two options" in note and note.endswith(": ALONE") for note in found.notes)


@pytest.mark.parametrize(
    ("document", "message"),
    [([], "this is a list"), ({"Q": {"answer": 1}}, "has no MC_options"), ({}, "no question could be imported")],
)
def test_files_in_another_format_are_refused(tmp_path: Path, document: object, message: str) -> None:
    with pytest.raises(SurveyError, match=message):
        imported(tmp_path, "POLPARTY_data.json", document)


def test_a_folder_without_such_files_and_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="name the folder that has them"):
        read(tmp_path, ImportOptions("bench"))
    with pytest.raises(SurveyError, match="no weights"):
        read(tmp_path, ImportOptions("bench", weighted=True))


@pytest.mark.parametrize(
    ("written", "chosen", "options"),
    [
        (["Yes", "often", "Yes", "once", "No"], {"Yes, often", "Yes, once"}, ("Yes, often", "Yes, once", "No")),
        (["Essential", "Important", "but not essential"], {"Essential"}, ("Essential", "Important, but not essential")),
        (["'Good'", '"Bad"'], set(), ("Good", "Bad")),
        (["none", "some"], {"none", "some"}, ("none", "some")),
    ],
)
def test_split_options(written: list[str], chosen: set[str], options: tuple[str, ...]) -> None:
    assert repaired(written, chosen) == options


@needs_samples
def test_the_published_opinion_questions_keep_every_respondent() -> None:
    survey = read(SAMPLES / "opinionqa_100", ImportOptions("oqa")).survey
    assert len(survey.questions) == 100
    written = json.loads((SAMPLES / "opinionqa_100" / "SEX_data.json").read_text())
    for question in survey.questions:
        for value, counts in written[question.id].items():
            if value in ("Male", "Female") and counts:
                figures = question.responses["SEX"][value]
                by_text = dict(zip(question.option_texts, figures.counts or (), strict=True))
                assert by_text == {text: counts.get(text, 0) for text in question.option_texts}
                assert sum(by_text.values()) + figures.refused == sum(counts.values())
    assert "Male" not in next(q for q in survey.questions if q.id == "FEM2_W29").responses["SEX"]


@needs_samples
def test_the_published_book_questions_and_countries() -> None:
    books = read(SAMPLES / "nytimes", ImportOptions("books")).survey
    assert len(books.questions) == 235
    assert all(question.ordinals == (1, 2, 3, 4) for question in books.questions)
    countries = read(SAMPLES / "global_values" / "data.json", ImportOptions("world")).survey
    assert len(countries.questions) == 100
    assert len(groups_with_figures(countries)) == 26


def test_people_are_counted_under_their_option_whatever_the_typography(tmp_path: Path) -> None:
    document = {"BUS_W26": PARTIES["BUS_W26"] | {"Democrat": {"Yes,  always": 4.0, "It’s never right": 2.0}}}
    for info in ("", INFO):
        (question,) = imported(tmp_path, "POLPARTY_data.json", document, info).survey.questions
        assert question.option_texts[:3] == ("Yes, always", "Sometimes", "It's never right")
        assert (question.responses["POLPARTY"]["Democrat"].counts or ())[:3] == (4, 0, 2)


def test_a_group_with_an_unknown_answer_is_left_out_with_its_number_of_people(tmp_path: Path) -> None:
    document = {"BUS_W26": PARTIES["BUS_W26"] | {"Democrat": {"Yes, always": 4.0, "At times": 2.0}}}
    found = imported(tmp_path, "POLPARTY_data.json", document)
    assert "Democrat" not in found.survey.questions[0].responses["POLPARTY"]
    reason = "1 group left out of a question (an option was chosen that it does not have)"
    assert f'{reason}: BUS_W26, Democrat: 2 × "At times" (answers left out: 6)' in found.notes


def test_numbered_options_that_decline_or_have_no_place_are_refusals_with_a_note(tmp_path: Path) -> None:
    texts = ["1: Low", "2: Middle", "3: High", "98: Don't know", "99: Other"]
    asked = {"MC_options": texts, "question_text": "How much?", "Democrat": dict.fromkeys(texts, 2.0)}
    found = imported(tmp_path, "POLPARTY_data.json", {"A_W1": asked})
    (question,) = found.survey.questions
    assert question.ordinals == (1, 2, 3)
    assert question.responses["POLPARTY"]["Democrat"] == Responses(counts=(2, 2, 2), refused=4)
    assert any('"98: Don\'t know (98)" in A_W1' in note for note in found.notes)
    assert any('"99: Other (99)" in A_W1' in note for note in found.notes)


def test_only_refused_is_a_refusal_where_the_benchmark_counts_another_as_an_option(tmp_path: Path) -> None:
    document = {"BUS_W26": PARTIES["BUS_W26"] | {"Democrat": {"Yes, always": 4.0, "Not sure": 2.0, "Refused": 1.0}}}
    document["BUS_W26"]["MC_options"] = ["Yes", "always", "Sometimes", "'It's never right'", "Not sure", "Refused"]
    info = INFO.replace("'No view'", "'Not sure'")
    found = imported(tmp_path, "POLPARTY_data.json", document, info)
    (question,) = found.survey.questions
    assert question.refusals == ("Refused",)
    assert question.option_texts[-1] == "Not sure"
    figures = question.responses["POLPARTY"]["Democrat"]
    assert figures == Responses(counts=(4, 0, 0, 2), refused=1)
    assert '1 option that may not answer the question (counted as options): "Not sure" in BUS_W26' in found.notes
    assert any(note.startswith("1 question without an order of the options") for note in found.notes)


def test_an_info_that_describes_other_questions_is_noticed_first(tmp_path: Path) -> None:
    documents = PARTIES | dict.fromkeys(("TRAM_W26", "METRO_W26"), PARTIES["BUS_W26"])
    found = imported(tmp_path, "POLPARTY_data.json", documents, INFO)
    assert found.notes[0].startswith("info.csv describes 1 of the 3 questions here; the others have no order")
    assert found.notes[0].endswith(": TRAM_W26; METRO_W26")
    other_options = INFO.replace("'Sometimes'", "'Often'").replace("BUS_W26", "TRAM_W26")
    with pytest.raises(SurveyError, match=r'"info\.csv" describes 0 of the 3 questions here; put the one that belongs'):
        imported(tmp_path, "POLPARTY_data.json", documents, other_options)


def test_counts_that_are_not_whole_become_proportions_with_a_note(tmp_path: Path) -> None:
    document = {"BUS_W26": PARTIES["BUS_W26"] | {"Democrat": {"Yes, always": 4.5, "Refused": 0.5}}}
    found = imported(tmp_path, "POLPARTY_data.json", document, INFO)
    figures = found.survey.questions[0].responses["POLPARTY"]["Democrat"]
    assert figures == Responses(proportions=(0.9, 0, 0), refused=0.1)
    assert "1 question with counts that are not whole (weighted: kept as proportions): BUS_W26" in found.notes
