"""The Python API: what a script or a notebook may rely on."""

import ast
import asyncio
import inspect
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chat_personas.corpus import Corpus
from eval import (
    AnswerError,
    Engine,
    EngineError,
    LoadedSurvey,
    Report,
    ReportError,
    SurveyError,
    compare_reports,
    evaluate,
    evaluate_matrix,
    evaluate_matrix_sync,
    evaluate_sync,
    load_answers,
    load_reports,
    load_survey,
    option_rows,
    rows,
    run_sync,
    score_answers,
)
from personas import LoadedPersona, load_persona
from tests.corpus.making import talk
from tests.eval.fake_engine import FakeEngine, Masses
from tests.eval.reports import judged_as
from tests.eval.towns import many

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "python.md"
RUN_PAGE = ROOT / "tests" / "python_page.py"
PACKAGES = ("chat_personas", "eval", "personas")
SURVEY = LoadedSurvey(many(24), Path("/home/somebody/town.json"), "cd" * 32)
DEMOCRAT = load_persona("democrat")
PLAIN = (str, int, float, bool, type(None))


def masses() -> dict[str, Masses]:
    """Answers that differ from question to question: the first option gets more and more."""
    found: dict[str, Masses] = {}
    for place, question in enumerate(SURVEY.survey.questions):
        share = (place + 1) / 30
        rest = (0.9 - share) / (len(question.options) - 1)
        found[question.id] = dict.fromkeys(question.option_texts, rest) | {question.option_texts[0]: share}
    return found


def model(**options: Any) -> FakeEngine:
    """An engine that answers so."""
    return FakeEngine(masses(), **options)


def flat(records: Sequence[dict[str, Any]]) -> bool:
    """Whether records make a table: nothing is nested, and all have the same keys in the same order."""
    plain = all(isinstance(value, PLAIN) for record in records for value in record.values())
    return plain and len({tuple(record) for record in records}) == 1


# The page


@pytest.mark.slow
def test_the_code_on_the_page_about_python_runs(tmp_path: Path) -> None:
    with Corpus.open(tmp_path / "home" / "data" / "corpus.db") as corpus:
        talk(corpus, ("What about guns?", "A short wait costs an honest buyer little."))
    here = tmp_path / "here"
    here.mkdir()
    environment = os.environ | {"CHAT_PERSONAS_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-P", str(RUN_PAGE), str(PAGE)], cwd=here, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "\n  assistant: A short wait costs an honest buyer little.\n" in done.stdout


