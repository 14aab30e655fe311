"""A person can stop anywhere: to go on later, or for good. Whatever ends the program, one line says what to do."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from chat_personas.corpus import Corpus, CorpusError
from chat_personas.tui.study.app import StudyApp
from chat_personas.tui.study.pages import ConsentPage
from chat_personas.tui.study.questionnaire import QuestionnairePage
from tests.studies.making import made_study
from tests.tui.fakes import shown, until, words
from tests.tui.study.people import (
    ONLY_THE_TALK,
    PERSON,
    SHORT,
    agree,
    app_of,
    go_through,
    opens,
    page,
    press,
    taking_part,
    talkative,
)


async def test_leaving_for_good_ends_the_participation_and_tells_the_code_for_that(
    corpus: Corpus, tmp_path: Path
) -> None:
    study = made_study(tmp_path, SHORT | {'complete = "DONE"': 'left = "GONE"'})
    async with taking_part(corpus, study) as pilot:
        await agree(pilot)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "leave the study for good" in words(pilot))
        await pilot.press("e")
        await until(pilot, lambda: "Your code: GONE" in shown(pilot))
        (way,) = corpus.studies.participations(study.row.sha256)
        assert way.participant_id in words(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app._exit)
    assert way.status == "left"
    assert app_of(pilot).return_code == 0


@pytest.mark.slow
async def test_whoever_stays_goes_on_where_they_were(corpus: Corpus, tmp_path: Path) -> None:
    async with taking_part(corpus, made_study(tmp_path, SHORT)) as pilot:
        await agree(pilot)
        sheet = page(pilot, QuestionnairePage)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: pilot.app.screen is not sheet)
        assert pilot.app.screen.focused is pilot.app.screen.query_one("#stay")
        await pilot.press("ctrl+q")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is sheet)
        await go_through(pilot)
    assert app_of(pilot).return_code == 0


async def test_ctrl_c_twice_is_going_on_later(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path, SHORT)
    async with taking_part(corpus, study) as pilot:
        await agree(pilot)
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "Press Ctrl+C again to stop. All is stored." in words(pilot))
        await pilot.press("ctrl+c")
        await until(pilot, lambda: pilot.app._exit)
    (way,) = corpus.studies.participations(study.row.sha256)
    assert (way.status, app_of(pilot).return_code) == ("running", 0)


async def test_before_the_consent_there_is_nothing_to_ask(corpus: Corpus, tmp_path: Path) -> None:
    async with taking_part(corpus, made_study(tmp_path)) as pilot:
        await pilot.press("ctrl+q")
        await until(pilot, lambda: pilot.app._exit)
    assert corpus.studies.studies() == ()
    assert app_of(pilot).return_code == 0


def test_the_command_to_go_on_is_printed_when_the_screen_is_gone(
    corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = made_study(tmp_path, SHORT)

    async def stop(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, ConsentPage))
        await agree(pilot)
        await app_of(pilot).leave(0)

    StudyApp(study, corpus, PERSON, None, opens(talkative())).run(headless=True, size=(80, 24), auto_pilot=stop)
    (way,) = corpus.studies.participations(study.row.sha256)
    printed = capsys.readouterr().out
    assert f"chat-personas study run {study.path.name} --resume --participation {way.id}\n" in printed


def test_whoever_closes_the_last_page_finds_code_and_number_in_the_terminal(
    corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = made_study(tmp_path, ONLY_THE_TALK | {'complete = "DONE"': 'left = "GONE"'})

    async def leave(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, ConsentPage))
        await agree(pilot)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "leave the study for good" in words(pilot))
        await pilot.press("e")
        await until(pilot, lambda: "Your code: GONE" in shown(pilot))
        await pilot.press("enter")

    StudyApp(study, corpus, PERSON, None, opens(talkative())).run(headless=True, size=(80, 24), auto_pilot=leave)
    (way,) = corpus.studies.participations(study.row.sha256)
    printed = capsys.readouterr().out.splitlines()
    number = "If you want everything deleted later, tell the researchers this code: "
    assert printed[-2:] == ["Your code: GONE", f"{number}{way.participant_id}"]


async def test_an_answer_that_cannot_be_stored_ends_the_program_and_keeps_the_others(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = made_study(tmp_path, SHORT)
    async with taking_part(corpus, study) as pilot:
        await agree(pilot)
        sheet = page(pilot, QuestionnairePage)
        await pilot.press("1")
        await until(pilot, lambda: sheet.boxes[0].given)

        def full(*_: object) -> None:
            raise CorpusError("the disk is full; free some space")

        monkeypatch.setattr(corpus.studies, "answer", full)
        pilot.app.simulate_key("1")
        await until(pilot, lambda: pilot.app._exit)
    assert (app_of(pilot).return_code, str(app_of(pilot).session.failure)) == (4, "the disk is full; free some space")
    (way,) = corpus.studies.participations(study.row.sha256)
    assert way.status == "running"
    assert [row.item for row in corpus.studies.answers(way.id)] == ["such"]


@pytest.mark.slow
async def test_a_key_that_is_pressed_twice_leaves_one_page(corpus: Corpus, tmp_path: Path) -> None:
    async with taking_part(corpus, made_study(tmp_path, SHORT)) as pilot:
        await pilot.press("tab", "1")
        await press(pilot, "f2")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuestionnairePage))
        assert app_of(pilot).session.failure is None
