"""A command line that the user is told can be written as it is told."""

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from chat_personas.paths import as_started, program

GO_ON = "Go on with: chat-personas chat --resume smq14z"


@pytest.mark.parametrize(
    ("started", "called"),
    [
        (".venv/bin/chat-personas", ".venv/bin/chat-personas"),
        ("/opt/my tools/chat-personas", "'/opt/my tools/chat-personas'"),
        ("~/a b/chat-personas", "~/'a b/chat-personas'"),
        ("/usr/bin/pytest", "chat-personas"),
    ],
)
def test_where_path_lacks_the_program_it_is_called_as_it_was_started(
    monkeypatch: pytest.MonkeyPatch, started: str, called: str
) -> None:
    monkeypatch.setattr(sys, "argv", [os.path.expanduser(started)])  # noqa: PTH111
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert as_started(GO_ON) == f"Go on with: {called} chat --resume smq14z"
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/chat-personas")
    assert as_started(GO_ON) == GO_ON


def test_started_as_a_module_it_is_called_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/chat_personas/__main__.py"])
    monkeypatch.setattr(shutil, "which", lambda _: None)
    *python, option, module = shlex.split(program())
    assert (len(python), option, module) == (1, "-m", "chat_personas")


def test_only_command_lines_are_changed_and_no_name_or_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bin/chat-personas"])
    monkeypatch.setattr(shutil, "which", lambda _: None)
    for text in ("chat-personas 0.1.0", "~/chat-personas report.json", "old-chat-personas eval", "chat-personas evals"):
        assert as_started(text) == text
    assert as_started("run `chat-personas cache clear`") == "run `bin/chat-personas cache clear`"


@pytest.mark.parametrize("page", ["README.md", "docs/surveys.md"])
def test_imports_on_a_page_can_be_made_one_after_the_other_as_written(page: str) -> None:
    """A first guess is written to a file that is called as the data, and never over another one."""
    lines = (Path(__file__).parents[1] / page).read_text("utf-8").splitlines()
    found = [
        re.match(r"chat-personas surveys import (?:respondents|spss|stata) (\w+)\.\w+ *(?:#.*)?$", line)
        for line in lines
    ]
    guesses = [each[1] for each in found if each is not None]
    assert guesses
    assert len(set(guesses)) == len(guesses)
