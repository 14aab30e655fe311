"""`eval` at the command line: tables for people, a document for programs, and exit codes for scripts."""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from chat_personas.cli import main
from chat_personas.cli.evaluation import output
from eval.engine import Engine, EngineError, EngineInfo, Message, Probe, ProbeScore
from eval.report import Report, Reports
from personas import load_persona
from tests.cli.running import Command, Ran, only_line, write_survey
from tests.cli.still_output import faults_of
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import DEMOCRAT, REPUBLICAN, many, question, town

Serve = Callable[[Engine], None]
ON_LINUX = pytest.mark.skipif(not Path("/proc/version").is_file(), reason="a file system that refuses even root")
LEANING = {f"Q{number}": {"option 1": 0.6, "option 2": 0.2, "No answer": 0.1} for number in range(20)}


def document(ran: Ran) -> Report:
    """Return the only report on standard output."""
    return Report.model_validate_json(ran.out)


@pytest.fixture
def asked(command: Command, served_by: Serve, survey: str) -> Callable[..., Ran]:
    """Evaluates personas with the survey of 20 questions, on a model that prefers the first option."""

    def run(*arguments: str) -> Ran:
        served_by(FakeEngine(LEANING))
        return command("eval", *arguments, "--survey", survey)

    return run


def test_the_table_is_on_standard_output_with_intervals_references_and_bars(asked: Callable[..., Ran]) -> None:
    ran = asked("democrat")
    assert (ran.code, ran.err) == (0, "")
    rows = {line.strip().split("  ")[0]: line for line in ran.out.splitlines() if line.strip()}
    assert {
        "alignment",
        "total variation",
        "skill",
        "label mass",
        "order bias",
        "spread ratio",
        "worth in people",
    } <= set(rows)
    assert "[" in rows["alignment"], "with an interval"
    (bar,) = (line for line in ran.out.splitlines() if line.startswith("  this persona   "))
    assert "█" in bar
    for reference in ("everyone's answers", "Republican answers"):
        assert f"\n  {reference} " in ran.out
    assert "nearest group: " in ran.out


