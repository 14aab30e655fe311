"""What a round of probes leaves in the corpus is what was measured: nothing is rounded, reordered or called exact."""

import numpy as np
import pytest

from chat_personas.monitor.recording import probe_rows
from eval.answers import Answer, Failure, OrderAnswer
from eval.engine import ORDERS
from eval.scoring.opinions import MAX_TRUNCATION

EXACT = OrderAnswer("survey", np.array([0.5, 0.25]), 0.125, 0.875)
CUT_OFF = OrderAnswer("reversed", np.array([0.5, 0.0]), 0.0, 0.5, truncation=1 / 3, options_upper=np.array([0.5, 0.25]))


def test_each_order_is_kept_as_the_model_gave_it() -> None:
    exact, cut_off = probe_rows([Answer("BUS", (EXACT, CUT_OFF))], [])
    assert (exact.question, exact.option_order, exact.options) == ("BUS", "survey", (0.5, 0.25))
    assert (exact.refusal, exact.label_mass, exact.failure) == (0.125, 0.875, None)
    assert (cut_off.option_order, cut_off.options, cut_off.label_mass) == ("reversed", (0.5, 0.0), 0.5)


def test_bounds_of_a_server_that_hides_unlikely_letters_are_kept_and_exact_figures_have_none() -> None:
    exact, cut_off = probe_rows([Answer("BUS", (EXACT, CUT_OFF))], [])
    assert exact.options_upper is None
    assert cut_off.options_upper == (0.5, 0.25)
    hidden = sum(cut_off.options_upper) - sum(cut_off.options)
    assert hidden / (sum(cut_off.options) + hidden) == pytest.approx(CUT_OFF.truncation)
    assert CUT_OFF.truncation > MAX_TRUNCATION


def test_a_failure_has_its_reason_in_both_orders_and_no_figures() -> None:
    rows = probe_rows([], [Failure("BUS", "the server is gone")])
    assert tuple(row.option_order for row in rows) == ORDERS
    assert {(row.options, row.refusal, row.label_mass, row.failure) for row in rows} == {
        ((), None, None, "the server is gone")
    }
