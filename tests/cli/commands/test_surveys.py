"""`surveys import`: what was taken over is listed, shown and measured with like any other survey."""

import json
import os
import stat
from pathlib import Path

import pytest

from eval.importers import KINDS
from tests.cli.running import Command, only_line
from tests.eval.importers.release import write_release

TABLE = """\
question,stem,option,ordinal,attribute,value,count,year
buses,Should buses be free?,Yes,1,POLPARTY,Democrat,6,2024
buses,,No,2,POLPARTY,Democrat,2,2024
buses,,Yes,1,,,7,2024
buses,,No,2,,,9,2024
"""


@pytest.fixture
def table() -> str:
    """A table of one question beside the test."""
    Path("my town.csv").write_text(TABLE)
    return "my town.csv"


def test_an_imported_survey_is_listed_shown_and_kept_for_its_owner_only(
    command: Command, table: str, home: Path
) -> None:
    ran = command("surveys", "import", "csv", table, "--title", "Buses", "--licence", "CC0")
    assert ran.code == 0
    assert ran.out.startswith("my-town: 1 question, 1 group, everyone's figures for 1 question; unweighted\n")
    file = home / "data" / "surveys" / "my-town.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert list(file.parent.iterdir()) == [file]
    assert json.loads(file.read_text())["schema"] == "chat-personas/survey@1"
    assert "my-town               1 question  Buses" in command("surveys", "list").out
    assert "licence: CC0" in command("surveys", "show", "my-town").out


def test_an_imported_survey_is_measured_with(command: Command, table: str, tiny: str, brief: str) -> None:
    command("surveys", "import", "csv", table, "--name", "town")
    ran = command("eval", brief, "--survey", "town", "--model", tiny, "--json", "-")
    assert ran.code == 0
    report = json.loads(ran.out)
    assert report["survey"]["name"] == "town"
    assert report["questions"][0]["human"] == [0.75, 0.25]


def test_years_may_be_unknown(command: Command, table: str, tiny: str, brief: str) -> None:
    Path(table).write_text(TABLE.replace(",year", "").replace(",2024", ""))
    ran = command("surveys", "import", "csv", table, "--name", "town")
    assert "note: 1 year missing" in ran.out
    assert "years: not stated" in command("surveys", "show", "town").out
    assert command("eval", brief, "--survey", "town", "--model", tiny).code == 0


def test_a_survey_is_replaced_only_when_that_is_asked_for(command: Command, table: str, home: Path) -> None:
    command("surveys", "import", "csv", table, "--name", "town")
    Path(table).write_text(TABLE.replace(",6,", ",60,"))
    ran = command("surveys", "import", "csv", table, "--name", "town")
    assert ran.code == 2
    assert "add --replace" in only_line(ran)
    assert '"counts":[6.0,2.0]' in (home / "data" / "surveys" / "town.json").read_text()
    assert command("surveys", "import", "csv", table, "--name", "town", "--replace").code == 0
    assert '"counts":[60.0,2.0]' in (home / "data" / "surveys" / "town.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cvs", "my town.csv"), 'there is no kind "cvs"; did you mean "csv"?'),
        (("csv", "gone.csv"), "there is no file gone.csv; check the path"),
        (("csv", "my town.csv", "--name", "civic"), "the name of a built-in survey"),
        (("csv", "my town.csv", "--name", "../x"), "is not a valid name"),
        (("distributional-alignment", "my town.csv"), "this is not JSON"),
        (("csv", "my town.csv", "--refusals", "apart"), "--refusals must be pooled or options"),
    ],
)
def test_what_cannot_be_imported_is_one_line_and_leaves_nothing(
    command: Command, table: str, home: Path, arguments: tuple[str, ...], message: str
) -> None:
    ran = command("surveys", "import", *arguments)
    assert ran.code == 2
    assert message in only_line(ran).replace('"gone.csv"', "gone.csv")
    assert not (home / "data" / "surveys").exists()


def test_refusals_may_be_kept_as_options(command: Command, table: str, home: Path) -> None:
    Path(table).write_text(TABLE + "buses,,Refused,,,,3,2024\n")
    command("surveys", "import", "csv", table, "--name", "town", "--refusals", "options")
    assert '"counts":[7.0,9.0,3.0]' in (home / "data" / "surveys" / "town.json").read_text()


