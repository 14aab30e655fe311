"""What is printed of a sweep: the model without steering stands there once, with its costs and its answers."""

from dataclasses import replace

import pytest

from chat_personas.cli.tables.directions import print_sweep
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
    _, _, costs = capsys.readouterr().out.rpartition("likely repeated")
    rows = [line.split() for line in costs.splitlines()[1:] if line.strip()]
    assert [row[0] for row in rows] == names
    if kind == "add":
        assert len({len(row) for row in rows}) == 1
