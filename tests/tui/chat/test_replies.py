"""What is typed is sent, what the model says appears as it is said, and nothing of either is lost."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.events import Paste
from textual.pilot import Pilot

from chat_personas.conversation.conversation import Conversation
from chat_personas.corpus import Corpus, CorpusError
from chat_personas.tui.chat.replies import ReplyController
from chat_personas.tui.screens.conversations import ConversationsScreen
from chat_personas.tui.widgets.entries import Entry
from chat_personas.tui.widgets.messages import FIRST_WORD
from eval.engine import EngineError, Piece, Sampling, TooLongError, Usage
from tests.conversation.test_gone_on_elsewhere import gone_on
from tests.corpus.making import INFO, branch_of
from tests.examples import slow_but_first
from tests.tui.fakes import (
    SECONDS,
    ScreenEngine,
    chat,
    edit_last,
    opening,
    reply,
    screen,
    session,
    shown,
    type_text,
    until,
    words,
)


def spoken(corpus_file: Path) -> list[tuple[str, str, str]]:
    """Return role, text and status of every message on the active branch of the newest conversation."""
    with Corpus.open(corpus_file, read_only=True) as corpus:
        newest = corpus.conversation(corpus.conversations()[0].id)
        assert newest.active_leaf_id is not None
        return [(row.role, row.text, row.status) for row in corpus.branch(newest.active_leaf_id)]


async def test_a_message_is_sent_by_enter_and_answered(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("I think ", "so."))
    async with screen(session(corpus_file, engine)) as pilot:
        await pilot.press(*"Well?", "enter")
        await until(pilot, lambda: "I think so." in shown(pilot))

        assert "Well?" in shown(pilot)
        assert chat(pilot).composer.text == ""
    assert spoken(corpus_file) == [("user", "Well?", "complete"), ("assistant", "I think so.", "complete")]


async def test_every_newline_key_starts_a_line_and_does_not_send(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press("a", "ctrl+j", "b", "shift+enter", "c")

        assert chat(pilot).composer.text == "a\nb\nc"


async def test_the_whole_text_is_cleared_by_a_key_and_comes_back_by_another(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press(*"one", "ctrl+j", *"two")
        await pilot.press("alt+u")
        assert chat(pilot).composer.text == ""
        await pilot.press("ctrl+z")
        assert chat(pilot).composer.text == "one\ntwo"


@slow_but_first("end", ["\n", "\r", "\r\n"])
async def test_lines_that_are_pasted_are_one_message(corpus_file: Path, end: str) -> None:
    engine = ScreenEngine(reply("Yes."))
    async with screen(session(corpus_file, engine)) as pilot:
        pilot.app.post_message(Paste(end.join(["one", "", "three"])))
        await until(pilot, lambda: "three" in chat(pilot).composer.text)
        assert not engine.asked
        await pilot.press("enter")
        await until(pilot, lambda: "Yes." in shown(pilot))
    assert spoken(corpus_file)[0][1] == "one\n\nthree"


async def test_a_reply_appears_while_it_is_said(corpus_file: Path) -> None:
    rest = asyncio.Event()
    engine = ScreenEngine(["The first half", rest, *reply(" and the second.")])
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "The first half" in shown(pilot))
        assert "second" not in shown(pilot)

        rest.set()
        await until(pilot, lambda: "The first half and the second." in shown(pilot))


async def test_before_the_first_word_the_screen_says_that_it_thinks(corpus_file: Path) -> None:
    word = asyncio.Event()
    async with screen(session(corpus_file, ScreenEngine([word, *reply("Yes.")]))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: FIRST_WORD in shown(pilot))

        word.set()
        await until(pilot, lambda: "Yes." in shown(pilot))
        assert FIRST_WORD not in shown(pilot)


async def test_escape_stops_the_reply_and_keeps_what_was_said(corpus_file: Path) -> None:
    engine = ScreenEngine(["Half a ", "sentence", asyncio.Event()])
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "sentence" in shown(pilot))

        await pilot.press("escape")
        await until(pilot, lambda: not chat(pilot).replies.busy)

        assert "Half a sentence" in shown(pilot)
        assert "stopped" in shown(pilot)
    assert spoken(corpus_file)[1] == ("assistant", "Half a sentence", "stopped")


async def test_a_message_sent_during_a_reply_waits_visibly_and_is_sent_after_it(corpus_file: Path) -> None:
    rest = asyncio.Event()
    engine = ScreenEngine([rest, *reply("One.")], reply("Two."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "First?")
        await until(pilot, lambda: chat(pilot).replies.busy)
        await type_text(pilot, "Second?")
        await until(pilot, lambda: "waiting for the model" in shown(pilot))

        rest.set()
        await until(pilot, lambda: "Two." in shown(pilot))

        assert "waiting" not in shown(pilot)
    assert [text for _, text, _ in spoken(corpus_file)] == ["First?", "One.", "Second?", "Two."]


async def test_a_message_sent_before_the_model_is_ready_waits_and_is_sent_when_it_is(corpus_file: Path) -> None:
    ready = asyncio.Event()
    engine = ScreenEngine(reply("Here I am."))
    app = session(corpus_file, engine, open_engine=opening(ready, engine))
    async with screen(app, ready=False) as pilot:
        await type_text(pilot, "Anyone?")
        await until(pilot, lambda: "waiting for the model" in shown(pilot))

        ready.set()
        await until(pilot, lambda: "Here I am." in shown(pilot))


async def test_a_model_that_fails_is_a_line_in_the_transcript_and_what_was_said_stays(corpus_file: Path) -> None:
    engine = ScreenEngine(["Half", EngineError("the server went away; start it again")], reply("Whole."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "the server went away; start it again" in shown(pilot))
        assert "Half" in shown(pilot)

        await type_text(pilot, "And now?")
        await until(pilot, lambda: "Whole." in shown(pilot))
    assert spoken(corpus_file)[1] == ("assistant", "Half", "error")


async def test_the_last_reply_can_be_had_anew_and_the_one_before_can_be_gone_back_to(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("First."), reply("Other.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "First." in shown(pilot))

        await pilot.press("f5")
        await until(pilot, lambda: "Other." in shown(pilot) and not chat(pilot).replies.busy)
        assert "First." not in shown(pilot)

        await pilot.press("f8")
        await until(pilot, lambda: "First." in shown(pilot))
        assert "version 1 of 2" in shown(pilot)
    assert spoken(corpus_file)[1] == ("assistant", "First.", "complete")


async def test_the_last_message_can_be_changed(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("To guns."), reply("To schools.")))) as pilot:
        await type_text(pilot, "What about guns?")
        await until(pilot, lambda: "To guns." in shown(pilot))

        await edit_last(pilot, "What about schools?")
        await until(pilot, lambda: "To schools." in shown(pilot))

        assert "guns" not in shown(pilot).replace(chat(pilot).session.conversation.title, "")  # type: ignore[union-attr]
    assert [text for _, text, _ in spoken(corpus_file)] == ["What about schools?", "To schools."]


def keys(pilot: Pilot[None]) -> str:
    """What the last line says."""
    return shown(pilot).splitlines()[-1]


@pytest.mark.slow
async def test_the_line_of_keys_says_what_escape_does_now(corpus_file: Path) -> None:
    opened, rest = asyncio.Event(), asyncio.Event()
    open_engine = opening(opened, ScreenEngine([rest, *reply("Yes.")]))
    async with screen(session(corpus_file, ScreenEngine(), open_engine=open_engine), ready=False) as pilot:
        await until(pilot, lambda: "Send" in keys(pilot))
        assert "esc" not in keys(pilot)
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "esc Unsend" in keys(pilot))
        opened.set()
        await until(pilot, lambda: "esc Stop" in keys(pilot))
        rest.set()
        await until(pilot, lambda: "Yes." in shown(pilot) and "esc" not in keys(pilot))
        await pilot.press("f6")
        await until(pilot, lambda: "esc Cancel edit" in keys(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "esc" not in keys(pilot))


@pytest.mark.slow
async def test_how_much_of_the_context_is_taken_stays_after_a_reply_that_was_stopped(corpus_file: Path) -> None:
    told = Piece("", finish_reason="stop", usage=Usage(80, 0, 8, 1.0))
    engine = ScreenEngine(["Yes.", told], ["And", asyncio.Event()])
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "context 88/2048" in shown(pilot))
        await type_text(pilot, "And then?")
        await until(pilot, lambda: "And" in shown(pilot) and chat(pilot).replies.busy)
        await pilot.press("escape")
        await until(pilot, lambda: not chat(pilot).replies.busy)
        await until(pilot, lambda: "context 88+/2048" in shown(pilot))


@pytest.mark.slow
async def test_what_the_model_thought_is_not_counted_as_taken_of_the_context(corpus_file: Path) -> None:
    told = Piece("", finish_reason="stop", usage=Usage(80, 0, 400, 1.0))
    engine = ScreenEngine([Piece("", thought="Hm. "), "Yes.", told])
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "context 80+/2048" in shown(pilot))


@pytest.mark.slow
async def test_escape_leaves_a_message_as_it_was(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot))

        await pilot.press("f6", "escape")

        assert chat(pilot).composer.text == ""
        assert "Yes." in shown(pilot)


async def test_the_last_reply_can_be_copied(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Take **this**.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Take this." in shown(pilot))

        await pilot.press("f7")

        assert pilot.app.clipboard == "Take **this**."


async def test_leaving_during_a_reply_keeps_it_as_stopped(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(["Half a sentence", asyncio.Event()]))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Half a sentence" in shown(pilot))
        await pilot.press("ctrl+q")
    assert spoken(corpus_file)[1] == ("assistant", "Half a sentence", "stopped")


async def test_ctrl_c_says_that_it_quits_when_pressed_again_and_then_keeps_the_reply(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(["Half a sentence", asyncio.Event()]))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Half a sentence" in shown(pilot))
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "Press Ctrl+C again to quit. All is stored." in shown(pilot))
        assert chat(pilot).replies.busy
        await pilot.press("ctrl+c")
        await until(pilot, lambda: pilot.app._exit)
    assert spoken(corpus_file)[1] == ("assistant", "Half a sentence", "stopped")


async def test_ctrl_c_much_later_asks_again(corpus_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat_personas.tui.app.SECONDS_TO_PRESS_AGAIN", 0.0)
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press("ctrl+c", "ctrl+c")
        assert not pilot.app._exit


async def test_ctrl_c_copies_what_is_selected(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        chat(pilot).composer.insert("About guns")
        chat(pilot).composer.select_all()
        await pilot.press("ctrl+c", "ctrl+c")
        assert pilot.app.clipboard == "About guns"
        assert "again to quit" not in shown(pilot)
        assert not pilot.app._exit


@pytest.mark.slow
async def test_a_key_can_be_set_anew_by_its_name(corpus_file: Path) -> None:
    engine = ScreenEngine(["Half", asyncio.Event()])
    async with screen(session(corpus_file, engine, keys={"stop": "ctrl+x", "send": "ctrl+y"})) as pilot:
        chat(pilot).composer.insert("Well?")
        await pilot.press("ctrl+y")
        await until(pilot, lambda: "Half" in shown(pilot))

        await pilot.press("ctrl+x")
        await until(pilot, lambda: not chat(pilot).replies.busy)
    assert spoken(corpus_file)[1] == ("assistant", "Half", "stopped")


async def test_leaving_with_a_message_that_was_never_sent_keeps_it_as_a_draft(corpus_file: Path) -> None:
    open_engine = opening(asyncio.Event())
    async with screen(session(corpus_file, ScreenEngine(), open_engine=open_engine), ready=False) as pilot:
        await type_text(pilot, "Anyone?")
        await until(pilot, lambda: "waiting for the model" in shown(pilot))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: pilot.app._exit)
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await until(pilot, lambda: chat(pilot).composer.text == "Anyone?")


@pytest.mark.slow
async def test_a_message_sent_while_a_reply_is_had_anew_is_sent_after_it(corpus_file: Path) -> None:
    rest = asyncio.Event()
    engine = ScreenEngine(reply("One."), [rest, *reply("Other one.")], reply("Two."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "First?")
        await until(pilot, lambda: "One." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("f5")
        await until(pilot, lambda: chat(pilot).replies.busy)
        await type_text(pilot, "Second?")

        rest.set()
        await until(pilot, lambda: "Two." in shown(pilot))
    assert [text for _, text, _ in spoken(corpus_file)] == ["First?", "Other one.", "Second?", "Two."]


def texts(corpus_file: Path) -> list[str]:
    """What the person said on the active branch, in order."""
    return [text for role, text, _ in spoken(corpus_file) if role == "user"]


@pytest.mark.slow
async def test_a_message_typed_while_a_waiting_one_is_taken_up_is_sent_after_it(corpus_file: Path) -> None:
    rest, slow = asyncio.Event(), asyncio.Event()
    engine = ScreenEngine([rest, *reply("One.")], reply("Two."), reply("Three."))
    async with screen(session(corpus_file, engine)) as pilot:
        transcript = chat(pilot).transcript
        at_once, taken_up = transcript.remove_entries, asyncio.Event()

        async def remove_slowly(gone: Callable[[Entry], bool]) -> None:
            taken_up.set()
            await slow.wait()
            await at_once(gone)

        await type_text(pilot, "First?")
        await until(pilot, lambda: FIRST_WORD in shown(pilot))
        await type_text(pilot, "Second?")
        await until(pilot, lambda: chat(pilot).replies.waiting)
        transcript.remove_entries = remove_slowly  # type: ignore[method-assign]
        rest.set()
        await until(pilot, taken_up.is_set)
        await type_text(pilot, "Third?")
        await until(pilot, lambda: chat(pilot).composer.text == "")

        slow.set()
        await until(pilot, lambda: "Three." in shown(pilot))
        drawn = shown(pilot)
        assert drawn.index("First?") < drawn.index("Two.") < drawn.index("Third?") < drawn.index("Three.")
    assert texts(corpus_file) == ["First?", "Second?", "Third?"]


async def test_hasty_messages_and_stops_keep_their_order_and_leave_no_reply_thinking(corpus_file: Path) -> None:
    said = [f"message {number}" for number in range(8)]
    engine = ScreenEngine(*([asyncio.Event()] for _ in said))
    async with screen(session(corpus_file, engine)) as pilot:
        for text in said:
            await type_text(pilot, text)
            await pilot.press("escape")
        async with asyncio.timeout(SECONDS):
            while chat(pilot).replies.busy or chat(pilot).replies.waiting:
                await pilot.press("escape")

        await until(pilot, lambda: FIRST_WORD not in shown(pilot))
        returned = chat(pilot).composer.text.splitlines()
        transcript = chat(pilot).transcript
        assert len(transcript.children) == len(transcript.entries)
    assert texts(corpus_file) + returned == said


async def test_a_message_is_stopped_also_before_its_reply_has_begun(corpus_file: Path) -> None:
    slow = asyncio.Event()
    async with screen(session(corpus_file, ScreenEngine([asyncio.Event()]))) as pilot:
        transcript = chat(pilot).transcript
        at_once = transcript.add

        async def add_slowly(entry: Entry) -> None:
            await slow.wait()
            await at_once(entry)

        transcript.add = add_slowly  # type: ignore[method-assign]
        await type_text(pilot, "Well?")
        await until(pilot, lambda: chat(pilot).replies.busy)
        await pilot.press("escape")
        slow.set()
        await until(pilot, lambda: not chat(pilot).replies.busy)
    assert spoken(corpus_file)[1] == ("assistant", "", "stopped")


@pytest.mark.slow
async def test_what_is_said_while_another_conversation_is_entered_goes_to_that_one(corpus_file: Path) -> None:
    slow, reading = asyncio.Event(), asyncio.Event()
    engine = ScreenEngine([asyncio.Event()], reply("Here."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Before?")
        await until(pilot, lambda: FIRST_WORD in shown(pilot))
        open_session = chat(pilot).session
        begin = open_session.begin

        async def begin_slowly() -> Conversation:
            reading.set()
            await slow.wait()
            return await begin()

        open_session.begin = begin_slowly  # type: ignore[method-assign]
        await pilot.press("ctrl+n")
        await until(pilot, reading.is_set)
        await type_text(pilot, "After?")  # the key waits
        slow.set()
        await until(pilot, lambda: "Here." in shown(pilot))

        assert "Before?" not in shown(pilot)
        assert FIRST_WORD not in shown(pilot)
    assert texts(corpus_file) == ["After?"]


async def test_a_message_that_is_too_long_comes_back_to_be_shortened_and_stands_nowhere(corpus_file: Path) -> None:
    too_long = TooLongError("the last message has 9000 tokens; shorten it")
    engine = ScreenEngine(reply("Yes."), [too_long])
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot))
        await type_text(pilot, "And then?")
        await until(pilot, lambda: "not sent: the last message has 9000 tokens; shorten it" in shown(pilot))

        assert chat(pilot).composer.text == "And then?"
        assert "✗ failed" not in shown(pilot)
        assert [entry.text for entry in chat(pilot).transcript.entries if entry.kind == "user"] == ["Well?"]
    assert spoken(corpus_file) == [("user", "Well?", "complete"), ("assistant", "Yes.", "complete")]


def too_long_edit(corpus_file: Path) -> AbstractAsyncContextManager[Pilot[None]]:
    """A screen whose model takes a message, then one that is too long, then another."""
    too_long = TooLongError("the last message has 9000 tokens; shorten it")
    return screen(session(corpus_file, ScreenEngine(reply("To guns."), [too_long], reply("To schools."))))


@pytest.mark.slow
async def test_an_edited_message_that_is_too_long_comes_back_as_an_edit_and_sent_again_replaces_the_message(
    corpus_file: Path,
) -> None:
    async with too_long_edit(corpus_file) as pilot:
        composer = chat(pilot).composer
        await type_text(pilot, "What about guns?")
        await until(pilot, lambda: "To guns." in shown(pilot) and not chat(pilot).replies.busy)
        await edit_last(pilot, "What about schools, at length?")
        await until(pilot, lambda: "not sent: " in shown(pilot) and composer.has_class("-editing"))

        assert composer.text == "What about schools, at length?"
        assert "not sent: the last message has 9000 tokens; shorten it" in shown(pilot)
        assert "Esc cancels" in shown(pilot)
        assert [entry.text for entry in chat(pilot).transcript.entries if entry.kind in ("user", "reply")] == [
            "What about guns?",
            "To guns.",
        ]
        assert spoken(corpus_file) == [("user", "What about guns?", "complete"), ("assistant", "To guns.", "complete")]

        await until(pilot, lambda: not chat(pilot).replies.busy)
        composer.text = "What about schools?"
        await pilot.press("enter")
        await until(pilot, lambda: "To schools." in shown(pilot))
        assert not composer.has_class("-editing")
    assert [text for _, text, _ in spoken(corpus_file)] == ["What about schools?", "To schools."]


@pytest.mark.slow
async def test_what_was_typed_beside_an_edited_message_that_is_too_long_is_there_again_after_the_edit(
    corpus_file: Path,
) -> None:
    async with too_long_edit(corpus_file) as pilot:
        composer = chat(pilot).composer
        await type_text(pilot, "What about guns?")
        await until(pilot, lambda: "To guns." in shown(pilot) and not chat(pilot).replies.busy)
        composer.insert("Begun before.")
        await edit_last(pilot, "What about schools, at length?")
        await until(pilot, lambda: "not sent: " in shown(pilot) and composer.has_class("-editing"))
        assert composer.text == "What about schools, at length?"

        await until(pilot, lambda: "esc Cancel edit" in keys(pilot))
        await pilot.press("escape")
        assert composer.text == "Begun before."
        assert not composer.has_class("-editing")
        await until(pilot, lambda: "esc" not in keys(pilot))
    assert [text for _, text, _ in spoken(corpus_file)] == ["What about guns?", "To guns."]


@pytest.mark.slow
async def test_an_edited_message_that_cannot_be_kept_leaves_the_conversation_on_the_screen_and_stays_an_edit(
    corpus_file: Path,
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("To guns.")))) as pilot:
        await type_text(pilot, "What about guns?")
        await until(pilot, lambda: "To guns." in shown(pilot) and not chat(pilot).replies.busy)

        def fail(*_: object, **__: object) -> None:
            raise CorpusError("the disk is full")

        chat(pilot).session.corpus.begin_turn = fail  # type: ignore[union-attr, method-assign, assignment]
        await edit_last(pilot, "What about schools?")
        await until(pilot, lambda: "the disk is full" in shown(pilot))
        assert "To guns." in shown(pilot)
        assert chat(pilot).composer.text == "What about schools?"
        assert chat(pilot).composer.has_class("-editing")


@pytest.mark.slow
async def test_while_a_message_is_edited_the_conversation_stays_on_its_version(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("One."), reply("Two."), reply("Three.")))) as pilot:
        await type_text(pilot, "First?")
        await until(pilot, lambda: "One." in shown(pilot) and not chat(pilot).replies.busy)
        await edit_last(pilot, "Second?")
        await until(pilot, lambda: "Two." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("f6")
        await until(pilot, lambda: chat(pilot).composer.text == "Second?")
        await pilot.press("f8", "?", "enter")
        await until(pilot, lambda: "Three." in shown(pilot))
    assert [text for _, text, _ in spoken(corpus_file)] == ["Second??", "Three."]


async def test_where_another_program_has_gone_on_the_message_comes_back_and_the_conversation_can_be_opened_again(
    corpus_file: Path,
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("One."), reply("Three.")))) as pilot:
        await type_text(pilot, "First?")
        await until(pilot, lambda: "One." in shown(pilot) and not chat(pilot).replies.busy)
        with Corpus.open(corpus_file) as corpus:
            key = corpus.conversations()[0].id
            gone_on(corpus, key, "Second?")
        await type_text(pilot, "Third?")
        await until(pilot, lambda: "another program has gone on with this conversation" in words(pilot))
        assert chat(pilot).composer.text == "Third?"
        assert [text for _, text, _ in spoken(corpus_file)] == ["First?", "One.", "Second?", "Indeed."]

        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationsScreen) and "Second?" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is chat(pilot) and "Indeed." in shown(pilot))
        assert chat(pilot).composer.text == "Third?"
        await pilot.press("enter")
        await until(pilot, lambda: "Three." in shown(pilot))
    assert [text for _, text, _ in spoken(corpus_file)][2:] == ["Second?", "Indeed.", "Third?", "Three."]


async def test_messages_that_wait_come_back_too_where_another_program_has_gone_on(corpus_file: Path) -> None:
    more = asyncio.Event()
    async with screen(session(corpus_file, ScreenEngine(["One", more, *reply(".")], reply("Two.")))) as pilot:
        await type_text(pilot, "First?")
        await until(pilot, lambda: "One" in shown(pilot))
        for text in ("Second?", "Third?"):
            await type_text(pilot, text)
        await until(pilot, lambda: len(chat(pilot).replies.not_stored_yet) == 2)
        with Corpus.open(corpus_file) as corpus:
            key = corpus.conversations()[0].id
            first = branch_of(corpus, key)[0]
            corpus.end_reply(corpus.begin_reply(key, first.id, INFO, Sampling()).id, "Indeed.", "complete")
        more.set()
        await until(pilot, lambda: "another program has gone on with this conversation" in words(pilot))
        await until(pilot, lambda: not chat(pilot).replies.not_stored_yet)
        assert chat(pilot).composer.text.split() == ["Second?", "Third?"]
    assert [text for _, text, _ in spoken(corpus_file)] == ["First?", "Indeed."]


async def test_another_reply_that_fails_before_its_first_word_leaves_the_one_before_and_says_so(
    corpus_file: Path,
) -> None:
    engine = ScreenEngine(["Forty words", EngineError("it died")], [EngineError("cannot reach it")], reply("Well."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "it died" in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("f5")
        await until(pilot, lambda: "cannot reach it; the reply before stays" in words(pilot))
        assert "Forty words" in shown(pilot)
        assert "version" not in shown(pilot)
        await type_text(pilot, "And?")
        await until(pilot, lambda: "Well." in shown(pilot))
    assert [text for _, text, _ in spoken(corpus_file)] == ["Guns?", "Forty words", "And?", "Well."]


def test_what_is_said_and_edited_is_known_as_not_stored_before_anything_is_done_with_it() -> None:
    replies = without_conversation([])
    saying, editing = replies.say("Guns?"), replies.edit("message-1", "Schools?")

    assert [(entry.text, entry.replaces) for entry in replies.not_stored_yet] == [
        ("Guns?", None),
        ("Schools?", "message-1"),
    ]
    assert not replies.waiting
    for each in (saying, editing):
        each.close()


async def test_an_edit_that_cannot_be_sent_is_returned_once_with_the_message_that_it_replaces() -> None:
    returned: list[tuple[str, str | None]] = []
    replies = without_conversation(returned)
    await replies.edit("message-1", "Schools?")

    assert returned == [("Schools?", "message-1")]
    assert replies.not_stored_yet == ()


def without_conversation(returned: list[tuple[str, str | None]]) -> ReplyController:
    """A controller before a conversation is open; what it returns to the person is added to `returned`."""
    view = SimpleNamespace(give_back=lambda text, replaces: returned.append((text, replaces)))
    return ReplyController(SimpleNamespace(conversation=None), SimpleNamespace(), view)  # type: ignore[arg-type]
