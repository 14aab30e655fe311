"""What the environment says is used, refused in one line that names the variable, or without effect; never a crash."""

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import certifi
import pytest

from benchmarks.leaving import Program
from chat_personas.cli.bootstrap import keep_log
from chat_personas.cli.errors import BAD_INPUT, DONE, STORAGE_FAILED, UsageError
from chat_personas.cli.launch import _check_toolkit, has_terminal
from chat_personas.cli.main import main
from chat_personas.engines.llama.bindings import _receive, native_errors
from chat_personas.engines.open import UnknownModelError, template_source
from chat_personas.engines.openai.connection import Connection
from chat_personas.paths import check_home, corpus_path, display_path
from eval.engine import EnvironmentVariableError
from tests.examples import slow_but_first

ROOT = Path(__file__).parents[2]
FAR = "https://models.example/v1"
ASKED = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


def run(arguments: list[str], environment: Mapping[str, str], home: Path, said: str = "") -> tuple[int, str, str]:
    """Run a command and return its exit code, and what it wrote to standard output and standard error."""
    own = {"PYTHONPATH": str(ROOT), "CHAT_PERSONAS_HOME": str(home), "HOME": str(home)}
    command = [sys.executable, "-m", "chat_personas", *arguments]
    inherited = {name: value for name, value in os.environ.items() if name not in ASKED}
    ended = subprocess.run(
        command, env={**inherited, **own, **environment}, input=said, capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable that a connection reads."""
    for name in ASKED:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("name", "value", "what_to_do"),
    [
        ("HTTP_PROXY", "ftp://proxy.example", "write it as http://127.0.0.1:3128, or unset it"),
        ("https_proxy", "http://[::1", "write it as http://127.0.0.1:3128, or unset it"),
        ("HTTPS_PROXY", "http://proxy.example:99999", "write it as http://127.0.0.1:3128, or unset it"),
        ("ALL_PROXY", "socks5://127.0.0.1:1080", "the package socksio is missing; install it, or unset the variable"),
        ("SSL_CERT_FILE", "/dev/null/authority.pem", "names a file that cannot be opened; unset or correct it"),
    ],
)
def test_what_makes_every_server_unreachable_is_named_with_what_to_do(
    alone: None, monkeypatch: pytest.MonkeyPatch, name: str, value: str, what_to_do: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(EnvironmentVariableError) as raised:
        Connection(FAR, None, timeout=1.0)
    assert str(raised.value).startswith(f"{name} in the environment names ")
    assert str(raised.value).endswith(what_to_do)
    assert raised.value.exit_code == BAD_INPUT
    Connection("http://127.0.0.1:1/v1", None, timeout=1.0)  # it is not used for a server on this machine


@pytest.mark.parametrize("what", ["pipe", "device"])
def test_certificates_that_might_never_end_are_not_opened(
    alone: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    file = tmp_path / "authority.pem"
    if what == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/zero")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(EnvironmentVariableError, match=r"^SSL_CERT_FILE .* not a regular file; unset or correct it$"):
        Connection(FAR, None, timeout=1.0)
    Connection("http://127.0.0.1:1/v1", None, timeout=1.0)


def test_another_llama_cpp_that_is_not_there_is_named_with_its_variable(tmp_path: Path) -> None:
    code, out, said = run(["eval", "democrat", "--model", "pocket"], {"LLAMA_CPP_LIB_PATH": "/nonexistent"}, tmp_path)
    assert (code, out) == (BAD_INPUT, "")
    assert said == (
        "chat-personas: LLAMA_CPP_LIB_PATH in the environment names a directory without a usable llama.cpp; unset or "
        "correct it\n"
    )


def test_completions_without_a_shell_that_asks_for_them_are_one_line(tmp_path: Path) -> None:
    code, _, said = run([], {"_CHAT_PERSONAS_COMPLETE": "complete_bash"}, tmp_path)
    assert (code, said.count("\n")) == (BAD_INPUT, 1)
    assert said.startswith("chat-personas: _CHAT_PERSONAS_COMPLETE in the environment is for a shell")


def test_a_traceback_for_a_report_has_no_value_of_a_setting(tmp_path: Path) -> None:
    settings = tmp_path / "config" / "settings.toml"
    settings.parent.mkdir()
    settings.write_text('model = "~/SECRET/x.gguf"\n')
    code, _, said = run(["eval", "democrat", "--debug"], {}, tmp_path)
    assert code == 1
    assert said.startswith("Traceback")
    assert "UnknownModelError: there is no model file (the setting model); check the path" in said
    assert "SECRET" not in said
    _, _, said = run(["eval", "democrat", "--model", "~/SECRET/x.gguf", "--debug"], {}, tmp_path)
    assert "there is no model file ~/SECRET/x.gguf" in said  # written on the command line


def test_without_a_home_llama_cpp_is_heard_and_a_template_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_home(_: str) -> str:
        return _

    monkeypatch.setattr("os.path.expanduser", no_home)
    with caplog.at_level("ERROR"), native_errors() as heard:
        _receive(4, b"no such file", None)
    assert heard == ["no such file"]
    with pytest.raises(UnknownModelError, match="cannot be read"):
        template_source("~/template.jinja")


def test_a_file_for_keys_that_cannot_be_written_is_not_blamed_on_the_certificates(
    alone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    monkeypatch.setenv("SSLKEYLOGFILE", "/dev/null/keys")
    with pytest.raises(EnvironmentVariableError, match=r"^SSLKEYLOGFILE in the environment names a file"):
        Connection(FAR, None, timeout=1.0)


@pytest.mark.parametrize("server", [FAR, "http://127.0.0.1:1/v1"])
def test_a_pipe_for_keys_that_nobody_reads_is_not_opened(
    alone: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: str
) -> None:
    pipe = tmp_path / "keys"
    os.mkfifo(pipe)
    monkeypatch.setenv("SSLKEYLOGFILE", str(pipe))
    with pytest.raises(EnvironmentVariableError, match=r"^SSLKEYLOGFILE .* not a regular file; unset or correct it$"):
        Connection(server, None, timeout=1.0)


@pytest.mark.slow
def test_the_way_to_write_a_proxy_reaches_the_terminal_whole(tmp_path: Path) -> None:
    code, _, said = run(["models", "show", FAR], {"HTTPS_PROXY": "ftp://proxy.example"}, tmp_path)
    assert (code, said) == (
        BAD_INPUT,
        "chat-personas: HTTPS_PROXY in the environment names a proxy that cannot be used; write it as "
        "http://127.0.0.1:3128, or unset it\n",
    )


@pytest.mark.parametrize("value", ["*", "[::1", "http://", ",,,", "a b", "::1/999", "://"])
def test_no_proxy_may_be_anything(alone: None, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", value)
    Connection(FAR, None, timeout=1.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TEXTUAL_COLOR_SYSTEM", "garbage"),
        ("TEXTUAL_DRIVER", "nonsense"),
        ("TEXTUAL_DRIVER", "os"),
        ("TEXTUAL_DRIVER", "os:path"),
        ("TEXTUAL_DRIVER", ":"),
        ("TEXTUAL_LOG", "/dev/null/log"),
        ("TEXTUAL_LOG", "/"),
    ],
)
def test_a_variable_of_the_toolkit_with_which_it_cannot_draw_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=f"{name} in the environment names no .* unset"):
        _check_toolkit()


def test_variables_of_the_toolkit_that_it_understands_are_left_to_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TEXTUAL_COLOR_SYSTEM", "256")
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.linux_driver:LinuxDriver")
    monkeypatch.setenv("TEXTUAL_LOG", str(tmp_path / "log"))
    _check_toolkit()


def test_the_screen_says_which_variable_it_cannot_be_drawn_with(tmp_path: Path) -> None:
    with Program([], tmp_path, {"TEXTUAL_COLOR_SYSTEM": "garbage", "PYTHONPATH": str(ROOT)}) as program:
        program.seconds_to_end()
        assert program.code == BAD_INPUT
        assert "chat-personas: TEXTUAL_COLOR_SYSTEM in the environment names no colours" in program.text
        assert "Traceback" not in program.text


@pytest.mark.parametrize("term", ["dumb", "unknown", "DUMB"])
def test_a_terminal_that_cannot_draw_gets_the_line_mode(monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert has_terminal()
    monkeypatch.setenv("TERM", term)
    assert not has_terminal()


@pytest.mark.parametrize("home", ["/proc/nowhere", "/dev/null", "/dev/null/below", "/tmp/" + "a" * 300])
def test_a_home_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: str
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", home)
    monkeypatch.setattr("sys.stdin", io.StringIO("Hi"))
    assert main(["chat", "democrat", "--plain"]) == STORAGE_FAILED
    said = capsys.readouterr().err
    assert said.startswith("chat-personas: ")
    assert "CHAT_PERSONAS_HOME" in said


def test_the_home_of_a_user_who_does_not_exist_is_a_directory_of_that_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHAT_PERSONAS_HOME", "~nobody-of-this-name/personas")
    assert corpus_path() == tmp_path / "~nobody-of-this-name" / "personas" / "data" / "corpus.db"
    check_home()


@pytest.mark.parametrize("home", ["/proc/1/root/../x", "/tmp/" + "a" * 300])
def test_a_users_home_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: str
) -> None:
    """As that of another user after `sudo -u`."""
    for name in ("CHAT_PERSONAS_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", home)
    monkeypatch.setattr("sys.stdin", io.StringIO("Hi"))
    assert main(["chat", "democrat", "--plain"]) == STORAGE_FAILED
    said = capsys.readouterr().err
    assert said.endswith("; set HOME, or CHAT_PERSONAS_HOME, to a directory of your own\n")


def test_a_user_without_a_home_is_told_so_and_needs_none_with_a_place_of_the_programs_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", "~")
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 5)  # as in a container that knows the number only
    assert display_path(tmp_path) == str(tmp_path)
    for name in ("CHAT_PERSONAS_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    keep_log()
    assert main(["personas", "list"]) == STORAGE_FAILED
    said = "this user has no home directory; set HOME, or CHAT_PERSONAS_HOME, to a directory of your own"
    assert capsys.readouterr().err == f"chat-personas: {said}\n"
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path))
    assert main(["personas", "list"]) == DONE


@pytest.mark.parametrize("variable", ["HF_HOME", "OLLAMA_MODELS", "LLAMA_CACHE", "CHAT_PERSONAS_MODELS_FOLDER"])
def test_a_folder_of_models_of_a_user_who_does_not_exist_is_empty(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, "~nobody-of-this-name/models")
    assert main(["models", "discover"]) == DONE


HARMLESS = {
    "LANG": "xx_YY.UTF-8",
    "LC_ALL": "xx_YY",
    "PYTHONIOENCODING": "ascii",
    "COLUMNS": "abc",
    "LINES": "-5",
    "TMPDIR": "/dev/null/nowhere",
    "TZ": "garbage",
    "NO_COLOR": "1",
    "FORCE_COLOR": "garbage",
    "COLORTERM": "garbage",
    "EDITOR": "/dev/null/nowhere",
    "REQUESTS_CA_BUNDLE": "/dev/null/nowhere",
    "OPENAI_BASE_URL": "garbage",
    "TEXTUAL_FPS": "x",
    "TEXTUAL_ANIMATIONS": "nonsense",
    "ESCDELAY": "x",
}


@slow_but_first("arguments", [["personas", "list"], ["doctor"], ["chat", "democrat", "--plain"]])
def test_every_other_variable_may_hold_garbage(tmp_path: Path, arguments: list[str]) -> None:
    code, _, said = run(arguments, HARMLESS, tmp_path, "Hi\n")
    assert code == DONE, said
    assert "Traceback" not in said


@pytest.mark.long
@pytest.mark.parametrize("name", HARMLESS)
def test_the_screen_is_drawn_whatever_a_variable_holds(tmp_path: Path, name: str) -> None:
    with Program(["democrat"], tmp_path, {name: HARMLESS[name], "PYTHONPATH": str(ROOT)}) as program:
        program.until(b"Send")
        program.write("\x11")
        program.seconds_to_end()
        assert program.code == DONE, program.text[-500:]


@slow_but_first("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_end_a_command_without_a_traceback(tmp_path: Path, closed: str) -> None:
    environment = {**os.environ, "CHAT_PERSONAS_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    for command in ("chat democrat", "personas list"):
        line = f"{sys.executable} -m chat_personas {command} {closed}"
        ended = subprocess.run(["/bin/sh", "-c", line], env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode in (DONE, BAD_INPUT), ended
        assert "Traceback" not in ended.stderr
