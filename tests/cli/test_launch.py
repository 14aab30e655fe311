"""What is read without the command parser is read as the parser would have read it."""

import stat
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.cli import launch
from chat_personas.cli.app import run_command
from chat_personas.cli.launch import Launch

OPTIONS = ["--model", "--model=pocket", "--model=", "--survey", "--resume", "--resume=01ABC", "--plain", "--measure"]
ODD = ["--modell", "-m", "--", "", "--persona", "--persona=x", "--help", "a=b"]
WORDS = st.sampled_from(["democrat", "x.toml", *OPTIONS, *ODD])


def as_the_parser_reads(arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Launch | None:
    opened: list[Launch] = []
    monkeypatch.setattr("chat_personas.cli.commands.chat.has_terminal", lambda: True)
    monkeypatch.setattr("chat_personas.cli.commands.chat.open_screen", lambda found: opened.append(found) or 0)
    run_command(arguments)
    return opened[0] if opened else None


@given(st.lists(WORDS, max_size=5))
def test_it_reads_what_the_parser_reads(words: list[str]) -> None:
    arguments = ["chat", *words]
    found = launch.read(arguments)
    if found is not None:
        with pytest.MonkeyPatch.context() as patch:
            assert as_the_parser_reads(arguments, patch) == found


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["chat"], Launch()),
        (["chat", "democrat"], Launch(persona="democrat")),
        (
            ["chat", "--model", "http://127.0.0.1:1/v1#m", "democrat", "--survey=civic"],
            Launch(persona="democrat", model="http://127.0.0.1:1/v1#m", survey="civic"),
        ),
        (["chat", "--resume", "01J"], Launch(resume="01J")),
    ],
)
def test_the_usual_ways_to_the_screen_need_no_parser(typed: list[str], meant: Launch) -> None:
    assert launch.read(typed) == meant


@pytest.mark.parametrize(
    "words",
    [
        ["eval", "democrat"],
        ["chat", "--plain"],
        ["chat", "a", "b"],
        ["chat", "--model"],
        ["chat", "a", "--resume", "b"],
    ],
)
def test_everything_else_is_left_to_the_parser(words: list[str]) -> None:
    assert launch.read(words) is None


@pytest.mark.parametrize(
    ("model", "longest"),
    [
        ("http://127.0.0.1:9/v1#qwen3", "at most 600 s"),
        ("http://127.0.0.1:8/v1", "at most 37.5 s"),
        ("pocket", ""),
        ("nowhere", ""),
    ],
)
def test_opening_a_server_takes_five_timeouts_at_most_and_a_file_as_long_as_it_takes(
    home: Path, model: str, longest: str
) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text('[servers."http://127.0.0.1:8/v1"]\ntimeout = 7.5\n')
    assert Launch(model=model).longest_wait == longest


def test_the_introduction_is_wanted_until_it_is_dismissed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path))
    begun = Launch()
    assert begun.introduction_wanted
    begun.want_introduction(False)
    assert not Launch().introduction_wanted
    assert [stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "state").iterdir()] == [0o600]
    begun.want_introduction(True)
    assert Launch().introduction_wanted


def test_another_model_is_asked_for_without_the_template_of_the_first() -> None:
    other = Launch("democrat", "first.gguf", template="chatml").with_model("second.gguf")
    assert (other.persona, other.model, other.template) == ("democrat", "second.gguf", None)
