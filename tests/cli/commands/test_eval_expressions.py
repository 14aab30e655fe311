"""`eval --expression`: each method from the command line, all side by side, and what a model cannot do named."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from chat_personas.cli import opening as cli_opening
from chat_personas.reporting.html.provenance import command as repeat_command
from eval.engine import Engine, EngineError, EngineInfo
from eval.report import Report, Reports
from tests.cli.running import Command, Ran, only_line
from tests.eval.expression.test_open_ended import ListeningEngine, error_of
from tests.eval.saying_engine import SayingEngine, options_in
from tests.eval.towns import many

Serve = Callable[[Engine], None]
SIZES = [len(question.options) for question in many(20).questions]
JUDGE_ERRS = 100 * sum(error_of(0.9, size) for size in SIZES) / 20
"""In how many of 100 known statements a judge errs that gives 0.9 of 0.95 to the right answer."""


def say(prompt: str, number: int) -> str:
    """Prefer the first option of the survey, in the form that the prompt asks for."""
    if "in one or two sentences" in prompt:
        return "option 1, surely."
    letters = options_in(prompt)
    first, second = letters["option 1"], letters["option 2"]
    if "30 different people" in prompt:
        return " ".join([first] * 20 + [second] * 10)
    if "percentages" in prompt:
        return json.dumps(dict.fromkeys(letters.values(), 0) | {first: 80, second: 20})
    return first if number % 2 else second


def judged_by(monkeypatch: pytest.MonkeyPatch, talker: Engine, judge: Engine) -> None:
    """Let `pocket` be the judge and `tiny.gguf` the model that talks."""

    async def open_engine(model: str, settings: object) -> Engine:
        return judge if model == "pocket" else talker

    monkeypatch.setattr(cli_opening, "open_engine", open_engine)
    Path("tiny.gguf").touch()


def words(ran: Ran) -> str:
    """Return what was printed with single spaces."""
    return " ".join(ran.out.split())


def evaluated(command: Command, survey: str, *arguments: str) -> Ran:
    """Evaluate a Democrat on the survey of 20 questions."""
    return command("eval", "democrat", "--no-unsteered", "--survey", survey, *arguments)


@pytest.mark.parametrize(
    ("expression", "shares"),
    [("sequence", [2 / 3, 1 / 3]), ("verbalized", [0.8, 0.2]), ("sampled", [0.5, 0.5])],
)
def test_each_method_reports_the_shares_that_the_model_gave(
    command: Command, served_by: Serve, survey: str, expression: str, shares: list[float]
) -> None:
    served_by(SayingEngine(say))
    report = Report.model_validate_json(evaluated(command, survey, "--expression", expression, "--json", "-").out)
    assert report.expression == expression
    assert report.failures == ()
    for question in report.questions:
        assert question.model[:2] == pytest.approx(shares)
        assert (question.label_mass, question.order_bias) == (None, pytest.approx(0))
    assert report.scores.label_mass is None
    assert report.replies is not None
    assert report.replies.asked == 40 * (30 if expression == "sampled" else 1)
    assert (report.timing.tokens_decoded, report.timing.tokens_reused) == (None, None), "nobody counts them"


def test_all_sets_the_methods_side_by_side_with_the_gap(
    command: Command, survey: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    judged_by(monkeypatch, SayingEngine(say), ListeningEngine())
    ran = evaluated(
        command,
        survey,
        *("--model", "tiny.gguf", "--expression", "all", "--judge", "pocket", "--json", "all.json"),
    )
    assert ran.code == 0
    assert ran.err.startswith("left out: option_texts: saying does not score whole texts; use an embedded model")
    assert ran.err.count("\n") == 1
    document = Reports.model_validate_json((tmp_path / "all.json").read_text())
    names = ["log_probability", "sequence", "verbalized", "sampled", "open_ended"]
    assert [report.expression for report in document.reports] == names
    rows = [line.split()[0] for line in ran.out.splitlines() if line.strip()]
    assert [name for name in rows if name in names][:5] == names
    assert f"the judge listening errs in {JUDGE_ERRS:.1f} of 100 known statements" in words(ran)
    by_name = {report.expression: report for report in document.reports}
    for gap in document.gaps:
        pairs = zip(by_name[gap.simulation].questions, by_name["verbalized"].questions, strict=True)
        differences = [(a.total_variation or 0) - (b.total_variation or 0) for a, b in pairs]
        assert gap.total_variation is not None
        assert gap.total_variation.mean == pytest.approx(sum(differences) / 20)
        shown = f"{gap.total_variation.mean:+.3f} [" if gap.sound else "not sound:"
        assert f"{gap.simulation} − verbalized: {shown}" in ran.out
    assert [gap.sound for gap in document.gaps] == [False, True, True], "its letters are all alike"
    assert [gap.simulation for gap in document.gaps] == ["log_probability", "sequence", "sampled"]
    assert "everyone's answers 20 0." in words(ran)


def test_what_the_model_cannot_do_is_named_and_left_out(command: Command, served_by: Serve, survey: str) -> None:
    served_by(SayingEngine(say, log_probabilities="none"))
    ran = evaluated(command, survey, "--expression", "all", "--json", "-")
    assert ran.code == 0
    found = Reports.model_validate_json(ran.out)
    assert [report.expression for report in found.reports] == ["sequence", "verbalized", "sampled"]
    assert "left out: log_probability: saying gives no log-probabilities" in ran.err
    assert "left out: option_texts: saying does not score whole texts" in ran.err
    assert "left out: open_ended: the judge saying gives no log-probabilities; name another with --judge" in ran.err


def test_a_model_that_cannot_score_whole_texts_is_an_error_of_one_line_that_says_what_to_do(
    command: Command, served_by: Serve, survey: str
) -> None:
    served_by(SayingEngine(say))
    ran = evaluated(command, survey, "--expression", "option_texts")
    assert ran.code == 3
    assert "use an embedded model (a GGUF file) or another expression" in only_line(ran)


@pytest.mark.parametrize("asking", [("eval",), ("matrix", "--groups", "POLPARTY")])
def test_texts_of_options_need_no_letters_on_the_built_in_model(command: Command, asking: tuple[str, ...]) -> None:
    name, *options = asking
    ran = command(name, "democrat", *options, "--expression", "option_texts", "--limit", "2", "--json", "-")
    assert ran.code == 0
    document = json.loads(ran.out)
    assert (document["expression"], document["orders"], document["failures"]) == ("option_texts", ["survey"], [])
    assert document["timing"]["tokens_decoded"] > 0
    if name == "eval":
        assert document["verdict"]["finding"] == "given"
        assert document["letters_removed"] is None


def test_a_judge_of_its_own_is_opened_asked_and_closed(
    command: Command, survey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closing(ListeningEngine):
        closed = False

        async def close(self) -> None:
            self.closed = True

    talker, judge = SayingEngine(say, log_probabilities="none"), Closing(0.5)
    judged_by(monkeypatch, talker, judge)
    ran = evaluated(command, survey, "--model", "tiny.gguf", "--expression", "open_ended", "--judge", "pocket")
    assert ran.code == 0
    assert judge.closed
    assert len(talker.heard) == 20 * 5, "each of five replies is asked for and kept by itself"
    # 0.5 of 0.95 are on the right option: 47.4 of 100 are elsewhere.
    assert "not sound: the judge itself errs in 47.4 of 100 options in other words (listening;" in words(ran)


def test_a_judge_of_its_own_is_not_asked_twice_either(
    command: Command, survey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = ["--model", "tiny.gguf", "--expression", "open_ended", "--judge", "pocket", "--json", "-"]
    talker, judge = SayingEngine(say), ListeningEngine()
    judged_by(monkeypatch, talker, judge)
    first = Report.model_validate_json(evaluated(command, survey, *asking).out)
    asked = len(judge.asked)
    assert asked
    ran = evaluated(command, survey, *asking)
    again = Report.model_validate_json(ran.out)
    assert len(judge.asked) == asked
    assert (again.questions, again.judge) == (first.questions, first.judge)
    # 100 replies, each judged in two orders, and 110 known statements in two orders.
    assert again.timing.remembered == 100 + 2 * (100 + 110)
    assert "520 of 520 answers came from the cache" in ran.err


def test_failures_are_counted_by_reason_and_none_becomes_a_zero(
    command: Command, served_by: Serve, survey: str
) -> None:
    served_by(SayingEngine(lambda prompt, number: "As an assistant I have no opinion."))
    ran = evaluated(command, survey, "--expression", "sequence")
    assert ran.code == 0
    assert "20 of 20 questions failed: the reply is not a list of letters" in ran.out
    assert ran.out.count("  failed: Q") == 10
    assert "and 10 more, all listed in the report (--json)" in ran.out
    assert "alignment — " in words(ran)


def test_unread_replies_are_counted_by_reason(command: Command, served_by: Serve, survey: str) -> None:
    served_by(SayingEngine(lambda prompt, number: "A" if number % 3 else ""))
    ran = evaluated(command, survey, "--expression", "sampled", "--samples", "9")
    assert "120 of 360 replies could not be read: an empty reply (120)" in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--samples", "5"], "--samples is for sampled and open_ended"),
        (["--samples", "0", "--expression", "sampled"], "--samples"),
        (["--judge", "pocket", "--expression", "sampled"], "--judge is for open_ended"),
        (["--expression", "all", "--save-answers", "a.jsonl"], "--save-answers takes one expression"),
        (["--expression", "all", "--fail-if-worse-than", "a.json"], "--fail-if-worse-than takes one expression"),
        (["--expression", "openended"], 'did you mean "open_ended"?'),
    ],
)
def test_what_does_not_go_together_is_said_before_anything_is_asked(
    command: Command, served_by: Serve, survey: str, arguments: list[str], says: str
) -> None:
    engine = SayingEngine(say)
    served_by(engine)
    ran = evaluated(command, survey, *arguments)
    assert ran.code == 2
    assert says in only_line(ran)
    assert engine.heard == []


def test_the_requests_that_need_consent_count_every_reply_and_the_judge(
    command: Command, served_by: Serve, survey: str
) -> None:
    engine = SayingEngine(say)
    engine.info = EngineInfo(name="far", engine="openai", log_probabilities="exact", local=False)
    served_by(engine)
    ran = evaluated(command, survey, "--expression", "sampled", "--samples", "7")
    assert "sends 280 requests to far" in only_line(ran)
    # 20 questions, 5 replies each; the judge twice for every reply and every one of 110 known statements.
    ran = evaluated(command, survey, "--expression", "open_ended")
    assert f"sends {100 + 2 * (100 + 110)} requests to far" in only_line(ran)
    assert engine.heard == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "expression",
    ["sampled", *(pytest.param(name, marks=pytest.mark.slow) for name in ("sequence", "verbalized", "open_ended"))],
)
def test_a_run_with_the_built_in_model_repeats_to_the_last_digit(command: Command, expression: str) -> None:
    def run(seed: str) -> list[object]:
        asked = ["--expression", expression, "--limit", "4", "--seed", seed, "--no-cache", "--json", "-"]
        ran = command("eval", "democrat", "--no-unsteered", *asked)
        document = json.loads(ran.out)
        return [document["questions"], document["failures"], document["replies"], document["judge"]]

    assert run("1") == run("1")


def test_what_is_not_valid_is_called_so_before_any_figure(
    command: Command, survey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged_by(monkeypatch, SayingEngine(say), ListeningEngine(0.5))
    said = words(evaluated(command, survey, "--model", "tiny.gguf", "--expression", "open_ended", "--judge", "pocket"))
    assert said.index("not sound: the judge itself errs") < said.index("alignment")


CERTAIN = re.compile(r"[01]\.[0-9]{3}")
"""A score as tables have it."""


@pytest.fixture
def misjudged(command: Command, survey: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Return what evaluates in own words with a judge that errs in 47 of 100 statements."""
    judged_by(monkeypatch, SayingEngine(say), ListeningEngine(0.5))
    asking = ["--model", "tiny.gguf", "--expression", "open_ended", "--judge", "pocket"]
    return lambda *more: evaluated(command, survey, *asking, *more)


