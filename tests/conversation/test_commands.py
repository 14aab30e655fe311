"""Slash commands: what a line asks for, and that the page for people has every command as the table has it."""

import re
from pathlib import Path

import pytest

from chat_personas.conversation.commands import COMMANDS, CommandError, Face, asked, by_subject, completions, message_of

PAGE = Path(__file__).parents[2] / "docs" / "accessibility.md"


@pytest.mark.parametrize("line", ["Hello", "", "and/or", "//quit", "What is 1/2?"])
def test_a_line_that_does_not_begin_with_one_slash_is_a_message(line: str) -> None:
    assert asked(line) is None


@pytest.mark.parametrize(
    ("line", "name", "argument"),
    [
        ("/quit", "quit", ""),
        ("  /QUIT  ", "quit", ""),
        ("/persona democrat", "persona", "democrat"),
        ("/search  guns and  health ", "search", "guns and  health"),
        ("/edit", "edit", ""),
        ("/edit /etc is a folder", "edit", "/etc is a folder"),
    ],
)
def test_a_command_is_read_with_what_follows_it(line: str, name: str, argument: str) -> None:
    found = asked(line)
    assert found is not None
    assert (found.command.name, found.argument) == (name, argument)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/persnoa x", 'did you mean "/persona"? A line that begins with two slashes is a message'),
        ("/xyzzy", "/help lists all"),
        ("/etc/passwd is a file", "a line that begins with two slashes is a message"),
        ("/go-on", "write /go-on NAME"),
        ("/quit now", "nothing follows /quit"),
    ],
)
def test_a_command_that_is_wrong_says_what_to_write(line: str, says: str) -> None:
    with pytest.raises(CommandError) as error:
        asked(line)
    assert says in str(error.value)


def test_of_two_slashes_one_is_left_in_the_message() -> None:
    assert message_of("//etc is a folder\n") == "/etc is a folder"
    assert message_of(" Hello ") == "Hello"


def test_what_may_be_left_out_stands_in_brackets_and_is_read_aloud_without_them() -> None:
    edit, go_on, quit_ = COMMANDS["edit"], COMMANDS["go-on"], COMMANDS["quit"]
    assert [each.written for each in (edit, go_on, quit_)] == ["/edit [TEXT]", "/go-on NAME or GROUPS", "/quit"]
    assert [each.said for each in (edit, go_on, quit_)] == ["/edit, or /edit TEXT", "/go-on NAME or GROUPS", "/quit"]


@pytest.mark.parametrize("face", ["screen", "sentences"])
def test_the_subjects_hold_every_command_of_a_face_once(face: Face) -> None:
    listed = [command.name for _, commands in by_subject(face) for command in commands]
    assert listed == [name for name, command in COMMANDS.items() if command.on(face)]


def test_every_command_is_there_on_some_face_and_fits_the_lists_of_the_screen() -> None:
    for command in COMMANDS.values():
        assert command.on("screen") or command.on("sentences"), command
        assert len(command.in_short) <= 36, command
        assert command.in_short or not (command.keys or command.label or command.id), command


@pytest.mark.parametrize(
    ("line", "face", "says"),
    [
        ("/theme", "sentences", "/theme is for the screen: nothing has colours here, and /settings theme NAME chooses"),
        ("/Theme nord", "sentences", "/theme is for the screen: "),
        ("/hide-panel", "sentences", "/hide-panel is for the screen: "),
        ("/paste", "screen", "/paste is for the mode for screen readers: here a text of several lines is pasted"),
        ("/list", "screen", "/list is for the mode for screen readers: /open lists them"),
    ],
)
def test_a_command_that_a_face_does_not_have_says_so_and_what_does_the_same_there(
    line: str, face: Face, says: str
) -> None:
    with pytest.raises(CommandError) as error:
        asked(line, face)
    assert str(error.value).startswith(says)


@pytest.mark.parametrize("face", ["screen", "sentences"])
def test_whatever_a_face_lacks_names_only_commands_that_it_has(face: Face) -> None:
    for command in COMMANDS.values():
        if command.on(face):
            continue
        assert command.instead, command
        others = re.findall(r"(?<!\w)/([a-z-]+)", command.instead)
        assert [COMMANDS[name].on(face) for name in others] == [True] * len(others), command


def test_on_the_screen_every_name_does_something_alone() -> None:
    found = asked("/persona", "screen")
    assert found is not None
    assert (found.command.name, found.argument) == ("persona", "")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("/re", ["rename"]),
        ("/pan", ["panel"]),
        ("/rename Guns", ["rename"]),
        ("/re Guns", []),
        ("//re", []),
        ("re", []),
        ("", []),
        ("/re\nmore", []),
    ],
)
def test_the_beginning_of_a_line_is_completed_to_commands_of_the_screen(text: str, names: list[str]) -> None:
    assert [command.name for command in completions(text)] == names


def test_a_slash_alone_offers_every_command_of_the_screen() -> None:
    assert [each.name for each in completions("/")] == [n for n, each in COMMANDS.items() if each.on("screen")]


def test_the_page_has_every_command_as_the_table_has_it_and_no_other() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `/")]
    assert rows == [
        f"| `{command.written}` | {command.does} |" for command in COMMANDS.values() if command.on("sentences")
    ]