# The names


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there_and_offered_for_completion(package: str) -> None:
    module = import_module(package)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert set(module.__all__) <= set(dir(module))


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checkers_and_python_find_a_public_name_in_the_same_module(package: str) -> None:
    module = import_module(package)
    (block,) = [each for each in ast.parse(inspect.getsource(module)).body if isinstance(each, ast.If)]
    found = [each for each in block.body if isinstance(each, ast.ImportFrom)]
    for_checkers = {str(each.module): tuple(name.name for name in each.names) for each in found}
    assert for_checkers == module._MODULES
    assert set(module.__all__) - {"__version__"} == set(module._MODULE_OF)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_public_name_is_that_of_a_module_which_would_take_its_place(package: str) -> None:
    module = import_module(package)
    folder = Path(str(module.__file__)).parent
    modules = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert modules & set(module.__all__) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_that_is_not_public_is_an_attribute_error_as_of_any_module(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        getattr(import_module(package), "nothing")  # noqa: B009


def test_importing_the_packages_imports_none_of_their_modules() -> None:
    code = "import chat_personas, eval, personas, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    assert {name for name in loaded if name.startswith(tuple(f"{package}." for package in PACKAGES))} == set()
    assert {"numpy", "scipy", "pydantic", "openai", "llama_cpp"} & loaded == set()


# Forms that block


async def test_the_form_that_blocks_gives_the_same_report_also_inside_a_running_event_loop() -> None:
    awaited = await evaluate(model(), DEMOCRAT, SURVEY, limit=20)
    blocked = evaluate_sync(model(), DEMOCRAT, SURVEY, limit=20)
    assert blocked.questions == awaited.questions
    assert blocked.scores == awaited.scores


def test_a_matrix_is_made_without_an_event_loop() -> None:
    blocked = evaluate_matrix_sync(model(), [DEMOCRAT], SURVEY)
    awaited = asyncio.run(evaluate_matrix(model(), [DEMOCRAT], SURVEY))
    assert blocked.rows == awaited.rows


@pytest.mark.parametrize(("blocking", "form"), [(evaluate_sync, evaluate), (evaluate_matrix_sync, evaluate_matrix)])
def test_the_form_that_blocks_shows_the_parameters_and_says_where_it_runs(blocking: Any, form: Any) -> None:
    assert inspect.signature(blocking) == inspect.signature(form)
    assert "in a thread of its own" in blocking.__doc__
    assert blocking.__name__ == f"{form.__name__}_sync"
    assert not inspect.iscoroutinefunction(blocking)


def test_all_calls_that_block_share_one_thread_that_is_not_the_callers() -> None:
    async def where() -> tuple[threading.Thread, asyncio.AbstractEventLoop]:
        return threading.current_thread(), asyncio.get_running_loop()

    thread, loop = run_sync(where())
    assert run_sync(where()) == (thread, loop)
    assert thread is not threading.current_thread()


def test_what_goes_wrong_is_raised_to_the_caller() -> None:
    with pytest.raises(SurveyError):
        evaluate_sync(model(), LoadedPersona(load_persona("catholic").persona, Path("a.toml"), "ab" * 32), SURVEY)


def test_blocking_from_within_a_call_that_blocks_is_an_error_and_no_deadlock() -> None:
    def progress(done: int, total: int) -> None:
        evaluate_sync(model(), DEMOCRAT, SURVEY)

    with pytest.raises(RuntimeError, match="use the form with await"):
        evaluate_sync(model(), DEMOCRAT, SURVEY, progress=progress)


def test_an_interruption_stops_the_model_before_it_reaches_the_caller() -> None:
    stopped = []

    async def never_ends() -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.append(True)
            raise

    with pytest.raises(KeyboardInterrupt):
        run_sync(never_ends())
    assert stopped == [True]


def test_an_engine_of_ones_own_inherits_from_nothing() -> None:
    assert isinstance(model(), Engine)


# Records


def test_a_report_is_one_flat_record_for_each_question_that_was_put() -> None:
    report = evaluate_sync(model(failures={"Q3/survey": "it would not say"}), DEMOCRAT, SURVEY)
    records = rows(report)
    assert flat(records)
    assert sorted(str(record["question"]) for record in records) == sorted(each.id for each in SURVEY.survey.questions)
    failed = [record for record in records if record["failure"] is not None]
    assert [(each["question"], each["alignment"], each["valid"]) for each in failed] == [("Q3", None, None)]
    aligned = [record["alignment"] for record in records if record["failure"] is None]
    assert np.mean(aligned) == pytest.approx(report.scores.alignment.mean if report.scores.alignment else None)
    assert records[0]["groups"] == "POLPARTY=Democrat"


def test_a_question_answered_with_refusals_only_has_a_record_with_a_refusal_of_1() -> None:
    report = evaluate_sync(FakeEngine(masses() | {"Q3": {"No answer": 0.8}}), DEMOCRAT, SURVEY)
    (record,) = [each for each in rows(report) if each["question"] == "Q3"]
    assert (record["refusal"], record["label_mass"], record["alignment"]) == (1.0, pytest.approx(0.8), None)
    assert record["failure"] == "answered with refusals only"


def test_each_option_of_a_question_has_a_record_with_the_shares_of_people_and_model() -> None:
    report = evaluate_sync(model(), DEMOCRAT, SURVEY)
    records = option_rows(report)
    assert flat(records)
    of_one = [record for record in records if record["question"] == "Q1"]
    assert [record["option"] for record in of_one] == ["option 1", "option 2", "option 3"]
    for column in ("human", "model", "survey_order", "reversed_order"):
        assert sum(float(record[column] or 0) for record in of_one) == pytest.approx(1)
    assert of_one[0]["model"] == pytest.approx(2 / 30 / 0.9)


def test_a_matrix_is_one_flat_record_for_each_row_and_group() -> None:
    matrix = evaluate_matrix_sync(model(), [DEMOCRAT], SURVEY)
    records = rows(matrix)
    assert flat(records)
    assert [(each["persona"], each["value"]) for each in records] == [
        (name, value) for name in ("unsteered", "democrat") for value in (None, "Republican", "Democrat")
    ]
    assert records[1]["alignment"] == matrix.rows[0].cells[1].alignment.mean


def test_a_comparison_is_one_flat_record_for_each_difference() -> None:
    a = evaluate_sync(model(), DEMOCRAT, SURVEY)
    b = judged_as(evaluate_sync(FakeEngine(), DEMOCRAT, SURVEY), "sound")
    comparison = compare_reports(a, b, names=("before", "after"))
    records = rows(comparison)
    assert flat(records)
    assert [(each["over"], each["measure"]) for each in records] == [
        ("valid in both", measure) for measure in ("alignment", "total_variation")
    ]
    assert {(each["a"], each["b"]) for each in records} == {("before", "after")}
    by_question = {record["question"]: record for record in rows(b)}
    differences = [
        float(by_question[each["question"]]["alignment"] or 0) - float(each["alignment"] or 0) for each in rows(a)
    ]
    assert records[0]["mean"] == pytest.approx(np.mean(differences))


def test_several_reports_make_one_table_and_documents_of_two_kinds_do_not() -> None:
    report = judged_as(evaluate_sync(model(), DEMOCRAT, SURVEY, limit=4), "sound")
    assert len(rows(report, report)) == 8
    assert rows() == []
    with pytest.raises(TypeError, match="documents of one kind"):
        rows(report, compare_reports(report, report))


def test_pandas_takes_the_records_as_a_table() -> None:
    pandas = pytest.importorskip("pandas")
    report = evaluate_sync(model(), DEMOCRAT, SURVEY, limit=4)
    table = pandas.DataFrame(rows(report))
    assert table.shape == (4, len(rows(report)[0]))


# Answers in memory


def guesses(share: Any = 0.5) -> list[dict[str, Any]]:
    """Answers of two groups to the first question, which has two options."""
    return [
        {
            "question": "Q0",
            "group": {"attribute": "POLPARTY", "value": value},
            "distribution": {"option 1": share, "option 2": 1 - share},
        }
        for value in ("Democrat", "Republican")
    ]


def test_answers_in_memory_are_scored_as_those_of_a_file_are(tmp_path: Path) -> None:
    file = tmp_path / "guesses.jsonl"
    file.write_text("".join(f"{json.dumps(guess)}\n" for guess in guesses()))
    from_file = score_answers(load_answers(file, SURVEY), SURVEY)
    in_memory = score_answers(guesses(), SURVEY, name="guesses.jsonl")
    assert [timeless(each) for each in in_memory] == [timeless(each) for each in from_file]
    assert [each.persona.name for each in in_memory] == ["POLPARTY=Democrat", "POLPARTY=Republican"]


def timeless(report: Report) -> dict[str, Any]:
    """A report without when it was made and how long that took."""
    return report.model_dump(exclude={"created", "timing"})


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_shares_may_be_numpys_numbers(kind: Any) -> None:
    assert score_answers(guesses(kind(0.5)), SURVEY)[0].questions[0].model == (0.5, 0.5)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([], "there are no answers"),
        ([*guesses(), guesses()[0]], 'answer 3: answer 1 answers "Q0" for the same group'),
        ([guesses()[0], guesses()[1] | {"question": "Q99"}], "answer 2: the survey town has no question"),
        ([guesses()[0] | {"distribution": object()}], "answer 1: a value of type object is not JSON"),
        ([guesses()[0] | {"distribution": {("a", "b"): 1}}], "answer 1: keys must be str"),
    ],
)
def test_a_fault_in_an_answer_is_one_line_that_says_which(answers: list[Any], said: str) -> None:
    with pytest.raises(AnswerError) as raised:
        score_answers(answers, SURVEY)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


