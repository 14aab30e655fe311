"""The published scores of the distributional-alignment benchmark come out of its raw answers, where its files are."""

from pathlib import Path

import pytest

from benchmarks.published_totals import PUBLISHED, scored, total_variation

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "distributional_alignment"


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the benchmark's files are not part of this repository")
@pytest.mark.parametrize("method", ["express_distribution", "sequence", "model_logprobs"])
def test_the_published_total_variations_come_out_to_five_decimals(method: str) -> None:
    kept, apart = scored(FOLDER, method, "as-option"), scored(FOLDER, method, "apart")
    assert set(kept) == set(apart) == {"Democrat", "Republican"}
    for party, report in kept.items():
        assert round(total_variation(report), 5) == PUBLISHED[method, party]
        assert len(report.questions) == len(apart[party].questions) == 100
        # Nobody of the model's answers refuses much: our convention, refusals apart, moves the score a little.
        assert total_variation(report) - 0.02 < total_variation(apart[party]) < total_variation(report)
