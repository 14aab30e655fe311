"""What a person may set once: who wins, and that the first frame shows what is meant."""

import os
import tomllib
from pathlib import Path

import pytest

from chat_personas.paths import settings_path
from chat_personas.settings import Settings, SettingsError, load_settings, toml_fault, where_set, without_values
from chat_personas.settings_preview import DEFAULTS, glance


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path))
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CHAT_PERSONAS_{name.upper()}", raising=False)
    return tmp_path


def write(text: str) -> None:
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    settings_path().write_text(text)


def test_without_a_file_the_defaults_hold() -> None:
    settings = load_settings()
    assert (settings.persona, settings.model, settings.survey, settings.measure) == (
        "democrat",
        "pocket",
        "civic",
        True,
    )


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write('persona = "republican"\nmodel = "big.gguf"')
    monkeypatch.setenv("CHAT_PERSONAS_PERSONA", "white")
    settings = load_settings()
    assert (settings.persona, settings.model) == ("white", "big.gguf")


@pytest.mark.parametrize("known", ["http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/"])
def test_a_server_is_found_with_or_without_a_slash_at_its_end(known: str) -> None:
    write(f'[servers."{known}"]\nkey_env = "MY_KEY"\nconcurrency = 2')
    server = load_settings().server("http://127.0.0.1:8080/v1")
    assert (server.key_env, server.concurrency) == ("MY_KEY", 2)
    assert load_settings().server("http://127.0.0.1:9090/v1").key_env is None


def test_settings_of_an_address_are_those_of_all_below_it_and_the_nearest_counts() -> None:
    write(
        '[servers."https://lab.example.org"]\nconcurrency = 2\n'
        '[servers."https://lab.example.org/team/"]\nconcurrency = 3\n'
    )
    settings = load_settings()
    found = {
        "https://lab.example.org/v1": 2,
        "https://lab.example.org/team": 3,
        "https://:key@lab.example.org/team/v1": 3,
        "https://lab.example.org/teams/v1": 2,
        "http://lab.example.org/team/v1": 32,
        "https://lab.example.org:8443/team/v1": 32,
        "https://lab.example.org.example.com/v1": 32,
    }
    assert {url: settings.server(url).concurrency for url in found} == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        'persona = "republican"\nmeasure = false\ntheme = "nord"',
        'schema = "chat-personas/settings@1"\n[keys]\nstop = "ctrl+x"',
    ],
)
@pytest.mark.parametrize(
    "environment", [{}, {"PERSONA": "white"}, {"MEASURE": "off"}, {"MEASURE": "1", "MODEL": "x.gguf"}]
)
def test_the_first_frame_shows_what_the_settings_say(
    text: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(text)
    for name, value in environment.items():
        monkeypatch.setenv(f"CHAT_PERSONAS_{name}", value)
    settings = load_settings()
    assert glance() == {key: getattr(settings, key) for key in DEFAULTS}


@pytest.mark.parametrize("text", ["persona = ", "persona = 7", "keys = 3\ntheme = []", "[keys]\nstop = 5"])
def test_the_first_frame_shows_defaults_where_the_file_is_wrong(text: str) -> None:
    write(text)
    assert glance() == DEFAULTS
    with pytest.raises(SettingsError, match=r"settings\.toml"):
        load_settings()


@pytest.mark.parametrize(
    ("written", "named"), [("^x", "ctrl+x"), ("ctrl+x", "ctrl+x"), ("f2, ^t", "f2,ctrl+t"), ("^", "^")]
)
def test_a_key_may_be_written_as_the_screen_shows_it(written: str, named: str) -> None:
    write(f'keys = {{stop = "{written}"}}')
    assert load_settings().keys == {"stop": named}


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("SERVERS", "[" * 100_000, "is nested too deeply"),
        ("KEYS", '{"stop": {}}', ": keys.stop is not valid; write text"),
        ("SERVERS", '{"http://127.0.0.1/v1": {"timeout": 1e400}}', ': servers."http://127.0.0.1/v1".timeout is not'),
        ("SERVERS", '{"http://127.0.0.1/v1": {"retries": 3}}', ": there is no key"),
        ("THREADS", "100000", "is not valid; write 512 or less"),
        ("THREADS", "9" * 10_000, "is not valid"),
        ("CONTEXT_LENGTH", "1" + "0" * 30, "is not valid; write 16777216 or less"),
    ],
)
def test_a_wrong_value_of_the_environment_is_blamed_on_its_variable_and_not_on_the_file(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, what: str
) -> None:
    write('persona = "white"')
    monkeypatch.setenv(f"CHAT_PERSONAS_{name}", value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert what in str(raised.value)
    assert f"CHAT_PERSONAS_{name}" in str(raised.value)
    assert settings_path().name not in str(raised.value)
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("threads = 100000", "line 1: threads is not valid; write 512 or less"),
        (f"threads = {'9' * 10_000}", "settings.toml has a number that is too long; fix it or delete the file"),
        (f"threads = {'9' * 4_000}", "line 1: threads is not valid"),
        (f"context_length = {10**30}", "line 1: context_length is not valid; write 16777216 or less"),
        ('[servers."http://127.0.0.1/v1"]\ntimeout = inf', "line 2: "),
        ('[servers."http://127.0.0.1/v1"]\ntimeout = 1e308', "timeout is not valid; write 86400 or less"),
    ],
)
def test_a_number_that_no_setting_can_be_is_refused_in_one_line(text: str, what: str) -> None:
    write(text)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert what in str(raised.value)
    assert len(str(raised.value)) < 300


def test_a_pipe_in_the_place_of_the_file_is_refused_and_not_waited_for() -> None:
    settings_path().parent.mkdir(parents=True)
    os.mkfifo(settings_path())
    with pytest.raises(SettingsError, match=r"settings\.toml is a pipe, not a file; move it away"):
        load_settings()
    assert without_values("there is no persona") == "there is no persona"
    assert where_set(["persona"]).endswith("settings.toml")
    assert glance() == DEFAULTS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('theme = "nord\n', "line 1, column 14: a quotation mark is missing at the end of a text"),
        ("theme = 'nord\nseed = 1\n", "end of document: a quotation mark is missing at the end of a text"),
        ('[servers."http://me:secret@h]\n', "line 1, column 30: a quotation mark is missing at the end of a text"),
        ("theme = nord\n", "line 1, column 9: put text in double quotes"),
        ("[keys\n", "line 1, column 6: end the name of the table with the brackets it begins with"),
        ("a = {x = 1\n}\n", "line 1, column 11: unclosed inline table"),
        ('a = "x\x01"\n', "line 1, column 7: a character stands where none of its kind may"),
    ],
)
def test_a_file_that_is_not_toml_is_said_to_be_wrong_where_and_how(text: str, says: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as fault:
        tomllib.loads(text)
    assert toml_fault(fault.value) == says
