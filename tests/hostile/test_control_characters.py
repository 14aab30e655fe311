"""No text of a file, wherever in it, reaches the terminal as anything but visible characters."""

import json
import os
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from chat_personas.cli.main import main
from chat_personas.cli.terminal import CleanStream, clean_output, uncleaned
from chat_personas.storage.files import standard_output
from eval.engine import Engine, EngineInfo
from tests.cli.conftest import BRIEF, brief, command, few, home, served_by, survey
from tests.cli.running import Command, Ran
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import leaning
from tests.examples import slow_but_first

__all__ = ["brief", "command", "few", "home", "served_by", "survey"]

HOSTILE = "x\x1b[31mred\x1b]8;;http://evil\x07link\x1b]8;;\x07\x9b2J\x85\u202eabc\u2066def\u061c\u200f\x7f\r\x00end"
SPREADABLE = "x\x1b[31mred\x9b2J\u202eabc\u2066def"
"""What a file name may have, too."""
OBEYED = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0))} - set("\n\t") | set(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
INFO = EngineInfo(name="toy", engine="llama", sha256="0" * 64, quantization="F32", log_probabilities="exact")


def raw(ran: Ran) -> set[str]:
    """Return the characters on standard output and standard error that a terminal would obey."""
    return set(ran.out + ran.err) & OBEYED


def texts_of(document: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every text in a document; of each list only of its first item."""
    if isinstance(document, str):
        yield place
    elif isinstance(document, Mapping):
        for key, value in document.items():
            yield from texts_of(value, (*place, key))
    elif isinstance(document, list) and document:
        yield from texts_of(document[0], (*place, 0))


def planted(document: Any, place: tuple[Any, ...], text: str) -> Any:
    """Return a copy of a JSON document in which the text at `place` ends with another."""
    copy = json.loads(json.dumps(document))
    *above, last = place
    inner = copy
    for key in above:
        inner = inner[key]
    inner[last] += text
    return copy


def with_keys(document: Any, text: str) -> Iterator[Any]:
    """Yield copies of a JSON document in each of which one object has one key more."""
    for place in {text_place[:depth] for text_place in texts_of(document) for depth in range(len(text_place))}:
        copy = json.loads(json.dumps(document))
        inner = copy
        for key in place:
            inner = inner[key]
        if isinstance(inner, dict):
            inner[text] = text
            yield copy


@pytest.fixture
def report(command: Command, served_by: Callable[[Engine], None], brief: str, survey: str) -> Any:
    """A report of 20 questions with failures."""
    served_by(FakeEngine(leaning(18), info=INFO))
    ran = command("eval", brief, "--survey", survey, "--json", "plain.json")
    assert ran.code == 0, ran.err
    return json.loads(Path("plain.json").read_text())


SHOWING = [
    ["report", "odd.json"],
    ["report", "odd.json", "--show-invalid"],
    ["report", "verify", "odd.json", "--survey", "town.json", "--persona", "brief.toml"],
    ["report", "checklist", "odd.json"],
    ["compare", "odd.json", "plain.json"],
    ["compare", "plain.json", "odd.json", "--show-invalid"],
]


@pytest.mark.slow
def test_no_text_of_a_report_controls_the_terminal(command: Command, report: Any) -> None:
    places = [*texts_of(report)]
    assert len(places) > 20
    shown = 0
    for place in places:
        Path("odd.json").write_text(json.dumps(planted(report, place, HOSTILE)))
        for arguments in SHOWING:
            ran = command(*arguments)
            shown += ran.code in (0, 1) and "␛[31mred" in ran.out
            assert ran.code in (0, 1, 2), (place, arguments, ran.err)
            assert raw(ran) == set(), (place, arguments)
    assert shown > 20, "the texts are shown, not left out"


def test_no_key_of_a_report_controls_the_terminal(command: Command, report: Any) -> None:
    for document in with_keys(report, HOSTILE):
        Path("odd.json").write_text(json.dumps(document))
        for arguments in (["report", "odd.json"], ["report", "verify", "odd.json"]):
            assert raw(command(*arguments)) == set()


def test_several_reports_with_hostile_texts_are_shown_as_text(command: Command, report: Any) -> None:
    every = report
    for place in (("persona", "name"), ("model", "name"), ("questions", 0, "topics", 0), ("questions", 0, "id")):
        every = planted(every, place, HOSTILE)
    Path("odd.json").write_text(
        json.dumps({"schema": "chat-personas/eval-reports@1", "reports": [every, report], "gaps": []})
    )
    for arguments in SHOWING:
        assert raw(command(*arguments)) == set(), arguments


def test_no_text_of_a_survey_controls_the_terminal(
    command: Command, served_by: Callable[[Engine], None], brief: str, few: str
) -> None:
    document = json.loads(Path(few).read_text())
    odd = [planted(document, place, HOSTILE) for place in texts_of(document)]
    for each in [*odd, *with_keys(document, HOSTILE)]:
        Path("odd.json").write_text(json.dumps(each))
        served_by(FakeEngine())
        for arguments in (
            ["eval", brief, "--survey", "odd.json"],
            ["matrix", brief, "--survey", "odd.json"],
            ["surveys", "show", "odd.json"],
        ):
            assert raw(command(*arguments)) == set(), arguments


ANSWER = {
    "question": "Q0",
    "group": {"attribute": "POLPARTY", "value": "Democrat"},
    "distribution": {"yes": 1.0},
    "refusal": 0.0,
}


def test_no_text_of_a_file_of_answers_controls_the_terminal(command: Command, few: str) -> None:
    odd = [planted(ANSWER, place, HOSTILE) for place in texts_of(ANSWER)]
    for each in [*odd, *with_keys(ANSWER, HOSTILE), {**ANSWER, "distribution": {HOSTILE: 1.0}}]:
        Path("odd.jsonl").write_text(json.dumps(each))
        for arguments in (
            ["eval", "--answers", "odd.jsonl", "--survey", few],
            ["matrix", "democrat", "--answers", "odd.jsonl", "--survey", few],
        ):
            ran = command(*arguments)
            assert raw(ran) == set(), arguments


def as_toml(text: str) -> str:
    return json.dumps(text).replace("\\u0000", "\\u0001")


def test_no_text_of_a_persona_controls_the_terminal(
    command: Command, served_by: Callable[[Engine], None], few: str
) -> None:
    served_by(FakeEngine())
    lines = BRIEF.strip().splitlines()
    texts = [place for place, line in enumerate(lines) if '"' in line]
    for place in texts:
        name, _, value = lines[place].partition(" = ")
        odd = [*lines]
        odd[place] = f"{name} = {as_toml(tomllib.loads(lines[place])[name] + HOSTILE)}"
        unknown = [*lines]
        unknown[place] = f"{as_toml(HOSTILE)} = {value}"
        bare = [*lines]
        bare[place] = f'{name} = "{HOSTILE}"'
        for each in (odd, unknown, bare):
            Path("odd.toml").write_bytes("\n".join(each).encode())
            for arguments in (
                ["eval", "odd.toml", "--survey", few],
                ["personas", "check", "odd.toml"],
                ["personas", "show", "odd.toml"],
                ["chat", "odd.toml"],
            ):
                assert raw(command(*arguments, given="Hello")) == set(), (each[place], arguments)


@slow_but_first(
    "text",
    [
        f"persona = {as_toml(HOSTILE)}",
        f"model = {as_toml(HOSTILE)}",
        f"survey = {as_toml(HOSTILE)}",
        f"theme = {as_toml(HOSTILE)}",
        f"schema = {as_toml(HOSTILE)}",
        f"threads = {as_toml(HOSTILE)}",
        f"{as_toml(HOSTILE)} = 1",
        f"[keys]\n{as_toml(HOSTILE)} = 'x'",
        f"[servers.{as_toml('http://a/' + HOSTILE)}]\nkey = 1",
        f"model = '{HOSTILE}'",
        HOSTILE,
    ],
    quick=5,
)
def test_no_text_of_the_settings_controls_the_terminal(command: Command, home: Path, text: str) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_bytes(text.encode())
    for arguments in (["doctor"], ["chat"], ["eval", "democrat", "--limit", "1"], ["cache", "show"]):
        assert raw(command(*arguments, given="Hello")) == set(), arguments


def test_no_name_of_a_file_and_no_argument_controls_the_terminal(
    command: Command, served_by: Callable[[Engine], None], report: Any, few: str, tmp_path: Path
) -> None:
    served_by(FakeEngine())
    (tmp_path / f"{SPREADABLE}.toml").write_text(BRIEF)
    (tmp_path / f"{SPREADABLE}.json").write_text(json.dumps(report))
    for arguments in (
        ["personas", "check", f"{SPREADABLE}.toml"],
        ["eval", f"{SPREADABLE}.toml", "--survey", few, "--json", f"{SPREADABLE}2.json"],
        ["eval", f"{SPREADABLE}.toml", "--survey", few, "--json", f"{SPREADABLE}/2.json"],
        ["report", f"{SPREADABLE}.json"],
        ["report", "verify", f"{SPREADABLE}.json"],
        ["compare", f"{SPREADABLE}.json", "plain.json"],
        ["chat", SPREADABLE],
        ["chat", "democrat", "--model", SPREADABLE],
        ["chat", "democrat", "--model", f"http://127.0.0.1:9/{SPREADABLE}"],
        ["corpus", "show", SPREADABLE],
        ["export", "--own", "--out", f"{SPREADABLE}.jsonl", "--format", SPREADABLE],
        ["surveys", "import", SPREADABLE, SPREADABLE],
        [SPREADABLE],
        ["eval", "--" + SPREADABLE],
    ):
        assert raw(command(*arguments, given="Hello")) == set(), arguments


# The border itself


def test_what_moves_the_cursor_on_purpose_passes_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    with clean_output():
        print("\x1b[31m")
        sys.stdout.writelines(["\u202e", "\x07\n"])
        print("\x1b[K", end="", file=uncleaned(sys.stdout))
        with clean_output():
            assert not isinstance(uncleaned(sys.stdout), CleanStream)
    assert capsys.readouterr().out == "␛[31m\n<202E>␇\n\x1b[K"
    assert not isinstance(sys.stdout, CleanStream)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_document_is_cleaned_on_a_terminal_and_left_as_it_is_elsewhere(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    reading, writing = os.openpty() if terminal else os.pipe()
    with os.fdopen(writing, "w") as stream, clean_output():
        monkeypatch.setattr(sys, "stdout", stream)
        out = standard_output()
        out.write("a\u202e\x9b\x1b[31m\n".encode())
        out.flush()
        seen = os.read(reading, 1000).decode()
        monkeypatch.undo()
    os.close(reading)
    assert (set(seen.replace("\r\n", "\n")) & OBEYED == set()) is terminal


def test_an_error_with_a_hostile_text_is_one_line_of_visible_characters(capfd: pytest.CaptureFixture[str]) -> None:
    assert main([f"demo{HOSTILE.replace(chr(0), '')}crat"]) == 2
    said = capfd.readouterr().err
    assert set(said) & OBEYED == set()
    assert said.count("\n") == 1
