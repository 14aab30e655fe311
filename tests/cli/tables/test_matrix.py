"""`matrix --html` and `matrix --svg`: the figures of the document, on a page and in a figure."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from chat_personas.cli.commands import matrix
from chat_personas.reporting.why_missing import missing_in_matrix
from eval.engine import Engine, EngineInfo
from eval.matrix.models import MatrixReport
from eval.report import Score
from tests.cli.running import Command, only_line
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import leaning
from tests.reporting.reading import LOADING, rows, seen, tree, words

Serve = Callable[[Engine], None]
TOY = EngineInfo(name="toy", engine="llama", log_probabilities="exact")


@pytest.fixture
def made(command: Command, served_by: Serve, survey: str, tmp_path: Path) -> tuple[MatrixReport, str, str]:
    """The document, the page and the figure of two personas beside the parties."""
    served_by(FakeEngine(leaning(20), info=replace(TOY, demonstration=True)))
    wanted = ["--json", "m.json", "--html", "m.html", "--svg", "m.svg"]
    ran = command("matrix", "democrat", "republican", "--survey", survey, "--groups", "POLPARTY", *wanted)
    assert (ran.code, ran.err) == (0, "written: m.html\nwritten: m.svg\n")
    document, page, figure = ((tmp_path / f"m.{kind}").read_text(encoding="utf-8") for kind in ("json", "html", "svg"))
    return MatrixReport.model_validate_json(document), page, figure


def test_every_cell_of_the_document_is_on_the_page(made: tuple[MatrixReport, str, str]) -> None:
    report, page, _ = made
    shown = rows(page, "Alignment: 1 = identical answers")
    shares = rows(page, "The share of questions on which a group is the nearest")
    for place, target in enumerate(report.targets):
        name = "everyone" if target.group is None else target.group.value
        for column, row in enumerate(report.rows):
            found = row.cells[place].alignment
            assert shown[name][column] == f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"
            confusion = row.cells[place].confusion
            if confusion is not None:
                assert shares[name][column].startswith(f"{confusion.mean:.3f}")
    assert "people, best" in words(page)


def test_steerability_and_consistency_are_on_the_page_with_people_beside_them(
    made: tuple[MatrixReport, str, str],
) -> None:
    report, page, _ = made
    found = report.steerability[0]
    shown = rows(page, "democrat: alignment with Democrat, over 20 questions")
    assert shown["oracle"][0].startswith(f"{found.steerings[-1].alignment.mean:.3f}")
    assert shown["oracle"][1] == "0.000 [+0.000, +0.000]", "a model that hears no prompt gains nothing from any"
    assert {"qa", "bio", "portray", "people, best", "unsteered (representativeness)"} <= set(shown)
    assert "The share of 3 topics whose nearest group is the nearest over all topics" in words(page)


def test_numbers_that_are_missing_say_why(made: tuple[MatrixReport, str, str]) -> None:
    report, page, _ = made
    over_topics = "under 20 topics: no intervals for consistency, they would be unreliable"
    assert list(missing_in_matrix(report)) == [over_topics]
    assert over_topics[1:] in words(page)
    flat = {"spread_ratio": None, "steering_slope": None}
    without = report.model_copy(update={"rows": tuple(row.model_copy(update=flat) for row in report.rows)})
    assert list(missing_in_matrix(without)) == [
        "no spread ratio for democrat or republican: all people gave the same answer",
        "no steering slope for democrat or republican: the group differs from everyone by little more than chance, "
        "or there are no counts of both",
        over_topics,
    ]
    (first, *others), unbounded = report.steerability, Score(mean=0.8, low=None, high=None)
    fewer = report.model_copy(
        update={
            "steerability": (first.model_copy(update={"unsteered": unbounded}), *others),
            "targets": tuple(target.model_copy(update={"humans": None}) for target in report.targets),
            "rows": tuple(row.model_copy(update={"consistency": ()}) for row in report.rows),
        }
    )
    assert list(missing_in_matrix(fewer)) == [
        "under 20 questions: no intervals for the steerability of democrat, they would be unreliable",
        "no people to compare a group with: the table has no other group",
        "no consistency: it needs two groups of one attribute",
    ]


def test_the_page_stands_alone_and_says_how_to_repeat_the_run(made: tuple[MatrixReport, str, str]) -> None:
    report, page, _ = made
    found = seen(page)
    assert not found.names & LOADING
    assert found.addresses == []
    command = "chat-personas matrix democrat republican --groups POLPARTY --survey town --model toy.gguf --seed 0"
    assert command in words(page)
    assert report.survey.sha256 in words(page)
    assert "emonstration model: says nothing about real people" in words(page)


def test_the_figure_marks_the_own_group_of_each_row(made: tuple[MatrixReport, str, str]) -> None:
    report, _, figure = made
    assert [[group.value for group in row.groups] for row in report.rows] == [[], ["Democrat"], ["Republican"]]
    marks = [one.get("class") for one in tree(figure).iter() if (one.get("class") or "").startswith("mark ")]
    assert marks.count("mark persona") == 2
    assert marks.count("mark population") == 3, "everyone, in each row"
    said = words(figure)
    assert said.index("unsteered") < said.index("democrat (portray)") < said.index("people: mean over the other groups")
    assert "Demonstration model: says nothing about real people." in said


def test_documents_are_written_although_the_tables_cannot_be_printed(
    command: Command, served_by: Serve, survey: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody_reads(*arguments: object, **options: object) -> None:
        raise RuntimeError("the terminal is gone")

    monkeypatch.setattr(matrix, "print_matrix", nobody_reads)
    served_by(FakeEngine(info=TOY))
    assert command("matrix", "democrat", "--survey", survey, "--json", "m.json", "--svg", "m.svg").code != 0
    MatrixReport.model_validate_json((tmp_path / "m.json").read_text())
    assert (tmp_path / "m.svg").is_file()


def test_a_destination_that_cannot_be_is_said_before_anything_is_asked(
    command: Command, served_by: Serve, survey: str
) -> None:
    engine = FakeEngine(info=TOY)
    served_by(engine)
    ran = command("matrix", "democrat", "--survey", survey, "--svg", "nowhere/m.svg")
    assert ran.code == 2
    assert "there is no directory nowhere" in only_line(ran)
    assert engine.asked == []
