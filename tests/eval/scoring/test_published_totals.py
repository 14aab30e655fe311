"""The published scores of the distributional-alignment benchmark come out of its raw answers, where its files are."""

import json
from pathlib import Path

import pytest

from benchmarks.published_totals import PUBLISHED, REFUSAL, imported_survey, scored, total_variation

FOLDER = Path(__file__).parents[3].parent / "shared" / "data" / "distributional_alignment"


needs_files = pytest.mark.skipif(not FOLDER.is_dir(), reason="the benchmark's files are not part of this repository")


@needs_files
@pytest.mark.parametrize("method", ["express_distribution", "sequence", "model_logprobs"])
def test_the_published_total_variations_come_out_to_five_decimals(method: str) -> None:
    as_option, apart = scored(FOLDER, method, "as-option"), scored(FOLDER, method, "apart")
    imported = scored(FOLDER, method, "as-option", imported_survey)
    assert set(as_option) == set(apart) == {"Democrat", "Republican"}
    for party, report in as_option.items():
        assert round(total_variation(report), 5) == PUBLISHED[method, party]
        assert total_variation(imported[party]) == pytest.approx(total_variation(report), abs=1e-15)
        assert len(report.questions) == len(apart[party].questions) == 100
        # Neither people nor model refuse much: our convention, refusals apart, moves the score a little.
        assert total_variation(report) - 0.02 < total_variation(apart[party]) < total_variation(report)


@needs_files
@pytest.mark.parametrize("party", ["Democrat", "Republican"])
def test_the_people_are_those_that_the_benchmark_compared_with_letter_by_letter(party: str) -> None:
    run = json.loads((FOLDER / "runs" / "gpt-4" / "sequence" / f"{party}.json").read_text())
    for question in scored(FOLDER, "sequence", "as-option")[party].questions:
        assert question.human is not None
        assert question.human_refusal is not None
        shares = dict(zip(question.options, question.human, strict=True)) | {REFUSAL: question.human_refusal}
        in_letters = [shares[text] for text in sorted(shares) if shares[text] > 0]
        assert in_letters == pytest.approx(list(run[question.id]["expected_results"].values()), abs=1e-9)
