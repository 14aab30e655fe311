"""`surveys import spss` and `stata`: first a mapping to correct, then a survey with weighted figures."""

import json
import sys
import tomllib
from pathlib import Path

import pytest

from tests.cli.running import Command, only_line
from tests.eval.importers.test_labelled_files import LABELS, MAPPING, MISSING, PEOPLE, VARIABLES

pyreadstat = pytest.importorskip("pyreadstat", reason="pyreadstat is not installed")
pandas = pytest.importorskip("pandas", reason="pandas, with which pyreadstat writes files, is not installed")
PAGE = Path(__file__).parents[3] / "docs" / "surveys.md"


@pytest.fixture
def people() -> str:
    """An SPSS file beside the test."""
    pyreadstat.write_sav(
        pandas.DataFrame(PEOPLE),
        "people.sav",
        column_labels=VARIABLES,
        variable_value_labels=LABELS,
        missing_ranges=MISSING,
    )
    return "people.sav"


@pytest.mark.slow
def test_without_a_mapping_a_first_guess_is_written_and_nothing_imported(
    command: Command, people: str, home: Path
) -> None:
    ran = command("surveys", "import", "spss", people)
    assert ran.code == 0
    assert (
        "people.sav: 12 people; it seems to have 2 questions, 2 variables for groups, 1 weight; 0 variables" in ran.out
    )
    assert ran.out.endswith("  chat-personas surveys import spss people.sav --mapping people.toml\n")
    assert tomllib.loads(Path("people.toml").read_text())["schema"] == "chat-personas/survey-mapping@1"
    assert not (home / "data" / "surveys").exists()


@pytest.mark.slow
def test_the_command_that_comes_next_keeps_the_name(command: Command, people: str) -> None:
    ran = command("surveys", "import", "spss", people, "--name", "town")
    assert ran.out.endswith("  chat-personas surveys import spss people.sav --mapping people.toml --name town\n")


@pytest.mark.parametrize("kind", ["spss", "respondents"])
def test_of_a_file_that_is_not_there_nothing_else_is_said(
    command: Command, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eval.importers.labelled_file.find_spec", lambda _: None)  # as without the extra
    Path("gone.toml").touch()
    ran = command("surveys", "import", kind, "gone.sav")
    assert (ran.code, only_line(ran)) == (2, 'chat-personas: there is no file "gone.sav"; check the path\n')
    ran = command(
        "surveys", "import", kind, "gone.sav", "--spec" if kind == "respondents" else "--mapping", "gone.toml"
    )
    assert "pyreadstat" not in only_line(ran)


@pytest.mark.slow
def test_a_guess_is_written_where_one_says_and_never_over_a_file(command: Command, people: str) -> None:
    assert command("surveys", "import", "spss", people, "--guess", "mine.toml").code == 0
    Path("mine.toml").write_text("# my work of a whole day")
    ran = command("surveys", "import", "spss", people, "--guess", "mine.toml")
    assert ran.code == 2
    assert "mine.toml exists and is not overwritten; add --mapping mine.toml to use it if it is one" in only_line(ran)
    assert "choose another name with --guess" in ran.err
    assert Path("mine.toml").read_text() == "# my work of a whole day"


def test_a_mapped_file_is_imported_with_its_weights_and_people_stay_with_their_owner(
    command: Command, people: str, home: Path
) -> None:
    Path("m.toml").write_text(MAPPING)
    ran = command("surveys", "import", "spss", people, "--mapping", "m.toml")
    assert ran.code == 0
    assert ran.out.startswith("people: 2 questions, 4 groups, everyone's figures for 2 questions; weighted\n")
    files = sorted((home / "data" / "surveys").iterdir())
    assert [file.name for file in files] == ["people.json", "people.respondents.npz"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    survey = json.loads(files[0].read_text())
    assert survey["questions"][0]["overall"]["counts"] == pytest.approx([2.75, 2.25, 2], abs=1e-9)
    shown = command("surveys", "show", "people", "--group", "POLPARTY=Democrat", "--group", "AGE=18-29").out
    assert "POLPARTY=Democrat with AGE=18-29: figures for 2 questions" in shown


def test_the_mapping_of_the_page_imports(command: Command, people: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    example = page.partition("<!-- begin mapping example -->\n```toml\n")[2].partition("```")[0]
    Path("m.toml").write_text(example)
    ran = command("surveys", "import", "spss", people, "--mapping", "m.toml", "--name", "page")
    assert ran.code == 0
    assert ran.out.startswith("page: 2 questions, 4 groups, everyone's figures for 2 questions; weighted\n")


def test_without_pyreadstat_one_line_says_what_to_install(
    command: Command, people: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    ran = command("surveys", "import", "spss", people)
    assert ran.code == 2
    assert only_line(ran).endswith("needs pyreadstat; install it: pip install 'chat-personas[export]'\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("csv", "people.sav", "--mapping", "m.toml"), '--mapping is for the kinds spss and stata, and this is "csv"'),
        (
            ("respondents", "people.sav", "--guess", "m.toml"),
            "--guess is for the kinds spss and stata, and this",
        ),
        (("spss", "people.sav", "--spec", "m.toml"), '--spec is for the kind respondents, and this is "spss"'),
        (("spss", "people.sav", "--mapping", "m.toml", "--guess", "g.toml"), "keep one of them"),
        (("stata", "people.sav", "--mapping", "m.toml"), "cannot be read as a Stata file (.dta)"),
        (("spss", "people.sav", "--mapping", "gone.toml"), "there is no file"),
        (("spss", "people.sav", "--mapping", "people.sav"), "is a file of SPSS"),
    ],
)
def test_what_cannot_be_imported_is_one_line_and_leaves_nothing(
    command: Command, people: str, home: Path, arguments: tuple[str, ...], message: str
) -> None:
    Path("m.toml").write_text(MAPPING)
    ran = command("surveys", "import", *arguments)
    assert ran.code == 2
    assert message in only_line(ran)
    assert not (home / "data" / "surveys").exists()
    assert not Path("g.toml").exists()
