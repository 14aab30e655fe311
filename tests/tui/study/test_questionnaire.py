"""Every kind of item can be answered or declined, what is missing is shown, and each answer is stored at once."""

from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from chat_personas.corpus.study_rows import AnswerRow
from chat_personas.studies.study import LoadedStudy, load_study
from chat_personas.tui.study.pages import Option, Options
from chat_personas.tui.study.questionnaire import QuestionnairePage
from tests.examples import slow_but_first
from tests.studies.making import COMPREHENSION, write_study
from tests.tui.fakes import shown, until, words
from tests.tui.study.people import ONLY_THE_TALK, agree, app_of, page, taking_part

ITEMS = """
schema = "chat-personas/instrument@1"
name = "own"
title = "Own questions"
introduction = "Please read them."
[[items]]
id = "colour"
kind = "choice"
text = "Which colour?"
options = [{ code = "red", text = "Red [bold]" }, { code = "blue", text = "Blue" }]
may_decline = false
[[items]]
id = "how"
kind = "scale"
text = "How much?"
low = 0
high = 10
low_label = "not"
high_label = "very"
[[items]]
id = "warm"
kind = "scale"
text = "How warm?"
low = 0
high = 100
[[items]]
id = "years"
kind = "number"
text = "For how many years?"
low = 0
high = 90
[[items]]
id = "why"
kind = "text"
text = "Why?"
"""


def own_study(folder: Path) -> LoadedStudy:
    (folder / "own.toml").write_text(ITEMS, encoding="utf-8")
    intake = 'intake = ["demographics", "familiarity", "exposure"]'
    return load_study(write_study(folder, ONLY_THE_TALK | {intake: 'intake = ["own.toml"]'}))


def stored(corpus: Corpus, study: LoadedStudy) -> dict[str, AnswerRow]:
    (way,) = corpus.studies.participations(study.row.sha256)
    return {row.item: row for row in corpus.studies.answers(way.id)}


async def test_each_answer_is_stored_when_it_is_given_and_the_focus_goes_on(corpus: Corpus, tmp_path: Path) -> None:
    study = own_study(tmp_path)
    async with taking_part(corpus, study, size=(80, 24)) as pilot:
        await agree(pilot)
        sheet = page(pilot, QuestionnairePage)
        assert "Red [bold]" in shown(pilot)
        colour, how, warm, years, why = sheet.boxes
        assert sheet.focused is colour.first_field
        await pilot.press("down", "enter")
        await until(pilot, lambda: sheet.focused is how.first_field)
        assert stored(corpus, study)["colour"].code == "blue"
        await pilot.press("7")
        await until(pilot, lambda: sheet.focused is warm.first_field)
        assert stored(corpus, study)["how"].value == 7
        await pilot.press("up", "up", "down")
        await until(pilot, lambda: "warm" in stored(corpus, study) and stored(corpus, study)["warm"].value == 50)
        await pilot.press("enter")
        await until(pilot, lambda: sheet.focused is years.first_field)
        await pilot.press(*"2.5", "enter")
        await until(pilot, lambda: sheet.focused is why.first_field)
        assert stored(corpus, study)["years"].value == 2.5
        await pilot.press(*"So", "tab")
        await until(pilot, lambda: "why" in stored(corpus, study))
        assert stored(corpus, study)["why"].said == "So"
        await until(pilot, lambda: all(box.given for box in sheet.boxes))
        await pilot.press("f2")
        await until(pilot, lambda: pilot.app.screen is not sheet)


