"""What a command says of a name or path that leads to nothing it can read or write: one line, exit code 2, at once."""

import os
from pathlib import Path

import pytest

from tests.cli.running import Command, only_line
from tests.examples import slow_but_first

READ = {
    "chat": ("chat", "{}"),
    "chat --model": ("chat", "democrat", "--model", "{}"),
    "chat --survey": ("chat", "democrat", "--measure", "--survey", "{}"),
    "eval": ("eval", "{}"),
    "eval --survey": ("eval", "democrat", "--survey", "{}"),
    "eval --model": ("eval", "democrat", "--model", "{}"),
    "eval --answers": ("eval", "--survey", "civic", "--answers", "{}"),
    "eval --fail-if-worse-than": ("eval", "democrat", "--fail-if-worse-than", "{}"),
    "matrix": ("matrix", "{}"),
    "compare": ("compare", "{}", "{}"),
    "report": ("report", "{}"),
    "personas show": ("personas", "show", "{}"),
    "personas check": ("personas", "check", "{}"),
    "surveys show": ("surveys", "show", "{}"),
    "surveys import csv": ("surveys", "import", "csv", "{}"),
    "surveys import subpop": ("surveys", "import", "subpop", "{}"),
    "surveys import globalopinionqa": ("surveys", "import", "globalopinionqa", "{}"),
    "models show": ("models", "show", "{}"),
}
FOLDERS = {
    "surveys import opinionqa": ("surveys", "import", "opinionqa", "{}"),
    "surveys import distributional-alignment": ("surveys", "import", "distributional-alignment", "{}"),
}
WRITTEN = {
    "eval --json": ("eval", "democrat", "--json", "{}"),
    "eval --html": ("eval", "democrat", "--html", "{}"),
    "eval --svg": ("eval", "democrat", "--svg", "{}"),
    "eval --save-answers": ("eval", "democrat", "--save-answers", "{}"),
    "matrix --json": ("matrix", "democrat", "--json", "{}"),
}
KEYS = {
    "chat --resume": ("chat", "--resume", "{}"),
    "corpus show": ("corpus", "show", "{}"),
    "corpus delete": ("corpus", "delete", "{}", "--yes"),
    "corpus search": ("corpus", "search", "{}"),
    "export --out": ("export", "--own", "--out", "{}"),
    "export --id": ("export", "--own", "--out", "-", "--id", "{}"),
}


def refusal(command: Command, words: tuple[str, ...], given: str) -> str:
    """Run a command with `given` in the place of {}; return its one line, making sure that it is all there is."""
    ran = command(*(word.format(given) for word in words))
    assert (ran.code, ran.out) == (2, "")
    return only_line(ran)


@pytest.mark.parametrize("words", (READ | FOLDERS | WRITTEN | KEYS).values(), ids=(READ | FOLDERS | WRITTEN | KEYS))
def test_what_is_given_empty_is_not_taken_for_what_is_not_given(command: Command, words: tuple[str, ...]) -> None:
    option = words[words.index("{}") - 1]
    what = f"the value of {option}" if option.startswith("--") else "an argument"
    assert f"{what} is empty; write one, or leave it out" in refusal(command, words, "")


def test_an_empty_value_after_an_equals_sign_is_empty(command: Command) -> None:
    assert "the value of --model is empty" in refusal(command, ("eval", "democrat", "--model={}"), "")


@pytest.mark.parametrize("given", ["folder", "."])
@pytest.mark.parametrize("words", (READ | WRITTEN).values(), ids=READ | WRITTEN)
def test_a_directory_is_called_one(command: Command, tmp_path: Path, words: tuple[str, ...], given: str) -> None:
    (tmp_path / "folder").mkdir()
    assert "is a directory; " in refusal(command, words, given)


@slow_but_first("words", (READ | WRITTEN).values(), ids=READ | WRITTEN, quick=8)
def test_a_pipe_at_which_it_would_wait_for_ever_is_called_one(
    command: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe; " in refusal(command, words, "pipe")


@slow_but_first("words", (READ | FOLDERS | WRITTEN).values(), ids=READ | FOLDERS | WRITTEN, quick=8)
def test_a_name_that_no_file_can_have_is_no_mistake_of_ours(command: Command, words: tuple[str, ...]) -> None:
    refusal(command, words, "x" * 300)


BINARY = {name: words for name, words in READ.items() if "model" not in name}


@slow_but_first("words", BINARY.values(), ids=BINARY, quick=5)
def test_a_binary_file_is_no_text(command: Command, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\xff")
    line = refusal(command, words, "picture.png")
    assert '"picture.png"' in line
    assert "not UTF-8" in line


def test_an_answer_through_a_pipe_of_the_shell_is_read(command: Command, tmp_path: Path) -> None:
    """As in `eval --answers <(zcat answers.gz)`: a link to a pipe that something writes to."""
    reading, writing = os.pipe()
    os.write(writing, b"{}\n")
    os.close(writing)
    line = refusal(command, READ["eval --answers"], f"/dev/fd/{reading}")
    os.close(reading)
    assert "line 1: " in line
