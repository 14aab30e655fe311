"""What is printed of a sweep: the model without steering stands there once, with its costs and its answers."""

from dataclasses import replace

import pytest

from chat_personas.cli.tables.directions import print_sweep
from chat_personas.reporting.numbers import signed
from chat_personas.steering.sweep import swept
from eval.interventions import InterventionKind
from tests.steering.test_sweep import SOURCE, measured


@pytest.mark.parametrize(("kind", "names"), [("add", ["none", "+1"]), ("clamp", ["none", "0", "+1"])])
def test_costs_name_the_model_without_steering_once_and_a_clamp_at_0_is_not_that_model(
    capsys: pytest.CaptureFixture[str], kind: InterventionKind, names: list[str]
) -> None:
    without = measured(None, 0.5, 0.5)
    found = swept([replace(without, strength=0.0), measured(1, 0.8, 0.8)], without, replace(SOURCE, kind=kind))
    print_sweep(found, to_error=False)
    table, _, costs = capsys.readouterr().out.rpartition("likely repeated")
    rows = [line.split() for line in costs.splitlines()[1:] if line.strip()]
    assert [row[0] for row in rows] == names
    assert len({len(row) for row in rows}) == 1
    leanings = [line for line in table.splitlines() if line.strip().startswith(tuple(names))]
    assert [line.split()[0].rstrip("*") for line in leanings] == names


@pytest.mark.parametrize(("kind", "strengths"), [("add", (-1, 1)), ("clamp", (1, 2)), ("clamp", (0, 1))])
def test_a_sweep_tells_where_the_model_leans_without_steering_whatever_strengths_are_asked_for(
    capsys: pytest.CaptureFixture[str], kind: InterventionKind, strengths: tuple[float, ...]
) -> None:
    without = measured(None, 0.6, 0.4)
    found = swept([measured(each, 0.8, 0.8) for each in strengths], without, replace(SOURCE, kind=kind))
    assert found.without is not None
    assert found.without.leaning is not None
    assert found.without.change is None
    print_sweep(found, to_error=False)
    (row,) = (line for line in capsys.readouterr().out.split("likely:")[0].splitlines() if line.split()[:1] == ["none"])
    written = signed(found.without.leaning).replace(" ", "")
    assert row.replace(" ", "").startswith(f"none{written}0.100")


def test_the_best_place_of_a_clamp_is_marked_and_not_the_model_without_steering(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = [measured(0, 0.9, 0.9), measured(1, 0.6, 0.6)]
    print_sweep(swept(asked, measured(None, 0.5, 0.5), replace(SOURCE, kind="clamp")), to_error=False)
    marked = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line[8:9] == "*"]
    assert marked == ["0*"]
