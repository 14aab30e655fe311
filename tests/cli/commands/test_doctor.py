"""`doctor`: is everything there, and where."""

import subprocess
import sys
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from chat_personas.tui.key_registry import named_bindings
from tests.cli.running import Command, only_line
from tests.corpus.making import talk


def checks(out: str) -> dict[str, str]:
    """Return the verdict of each check."""
    return {line[8:24].strip(): line[2:6].strip() for line in out.splitlines()}


def test_all_is_well_on_a_fresh_machine_and_nothing_is_written(command: Command, home: Path) -> None:
    ran = command("doctor")
    assert ran.code == 0
    assert checks(ran.out) == dict.fromkeys(
        ("program", "settings", "corpus", "answers", "built-in model", "model", "API keys", "survey", "personas"), "ok"
    )
    assert not (home / "data").exists()


def test_each_fault_is_found_and_the_others_are_still_checked(command: Command, home: Path, corpus: Corpus) -> None:
    talk(corpus, ("Hello", "Good day"))
    (home / "config").mkdir()
    (home / "config" / "settings.toml").write_text('model = "./gone.gguf"')
    ran = command("doctor")
    assert ran.code == 1
    assert checks(ran.out)["model"] == "FAIL"
    assert checks(ran.out)["built-in model"] == "ok"
    assert "1 conversation, intact" in ran.out


def test_where_the_key_of_each_server_comes_from_is_said_and_no_key(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text(
        '[servers."https://lab.example.org/v1"]\nkey_env = "LAB_KEY"\n'
        '[servers."https://other.example.org/v1"]\nkey_env = "OTHER_KEY"\n'
        '[servers."http://127.0.0.1:9/v1"]\nconcurrency = 2\n'
    )
    monkeypatch.setenv("LAB_KEY", "sk-of-the-lab")
    monkeypatch.delenv("OTHER_KEY", raising=False)
    ran = command("doctor")
    assert (checks(ran.out)["API keys"], ran.code) == ("FAIL", 1), "a key that the settings name is not there"
    out = ran.out
    assert (
        "https://lab.example.org/v1: from the environment variable LAB_KEY; "
        "https://other.example.org/v1: needs a key, but OTHER_KEY is not set; http://127.0.0.1:9/v1: none"
    ) in out
    assert "sk-of-the-lab" not in out
    monkeypatch.setenv("OTHER_KEY", "sk-of-the-other")
    ran = command("doctor")
    assert (checks(ran.out)["API keys"], ran.code) == ("ok", 0)


def test_every_setting_and_every_key_is_listed_with_where_it_comes_from(command: Command, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text('threads = 2\n[keys]\nstop = "f20"\n')
    ran = command("doctor", "--settings")
    assert ran.code == 0
    said = " ".join(ran.out.split())
    assert "threads = 2 (file): CPU threads" in said
    assert "survey = civic (default): The survey" in said
    assert "keys.stop = f20 (file): In the conversation: Stop the reply and keep its text" in said
    listed = {line.split()[0] for line in ran.out.splitlines() if line.startswith("keys.")}
    assert listed == {f"keys.{binding.id}" for _, binding in named_bindings()}


def test_no_line_names_the_home_of_the_person(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert str(tmp_path) not in command("doctor").out


@pytest.mark.slow
def test_nothing_of_the_native_library_reaches_the_terminal(tmp_path: Path, tiny: str) -> None:
    """The tiny model's context is stretched, about which llama.cpp warns; that goes to the owner's log."""
    ran = subprocess.run(
        [sys.executable, "-m", "chat_personas", "models", "show", tiny],
        env={"CHAT_PERSONAS_HOME": str(tmp_path / "home"), "HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == ""
    assert ran.stdout.startswith("{")
    log = tmp_path / "home" / "state" / "chat-personas.log"
    assert "n_ctx" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    assert str(tmp_path) not in log.read_text()


def test_a_home_that_cannot_be_written_is_storage_that_fails_and_is_found_by_doctor(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "file"))
    ran = command("chat", "democrat", given="Hello")
    assert ran.code == 4
    assert "leads to " in only_line(ran)
    assert "which is a file; set it to a directory" in ran.err
    ran = command("doctor")
    assert (ran.code, checks(ran.out)["corpus"]) == (1, "FAIL")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ('persona = "democrt"', 'settings.toml, line 1: there is no persona "democrt" in the library; did you mean'),
        ('\ntheme = "nrd"', 'settings.toml, line 2: theme: there is no theme "nrd"; did you mean "nord"?'),
        ('keys = {stopp = "ctrl+x"}', 'keys: there is no "stopp"; did you mean "stop"?'),
        ('keys = {stop = "control-x"}', 'keys: stop is on a key that does not exist; did you mean "^x"?'),
        (
            'keys = {new = "ctrl+o"}',
            "settings.toml, line 1: keys: new and open are both on ^o; give one of them another key",
        ),
        ("colour = 1", 'there is no key "colour"'),
    ],
)
def test_settings_that_name_nothing_are_found_and_said_once(
    command: Command, home: Path, settings: str, says: str
) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text(settings)
    ran = command("doctor")
    assert (ran.code, checks(ran.out)["settings"]) == (1, "FAIL")
    assert ran.out.count(says) == 1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            'measure = "perhaps"\ncolour = 1\nprobe_seconds = -1',
            ("line 1: measure", 'line 2: there is no key "colour"', "line 3"),
        ),
        ('theme = "nrd"\npersona = "demcrat"\nsurvey = "civik"', ('"nrd"', '"demcrat"', '"civik"')),
    ],
)
def test_all_settings_that_are_wrong_are_named_at_once(
    command: Command, home: Path, settings: str, says: tuple[str, ...]
) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text(settings)
    row = next(line for line in command("doctor").out.splitlines() if line.split()[1] == "settings")
    assert [part for part in says if part not in row] == []


