"""Groups become a persona on the spot, and a persona becomes its file."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from personas import CATALOGUE, Group, Persona, PersonaError, library_names, load_persona, system_prompt
from personas.checking import examine
from personas.composing import are_groups, as_toml, composed, groups_in, with_own_prompt
from personas.persona import Voice, steering_named, titled_by_steering, with_steering

DEMOCRAT = Group(attribute="POLPARTY", value="Democrat")
WOMAN = Group(attribute="SEX", value="Female")


@pytest.mark.parametrize(
    "written",
    [
        "POLPARTY=Democrat SEX=Female",
        "POLPARTY=Democrat,SEX=Female",
        "POLPARTY=Democrat, SEX=Female,",
        " POLPARTY=Democrat and SEX=Female",
    ],
)
def test_groups_are_written_with_a_blank_a_comma_or_and_between_them(written: str) -> None:
    assert groups_in(written) == (DEMOCRAT, WOMAN)


def test_every_group_of_the_catalogue_is_read_also_beside_others_with_commas_and_blanks() -> None:
    for attribute in CATALOGUE.values():
        for value in attribute.values:
            one = Group(attribute=attribute.key, value=value)
            beside = WOMAN if attribute.key != "SEX" else DEMOCRAT
            assert groups_in(f"{one}, {beside}") == (one, beside)
            assert groups_in(f"{beside} {one}") == (beside, one)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("POLPARTY=Democrats SEX=Female", 'no group "POLPARTY=Democrats"; did you mean "POLPARTY=Democrat"'),
        ("SEX=Male SEX=Female", "SEX=Male and SEX=Female exclude each other"),
        ("SEX=Male SEX=Male", "duplicate group SEX=Male"),
    ],
)
def test_a_group_that_does_not_exist_or_fit_is_named(written: str, why: str) -> None:
    with pytest.raises(PersonaError, match=why):
        groups_in(written)


def test_a_name_and_a_path_are_not_groups() -> None:
    assert are_groups("POLPARTY=Democrat")
    assert not any(map(are_groups, ("democrat", "./a=b.toml", "/tmp/x=1", "", "=Democrat")))


def test_a_composed_persona_steers_as_a_file_with_these_groups_does() -> None:
    loaded = composed((DEMOCRAT, WOMAN))
    assert (loaded.persona.name, loaded.persona.title) == ("democrat-female", "Democrat and Female")
    assert system_prompt(loaded.persona) == system_prompt(load_persona("democrat-woman").persona)
    assert system_prompt(composed((DEMOCRAT, WOMAN), "bio").persona) == (
        'You live in the United States and describe yourself like this: "I am a Democrat. I am a woman." '
        "Speak and answer as the person who wrote that, in the first person."
    )


def test_a_composed_persona_has_the_hash_of_the_file_that_would_be_saved(tmp_path: Path) -> None:
    loaded = composed((DEMOCRAT, WOMAN))
    file = tmp_path / loaded.path
    file.write_text(as_toml(loaded.persona), encoding="utf-8")
    assert load_persona(file).sha256 == loaded.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_twelve_groups_combined_have_a_valid_name() -> None:
    groups = [Group(attribute=each.key, value=each.values[0]) for each in CATALOGUE.values()]
    assert len(composed(groups).persona.name) <= 64


@pytest.mark.parametrize("steering", ["protray", "activation"])
def test_a_steering_that_is_unknown_or_needs_more_than_groups_is_refused(steering: str) -> None:
    with pytest.raises(PersonaError, match="steering"):
        composed((DEMOCRAT,), steering)


def test_a_prompt_of_ones_own_is_all_that_the_model_is_given() -> None:
    """The style is part of the text that the person saw and changed, and is not said twice."""
    loaded = load_persona("democrat")
    styled = replace(loaded, persona=loaded.persona.model_copy(update={"voice": Voice(style="Be short.")}))
    own = with_own_prompt(styled, "Talk like a pirate.\n\nAlways.")
    assert system_prompt(own.persona) == "Talk like a pirate.\n\nAlways."
    assert (own.persona.name, own.persona.title) == ("democrat-own-prompt", "A Democrat (own prompt)")
    assert own.persona.groups == loaded.persona.groups
    assert own.path.parent == loaded.path.parent, "its directions lie there"
    again = with_own_prompt(own, "Talk like a cook.")
    assert (again.persona.name, again.persona.title) == (own.persona.name, own.persona.title)
    assert again.sha256 != own.sha256


def test_a_persona_of_the_longest_name_can_have_a_prompt_of_ones_own() -> None:
    loaded = load_persona("democrat")
    long = replace(loaded, persona=loaded.persona.model_copy(update={"name": "a" * 64}))
    assert with_own_prompt(long, "Talk.").persona.name == "a" * 53 + "-own-prompt"


def test_a_persona_with_a_prompt_of_its_own_is_not_named_by_the_steering_that_this_replaces() -> None:
    democrat = load_persona("democrat").persona
    own = with_own_prompt(load_persona("democrat"), "You are from Iowa.").persona
    assert (steering_named(democrat), titled_by_steering(democrat)) == ("portray", "A Democrat (portray)")
    assert (steering_named(own), titled_by_steering(own)) == ("own prompt", "A Democrat (own prompt)")
    renamed = own.model_copy(update={"title": "Iowa"})
    assert titled_by_steering(renamed) == "Iowa (own prompt)"
    assert steering_named(own.model_copy(update={"steering": "few_shot"})) == "few_shot, own prompt"
    without = with_steering(own, "bio")
    assert (without.prompt, titled_by_steering(without)) == (None, "A Democrat (bio)"), "its prompt was dropped"
    assert without.name == "democrat", "or the corpus would keep it as one with a prompt of its own"


@pytest.mark.parametrize("text", ["", " \n ", "a bell \x07"])
def test_a_prompt_of_ones_own_is_text(text: str) -> None:
    with pytest.raises(PersonaError, match="prompt"):
        with_own_prompt(load_persona("democrat"), text)


def test_no_group_is_no_persona() -> None:
    with pytest.raises(PersonaError, match="give one, such as POLPARTY=Democrat"):
        composed(())


FULL = """\
schema = "chat-personas/persona@1"
name = "ruth"
title = 'Ruth, who says "no" – 日本 \\\\'
steering = "activation"

[[groups]]
attribute = "EDUCATION"
value = "Associate's degree"

[voice]
style = "Short.\\n\\tAnd \\"quoted\\"."

[prompt]
system = "Be Ruth."

[sampling]
temperature = 0.0
seed = 7

[few_shot]
questions = 3
prompt = "qa"

[[activation]]
direction = "party"
strength = -0.5
layers = "10-12"

[[activation]]
direction = "age"
clamp = 0.25
"""


def test_every_key_of_a_persona_file_survives_being_written_and_read() -> None:
    persona = examine(FULL)
    assert isinstance(persona, Persona)
    assert examine(as_toml(persona)) == persona


def test_every_persona_of_the_library_survives_being_written_and_read() -> None:
    for name in library_names():
        persona = load_persona(name).persona
        assert examine(as_toml(persona)) == persona
