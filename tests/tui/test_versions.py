"""Going round the versions of what was said, and what is measured then: nothing twice."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from textual.pilot import Pilot

from chat_personas.corpus import Corpus, PersonaChangeRow
from tests.examples import slow_but_first
from tests.tui.fakes import (
    SECONDS,
    ScreenEngine,
    chat,
    edit_last,
    monitor,
    reply,
    screen,
    session,
    shown,
    type_text,
    until,
    words,
)


async def test_a_message_that_was_changed_can_be_gone_back_to(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("To guns."), reply("To schools.")))) as pilot:
        await type_text(pilot, "What about guns?")
        await until(pilot, lambda: "To guns." in shown(pilot))
        await edit_last(pilot, "What about schools?")
        await until(pilot, lambda: "To schools." in shown(pilot) and not chat(pilot).replies.busy)

        await pilot.press("f8")
        await until(pilot, lambda: "To guns." in shown(pilot))
        assert "version 1 of 2 of your message" in shown(pilot)


@pytest.mark.slow
async def test_all_replies_to_all_versions_of_a_message_are_gone_round_and_none_is_measured_twice(
    corpus_file: Path,
) -> None:
    said = ("To guns.", "To schools.", "To books.")
    engine = ScreenEngine(*(reply(text) for text in said))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor)) as pilot:
        await measured_after(pilot, lambda: chat(pilot).session.conversation is not None)
        await type_text(pilot, "What about guns?")
        await measured_after(pilot, lambda: "To guns." in shown(pilot))
        await edit_last(pilot, "What about schools?")
        await measured_after(pilot, lambda: "To schools." in shown(pilot))
        await pilot.press("f5")
        await measured_after(pilot, lambda: "To books." in shown(pilot))
        assert "measured: 62 questions" in shown(pilot)
        assert measured(corpus_file) == 4, "before the first message, and after each of the three replies"

        for text, which in (
            ("To guns.", "version 1 of 2 of your message"),
            ("To schools.", "version 2 of 2 of your message, version 1 of 2 of this reply"),
            ("To books.", "version 2 of 2 of this reply"),
            ("To guns.", "version 1 of 2 of your message"),
        ):
            await pilot.press("f8")
            await measured_after(pilot, lambda text=text: text in shown(pilot))
            assert which in " ".join(shown(pilot).split())
            assert "62 questions (from an earlier measurement)" in shown(pilot)
            assert measured(corpus_file) == 4


@pytest.mark.slow
async def test_a_version_that_was_never_measured_is_measured_when_it_is_shown(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("To guns."), reply("To books."))
    async with screen(session(corpus_file, engine, make_monitor=monitor)) as pilot:
        await type_text(pilot, "What about guns?")
        await until(pilot, lambda: "To guns." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("f5")
        await until(pilot, lambda: "To books." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("f4")
        await measured_after(pilot, lambda: "measured: 62 questions" in shown(pilot))

        await pilot.press("f8")
        await measured_after(pilot, lambda: "To guns." in shown(pilot) and measured(corpus_file) == 2)
        assert "measured: 62 questions" in shown(pilot)


async def test_a_conversation_that_is_opened_again_is_shown_as_it_was_measured(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("To guns."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor)) as pilot:
        await measured_after(pilot, lambda: chat(pilot).session.conversation is not None)
        await type_text(pilot, "What about guns?")
        await measured_after(pilot, lambda: "To guns." in shown(pilot))
        conversation = chat(pilot).session.conversation
        assert conversation is not None
        probed, rounds, course = engine.probed, measured(corpus_file), course_lines(pilot)

    opened = session(corpus_file, engine, measure=True, make_monitor=monitor, resume=conversation.id)
    async with screen(opened) as pilot:
        await measured_after(pilot, lambda: "62 questions (from an earlier measurement)" in shown(pilot))
        assert course_lines(pilot) == course
    assert (engine.probed, measured(corpus_file)) == (probed, rounds)
    assert rounds == 2
    assert len(course) == 2


def course_lines(pilot: Pilot[None]) -> list[str]:
    return [line[line.index("turn") :] for line in shown(pilot).splitlines() if "● turn" in line]


async def measured_after(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Wait until it holds, nobody speaks, and the measuring is over, too."""
    await until(pilot, lambda: holds() and not chat(pilot).replies.busy)
    await until(pilot, lambda: not [one for one in chat(pilot).workers if one.group == "measure"])
    await until(pilot, lambda: not chat(pilot).panel._due)


def measured(corpus_file: Path) -> int:
    with closing(sqlite3.connect(corpus_file)) as database:
        return int(database.execute("select count(*) from measurements").fetchone()[0])


async def test_a_message_that_is_sent_while_another_version_is_being_opened_is_said_after_it(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = ScreenEngine(reply("To guns."), reply("To books."), reply("Well."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "What about guns?")
        await until(pilot, lambda: "To guns." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("f5")
        await until(pilot, lambda: "To books." in shown(pilot) and not chat(pilot).replies.busy)
        go, activate = threading.Event(), Corpus.activate

        def slow(corpus: Corpus, conversation_id: str, message_id: str) -> str:
            assert go.wait(SECONDS)
            return activate(corpus, conversation_id, message_id)

        monkeypatch.setattr(Corpus, "activate", slow)
        await pilot.press("f8")
        await type_text(pilot, "Why?")
        assert chat(pilot).replies.waiting, "the screen goes on responding, and the message waits"
        go.set()
        await until(pilot, lambda: "Well." in shown(pilot) and not chat(pilot).replies.busy)
        conversation = chat(pilot).session.conversation
        assert conversation is not None
        assert [row.text for row in conversation.path] == ["What about guns?", "To guns.", "Why?", "Well."]


@slow_but_first("key", ["again", "versions", "fork", "before"])
async def test_a_conversation_whose_persona_is_being_changed_says_so_and_stays_as_it_is(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    engine = ScreenEngine(reply("To guns."), reply("To books."), reply("Well."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "What about guns?")
        await until(pilot, lambda: "To guns." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("f5")
        await until(pilot, lambda: "To books." in shown(pilot) and not chat(pilot).replies.busy)
        go, change_persona = threading.Event(), Corpus.change_persona

        def slow(corpus: Corpus, change: PersonaChangeRow) -> None:
            assert go.wait(SECONDS)  # another program writes to the corpus
            change_persona(corpus, change)

        monkeypatch.setattr(Corpus, "change_persona", slow)
        await type_text(pilot, "/go-on republican")
        await until(pilot, lambda: chat(pilot).replies.changing)
        if key == "before":
            chat(pilot).transcript.action_choose_end(-1)
            await until(pilot, lambda: chat(pilot).transcript.chosen is not None)
            chat(pilot).transcript.action_ask(key)
        else:
            chat(pilot).do(key)
        await until(pilot, lambda: "try again in a moment" in words(pilot))
        go.set()
        await until(pilot, lambda: not chat(pilot).replies.changing)
        conversation = chat(pilot).session.conversation
        assert conversation is not None
        assert conversation.persona.name == "republican"
        assert [row.text for row in conversation.path] == ["What about guns?", "To books."]
        await type_text(pilot, "Why?")
        await until(pilot, lambda: "Well." in shown(pilot) and not chat(pilot).replies.busy)
