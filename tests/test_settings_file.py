"""The settings file is changed one setting at a time: the rest of it, comments too, stays as the person wrote it."""

from pathlib import Path

import pytest

from chat_personas.paths import settings_path
from chat_personas.settings import SettingsError, load_settings
from chat_personas.settings_file import Keys, SettingsFile, remember_theme
from tests.test_settings import home as home
from tests.test_settings import write

MINE = """\
# mine
persona = "white"  # my favourite

[keys]
stop = "f9"   # easier

# the server of the institute
[servers."https://lab.example.org/v1"]
timeout = 300  # slow
"""


@pytest.mark.parametrize(
    ("keys", "value", "line", "before"),
    [
        (("persona",), "democrat", 'persona = "democrat"  # my favourite', 'persona = "white"  # my favourite'),
        (("keys", "stop"), "f10", 'stop = "f10"   # easier', 'stop = "f9"   # easier'),
        (
            ("servers", "https://lab.example.org/v1", "timeout"),
            60,
            "timeout = 60  # slow",
            "timeout = 300  # slow",
        ),
    ],
)
def test_a_value_is_replaced_where_it_stands(keys: Keys, value: object, line: str, before: str) -> None:
    write(MINE)
    SettingsFile().change(keys, value)
    assert settings_path().read_text() == MINE.replace(before, line)


@pytest.mark.parametrize(
    ("keys", "value", "after"),
    [
        (("theme",), "nord", MINE.replace("favourite\n", 'favourite\ntheme = "nord"\n')),
        (("keys", "new"), "f10", MINE.replace("# easier\n", '# easier\nnew = "f10"\n')),
        (("templates", "big"), "plain", MINE + '\n[templates]\nbig = "plain"\n'),
        (
            ("servers", "http://127.0.0.1:8080/v1", "concurrency"),
            2,
            MINE + '\n[servers."http://127.0.0.1:8080/v1"]\nconcurrency = 2\n',
        ),
    ],
)
def test_a_new_value_stands_with_its_like_and_all_comments_stay(keys: Keys, value: object, after: str) -> None:
    write(MINE)
    SettingsFile().change(keys, value)
    assert settings_path().read_text() == after


def test_a_table_of_another_program_version_stays(tmp_path: Path) -> None:
    later = 'persona = "white"\n\n[later]\nfeature = [1, 2]  # not known here\n'
    file = SettingsFile(tmp_path / "settings.toml")
    file.path.write_text(later)
    file.change(("measure",), False)
    assert file.path.read_text() == later.replace('"white"\n', '"white"\nmeasure = false\n')


def test_a_value_is_taken_away_and_one_that_is_not_there_changes_nothing() -> None:
    write('measure = false\n[keys]  # all of them\nstop = "f9"\n# more\n')
    file = SettingsFile()
    for keys in (("keys", "stop"), ("measure",), ("threads",), ("servers", "http://127.0.0.1:8080", "timeout")):
        file.change(keys, None)
    assert settings_path().read_text() == "[keys]  # all of them\n# more\n"
    assert file.undo() == ("measure",)


def test_every_change_can_be_undone_to_the_byte_the_last_one_first() -> None:
    write(MINE)
    file = SettingsFile()
    file.change(("measure",), False)
    once = settings_path().read_text()
    file.change(("keys", "stop"), None)
    assert file.last_change == ("keys", "stop")
    assert file.undo() == ("keys", "stop")
    assert settings_path().read_text() == once
    assert file.undo() == ("measure",)
    assert settings_path().read_text() == MINE
    with pytest.raises(SettingsError, match="nothing to undo"):
        file.undo()


def test_nothing_is_undone_in_a_file_that_somebody_else_has_changed() -> None:
    file = SettingsFile()
    file.change(("measure",), False)
    write('persona = "white"\n')
    with pytest.raises(SettingsError, match="has been changed since"):
        file.undo()
    assert settings_path().read_text() == 'persona = "white"\n'


@pytest.mark.parametrize("text", ['keys = {stop = "f9"}\n', 'keys.stop = "f9"\n', '[keys]\r\nstop = "f9"\r\n'])
def test_keys_are_added_in_whatever_form_the_person_writes_tables(text: str) -> None:
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    settings_path().write_bytes(text.encode())
    SettingsFile().change(("keys", "new"), "f10")
    assert load_settings().keys == {"stop": "f9", "new": "f10"}
    assert settings_path().read_bytes().startswith(text.encode()[:6])


@pytest.mark.parametrize(
    ("text", "fault"),
    [("persona = ", "is not valid TOML"), ("keys = 3\n", "keys.stop cannot be changed here")],
)
def test_a_file_that_cannot_be_changed_in_one_place_is_left_as_it_is(text: str, fault: str) -> None:
    write(text)
    with pytest.raises(SettingsError, match=fault):
        SettingsFile().change(("keys", "stop"), "f9")
    assert settings_path().read_text() == text


@pytest.mark.parametrize(
    ("keys", "variable", "value"),
    [
        (("theme",), "CHAT_PERSONAS_THEME", "dracula"),
        (("persona",), "chat_personas_persona", "white"),
        (("keys", "stop"), "CHAT_PERSONAS_KEYS", '{"stop": "f9"}'),
    ],
)
def test_what_the_environment_sets_is_not_changed_in_the_file(
    keys: Keys, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"^{variable} in the environment wins over the settings; unset it$"):
        SettingsFile().change(keys, "nord")
    assert not settings_path().exists()


def test_a_key_beside_those_that_the_environment_sets_can_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_KEYS", '{"stop": "f9"}')
    SettingsFile().change(("keys", "new"), "f10")
    assert load_settings().keys == {"stop": "f9", "new": "f10"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'theme = "nord"\n'),
        ('theme = "dracula"\nmodel = "pocket"\n', 'theme = "nord"\nmodel = "pocket"\n'),
        ("models_folder = '''\ntheme = 1\n'''\n", "models_folder = '''\ntheme = 1\n'''\ntheme = \"nord\"\n"),
    ],
)
def test_a_theme_is_put_into_the_settings_and_nothing_else_changes(before: str, after: str) -> None:
    write(before)
    remember_theme("nord")
    assert settings_path().read_text() == after
    assert load_settings().theme == "nord"


def test_the_first_change_makes_a_settings_file_that_only_its_owner_reads() -> None:
    remember_theme("nord")
    assert load_settings().theme == "nord"
    assert settings_path().stat().st_mode & 0o777 == 0o600