def test_a_key_that_another_action_gave_is_said_and_no_fault(command: Command, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text('keys = {help = "f11"}')
    ran = command("doctor")
    assert (ran.code, checks(ran.out)["settings"]) == (0, "ok")
    assert "settings.toml; keys: help has f11 from compare, which keeps alt+c; persona" in " ".join(ran.out.split())


def test_settings_that_are_a_directory_are_not_taken_for_none(command: Command, home: Path) -> None:
    (home / "config" / "settings.toml").mkdir(parents=True)
    ran = command("doctor")
    assert (ran.code, checks(ran.out)["settings"]) == (1, "FAIL")
    assert "settings.toml is a directory, not a file; move it away" in ran.out
    assert "is a directory, not a file" in only_line(command("chat", given="Hello"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system in which nothing can be made")
def test_a_home_in_which_nothing_can_be_made_is_found_whoever_asks(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", "/proc/nowhere")
    found = checks((ran := command("doctor")).out)
    assert (ran.code, found["corpus"], found["answers"]) == (1, "FAIL", "FAIL")
    assert "cannot write to /proc/nowhere/data" in ran.out


def test_the_keys_of_every_screen_can_be_set(command: Command, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text(
        '[keys]\nconversations_delete = "f9"\nprompt_copy = "f9"\npersonas_back = "q"\nhelp_close = "q"\nyes = "j"\n'
    )
    assert checks(command("doctor").out)["settings"] == "ok"


def test_a_template_or_survey_that_cannot_be_read_is_named_by_its_setting_and_not_by_its_value(
    command: Command, home: Path
) -> None:
    """It may be a password that was put in the wrong place."""
    (home / "config").mkdir(parents=True)
    file = home / "config" / "settings.toml"
    file.write_text('survey = "swordfish-walk"\n[templates]\npocket = "swordfish-walk"\n')
    told = command("doctor")
    assert told.code == 1
    assert {title for title, verdict in checks(told.out).items() if verdict == "FAIL"} >= {"settings", "survey"}
    file.write_text('[templates]\npocket = "swordfish-walk"\n')
    talked = command("chat", "democrat", "--plain", given="Hello\n")
    assert 'templates."pocket"' in only_line(talked)
    assert "swordfish" not in told.out + told.err + talked.err


def test_a_value_that_looks_like_a_key_is_masked_in_the_list_of_settings(command: Command, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text('persona = "q8Zr2Kf7Wm4Xt9Pb1Nc6Vd3"')
    listed = command("doctor", "--settings")
    assert listed.code == 0
    assert "q8Zr2Kf7Wm4Xt9Pb1Nc6Vd3" not in listed.out
    assert "persona = ***" in listed.out
