"""No output overwrites a file that the same command reads, whatever it is called."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.engine import Engine
from tests.cli.running import Command, only_line
from tests.eval.fake_engine import FakeEngine

Serve = Callable[[Engine], None]

OVERWRITING = {
    "eval, a persona": ("eval brief.toml --json brief.toml", "PERSONA"),
    "eval, the second persona": ("eval democrat brief.toml --html ./brief.toml", "PERSONA"),
    "eval, the model": ("eval democrat --model mod.gguf --json mod.gguf", "--model"),
    "eval, a model by its name": ("eval democrat --model own --json home/data/models/own.gguf", "--model"),
    "eval, the judge": (
        "eval democrat --expression open_ended --judge mod.gguf --save-answers mod.gguf",
        "--judge",
    ),
    "eval, the survey": ("eval democrat --survey ./few.json --json few.json", "--survey"),
    "eval, a survey by its name": ("eval democrat --survey mine --json home/data/surveys/mine.json", "--survey"),
    "eval, the answers": ("eval --answers answers.jsonl --survey few.json --svg answers.jsonl", "--answers"),
    "eval, the survey of answers": ("eval --answers answers.jsonl --survey few.json --svg few.json", "--survey"),
    "matrix, a persona": ("matrix brief.toml --html brief.toml", "PERSONA"),
    "matrix, the model": ("matrix democrat --model mod.gguf --svg mod.gguf", "--model"),
    "matrix, the survey": ("matrix democrat --survey few.json --json few.json", "--survey"),
    "matrix, the judge": (
        "matrix democrat --expression open_ended --judge mod.gguf --json mod.gguf",
        "--judge",
    ),
    "matrix, answers": ("matrix democrat --answers answers.jsonl --json answers.jsonl", "--answers"),
    "matrix, answers with a label": ("matrix democrat --answers us=answers.jsonl --json answers.jsonl", "--answers"),
    "report, the page": ("report report.json --html report.json", "FILE.json"),
    "report, the figure": ("report show report.json --svg report.json", "FILE.json"),
    "report, the survey": ("report report.json --survey few.json --svg few.json", "--survey"),
    "compare, the first": ("compare report.json other.json --json report.json", "A.json"),
    "compare, the second": ("compare report.json other.json --html other.json", "B.json"),
    "models discover": ("models discover --json home/data/models/own.gguf", "a model"),
    "models discover, a model that is elsewhere": ("models discover --json mod.gguf", "a model"),
    "surveys import": ("surveys import csv home/data/surveys/mine.json --name mine --replace", "PATH"),
    "surveys import, the spec": (
        "surveys import respondents people.csv --spec home/data/surveys/mine.json --name mine --replace",
        "--spec",
    ),
    "the settings": ("eval democrat --json home/config/settings.toml", "your settings"),
    "the corpus": ("report report.json --html home/data/corpus.db", "your corpus"),
}


@pytest.fixture
def written(tmp_path: Path, brief: str, few: str, tiny: str) -> dict[str, bytes]:
    """One file of every kind that commands read; their contents by name."""
    (tmp_path / "mod.gguf").write_bytes(Path(tiny).read_bytes())
    (tmp_path / "home/data/models").mkdir(parents=True)
    (tmp_path / "home/data/surveys").mkdir()
    (tmp_path / "home/config").mkdir()
    (tmp_path / "home/data/models/own.gguf").write_bytes(Path(tiny).read_bytes())
    (tmp_path / "home/data/surveys/mine.json").write_bytes(Path(few).read_bytes())
    (tmp_path / "home/config/settings.toml").write_text("")
    (tmp_path / "home/data/corpus.db").write_bytes(b"")
    for name in ("answers.jsonl", "report.json", "other.json", "people.csv"):
        (tmp_path / name).write_text("of somebody's work\n")
    return contents(tmp_path)


def contents(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != "standard-input")
    return {str(file.relative_to(folder)): file.read_bytes() for file in files if "state" not in file.parts}


@pytest.mark.parametrize(("line", "source"), OVERWRITING.values(), ids=OVERWRITING)
def test_an_output_that_is_an_input_is_refused_and_every_file_stays(
    command: Command, tmp_path: Path, written: dict[str, bytes], line: str, source: str
) -> None:
    ran = command(*line.split())
    assert (ran.code, ran.out) == (2, "")
    assert f" would overwrite the file of {source}; choose another" in only_line(ran)
    assert contents(tmp_path) == written


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["a link", "a hard link"])
def test_an_input_is_known_under_another_name(
    command: Command, tmp_path: Path, written: dict[str, bytes], link: Callable[[str, str], None]
) -> None:
    link("brief.toml", "linked.json")
    ran = command("eval", "brief.toml", "--json", "linked.json")
    assert ran.code == 2
    assert "--json would overwrite the file of PERSONA; choose another" in only_line(ran)
    assert contents(tmp_path) == written | {"linked.json": written["brief.toml"]}


def test_a_file_called_like_a_persona_of_the_library_is_no_input(
    command: Command, served_by: Serve, few: str, tmp_path: Path
) -> None:
    served_by(FakeEngine())
    (tmp_path / "democrat").write_text("an older report\n")
    ran = command("eval", "democrat", "--survey", few, "--json", "democrat")
    assert (ran.code, ran.err) == (0, "")
    assert (tmp_path / "democrat").read_text().startswith("{")