def test_of_what_is_not_valid_the_screen_has_no_score_no_verdict_and_no_calibration(
    misjudged: Callable[..., Ran],
) -> None:
    ran = misjudged("--calibrate", "--json", "r.json")
    assert ran.code == 0
    how_it_answered = ("refusal", "human refusal", "label mass", "order bias")
    assert not any(CERTAIN.search(line) for line in ran.out.splitlines() if not line.startswith(how_it_answered))
    assert "sounds" not in ran.out
    assert "calibrated" not in ran.out
    assert "no scores: not sound: the judge itself errs too often" in words(ran)
    assert Report.model_validate_json(Path("r.json").read_text()).scores.alignment is not None


def test_beside_other_expressions_it_is_said_once_that_the_judge_errs(misjudged: Callable[..., Ran]) -> None:
    ran = misjudged("--expression", "all")
    assert words(ran).count("open_ended: not sound: the judge itself errs") == 1


def test_what_is_not_valid_passes_no_check(misjudged: Callable[..., Ran]) -> None:
    ran = misjudged("--json", "r.json", "--fail-under", "0")
    assert ran.code == 1
    assert "no alignment to check: democrat is not sound: the judge itself errs in 47.4" in only_line(ran)
    ran = misjudged("--fail-if-worse-than", "r.json")
    assert ran.code == 1
    assert "no alignment to compare: democrat in r.json is not sound: the judge itself errs" in ran.err


