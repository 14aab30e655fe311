"""The talk of a study: as many messages as the study allows, nothing that tells the answers, nothing lost."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from textual.events import Paste

from chat_personas.corpus import Corpus
from chat_personas.studies.participation import Participation
from chat_personas.studies.steps import Talk
from chat_personas.tui.study.pages import ConsentPage, DebriefingPage
from chat_personas.tui.study.talk import TalkPage
from eval.engine import EngineError, TooLongError
from tests.examples import slow_but_first
from tests.studies.making import made_study
from tests.tui.fakes import reply, shown, until, words
from tests.tui.study.people import (
    ONLY_THE_TALK,
    StudyEngine,
    agree,
    app_of,
    go_through,
    opens,
    page,
    press,
    say,
    taking_part,
    talk_and_go_on,
    talkative,
)
from tests.tui.test_start import in_terminal, read_until

SHORT_TALK = ONLY_THE_TALK | {"least_turns = 3": "least_turns = 2", "most_turns = 12": "most_turns = 3"}


async def test_going_on_waits_for_enough_messages_and_for_a_clear_yes(corpus: Corpus, tmp_path: Path) -> None:
    async with taking_part(corpus, made_study(tmp_path, SHORT_TALK)) as pilot:
        await agree(pilot)
        talk = page(pilot, TalkPage)
        await say(pilot, "Guns?")
        assert "You have written 1 of at least 2, at most 3 messages." in words(pilot)
        assert "Go on" not in shown(pilot).splitlines()[-1]
        assert talk.button.disabled
        await say(pilot, "Why?")
        assert "f2 Go on" in shown(pilot).splitlines()[-1]
        await pilot.press("f2")
        await until(pilot, lambda: "You cannot come back to it" in words(pilot))
        await pilot.press("n")
        await until(pilot, lambda: pilot.app.screen is talk)
        assert talk.composer.has_focus
        await talk_and_go_on(pilot)
        assert not isinstance(pilot.app.screen, TalkPage)


@pytest.mark.slow
async def test_after_the_last_message_only_going_on_is_left(corpus: Corpus, tmp_path: Path) -> None:
    async with taking_part(corpus, made_study(tmp_path, SHORT_TALK)) as pilot:
        await agree(pilot)
        for _ in range(3):
            await say(pilot, "Why?")
        talk = page(pilot, TalkPage)
        assert talk.composer.disabled
        assert talk.button.has_focus
        assert "You have written as many messages as this conversation has." in words(pilot)


async def test_what_is_typed_during_a_reply_waits_and_escape_stops_the_reply(corpus: Corpus, tmp_path: Path) -> None:
    engine = StudyEngine(["Half a sentence", asyncio.Event()], reply("Yes."))
    async with taking_part(corpus, made_study(tmp_path, SHORT_TALK), opens(engine)) as pilot:
        await agree(pilot)
        talk = page(pilot, TalkPage)
        await until(pilot, lambda: talk.composer.may_send)
        await pilot.press(*"Guns", "enter")
        await until(pilot, lambda: "Half a sentence" in shown(pilot))
        await pilot.press(*"Why", "enter")
        assert talk.composer.text == "Why"
        assert "esc Stop the reply" in shown(pilot).splitlines()[-1]
        await pilot.press("escape")
        await until(pilot, lambda: talk.composer.may_send)
        await pilot.press("enter")
        await until(pilot, lambda: "Yes." in shown(pilot))
        conversation = app_of(pilot).session.conversation
        assert conversation is not None
        assert [(row.text, row.status) for row in conversation.path] == [
            ("Guns", "complete"),
            ("Half a sentence", "stopped"),
            ("Why", "complete"),
            ("Yes.", "complete"),
        ]


async def test_a_participant_sees_no_score_no_other_conversation_and_no_model(corpus: Corpus, tmp_path: Path) -> None:
    async with taking_part(corpus, made_study(tmp_path, SHORT_TALK)) as pilot:
        await agree(pilot)
        await say(pilot, "Guns?")
        talk = page(pilot, TalkPage)
        for key in ("f4", "ctrl+o", "ctrl+g", "ctrl+n", "f5", "f6", "f8", "ctrl+s", "f3", "ctrl+p"):
            await pilot.press(key)
            assert pilot.app.screen is talk, key
        assert "alignment" not in words(pilot).lower()
        assert "fake" not in words(pilot)


async def test_a_message_that_is_too_long_comes_back_with_a_sentence_that_names_no_tokens(
    corpus: Corpus, tmp_path: Path
) -> None:
    engine = StudyEngine([TooLongError("the last message has 9000 tokens; shorten it")])
    async with taking_part(corpus, made_study(tmp_path, SHORT_TALK), opens(engine)) as pilot:
        await agree(pilot)
        talk = page(pilot, TalkPage)
        await until(pilot, lambda: talk.composer.may_send)
        await pilot.press(*"Guns", "enter")
        await until(pilot, lambda: "This message is too long for your partner, and was not sent." in words(pilot))
        assert "tokens" not in words(pilot)
        assert talk.composer.text == "Guns"


@pytest.mark.parametrize(("blind", "named"), [(False, True), (True, False)])
async def test_in_a_blind_study_nothing_says_for_whom_the_partner_speaks(
    corpus: Corpus, tmp_path: Path, blind: bool, named: bool
) -> None:
    changes = SHORT_TALK | ({"# blind = true ": "blind = true "} if blind else {})
    async with taking_part(corpus, made_study(tmp_path, changes)) as pilot:
        await agree(pilot)
        await say(pilot, "Guns?")
        seen = words(pilot)
        assert ("A Democrat" in seen or "A Republican" in seen) == named
        assert ("Your partner" in seen) == blind


@slow_but_first(("key", "stored"), [("1", True), ("2", False)])
async def test_how_messages_are_typed_is_stored_with_consent_only(
    corpus: Corpus, tmp_path: Path, key: str, stored: bool
) -> None:
    study = made_study(tmp_path, SHORT_TALK | {"traces = false ": "traces = true "})
    async with taking_part(corpus, study) as pilot:
        await pilot.press("tab", "1")
        await until(pilot, lambda: page(pilot, ConsentPage).focused is page(pilot, ConsentPage)._traces)
        await pilot.press(key)
        await press(pilot, "f2")
        await press(pilot, "enter")
        talk = page(pilot, TalkPage)
        await until(pilot, lambda: talk.composer.may_send)
        pilot.app.post_message(Paste("I quote: fewer guns"))
        await until(pilot, lambda: bool(talk.composer.text))
        await say(pilot, "?")
        await until(pilot, lambda: not any(worker.group == "typing" for worker in pilot.app.workers))
        conversation = app_of(pilot).session.conversation
        assert conversation is not None
        rows = corpus.studies.compositions(conversation.id)
    assert [(row.keys, row.pasted, row.pasted_share) for row in rows] == ([(2, (19,), 19 / 20)] if stored else [])
    assert all(row.first_key_seconds is not None and row.first_key_seconds >= 0 for row in rows)


async def test_a_model_that_cannot_be_opened_is_told_in_one_sentence_and_can_be_tried_again(
    corpus: Corpus, tmp_path: Path
) -> None:
    missing = EngineError("there is no such model; see: chat-personas models list")
    outcomes: list[object] = [missing, missing, talkative()]

    async def open_engine() -> object:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async with taking_part(corpus, made_study(tmp_path, SHORT_TALK), open_engine) as pilot:  # type: ignore[arg-type]
        await until(pilot, lambda: "✗ Your partner cannot be reached." in words(pilot))
        await agree(pilot)
        await until(pilot, lambda: "there is no such model" in words(pilot))
        assert "all that you did is stored" in words(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: page(pilot, TalkPage).composer.may_send)
        await say(pilot, "Guns?")
        assert "Reply 1." in shown(pilot)


async def test_a_reply_that_failed_can_be_had_again(corpus: Corpus, tmp_path: Path) -> None:
    engine = StudyEngine(["Half", EngineError("the model broke")], reply("Whole."))
    async with taking_part(corpus, made_study(tmp_path, SHORT_TALK), opens(engine)) as pilot:
        await agree(pilot)
        await say(pilot, "Guns?")
        assert "the model broke" in words(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "Whole." in shown(pilot))
        assert app_of(pilot).session.sitting.turns == 1  # type: ignore[union-attr]


@pytest.mark.slow
async def test_the_debriefing_shows_what_was_measured_after_the_talk(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(
        tmp_path, ONLY_THE_TALK | {"questions = 8 ": "questions = 5 ", "least_turns = 3": "least_turns = 1"}
    )
    engine = talkative()
    async with taking_part(corpus, study, opens(engine)) as pilot:
        await go_through(pilot, lambda here: isinstance(here, DebriefingPage))
        assert "was a computer program" in words(pilot)
        assert engine.probed == 2 * len(study.survey.survey.questions)
        seen = ""
        while not page(pilot, DebriefingPage).reading.end_seen:
            seen += words(pilot)
            await pilot.press("pagedown")
        assert seen.count("Your partner ━") > 0
    (way,) = corpus.studies.participations(study.row.sha256)
    conversation = corpus.studies.conversation_of(way.id)
    assert conversation is not None
    assert [row.complete for row in corpus.measurements(conversation)] == [True]


@slow_but_first(
    ("number", "code"),
    [(signal.SIGKILL, -9), (signal.SIGTERM, 143), pytest.param(signal.SIGHUP, 129, marks=pytest.mark.slow)],
)
def test_a_program_that_is_ended_in_the_talk_loses_nothing(corpus_file: Path, number: int, code: int) -> None:
    program = [sys.executable, str(Path(__file__).with_name("real_terminal.py")), str(corpus_file)]
    pid, terminal = in_terminal(program)
    read_until(terminal, b"Continue")
    os.write(terminal, b"\r")
    read_until(terminal, b"Write something to begin")
    os.write(terminal, b"Well?\r")
    read_until(terminal, b"Half a sentence")
    os.kill(pid, number)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == code
    with Corpus.open(corpus_file) as corpus:
        study = made_study(corpus_file.parent, SHORT_TALK)
        way = Participation.resume(corpus, study)
        step = way.next_step()
        assert isinstance(step, Talk)
        assert step.conversation_id is not None
        corpus.mark_interrupted()
        leaf = corpus.conversation(step.conversation_id).active_leaf_id
        assert leaf is not None
        said, replied = corpus.branch(leaf)
        assert (said.text, said.status) == ("Well?", "complete")
        assert replied.status == ("interrupted" if number == signal.SIGKILL else "stopped")
        assert corpus.problems() == ()
