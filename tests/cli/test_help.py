"""The help of every command."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer

from chat_personas.cli.app import application
from chat_personas.cli.commands import GROUPS, NAMES
from chat_personas.cli.main import GLOBAL_OPTIONS, main


def _commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, (*path, name))


EVERY_COMMAND = tuple(_commands(typer.main.get_command(application())))


def test_every_command_of_the_design_is_there() -> None:
    assert {path[0] for path in EVERY_COMMAND if path} == NAMES
    assert {("personas", "check"), ("surveys", "show"), ("models", "list"), ("corpus", "delete")} <= set(EVERY_COMMAND)


@pytest.mark.parametrize("path", EVERY_COMMAND, ids=" ".join)
def test_every_command_has_help_with_an_example_of_itself(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*path, "--help"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert " ".join(["chat-personas", *path]) in printed.partition("Example")[2]


@pytest.mark.parametrize("path", [(), *((group,) for group in GROUPS)], ids=" ".join)
def test_no_summary_is_cut_on_a_terminal_of_80_columns(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*path, "--help"]) == 0
    listed = capsys.readouterr().out.partition("Commands:")[2]
    assert listed
    assert "..." not in listed


@pytest.mark.parametrize("path", EVERY_COMMAND, ids=" ".join)
def test_every_option_and_argument_is_explained(path: tuple[str, ...]) -> None:
    command = typer.main.get_command(application())
    for name in path:
        command = command.commands[name]  # type: ignore[attr-defined]
    unexplained = [found.name for found in command.params if not (getattr(found, "help", None) or found.name == "help")]
    assert unexplained == []


def test_short_help_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-h"]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_the_help_of_the_program_is_that_of_all_commands_and_imports_none_of_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["--help"])
    shown = capsys.readouterr().out
    with pytest.raises(SystemExit):
        typer.main.get_command(application())(["--help"], prog_name="chat-personas")
    assert capsys.readouterr().out == shown
    code = (
        "import sys; from chat_personas.cli.main import main; main(['--help']); "
        "print([m for m in ('pydantic', 'numpy', 'rich.console', 'eval.engine', 'personas.group') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.splitlines()[-1] == "[]"


def test_global_options_are_not_taken_for_personas() -> None:
    assert {"--help", "-h", "--version"} <= GLOBAL_OPTIONS
