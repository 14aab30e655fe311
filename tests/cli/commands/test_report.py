"""`eval --html`, `eval --svg` and `report` at the command line."""

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from eval.engine import Engine, EngineInfo
from eval.report import Report
from eval.surveys.loading import load_survey
from tests.cli.commands.test_eval_expressions import judged_by, say
from tests.cli.running import Command, Ran, only_line, write_survey
from tests.eval.expression.test_open_ended import ListeningEngine
from tests.eval.fake_engine import FakeEngine
from tests.eval.saying_engine import SayingEngine
from tests.eval.towns import many
from tests.reporting.reading import rows, seen, tree, words

Serve = Callable[[Engine], None]
TOY = EngineInfo(name="toy", engine="llama", log_probabilities="exact")


@pytest.fixture
def asked(command: Command, served_by: Serve, survey: str) -> Callable[..., Ran]:
    """Evaluates personas with the survey of 20 questions, on a model that answers evenly."""

    def run(*arguments: str, info: EngineInfo = TOY) -> Ran:
        served_by(FakeEngine(info=info))
        return command("eval", *arguments, "--survey", survey)

    return run


def test_page_and_figure_are_written_beside_the_report(asked: Callable[..., Ran], tmp_path: Path) -> None:
    ran = asked("democrat", "republican", "--html", "page.html", "--svg", "figure.svg", "--json", "r.json")
    assert (ran.code, ran.err) == (0, "written: page.html\nwritten: figure.svg\n")
    assert "alignment" in ran.out
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "What about Q0?" in words(page), "the wording of the questions"
    assert {"democrat (portray)", "republican (portray)"} <= set(seen(page).texts)
    figure = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    assert "republican (portray)" in words(figure)
    assert len(json.loads((tmp_path / "r.json").read_text())["reports"]) == 2


@pytest.mark.parametrize("option", ["--html", "--svg"])
def test_a_picture_on_standard_output_stands_alone(asked: Callable[..., Ran], option: str) -> None:
    ran = asked("democrat", option, "-")
    assert tree(ran.out).tag in ("html", "{http://www.w3.org/2000/svg}svg")
    assert "alignment" in ran.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--html", "nowhere/page.html"], "there is no directory nowhere"),
        (["--svg", "."], ". is a directory"),
        (["--svg", "-", "--html", "-"], "--html and --svg cannot go to the same place"),
        (["--json", "a", "--html", "./a"], "--json and --html cannot go to the same place"),
        (["--json", "a", "--fail-if-worse-than", "./a"], "--json would overwrite the file of --fail-if-worse-than"),
    ],
)
def test_a_destination_that_cannot_be_is_said_before_anything_is_asked(
    command: Command, served_by: Serve, survey: str, arguments: list[str], says: str
) -> None:
    engine = FakeEngine()
    served_by(engine)
    ran = command("eval", "democrat", "--survey", survey, *arguments)
    assert ran.code == 2
    assert says in only_line(ran)
    assert engine.asked == []


def test_one_document_that_cannot_be_written_keeps_no_other_from_being_written(
    command: Command, served_by: Serve, survey: str, tmp_path: Path
) -> None:
    class Meanwhile(FakeEngine):
        """While it is asked, somebody puts a directory where the report is to go."""

        async def close(self) -> None:
            (tmp_path / "r.json").mkdir()

    served_by(Meanwhile())
    wanted = ["--json", "r.json", "--html", "page.html", "--svg", "figure.svg"]
    ran = command("eval", "democrat", "--survey", survey, *wanted)
    assert ran.code == 4
    assert "r.json cannot be written" in ran.err
    assert (tmp_path / "page.html").is_file()
    assert (tmp_path / "figure.svg").is_file()


def test_a_survey_that_goes_while_the_model_is_asked_costs_the_wording_only(
    command: Command, served_by: Serve, survey: str, tmp_path: Path
) -> None:
    class Meanwhile(FakeEngine):
        async def close(self) -> None:
            Path(survey).unlink()

    served_by(Meanwhile())
    ran = command("eval", "democrat", "--survey", survey, "--html", "page.html")
    assert ran.code == 0
    assert "the page has no wording of questions: there is no" in ran.err
    assert "Q0" in words((tmp_path / "page.html").read_text(encoding="utf-8"))