async def test_what_is_missing_is_marked_and_comes_into_view(corpus: Corpus, tmp_path: Path) -> None:
    study = own_study(tmp_path)
    async with taking_part(corpus, study, size=(80, 24)) as pilot:
        await agree(pilot)
        sheet = page(pilot, QuestionnairePage)
        await pilot.press("1")
        await until(pilot, lambda: sheet.boxes[0].given)
        sheet.scroller.scroll_end(animate=False)
        sheet.boxes[-1].first_field.focus()
        await pilot.press("f2")
        await until(pilot, lambda: "4 of 5 not answered yet" in words(pilot))
        assert [box.has_class("-missing") for box in sheet.boxes] == [False, True, True, True, True]
        assert sheet.focused is sheet.boxes[1].first_field
        assert "2. How much?" in shown(pilot)
        assert "Please answer this, or choose “I prefer not to say”." in words(pilot)
        assert pilot.app.screen is sheet
        await pilot.press("7")
        await until(pilot, lambda: "3 of 5 not answered yet" in words(pilot))
        for box in sheet.boxes[2:]:
            await until(pilot, lambda box=box: sheet.focused is box.first_field)  # type: ignore[misc]
            await pilot.press("5", "tab" if box is sheet.boxes[-1] else "enter")
        await until(pilot, lambda: "not answered yet" not in words(pilot))


@pytest.mark.slow
async def test_the_space_bar_and_a_click_choose_and_stay(corpus: Corpus, tmp_path: Path) -> None:
    study = own_study(tmp_path)
    async with taking_part(corpus, study) as pilot:
        await agree(pilot)
        sheet = page(pilot, QuestionnairePage)
        colour = sheet.boxes[0]
        await pilot.press("down", "space")
        await until(pilot, lambda: stored(corpus, study)["colour"].code == "blue" if colour.given else False)
        assert sheet.focused is colour.first_field
        await pilot.click(colour.query(Option).first())
        await until(pilot, lambda: stored(corpus, study)["colour"].code == "red")
        assert sheet.focused is colour.first_field
        await pilot.press("enter")
        await until(pilot, lambda: sheet.focused is sheet.boxes[1].first_field)


@pytest.mark.slow
async def test_preferring_not_to_say_replaces_an_answer_and_is_replaced_by_one(corpus: Corpus, tmp_path: Path) -> None:
    study = own_study(tmp_path)
    async with taking_part(corpus, study) as pilot:
        await agree(pilot)
        sheet = page(pilot, QuestionnairePage)
        warm = sheet.boxes[2]
        warm.first_field.focus()
        await pilot.press("8", "0", "tab")
        await until(pilot, lambda: warm.given)
        assert sheet.focused is sheet.boxes[3].first_field, "Enter must not undo what was typed"
        await pilot.press("shift+tab", "backspace", "backspace", "tab")
        assert warm.decline.has_focus
        await pilot.press("enter")
        await until(pilot, lambda: stored(corpus, study)["warm"].declined)
        assert stored(corpus, study)["warm"].value is None
        warm.first_field.focus()
        await pilot.press("9", "0", "enter")
        await until(pilot, lambda: stored(corpus, study)["warm"].value == 90)
        assert not stored(corpus, study)["warm"].declined
        assert warm.decline.chosen is None


@slow_but_first("typed", ["101", "950", "1e9", "nan", "-1", "1x"])
async def test_a_number_outside_its_scale_is_refused_with_its_bounds(
    corpus: Corpus, tmp_path: Path, typed: str
) -> None:
    study = own_study(tmp_path)
    async with taking_part(corpus, study) as pilot:
        await agree(pilot)
        sheet = page(pilot, QuestionnairePage)
        sheet.boxes[2].first_field.focus()
        await pilot.press(*typed, "enter")
        await until(pilot, lambda: "Write a number from 0 to 100." in words(pilot))
        assert "warm" not in stored(corpus, study)
        assert not sheet.boxes[2].given


