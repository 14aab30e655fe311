"""The release of OpinionQA: every group and every combination, weighted or not, from the respondents' answers."""

import shutil
from pathlib import Path

import pytest

from eval.errors import SurveyError
from eval.importers import ImportOptions, ImportResult
from eval.importers.opinionqa import read
from eval.surveys.model import Responses
from personas import Group
from tests.eval.importers.release import INFO, RESPONSES, write_release

WAVE = Path("human_resp", "American_Trends_Panel_W26")
DEMOCRAT, FEMALE, WHITE = map(Group.parse, ("POLPARTY=Democrat", "SEX=Female", "RACE=White"))


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write_release(tmp_path / "release")


def combined(found: ImportResult, *groups: Group) -> Responses | None:
    """Return what people of all of these groups said about buses."""
    assert found.respondents is not None
    return found.respondents.responses("BUS_W26", 3, groups)


def test_questions_come_with_odd_ordinals_refusals_topic_and_year(release: Path) -> None:
    survey = read(release, ImportOptions("oqa")).survey
    bus, tram = survey.questions
    assert bus.option_texts == ("Yes, always", "No", "Depends")
    assert bus.ordinals == (1, 2, 1.5)
    assert bus.refusals == ("Refused",)
    assert tram.refusals == ("Not sure", "Refused")
    assert bus.topics == ("guns",)
    assert survey.years == (2017,)
    assert not survey.weighted


def test_counts_are_of_people_and_an_option_nobody_chose_has_count_0(release: Path) -> None:
    bus, tram = read(release, ImportOptions("oqa")).survey.questions
    assert bus.overall == Responses(counts=(2, 2, 0), refused=1)
    assert bus.responses["POLPARTY"]["Democrat"] == Responses(counts=(2, 1, 0), refused=0)
    assert bus.responses["POLPARTY"]["Republican"] == Responses(counts=(0, 1, 0), refused=1)
    assert tram.overall == Responses(counts=(2, 1), refused=2)


def test_a_group_in_which_nobody_was_asked_is_absent(release: Path) -> None:
    bus, tram = read(release, ImportOptions("oqa")).survey.questions
    assert set(bus.responses) == {"SEX", "POLPARTY", "RACE"}
    assert set(bus.responses["POLPARTY"]) == {"Democrat", "Republican"}
    assert set(bus.responses["RACE"]) == {"White", "Black"}
    assert set(tram.responses["RACE"]) == {"White", "Black", "Asian"}


def test_weighted_counts_are_sums_of_weights_with_kishs_effective_number(release: Path) -> None:
    found = read(release, ImportOptions("oqa", weighted=True))
    bus = found.survey.questions[0]
    assert found.survey.weighted
    # the Democrats weigh 1 and 2 (yes) and 3 (no): (1+2+3)^2 / (1+4+9); the fifth respondent has no weight
    assert bus.responses["POLPARTY"]["Democrat"] == Responses(counts=(3, 3, 0), refused=0, n_effective=36 / 14)
    assert bus.overall == Responses(counts=(3, 3, 0), refused=1, n_effective=36 / 14)
    assert "Republican" not in bus.responses["POLPARTY"]
    assert any(note.endswith("W26: 1") for note in found.notes)


def test_any_combination_is_counted_from_the_people_who_are_in_all_of_the_groups(release: Path) -> None:
    found = read(release, ImportOptions("oqa"))
    assert combined(found, DEMOCRAT, FEMALE) == Responses(counts=(1, 1, 0), refused=0)
    assert combined(found, WHITE, FEMALE, DEMOCRAT) == Responses(counts=(0, 1, 0), refused=0)
    assert combined(found, Group.parse("RACE=Asian"), FEMALE) is None
    assert combined(found, Group.parse("INCOME=$100,000 or more"), FEMALE) is None
    assert found.respondents is not None
    assert found.respondents.asked("BUS_W26", (FEMALE,)) == 3
    weighted = read(release, ImportOptions("oqa", weighted=True))
    assert combined(weighted, DEMOCRAT, FEMALE) == Responses(counts=(2, 3, 0), refused=0, n_effective=25 / 13)


