"""`report verify`: what agrees, what was changed, and the model asked again."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval.engine import Engine, EngineInfo
from tests.cli.commands.test_eval_expressions import say
from tests.cli.running import Command, Ran, only_line
from tests.eval.fake_engine import FakeEngine
from tests.eval.saying_engine import SayingEngine
from tests.examples import slow_but_first

Serve = Callable[[Engine], None]
Q4 = EngineInfo("toy", "llama", "ab" * 32, quantization="Q4_K", log_probabilities="exact", details={"llama.cpp": "1"})


@pytest.fixture
def verified(command: Command, survey: str) -> Callable[..., Ran]:
    """Verifies r.json, which is on the survey of 20 questions."""
    return lambda *more: command("report", "verify", "r.json", "--survey", survey, *more)


@pytest.fixture
def written(command: Command, served_by: Serve, survey: str) -> None:
    """r.json: a report of a model that answers evenly."""
    served_by(FakeEngine(info=Q4))
    assert command("eval", "democrat", "--survey", survey, "--json", "r.json").code == 0


def change(edit: Callable[[Any], None], file: str = "r.json") -> None:
    """Edit the JSON in a file."""
    document = json.loads(Path(file).read_text())
    edit(document)
    Path(file).write_text(json.dumps(document))


@pytest.mark.usefixtures("written")
def test_a_report_as_written_agrees_and_what_was_not_checked_is_said(verified: Callable[..., Ran]) -> None:
    ran = verified()
    assert (ran.code, ran.err) == (0, "")
    assert "democrat (portray), log_probability, model toy" in ran.out
    assert " values recomputed; all agree" in ran.out
    assert "model: it was not asked again (--replay N)" in ran.out


@pytest.mark.usefixtures("written")
def test_every_place_that_was_changed_is_named_with_both_values_and_the_exit_code_is_1(
    verified: Callable[..., Ran],
) -> None:
    mean = json.loads(Path("r.json").read_text())["scores"]["alignment"]["mean"]
    change(lambda document: document["scores"]["alignment"].update(mean=0.987))
    ran = verified()
    assert ran.code == 1
    assert "scores: changed after it was sealed" in ran.out
    assert f"scores.alignment.mean: 0.987 in the report, {mean} recomputed" in ran.out
    assert only_line(ran) == "chat-personas: r.json: 2 places do not agree\n"


@pytest.mark.usefixtures("written")
def test_prompts_of_another_persona_are_noticed_though_the_report_was_sealed_again(
    verified: Callable[..., Ran],
) -> None:
    change(lambda document: document.update(prompt_sha256="0" * 64, seals=None))
    ran = verified()
    assert ran.code == 1
    assert f"prompt_sha256: {'0' * 64} in the report" in ran.out
    assert "seals: the report is from an older version and has no seals" in ran.out


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("changed", [{"steering": "poetry"}, {"shots": 3}, {"expression": "dreams"}])
def test_a_way_of_asking_that_does_not_exist_is_named(verified: Callable[..., Ran], changed: dict[str, object]) -> None:
    change(lambda document: document.update(changed))
    ran = verified()
    assert ran.code == 1
    assert f"{next(iter(changed))}: changed after it was sealed" in ran.out


@pytest.mark.usefixtures("written")
def test_without_survey_and_persona_what_needs_them_is_named(command: Command) -> None:
    change(lambda document: document["persona"].update(sha256="0" * 64) or document.update(seals=None))
    ran = command("report", "verify", "r.json")
    assert ran.code == 0
    assert "nearest, nearest_questions, survey: it needs the survey" in ran.out
    assert "persona: no persona with this hash is at hand; name its file with --persona" in ran.out
    assert only_line(command("report", "verify", "r.json", "--replay", "2")).startswith(
        "chat-personas: --replay needs the persona and the survey"
    )


@pytest.mark.slow
def test_gaps_between_expressions_are_recomputed(command: Command, served_by: Serve, survey: str) -> None:
    served_by(SayingEngine(say))
    command("eval", "democrat", "--survey", survey, "--expression", "all", "--json", "all.json")
    assert command("report", "verify", "all.json", "--survey", survey).code == 0
    change(lambda document: document["gaps"][1]["total_variation"].update(mean=0.5), "all.json")
    ran = command("report", "verify", "all.json", "--survey", survey)
    assert ran.code == 1
    assert "gaps[1].total_variation.mean: 0.5 in the report" in ran.out


@pytest.mark.usefixtures("written")
def test_probes_are_asked_again_and_another_answer_is_named(verified: Callable[..., Ran], served_by: Serve) -> None:
    again = FakeEngine(info=Q4)
    served_by(again)
    ran = verified("--replay", "5", "--model", "pocket")
    assert ran.code == 0
    assert "5 probes asked again (the same build): a probability differs by up to 0.0000, 0.001 allowed" in ran.out
    assert len(again.asked) == 40, "a quantised model repeats only in the same batches"
    other = FakeEngine({f"Q{number}": {"option 1": 0.9} for number in range(20)}, info=Q4)
    served_by(other)
    ran = verified("--replay", "5", "--model", "pocket")
    assert ran.code == 1
    assert ran.out.count("away when asked again; 0.001 is allowed") == 5


@slow_but_first("orders", ["cyclic", "3", "5"])
def test_a_report_in_any_orders_agrees_as_written_and_is_asked_again_in_them(
    command: Command, served_by: Serve, verified: Callable[..., Ran], survey: str, orders: str
) -> None:
    """The town's questions have two to five options, and so as many rotations, and not all the permutations."""
    engine = FakeEngine(info=Q4)
    served_by(engine)
    assert (
        command("eval", "democrat", "--survey", survey, "--orders", orders, "--no-unsteered", "--json", "r.json").code
        == 0
    )
    asked = [*engine.asked]
    again = FakeEngine(info=Q4)
    served_by(again)
    ran = verified("--replay", "7", "--model", "pocket")
    assert (ran.code, ran.err) == (0, "")
    assert "7 probes asked again (the same build): a probability differs by up to 0.0000" in ran.out
    assert again.asked == asked


