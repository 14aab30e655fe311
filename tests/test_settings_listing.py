"""Every setting is listed with its value, where that comes from and what it is for, and is checked as in the file."""

import pytest

from chat_personas.settings import Settings, SettingsError, load_settings
from chat_personas.settings_listing import Key, Setting, all_settings, change_meant, keys_written
from tests.test_settings import home as home
from tests.test_settings import write

SERVER = "http://127.0.0.1:8080/v1"
STOP = Key("stop", "escape", "Stop the reply", "In the conversation")


def found(name: str, **given: str) -> Setting:
    (setting,) = [each for each in all_settings(given, (STOP,)) if each.name == name]
    return setting


def test_every_setting_is_listed_with_what_it_is_for() -> None:
    listed = all_settings({}, (STOP,))
    names = {setting.name for setting in listed}
    assert names == Settings.model_fields.keys() - {"schema_name", "keys"} | {"keys.stop"}
    assert all(len(setting.help) > 10 for setting in listed)


def test_where_a_value_comes_from_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    write(f'persona = "white"\nthreads = 2\n[keys]\nstop = "f9"\n[servers."{SERVER}"]\ntimeout = 60\n')
    monkeypatch.setenv("CHAT_PERSONAS_THREADS", "3")
    said = {each.name: (each.shown, each.origin) for each in all_settings({"model": "big.gguf"}, (STOP,))}
    assert said["persona"] == ("white", "file")
    assert said["threads"] == ("3", "environment")
    assert said["model"] == ("big.gguf", "command line")
    assert said["survey"] == ("civic", "default")
    assert said["measure"] == ("on", "default")
    assert said["context_length"] == ("not set", "default")
    assert said["keys.stop"] == ("f9", "file")
    assert said[f'servers."{SERVER}".timeout'] == ("60", "file")
    assert said[f'servers."{SERVER}".concurrency'] == ("32", "default")


def test_it_is_said_when_a_change_counts() -> None:
    effects = {each.name: each.effect for each in all_settings({}, (STOP,))}
    assert effects["theme"] == effects["keys.stop"] == effects["measure"] == "at once"
    assert effects["probe_seconds"] == "from the next conversation"
    assert effects["threads"] == effects["model"] == "from the next start"


def test_a_secret_in_an_address_is_neither_shown_nor_put_where_it_is_typed() -> None:
    write('model = "http://me:hunter2@lab.example.org/v1"\n[servers."http://me:hunter2@lab.example.org/v1"]\n')
    for setting in all_settings():
        assert "hunter2" not in f"{setting.name} {setting.shown} {setting.typed}"


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("threads", " 4 ", 4),
        ("measure", "off", False),
        ("probe_seconds", "7.5", 7.5),
        ("probe_seconds", "20", 20),
        ("theme", "nord", "nord"),
        ("theme", "", None),
        ("threads", "", None),
    ],
)
def test_what_is_typed_becomes_the_value_that_the_file_has(name: str, typed: str, value: object) -> None:
    keys, meant = change_meant(found(name), typed)
    assert keys == (name,)
    assert (meant, type(meant)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "typed", "in_file"),
    [
        ("threads", "0", "threads = 0"),
        ("threads", "many", 'threads = "many"'),
        ("context_length", "12.5", "context_length = 12.5"),
        ("probe_seconds", "-1", "probe_seconds = -1"),
        ("probe_seconds", "4000", "probe_seconds = 4000"),
        ("measure", "perhaps", 'measure = "perhaps"'),
        (f'servers."{SERVER}".timeout', "0", f'[servers."{SERVER}"]\ntimeout = 0'),
        (f'servers."{SERVER}".key_env', "sk-123", f'[servers."{SERVER}"]\nkey_env = "sk-123"'),
    ],
)
def test_a_wrong_value_is_refused_in_the_words_that_the_file_gets(name: str, typed: str, in_file: str) -> None:
    write(f'[servers."{SERVER}"]\n')
    with pytest.raises(SettingsError) as refused:
        change_meant(found(name), typed)
    write(in_file)
    with pytest.raises(SettingsError) as read:
        load_settings()
    assert str(read.value).endswith(f": {refused.value}")
    assert "sk-123" not in str(refused.value)


def test_a_server_and_a_template_are_added_by_their_name() -> None:
    assert change_meant(found("servers"), SERVER) == (("servers", SERVER), {})
    assert change_meant(found("templates"), "big = chatml") == (("templates", "big"), "chatml")
    for name in ("servers", "templates"):
        with pytest.raises(SettingsError, match=r"^Type "):
            change_meant(found(name), "what?")


@pytest.mark.parametrize(
    ("keys", "written"),
    [
        ("ctrl+t", "^t"),
        ("f2,ctrl+t", "f2, ^t"),
        ("shift+enter, ctrl+j", "shift+⏎, ^j"),
        ("ctrl+shift+up", "shift+^↑"),
        ("question_mark", "?"),
        ("escape", "esc"),
        ("+", "+"),
    ],
)
def test_keys_are_written_as_the_screen_shows_them(keys: str, written: str) -> None:
    assert keys_written(keys) == written
