"""What a person may rely on at the command line, whatever the command."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas import __version__
from chat_personas.cli.commands import GROUPS, NAMES
from chat_personas.cli.main import main, with_command
from tests.examples import slow_but_first


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ([], ["chat"]),
        (["democrat"], ["chat", "democrat"]),
        (["--model", "pocket", "democrat"], ["chat", "--model", "pocket", "democrat"]),
        (["eval", "democrat"], ["eval", "democrat"]),
        (["--version"], ["--version"]),
        (["--accessible", "chat", "democrat"], ["chat", "--accessible", "democrat"]),
        (["--accessible", "democrat"], ["chat", "--accessible", "democrat"]),
        (["--model", "pocket", "chat", "democrat"], ["chat", "--model", "pocket", "democrat"]),
        (["--limit", "4", "eval", "democrat"], ["eval", "--limit", "4", "democrat"]),
        (["--survey", "eval", "democrat"], ["chat", "--survey", "eval", "democrat"]),
        (["--plain", "--", "chat"], ["chat", "--plain", "--", "chat"]),
    ],
)
def test_without_a_command_chat_is_meant_and_options_may_stand_before_one(typed: list[str], meant: list[str]) -> None:
    assert with_command(typed) == meant


@given(st.lists(st.text(max_size=8).filter(lambda word: word not in NAMES), max_size=5))
def test_no_word_that_was_typed_is_lost(typed: list[str]) -> None:
    result = with_command(typed)
    assert result[-len(typed) :] == typed if typed else result == ["chat"]


def test_an_unknown_option_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "democrat", "--surveyy", "civic"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("chat-personas: ")
    assert printed.err.endswith("--surveyy (Possible options: --survey); see chat-personas eval --help\n")
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_without_a_command_prints_its_help_on_standard_error(
    group: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([group, "--help"]) == 0
    wanted = capsys.readouterr().out
    assert main([group]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", wanted)
    assert wanted.lstrip().startswith(f"Usage: chat-personas {group} ")


@slow_but_first(
    ("typed", "offered"),
    [
        ("chat-personas ev", "eval"),
        ("chat-personas eval --sho", "--shots --show-invalid"),
        ("chat-personas surveys im", "import"),
    ],
)
def test_a_shell_completes_commands_and_options(typed: str, offered: str) -> None:
    variables = {"_CHAT_PERSONAS_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    command = [sys.executable, "-m", "chat_personas"]
    ran = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)
    assert (ran.stdout.split(), ran.stderr) == (offered.split(), "")


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"chat-personas {__version__}\n"


def test_the_start_path_imports_nothing_heavy() -> None:
    """Each of these costs tens to hundreds of milliseconds before the first frame."""
    code = (
        "import sys; import chat_personas.cli.main as entry; entry.launch.read(['chat', 'democrat']); "
        "from chat_personas.cli.launch import Launch; "
        "from chat_personas.cli.bootstrap import keep_log; keep_log(); "
        "from chat_personas.cli.bootstrap import prefer_own_packages; prefer_own_packages(); "
        "from chat_personas.tui.app import ChatApp; from chat_personas.tui.session import Session; "
        "ChatApp(Session(Launch())).get_default_screen(); Launch().log_path; "
        "print([m for m in ('typer', 'json', 'tomllib', 'eval.engine', 'pydantic', 'numpy', 'scipy', 'openai',"
        " 'llama_cpp', 'sqlite_utils', 'pandas', 'httpx2')"
        " if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"