def test_notes_say_what_was_skipped(release: Path) -> None:
    notes = read(release, ImportOptions("oqa")).notes
    assert "1 wave skipped (no info.csv): W27" in notes
    assert "1 question skipped (no column in responses.csv): GONE_W26" in notes
    assert any(note.startswith("2 values outside the 60 groups") for note in notes)


@pytest.mark.parametrize("inside", ["", "human_resp", "human_resp/American_Trends_Panel_W26"])
def test_the_release_its_folder_of_waves_and_one_wave_can_be_named(release: Path, inside: str) -> None:
    assert len(read(release / inside, ImportOptions("oqa")).survey.questions) == 2


def test_an_answer_that_the_question_does_not_have_is_counted_nowhere(release: Path) -> None:
    wave = release / "human_resp" / "American_Trends_Panel_W26"
    (wave / "responses.csv").write_text(RESPONSES.replace("3,No,", "3,Perhaps,"))
    found = read(release, ImportOptions("oqa"))
    assert found.survey.questions[0].overall == Responses(counts=(2, 1, 0), refused=1)
    assert any("an option that the question does not have): BUS_W26" in note for note in found.notes)


def test_a_question_with_two_columns_of_answers_is_refused(release: Path) -> None:
    (release / WAVE / "responses.csv").write_text(RESPONSES.replace("TRAM_W26,SEX", "BUS_W26,SEX"))
    with pytest.raises(SurveyError, match='duplicate column "BUS_W26"'):
        read(release, ImportOptions("oqa"))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("3,No,,", "3,No, indeed,,", "line 4: 8 cells for 7 columns"),
        ("3,No,,", "3,No,", "line 4: 6 cells for 7 columns"),
        ("3,No,,", '3,"No,,', "line 7: unexpected end of data"),
    ],
)
def test_a_row_whose_cells_would_stand_in_other_columns_is_named(
    release: Path, before: str, after: str, message: str
) -> None:
    (release / WAVE / "responses.csv").write_text(RESPONSES.replace(before, after))
    with pytest.raises(SurveyError, match=message):
        read(release, ImportOptions("oqa"))


@pytest.mark.parametrize("references", ["['Yes', 'Refused', 'No']", "['Not sure', 'Yes', 'No', 'Refused']"])
def test_ordinals_that_belong_to_other_options_leave_the_question_out(release: Path, references: str) -> None:
    (release / WAVE / "info.csv").write_text(INFO.replace("['Yes', 'No', 'Not sure', 'Refused']", references))
    found = read(release, ImportOptions("oqa"))
    assert [question.id for question in found.survey.questions] == ["BUS_W26"]
    reason = "(an option that declines has a value, and one that answers has none)"
    assert any(reason in note and "TRAM_W26: " in note for note in found.notes)


def test_an_option_without_a_value_that_does_not_decline_is_named(release: Path) -> None:
    (release / WAVE / "info.csv").write_text(INFO.replace("'Not sure'", "'Maybe'"))
    found = read(release, ImportOptions("oqa"))
    assert found.survey.questions[1].refusals == ("Maybe", "Refused")
    assert "1 question with options that have no value (counted as refusals): TRAM_W26: Maybe" in found.notes


def test_an_option_that_declines_but_has_a_value_is_named(release: Path) -> None:
    (release / WAVE / "info.csv").write_text(
        INFO.replace("'Refused']\",\"[1.0, 2.0]", "'Refused']\",\"[1.0, 2.0, 1.5]", 1)
    )
    found = read(release, ImportOptions("oqa"))
    assert found.survey.questions[1].option_texts == ("Yes", "No", "Not sure")
    reason = "question with options that decline but have a value (counted as options)"
    assert f"1 {reason}: TRAM_W26: Not sure" in found.notes


def test_a_question_with_more_options_than_letters_is_skipped_and_noted(release: Path) -> None:
    many = "['" + "', '".join(f"o{number}" for number in range(130)) + "']"
    ordinals = str([float(number) for number in range(130)])
    row = f'3,MANY_W26,Which?,"{many}","{ordinals}"\n'
    (release / WAVE / "info.csv").write_text(INFO + row)
    rows = [f"{line},{'MANY_W26' if place == 0 else 'o129'}" for place, line in enumerate(RESPONSES.splitlines())]
    (release / WAVE / "responses.csv").write_text("\n".join(rows))
    found = read(release, ImportOptions("oqa"))
    assert [question.id for question in found.survey.questions] == ["BUS_W26", "TRAM_W26"]
    assert "1 question skipped (more than 26 options): MANY_W26" in found.notes


