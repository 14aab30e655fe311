"""A study file says what is wrong with it in one line, and what it means does not depend on the machine."""

from pathlib import Path

import pytest

from chat_personas.studies.errors import StudyFileError
from chat_personas.studies.instrument import instrument_names, load_instrument
from chat_personas.studies.study import load_study
from tests.studies.making import made_study, write_study


def test_the_study_that_a_researcher_begins_with_is_complete(tmp_path: Path) -> None:
    loaded = made_study(tmp_path)
    assert [condition.name for condition in loaded.study.conditions] == ["democrat", "republican"]
    assert set(loaded.personas) == {"democrat", "republican"}
    assert len(loaded.questions) == 8
    assert len({question.topics[0] for question in loaded.questions}) >= 6, "questions are spread over the topics"


def test_the_same_study_has_the_same_hash_wherever_its_file_lies(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    assert made_study(tmp_path / "here").row == made_study(tmp_path / "there").row


def test_a_changed_instrument_makes_another_study(tmp_path: Path) -> None:
    own = 'schema = "chat-personas/instrument@1"\nname = "mine"\ntitle = "Mine"\n[[items]]\nid = "a"\nkind = "text"\n'
    (tmp_path / "mine.toml").write_text(f'{own}text = "Why?"\n')
    study = write_study(tmp_path, {'before = ["understanding",': 'before = ["mine.toml",'})
    before = load_study(study).row.sha256
    (tmp_path / "mine.toml").write_text(f'{own}text = "How?"\n')
    assert load_study(study).row.sha256 != before


def test_an_instrument_about_the_conversation_makes_another_study_only_beside_a_control_group(tmp_path: Path) -> None:
    own = 'schema = "chat-personas/instrument@1"\nname = "mine"\ntitle = "Mine"\n{}'
    items = '[[items]]\nid = "a"\nkind = "text"\ntext = "Why?"\n'
    control = '[[conditions]]\nname = "control"\ngroups = ["POLPARTY=Democrat"]\npeople = "Democrats"\n'

    def hashes(conditions: str) -> set[str]:
        path = write_study(tmp_path, {'before = ["understanding",': 'before = ["mine.toml",'})
        path.write_text(path.read_text(encoding="utf-8") + conditions, encoding="utf-8")
        found = set()
        for flag in ("", "about_conversation = true\n"):
            (tmp_path / "mine.toml").write_text(own.format(flag) + items)
            found.add(load_study(path).row.sha256)
        return found

    assert len(hashes("")) == 1
    assert len(hashes(control)) == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("blind = true", "", None),
        ('name = "neighbours"', 'nane = "neighbours"', 'line 4: there is no key "nane"; did you mean "name"?'),
        ('version = "1"', "", r'line 13: consent: "version" is missing; add it'),
        ('scope = "research" ', 'scope = "everything" ', "line 15: consent, scope is"),
        (
            'persona = "republican"',
            'persona = "republcan"',
            'line 30: there is no persona "republcan" in the library; did you mean "republican"',
        ),
        (
            'people = "Republicans"',
            'people = "Republicans"\ngroups = ["POLPARTY=Republcan"]',
            'line 32: there is no group "POLPARTY=Republcan"; did you mean "POLPARTY=Republican"',
        ),
        ('name = "republican"', 'name = "democrat"', 'two conditions called "democrat"; give each its own name'),
        ("questions = 8 ", "questions = 3 ", "line 44: 3 questions are too few for an estimate; guess 5 or more, or 0"),
        ("questions = 8 ", 'questions = "five" ', 'is "five"; write how many, from 0 to 40, or a list of ids'),
        ("questions = 8 ", "questions = 5000 ", "is 5000; write how many, from 0 to 40, or a list of ids"),
        ("questions = 8 ", 'questions = ["NO_SUCH"] ', 'line 44: civic has no question "NO_SUCH"'),
        (
            "least_turns = 3",
            "least_turns = 13",
            "line 48: conversation has least_turns above most_turns; write",
        ),
        (
            '"familiarity", ',
            '"familiarty", ',
            'line 54: there is no instrument "familiarty"; did you mean "familiarity"?',
        ),
        ('survey = "civic"', 'survey = "civil"', 'line 9: there is no survey "civil"'),
        (
            '# by = ["demographics.party"]',
            'by = ["demographics.part"]',
            'line 41: assignment.by names "demographics.part", which intake does not ask as a choice; did you mean',
        ),
    ],
)
def test_each_mistake_is_one_line_that_says_where(tmp_path: Path, old: str, new: str, message: str | None) -> None:
    path = write_study(tmp_path, {old: new})
    if message is None:
        load_study(path)
        return
    with pytest.raises(StudyFileError) as raised:
        load_study(path)
    assert str(raised.value).startswith('"study.toml": line ')
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_fault_in_a_persona_file_is_told_with_both_files(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('schema = "chat-personas/persona@2"\nname = "mine"\ntitle = "Mine"\n')
    with pytest.raises(StudyFileError, match=r'^"study.toml": line 25: "mine.toml": line 1: schema'):
        made_study(tmp_path, {'persona = "democrat"': 'persona = "mine.toml"'})


def test_a_control_group_must_say_whose_answers_it_guesses(tmp_path: Path) -> None:
    with pytest.raises(StudyFileError, match="neither a persona nor groups"):
        made_study(tmp_path, {'persona = "democrat"    # a persona of the library, or a file beside this one\n': ""})


@pytest.mark.parametrize("name", instrument_names())
def test_every_instrument_of_the_program_can_be_used(name: str) -> None:
    loaded = load_instrument(name)
    assert loaded.instrument.name == name


ITEM = 'schema = "chat-personas/instrument@1"\nname = "mine"\ntitle = "Mine"\n[[items]]\nid = "a"\ntext = "Why?"\n'


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ('kind = "choice"', "line 4: items 1 has fewer than two options"),
        ('kind = "scale"', "is a scale without ends; add low and high"),
        ('kind = "scale"\nlow = 7\nhigh = 1', "line 8: items 1 has a low that is not below its high"),
        ('kind = "text"\noptions = [{code = "a", text = "A"}, {code = "b", text = "B"}]', "is no choice"),
        ('kind = "choice"\nattribute = "AGES"', 'did you mean "AGE"?'),
        ('kind = "choice"\noptions = [{code = "a", text = "A"}, {code = "a", text = "B"}]', 'with the code "a"'),
        (
            'kind = "choice"\ncorrect = "c"\noptions = [{code = "a", text = "A"}, {code = "b", text = "B"}]',
            'is "c", which no option has',
        ),
        ('kind = "text"\ntries = 2', "line 8: items 1 has tries without a correct answer"),
        ("", 'line 4: items 1: "kind" is missing'),
    ],
)
def test_an_item_that_cannot_be_asked_is_refused(tmp_path: Path, keys: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"{ITEM}{keys}\n")
    with pytest.raises(StudyFileError) as raised:
        load_instrument(str(path))
    assert message in str(raised.value)
    assert str(raised.value).startswith('"mine.toml": line ')


def test_an_instrument_without_items_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('schema = "chat-personas/instrument@1"\nname = "mine"\ntitle = "Mine"\nitems = []\n')
    with pytest.raises(StudyFileError, match="items"):
        load_instrument(str(path))


def test_an_answer_is_right_by_its_code_or_its_number() -> None:
    item = load_instrument("attention").instrument.items[0]
    assert [item.is_right(None, value) for value in (2.0, 3.0, None)] == [True, False, False]
    other = load_instrument("warmth").instrument.items[0]
    assert other.is_right(None, 50.0) is None