def test_answers_from_a_file_have_a_page_and_a_figure(
    asked: Callable[..., Ran], command: Command, survey: str, tmp_path: Path
) -> None:
    asked("democrat", "--save-answers", "answers.jsonl")
    ran = command("eval", "--answers", "answers.jsonl", "--survey", survey, "--html", "page.html", "--svg", "f.svg")
    assert ran.code == 0
    page = words((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "answers in answers.jsonl" in page
    assert "chat-personas eval --answers answers.jsonl --survey town --seed 0 --refusals apart" in page
    assert "POLPARTY=Democrat" in words((tmp_path / "f.svg").read_text(encoding="utf-8"))


def test_nothing_about_the_machine_or_the_person_is_in_a_picture(asked: Callable[..., Ran], tmp_path: Path) -> None:
    persona = tmp_path / "mine.toml"
    persona.write_text(
        'schema = "chat-personas/persona@1"\nname = "mine"\ntitle = "Mine"\nsteering = "portray"\n'
        '[[groups]]\nattribute = "POLPARTY"\nvalue = "Democrat"\n'
    )
    assert asked(str(persona), "--html", "page.html", "--svg", "figure.svg").code == 0
    for name in ("page.html", "figure.svg"):
        written = (tmp_path / name).read_text(encoding="utf-8")
        assert str(tmp_path) not in written
        assert str(Path.home()) not in written
    assert "chat-personas eval mine.toml --survey town" in words((tmp_path / "page.html").read_text(encoding="utf-8"))


def test_report_makes_the_same_page_and_figure_from_the_file(
    asked: Callable[..., Ran], command: Command, survey: str, tmp_path: Path
) -> None:
    asked("democrat", "--json", "r.json", "--html", "then.html", "--svg", "then.svg")
    ran = command("report", "r.json", "--html", "now.html", "--svg", "now.svg", "--survey", survey)
    assert (ran.code, ran.err) == (0, "written: now.html\nwritten: now.svg\n")
    for kind in ("html", "svg"):
        assert (tmp_path / f"then.{kind}").read_bytes() == (tmp_path / f"now.{kind}").read_bytes()


def test_report_prints_the_tables_of_eval(asked: Callable[..., Ran], command: Command) -> None:
    info = replace(TOY, demonstration=True)
    printed = asked("democrat", "republican", "--json", "r.json", info=info).out
    ran = command("report", "r.json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == printed
    assert "says nothing about real people" in " ".join(ran.out.split())


def test_report_finds_the_wording_in_a_survey_of_ones_own_and_does_without(
    command: Command, served_by: Serve, asked: Callable[..., Ran], tmp_path: Path
) -> None:
    served_by(FakeEngine(info=TOY))
    command("eval", "democrat", "--limit", "2", "--json", "civic.json")
    assert command("report", "civic.json", "--html", "civic.html").code == 0
    civic = words((tmp_path / "civic.html").read_text(encoding="utf-8"))
    assert any(question.stem in civic for question in load_survey("civic").survey.questions)
    asked("democrat", "--json", "of-town.json")
    assert command("report", "of-town.json", "--html", "town.html").code == 0
    assert "The wording of the questions is not shown" in words((tmp_path / "town.html").read_text(encoding="utf-8"))


def test_report_refuses_another_survey(asked: Callable[..., Ran], command: Command, tmp_path: Path) -> None:
    asked("democrat", "--json", "r.json")
    other = write_survey(tmp_path / "other.json", many(20, seed=2))
    ran = command("report", "r.json", "--html", "page.html", "--survey", other)
    assert ran.code == 2
    assert "is not the survey of this report" in only_line(ran)
    assert not (tmp_path / "page.html").exists()


def test_report_names_what_is_wrong_with_the_file(command: Command, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("{}")
    for file, says in (("nowhere.json", 'there is no file "nowhere.json"'), ("r.json", "this has no schema")):
        ran = command("report", file)
        assert ran.code == 2
        assert says in only_line(ran)


def test_report_shows_several_expressions_as_eval_does(
    command: Command, served_by: Serve, survey: str, tmp_path: Path
) -> None:
    served_by(SayingEngine(say))
    asked = ["eval", "democrat", "--survey", survey, "--expression", "all", "--samples", "3"]
    printed = command(*asked, "--json", "r.json", "--html", "then.html", "--svg", "then.svg").out
    ran = command("report", "r.json", "--html", "now.html", "--svg", "now.svg", "--survey", survey)
    assert (ran.code, ran.out) == (0, printed)
    for kind in ("html", "svg"):
        assert (tmp_path / f"then.{kind}").read_bytes() == (tmp_path / f"now.{kind}").read_bytes()
    page = (tmp_path / "now.html").read_text(encoding="utf-8")
    heads = [one.text or "" for one in tree(page).iter("h2")]
    assert len(heads) == len(set(heads)) == 6
    assert set(rows(page, "Knowledge-to-simulation gaps")) == {"democrat"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--steering", "few_shot", "--shots", "4", "--calibrate"],
        ["--expression", "sampled", "--samples", "9", "--seed", "3"],
        ["--expression", "open_ended", "--samples", "2", "--judge", "pocket", "--limit", "6"],
    ],
    ids=lambda arguments: arguments[1],
)
def test_the_command_on_the_page_gives_the_same_figures(
    command: Command, survey: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    talker, judge = SayingEngine(say), ListeningEngine()
    talker.info, judge.info = replace(TOY, name="tiny"), replace(TOY, name="pocket")
    judged_by(monkeypatch, talker, judge)
    asked = ["eval", "democrat", "--survey", survey, "--model", "tiny.gguf", *arguments]
    assert command(*asked, "--json", "first.json", "--html", "page.html").code == 0
    (again,) = tree((tmp_path / "page.html").read_text(encoding="utf-8")).iterfind(".//pre/code")
    repeated = [survey if word == "town" else word for word in shlex.split(again.text or "")[1:]]
    assert command(*repeated, "--no-cache", "--json", "second.json").code == 0
    first, second = (
        Report.model_validate_json((tmp_path / name).read_text()) for name in ("first.json", "second.json")
    )
    changed = {"created", "timing", "seals"}  # the seals are those of the other two, too
    assert first.model_dump(exclude=changed) == second.model_dump(exclude=changed)


@pytest.mark.parametrize("columns", ["0", ""])
def test_a_width_of_0_is_an_unknown_width(
    asked: Callable[..., Ran], command: Command, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    asked("democrat", "--json", "r.json")
    monkeypatch.setenv("COLUMNS", "80")
    usual = command("report", "r.json")
    monkeypatch.setenv("COLUMNS", columns)
    assert command("report", "r.json") == usual
    assert "alignment" in usual.out
