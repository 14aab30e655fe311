"""Reports with figures that are easy to work out by hand."""

from collections.abc import Sequence
from typing import Any

from eval.report import Report
from personas import Group
from tests.eval.towns import DEMOCRAT

EMPTY = dict.fromkeys(
    ("alignment", "total_variation", "skill", "refusal", "human_refusal", "label_mass", "order_bias", "entropy_ratio")
)
MODEL = {
    "name": "toy",
    "engine": "llama",
    "sha256": "ab" * 32,
    "quantization": None,
    "context_length": 2048,
    "flash_attention": False,
}


def row(question_id: str, alignment: float | None, *, total_variation: float = 0.5, valid: bool = True) -> Any:
    """Return a question with these scores; what it was is of no account."""
    return {
        "id": question_id,
        "topics": ["transport"],
        "options": ["Yes", "No"],
        "ordinal": [1.0, 2.0],
        "human": [0.5, 0.5],
        "human_n": 100,
        "model": [0.5, 0.5],
        "by_order": [],
        "refusal": 0.0,
        "human_refusal": 0.0,
        "label_mass": 0.9,
        "alignment": alignment,
        "total_variation": total_variation,
        "order_bias": 0.0,
        "valid": valid,
    }


def rows(alignments: Sequence[float | None]) -> list[Any]:
    """Return questions Q0, Q1, ... with these alignments."""
    return [row(f"Q{number}", alignment) for number, alignment in enumerate(alignments)]


def document(
    questions: Sequence[Any], *, name: str = "democrat", group: Group = DEMOCRAT, survey: str = "a", **changed: Any
) -> dict[str, Any]:
    """Return the JSON of a report on these questions; `changed` replaces keys at the top."""
    return {
        "schema": "chat-personas/eval-report@2",
        "created": "2026-01-01T00:00:00+00:00",
        "version": "0.1.0",
        "persona": {
            "name": name,
            "file": f"{name}.toml",
            "sha256": "cd" * 32,
            "groups": [{"attribute": group.attribute, "value": group.value}],
        },
        "model": MODEL,
        "survey": {
            "name": "town",
            "sha256": survey * 64,
            "questions": len(questions),
            "paraphrased": False,
            "weighted": False,
            "years": [2020],
        },
        "steering": "portray",
        "expression": "log_probability",
        "orders": ["survey", "reversed"],
        "refusals": "apart",
        "seed": 0,
        "prompt_sha256": "ef" * 32,
        "verdict": {
            "finding": "sound",
            "order_agreement": {"mean": 0.9, "low": 0.8, "high": 0.95},
            "valid": len(questions),
            "answered": len(questions),
            "both_orders": len(questions),
        },
        "scores": EMPTY,
        "scores_valid_only": EMPTY,
        "topics": [],
        "references": dict.fromkeys(("uniform", "population", "opposite", "noise_floor")),
        "scores_against_opposite": None,
        "nearest": [],
        "nearest_questions": 0,
        "questions": list(questions),
        "failures": [],
        "timing": {"seconds": 1.0, "probes": 2, "tokens_decoded": 3, "tokens_reused": 4},
        **changed,
    }


def report(questions: Sequence[Any], **changed: Any) -> Report:
    """Return the report that `document` describes."""
    return Report.model_validate(document(questions, **changed))


def judged_as(report: Report, finding: str) -> Report:
    """Return the report with another verdict, for what is said about measurements that are sound or are not."""
    return report.model_copy(update={"verdict": report.verdict.model_copy(update={"finding": finding})})
