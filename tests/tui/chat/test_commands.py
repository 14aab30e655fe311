"""Commands written in place of a message: the screen does what they ask for, and completes their names."""

from dataclasses import replace
from pathlib import Path

import pytest

from chat_personas.conversation.commands import COMMANDS
from chat_personas.corpus import Corpus
from chat_personas.tui.chat.commands import Situation, all_handlers, command_of, why_nothing
from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.palette import commands_of
from eval.engine import Piece
from tests.examples import slow_but_first
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until, words


def test_every_command_of_the_screen_needs_exactly_one_handler() -> None:
    handlers = {name: print for name, command in COMMANDS.items() if command.on("screen")}

    assert all_handlers(handlers).keys() == handlers.keys()
    with pytest.raises(ValueError, match="two handlers for help"):
        all_handlers(handlers, {"help": print})
    with pytest.raises(ValueError, match="differ: rename"):
        all_handlers({name: handler for name, handler in handlers.items() if name != "rename"})
    with pytest.raises(ValueError, match="differ: paste"):
        all_handlers(handlers, {"paste": print})


def test_an_action_names_its_command() -> None:
    assert command_of("command('help')") == "help"
    assert command_of("command", ("help",)) == "help"
    assert command_of("leave_panel") is None


async def test_every_command_is_reached_by_the_palette_or_by_its_key_alone(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        offered = {command.help.rpartition(" · ")[2] for command in commands_of(pilot.app, pilot.app.screen)}
        expected = {command.written_on_screen for command in COMMANDS.values() if command.on("screen")}

        assert expected - offered == {"/stop"}  # there is nothing to stop
        assert chat(pilot).handlers.keys() == {name for name, command in COMMANDS.items() if command.on("screen")}
        bound = {binding.id for binding in (*ChatScreen.BINDINGS, *type(pilot.app).BINDINGS)}  # type: ignore[union-attr]
        assert {command.binding_id for command in COMMANDS.values() if command.on("screen")} <= bound


async def test_a_command_is_done_and_never_said(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Yes."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        await type_text(pilot, "/rename Guns and health")
        await until(pilot, lambda: "Guns and health" in shown(pilot).splitlines()[0])

        conversation = chat(pilot).session.conversation
        assert conversation is not None
        assert [message.text for message in conversation.path] == ["Well?", "Yes."]


async def test_the_open_conversation_is_deleted_after_asking_and_a_new_one_begins(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "/delete")
        await until(pilot, lambda: "There is nothing to delete yet." in words(pilot))
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        for answer, kept in (("n", 1), ("y", 0)):
            await type_text(pilot, "/delete")
            await until(pilot, lambda: "Delete “Well?” with all its messages and measurements?" in words(pilot))
            await pilot.press(answer)
            await until(pilot, lambda kept=kept: ("Yes." in shown(pilot)) == bool(kept))  # type: ignore[misc]
            await until(pilot, lambda: pilot.app.screen is chat(pilot))
            with Corpus.open(corpus_file, read_only=True) as corpus:
                assert [row.title for row in corpus.conversations() if row.messages] == ["Well?"] * kept


async def test_the_list_of_themes_is_opened_by_a_command(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await type_text(pilot, "/theme")
        await until(pilot, lambda: "persona-dusk" in shown(pilot))


async def test_a_command_that_does_not_exist_goes_back_to_the_person(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await type_text(pilot, "/renmae Guns")
        await until(pilot, lambda: 'did you mean "/rename"?' in words(pilot))

        assert chat(pilot).composer.text == "/renmae Guns"
        assert chat(pilot).session.conversation is not None
        assert not chat(pilot).session.conversation.path


@pytest.mark.slow
async def test_of_two_slashes_one_is_said_and_several_lines_are_a_message(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("A folder."), reply("Yes.")))) as pilot:
        await type_text(pilot, "//etc is what?")
        await until(pilot, lambda: "A folder." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press(*"/etc", "ctrl+j", *"again?", "enter")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)

        conversation = chat(pilot).session.conversation
        assert conversation is not None
        said = [message.text for message in conversation.path if message.role == "user"]
        assert said == ["/etc is what?", "/etc\nagain?"]


async def test_tab_completes_a_command_and_the_screen_lists_those_that_fit(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press(*"/steer-")
        await until(pilot, lambda: "/steer-up" in words(pilot) and "/steer-down" in words(pilot))
        await pilot.press(*["backspace"] * 4, "tab")
        assert chat(pilot).composer.text == "/st"  # /stop begins so, too
        await pilot.press("e", "tab")
        assert chat(pilot).composer.text == "/steer"
        assert chat(pilot).focused is chat(pilot).composer

        await pilot.press(*["backspace"] * 6, *"/ren", "tab")
        assert chat(pilot).composer.text == "/rename "
        await pilot.press(*["backspace"] * 8, *"hello")
        await until(pilot, lambda: not chat(pilot).completion.display)


@slow_but_first(
    ("asked", "answer"),
    [
        (("f5", "/again"), "There is no reply to regenerate yet."),
        (("f6", "/edit"), "There is no message to edit yet."),
        (("f7", "/copy", "/copy all"), "There is nothing to copy yet."),
        (("f8", "/versions"), "Nothing was said yet."),
        (("f9", "/thought"), "The model has not thought yet."),
        (("f10", "/whole"), "There is no message to show whole yet."),
        (("shift+tab", "/choose"), "Nothing was said yet."),
    ],
    quick=2,
)
async def test_a_key_or_command_about_a_message_says_so_where_nothing_was_said(
    corpus_file: Path, asked: tuple[str, ...], answer: str
) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        for each in asked:
            pilot.app.clear_notifications()
            await until(pilot, lambda: answer not in words(pilot))
            if each.startswith("/"):
                chat(pilot).write_on()
                await type_text(pilot, each)
            else:
                await pilot.press(each)
            await until(pilot, lambda: answer in words(pilot))


OPEN = Situation(can_stop=True)
"""A conversation is open in which everything can be done: a reply may be stopped."""
UNTIL_IT_OPENS = {
    "prompt",
    "prompt-text",
    "save-persona",
    "steer",
    "steer-up",
    "steer-down",
    "sampling",
    "room",
    "compare",
    "debate",
}


@pytest.mark.parametrize(
    ("now", "nothing"),
    [
        (OPEN, set()),
        (Situation(), {"stop"}),
        (Situation(corpus=False, conversation=False, can_stop=True), UNTIL_IT_OPENS | {"open"}),
        (Situation(conversation=False), UNTIL_IT_OPENS | {"stop"}),
        (replace(OPEN, replying=True), {"versions"}),
        (replace(OPEN, opening=True), {"again", "edit", "room", "compare", "debate"}),
        (replace(OPEN, editing=True), {"versions", "edit"}),
        (replace(OPEN, no_measure="This model cannot be measured."), {"measure"}),
        (replace(OPEN, wide=False, panel=False), {"hide-panel", "essence"}),
        (replace(OPEN, panel=False), {"essence"}),
    ],
)
def test_every_command_that_does_nothing_now_says_why_in_one_sentence(now: Situation, nothing: set[str]) -> None:
    said = {name: why_nothing(name, "", now) for name, command in COMMANDS.items() if command.on("screen")}
    assert {name for name, why in said.items() if why is not None} == nothing
    for why in filter(None, said.values()):
        assert why.endswith(".")
        assert "{" not in why
        assert why.count(". ") == 0


def test_the_sentences_name_the_keys_by_which_one_goes_on() -> None:
    assert why_nothing("essence", "", replace(OPEN, panel=False)) == "The panel is hidden; F2 shows it."
    assert why_nothing("edit", "", replace(OPEN, editing=True)) == (
        "A message is being edited: send it, or leave the edit (Esc)."
    )
    assert why_nothing("editor", "all", Situation(conversation=False)) == ("The model is not open yet.")


@pytest.mark.slow
async def test_one_version_an_edit_and_a_new_conversation_are_said_to_be_so(corpus_file: Path) -> None:
    keys = {"regenerate": "f9", "thoughts": "f5"}
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")), keys=keys)) as pilot:
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "Nothing was said here: this is a new" in words(pilot))
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("f8")
        await until(pilot, lambda: "There is one version only; F9 and F6 make another." in words(pilot))
        await pilot.press("f6")
        await until(pilot, lambda: chat(pilot).editing.under_way)
        await pilot.press("f8")
        await until(pilot, lambda: "A message is being edited: send it, or leave" in words(pilot))
        assert chat(pilot).composer.text == "Well?"


async def test_notices_stand_below_the_title_one_at_a_time_and_escape_puts_them_away(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (80, 24)) as pilot:
        pilot.app.notify("The first notice.")
        pilot.app.notify("The second notice.")
        await until(pilot, lambda: "The second notice." in shown(pilot).splitlines()[1])
        assert "The first notice." not in shown(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "notice." not in shown(pilot))


async def test_the_key_for_thoughts_stands_in_the_key_line_only_where_the_model_has_thought(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine([Piece("", thought="Hm."), *reply("Yes.")]))) as pilot:
        await until(pilot, lambda: "Help" in shown(pilot).splitlines()[-1])
        assert "Thoughts" not in shown(pilot).splitlines()[-1]
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Thoughts" in shown(pilot).splitlines()[-1])