def test_what_is_not_valid_is_not_compared(misjudged: Callable[..., Ran], command: Command) -> None:
    misjudged("--json", "r.json")
    ran = command("compare", "r.json", "r.json")
    assert ran.code == 2
    assert "nothing can be compared: democrat in A is not sound: the judge itself errs" in only_line(ran)
    assert ran.out == ""


def test_what_is_not_valid_is_not_saved_as_answers(misjudged: Callable[..., Ran]) -> None:
    ran = misjudged("--save-answers", "a.jsonl")
    assert (ran.code, Path("a.jsonl").read_text().strip()) == (0, "")
    assert "democrat: 20 answers not saved: not valid" in ran.err


def test_evaluations_that_were_made_are_kept_when_the_model_fails_in_a_later_expression(
    command: Command, served_by: Serve, survey: str, tmp_path: Path
) -> None:
    def fails(prompt: str, number: int) -> str:
        if "percentages" in prompt:
            raise EngineError("the server went away; start it again")
        return say(prompt, number)

    served_by(SayingEngine(fails))
    ran = evaluated(command, survey, "--expression", "all", "--json", "kept.json", "--fail-under", "0")
    assert ran.code == 3
    assert "only 2 of 5 evaluations were made; their reports are kept" in ran.err
    kept = Reports.model_validate_json((tmp_path / "kept.json").read_text())
    assert [report.expression for report in kept.reports] == ["log_probability", "sequence"]


