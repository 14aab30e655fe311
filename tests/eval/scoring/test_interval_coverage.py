"""The simulation of docs/measures.md draws from pools whose mean it knows, and counts rightly."""

import json
import sys

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from benchmarks import interval_coverage
from benchmarks.coverage_pools import Population, civic_pools
from benchmarks.interval_coverage import Coverage, coverage, verdict
from eval.surveys.human_figures import groups_with_figures, human_figures
from eval.surveys.loading import load_survey


def normal(truth: float) -> Population:
    return Population("normal", lambda rng, n, trials: (rng.normal(0.5, 0.1, (n, trials)), None), truth)


def test_students_t_covers_95_percent_of_normal_scores_and_a_wrong_truth_is_never_held() -> None:
    found = coverage(normal(0.5), 20, 1000)
    assert found.students_t == pytest.approx(0.95, abs=0.02)  # three standard errors
    assert found.ours == pytest.approx(0.95, abs=0.02)
    assert coverage(normal(0.9), 20, 200).ours == 0


def test_the_truth_of_a_pool_is_the_mean_over_every_group_and_question() -> None:
    survey = load_survey("civic").survey
    distances, alignments = [], []
    for question in survey.questions:
        everyone = human_figures(question, ())
        for group in groups_with_figures(survey):
            people = human_figures(question, (group,))
            if people is None or everyone is None:
                continue
            p, q, places = everyone.distribution, people.distribution, question.ordinals
            distances.append(abs(p - q).sum() / 2)
            span = max(places) - min(places)
            if span:
                alignments.append(1 - wasserstein_distance(places, places, p, q) / span)
    first, second, *_ = civic_pools()
    assert first.truth == pytest.approx(np.mean(alignments), abs=1e-9)
    assert second.truth == pytest.approx(np.mean(distances), abs=1e-9)


def test_the_verdict_names_what_misses_the_goal_from_40_questions() -> None:
    few = Coverage("skill", 20, 4000, 0.90, 0.9, 0.9, 0.005)
    good = Coverage("skill", 40, 4000, 0.95, 0.9, 0.9, 0.003)
    bad = Coverage("skill", 60, 4000, 0.92, 0.9, 0.9, 0.004)
    assert verdict([few, good]).endswith("between 95.0% and 95.0%, the goal is 93% to 97%: met")
    assert verdict([few, good, bad]).endswith("missed by skill, 60 questions: 92.0%")


def test_json_holds_every_figure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["interval_coverage", "--json", "--trials", "2"])
    interval_coverage.main()
    rows = json.loads(capsys.readouterr().out)
    assert {row["questions"] for row in rows} == {20, 40, 60, 100, 300}
    assert {"scores", "trials", "ours", "percentile", "students_t", "standard_error"} <= set(rows[0])
