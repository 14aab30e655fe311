"""What scoring returns is what documents hold: the same objects, with nothing beside the documented keys."""

import json

import pytest
from pydantic import ValidationError

from eval.scoring.results import GroupName, OppositeScores
from eval.scoring.scores import score
from tests.eval.intervals import interval
from tests.eval.towns import DEMOCRAT, answer, many


def test_a_score_is_written_with_its_mean_and_its_bounds_only() -> None:
    assert json.loads(interval(0.5, 0.4, 0.6).model_dump_json()) == {"mean": 0.5, "low": 0.4, "high": 0.6}


def test_a_name_in_a_document_leads_to_the_group_of_the_catalogue() -> None:
    assert GroupName(attribute="POLPARTY", value="Democrat").group == DEMOCRAT


def test_a_document_may_name_a_group_that_the_catalogue_does_not_have() -> None:
    name = GroupName(attribute="POLPARTY", value="Whig")
    with pytest.raises(ValidationError):
        _ = name.group


def test_the_scores_of_a_scorecard_are_read_back_from_their_json() -> None:
    survey = many(24)
    answers = [answer(question.id, [1.0] * len(question.options)) for question in survey.questions]
    card = score(survey, (DEMOCRAT,), answers)
    for part in (card.scores, card.references, card.scores_against_opposite, *card.topics, *card.nearest):
        assert part is not None
        assert type(part).model_validate_json(part.model_dump_json()) == part


def test_an_older_document_has_no_difference_from_the_own_group() -> None:
    older = {"attribute": "POLPARTY", "value": "Republican", "alignment": None, "total_variation": None}
    assert OppositeScores.model_validate(older).minus_own is None