def test_the_unsteered_model_is_asked_in_the_orders_of_the_persona(
    command: Command, served_by: Serve, survey: str
) -> None:
    served_by(FakeEngine(info=Q4))
    assert command("eval", "democrat", "--survey", survey, "--orders", "cyclic", "--json", "r.json").code == 0
    for question in json.loads(Path("r.json").read_text())["questions"]:
        asked = [each["order"] for each in question["by_order"]]
        assert [each["order"] for each in question["unsteered"]] == asked


@pytest.mark.usefixtures("written")
def test_on_another_build_only_the_probes_are_asked_and_more_is_allowed(
    verified: Callable[..., Ran], served_by: Serve
) -> None:
    again = FakeEngine(info=replace(Q4, details={"llama.cpp": "2"}))
    served_by(again)
    ran = verified("--replay", "5", "--model", "pocket")
    assert ran.code == 0
    assert "5 probes asked again (another build, or one that is not known)" in ran.out
    assert "0.15 allowed, in the mean 0.0000, 0.04 allowed" in ran.out
    assert len(again.asked) == 5


@pytest.mark.usefixtures("written")
def test_another_model_is_not_asked(verified: Callable[..., Ran], served_by: Serve) -> None:
    other = FakeEngine()
    served_by(other)
    ran = verified("--replay", "5", "--model", "pocket")
    assert (ran.code, other.asked) == (2, [])
    assert "pocket is not the model of the report: its hash differs" in only_line(ran)
    assert "the model toy of the report is not found here" in only_line(verified("--replay", "5"))
    assert "--model is for --replay" in only_line(verified("--model", "pocket"))


def test_answers_in_words_cannot_be_asked_again(command: Command, served_by: Serve, survey: str) -> None:
    served_by(SayingEngine(say))
    command("eval", "democrat", "--survey", survey, "--expression", "sequence", "--json", "r.json")
    ran = command("report", "verify", "r.json", "--survey", survey, "--replay", "2")
    assert ran.code == 2
    assert "this report is sequence; leave --replay out" in only_line(ran)


