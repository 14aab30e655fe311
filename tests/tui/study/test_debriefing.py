"""At the end people are told the real answers: all of them, before they can go on, and with a model or without."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chat_personas.corpus import Corpus
from chat_personas.studies.sitting import Learnt
from chat_personas.tui.study.app import LeaveScreen
from chat_personas.tui.study.pages import DebriefingPage, MeasuringPage, figures
from eval.engine import Message, Probe, ProbeScore
from eval.surveys.loading import load_survey
from tests.studies.making import made_study
from tests.tui.fakes import reply, shown, until, words
from tests.tui.study.people import (
    SHORT,
    StudyEngine,
    app_of,
    go_through,
    opens,
    page,
    press,
    read_to_the_end,
    taking_part,
)

TOLD = SHORT | {
    'after = ["understanding", "agreement", "warmth", "realism", "surprise", "attention"]': "",
    "# blind = true ": 'debriefing = "Ask us anything at the desk."\n# blind = true ',
}


class SlowEngine(StudyEngine):
    """Answers eight questions, and no more until it is told to."""

    def __init__(self) -> None:
        super().__init__(reply("Yes."))
        self.go_on = asyncio.Event()

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        if self.probed >= 16:
            await self.go_on.wait()
        async for score in super().score(prefix, probes):
            yield score


@pytest.mark.slow
async def test_the_debriefing_is_read_to_its_end_before_it_can_be_left(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path, TOLD)
    async with taking_part(corpus, study, size=(80, 24)) as pilot:
        await go_through(pilot, lambda here: isinstance(here, DebriefingPage))
        told = page(pilot, DebriefingPage)
        assert "Please read to the end (Page Down)." in words(pilot)
        assert told.button.disabled
        await pilot.press("f2", "enter")
        await pilot.click("#go_on")
        assert pilot.app.screen is told
        (way,) = corpus.studies.participations(study.row.sha256)
        assert way.status == "running"
        await read_to_the_end(pilot)
        assert "Your code: DONE" in shown(pilot)


@pytest.mark.slow
async def test_a_debriefing_that_fits_the_screen_can_be_left_at_once(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path, TOLD | {"questions = 8 ": "questions = 0 "})
    async with taking_part(corpus, study, size=(120, 40)) as pilot:
        await go_through(pilot, lambda here: isinstance(here, DebriefingPage))
        await until(pilot, lambda: page(pilot, DebriefingPage).button.has_focus)
        assert "Ask us anything at the desk." in words(pilot)
        await press(pilot, "enter")


@pytest.mark.slow
async def test_whoever_does_not_wait_for_the_measurement_goes_on_without_it(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path, TOLD)
    engine = SlowEngine()
    async with taking_part(corpus, study, opens(engine)) as pilot:
        await go_through(pilot, lambda here: isinstance(here, MeasuringPage))
        await until(pilot, lambda: re.search(r" \d+ of 62 ", words(pilot)) is not None)
        await press(pilot, "enter")
        assert "What your partner would answer could not be measured." in words(pilot)
        await read_to_the_end(pilot)
    (way,) = corpus.studies.participations(study.row.sha256)
    conversation = corpus.studies.conversation_of(way.id)
    assert conversation is not None
    assert [row.complete for row in corpus.measurements(conversation)] == [False]


@pytest.mark.slow
async def test_a_server_elsewhere_is_not_probed_unless_the_researcher_has_agreed(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    elsewhere = replace(StudyEngine().info, name="https://models.example/v1#big", local=False)
    engine = StudyEngine(reply("Yes."), info=elsewhere)
    async with taking_part(corpus, made_study(tmp_path, TOLD), opens(engine)) as pilot:
        await go_through(pilot, lambda here: isinstance(here, DebriefingPage))
        assert "could not be measured" in words(pilot)
    assert engine.probed == 0


@pytest.mark.slow
async def test_waiting_for_the_measurement_ends_by_itself(corpus: Corpus, tmp_path: Path) -> None:
    engine = SlowEngine()
    async with taking_part(corpus, made_study(tmp_path, TOLD), opens(engine)) as pilot:
        await go_through(pilot, lambda here: isinstance(here, MeasuringPage))
        engine.go_on.set()
        await until(pilot, lambda: isinstance(pilot.app.screen, DebriefingPage))
        assert "could not be measured" not in words(pilot)
        assert app_of(pilot).session.measured == (62, 62)


@pytest.mark.slow
async def test_a_measurement_that_ends_does_not_answer_whether_the_person_leaves(
    corpus: Corpus, tmp_path: Path
) -> None:
    engine = SlowEngine()
    async with taking_part(corpus, made_study(tmp_path, TOLD), opens(engine)) as pilot:
        await go_through(pilot, lambda here: isinstance(here, MeasuringPage))
        waiting = pilot.app.screen
        assert isinstance(waiting, MeasuringPage)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(pilot.app.screen, LeaveScreen))
        engine.go_on.set()
        await until(pilot, lambda: not app_of(pilot).session.measuring)
        waiting._look()
        assert isinstance(pilot.app.screen, LeaveScreen)

        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, DebriefingPage))
        assert waiting not in pilot.app.screen_stack


def test_a_question_shows_every_side_with_its_share_and_how_many_people_were_asked() -> None:
    question = next(each for each in load_survey("civic").survey.questions if len(each.options) == 2)
    learnt = Learnt(question, np.array([0.9, 0.1]), 3202.0, np.array([0.75, 0.25]), (0.5, 0.5), (0.6, 0.4))
    lines = figures(learnt, "Democrats").plain.splitlines()
    assert lines[0] == f"{question.stem} (3,202 Democrats)"
    assert [line.split()[0] for line in lines[2:6]] == ["Democrats", "Your", "You,", "You,"]
    assert [line.split()[-1] for line in lines[2:6]] == ["90%", "75%", "50%", "60%"]
    assert [line.count("█") + line.count("━") for line in lines[2:6]] == [36, 30, 20, 24]


def test_a_side_that_is_not_known_is_left_out() -> None:
    question = next(each for each in load_survey("civic").survey.questions if len(each.options) == 2)
    lines = figures(Learnt(question, np.array([0.9, 0.1]), None, None, None, None), "Democrats").plain.splitlines()
    assert lines[0] == question.stem
    assert [line.split()[0] for line in lines if line.startswith("  ")] == ["Democrats", "Democrats"]