def test_who_was_not_asked_is_in_no_figure_and_is_counted_in_a_note(release: Path) -> None:
    (release / WAVE / "info.csv").write_text(INFO.replace("'Not sure', 'Refused'", "'Inapplicable', 'Refused'"))
    (release / WAVE / "responses.csv").write_text(
        RESPONSES.replace("Not sure", "Inapplicable").replace(",,Yes", ",NA,Yes")
    )
    found = read(release, ImportOptions("oqa"))
    bus, tram = found.survey.questions
    assert tram.refusals == ("Refused",)
    assert tram.overall == Responses(counts=(2, 1), refused=1)
    assert bus.overall == Responses(counts=(2, 2, 0), refused=1)
    taken = '1 option taken as people who were not asked (left out of all figures): "Inapplicable" in TRAM_W26'
    counted = '2 texts left out (people who were not asked): BUS_W26: 1 × "NA"; TRAM_W26: 1 × "Inapplicable"'
    assert {taken, f"{counted} (answers left out: 2)"} <= set(found.notes)


def test_refusals_kept_as_options_are_counted_one_by_one(release: Path) -> None:
    _, tram = read(release, ImportOptions("oqa", refusals="options")).survey.questions
    assert (tram.option_texts, tram.refusals) == (("Yes", "No", "Not sure", "Refused"), ())
    assert tram.overall == Responses(counts=(2, 1, 1, 1), refused=0)


def test_a_question_that_info_has_twice_in_other_words_is_named(release: Path) -> None:
    row = "3,BUS_W26,Should trains be free?,\"['Yes, always', 'No', 'Depends', 'Refused']\",\"[1.0, 2.0, 1.5]\"\n"
    (release / WAVE / "info.csv").write_text(INFO + row)
    found = read(release, ImportOptions("oqa"))
    assert found.survey.questions[0].stem == "Should buses be free?"
    assert "1 question that info.csv has twice (the first is taken): BUS_W26" in found.notes


@pytest.mark.parametrize("second", ["American_Trends_Panel_W26", "human_resp/Pew_American_Trends_Panel_W26"])
def test_a_wave_that_is_there_twice_is_refused_since_the_folders_may_differ(release: Path, second: str) -> None:
    shutil.copytree(release / WAVE, release / second)
    with pytest.raises(SurveyError) as caught:
        read(release, ImportOptions("oqa"))
    assert "has wave W26 twice, in " in str(caught.value)
    assert f"{WAVE} and " in str(caught.value) or f" and {WAVE}" in str(caught.value)
    assert second in str(caught.value)


def test_a_second_folder_of_a_wave_that_lacks_a_file_or_is_a_link_does_no_harm(release: Path) -> None:
    wave = release / WAVE
    (release / "human_resp" / "Pew_American_Trends_Panel_W26").mkdir()
    (release / wave.name).symlink_to(wave, target_is_directory=True)
    found = read(release, ImportOptions("oqa"))
    assert found.survey.questions[0].overall == Responses(counts=(2, 2, 0), refused=1)
    assert any("W26 in human_resp/Pew_American_Trends_Panel_W26" in note for note in found.notes)


@pytest.mark.parametrize("weight", ["1e308", "1e11"])
def test_weights_of_more_people_than_there_are_are_refused_with_their_line(release: Path, weight: str) -> None:
    text = RESPONSES.replace("Black,2", f"Black,{weight}").replace("Asian,4", f"Asian,{weight}")
    (release / WAVE / "responses.csv").write_text(text)
    with pytest.raises(
        SurveyError, match="line 3: WEIGHT_W26: with this weight, respondents stand for more than 10000000000 people"
    ):
        read(release, ImportOptions("oqa", weighted=True))


