"""`surveys import respondents`: first a description to correct, then a survey whose groups are one's own."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.running import Command, only_line
from tests.eval.importers.test_respondent_table import SPEC, TABLE

MEMBER = """\
schema = "chat-personas/persona@1"
name = "member"
title = "A member"
steering = "portray"
[[groups]]
attribute = "UNION"
value = "Member"
[sampling]
max_tokens = 8
seed = 1
"""


@pytest.fixture
def works() -> str:
    """A table with a row per person beside the test."""
    Path("works.csv").write_text(TABLE)
    return "works.csv"


def test_without_a_description_a_first_guess_of_it_is_written_and_nothing_imported(
    command: Command, works: str, home: Path
) -> None:
    ran = command("surveys", "import", "respondents", works)
    assert ran.code == 0
    assert "it seems to have 3 questions, 2 attributes, 0 weights; 1 column left out" in ran.out
    assert 'left out: "id": every value occurs once, as in an identifier of the people\n' in ran.out
    assert "Nothing is imported yet." in ran.out
    assert ran.out.endswith("  chat-personas surveys import respondents works.csv --spec works.toml\n")
    assert tomllib.loads(Path("works.toml").read_text())["schema"] == "chat-personas/respondents@1"
    assert not (home / "data" / "surveys").exists()


def test_a_file_that_exists_is_never_overwritten(command: Command, works: str) -> None:
    Path("works.toml").write_text("# my work of a whole day")
    ran = command("surveys", "import", "respondents", works)
    assert ran.code == 2
    assert "works.toml exists and is not overwritten; add --spec works.toml to use it" in only_line(ran)
    assert Path("works.toml").read_text() == "# my work of a whole day"


def test_a_described_table_is_imported_and_respondents_stay_with_their_owner(
    command: Command, works: str, home: Path
) -> None:
    Path("spec.toml").write_text(SPEC)
    ran = command("surveys", "import", "respondents", works, "--spec", "spec.toml", "--title", "Pay")
    assert ran.code == 0
    assert ran.out.startswith("works: 2 questions, 4 groups, everyone's figures for 2 questions; unweighted\n")
    assert 'note: answers left out (no option has this code): "77" once (PAY 1)\n' in ran.out
    files = sorted((home / "data" / "surveys").iterdir())
    assert [file.name for file in files] == ["works.json", "works.respondents.npz"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    shown = command("surveys", "show", "works", "--group", "UNION=Member", "--group", "AGE=18-29").out
    assert "works: Pay\n" in shown
    assert "UNION=Member with AGE=18-29: figures for 2 questions, each from 2 to 2 people" in shown


def test_a_persona_of_an_own_group_is_measured_and_talked_with(command: Command, works: str, tiny: str) -> None:
    Path("spec.toml").write_text(SPEC)
    Path("member.toml").write_text(MEMBER)
    command("surveys", "import", "respondents", works, "--spec", "spec.toml")
    ran = command("eval", "member.toml", "--survey", "works", "--model", tiny, "--json", "r.json", "--html", "r.html")
    assert ran.code == 0
    report = json.loads(Path("r.json").read_text())
    assert report["persona"]["groups"] == [{"attribute": "UNION", "value": "Member"}]
    assert report["scores_against_opposite"]["value"] == "Outside"
    assert "UNION=Member" in Path("r.html").read_text()
    assert command("report", "r.json").code == 0
    matrix = command("matrix", "member.toml", "--survey", "works", "--model", tiny, "--groups", "UNION")
    assert matrix.code == 0
    assert "Member (UNION)" in matrix.out


def test_a_mistyped_own_group_is_answered_with_the_surveys(command: Command, works: str, tiny: str) -> None:
    Path("spec.toml").write_text(SPEC)
    Path("member.toml").write_text(MEMBER.replace('"UNION"', '"UNIOM"'))
    command("surveys", "import", "respondents", works, "--spec", "spec.toml")
    ran = command("eval", "member.toml", "--survey", "works", "--model", tiny)
    assert ran.code == 2
    assert 'the survey works has no figures for UNIOM=Member; did you mean "UNION=Member"?' in only_line(ran)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("csv", "works.csv", "--spec", "spec.toml"), '--spec is for the kind respondents, and this is "csv"'),
        (("respondents", "gone.csv"), "there is no file"),
        (("respondents", "works.csv", "--spec", "gone.toml"), "there is no file"),
        (("respondents", "works.csv", "--spec", "works.csv"), "this is not valid TOML"),
    ],
)
def test_what_cannot_be_imported_is_one_line_and_leaves_nothing(
    command: Command, works: str, home: Path, arguments: tuple[str, ...], message: str
) -> None:
    Path("spec.toml").write_text(SPEC)
    ran = command("surveys", "import", *arguments)
    assert ran.code == 2
    assert message in only_line(ran)
    assert not (home / "data" / "surveys").exists()
    assert not Path("gone.toml").exists()


def test_a_terminal_shows_a_spinner_and_no_error(
    command: Command, works: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what is written counts as a terminal then
    Path("spec.toml").write_text(SPEC)
    ran = command("surveys", "import", "respondents", works, "--spec", "spec.toml")
    assert ran.code == 0
    assert ran.out.startswith("works: 2 questions")
    assert (home / "data" / "surveys" / "works.json").exists()
