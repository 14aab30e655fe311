"""How a benchmark turns timings into a figure, on invented ones: ratio, interval, verdict, and the form of the file."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.__main__ import rows_kept
from benchmarks.figure import Goal, Pair, Timing, figure, interleaved
from benchmarks.leaving import in_all
from benchmarks.performance_page import performance_page
from benchmarks.row import Measured, Row, Settings, result
from benchmarks.steered_inside import measure_replies
from benchmarks.table import ROWS
from chat_personas.models import pocket_path

NAMES = [
    "probes-vs-whole-prompts",
    "probes-vs-prefix-reuse",
    "probes-vs-limit",
    "reply-throughput",
    "steered-reply-throughput",
    "knob",
    "first-token-while-probing",
    "first-token-after-probing",
    "key-echo",
    "hostile-reply-key",
    "long-conversation-key",
    "open-conversation",
    "first-paint",
    "server-concurrency",
    "memory",
    "corpus-insert",
    "corpus-search",
    "export-openai",
    "export-sharegpt",
    "export-trl-preference",
    "export-oasst",
    "export-convokit",
    "export-huggingface",
    "export-prism",
    "export-csv",
    "export-sqlite",
    "hostile-reply-memory",
]


def pairs(ours: list[float], baseline: list[float]) -> tuple[Pair, ...]:
    return tuple(Pair(Timing(one, 7), Timing(other)) for one, other in zip(ours, baseline, strict=True))


def test_all_benchmarks_are_there_under_their_names() -> None:
    assert [row.name for row in ROWS] == NAMES


def test_the_figure_is_the_ratio_of_the_medians_not_the_median_of_the_ratios() -> None:
    found = figure(pairs([1.0, 2.0, 9.0], [4.0, 1.0, 2.0]), Goal(2))
    assert found.ratio == pytest.approx(2.0 / 2.0)


def test_times_faster_turns_the_ratio_round() -> None:
    found = figure(pairs([2.0] * 5, [30.0] * 5), Goal(12, at_least=True, times_faster=True))
    assert found.ratio == pytest.approx(15.0)
    assert found.interval == pytest.approx((15.0, 15.0))
    assert found.met is True


def test_a_goal_is_judged_on_the_unfavourable_end_of_the_interval() -> None:
    steady = figure(pairs([1.05] * 5, [1.0] * 5), Goal(1.10))
    assert steady.met is True
    unsteady = figure(pairs([1.0, 1.0, 1.05, 1.3, 1.3], [1.0] * 5), Goal(1.10))
    assert unsteady.ratio == pytest.approx(1.05)
    assert unsteady.interval[1] == pytest.approx(1.3)
    assert unsteady.met is False


def test_a_goal_of_at_least_looks_at_the_lower_end() -> None:
    unsteady = figure(pairs([0.5, 0.5, 1.0, 1.0, 1.0], [1.0] * 5), Goal(0.95, at_least=True))
    assert unsteady.ratio == pytest.approx(1.0)
    assert unsteady.met is False


def test_an_allowance_is_taken_off_ours_before_it_is_judged_and_the_ratio_stays_what_it_is() -> None:
    found = figure(pairs([0.155] * 5, [0.100] * 5), Goal(1.10, allowance=0.050))
    assert found.ratio == pytest.approx(1.55)
    assert found.judged == pytest.approx((1.05, 1.05))
    assert found.met is True
    assert figure(pairs([0.165] * 5, [0.100] * 5), Goal(1.10, allowance=0.050)).met is False


def test_a_ceiling_must_hold_as_well_as_the_ratio() -> None:
    assert figure(pairs([0.049] * 5, [0.045] * 5), Goal(1.25, ceiling=0.050)).met is True
    assert figure(pairs([0.051] * 5, [0.045] * 5), Goal(1.25, ceiling=0.050)).met is False


def test_fewer_than_three_pairs_are_not_judged() -> None:
    assert figure(pairs([1.0] * 2, [1.0] * 2), Goal(2)).met is None
    assert figure(pairs([1.0] * 3, [1.0] * 3), Goal(2)).met is True


def test_a_figure_that_is_not_positive_is_an_error_and_so_are_no_pairs() -> None:
    with pytest.raises(ValueError, match="not positive"):
        figure(pairs([0.0], [1.0]), Goal(2))
    with pytest.raises(ValueError, match="no pairs"):
        figure((), Goal(2))


@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(0.01, 100)), min_size=1, max_size=9))
def test_the_interval_stays_within_what_the_medians_can_be_and_comes_out_the_same_again(
    values: list[tuple[float, float]],
) -> None:
    ours, baseline = [one for one, _ in values], [other for _, other in values]
    found = figure(pairs(ours, baseline), Goal(1))
    low, high = found.interval
    assert min(ours) / max(baseline) <= low * (1 + 1e-9)
    assert low <= high <= max(ours) / min(baseline) * (1 + 1e-9)
    assert found == figure(pairs(ours, baseline), Goal(1))


def test_ours_and_the_baseline_take_turns() -> None:
    heard: list[str] = []

    def side(name: str, number: int) -> Timing:
        heard.append(f"{name} {number}")
        return Timing(1.0)

    found = interleaved(lambda number: side("ours", number), lambda number: side("baseline", number), 2)
    assert heard == ["ours 0", "baseline 0", "ours 1", "baseline 1"]
    assert len(found) == 2


def invented(_: Settings) -> Measured:
    return Measured(pairs([1.0, 1.1, 1.2], [1.0, 1.0, 1.0]), {"threads": 2}, ("a remark",))


ROW = Row("a-row", "something", "something else", Goal(1.25, ceiling=2.0, also="and 2 s"), "s", invented)


def test_a_result_has_name_ratio_goal_met_and_the_detail_behind_them() -> None:
    record = json.loads(json.dumps(result(ROW, invented(Settings(3, lambda: pytest.fail("no model needed"))))))
    assert list(record) == ["name", "ratio", "goal", "met", "detail"]
    assert (record["name"], record["goal"], record["met"]) == ("a-row", 1.25, True)
    assert record["ratio"] == pytest.approx(1.1)
    detail = record["detail"]
    assert detail["goal"] == "at most 1.25 times and 2 s"
    assert detail["interval"] == pytest.approx([1.0, 1.2])
    assert detail["ours"]["median"] == pytest.approx(1.1)
    assert detail["ours"]["values"] == [1.0, 1.1, 1.2]
    assert detail["ours"]["decoded_tokens"] == 7
    assert detail["baseline"]["decoded_tokens"] is None
    assert detail["repeats"] == 3
    assert detail["settings"] == {"threads": 2}


def test_a_condition_that_does_not_hold_is_a_goal_not_met() -> None:
    def judged(*, holds: bool) -> object:
        return result(ROW, Measured(pairs([1.0] * 5, [1.0] * 5), conditions={"it does not grow": holds}))["met"]

    assert judged(holds=True) is True
    assert judged(holds=False) is False


def test_the_page_has_the_machine_and_every_row_with_its_interval() -> None:
    record = result(ROW, invented(Settings(3, lambda: pytest.fail("no model needed"))))
    page = performance_page([record], {"processor": "a fast one"}, "random")
    assert "- processor: a fast one" in page
    assert "| `a-row` | 1.1 (1 to 1.2) | at most 1.25 times and 2 s | yes | 3 |" in page
    assert "- a remark" in page


@pytest.mark.slow
def test_every_kind_of_steering_has_its_speed_in_the_row_of_steered_replies() -> None:
    measured = measure_replies(Settings(1, pocket_path))
    for kind in ("an ablation", "a clamp"):
        (note,) = [note for note in measured.notes if note.startswith(kind)]
        ratio, low, high = map(float, re.findall(r"\d\.\d{3}", note))
        assert 0 < low <= ratio <= high


def test_a_row_measured_anew_replaces_its_own_and_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    assert rows_kept(None, ["memory"]) == rows_kept(file, ["memory"]) == {}
    file.write_text(json.dumps([{"name": "memory", "ratio": 2.0}, {"name": "key-echo", "ratio": 1.1}]))
    assert rows_kept(file, ["memory"]) == {"key-echo": {"name": "key-echo", "ratio": 1.1}}


def test_where_every_run_of_leaving_fails_there_is_no_median_to_tell() -> None:
    assert in_all([], 3) == "0 times: 3 wrong"
    assert in_all([0.5, 1.5, 0.7], 1) == "3 times: 1 wrong; median 0.70 s, longest 1.50 s, 1 over a second"
