"""Commands written in place of a message: the screen does what they ask for, and completes their names."""

from pathlib import Path

import pytest

from chat_personas.conversation.commands import COMMANDS
from chat_personas.tui.chat.commands import all_handlers, command_of
from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.palette import commands_of
from eval.engine import Piece
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


async def test_a_command_that_does_not_exist_goes_back_to_the_person(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await type_text(pilot, "/renmae Guns")
        await until(pilot, lambda: 'did you mean "rename"?' in words(pilot))

        assert chat(pilot).composer.text == "/renmae Guns"
        assert chat(pilot).session.conversation is not None
        assert not chat(pilot).session.conversation.path


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


@pytest.mark.parametrize(
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


async def test_the_key_for_thoughts_stands_in_the_key_line_only_where_the_model_has_thought(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine([Piece("", thought="Hm."), *reply("Yes.")]))) as pilot:
        await until(pilot, lambda: "Help" in shown(pilot).splitlines()[-1])
        assert "Thoughts" not in shown(pilot).splitlines()[-1]
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Thoughts" in shown(pilot).splitlines()[-1])
