"""Lines that were typed on the screens with several personas and not sent come back, however the program ended."""

import asyncio
import tempfile
from contextlib import ExitStack
from errno import ENOSPC
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from chat_personas.conversation.debate import Debate
from chat_personas.corpus import Corpus
from chat_personas.corpus.corpus import DEBATE, ROOM
from chat_personas.storage.drafts import Draft, Drafts
from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.room.choosing import ChoosingScreen, DebateChoosingScreen
from chat_personas.tui.room.compare import ColumnsScreen, CompareScreen
from chat_personas.tui.room.debate import DebateScreen
from eval.engine import TooLongError
from personas import load_persona
from tests.corpus.full_disk import read_only
from tests.examples import slow_but_first
from tests.tui.fakes import ScreenEngine, asked, chat, reply, screen, session, type_text, until, words

BACK = "What you typed here and did not send is back."


def of(corpus_file: Path, place: str) -> Draft | None:
    """What the disk has of a place, also while the program runs."""
    with Corpus.open(corpus_file, read_only=True) as corpus:
        return corpus.drafts.of(place, ())


async def compared(pilot: Pilot[None], text: str = "") -> CompareScreen:
    """Compare with a Republican, on `text`."""
    await type_text(pilot, f"/compare {text}")
    await until(pilot, lambda: isinstance(pilot.app.screen, ColumnsScreen))
    choices = pilot.app.screen.query_one("#choices", OptionList)
    await until(pilot, lambda: choices.option_count > 0)
    await pilot.press(*"(republican)", "enter", "enter")
    return await on_comparison(pilot)


async def on_comparison(pilot: Pilot[None]) -> CompareScreen:
    await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
    found = pilot.app.screen
    assert isinstance(found, CompareScreen)
    return found


