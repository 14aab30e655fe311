"""The exact words that steer a model, alone and combined."""

import hashlib
import re
from typing import Any

import pytest

from personas import (
    ALL_GROUPS,
    SCHEMA,
    Group,
    Persona,
    PersonaError,
    evaluation_prompt,
    steering_prompt,
    system_prompt,
    with_shots,
    with_steering,
)

PROMPTS = ("qa", "bio", "portray")


def persona(steering: str, *groups: str, **sections: Any) -> Persona:
    tables = [Group.parse(group).model_dump() for group in groups]
    document = {"schema": SCHEMA, "name": "somebody", "title": "Somebody", "steering": steering, "groups": tables}
    return Persona.model_validate(document | sections)


def test_portray_asks_to_play_a_member_of_the_group() -> None:
    assert system_prompt(persona("portray", "POLPARTY=Democrat")) == (
        "Play the part of a person in the United States who is a Democrat. "
        "Speak and answer as that person would, in the first person."
    )


def test_portray_combines_groups_in_one_sentence_and_sex_names_the_person() -> None:
    prompt = system_prompt(persona("portray", "POLPARTY=Republican", "SEX=Female", "CREGION=South", "RACE=Hispanic"))
    assert prompt == (
        "Play the part of a woman in the United States who is a Republican, lives in the South and is Hispanic. "
        "Speak and answer as that woman would, in the first person."
    )


def test_bio_is_a_description_in_the_first_person() -> None:
    assert system_prompt(persona("bio", "RACE=Black", "EDUCATION=Some college, no degree")) == (
        'You live in the United States and describe yourself like this: "I am Black. I went to college but have no '
        'degree." Speak and answer as the person who wrote that, in the first person.'
    )


def test_a_group_of_ones_own_answers_a_question_and_no_country_is_made_up_for_it() -> None:
    assert system_prompt(persona("portray", "REGION_DE=Bavaria", "SEX=Female")) == (
        "Play the part of a woman who answers Bavaria when asked about REGION DE. "
        "Speak and answer as that woman would, in the first person."
    )
    assert system_prompt(persona("bio", "UNION=Member")) == (
        'You describe yourself like this: "I answer Member when asked about UNION." '
        "Speak and answer as the person who wrote that, in the first person."
    )
    assert system_prompt(persona("qa", "UNION=Member")) == (
        "You answered this question about yourself:\n\n"
        "What do you answer when asked about UNION?\nAnswer: Member\n\n"
        "Speak and answer as the person who gave this answer, in the first person."
    )


def test_a_group_of_ones_own_lives_where_the_others_say() -> None:
    assert "a person in Germany who answers Bavaria" in steering_prompt(
        "portray", [Group.parse("REGION_DE=Bavaria"), Group.parse("COUNTRY=Germany")]
    )
    assert steering_prompt("portray", [Group.parse("UNION=Member"), Group.parse("POLPARTY=Democrat")]).startswith(
        "Play the part of a person in the United States who answers Member when asked about UNION and is a Democrat."
    )


def test_qa_shows_the_answers_among_the_lettered_values_of_the_catalogue() -> None:
    assert system_prompt(persona("qa", "POLPARTY=Democrat", "SEX=Male")) == (
        "You live in the United States and answered these questions about yourself:\n\n"
        "How do you place yourself among the political parties?\n"
        "A. Republican\nB. Democrat\nC. Independent\nD. Other\nAnswer: B\n\n"
        "Are you male or female?\nA. Male\nB. Female\nAnswer: A\n\n"
        "Speak and answer as the person who gave these answers, in the first person."
    )


def test_one_question_is_spoken_of_in_the_singular() -> None:
    prompt = system_prompt(persona("qa", "CITIZEN=No"))
    assert "this question about yourself" in prompt
    assert prompt.endswith("who gave this answer, in the first person.")


@pytest.mark.parametrize("steering", PROMPTS)
def test_the_60_groups_have_60_different_prompts(steering: str) -> None:
    assert len({steering_prompt(steering, [group]) for group in ALL_GROUPS}) == 60


@pytest.mark.parametrize("steering", PROMPTS)
@pytest.mark.parametrize("group", ALL_GROUPS, ids=str)
def test_every_prompt_is_finished_text(steering: str, group: Group) -> None:
    prompt = steering_prompt(steering, [group])
    assert prompt.endswith(".")
    assert not re.search(r"[{}]|  | \n| a [AEIOaeio]| an [^AEIOaeio]|\bI (is|has|goes|lives)\b|who (am|have)\b", prompt)