def test_fail_under_names_the_expression_that_falls_short(command: Command, served_by: Serve, survey: str) -> None:
    served_by(SayingEngine(say))
    ran = evaluated(command, survey, "--expression", "all", "--fail-under", "0.999")
    assert ran.code == 1
    assert "democrat (verbalized) 0." in ran.err
    assert "no alignment to check: democrat (open_ended) is not sound" in ran.err


def test_what_calibration_changes_is_told_of_each_expression(command: Command, served_by: Serve, survey: str) -> None:
    served_by(SayingEngine(say, log_probabilities="none"))
    said = words(evaluated(command, survey, "--expression", "all", "--calibrate"))
    for expression in ("sequence", "verbalized", "sampled"):
        assert f"{expression}: calibrated with temperatures from" in said
        assert f"{expression}: total variation 0." in said


@pytest.mark.slow
def test_at_80_columns_every_figure_of_every_method_is_whole(
    command: Command, survey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    judged_by(monkeypatch, SayingEngine(say), ListeningEngine())
    asking = ["--model", "tiny.gguf", "--expression", "all", "--judge", "pocket", "--json", "all.json"]
    ran = evaluated(command, survey, *asking)
    assert max(map(len, ran.out.splitlines())) <= 80
    for report in Reports.model_validate_json(Path("all.json").read_text()).reports:
        for name in ("alignment", "total_variation", "order_bias", "refusal"):
            score = getattr(report.scores, name)
            if not report.verdict.sound:
                continue
            assert f"{score.mean:.3f} [{score.low:.3f}, {score.high:.3f}]" in ran.out
        assert sum(line.startswith(f"{report.expression} ") for line in ran.out.splitlines()) == 2


def test_more_option_orders_are_asked_reported_and_named_in_the_command_that_repeats_the_run(
    command: Command, served_by: Serve, survey: str
) -> None:
    engine = SayingEngine(say)
    served_by(engine)
    ran = evaluated(command, survey, "--orders", "cyclic", "--json", "-")
    report = Report.model_validate_json(ran.out)
    assert report.orders[:2] == ("survey", "rotated-1")
    assert set(report.orders) == {order.order for question in report.questions for order in question.by_order}
    assert [len(question.by_order) for question in report.questions] == [len(each.options) for each in report.questions]
    assert report.timing.probes == sum(len(question.options) for question in report.questions) == len(engine.asked)
    assert report.verdict.both_orders == len(report.questions)
    assert "--orders cyclic" in repeat_command(report)
    drawn = Report.model_validate_json(evaluated(command, survey, "--orders", "4", "--json", "-").out)
    assert "--orders 4" in repeat_command(drawn)
    usual = Report.model_validate_json(evaluated(command, survey, "--orders", "2", "--json", "-").out)
    assert usual.orders == ("survey", "reversed")
    assert "--orders" not in repeat_command(usual)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--orders", "1"], "--orders 1: must be cyclic or a number from 2 to 120"),
        (["--orders", "round"], "--orders round: must be cyclic or a number"),
        (["--orders", "cyclic", "--expression", "open_ended"], "--orders is for expressions that letter the options"),
    ],
)
def test_orders_that_cannot_be_asked_are_wrong_usage(
    command: Command, served_by: Serve, survey: str, arguments: list[str], says: str
) -> None:
    served_by(SayingEngine(say))
    ran = evaluated(command, survey, *arguments)
    assert ran.code == 2
    assert says in only_line(ran)


@pytest.mark.parametrize("expression", ["sequence", "verbalized", "sampled"])
def test_replies_in_words_can_be_asked_for_in_more_orders(
    command: Command, served_by: Serve, survey: str, expression: str
) -> None:
    served_by(SayingEngine(say))
    ran = evaluated(command, survey, "--expression", expression, "--orders", "3", "--json", "-")
    report = Report.model_validate_json(ran.out)
    assert set(report.orders) <= {"shuffled-1", "shuffled-2", "shuffled-3"}
    assert report.failures == ()


@pytest.mark.slow
def test_a_matrix_can_be_asked_in_more_orders(command: Command) -> None:
    ran = command("matrix", "democrat", "--groups", "POLPARTY", "--orders", "cyclic", "--limit", "2", "--json", "-")
    assert ran.code == 0
    document = json.loads(ran.out)
    assert document["orders"][:2] == ["survey", "rotated-1"]
