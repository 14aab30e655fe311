"""The card's numbers come from a run of the exported file in every expression."""

from pathlib import Path

import pytest

from chat_personas.engines.llama import LlamaEngine
from chat_personas.models import pocket_path
from eval.expression.methods import EXPRESSIONS
from eval.expression.statements import known_statements
from eval.surveys.loading import LoadedSurvey, load_survey
from pocket.expressions import measure_expressions, render_expressions


@pytest.mark.slow
async def test_the_built_in_model_is_measured_in_every_expression_and_each_has_its_row() -> None:
    civic = load_survey("civic")
    few = civic.survey.model_copy(update={"questions": civic.survey.questions[:3]})
    engine = await LlamaEngine.open(pocket_path(), threads=1)
    try:
        found = await measure_expressions(engine, LoadedSurvey(few, Path("few.json"), "ab" * 32), "democrat", 0)
    finally:
        await engine.close()
    assert tuple(found) == EXPRESSIONS
    for cells in found.values():
        assert cells["put"] == cells["questions"] + sum(cells["failures"].values()) == 3
    assert found["open_ended"]["judge"]["statements"] == sum(map(len, map(known_statements, few.questions)))
    section = render_expressions({"democrat": {"expressions": found}})
    assert section.count("| democrat | ") == len(EXPRESSIONS)