def test_under_the_setting_accessible_figures_are_read_row_by_row_and_nothing_is_drawn(
    asked: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_ACCESSIBLE", "true")
    ran = asked("democrat", "republican")
    assert ran.code == 0
    assert faults_of(ran.out.encode()) == []
    assert re.search(r"^alignment: democrat \(portray\) 0\.\d{3}, from 0\.\d{3} to 0\.\d{3}; republican", ran.out, re.M)
    assert "[" not in ran.out


def test_the_table_says_what_the_figures_are(asked: Callable[..., Ran]) -> None:
    said = " ".join(asked("democrat").out.split())
    assert "original wording, unweighted, 2020" in said
    assert "questions 20" in said


def test_a_document_on_standard_output_stands_alone(asked: Callable[..., Ran]) -> None:
    ran = asked("democrat", "--json", "-")
    assert document(ran).persona.name == "democrat"
    assert "alignment" in ran.err


def test_several_personas_are_several_reports_in_the_order_asked_for(asked: Callable[..., Ran]) -> None:
    ran = asked("republican", "democrat", "--json", "-")
    reports = Reports.model_validate_json(ran.out).reports
    assert [report.persona.name for report in reports] == ["republican", "democrat"]
    assert json.loads(ran.out)["schema"] == "chat-personas/eval-reports@2"


def test_a_document_in_a_file_replaces_the_one_before(asked: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("of yesterday" * 10_000)
    ran = asked("democrat", "--json", "report.json")
    assert "alignment" in ran.out
    report = Report.model_validate_json((tmp_path / "report.json").read_text())
    assert report.persona.sha256 == load_persona("democrat").sha256


def test_scores_recompute_from_the_questions_of_the_document(asked: Callable[..., Ran]) -> None:
    report = document(asked("democrat", "--json", "-"))
    rows = report.questions
    for row in rows:
        human, model = np.array(row.human), np.array(row.model)
        assert (human.sum(), model.sum()) == (pytest.approx(1), pytest.approx(1))
        span = max(row.ordinal) - min(row.ordinal)
        distance = wasserstein_distance(row.ordinal, row.ordinal, human, model)
        assert row.alignment == pytest.approx(1 - distance / span, abs=1e-9)
        assert row.total_variation == pytest.approx(abs(human - model).sum() / 2, abs=1e-9)
        first, second = (np.array(order.model) for order in row.by_order)
        assert row.order_bias == pytest.approx(abs(first - second).sum() / 2, abs=1e-9)
    for name in ("alignment", "total_variation", "refusal", "human_refusal", "label_mass", "order_bias"):
        mean = np.mean([getattr(row, name) for row in rows])
        assert getattr(report.scores, name).mean == pytest.approx(mean, abs=1e-9), name


def test_the_same_command_gives_the_same_figures(asked: Callable[..., Ran]) -> None:
    first, second = (document(asked("democrat", "--json", "-", "--seed", "3")) for _ in range(2))
    assert first.scores == second.scores
    assert first.prompt_sha256 == second.prompt_sha256


def test_limit_asks_so_many_questions_and_says_that_under_20_nothing_can_be_checked(asked: Callable[..., Ran]) -> None:
    ran = asked("democrat", "--limit", "6", "--json", "-")
    report = document(ran)
    assert len(report.questions) == 6
    assert report.scores.alignment is not None
    assert report.scores.alignment.low is None
    assert "too few questions to check whether the model follows the letters (6 answered" in " ".join(ran.err.split())


def test_the_steering_can_be_replaced(asked: Callable[..., Ran]) -> None:
    assert document(asked("democrat", "--steering", "bio", "--json", "-")).steering == "bio"


def test_fail_under_tests_every_persona(asked: Callable[..., Ran]) -> None:
    assert asked("democrat", "--fail-under", "0").code == 0
    ran = asked("democrat", "republican", "--fail-under", "0.999")
    assert ran.code == 1
    remembered, failed = ran.err.splitlines()
    assert remembered.startswith("80 of 120 answers came from the cache")
    assert "alignment is under 0.999: democrat 0." in failed
    assert "republican 0." in failed


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--fail-under", "nan"], "--fail-under"),
        (["--fail-under", "1.5"], "--fail-under"),
        (["--seed", "-1"], "--seed"),
        (["--limit", "0"], "--limit"),
        (["--steering", "portrai"], 'did you mean "portray"?'),
        (["--expression", "verbalised"], 'did you mean "verbalized"?'),
        (["--refusals", "as_option"], 'did you mean "as-option"?'),
        (["--json", "nowhere/report.json"], "there is no directory nowhere"),
        (["--json", "."], ". is a directory"),
        pytest.param(["--json", "/proc/report.json"], "/proc/report.json cannot be written: No such", marks=ON_LINUX),
        pytest.param(["--html", "/proc/version"], "/proc/version cannot be written", marks=ON_LINUX),
        (["--save-answers", "nowhere/answers.jsonl"], "there is no directory nowhere"),
        (["--json", "-", "--save-answers", "-"], "cannot go to the same place"),
        (["democrat"], "the persona democrat is named twice; name each once"),
        (["democrat", "--save-answers", "answers.jsonl"], "the persona democrat is named twice; name each once"),
        (["same.toml", "--save-answers", "answers.jsonl"], "democrat and same stand for the same people"),
        (["--answers", "answers.jsonl"], "--answers scores the answers in a file; leave out PERSONA"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_asked(
    command: Command, served_by: Serve, survey: str, arguments: list[str], says: str
) -> None:
    engine = FakeEngine(LEANING)
    served_by(engine)
    same = load_persona("democrat").path.read_text().replace('name = "democrat"', 'name = "same"')
    (Path(survey).parent / "same.toml").write_text(same)
    ran = command("eval", "democrat", "--survey", survey, *arguments)
    assert ran.code == 2
    assert says in only_line(ran)
    assert engine.asked == []


def test_a_run_that_never_begins_leaves_the_files_that_it_was_to_write_as_they_are(
    command: Command, survey: str, tmp_path: Path
) -> None:
    (tmp_path / "report.json").write_text("of last week")
    ran = command("eval", "nobody", "--survey", survey, "--json", "report.json", "--html", "new.html")
    assert ran.code == 2
    assert not list(tmp_path.glob("*new.html*"))
    assert not list(tmp_path.glob(".*"))
    assert (tmp_path / "report.json").read_text() == "of last week"


def test_a_group_without_figures_stops_and_names_the_surveys_that_have_them(
    command: Command, served_by: Serve, survey: str
) -> None:
    engine = FakeEngine(LEANING)
    served_by(engine)
    ran = command("eval", "white", "--survey", survey)
    assert ran.code == 2
    assert "civic" in only_line(ran)
    assert engine.asked == []


def test_no_evaluation_that_was_done_is_lost_when_the_model_fails(
    command: Command, served_by: Serve, survey: str, tmp_path: Path
) -> None:
    class Failing(FakeEngine):
        """Fails at the second persona."""

        async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
            if self.prefixes:
                raise EngineError("the server went away; start it again")
            async for score in super().score(prefix, probes):
                yield score

    served_by(Failing(LEANING))
    ran = command("eval", "democrat", "republican", "--no-unsteered", "--survey", survey, "--json", "report.json")
    assert ran.code == 3
    assert Report.model_validate_json((tmp_path / "report.json").read_text()).persona.name == "democrat"
    assert ran.err.splitlines() == [
        "only 1 of 2 evaluations were made; their reports are kept",
        "chat-personas: the server went away; start it again; 40 of 80 answers are kept: "
        "add --resume to the same command to go on",
    ]


def test_ctrl_c_ends_with_130_and_stops_the_model(command: Command, served_by: Serve, survey: str) -> None:
    class Interrupted(FakeEngine):
        async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
            os.kill(os.getpid(), signal.SIGINT)
            try:
                await asyncio.Event().wait()
            finally:
                self.closed_early = True
            yield ProbeScore("", (), 0.0)

    engine = Interrupted()
    served_by(engine)
    ran = command("eval", "democrat", "--survey", survey)
    assert ran.code == 130
    assert only_line(ran) == "chat-personas: interrupted\n"
    assert engine.closed_early


def test_a_question_that_fails_is_named_and_counted(command: Command, served_by: Serve, survey: str) -> None:
    served_by(FakeEngine(LEANING, failures={"Q3/survey": "too long for \x1b[2J the context"}))
    ran = command("eval", "democrat", "--survey", survey)
    assert ran.code == 0
    assert "failed: Q3: survey order: too long for ␛[2J the context" in ran.out


def test_another_machine_is_probed_only_after_the_person_agreed_once(
    command: Command, served_by: Serve, survey: str
) -> None:
    info = EngineInfo(name="https://far.example/v1#big", engine="openai", log_probabilities="exact", local=False)
    engine = FakeEngine(LEANING, info=info)
    served_by(engine)
    ran = command("eval", "democrat", "--survey", survey)
    assert ran.code == 2
    assert "sends 80 requests to https://far.example/v1#big and may cost money; add --yes" in only_line(ran)
    assert engine.asked == []
    assert command("eval", "democrat", "--survey", survey, "--yes").code == 0
    assert command("eval", "democrat", "--survey", survey).code == 0


def test_a_model_without_log_probabilities_cannot_be_evaluated(command: Command, served_by: Serve, survey: str) -> None:
    served_by(FakeEngine(info=EngineInfo(name="far", engine="openai", log_probabilities="none")))
    ran = command("eval", "democrat", "--survey", survey)
    assert ran.code == 3
    assert "far gives no log-probabilities" in only_line(ran)


def test_a_real_model_is_evaluated_from_its_file(command: Command, tmp_path: Path, tiny: str) -> None:
    few = write_survey(tmp_path / "few.json", many(2))
    ran = command("eval", "democrat", "--survey", few, "--model", tiny, "--json", "-")
    report = document(ran)
    assert (report.model.name, report.model.engine) == ("tiny", "llama")
    assert report.timing.probes == 4
    assert str(tmp_path) not in ran.out


def test_a_persona_is_closer_to_the_group_whose_answers_it_gives(
    command: Command, served_by: Serve, tmp_path: Path
) -> None:
    figures = [question(f"Q{n}", {DEMOCRAT: (90, 10), REPUBLICAN: (10, 90)}, overall=(50, 50)) for n in range(4)]
    served_by(FakeEngine(LEANING))
    ran = command("eval", "democrat", "--survey", write_survey(tmp_path / "t.json", town(*figures)), "--json", "-")
    report = document(ran)
    # 0.6 and 0.2 of 0.8: the model says 0.75; Democrats 0.9, Republicans 0.1.
    assert report.scores.alignment is not None
    assert report.scores_against_opposite is not None
    assert report.scores_against_opposite.alignment is not None
    assert report.scores.alignment.mean == pytest.approx(0.85)
    assert report.scores_against_opposite.alignment.mean == pytest.approx(0.35)


def test_a_demonstration_is_called_one_before_any_figure(command: Command, served_by: Serve, survey: str) -> None:
    info = EngineInfo(name="toy", engine="llama", log_probabilities="exact", demonstration=True)
    served_by(FakeEngine(LEANING, info=info))
    said = " ".join(command("eval", "democrat", "--survey", survey).out.split())
    assert "says nothing about real people" in said
    assert said.index("says nothing about real people") < said.index("alignment")


def test_answers_that_were_saved_score_the_same_without_a_model(
    asked: Callable[..., Ran], command: Command, served_by: Serve, survey: str
) -> None:
    before = Reports.model_validate_json(
        asked("democrat", "republican", "--save-answers", "answers.jsonl", "--json", "-").out
    )
    served_by(FakeEngine(failures={"Q0/survey": "no model may be asked"}))
    ran = command("eval", "--answers", "answers.jsonl", "--survey", survey, "--json", "-")
    after = Reports.model_validate_json(ran.out)
    assert ran.code == 0
    for one, other in zip(before.reports, after.reports, strict=True):
        assert one.scores.alignment is not None
        assert other.scores.alignment is not None
        assert other.persona.groups == one.persona.groups
        for bound in ("mean", "low", "high"):
            expected = getattr(one.scores.alignment, bound)
            assert getattr(other.scores.alignment, bound) == pytest.approx(expected, abs=1e-9)


def test_answers_of_a_model_that_follows_the_letters_get_no_scores_by_being_saved_first(
    command: Command, served_by: Serve, survey: str, tmp_path: Path
) -> None:
    first = {f"Q{number}/survey": {"option 1": 0.9} for number in range(20)}
    first |= {f"Q{number}/reversed": {"option 2": 0.9, "option 3": 0.9} for number in range(20)}
    served_by(FakeEngine(first, info=EngineInfo("toy", "llama", log_probabilities="exact", demonstration=True)))
    ran = command("eval", "democrat", "--survey", survey, "--no-unsteered", "--save-answers", "answers.jsonl")
    why = "not sound: the model follows the letters, not the answers"
    assert f"democrat: what is saved is marked as {why}\n" in ran.err
    again = command("eval", "--answers", "answers.jsonl", "--survey", survey, "--fail-under", "0.1", "--html", "p.html")
    assert again.code == 1
    said = " ".join(again.out.split())
    assert f"no scores: {why}" in said
    assert "alignment 0" not in said
    assert "says nothing about real people" in said
    assert "answers in answers.jsonl, of toy" in said
    assert f"is {why} (so the file of answers says" in again.err
    assert "the model follows the letters, not the answers" in (tmp_path / "p.html").read_text()


def test_saved_answers_on_standard_output_stand_alone(asked: Callable[..., Ran]) -> None:
    ran = asked("democrat", "--save-answers", "-", "--limit", "3")
    assert [set(json.loads(line)) for line in ran.out.splitlines()] == [
        {"question", "group", "distribution", "refusal", "model", "verdict"}
    ] * 3
    assert "alignment" in ran.err


def write_answers(path: Path, *shares: float) -> str:
    """Write answers of Democrats, each with this share on the first of two options or on the first of more."""
    lines = [
        {
            "question": f"Q{number}",
            "group": {"attribute": "POLPARTY", "value": "Democrat"},
            "distribution": {"option 1": share, "option 2": round(1 - share, 9) if share < 1 else 0},
        }
        for number, share in enumerate(shares)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return str(path)


def test_a_file_of_answers_has_tables_and_a_document_like_any_other(
    command: Command, survey: str, tmp_path: Path
) -> None:
    file = write_answers(tmp_path / "mine.jsonl", *([0.5] * 20))
    ran = command("eval", "--answers", file, "--survey", survey, "--json", "report.json")
    assert (ran.code, ran.err) == (0, "")
    said = " ".join(ran.out.split())
    assert "answers in mine.jsonl" in said
    assert "POLPARTY=Democrat" in said
    assert "everyone's answers" in said
    assert "unknown" not in said
    text = (tmp_path / "report.json").read_text()
    assert Report.model_validate_json(text).model.engine == "answers"
    assert str(tmp_path) not in text


def test_what_cannot_be_scored_or_was_not_answered_is_said(command: Command, survey: str, tmp_path: Path) -> None:
    file = write_answers(tmp_path / "mine.jsonl", 0.5, 1.2, 0.5)
    ran = command("eval", "--answers", file, "--survey", survey)
    assert ran.code == 0
    assert "failed: Q1: the masses sum to 1.2" in ran.out
    assert ran.err == "POLPARTY=Democrat: no answers to 17 of the questions that have figures\n"


def test_fail_under_tests_every_group_in_a_file_of_answers(command: Command, survey: str, tmp_path: Path) -> None:
    file = write_answers(tmp_path / "mine.jsonl", *([0.5] * 20))
    assert command("eval", "--answers", file, "--survey", survey, "--fail-under", "0").code == 0
    ran = command("eval", "--answers", file, "--survey", survey, "--fail-under", "0.999")
    assert ran.code == 1
    assert "alignment is under 0.999: POLPARTY=Democrat 0." in only_line(ran)


def test_an_alignment_just_under_the_limit_does_not_read_as_the_limit(
    command: Command, survey: str, tmp_path: Path
) -> None:
    file = write_answers(tmp_path / "mine.jsonl", *([0.5] * 20))
    command("eval", "--answers", file, "--survey", survey, "--json", str(tmp_path / "report.json"))
    alignment = Report.model_validate_json((tmp_path / "report.json").read_text()).scores.alignment
    assert alignment is not None
    limit = alignment.mean + 1e-6
    failed = only_line(command("eval", "--answers", file, "--survey", survey, "--fail-under", repr(limit)))
    assert alignment.mean - 1e-6 < float(failed.rsplit(" ", 1)[1]) < limit


def test_fail_under_without_an_alignment_fails_and_does_not_call_it_low(command: Command, tmp_path: Path) -> None:
    unordered = [question(f"Q{number}", {DEMOCRAT: (3, 1)}, overall=(4, 4), ordinals=(1, 1)) for number in range(3)]
    survey = write_survey(tmp_path / "unordered.json", town(*unordered))
    file = write_answers(tmp_path / "mine.jsonl", 0.5, 0.5, 0.5)
    ran = command("eval", "--answers", file, "--survey", survey, "--fail-under", "0")
    assert ran.code == 1
    said = only_line(ran)
    assert "no alignment to check: for POLPARTY=Democrat no question with ordered options was scored" in said
    assert "under 0" not in said


def test_a_fault_in_a_file_of_answers_names_file_and_line(command: Command, survey: str, tmp_path: Path) -> None:
    write_answers(tmp_path / "mine.jsonl", 0.5, -0.5)
    ran = command("eval", "--answers", "mine.jsonl", "--survey", survey, "--json", "report.json")
    assert ran.code == 2
    assert '"mine.jsonl": line 2: distribution, "option 1" is -0.5; write 0 or more' in only_line(ran)
    assert not (tmp_path / "report.json").exists()
    missing = command("eval", "--answers", "nowhere.jsonl", "--survey", survey)
    assert missing.code == 2
    assert 'there is no file "nowhere.jsonl"' in only_line(missing)


def test_without_a_persona_or_a_file_of_answers_there_is_nothing_to_evaluate(command: Command) -> None:
    ran = command("eval")
    assert ran.code == 2
    assert "name a persona, or a file of answers with --answers" in only_line(ran)


def test_documents_are_written_although_nobody_reads_the_tables(
    command: Command, served_by: Serve, survey: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody_reads(*arguments: object, **options: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(output, "print_reports", nobody_reads)
    monkeypatch.setattr(main, "_write_no_more", lambda: None)
    served_by(FakeEngine(LEANING))
    ran = command("eval", "democrat", "--survey", survey, "--json", "r.json", "--save-answers", "a.jsonl")
    assert (ran.code, ran.err) == (0, "")
    assert Report.model_validate_json((tmp_path / "r.json").read_text()).persona.name == "democrat"
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 20
