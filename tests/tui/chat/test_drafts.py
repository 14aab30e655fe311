"""Words that a person typed and did not send come back, each where they were typed, however the program ended."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from textual.events import Key

from chat_personas.conversation.conversation import Conversation, ReplyEvent, ReplyText
from chat_personas.corpus import Corpus
from chat_personas.storage.drafts import Draft
from chat_personas.tui.chat import drafts as on_screen
from chat_personas.tui.session import Session
from eval.engine import Engine, EngineError
from tests.corpus.making import branch_of, conversation_row, talk
from tests.tui.chat.test_long_conversation import PERSONA
from tests.tui.fakes import (
    SECONDS,
    ScreenEngine,
    chat,
    opening,
    reply,
    screen,
    session,
    shown,
    type_text,
    until,
    words,
)

BACK = "What you typed here and did not send is back."


def of(corpus_file: Path, conversation: str) -> Draft | None:
    """What the disk has of a conversation."""
    with Corpus.open(corpus_file, read_only=True) as corpus:
        return corpus.drafts.of(conversation, ())


async def test_what_is_typed_is_back_after_leaving_and_gone_once_it_is_sent(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press(*"Guns")
        await pilot.press("ctrl+j", *"or health")
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await until(pilot, lambda: BACK in words(pilot))
        assert chat(pilot).composer.text == "Guns\nor health"
        await pilot.press("enter")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        assert chat(pilot).session.conversation is not None
        key = chat(pilot).session.conversation.id
        await pilot.press(*"And")
    assert of(corpus_file, key) == Draft("And")
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        assert chat(pilot).composer.text == "", "a new conversation does not have the draft of another one"
        assert BACK not in words(pilot)
    async with screen(session(corpus_file, ScreenEngine(), resume=key)) as pilot:
        await until(pilot, lambda: chat(pilot).composer.text == "And")
        chat(pilot).composer.clear()
    assert of(corpus_file, key) is None


@pytest.mark.slow
async def test_what_is_typed_while_the_corpus_is_still_being_opened_is_kept(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving, open_corpus, keep = threading.Event(), Session._open_corpus, on_screen.DraftController.keep_at_end

    def slowly(opened: Session) -> Corpus:
        leaving.wait()
        return open_corpus(opened)

    async def at_end(drafts: on_screen.DraftController) -> str:
        leaving.set()
        return await keep(drafts)

    monkeypatch.setattr(Session, "_open_corpus", slowly)
    monkeypatch.setattr(on_screen.DraftController, "keep_at_end", at_end)
    async with screen(session(corpus_file, ScreenEngine()), ready=False) as pilot:
        await pilot.press(*"Guns")
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await until(pilot, lambda: chat(pilot).composer.text == "Guns")


async def test_each_conversation_has_its_own_draft_and_says_where_it_stays(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        assert chat(pilot).session.conversation is not None
        first = chat(pilot).session.conversation.id
        await pilot.press(*"in the first", "ctrl+n")
        await until(pilot, lambda: "stays in the conversation before" in words(pilot))
        assert chat(pilot).composer.text == ""

        await pilot.press(*"in the new one")
        chat(pilot).enter(first)
        await until(pilot, lambda: chat(pilot).composer.text == "in the first")
        chat(pilot).enter(None)
        await until(pilot, lambda: chat(pilot).composer.text == "in the new one")


async def test_what_two_programs_left_in_one_conversation_is_all_back(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        assert chat(pilot).session.conversation is not None
        key = chat(pilot).session.conversation.id
        with Corpus.open(corpus_file) as other:
            other.drafts.keep(key, Draft("from there"))
            await pilot.press(*"from here", "ctrl+n")
            await until(pilot, lambda: "stays in the conversation before" in words(pilot))
            assert other.take_over_draft(key) == Draft("from here\n\nfrom there")
        chat(pilot).enter(key)
        await until(pilot, lambda: chat(pilot).composer.text == "from here\n\nfrom there")


@pytest.mark.slow
async def test_an_edit_and_what_stood_beside_it_are_back_as_they_were(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("To guns.")))) as pilot:
        await type_text(pilot, "What about guns?")
        await until(pilot, lambda: "To guns." in shown(pilot) and not chat(pilot).replies.busy)
        assert chat(pilot).session.conversation is not None
        key = chat(pilot).session.conversation.id
        await pilot.press(*"Beside", "f6")
        await until(pilot, lambda: chat(pilot).editing.under_way)
        await pilot.press("backspace", *" now?")
    async with screen(session(corpus_file, ScreenEngine(), resume=key)) as pilot:
        await until(pilot, lambda: chat(pilot).editing.under_way)
        assert chat(pilot).composer.text == "What about guns now?"
        assert "Edit your last message" in words(pilot)
        await pilot.press("escape")
        assert chat(pilot).composer.text == "Beside"


async def test_an_edit_that_was_sent_and_is_not_stored_is_back_as_that_edit(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> AsyncGenerator[ReplyEvent, None]:
        await asyncio.Event().wait()
        yield ReplyText("")

    async with screen(session(corpus_file, ScreenEngine(reply("To guns."), reply("Yes.")))) as pilot:
        for text, answer in (("What about guns?", "To guns."), ("And?", "Yes.")):
            await type_text(pilot, text)
            await until(pilot, lambda answer=answer: answer in shown(pilot) and not chat(pilot).replies.busy)  # type: ignore[misc]
        assert chat(pilot).session.conversation is not None
        key, first = chat(pilot).session.conversation.id, chat(pilot).session.conversation.path[0].id
        monkeypatch.setattr(chat(pilot).session.conversation, "edit", never)
        chat(pilot).handlers["edit"]("#1 And schools?")
        await until(pilot, lambda: chat(pilot).editing.under_way)
        await pilot.press("enter", *"after it")
        assert chat(pilot).replies.busy
    assert of(corpus_file, key) == Draft("And schools?", "after it", first)
    monkeypatch.undo()
    async with screen(session(corpus_file, ScreenEngine(), resume=key)) as pilot:
        await until(pilot, lambda: chat(pilot).editing.under_way)
        assert chat(pilot).composer.text == "And schools?"
        assert "Edit your message 1 of 2" in words(pilot)
        await pilot.press("escape")
        assert chat(pilot).composer.text == "after it"


async def test_an_edit_that_is_sent_while_the_conversation_is_left_stays_there_as_an_edit(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("To guns.")))) as pilot:
        await type_text(pilot, "What about guns?")
        await until(pilot, lambda: "To guns." in shown(pilot) and not chat(pilot).replies.busy)
        assert chat(pilot).session.conversation is not None
        key, message = chat(pilot).session.conversation.id, chat(pilot).session.conversation.path[0].id
        await pilot.press("f6")
        await until(pilot, lambda: chat(pilot).editing.under_way)
        leaving, stop, go_on = asyncio.Event(), chat(pilot).replies.stop, asyncio.Event()

        async def stop_slowly() -> None:
            leaving.set()
            await go_on.wait()
            await stop()

        monkeypatch.setattr(chat(pilot).replies, "stop", stop_slowly)
        await pilot.press("ctrl+n")
        await leaving.wait()
        chat(pilot).composer.insert("?")  # keys would wait for the new conversation
        chat(pilot).composer.action_send()
        go_on.set()
        await until(pilot, lambda: "stays in the conversation before" in words(pilot))
        assert chat(pilot).composer.text == ""
    assert of(corpus_file, key) == Draft("What about guns??", replaces=message)


async def test_what_is_typed_while_the_draft_is_being_written_stays_with_its_conversation(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_screen, "SECONDS_BETWEEN_DRAFTS", 1000.0)
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        corpus, conversation = chat(pilot).session.corpus, chat(pilot).session.conversation
        assert corpus is not None
        assert conversation is not None
        key, writing, go_on, keep = conversation.id, threading.Event(), threading.Event(), corpus.drafts.keep

        def slowly(conversation: str | None, draft: Draft) -> None:
            writing.set()
            go_on.wait()
            keep(conversation, draft)

        monkeypatch.setattr(corpus.drafts, "keep", slowly)
        await pilot.press(*"one", "ctrl+n")
        await until(pilot, writing.is_set)
        chat(pilot).composer.insert(" two")  # as an editor does that ends now
        go_on.set()
        await until(pilot, lambda: "stays in the conversation before" in words(pilot))
        assert chat(pilot).composer.text == ""
    assert of(corpus_file, key) == Draft("one two")


async def test_what_is_typed_after_the_key_for_a_new_conversation_stands_there(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        assert chat(pilot).session.conversation is not None
        key, stop, go_on = chat(pilot).session.conversation.id, chat(pilot).replies.stop, asyncio.Event()

        async def stop_slowly() -> None:
            await go_on.wait()
            await stop()

        monkeypatch.setattr(chat(pilot).replies, "stop", stop_slowly)
        for each in (*"one", "ctrl+n", *"two"):
            pilot.app.post_message(Key(each, each if len(each) == 1 else None))
        await until(pilot, lambda: chat(pilot).composer.text == "one")
        await pilot.pause()
        go_on.set()
        await until(pilot, lambda: chat(pilot).composer.text == "two")
    assert of(corpus_file, key) == Draft("one")


async def test_messages_that_wait_for_a_model_are_kept_before_what_is_typed_after_them(corpus_file: Path) -> None:
    open_engine = opening(asyncio.Event())
    async with screen(session(corpus_file, ScreenEngine(), open_engine=open_engine), ready=False) as pilot:
        await type_text(pilot, "Anyone?")
        await until(pilot, lambda: "waiting for the model" in shown(pilot))
        await pilot.press(*"Hello", "ctrl+q")
        await until(pilot, lambda: pilot.app._exit)
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await until(pilot, lambda: chat(pilot).composer.text == "Anyone?\n\nHello")


async def test_a_killed_program_has_kept_what_was_typed_up_to_the_last_second(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_screen, "SECONDS_BETWEEN_DRAFTS", 0.01)
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press(*"Half a sen")
        folder = corpus_file.with_name(f"{corpus_file.name}-drafts")
        await until(pilot, lambda: any("Half a sen" in file.read_text() for file in folder.glob("new-*")))
        await until(pilot, lambda: "not kept" not in words(pilot))


async def test_deleting_a_conversation_erases_its_draft(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        assert chat(pilot).session.conversation is not None
        key = chat(pilot).session.conversation.id
        await pilot.press(*"secret", "ctrl+n")
        await until(pilot, lambda: "stays in the conversation before" in words(pilot))
    assert of(corpus_file, key) == Draft("secret")
    with Corpus.open(corpus_file) as corpus:
        corpus.delete(key)
    assert of(corpus_file, key) is None


@pytest.mark.slow
async def test_where_the_disk_refuses_a_draft_it_is_said_once_and_the_text_stays(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        corpus = chat(pilot).session.corpus
        assert corpus is not None

        def refuse(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(corpus.drafts, "keep", refuse)
        await pilot.press(*"mine", "ctrl+n")
        await until(pilot, lambda: "What you type is not kept before you send it: No space" in words(pilot))
        await until(pilot, lambda: "Well?" not in shown(pilot))
        assert chat(pilot).composer.text == "mine"


async def started_upon(corpus_file: Path, draft: str) -> None:
    """Leave a text that was typed and not sent for the next start."""
    with Corpus.open(corpus_file) as corpus:
        corpus.drafts.keep(None, Draft(draft))


async def test_what_is_typed_while_the_draft_is_read_is_a_paragraph_after_it_and_a_command_among_it_is_done(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await started_upon(corpus_file, "Two draft words")
    reading, take_over = threading.Event(), Corpus.take_over_draft

    def slowly(corpus: Corpus, key: str | None) -> Draft | None:
        reading.wait(SECONDS)
        return take_over(corpus, key)

    monkeypatch.setattr(Corpus, "take_over_draft", slowly)
    async with screen(session(corpus_file, ScreenEngine()), ready=False) as pilot:
        await pilot.press(*"/mea")
        reading.set()
        await until(pilot, lambda: chat(pilot).composer.text == "Two draft words\n\n/mea")
        asked: list[str] = []
        monkeypatch.setitem(chat(pilot).handlers, "measure", asked.append)
        await pilot.press(*"sure", "enter")
        await until(pilot, lambda: asked == [""])
        assert chat(pilot).composer.text == "Two draft words"
        assert not chat(pilot).replies.busy, "nothing was said"


async def test_a_command_typed_right_after_a_draft_that_came_back_is_done_and_the_draft_stays(
    corpus_file: Path,
) -> None:
    await started_upon(corpus_file, "Two draft words")
    engine = ScreenEngine(reply("Yes."))
    async with screen(session(corpus_file, engine)) as pilot:
        await until(pilot, lambda: BACK in words(pilot))
        await pilot.press(*"/nosuch", "enter")
        await until(pilot, lambda: "/nosuch" in words(pilot))
        assert chat(pilot).composer.text == "Two draft words\n\n/nosuch", "to be mended"
        await pilot.press(*["backspace"] * 6, *"measure", "enter")
        await until(pilot, lambda: chat(pilot).composer.text == "Two draft words")
        await pilot.press(*" and/or more", "enter")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        assert chat(pilot).session.conversation is not None
        assert chat(pilot).session.conversation.path[0].text == "Two draft words and/or more"


@pytest.mark.slow
async def test_where_the_draft_of_another_conversation_cannot_be_read_the_one_that_was_left_stays(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        assert chat(pilot).session.conversation is not None
        first = chat(pilot).session.conversation.id
        corpus = chat(pilot).session.corpus
        assert corpus is not None

        def refuse(_: str | None) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(corpus, "take_over_draft", refuse)
        await pilot.press(*"mine", "ctrl+n")
        await until(pilot, lambda: "Input/output error" in words(pilot))
        await pilot.press(*"other")
        assert not await chat(pilot).drafts.keep(), "what is kept there already would be replaced"
        assert of(corpus_file, first) == Draft("mine")


async def test_what_cannot_be_read_now_is_back_beside_what_is_typed_once_it_can(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        assert chat(pilot).session.conversation is not None
        first, corpus = chat(pilot).session.conversation.id, chat(pilot).session.corpus
        assert corpus is not None
        await pilot.press("ctrl+n", *"first words")
        chat(pilot).enter(first)
        await until(pilot, lambda: "Yes." in shown(pilot) and chat(pilot).composer.text == "")

        def refuse(_: str | None) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(corpus, "take_over_draft", refuse)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "Input/output error" in words(pilot) and not chat(pilot).drafts.between)
        await pilot.press(*"second")
        assert not await chat(pilot).drafts.keep()
        assert corpus.drafts.of(None, ()) == Draft("first words")
        monkeypatch.undo()
        assert await chat(pilot).drafts.keep()
        assert chat(pilot).composer.text == "first words\n\nsecond"
        assert corpus.drafts.of(None, ()) == Draft("first words\n\nsecond")


async def test_what_is_typed_while_a_conversation_is_being_opened_is_kept_with_that_one(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Corpus.open(corpus_file) as corpus:
        rows = [conversation_row().model_copy(update={"persona": PERSONA}) for _ in range(2)]
        one, other = (talk(corpus, ("Well?", "Yes."), row=row) for row in rows)
    leaving, resume, close = threading.Event(), Conversation.resume, Session.close

    def slowly(corpus: Corpus, engine: Engine, conversation_id: str) -> Conversation:
        leaving.wait(SECONDS)
        return resume(corpus, engine, conversation_id)

    async def closing(opened: Session) -> None:
        leaving.set()
        await close(opened)

    async with screen(session(corpus_file, ScreenEngine(), resume=one)) as pilot:
        await until(pilot, lambda: not chat(pilot).drafts.between)
        monkeypatch.setattr(Conversation, "resume", slowly)
        monkeypatch.setattr(Session, "close", closing)
        chat(pilot).enter(other)
        await until(pilot, lambda: chat(pilot).drafts.between)
        chat(pilot).composer.insert("for the other")
    assert of(corpus_file, other) == Draft("for the other")
    assert of(corpus_file, one) is None


async def test_an_edit_is_back_as_an_edit_also_where_the_model_opens_at_the_second_try_only(corpus_file: Path) -> None:
    with Corpus.open(corpus_file) as corpus:
        key = talk(corpus, ("Well?", "Yes."), row=conversation_row().model_copy(update={"persona": PERSONA}))
        edited = branch_of(corpus, key)[0].id
        corpus.drafts.keep(key, Draft("Well now?", "Beside", edited))
    engine = opening(EngineError("it does not answer"), ScreenEngine(reply("Still.")))
    async with screen(session(corpus_file, ScreenEngine(), resume=key, open_engine=engine)) as pilot:
        await until(pilot, lambda: chat(pilot).composer.text == "Beside")
        await pilot.press(*"s")
        assert await chat(pilot).drafts.keep()
        assert of(corpus_file, key) == Draft("Well now?", "Besides", edited)
        await pilot.press("f5")
        await until(pilot, lambda: chat(pilot).editing.under_way)
        assert chat(pilot).composer.text == "Well now?"
        assert await chat(pilot).drafts.keep()
    assert of(corpus_file, key) == Draft("Well now?", "Besides", edited)


@pytest.mark.slow
async def test_a_text_from_a_conversation_that_another_program_deleted_is_kept_with_the_new_one(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_screen, "SECONDS_BETWEEN_DRAFTS", 0.01)
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        assert chat(pilot).session.conversation is not None
        with Corpus.open(corpus_file) as corpus:
            corpus.delete(chat(pilot).session.conversation.id)
        await pilot.press(*"Still")
        # Not on the screen: where the lines of it break depends on how long the path of the corpus is.
        await until(pilot, lambda: "start a new one" in " ".join(each.message for each in pilot.app._notifications))
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "Yes." not in shown(pilot))
        assert chat(pilot).composer.text == "Still"
        folder = corpus_file.with_name(f"{corpus_file.name}-drafts")
        await until(pilot, lambda: any("Still" in file.read_text() for file in folder.glob("new-*")))
