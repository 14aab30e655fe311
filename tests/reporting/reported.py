"""Reports whose pictures are easy to check by eye."""

from collections.abc import Sequence
from typing import Any

from eval.report import Report
from tests.eval.reports import EMPTY, MODEL, document, report, row

HOSTILE = "\"><script>alert(1)</script>]]>' \x1b[2J\x07\u202e & <b onload=x> \x9b\ufffe\x00"


def score(mean: float, low: float | None = None, high: float | None = None) -> dict[str, float | None]:
    """Return a score as a report has it."""
    return {"mean": mean, "low": low, "high": high}


def reference(mean: float, minus: float) -> dict[str, Any]:
    """Return a reference with this alignment and this difference from the persona."""
    scores = {"alignment": score(mean, mean - 0.02, mean + 0.02), "total_variation": score(1 - mean, 0.1, 0.4)}
    less = {"alignment": score(minus, minus - 0.01, minus + 0.01), "total_variation": score(-minus, -0.1, 0.1)}
    return {**scores, "minus_persona": less}


def scored(questions: Sequence[Any] = (), alignment: dict[str, Any] | None = None, **changed: Any) -> Report:
    """Return a report of a Democrat with all references; three questions when none are given."""
    shown = list(questions) or [
        row("Q0", 0.9, total_variation=0.1),
        row("Q1", 0.4, total_variation=0.7),
        row("Q2", 0.8),
    ]
    own = score(0.8, 0.75, 0.85) if alignment is None else alignment
    opposite = {"attribute": "POLPARTY", "value": "Republican"}
    filled = {
        "scores": {
            **EMPTY,
            "alignment": own,
            "total_variation": score(0.2, 0.15, 0.25),
            "skill": score(0.1, -0.2, 0.4),
        },
        "references": {
            "uniform": reference(0.7, -0.1),
            "population": reference(0.85, 0.05),
            "opposite": reference(0.6, -0.2),
            "noise_floor": reference(0.97, 0.17),
        },
        "group_sample": {"people": 800.0, "share": 0.3, "everyone_else": None, "sample": None},
        "scores_against_opposite": {**opposite, "alignment": score(0.65, 0.6, 0.7), "total_variation": None},
    }
    return report(shown, **{**filled, **changed})


def hostile() -> Report:
    """Return a report in which every text that comes from elsewhere tries to be markup and to command a terminal."""
    question = {**row("Q0" + HOSTILE, 0.5, valid=False), "topics": [HOSTILE], "options": [HOSTILE, HOSTILE + "2"]}
    filled = document([question], name="evil" + HOSTILE, survey="b")
    filled["persona"] |= {"file": HOSTILE, "sha256": HOSTILE, "groups": [{"attribute": HOSTILE, "value": HOSTILE}]}
    filled["model"] = {**MODEL, "name": HOSTILE, "quantization": HOSTILE}
    filled["survey"] |= {"name": HOSTILE}
    filled |= {"version": HOSTILE, "created": HOSTILE, "steering": HOSTILE, "expression": HOSTILE}
    filled |= {"failures": [{"id": HOSTILE, "why": HOSTILE}], "prompt_sha256": HOSTILE}
    filled["topics"] = [{"topic": HOSTILE, "questions": 1, "alignment": score(0.5), "total_variation": None}]
    near = {"attribute": HOSTILE, "value": HOSTILE, "alignment": score(0.5), "tied": True}
    filled |= {"nearest": [near], "scores_against_opposite": {**near, "total_variation": None}}
    del filled["scores_against_opposite"]["tied"]
    return Report.model_validate(filled)