def test_the_prompts_are_those_the_pocket_model_was_trained_on() -> None:
    """A change of wording costs the built-in model its steering: retrain it, then renew this digest."""
    every = "\n".join(steering_prompt(steering, [group]) for steering in PROMPTS for group in ALL_GROUPS)
    assert (
        hashlib.sha256(every.encode()).hexdigest() == "a5334d6e26e118198d17636ad38e945e87a92e2f8a13cfdb5864fe914498d41a"
    )


def test_none_says_nothing_even_when_groups_are_given_to_measure_against() -> None:
    assert system_prompt(persona("none")) == ""
    assert system_prompt(persona("none", "POLPARTY=Democrat")) == ""


def test_the_voice_follows_the_steering_prompt() -> None:
    voiced = persona("portray", "SEX=Male", voice={"style": "Talk in short sentences."})
    assert system_prompt(voiced) == (
        "Play the part of a man in the United States. Speak and answer as that man would, in the first person.\n\n"
        "Talk in short sentences."
    )
    assert system_prompt(with_steering(voiced, "none")) == "Talk in short sentences."


def test_a_prompt_of_ones_own_replaces_the_steering_prompt_word_for_word() -> None:
    own = persona("portray", "SEX=Male", prompt={"system": "You are Joe.\nStay Joe."}, voice={"style": "Be brief."})
    assert system_prompt(own) == "You are Joe.\nStay Joe.\n\nBe brief."


def test_another_steering_drops_the_prompt_made_for_the_first() -> None:
    own = persona("portray", "SEX=Male", prompt={"system": "You are Joe."})
    assert with_steering(own, "portray") == own
    assert system_prompt(with_steering(own, "bio")) == system_prompt(persona("bio", "SEX=Male"))


def test_a_steering_that_needs_a_group_is_refused_without_one() -> None:
    with pytest.raises(PersonaError, match='somebody: steering "bio" needs a group'):
        with_steering(persona("none"), "bio")


def test_an_unknown_steering_is_answered_with_the_nearest() -> None:
    with pytest.raises(PersonaError, match='there is no steering "potray"; did you mean "portray"'):
        with_steering(persona("none"), "potray")


@pytest.mark.parametrize(
    ("steering", "sections"),
    [
        ("activation", {"activation": {"direction": "d"}}),
        ("ablation", {"ablation": {"direction": "d"}}),
    ],
)
def test_steering_from_inside_has_no_prompt_but_the_persona_s_own(steering: str, sections: dict[str, object]) -> None:
    assert system_prompt(persona(steering, "SEX=Male", **sections)) == ""
    own = persona(steering, "SEX=Male", prompt={"system": "Be kind."}, voice={"style": "Be brief."}, **sections)
    assert system_prompt(own) == "Be kind.\n\nBe brief."


def test_few_shot_is_no_prompt_to_talk_under_and_never_taken_for_an_unsteered_model() -> None:
    with pytest.raises(PersonaError, match='somebody: steering "few_shot" is for chat-personas eval'):
        system_prompt(persona("few_shot", "SEX=Male"))


def test_few_shot_is_asked_under_the_prompt_that_it_names_and_without_one_if_it_names_none() -> None:
    man = persona("few_shot", "SEX=Male")
    playing = persona("few_shot", "SEX=Male", few_shot={"prompt": "portray"}, voice={"style": "Be brief."})
    assert evaluation_prompt(man) == ""
    assert evaluation_prompt(playing) == system_prompt(persona("portray", "SEX=Male")) + "\n\nBe brief."


@pytest.mark.parametrize("steering", ["none", *PROMPTS])
def test_a_survey_is_put_under_the_same_prompt_as_one_talks_under(steering: str) -> None:
    man = persona(steering, "SEX=Male", prompt={"system": "You are Joe."})
    assert evaluation_prompt(man) == system_prompt(man) == "You are Joe."


def test_shots_replace_the_number_and_keep_the_prompt_of_the_file() -> None:
    made = with_shots(persona("few_shot", "SEX=Male", few_shot={"questions": 3, "prompt": "bio"}), 5)
    assert made.few_shot is not None
    assert (made.few_shot.questions, made.few_shot.prompt) == (5, "bio")


@pytest.mark.parametrize("steering", ["qa", "bio", "portray"])
@pytest.mark.parametrize(("country", "named"), [("Japan", "in Japan"), ("Philippines", "in the Philippines")])
def test_a_person_of_another_country_does_not_live_in_the_united_states(
    steering: str, country: str, named: str
) -> None:
    groups = [Group(attribute="COUNTRY", value=country), Group(attribute="SEX", value="Female")]
    for combined in (groups, groups[:1]):
        prompt = steering_prompt(steering, combined)
        assert named in prompt
        assert "United States" not in prompt