def test_combinations_are_computed_from_respondents_who_stay_in_the_users_directory(
    command: Command, home: Path, tmp_path: Path, tiny: str, brief: str
) -> None:
    release = write_release(tmp_path / "release")
    assert command("surveys", "import", "opinionqa", str(release), "--name", "oqa").code == 0
    people = home / "data" / "surveys" / "oqa.respondents.npz"
    assert people.stat().st_mode & 0o777 == 0o600
    shown = command("surveys", "show", "oqa", "--group", "POLPARTY=Democrat", "--group", "SEX=Female").out
    assert (
        "POLPARTY=Democrat with SEX=Female: figures for 1 question, each from 2 to 2 people" in shown
    )  # nobody of them chose an option about trams
    groups = ("POLPARTY", "Democrat"), ("SEX", "Female"), ("RACE", "White")
    tables = "".join(f'[[groups]]\nattribute = "{attribute}"\nvalue = "{value}"\n' for attribute, value in groups)
    before, sampling = Path(brief).read_text().split("[[groups]]")[0], "[sampling]\nmax_tokens = 8\n"
    Path(brief).write_text(before + tables + sampling)
    report = json.loads(command("eval", brief, "--survey", "oqa", "--model", tiny, "--json", "-").out)
    assert [question["human"] for question in report["questions"]] == [[0, 1, 0]]


def test_respondents_of_another_version_of_the_survey_are_not_mixed_with_it(
    command: Command, home: Path, tmp_path: Path, table: str
) -> None:
    release = write_release(tmp_path / "release")
    command("surveys", "import", "opinionqa", str(release), "--name", "oqa")
    file = home / "data" / "surveys" / "oqa.json"
    file.write_text(file.read_text().replace("OpinionQA", "Opinions"))
    ran = command("surveys", "show", "oqa", "--group", "POLPARTY=Democrat", "--group", "SEX=Female")
    assert ran.code == 2
    assert "another version of the survey; import the survey again with --replace" in only_line(ran)
    file.with_suffix(".respondents.npz").write_bytes(b"PK, but no archive")
    assert command("surveys", "show", "oqa", "--group", "RACE=White", "--group", "SEX=Female").code == 2
    command("surveys", "import", "csv", table, "--name", "oqa", "--replace")
    assert list(file.parent.iterdir()) == [file]


def test_help_and_page_name_every_kind(command: Command) -> None:
    said = " ".join(command("surveys", "import", "--help").out.split())
    page = (Path(__file__).parents[3] / "docs" / "surveys.md").read_text(encoding="utf-8")
    assert all(kind in said and f"| `{kind}` |" in page for kind in KINDS)


def test_a_survey_with_a_fault_is_named_beside_the_list_of_the_others(command: Command, table: str, home: Path) -> None:
    command("surveys", "import", "csv", table)
    command("surveys", "import", "csv", table, "--name", "your-town")
    file = home / "data" / "surveys" / "my-town.json"
    file.write_text(file.read_text().replace('"title"', '"titel"'))
    ran = command("surveys", "list")
    assert ran.code == 2
    assert '"my-town.json": there is no key "titel"; did you mean "title"?' in only_line(ran)
    assert [line.split()[0] for line in ran.out.splitlines()] == ["civic", "your-town"]


@pytest.mark.parametrize("what", ["pipe", "device", "socket", "directory"])
def test_what_is_no_file_among_the_surveys_is_named_and_never_opened(command: Command, home: Path, what: str) -> None:
    odd = home / "data" / "surveys" / "odd.json"
    odd.parent.mkdir(parents=True)
    if what == "pipe":
        os.mkfifo(odd)
    elif what == "device":
        odd.symlink_to("/dev/zero")
    elif what == "socket":
        os.mknod(odd, stat.S_IFSOCK | 0o600)
    else:
        odd.mkdir()
    ran = command("surveys", "list")
    assert (ran.code, [line.split()[0] for line in ran.out.splitlines()]) == (2, ["civic"])
    assert only_line(ran) == 'chat-personas: "odd.json" among the surveys is not a regular file; remove it\n'
    assert command("surveys", "show", "odd").err == ran.err
