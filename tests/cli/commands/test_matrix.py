"""`matrix` at the command line: personas and the unsteered model beside every group."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.engine import Engine, EngineInfo
from eval.matrix.asking import all_prompts
from eval.matrix.models import MatrixReport
from personas import Group, load_persona, system_prompt
from tests.cli.commands.test_eval_expressions import JUDGE_ERRS, judged_by, say
from tests.cli.running import Command, Ran, only_line, write_survey
from tests.eval.expression.test_open_ended import ListeningEngine
from tests.eval.fake_engine import FakeEngine
from tests.eval.prompted_engine import PromptedEngine
from tests.eval.saying_engine import SayingEngine
from tests.eval.towns import leaning, many, question, town
from tests.reporting.reading import rows, tree, words

Serve = Callable[[Engine], None]

FIGURE = re.compile(r"(?<![0-9])-?[01]\.[0-9]{2,3}\b")
PARTIES = {"Democrat": (3, 1), "Republican": (1, 3), "Independent": (2, 2), "Other": (4, 1)}


def said(text: str) -> str:
    return " ".join(text.split())


def test_the_tables_show_every_row_group_and_measure(command: Command, served_by: Serve, survey: str) -> None:
    served_by(FakeEngine(leaning(20)))
    ran = command("matrix", "democrat", "republican", "--survey", survey)
    assert (ran.code, ran.err) == (0, "")
    out = said(ran.out)
    for wanted in ("unsteered", "democrat", "people, best", "people, worst", "everyone", "Republican"):
        assert wanted in out
    assert "alignment over 20 questions" in out
    assert "its own group has rank" in out
    assert "most often the nearest:" in out
    assert "(representativeness)" in out
    assert "(the best steering per question; uses the answers: an upper bound)" in out
    assert "POLPARTY" in out
    assert "the share of 3 topics" in out
    assert re.search(r"\(chance 0\.\d\d, p [01]\.\d{4}\)", out)
    assert "best prompt (qa)" in out, "of equal means the first"


def test_countries_are_groups_to_keep_to(command: Command, served_by: Serve, tmp_path: Path) -> None:
    served_by(FakeEngine())
    japan, ghana = Group.parse("COUNTRY=Japan"), Group.parse("COUNTRY=Ghana")
    asked = [question(f"Q{number}", {japan: (3, 1), ghana: (1, 3)}, overall=(4, 4)) for number in range(3)]
    survey = write_survey(tmp_path / "world.json", town(*asked))
    ran = command("matrix", "democrat", "--survey", survey, "--groups", "COUNTRY", "--json", "m.json")
    assert ran.code == 0
    document = json.loads((tmp_path / "m.json").read_text())
    assert [each["group"] for each in document["targets"]] == [
        None,
        {"attribute": "COUNTRY", "value": "Ghana"},
        {"attribute": "COUNTRY", "value": "Japan"},
    ]


def test_an_attribute_of_ones_own_can_be_kept_to(command: Command, served_by: Serve, tmp_path: Path) -> None:
    served_by(FakeEngine())
    member, outside = Group.parse("UNION=Member"), Group.parse("UNION=Outside")
    asked = [question(f"Q{number}", {member: (3, 1), outside: (1, 3)}, overall=(4, 4)) for number in range(3)]
    survey = write_survey(tmp_path / "works.json", town(*asked))
    ran = command(
        "matrix",
        "democrat",
        "--survey",
        survey,
        "--groups",
        "UNION",
        "--show-invalid",
        "--json",
        "m.json",
        "--html",
        "m.html",
    )
    assert ran.code == 0
    assert "Outside (UNION)" in ran.out
    assert [
        target["group"] and target["group"]["value"] for target in json.loads(Path("m.json").read_text())["targets"]
    ] == [
        None,
        "Member",
        "Outside",
    ]
    assert "Member (UNION)" in words(Path("m.html").read_text())
    assert 'did you mean "UNION"?' in only_line(command("matrix", "democrat", "--survey", survey, "--groups", "UNON"))


def test_the_closest_groups_are_said_to_be_some_of_all_where_not_all_are_named(
    command: Command, served_by: Serve, tmp_path: Path
) -> None:
    served_by(FakeEngine(leaning(20)))
    figures = {Group.parse(f"POLPARTY={party}"): counts for party, counts in PARTIES.items()}
    four = town(*(question(f"Q{number}", figures, overall=(4, 4)) for number in range(20)))
    survey = write_survey(tmp_path / "four.json", four)
    ran = command("matrix", "democrat", "--survey", survey, "--groups", "POLPARTY")
    assert "most often the nearest (3 of 4 groups): " in ran.out
    first = dict(list(figures.items())[:3])
    three = town(*(question(f"Q{number}", first, overall=(4, 4)) for number in range(20)))
    survey = write_survey(tmp_path / "three.json", three)
    assert "most often the nearest: " in command("matrix", "democrat", "--survey", survey, "--groups", "POLPARTY").out


def test_a_document_on_standard_output_stands_alone(command: Command, served_by: Serve, survey: str) -> None:
    served_by(FakeEngine(leaning(20)))
    ran = command("matrix", "democrat", "--survey", survey, "--groups", "POLPARTY", "--json", "-")
    report = MatrixReport.model_validate_json(ran.out)
    assert json.loads(ran.out)["schema"] == "chat-personas/matrix@2"
    assert (report.attribute, [row.name for row in report.rows]) == ("POLPARTY", ["unsteered", "democrat"])
    assert "steerability" in ran.err


def test_a_document_in_a_file_holds_the_same_figures_every_time(
    command: Command, served_by: Serve, survey: str
) -> None:
    for file in ("one.json", "two.json"):
        served_by(FakeEngine())
        assert command("matrix", "democrat", "--survey", survey, "--json", file).code == 0
    one, two = (MatrixReport.model_validate_json(Path(file).read_text()) for file in ("one.json", "two.json"))
    assert (one.rows, one.targets, one.steerability) == (two.rows, two.targets, two.steerability)


def test_under_20_questions_there_is_no_interval_and_no_score_unless_asked_for(
    command: Command, served_by: Serve, survey: str
) -> None:
    served_by(FakeEngine(leaning(20)))
    asked = ["matrix", "democrat", "--survey", survey, "--limit", "6"]
    ran = command(*asked)
    assert "too few questions to check whether the model follows the letters" in said(ran.out)
    assert FIGURE.search(ran.out) is None
    shown = command(*asked, "--show-invalid").out
    assert "under 20 questions: no intervals" in shown
    assert "[" not in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["democrat", "republican", "democrat"], "the persona democrat is named twice; name each once"),
        (["democrat", "--groups", "POLPARTI"], 'did you mean "POLPARTY"?'),
        (["democrat", "--groups", "POLPARTY", "--groups", "SEX"], "takes one attribute, not POLPARTY and SEX"),
        (["democrat", "--groups", "RACE"], 'the survey "town" has no figures for two groups of RACE'),
        (["democart"], '"democrat"'),
        (["democrat", "--limit", "0"], "--limit"),
        (["democrat", "--json", "nowhere/m.json"], "there is no directory nowhere"),
        ([], "PERSONA"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_asked(
    command: Command, served_by: Serve, survey: str, arguments: list[str], says: str
) -> None:
    engine = FakeEngine()
    served_by(engine)
    ran = command("matrix", *arguments, "--survey", survey)
    assert ran.code == 2
    assert says in only_line(ran)
    assert engine.asked == []


def test_another_machine_is_probed_only_after_the_person_agreed(
    command: Command, served_by: Serve, survey: str
) -> None:
    info = EngineInfo(name="https://far.example/v1#big", engine="openai", log_probabilities="exact", local=False)
    engine = FakeEngine(info=info)
    served_by(engine)
    ran = command("matrix", "democrat", "--survey", survey)
    assert ran.code == 2
    assert "sends 160 requests to https://far.example/v1#big" in only_line(ran)  # 4 prompts, 20 questions, 2 orders
    assert engine.asked == []
    assert command("matrix", "democrat", "--survey", survey, "--yes").code == 0
    assert len(engine.asked) == 160


def test_a_demonstration_is_called_one_before_any_figure(command: Command, served_by: Serve, survey: str) -> None:
    info = EngineInfo(name="toy", engine="llama", log_probabilities="exact", demonstration=True)
    served_by(FakeEngine(leaning(20), info=info))
    out = said(command("matrix", "democrat", "--survey", survey).out)
    assert out.index("says nothing about real people") < out.index("everyone")


def test_a_question_that_fails_is_named_and_left_out(command: Command, served_by: Serve, survey: str) -> None:
    served_by(FakeEngine(failures={"Q3/survey": "too long for \x1b[2J the context"}))
    ran = command("matrix", "democrat", "--survey", survey)
    assert ran.code == 0
    assert "failed: Q3: survey order: too long for ␛[2J the context" in ran.out
    assert "1 of 20 questions left out of the table" in ran.out


def test_a_survey_whose_years_nobody_knows_has_its_tables(command: Command, served_by: Serve, tmp_path: Path) -> None:
    served_by(FakeEngine())
    undated = write_survey(tmp_path / "undated.json", many(3).model_copy(update={"years": ()}))
    ran = command("matrix", "democrat", "--survey", undated)
    assert (ran.code, ran.err) == (0, "")
    assert "(original wording, unweighted, years not stated)" in said(ran.out)


@pytest.mark.slow
def test_another_expression_is_asked_of_the_built_in_model_under_every_prompt(command: Command) -> None:
    asking = ["--groups", "POLPARTY", "--limit", "2", "--expression", "verbalized", "--no-cache"]
    ran = command("matrix", "democrat", *asking, "--json", "m.json")
    assert ran.code == 0
    report = MatrixReport.model_validate_json(Path("m.json").read_text())
    assert (report.expression, report.judge) == ("verbalized", None)
    assert report.replies is not None
    # 4 prompts (none, and democrat by three steerings), 2 questions, 2 orders; an order that fails ends its question.
    assert 4 * 2 <= report.replies.asked <= 4 * 2 * 2
    assert report.replies.constraint == "grammar"
    assert "· verbalized ·" in said(ran.out)
    again = command("matrix", "democrat", *asking, "--json", "-")
    assert MatrixReport.model_validate_json(again.out).rows == report.rows


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--expression", "all"], "--expression"),
        (["--expression", "openended"], 'did you mean "open_ended"?'),
        (["--samples", "5"], "--samples is for sampled and open_ended"),
        (["--judge", "pocket"], "--judge is for open_ended"),
    ],
)
def test_how_it_is_asked_must_go_together(
    command: Command, served_by: Serve, survey: str, arguments: list[str], says: str
) -> None:
    engine = FakeEngine()
    served_by(engine)
    ran = command("matrix", "democrat", "--survey", survey, *arguments)
    assert (ran.code, engine.asked) == (2, [])
    assert says in only_line(ran)


def in_own_words(command: Command, survey: str, monkeypatch: pytest.MonkeyPatch, right: float, *more: str) -> Ran:
    """Make a matrix in own words, judged by `pocket` with this much on what a statement names."""
    judged_by(monkeypatch, SayingEngine(say), ListeningEngine(right))
    asking = ["--model", "tiny.gguf", "--expression", "open_ended", "--judge", "pocket"]
    return command("matrix", "democrat", "--survey", survey, *asking, *more)


def test_known_statements_are_counted_once_whatever_the_number_of_prompts(
    command: Command, survey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = in_own_words(command, survey, monkeypatch, 0.9, "--json", "m.json")
    assert f"the judge listening errs in {JUDGE_ERRS:.1f} of 100 known statements" in said(first.err + first.out)
    again = in_own_words(command, survey, monkeypatch, 0.9)
    # 4 prompts, 20 questions, 5 replies, each judged in two orders; 110 known statements in two orders.
    replies = 4 * 20 * 5
    assert f"{3 * replies + 2 * 110} of {3 * replies + 2 * 110} answers came from the cache" in again.err


def test_of_what_is_not_valid_no_figure_is_on_screen_page_or_picture(
    command: Command, survey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ["--json", "m.json", "--html", "m.html", "--svg", "m.svg"]
    ran = in_own_words(command, survey, monkeypatch, 0.5, *wanted)
    assert ran.code == 0
    assert "not sound: the judge itself errs in 47.4 of 100 options in other words (listening;" in said(ran.out)
    assert MatrixReport.model_validate_json(Path("m.json").read_text()).rows[0].cells[0].alignment.mean > 0
    page, figure = Path("m.html").read_text(), Path("m.svg").read_text()
    for shown in (ran.out, words(page).partition("To repeat this run")[0], words(figure)):
        assert "errs in 47.4 of 100" in said(shown)
        assert re.search(r"\b[01]\.[0-9]{3}\b", shown) is None
        assert "sounds" not in shown
    assert "--expression open_ended --samples 5 --judge listening" in words(page)


SHOWING = ("--html", "m.html", "--svg", "m.svg", "--json", "m.json")
AGREEMENT = re.compile(r"\(order agreement [^)]*\)|order agreement \S+ \[[^]]*\]")


def without_agreement(text: str) -> str:
    """Return what is shown less the figures that say why: the order agreement and what is needed of it."""
    return AGREEMENT.sub("", said(text))


def test_of_rows_that_follow_the_letters_no_score_is_on_screen_page_or_picture(
    command: Command, served_by: Serve, survey: str
) -> None:
    served_by(FakeEngine())
    ran = command("matrix", "democrat", "--survey", survey, *SHOWING)
    assert ran.code == 0
    page, figure = (Path(file).read_text(encoding="utf-8") for file in ("m.html", "m.svg"))
    for shown in (ran.out, words(page).partition("Repeat this run")[0].partition("Validity")[0], words(figure)):
        assert FIGURE.search(without_agreement(shown)) is None
        for word in ("nearest", "rank", "oracle", "interval of"):
            assert word not in shown
    assert "unsteered: not sound: the model follows the letters, not the answers (order agreement 0.000" in said(
        ran.out
    )
    assert said(ran.out).count("use a larger model") == 2 + 4, "both rows, and four prompts of the steerability"
    row = MatrixReport.model_validate_json(Path("m.json").read_text()).rows[1]
    assert (row.verdict.finding, row.cells[0].alignment.mean > 0) == ("follows_letters", True)


def of_the_model(out: str) -> str:
    """Return the lines that have no mark, less what is about people and the reasons why something is not sound."""
    tables = [block for block in out.split("\n\n") if "people, " not in block or "(not sound)" in block]
    left = (line for block in tables for line in block.splitlines() if "(not sound)" not in line)
    return re.sub(r"people: best .*? worst \S+ \[[^]]*\]", "", without_agreement(" ".join(left)))


@pytest.mark.parametrize("columns", ["60", "80", "400"])
def test_figures_that_are_not_sound_are_shown_on_request_and_marked_in_every_line(
    command: Command, served_by: Serve, survey: str, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    served_by(FakeEngine())
    ran = command("matrix", "democrat", "--survey", survey, "--show-invalid", *SHOWING)
    report = MatrixReport.model_validate_json(Path("m.json").read_text())
    assert f"{report.rows[0].cells[0].alignment.mean:.3f}" in ran.out
    for kind in (
        "worth in people",
        "steering slope",
        "nearest group",
        "most often the nearest",
        "own group has rank",
        "oracle",
        "POLPARTY",
    ):
        assert kind in ran.out
    assert FIGURE.search(of_the_model(ran.out)) is None
    page = tree(Path("m.html").read_text(encoding="utf-8"))
    for line in ("".join(row.itertext()) for row in page.iter("tr")):
        if FIGURE.search(line) and "people" not in line and "follows letters" not in line:
            assert "not sound" in line
    assert FIGURE.search(without_agreement(words(Path("m.svg").read_text(encoding="utf-8")))) is None


def test_a_sound_row_keeps_its_figures_beside_one_that_is_not(
    command: Command, survey: str, monkeypatch: pytest.MonkeyPatch, served_by: Serve
) -> None:
    steered = system_prompt(load_persona("democrat").persona)
    prompts = all_prompts([load_persona("democrat")])
    served_by(PromptedEngine({prompt: {} if prompt == steered else leaning(20) for prompt in prompts}))
    monkeypatch.setenv("COLUMNS", "200")
    ran = command("matrix", "democrat", "--survey", survey, "--html", "m.html")
    assert "democrat (portray): not sound: the model follows the letters" in ran.out
    assert re.search(r"^everyone +0\.\d{3}", ran.out, re.MULTILINE)
    assert "unsteered: nearest group" in ran.out
    assert "democrat: nearest" not in ran.out
    assert "portray: not sound: the model follows the letters" in ran.out
    assert "(representativeness)" not in ran.out, "steerability needs every prompt"
    page = words(Path("m.html").read_text(encoding="utf-8"))
    assert "Democrat (portray): not sound" in page
    assert "oracle" not in page


def test_the_slope_needs_a_sound_unsteered_model(
    command: Command, survey: str, served_by: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    served_by(PromptedEngine({p: leaning(20) if p else {} for p in all_prompts([load_persona("democrat")])}))
    ran = command("matrix", "democrat", "--survey", survey, "--html", "m.html")
    assert "steering slope  not sound (unsteered)" in ran.out
    assert re.search(r"worth in people +\d", ran.out)
    page = Path("m.html").read_text(encoding="utf-8")
    beside = rows(page, "Each row beside the people of its own group")["democrat (portray)"]
    assert (beside[:2], beside[-1]) == (["Democrat", "20"], "not sound (unsteered)")
    shown = command("matrix", "democrat", "--survey", survey, "--show-invalid").out
    assert re.search(r"steering slope +\S+ .*\(not sound\)", shown)


def annotators(name: str = "humans.jsonl") -> str:
    """Write answers of annotators who say what Democrats say, and return the file's name."""
    lines = []
    for asked in many(20).questions:
        counts = asked.responses["POLPARTY"]["Democrat"].options
        shares = {text: count / sum(counts) for text, count in zip(asked.option_texts, counts, strict=True)}
        group = {"attribute": "POLPARTY", "value": "Democrat"}
        lines.append(json.dumps({"question": asked.id, "group": group, "distribution": shares}))
    Path(name).write_text("\n".join(lines), encoding="utf-8")
    return name