def test_a_weight_that_is_no_number_above_0_leaves_the_person_out(release: Path) -> None:
    text = RESPONSES.replace("Black,2", "Black,1_000").replace("Asian,4", "Asian,-1")
    (release / WAVE / "responses.csv").write_text(text)
    found = read(release, ImportOptions("oqa", weighted=True))
    assert found.survey.questions[0].overall == Responses(counts=(1, 3, 0), refused=1, n_effective=16 / 10)
    assert "1 wave with respondents left out (no weight above 0): W26: 3" in found.notes


def test_folders_in_another_format_are_refused(release: Path, tmp_path: Path) -> None:
    wave = release / "human_resp" / "American_Trends_Panel_W26"
    with pytest.raises(SurveyError, match="has no folder American_Trends_Panel_W"):
        read(tmp_path, ImportOptions("oqa"))
    with pytest.raises(SurveyError, match="is not a folder"):
        read(wave / "info.csv", ImportOptions("oqa"))
    (wave / "responses.csv").write_text(RESPONSES.replace("WEIGHT_W26", "WEIGHT"))
    with pytest.raises(SurveyError, match="no column WEIGHT_W26; leave out --weighted"):
        read(release, ImportOptions("oqa", weighted=True))
    (wave / "info.csv").write_text(INFO.replace("[1.0, 2.0]", "a list"))
    with pytest.raises(SurveyError, match="line 3: references and option_ordinal must be lists"):
        read(release, ImportOptions("oqa"))
    (wave / "responses.csv").unlink()
    with pytest.raises(SurveyError, match=r"no wave has a responses.csv; download"):
        read(release, ImportOptions("oqa"))


def test_answers_belong_to_their_option_whatever_the_apostrophes_dashes_and_spaces(release: Path) -> None:
    wave = release / WAVE
    info = INFO.replace("'Yes, always', 'No', 'Depends'", "'Yes – always', 'Don’t', 'Depends'")
    (wave / "info.csv").write_text(info)
    text = RESPONSES.replace('"Yes, always"', "Yes -  always").replace("3,No,", "3,Don't,").replace("5,No,", "5,Don`t,")
    (wave / "responses.csv").write_text(text)
    bus = read(release, ImportOptions("oqa")).survey.questions[0]
    assert bus.option_texts == ("Yes – always", "Don’t", "Depends")
    assert bus.overall == Responses(counts=(2, 2, 0), refused=1)


def test_every_answer_that_is_left_out_is_counted_and_shown(release: Path) -> None:
    (release / WAVE / "responses.csv").write_text(
        RESPONSES.replace('"Yes, always"', "Certainly")
        .replace("3,No,", "3,Perhaps,")
        .replace("4,Refused,Yes", "4,,Oui")
    )
    notes = read(release, ImportOptions("oqa")).notes
    assert (
        "3 texts left out (an option that the question does not have): "
        'BUS_W26: 2 × "Certainly"; BUS_W26: 1 × "Perhaps"; TRAM_W26: 1 × "Oui" (answers left out: 4)'
    ) in notes


def test_an_option_that_declines_with_a_missing_code_is_one_of_the_refusals(release: Path) -> None:
    info = INFO.replace("'Refused']\",\"[1.0, 2.0]", "'Refused']\",\"[1.0, 2.0, 99.0]", 1)
    (release / WAVE / "info.csv").write_text(info)
    found = read(release, ImportOptions("oqa"))
    tram = found.survey.questions[1]
    assert (tram.option_texts, tram.ordinals, tram.refusals) == (("Yes", "No"), (1, 2), ("Not sure", "Refused"))
    assert tram.overall == Responses(counts=(2, 1), refused=2)
    assert '1 option taken as refusals (the text declines to answer): "Not sure (99)" in TRAM_W26' in found.notes


def test_a_question_that_info_has_twice_in_other_typography_is_the_same(release: Path) -> None:
    row = "3,BUS_W26,Should  buses be free?,\"['Yes, always', 'No', 'Depends', 'Refused']\",\"[1.0, 2.0, 1.5]\"\n"
    (release / WAVE / "info.csv").write_text(INFO + row)
    assert not any("info.csv has twice" in note for note in read(release, ImportOptions("oqa")).notes)