# Reports and files


def test_a_report_that_follows_the_letters_is_not_compared() -> None:
    report = evaluate_sync(model(), DEMOCRAT, SURVEY)
    sound, lettered = judged_as(report, "sound"), judged_as(report, "follows_letters")
    with pytest.raises(ReportError, match=r"B is not sound \(verdict follows_letters\)"):
        compare_reports(sound, lettered)
    assert len(rows(compare_reports(sound, sound))) == 2


def test_a_report_whose_judge_errs_too_often_is_not_compared() -> None:
    report = judged_as(evaluate_sync(model(), DEMOCRAT, SURVEY, limit=4), "sound")
    judge = {
        "name": "toy",
        "engine": "fake",
        "sha256": None,
        "error": {"mean": 0.6, "low": None, "high": None},
        "statements": 12,
        "limit": 0.2,
    }
    judged = Report.model_validate(report.model_dump(by_alias=True) | {"judge": judge})
    with pytest.raises(ReportError, match=r"B is not sound: the judge errs with probability 0\.60, above 0\.2;"):
        compare_reports(report, judged)


def test_a_path_is_always_a_file_never_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("democrat").write_bytes(DEMOCRAT.path.read_bytes() + b"\n")
    assert load_persona(Path("democrat")).sha256 != DEMOCRAT.sha256
    with pytest.raises(SurveyError):
        load_survey(Path("civic"))
    report = evaluate_sync(model(), DEMOCRAT, SURVEY, limit=4)
    Path("report.json").write_text(report.to_json())
    assert load_reports(Path("report.json")) == (report,)


def test_an_engine_that_fails_says_so_as_an_engine_error() -> None:
    class Broken(FakeEngine):
        async def score(self, prefix: Any, probes: Any) -> Any:
            raise EngineError("the model is gone")
            yield

    with pytest.raises(EngineError, match="the model is gone"):
        evaluate_sync(Broken(), DEMOCRAT, SURVEY)