def test_annotators_stand_beside_the_model_on_screen_page_and_picture(
    command: Command, served_by: Serve, survey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    served_by(FakeEngine(leaning(20)))
    ran = command("matrix", "democrat", "--survey", survey, "--answers", f"people={annotators()}", *SHOWING)
    assert (ran.code, ran.err) == (0, "written: m.html\nwritten: m.svg\n")
    assert "people: nearest group: Democrat 1.000 [1.000, 1.000], clearly first" in ran.out
    assert "worth in people 100,000 [100,000, 100,000]" in ran.out, "they are the group itself"
    assert ran.out.count("steering slope  ") == 1, "the model's, which was steered"
    page, figure = (Path(file).read_text(encoding="utf-8") for file in ("m.html", "m.svg"))
    assert rows(page, "Validity")["people"][0] == "given"
    for document in (page, figure):
        said = words(document)
        assert "Simulated by a language model, not a poll (answers from a file: people)." in said
    assert "--answers people=humans.jsonl" in words(page)
    assert "chat-personas matrix democrat --survey" in words(page), "answers from a file are no persona to name"


def test_questions_that_a_file_leaves_out_are_counted_and_in_no_row(
    command: Command, served_by: Serve, tmp_path: Path
) -> None:
    served_by(FakeEngine(leaning(22)))
    survey = write_survey(tmp_path / "larger.json", many(22))
    ran = command("matrix", "democrat", "--survey", survey, "--answers", annotators())
    assert "alignment over 20 questions" in said(ran.out)
    assert "2 of 22 questions have no answer in a file, and are in no row" in said(ran.out)
    assert "failed: Q20: no answer in the file (humans.jsonl)" in said(ran.out)


def test_a_file_of_answers_is_called_by_its_base_name_unless_it_has_a_label(
    command: Command, served_by: Serve, survey: str
) -> None:
    served_by(FakeEngine(leaning(20)))
    Path("some").mkdir()
    files = ["--answers", annotators("some/humans.jsonl"), "--answers", annotators("a=b.jsonl")]
    assert command("matrix", "democrat", "--survey", survey, *files, "--json", "m.json").code == 0
    report = MatrixReport.model_validate_json(Path("m.json").read_text())
    assert [row.name for row in report.rows[2:]] == ["humans.jsonl", "a=b.jsonl"]


def test_annotators_are_shown_beside_a_model_that_follows_the_letters(
    command: Command, served_by: Serve, survey: str
) -> None:
    served_by(FakeEngine())
    ran = command("matrix", "democrat", "--survey", survey, "--answers", f"people={annotators()}")
    assert "people: nearest group: Democrat 1.000 [1.000, 1.000]" in said(ran.out)
    assert "unsteered: not sound" in ran.out


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["nobody.jsonl"], "nobody.jsonl"),
        (["=humans.jsonl"], "the label is not a name; write LABEL=FILE"),
        (["x=humans.jsonl", "x=humans.jsonl"], 'two files of answers are called "x"'),
        (["democrat=humans.jsonl"], 'two rows are called "democrat"'),
    ],
)
def test_answers_that_cannot_be_a_row_are_refused_before_anything_is_asked(
    command: Command, served_by: Serve, survey: str, given: list[str], says: str
) -> None:
    annotators()
    engine = FakeEngine(leaning(20))
    served_by(engine)
    ran = command("matrix", "democrat", "--survey", survey, *(word for file in given for word in ("--answers", file)))
    assert ran.code == 2
    assert says in only_line(ran)
    assert engine.asked == []
