"""Prompts that begin alike reach a server one after the other, and otherwise in the order that was asked for."""

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from chat_personas.engines.openai.scheduling import in_tree_order, in_waves
from eval.engine import Message, Probe

PROMPTS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("\n".join), max_size=12)


def probes(prompts: list[str]) -> list[Probe]:
    return [Probe(str(number), prompt, ("A",)) for number, prompt in enumerate(prompts)]


def test_both_orders_of_a_question_follow_each_other() -> None:
    given_ = probes(["Bus?\nA. yes\nB. no", "Tram?\nA. yes\nB. no", "Bus?\nA. no\nB. yes", "Tram?\nA. no\nB. yes"])
    assert [probe.key for probe in in_tree_order(given_)] == ["0", "2", "1", "3"]


@given(PROMPTS)
def test_those_that_share_their_first_lines_are_side_by_side(prompts: list[str]) -> None:
    ordered = in_tree_order(probes(prompts))
    assert sorted(probe.key for probe in ordered) == sorted(probe.key for probe in probes(prompts))
    for lines in range(1, 5):
        beginnings = [tuple((probe.prompt + "\n").splitlines()[:lines]) for probe in ordered]
        runs = [beginning for beginning, _ in groupby(beginnings)]
        assert len(runs) == len(set(beginnings))


@given(st.lists(st.text("abc", min_size=1), unique_by=lambda prompt: prompt.splitlines()[0]))
def test_those_that_share_nothing_stay_as_they_were(prompts: list[str]) -> None:
    assert in_tree_order(probes(prompts)) == probes(prompts)


def test_the_longest_goes_first_alone_where_many_share_much() -> None:
    long, short = [Message("user", "word " * 300)], [Message("user", "word")]
    asked = probes(["a", "a longer one", "b"])
    assert [[probe.key for probe in wave] for wave in in_waves(long, asked)] == [["1"], ["0", "2"]]
    assert in_waves(short, asked) == [in_tree_order(asked)]
    assert in_waves(long, asked[:2]) == [in_tree_order(asked[:2])]
