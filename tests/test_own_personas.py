"""A user's own personas: saved in the data directory, and known by name wherever a persona is asked for."""

import stat
from pathlib import Path

import pytest

from chat_personas.own_personas import (
    PersonaExistsError,
    all_persona_names,
    beside,
    find_persona,
    line_of,
    own_persona_names,
    persona_file,
    readable_personas,
    save_persona,
)
from chat_personas.paths import personas_directory
from personas import PersonaError, load_persona
from personas.composing import composed, groups_in


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path))
    return tmp_path


RUTH = composed(groups_in("POLPARTY=Democrat SEX=Female"), "bio").persona


def test_a_saved_persona_is_known_by_its_name() -> None:
    saved = save_persona(RUTH, "ruth")
    assert saved.persona == RUTH.model_copy(update={"name": "ruth"})
    assert find_persona("ruth") == saved
    assert persona_file("ruth") == saved.path
    assert own_persona_names() == ("ruth",)
    assert len(all_persona_names()) == 68


def test_a_saved_persona_is_readable_by_its_owner_only() -> None:
    saved = save_persona(RUTH, "ruth")
    assert stat.S_IMODE(saved.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(personas_directory().stat().st_mode) == 0o700


def test_a_persona_is_replaced_only_on_demand() -> None:
    before = save_persona(RUTH, "ruth")
    other = composed(groups_in("SEX=Male")).persona
    with pytest.raises(PersonaExistsError, match='you have a persona "ruth" already'):
        save_persona(other, "ruth")
    assert find_persona("ruth") == before
    assert save_persona(other, "ruth", replace=True).persona.groups == other.groups


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("democrat", '"democrat" is a persona of the library'),
        ("a b", "use letters, digits and dashes"),
        ("../ruth", "use letters, digits and dashes"),
        ("", "use letters, digits and dashes"),
        ("x" * 65, "at most 64"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(name: str, why: str) -> None:
    with pytest.raises(PersonaError, match=why):
        save_persona(RUTH, name)
    assert not personas_directory().exists()


def test_a_persona_with_a_direction_beside_its_file_is_not_torn_from_it() -> None:
    document = RUTH.model_dump(by_alias=True) | {"steering": "ablation", "ablation": [{"direction": "./party.gguf"}]}
    inside = type(RUTH).model_validate(document)
    with pytest.raises(PersonaError, match="leave it beside it"):
        save_persona(inside, "ruth")


def test_the_library_comes_before_a_file_of_the_same_name() -> None:
    save_persona(RUTH, "ruth").path.rename(personas_directory() / "democrat.toml")
    assert find_persona("democrat") == load_persona("democrat")
    assert own_persona_names() == ()


def test_a_broken_file_hides_no_other() -> None:
    save_persona(RUTH, "ruth")
    (personas_directory() / "broken.toml").write_text("name =", encoding="utf-8")
    assert "broken" in all_persona_names()
    found = dict(readable_personas())
    assert "ruth" in found
    assert "broken" not in found
    with pytest.raises(PersonaError, match="line 1"):
        find_persona("broken")


def test_beside_a_persona_come_those_of_its_attribute_then_the_others_as_in_the_catalogue() -> None:
    names = [name for name, _ in beside(load_persona("democrat").persona, readable_personas())]
    assert names[:4] == ["republican", "democrat", "independent", "other-party"]
    assert names[4] == "northeast", "regions are the first attribute"
    assert names.index("woman") < names.index("hindu") < names.index("black")


def test_the_line_of_a_persona_says_of_what_it_is_and_where_people_have_no_figures() -> None:
    assert line_of("republican", load_persona("republican").persona) == "A Republican (republican) · party"
    assert line_of("hindu", load_persona("hindu").persona) == "A Hindu (hindu) · religion · talk only"


def test_a_slip_in_the_name_of_an_own_persona_is_recognised() -> None:
    save_persona(RUTH, "grandmother-ruth")
    with pytest.raises(PersonaError, match='did you mean "grandmother-ruth"'):
        find_persona("grandmother-rut")


def test_groups_are_composed_in_place_of_a_name() -> None:
    assert find_persona("POLPARTY=Democrat,SEX=Female") == composed(groups_in("POLPARTY=Democrat SEX=Female"))


def test_a_file_that_is_called_like_groups_is_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_persona(RUTH, "ruth").path.rename("SEX=Female")
    assert find_persona("SEX=Female").persona.name == "ruth"