def test_the_built_in_model_repeats_its_probes(command: Command) -> None:
    assert command("eval", "democrat", "--limit", "6", "--json", "r.json").code == 0
    ran = command("report", "verify", "r.json", "--replay", "3")
    assert ran.code == 0
    assert "3 probes asked again (the same build)" in ran.out
    assert "not checked" not in ran.out


OWN = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"


def test_a_model_is_asked_again_in_the_template_of_the_report(command: Command) -> None:
    assert command("eval", "democrat", "--limit", "4", "--template", "chatml", "--json", "r.json").code == 0
    model = json.loads(Path("r.json").read_text())["model"]
    assert (model["template"], model["prompt_format"]) == ("chatml", "template")
    assert "3 probes asked again (the same build)" in command("report", "verify", "r.json", "--replay", "3").out
    ran = command("report", "verify", "r.json", "--replay", "3", "--template", "plain")
    assert ran.code == 2
    says = (
        "the model of the report was asked in the chat template chatml, and plain is not the same; name the right one"
    )
    assert says in only_line(ran)


@pytest.mark.slow
def test_a_template_from_a_file_has_to_be_named_again_and_the_page_says_so(command: Command, home: Path) -> None:
    folder = home / "templates"
    folder.mkdir(parents=True)
    (folder / "own.jinja").write_text(OWN)
    named = ("--template", str(folder / "own.jinja"))
    assert command("eval", "democrat", "--limit", "4", *named, "--json", "r.json", "--html", "r.html").code == 0
    assert str(folder) not in Path("r.json").read_text() + Path("r.html").read_text()
    assert "--model pocket --template own.jinja --steering portray" in Path("r.html").read_text()
    assert "the template own.jinja" in Path("r.html").read_text()
    ran = command("report", "verify", "r.json", "--replay", "3")
    assert ran.code == 2
    assert "asked in the chat template own.jinja, and the model's own is not the same; name the right one" in only_line(
        ran
    )
    assert "3 probes asked again" in command("report", "verify", "r.json", "--replay", "3", *named).out
    assert "--template is for --replay" in only_line(command("report", "verify", "r.json", *named))


@pytest.mark.slow
def test_a_template_in_the_settings_is_not_used_for_a_report_that_was_made_without(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("eval", "democrat", "--limit", "4", "--json", "r.json").code == 0
    monkeypatch.setenv("CHAT_PERSONAS_TEMPLATES", '{"pocket": "chatml"}')
    assert command("eval", "democrat", "--limit", "4", "--json", "other.json").code == 0
    assert json.loads(Path("other.json").read_text())["model"]["template"] == "chatml"
    assert "3 probes asked again" in command("report", "verify", "r.json", "--replay", "3").out
    assert "3 probes asked again" in command("report", "verify", "other.json", "--replay", "3").out
    assert "its own chat template, and chatml is not the same; leave --template out" in only_line(
        command("report", "verify", "r.json", "--replay", "3", "--template", "chatml")
    )


@pytest.mark.usefixtures("written")
def test_a_file_alone_is_shown_and_so_is_one_after_options(command: Command) -> None:
    shown = command("report", "r.json")
    assert "democrat (portray)" in shown.out
    assert shown == command("report", "show", "r.json")
    assert command("report", "--svg", "-", "r.json").out.startswith("<?xml")


@pytest.mark.usefixtures("written")
def test_a_checklist_shows_the_prompts_if_persona_and_survey_are_at_hand(command: Command, survey: str) -> None:
    known = command("report", "checklist", "r.json", "--survey", survey)
    assert known.out.startswith("# Reporting checklist, after GUIDE-LLM\n")
    assert "  > `What about Q0?`" in known.out
    assert "  > `Play the part of a person in the United States who is a Democrat." in known.out
    unknown = command("report", "checklist", "r.json").out
    assert "What about Q0?" not in unknown
    assert "**to be filled in by the author:** the system prompt" in unknown
