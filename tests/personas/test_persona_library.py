"""The personas that come with the program."""

import pytest

from personas import ALL_GROUPS, PersonaError, library_names, load_persona, system_prompt

COMBINED = {"democrat-man", "democrat-woman", "republican-man", "republican-woman", "black-woman", "white-man"}


def test_each_of_the_60_groups_has_a_persona_of_its_own() -> None:
    alone = [load_persona(name).persona.groups for name in library_names()]
    assert sorted(str(groups[0]) for groups in alone if len(groups) == 1) == sorted(map(str, ALL_GROUPS))


def test_the_combined_personas_join_two_attributes() -> None:
    found = {name for name in library_names() if len(load_persona(name).persona.groups) == 2}
    assert found == COMBINED


@pytest.mark.parametrize("name", library_names())
def test_a_library_persona_portrays_its_groups_under_its_files_name(name: str) -> None:
    persona = load_persona(name).persona
    assert persona.name == name
    assert persona.steering == ("none" if name == "unsteered" else "portray")
    assert (system_prompt(persona) == "") == (name == "unsteered")


def test_titles_differ() -> None:
    assert len({load_persona(name).persona.title for name in library_names()}) == 67


def test_the_names_people_try_first_are_what_they_say() -> None:
    assert str(load_persona("democrat").persona.groups[0]) == "POLPARTY=Democrat"
    assert str(load_persona("republican").persona.groups[0]) == "POLPARTY=Republican"
    assert load_persona("unsteered").persona.groups == ()


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(PersonaError, match='no persona "demcrat" in the library; did you mean "democrat"'):
        load_persona("demcrat")


@pytest.mark.parametrize("typed", ["zzzz", "banana", "joe-biden"])
def test_a_name_like_no_other_is_answered_with_where_the_names_are(typed: str) -> None:
    with pytest.raises(PersonaError, match=f'no persona "{typed}" in the library; see: chat-personas personas list'):
        load_persona(typed)