async def test_a_line_to_all_columns_is_on_the_disk_while_it_is_typed_and_back_with_its_comparison(
    corpus_file: Path,
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Less."), reply("More.")))) as pilot:
        shown = await compared(pilot, "Guns?")
        await until(pilot, lambda: "More." in words(pilot) and len(shown.columns[1].conversation.path) == 2)
        key, conversation = shown.comparison.id, shown.columns[1].conversation.id
        await pilot.press(*"And why")
        await until(pilot, lambda: of(corpus_file, key) == Draft("And why"))
    engine = ScreenEngine(reply("So."), reply("Thus."))
    async with screen(session(corpus_file, engine, resume=conversation)) as pilot:
        assert chat(pilot).composer.text == "", "the line of the comparison is not a message to one of its columns"
        await pilot.press("alt+c")
        again = await on_comparison(pilot)
        assert again.query_one(Input).value == "And why"
        assert BACK in words(pilot)
        await pilot.press(*"?", "enter")
        await until(pilot, lambda: "Thus." in words(pilot))
        await until(pilot, lambda: of(corpus_file, key) is None)
    assert [asked[-1].content for asked in engine.asked] == ["And why?"] * 2


async def test_quitting_asks_where_a_comparison_was_deleted_with_what_is_typed_there(
    corpus_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    app = session(corpus_file, ScreenEngine(reply("Less."), reply("More.")))
    async with screen(app) as pilot:
        shown = await compared(pilot, "Guns?")
        await until(pilot, lambda: "More." in words(pilot) and len(shown.columns[1].conversation.path) == 2)
        await pilot.press(*"And why")
        await until(pilot, lambda: of(corpus_file, shown.comparison.id) == Draft("And why"))
        with Corpus.open(corpus_file) as other:
            for column in shown.columns:
                other.delete(column.conversation.id)
        assert of(corpus_file, shown.comparison.id) is None
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "What you typed and did not send is not kept: the conversation" in asked(pilot))
        await pilot.press("y")
        await until(pilot, lambda: not pilot.app.is_running)
    (copy,) = tmp_path.glob("chat-personas-not-sent-*")
    assert copy.read_text() == "And why\n"


async def test_a_line_of_a_comparison_in_which_nothing_was_said_is_in_the_next_one(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await compared(pilot)
        await pilot.press(*"Well", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
    async with screen(session(corpus_file, ScreenEngine(reply("1"), reply("2")))) as pilot:
        shown = await compared(pilot)
        assert shown.query_one(Input).value == "Well"
        await pilot.press("enter")
        await until(pilot, lambda: all(len(each.conversation.path) == 2 for each in shown.columns))
    assert of(corpus_file, "comparison") is None


async def test_a_line_of_a_comparison_that_could_not_be_kept_is_asked_about_and_back_there(
    corpus_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    app = session(corpus_file, ScreenEngine())
    with ExitStack() as full:
        async with screen(app) as pilot:
            await until(pilot, lambda: app.conversation is not None)
            await compared(pilot)

            def refuse(*_: object) -> None:
                raise OSError(ENOSPC, "No space left on device")

            full.enter_context(pytest.MonkeyPatch.context()).setattr(Drafts, "_write", refuse)
            await pilot.press(*"Well", "escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
            assert (await compared(pilot)).query_one(Input).value == "Well", "the words are in memory"
            for typed in ((), ("?",)):
                await pilot.press(*typed, "ctrl+q")
                await until(pilot, lambda: "did not send is not kept: No space left on device" in words(pilot))
                await pilot.press("y" if typed else "n")
            await until(pilot, lambda: not pilot.app.is_running)
    (copy,) = tmp_path.glob("chat-personas-not-sent-*.txt")
    assert copy.read_text() == "Well?\n"


async def test_a_line_that_fits_into_no_column_comes_back_into_the_input(corpus_file: Path) -> None:
    engine = ScreenEngine([TooLongError("it does not fit")], [TooLongError("it does not fit")], reply("1"), reply("2"))
    async with screen(session(corpus_file, engine)) as pilot:
        shown = await compared(pilot)
        await pilot.press(*"Too long", "enter")
        await until(pilot, lambda: "it does not fit" in words(pilot) and shown.query_one(Input).value == "Too long")
        assert [each.conversation.path for each in shown.columns] == [(), ()]
        assert words(pilot).count("Too long") == 1
        shown.query_one(Input).value = "Short"
        await pilot.press("enter")
        await until(pilot, lambda: all(len(each.conversation.path) == 2 for each in shown.columns))
    with Corpus.open(corpus_file) as corpus:
        assert {corpus.conversation(key).title for key in corpus.conversation_ids()} == {"Short"}


@pytest.mark.parametrize("before", [(), ("Go on",)])
async def test_a_line_that_could_not_be_stored_comes_back_also_where_the_same_was_said_before(
    corpus_file: Path, before: tuple[str, ...]
) -> None:
    app = session(corpus_file, ScreenEngine(reply("1"), reply("2")))
    async with screen(app) as pilot:
        shown = await compared(pilot)
        for text in before:
            await pilot.press(*text, "enter")
            await until(pilot, lambda: all(len(each.conversation.path) == 2 for each in shown.columns))
        assert app.corpus is not None
        await until(pilot, lambda: not shown._busy)
        with read_only(app.corpus):
            await pilot.press(*"Go on", "enter")
            await until(pilot, lambda: not shown._busy and shown.query_one(Input).value == "Go on")
        assert len(shown.columns[0].conversation.path) == 2 * len(before)


async def test_a_text_after_the_command_is_said_in_a_comparison_that_there_is_already(corpus_file: Path) -> None:
    engine = ScreenEngine(*(reply(str(number)) for number in range(4)))
    async with screen(session(corpus_file, engine)) as pilot:
        shown = await compared(pilot, "Guns?")
        await until(pilot, lambda: all(len(each.conversation.path) == 2 for each in shown.columns))
        await pilot.press("ctrl+right", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen) and not chat(pilot).composer.disabled)
        await type_text(pilot, "/compare And health?")
        again = await on_comparison(pilot)
        await until(pilot, lambda: all(len(each.conversation.path) == 4 for each in again.columns))
    assert [asked[-1].content for asked in engine.asked] == ["Guns?"] * 2 + ["And health?"] * 2


async def test_a_text_after_the_command_is_in_the_composer_again_where_nothing_is_compared(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await type_text(pilot, "/compare A long question?")
        await until(pilot, lambda: isinstance(pilot.app.screen, ColumnsScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
        await until(pilot, lambda: chat(pilot).composer.text == "A long question?")


async def test_a_question_that_was_kept_is_not_lost_to_one_that_is_given_with_the_command(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        for command, typed in (("/room", "What of taxes?"), ("/room Second?", "")):
            await type_text(pilot, command)
            await until(pilot, lambda: isinstance(pilot.app.screen, ChoosingScreen))
            await pilot.press(*typed, "escape", "escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
        await until(pilot, lambda: of(corpus_file, ROOM) == Draft("What of taxes? Second?"))


async def test_what_the_moderator_typed_and_what_waits_for_the_end_of_a_turn_are_back(corpus_file: Path) -> None:
    with Corpus.open(corpus_file) as corpus:
        personas = (load_persona("democrat"), load_persona("republican"))
        debate = Debate.start(corpus, (ScreenEngine(), ScreenEngine()), personas, "Guns?", 1)
        first = debate.sides[0].id
    never = asyncio.Event()
    async with screen(session(corpus_file, ScreenEngine(["Le", never]), resume=first)) as pilot:
        await type_text(pilot, "/debate")
        await until(pilot, lambda: isinstance(pilot.app.screen, DebateScreen) and "Le" in words(pilot))
        await pilot.press(*"Be brief.", "enter", *"And ki")
        await until(pilot, lambda: of(corpus_file, debate.id) == Draft("Be brief. And ki"))
    async with screen(session(corpus_file, ScreenEngine(["Mo", never]), resume=first)) as pilot:
        await type_text(pilot, "/debate")
        await until(pilot, lambda: isinstance(pilot.app.screen, DebateScreen))
        assert pilot.app.screen.query_one("#moderate", Input).value == "Be brief. And ki"
        assert BACK in words(pilot)
    with Corpus.open(corpus_file) as corpus:
        corpus.delete(first)
    assert of(corpus_file, debate.id) is None, "what belongs to a deleted debate is erased with it"


async def test_a_topic_and_a_question_of_ones_own_are_kept_until_all_is_chosen(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press("f12")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoosingScreen))
        await pilot.press(*"Is it warm", "enter", *"Yes|No")
        await until(pilot, lambda: of(corpus_file, "roomoptions") == Draft("Yes|No"))
        await pilot.press("escape", "escape")
        await type_text(pilot, "/debate")
        await until(pilot, lambda: isinstance(pilot.app.screen, DebateChoosingScreen))
        await pilot.press(*"Is war just")
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press("f12")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoosingScreen))
        assert pilot.app.screen.query_one(Input).value == "Is it warm"
        await pilot.press("enter")
        assert pilot.app.screen.query_one(Input).value == "Yes|No"
        await pilot.press("escape", "escape")
        await type_text(pilot, "/debate")
        await until(pilot, lambda: isinstance(pilot.app.screen, DebateChoosingScreen))
        assert pilot.app.screen.query_one(Input).value == "Is war just"


@slow_but_first(("command", "kept"), [("/room", ROOM), ("/debate", DEBATE)])
async def test_what_is_typed_at_once_replaces_what_is_back_until_it_is_undone(
    corpus_file: Path, corpus: Corpus, command: str, kept: str
) -> None:
    corpus.drafts.keep(kept, Draft("repub"))
    corpus.drafts.release(kept)
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await type_text(pilot, command)
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoosingScreen | DebateChoosingScreen))
        field = pilot.app.screen.query_one(Input)
        assert field.value == "repub"
        assert "Undo" not in words(pilot), "nothing has been changed"
        await pilot.press(*"guns")
        assert field.value == "guns"
        await until(pilot, lambda: "^z Undo" in words(pilot))
        await pilot.press("ctrl+z", *"licans")
        assert field.value == "republicans"

    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await type_text(pilot, command)
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoosingScreen | DebateChoosingScreen))
        await pilot.press("right", *"?")
        assert pilot.app.screen.query_one(Input).value == "republicans?", "whoever goes to its end writes on"


async def test_a_disk_that_refuses_is_said_once(corpus_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await compared(pilot)
        monkeypatch.setattr(Drafts, "keep", refuse)
        await pilot.press(*"Well")
        await until(pilot, lambda: "What you type is not kept before you send it: No space" in words(pilot))
        monkeypatch.undo()


async def test_words_that_could_not_be_read_are_kept_beside_what_is_typed_and_never_replaced(
    corpus_file: Path, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    corpus.drafts.keep(ROOM, Draft("Is it warm?"))
    corpus.drafts.release(ROOM)
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        with monkeypatch.context() as patched:
            patched.setattr(Drafts, "take_over", refuse)
            await type_text(pilot, "/room")
            await until(pilot, lambda: isinstance(pilot.app.screen, ChoosingScreen))
            await pilot.press(*"Is it")
            await until(pilot, lambda: "What you type is not kept before you send it" in words(pilot))
            assert of(corpus_file, ROOM) == Draft("Is it warm?")
        await pilot.press(*" cold?")
        await until(pilot, lambda: of(corpus_file, ROOM) == Draft("Is it warm?\n\nIs it cold?"))
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await type_text(pilot, "/room")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoosingScreen))
        assert pilot.app.screen.query_one(Input).value == "Is it warm? Is it cold?"
