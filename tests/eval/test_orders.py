"""Option orders: every option stands where the order's name says, and refusals stay last."""

from collections import Counter
from math import factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.answers import reason
from eval.engine import ORDERS
from eval.expression.rendering import ordered_options, render
from eval.orders import TWO, OrderScheme, all_orders, balanced, orders_for, places, scheme_of
from eval.surveys.loading import load_survey
from tests.eval.towns import REFUSAL, question

THREE = question("BUS", {}, overall=(1, 1, 1), ordinals=(1, 2, 3))
PAIR = question("TRAM", {}, overall=(1, 1))


def test_two_orders_are_the_surveys_and_its_reverse() -> None:
    assert orders_for(TWO, THREE) == orders_for(ORDERS, THREE) == ("survey", "reversed")
    assert places("survey", "BUS", 3) == (0, 1, 2)
    assert places("reversed", "BUS", 3) == (2, 1, 0)


@pytest.mark.parametrize("asked", load_survey("civic").survey.questions[:8], ids=lambda asked: asked.id)
def test_in_cyclic_orders_every_option_stands_once_in_every_place(asked: "object") -> None:
    orders = orders_for("cyclic", asked)  # type: ignore[arg-type]
    texts = asked.option_texts  # type: ignore[attr-defined]
    assert len(orders) == len(texts)
    seen = Counter(pair for order in orders for pair in enumerate(ordered_options(asked, order)[: len(texts)]))  # type: ignore[arg-type]
    assert seen == {(place, text): 1 for place in range(len(texts)) for text in texts}


def test_drawn_orders_are_distinct_the_same_every_time_and_no_more_than_there_are() -> None:
    for asked, wanted in ((THREE, 4), (THREE, 30), (PAIR, 5)):
        count = len(asked.option_texts)
        orders = orders_for(wanted, asked)
        drawn = [places(order, asked.id, count) for order in orders]
        assert len(set(drawn)) == len(drawn) == min(wanted, factorial(count))
        assert drawn == [places(order, asked.id, count) for order in orders_for(wanted, asked)]
    assert [places("shuffled-1", f"Q{n}", 5) for n in range(9)] != [places("shuffled-1", "Q0", 5)] * 9


def test_what_is_drawn_for_a_question_never_changes_so_that_a_report_can_be_repeated() -> None:
    assert [places(f"shuffled-{n}", "BUS", 4) for n in (1, 2)] == [(3, 0, 2, 1), (1, 2, 3, 0)]


@pytest.mark.parametrize("order", ["survey", "reversed", "rotated-2", "shuffled-1"])
def test_refusals_stay_last_and_the_prompt_letters_what_stands_there(order: str) -> None:
    rendered = render(THREE, order)
    assert rendered.options[-1] == REFUSAL
    assert sorted(rendered.options[:-1]) == sorted(THREE.option_texts)
    assert f"A. {THREE.option_texts[places(order, 'BUS', 3)[0]]}\n" in rendered.probe.prompt
    assert rendered.probe.key == f"BUS/{order}"


@pytest.mark.parametrize("order", ["rotated-0", "rotated-3", "shuffled-7", "sideways", "shuffled-x"])
def test_an_order_that_three_options_do_not_have_is_refused(order: str) -> None:
    with pytest.raises(ValueError, match=order):
        places(order, "BUS", 3)


def test_one_order_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2, not 1"):
        orders_for(1, THREE)


def test_a_report_names_every_order_in_which_some_question_was_put() -> None:
    assert all_orders("cyclic", [PAIR, THREE]) == ("survey", "rotated-1", "rotated-2")


def test_failures_in_different_orders_are_counted_together() -> None:
    whys = [f"{order} order: the reply is empty: x" for order in ("survey", "rotated-1", "shuffled-12")]
    assert {reason(why) for why in whys} == {"the reply is empty"}


def test_orders_are_balanced_where_every_option_stands_in_every_place_equally_often() -> None:
    assert balanced(orders_for("cyclic", THREE), "BUS", 3)
    assert balanced(ORDERS, "TRAM", 2)
    assert balanced(orders_for(6, THREE), "BUS", 3), "all permutations"
    assert not balanced(ORDERS, "BUS", 3), "the middle option stays in the middle"
    assert not balanced(orders_for(4, THREE), "BUS", 3), "4 orders cannot give 3 options each place equally often"
    assert not balanced(("survey", "rotated-1"), "BUS", 3)


@given(
    asked=st.one_of(st.just("cyclic"), st.integers(2, 30)), counts=st.lists(st.integers(2, 5), min_size=1, max_size=6)
)
def test_the_names_of_all_orders_tell_in_which_each_question_was_put(asked: OrderScheme, counts: list[int]) -> None:
    questions = [
        question(f"Q{number}", {}, overall=[1] * count, ordinals=range(count)) for number, count in enumerate(counts)
    ]
    scheme = scheme_of(all_orders(asked, questions))
    assert [orders_for(scheme, each) for each in questions] == [orders_for(asked, each) for each in questions]
