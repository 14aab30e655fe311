"""`compare` at the command line: what differs, by how much, and whether that can be chance."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval.compare.models import PairedReport, PairedReports
from tests.cli.running import Command, only_line
from tests.eval.reports import MODEL, document, row, rows
from tests.reporting.reading import LOADING, seen, words
from tests.reporting.reading import rows as rows_of


def write(name: str, *reports: dict[str, Any]) -> str:
    several = {"schema": "chat-personas/eval-reports@2", "reports": list(reports)}
    Path(name).write_text(json.dumps(reports[0] if len(reports) == 1 else several))
    return name


def said(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def before() -> Sequence[float]:
    return np.random.default_rng(1).uniform(0.4, 0.9, 25).tolist()


def test_the_difference_has_an_interval_and_a_p_value(command: Command, before: Sequence[float]) -> None:
    after = [value + 0.01 * (2 + number % 3) for number, value in enumerate(before)]
    ran = command("compare", write("a.json", document(rows(before))), write("b.json", document(rows(after))))
    assert (ran.code, ran.err) == (0, "")
    mean = np.mean(after) - np.mean(before)
    assert f"{mean:+.3f} [+0.0" in said(ran.out)
    assert "0.0001" in ran.out
    assert "alignment (higher is closer to people): B is higher than A" in said(ran.out)
    assert "25 questions paired" in ran.out
    assert "nothing else differs" in ran.out


def test_what_is_left_out_and_what_differs_is_said_in_words(command: Command) -> None:
    a = document(rows([0.5, 0.6, None]))
    b = document([row("Q0", 0.5), row("Q2", None), row("Q7", 0.5)], steering="bio", model=MODEL | {"name": "big"})
    out = said(command("compare", write("a.json", a), write("b.json", b)).out)
    assert "2 questions paired" in out
    assert "1 question of these without alignment" in out
    assert "1 question left out, not put in B: Q1" in out
    assert "1 question left out, not put in A: Q7" in out
    assert "under 20 questions: no intervals, they would be unreliable; see p" in out
    assert "model.name: toy → big" in out
    assert out.count("steering: portray → bio") == 1


def test_a_document_on_standard_output_stands_alone(command: Command, before: Sequence[float]) -> None:
    a = write("a.json", document(rows(before)))
    ran = command("compare", a, a, "--json", "-")
    found = PairedReport.model_validate_json(ran.out)
    assert json.loads(ran.out)["schema"] == "chat-personas/comparison@1"
    assert (found.a.file, len(found.paired)) == ("a.json", 25)
    assert "B − A" in ran.err


def test_the_seed_decides_the_figures(command: Command, before: Sequence[float]) -> None:
    a = write("a.json", document(rows(before)))
    b = write("b.json", document(rows(before[::-1])))
    first, again, other = (command("compare", a, b, "--json", "-", "--seed", seed).out for seed in ("1", "1", "2"))
    assert first == again
    assert first != other


def test_several_personas_are_compared_by_name(command: Command) -> None:
    a = write("a.json", *(document(rows([0.5]), name=name) for name in ("one", "two")))
    b = write("b.json", *(document(rows([0.6]), name=name) for name in ("two", "one")))
    found = PairedReports.model_validate_json(command("compare", a, b, "--json", "-").out)
    assert [comparison.b.persona for comparison in found.comparisons] == ["one", "two"]


def test_different_surveys_are_refused(command: Command) -> None:
    a, b = write("a.json", document(rows([0.5]))), write("b.json", document(rows([0.5]), survey="b"))
    ran = command("compare", a, b)
    assert (ran.code, ran.out) == (2, "")
    assert "different surveys" in only_line(ran)


def test_personas_that_cannot_be_paired_are_refused(command: Command) -> None:
    a = write("a.json", *(document(rows([0.5]), name=name) for name in ("one", "two")))
    ran = command("compare", a, write("b.json", document(rows([0.5]), name="one")))
    assert ran.code == 2
    assert 'B has no report on the persona "two"' in only_line(ran)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gone.json", "a.json"], 'there is no file "gone.json"'),
        (["a.json"], "B.json"),
        (["a.json", "a.json", "--json", "nowhere/x.json"], "there is no directory nowhere"),
        (["a.json", "a.json", "--seed", "-1"], "--seed"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_2(command: Command, arguments: list[str], says: str) -> None:
    write("a.json", document(rows([0.5])))
    ran = command("compare", *arguments)
    assert ran.code == 2
    assert says in only_line(ran)


def test_what_a_file_says_does_not_command_the_terminal(command: Command) -> None:
    a = write("a.json", document(rows([0.5]), steering="[red]\x1b[2J"))
    out = command("compare", a, write("b.json", document(rows([0.5])))).out
    assert "\x1b" not in out
    assert "[red]␛[2J → portray" in out


def test_a_page_has_the_difference_what_it_may_come_from_and_what_is_left_out(
    command: Command, before: Sequence[float], tmp_path: Path
) -> None:
    after = [value + 0.01 * (2 + number % 3) for number, value in enumerate(before)]
    a = document([*rows(before), row("Q99", 0.5)])
    b = document(rows(after), steering="bio", model=MODEL | {"name": "<b>", "demonstration": True})
    ran = command("compare", write("a.json", a), write("b.json", b), "--html", "page.html", "--json", "c.json")
    assert (ran.code, ran.err) == (0, "written: page.html\n")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    found = PairedReport.model_validate_json((tmp_path / "c.json").read_text()).difference.alignment
    assert found is not None
    difference = f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
    assert rows_of(page, "Over the paired questions")["alignment"][2:] == [difference, f"{found.p:.4f}", "25"]
    differs = rows_of(page, "The difference may come from these")
    assert (differs["steering"], differs["model.name"]) == (["portray", "bio"], ["toy", "<b>"])
    assert rows_of(page, "Questions answered or valid in one report only") == {"Q99": ["not put in B"]}
    assert "alignment (higher is closer to people): B is higher than A" in words(page)
    assert words(page).count("portray") == 1
    assert "chat-personas compare a.json b.json --seed 0" in words(page)
    assert "says nothing about real people" in words(page)
    assert not seen(page).names & (LOADING | {"b"})


def test_a_page_of_a_report_with_itself_says_that_nothing_differs(command: Command, tmp_path: Path) -> None:
    a = write("a.json", document(rows([0.5, 0.6])))
    assert command("compare", a, a, "--html", "page.html").code == 0
    assert "Nothing else differs between the reports" in words((tmp_path / "page.html").read_text(encoding="utf-8"))


def test_a_page_tells_pairs_of_one_persona_apart_by_their_expression(command: Command, tmp_path: Path) -> None:
    both = [document(rows([0.5, 0.6]), expression=name) for name in ("log_probability", "verbalized")]
    a = write("a.json", *both)
    assert command("compare", a, a, "--html", "page.html").code == 0
    page = words((tmp_path / "page.html").read_text(encoding="utf-8"))
    for name in ("log_probability", "verbalized"):
        assert f"democrat, {name} A: democrat ({name}) in a.json" in page


def test_what_is_not_sound_is_compared_on_request_with_a_mark_in_every_line(command: Command, tmp_path: Path) -> None:
    rows_ = rows([0.5, 0.6, 0.7])
    verdict = {"finding": "follows_letters", "order_agreement": None, "valid": 3, "answered": 3, "both_orders": 3}
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps(document(rows_, verdict=verdict)))
    refused = command("compare", "a.json", "b.json")
    assert refused.code == 2
    assert "--show-invalid shows the figures all the same" in only_line(refused)
    shown = command("compare", "a.json", "b.json", "--show-invalid")
    assert shown.code == 0
    figures = [line for line in shown.out.splitlines() if line.startswith("  alignment (") or "paired" in line]
    assert figures
    assert [line for line in figures if "(not sound)" not in line] == []
    assert command("compare", "a.json", "b.json", "--show-invalid", "--html", "page.html").code == 2
    assert not (tmp_path / "page.html").exists()
