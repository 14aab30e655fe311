"""Every expression method of the exported model, for the card: numbers from reports, and the table made of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from eval.answers import by_reason
from eval.compare.knowledge_gap import gaps
from eval.engine import Engine
from eval.evaluation import evaluate
from eval.expression.judge import Judge
from eval.expression.methods import EXPRESSIONS
from eval.report import Report
from eval.surveys.loading import LoadedSurvey
from personas import load_persona


async def measure_expressions(engine: Engine, survey: LoadedSurvey, name: str, seed: int) -> dict[str, Any]:
    """Put the survey to a persona in every way, the model its own judge; return what the card shows, by expression."""
    judge = Judge(engine)
    persona = load_persona(name)
    reports = [await evaluate(engine, persona, survey, expression=e, seed=seed, judge=judge) for e in EXPRESSIONS]
    return numbers_of(reports)


def numbers_of(reports: Sequence[Report]) -> dict[str, Any]:
    """Return scores, failures by reason, the judge's error and the gap to `verbalized`, by expression."""
    gap_of = {gap.simulation: gap.model_dump() for gap in gaps(reports)}
    return {
        report.expression: {
            "put": report.survey.questions,
            "questions": len(report.questions),
            "valid": sum(question.valid for question in report.questions),
            "failures": dict(by_reason(failure.why for failure in report.failures)),
            "alignment": _dumped(report.scores.alignment),
            "total_variation": _dumped(report.scores.total_variation),
            "judge": _dumped(report.judge),
            "gap": gap_of.get(report.expression),
        }
        for report in reports
    }


def render_expressions(parties: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the card's section, empty for numbers that were made before there were other expressions."""
    rows = [
        _row(name, expression, cells)
        for name, party in parties.items()
        for expression, cells in party.get("expressions", {}).items()
    ]
    if not rows:
        return ""
    table = "\n".join(rows)
    return f"""## Every expression method

How a distribution is obtained changes it: [expression methods](../../docs/expression.md). *Gap* is the total variation
minus that of `verbalized`, question by question where both answered; above 0, the percentages are closer to people
than what is simulated. Where the model is a judge that errs too often of its own answers in words, these are not valid.

| persona | expression | answered | alignment | total variation | gap | what failed |
| --- | --- | --- | --- | --- | --- | --- |
{table}"""


def _row(name: str, expression: str, cells: Mapping[str, Any]) -> str:
    failed = ", ".join(f"{count} × {why}" for why, count in cells["failures"].items()) or "nothing"
    judge, gap = cells["judge"], cells["gap"]
    scores = [
        shown(cells["alignment"]),
        shown(cells["total_variation"]),
        shown(gap["total_variation"] if gap else None),
    ]
    if judge is not None and (errs := _worst_error(judge)) > judge["limit"]:
        scores[:2] = [f"not valid: the judge itself errs in {100 * errs:.1f} of 100", "not valid"]
    return " | ".join((f"| {name}", expression, f"{cells['questions']} of {cells['put']}", *scores, f"{failed} |"))


def _worst_error(judge: Mapping[str, Any]) -> float:
    """Return the judge's mean error over the kind of statements on which it errs most."""
    kinds = [judge[kind] for kind in ("paraphrase_error", "abstention_error") if judge.get(kind)] or [judge["error"]]
    return max(float(each["mean"]) for each in kinds)


def shown(score: Mapping[str, float | None] | None) -> str:
    """Return a score with its interval, as the card shows it."""
    if score is None:
        return "not defined"
    if score["low"] is None or score["high"] is None:
        return f"{score['mean']:.3f} (no interval)"
    return f"{score['mean']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"


def _dumped(part: Any) -> Any:
    return None if part is None else part.model_dump()