async def test_what_was_said_to_be_missing_goes_as_soon_as_it_is_typed(corpus: Corpus, tmp_path: Path) -> None:
    study = own_study(tmp_path)
    async with taking_part(corpus, study) as pilot:
        await agree(pilot)
        sheet = page(pilot, QuestionnairePage)
        warm, why = sheet.boxes[2], sheet.boxes[4]
        await pilot.press("f2")
        await until(pilot, lambda: "5 of 5 not answered yet" in words(pilot))
        warm.first_field.focus()
        await pilot.press("4")
        await until(pilot, lambda: "4 of 5 not answered yet" in words(pilot))
        assert not warm.has_class("-missing")
        await pilot.press("0", "0")
        await until(pilot, lambda: "5 of 5 not answered yet" in words(pilot))
        assert "Write a number from 0 to 100." in words(pilot)
        await pilot.press("backspace")
        await until(pilot, lambda: "4 of 5 not answered yet" in words(pilot))
        assert "Write a number from 0 to 100." not in words(pilot)
        why.first_field.focus()
        await until(pilot, lambda: warm.given)
        await pilot.press("x")
        await until(pilot, lambda: "3 of 5 not answered yet" in words(pilot))
        await pilot.press("backspace")
        await until(pilot, lambda: "4 of 5 not answered yet" in words(pilot))
        assert stored(corpus, study)["warm"].value == 40


async def test_a_number_that_was_stored_and_then_mistyped_is_given_again_when_it_is_back(
    corpus: Corpus, tmp_path: Path
) -> None:
    async with taking_part(corpus, own_study(tmp_path)) as pilot:
        await agree(pilot)
        sheet = page(pilot, QuestionnairePage)
        warm = sheet.boxes[2]
        warm.first_field.focus()
        await pilot.press("4", "0", "tab")
        await until(pilot, lambda: warm.given)
        warm.first_field.focus()
        await pilot.press("end", "0")
        await until(pilot, lambda: not warm.given)
        await pilot.press("backspace", "tab")
        await until(pilot, lambda: warm.given)


async def test_a_number_on_a_scale_has_no_more_digits_than_its_field_shows(corpus: Corpus, tmp_path: Path) -> None:
    async with taking_part(corpus, own_study(tmp_path), size=(80, 40)) as pilot:
        await agree(pilot)
        warm = page(pilot, QuestionnairePage).boxes[2]
        warm.first_field.focus()
        await pilot.press(*"4" * 14)
        await until(pilot, lambda: "4" * 12 in shown(pilot))
        assert "4" * 13 not in shown(pilot)
        assert "█" not in shown(pilot)


async def test_a_wrong_answer_that_may_be_tried_again_is_told_and_stays_in_front(
    corpus: Corpus, tmp_path: Path
) -> None:
    (tmp_path / "check.toml").write_text(COMPREHENSION, encoding="utf-8")
    intake = 'intake = ["demographics", "familiarity", "exposure"]'
    study = load_study(write_study(tmp_path, ONLY_THE_TALK | {intake: 'intake = ["check.toml"]'}))
    async with taking_part(corpus, study) as pilot:
        await agree(pilot)
        sheet = page(pilot, QuestionnairePage)
        await pilot.press("1")
        await until(pilot, lambda: "That is not right." in words(pilot))
        assert sheet.focused is sheet.boxes[0].first_field
        assert stored(corpus, study)["task"].code == "own"
        await pilot.press("2")
        await until(pilot, lambda: sheet.button.has_focus)
        assert stored(corpus, study)["task"].code == "theirs"
        assert "That is not right." not in words(pilot)


async def test_an_item_that_must_be_answered_offers_no_way_out(corpus: Corpus, tmp_path: Path) -> None:
    async with taking_part(corpus, own_study(tmp_path)) as pilot:
        await agree(pilot)
        sheet = page(pilot, QuestionnairePage)
        declines = [[each.code for each in box.query(Options).first()._options].count(None) for box in sheet.boxes]
        assert declines == [0, 1, 1, 1, 1]


async def test_words_that_are_being_typed_are_stored_when_the_person_stops(corpus: Corpus, tmp_path: Path) -> None:
    study = own_study(tmp_path)
    async with taking_part(corpus, study) as pilot:
        await agree(pilot)
        page(pilot, QuestionnairePage).boxes[-1].first_field.focus()
        await pilot.press(*"Because")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "Go on later" in shown(pilot))
        await pilot.press("l")
        await until(pilot, lambda: pilot.app._exit)
    assert stored(corpus, study)["why"].said == "Because"
    assert app_of(pilot).session.failure is None
