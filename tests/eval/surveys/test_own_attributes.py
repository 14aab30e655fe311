"""Groups of attributes of one's own, from the survey file to nearest groups and the few-shot prompt."""

from pathlib import Path

import pytest

from eval.answer_files import read_line
from eval.answers import FloatArray
from eval.errors import SurveyError
from eval.expression.few_shot import as_asked
from eval.importers import KINDS, ImportOptions
from eval.matrix.groups import groups_of
from eval.scoring.groups import group_table, nearest, opposite_of
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import NearGroup
from eval.surveys.human_figures import attributes_with_figures, groups_with_figures, human_figures, require_figures
from eval.surveys.loading import LoadedSurvey, Survey
from personas import SCHEMA, Group, Persona
from tests.eval.towns import FEMALE, MALE, question, town

MEMBER, OUTSIDE = (Group(attribute="UNION", value=value) for value in ("Member", "Outside"))
JAPAN = Group.parse("COUNTRY=Japan")
NORTH = Group.parse("REGION_DE=Nord")


def survey() -> Survey:
    counts = {OUTSIDE: (2, 8), NORTH: (1, 1), MEMBER: (9, 1), JAPAN: (3, 3), MALE: (5, 5), FEMALE: (6, 4)}
    return town(*(question(f"Q{number}", counts, overall=(11, 9)) for number in range(3)))


def loaded() -> LoadedSurvey:
    return LoadedSurvey(survey(), Path("town.json"), "0")


def test_a_survey_file_with_them_is_read_back_as_it_was_written() -> None:
    written = survey().model_dump_json(by_alias=True, exclude_none=True)
    assert Survey.model_validate_json(written) == survey()


def test_they_come_after_the_catalogue_and_countries_in_the_surveys_order() -> None:
    assert groups_with_figures(survey()) == (MALE, FEMALE, JAPAN, OUTSIDE, MEMBER, NORTH)
    assert attributes_with_figures(survey()) == ("SEX", "COUNTRY", "UNION", "REGION_DE")
    assert groups_of(survey(), "UNION") == (OUTSIDE, MEMBER)


def test_pairs_with_the_catalogue_are_looked_up() -> None:
    found = survey().questions[0].model_dump()
    found["responses"]["UNION x SEX"] = {"Member x Male": {"counts": (4, 0), "refused": 0}}
    paired = type(survey().questions[0]).model_validate(found)
    figures = human_figures(paired, (MALE, MEMBER))
    assert figures is not None
    assert figures.n == 4


def test_they_are_ranked_among_the_nearest_groups_and_have_an_opposite() -> None:
    table = group_table(survey())
    options: FloatArray = table.distributions[table.groups.index(MEMBER)]
    found = nearest(table, (0, 1, 2), options, Bootstrap(3, 0))
    assert found.groups[0].group == MEMBER
    assert opposite_of(table, MEMBER) == OUTSIDE
    near = found.groups[0]
    assert NearGroup.model_validate_json(near.model_dump_json()) == near


def test_a_group_that_the_survey_does_not_have_is_answered_with_the_nearest() -> None:
    with pytest.raises(SurveyError, match='no figures for UNON=Member; did you mean "UNION=Member"'):
        require_figures(loaded(), (Group.parse("UNON=Member"),))
    with pytest.raises(SurveyError, match='no figures for UNION=Membre; did you mean "UNION=Member"'):
        require_figures(loaded(), (Group.parse("UNION=Membre"),))
    require_figures(loaded(), (MEMBER,))


def test_few_shot_shows_the_answers_of_the_group() -> None:
    document = {"schema": SCHEMA, "name": "m", "title": "M", "steering": "few_shot", "few_shot": {"questions": 1}}
    member = Persona.model_validate(document | {"groups": [MEMBER.model_dump()]})
    (put, *_) = as_asked(member, survey(), survey().questions)
    assert "option 1: 90%\noption 2: 10%" in put.stem


def test_answers_from_elsewhere_may_be_for_them() -> None:
    line = '{"question": "Q0", "group": {"attribute": "UNION", "value": "Member"}, "distribution": {"option 1": 1}}'
    assert read_line(line).group == (MEMBER,)


def test_a_table_of_ones_own_may_have_them(tmp_path: Path) -> None:
    rows = [
        "question,stem,option,ordinal,attribute,value,count",
        "q,Why?,Yes,1,UNION,Member,3",
        "q,,No,2,UNION,Member,1",
    ]
    file = tmp_path / "town.csv"
    file.write_text("\n".join(rows))
    imported = KINDS["csv"].read(file, ImportOptions("town", years=(2024,))).survey
    assert groups_with_figures(imported) == (MEMBER,)
