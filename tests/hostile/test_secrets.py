"""No key and no password is in anything that the program prints or writes, wherever a person has put it."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chat_personas.cli.launch import Launch
from chat_personas.engines import open as opening
from chat_personas.engines.discreet import DiscreetEngine
from chat_personas.engines.open import find_model, open_engine, shown_model
from chat_personas.engines.openai import retrying
from chat_personas.paths import display_path
from chat_personas.settings import Settings
from eval.engine import EngineError, Message, Sampling
from personas.inputs.redaction import masked, secrets_of, shown_address, without, without_secrets
from tests.cli.conftest import brief, command, few, home, tiny
from tests.cli.running import Command
from tests.engines.openai.scripted_server import completion
from tests.examples import slow_but_first

__all__ = ["brief", "command", "few", "home", "tiny"]

PASSWORD = "hunter2-and-more"
IN_PATH = "k3yAbCdEf0123456789xyz"
IN_ENVIRONMENT = "env1r0nment-key-77"
RANDOM = "Zq8vN3xT0bL5mK7wR2yP9c"
SECRETS = (PASSWORD, IN_PATH, IN_ENVIRONMENT, RANDOM)
TOP = [("A", -0.4), ("B", -1.4)]


class Gateway(ThreadingHTTPServer):
    """An OpenAI-compatible server that takes keys in every way. While it `fails`, it repeats what it was sent."""

    daemon_threads = True
    fails: int | None = None

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_port}/{IN_PATH}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        self._send({"object": "list", "data": [{"id": "m", "object": "model", "created": 0, "owned_by": "t"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.fails is not None:
            self._send({"error": {"message": f"{self.path} {self.headers['Authorization']} failed"}}, self.server.fails)
        elif body.get("stream"):
            delta = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
            words = {**delta, "choices": [{"index": 0, "delta": {"content": "Good day"}, "finish_reason": None}]}
            end = {**delta, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
            lines = "".join(f"data: {each}\n\n" for each in (json.dumps(words), json.dumps(end), "[DONE]"))
            self._answer(lines.encode(), "text/event-stream")
        else:
            self._send(completion("A", TOP))

    def _send(self, answer: object, status: int = 200) -> None:
        self._answer(json.dumps(answer).encode(), "application/json", status)

    def _answer(self, payload: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"http://:{PASSWORD}@127.0.0.1:9/{IN_PATH}/{RANDOM}/chat/completions")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    server = Gateway(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def quick_model(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opens a tiny model in place of the built-in one: what a model says does not matter here, and many are opened."""
    monkeypatch.setattr(opening, "pocket_path", lambda: Path(tiny))


def found_in(text: str | bytes) -> list[str]:
    content = text if isinstance(text, bytes) else text.encode()
    return [secret for secret in SECRETS if secret.encode() in content]


def found_below(directory: Path, *, but: str = "settings.toml") -> dict[str, list[str]]:
    """Return the secrets in the files below a directory, by the name of the file."""
    files = (file for file in directory.rglob("*") if file.is_file() and file.name != but)
    return {file.name: secrets for file in files if (secrets := found_in(file.read_bytes()))}


def write_settings(home: Path, text: str) -> None:
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "settings.toml").write_text(text)


def test_a_server_with_secrets_leaves_none_in_outputs_documents_corpus_cache_and_log(
    command: Command, home: Path, tmp_path: Path, few: str, brief: str, gateway: Gateway
) -> None:
    url = f"http://:{PASSWORD}@{gateway.place}"
    documents = ["--json", "r.json", "--html", "r.html", "--svg", "r.svg", "--save-answers", "a.jsonl"]
    runs = [
        (["eval", brief, "--model", url, "--survey", few, *documents], ""),
        (["report", "r.json"], ""),
        (["report", "checklist", "r.json"], ""),
        (["chat", brief, "--model", url, "--measure", "--survey", few], "Hello"),
        (["models", "show", url], ""),
        (["cache", "show"], ""),
        (["corpus", "list"], ""),
        (["export", "--own", "--out", "dialogues.jsonl"], ""),
    ]
    for arguments, given in runs:
        ran = command(*arguments, given=given)
        assert ran.code == 0, (arguments, ran.err)
        assert found_in(ran.out + ran.err) == [], arguments
    assert "***" in json.loads((tmp_path / "r.json").read_text())["model"]["name"]
    assert (home / "data" / "corpus.db").exists()
    assert found_below(tmp_path) == {}


@pytest.mark.parametrize("status", [301, 400, 401, 404, 500])
def test_a_server_that_repeats_what_it_was_sent_is_not_quoted_with_it(
    command: Command, tmp_path: Path, brief: str, few: str, gateway: Gateway, home: Path, status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("GATEWAY_KEY", IN_ENVIRONMENT)
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.0)
    url = f"http://{gateway.place}"
    write_settings(home, f'[servers."{url}"]\nkey_env = "GATEWAY_KEY"')
    gateway.fails = status
    for arguments in (["eval", brief, "--survey", few], ["chat", brief]):
        ran = command(*arguments, "--model", url, given="Hello")
        assert ran.code == 3
        assert found_in(ran.out + ran.err) == []
    assert found_below(tmp_path) == {}


@pytest.mark.parametrize("status", [301, 400, 401, 404])
async def test_a_server_that_fails_later_leaves_no_secret_in_errors_and_failures(
    home: Path, gateway: Gateway, status: int
) -> None:
    engine = await open_engine(f"http://:{PASSWORD}@{gateway.place}", Settings())
    gateway.fails = status
    with pytest.raises(EngineError) as streamed:
        async for _ in engine.stream([Message("user", "Hello")], Sampling()):
            pass
    with pytest.raises(EngineError) as completed:
        await engine.complete([Message("user", "Hello")], Sampling())
    await engine.close()
    assert found_in(f"{engine.info} {streamed.value} {completed.value}") == []


async def test_an_address_without_secrets_gets_no_engine_around_its_own(home: Path, gateway: Gateway) -> None:
    engine = await open_engine(f"http://127.0.0.1:{gateway.server_port}/v1", Settings())
    await engine.close()
    assert not isinstance(engine, DiscreetEngine)
    assert engine.info.name == f"http://127.0.0.1:{gateway.server_port}/v1#m"


def commands(setting: str, few: str) -> tuple[list[str], ...]:
    """Commands that read the settings, with a short survey unless it is the setting `survey` that is at fault."""
    short = [] if setting == "survey" else ["--survey", few]
    return ["doctor"], ["chat", "--measure", *short], ["eval", "democrat", "--limit", "1", *short]


URL = f"http://:{PASSWORD}@127.0.0.1:9/{IN_PATH}/v1"
FAULTY_SETTINGS = [
    f'[servers."{URL}"]\nconcurrency = 0',
    f'[servers."{URL}"]\nkey = "{RANDOM}"',
    f'[servers."{URL}"]\nkey_env = "{RANDOM}-"',
    f'[servers]\n"{URL}" = "{RANDOM}"',
    f'[servers."{URL}"]\n[servers."{URL}"]',
    f'servers = {{"{URL}" = 1, "{URL}" = 2}}',
    f'"{URL}" = 1',
    f'{RANDOM} = "x"',
    f'threads = "{RANDOM}"',
    f'measure = "{PASSWORD}"',
    f'probe_seconds = "{PASSWORD}"',
    f'schema = "{PASSWORD}"',
    f'theme = "{PASSWORD}"',
    f'keys = "{RANDOM}"',
    f'[keys]\n{RANDOM} = "ctrl+x"',
    f'model = "{URL}',
    f"model = {RANDOM}",
    f'model = "{RANDOM}"',
    f'model = ":{PASSWORD}@127.0.0.1:9/v1"',
    f'model = "http://:{PASSWORD}/@127.0.0.1:9/v1"',
    f'model = "http://:{PASSWORD}@127.0.0.1:notaport/v1"',
    f'model = "{URL}?key={RANDOM}"',
    f'persona = "{RANDOM}"',
    f'persona = "{URL}"',
    f'survey = "{RANDOM}"',
    f'survey = "{URL}"',
]


@slow_but_first("text", FAULTY_SETTINGS, quick=10)
def test_a_fault_in_the_settings_never_repeats_a_secret(command: Command, home: Path, few: str, text: str) -> None:
    write_settings(home, text)
    failures = 0
    for arguments in commands(text.partition(" = ")[0], few):
        ran = command(*arguments, given="")
        failures += ran.code != 0
        assert found_in(ran.out + ran.err) == [], arguments
    assert failures > 0
    assert found_below(home) == {}


@pytest.mark.parametrize("setting", ["persona", "model", "survey", "theme"])
@slow_but_first("value", ["swordfish", "sword/fish", "sword/fish.gguf", "/sword/swordfish.toml", "sword fish"])
def test_a_wrong_name_in_the_settings_is_not_repeated_even_where_it_looks_like_a_word(
    command: Command, home: Path, few: str, monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    write_settings(home, f'{setting} = "{value}"')
    for _ in ("file", "environment"):
        for arguments in commands(setting, few):
            ran = command(*arguments, given="")
            assert "fish" not in ran.err, arguments
            assert "fish" not in "".join(line for line in ran.out.splitlines() if "FAIL" in line)
        (home / "config" / "settings.toml").unlink(missing_ok=True)
        monkeypatch.setenv(f"CHAT_PERSONAS_{setting.upper()}", value)


def test_a_wrong_name_on_the_command_line_is_repeated_and_one_in_the_settings_is_said_to_be_there(
    command: Command, home: Path
) -> None:
    assert '"swordfish"' in command("chat", "swordfish").err
    file = display_path(home / "config" / "settings.toml")
    write_settings(home, 'persona = "swordfish"')
    assert command("chat").err.startswith(
        f"chat-personas: {file}, line 1: there is no persona (the setting persona) in the library; "
    )
    write_settings(home, '\npersona = "demcorat"')  # a slip of a known name is no secret in the wrong place
    assert command("chat").err.startswith(
        f'chat-personas: {file}, line 2: there is no persona "demcorat" in the library; did you mean "democrat"?'
    )
    write_settings(home, f'model = "{URL}"')
    assert command("chat", given="Hello").err.startswith(f"chat-personas: cannot reach {shown_address(URL)}; is ")
    write_settings(home, 'model = "models/gone.gguf"')
    assert command("chat").err == (
        f"chat-personas: {file}, line 1: there is no model file (the setting model); "
        "check the path, or use --model pocket\n"
    )


@pytest.mark.parametrize("setting", ["PERSONA", "MODEL", "SURVEY", "THREADS", "MEASURE", "KEYS", "SERVERS", "SCHEMA"])
@slow_but_first("value", [URL, RANDOM, f'{{"{URL}": "{RANDOM}"}}'], ids=["address", "word", "table"])
def test_a_fault_in_the_environment_never_repeats_a_secret(
    command: Command, few: str, monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    monkeypatch.setenv(f"CHAT_PERSONAS_{setting}", value)
    for arguments in commands(setting.lower(), few)[:2]:
        ran = command(*arguments, given="")
        assert found_in(ran.out + ran.err) == [], arguments


@slow_but_first("value", [URL, URL.upper(), f":{PASSWORD}@127.0.0.1:9/v1", f"{RANDOM}", f"{RANDOM}.gguf"], quick=2)
@pytest.mark.parametrize("option", ["--model", "--survey", "persona"])
def test_a_secret_on_the_command_line_is_not_repeated(command: Command, option: str, value: str) -> None:
    given = [value] if option == "persona" else ["democrat", option, value]
    for name in ("eval", "chat"):
        ran = command(name, *given, given="")
        assert ran.code in (0, 2, 3)
        assert [secret for secret in SECRETS if secret.upper() in (ran.out + ran.err).upper()] == []


def test_a_secret_in_the_path_of_a_persona_or_a_survey_is_not_recorded(
    command: Command, tmp_path: Path, brief: str, few: str, gateway: Gateway
) -> None:
    secret = tmp_path / RANDOM
    secret.mkdir()
    (tmp_path / brief).rename(secret / brief)
    Path(few).rename(secret / "few.json")
    where = ["--survey", str(secret / "few.json"), "--model", f"http://127.0.0.1:{gateway.server_port}/v1"]
    ran = command("eval", str(secret / brief), *where, "--json", "r.json", "--html", "r.html")
    assert ran.code == 0, ran.err
    talked = command("chat", str(secret / brief), *where, "--measure", given="Hello")
    assert talked.code == 0
    missing = command("eval", str(secret / "other.toml"), *where)
    assert missing.code == 2
    assert found_in(ran.out + ran.err + talked.out + talked.err + missing.out + missing.err) == []
    assert found_below(tmp_path) == {}


def test_the_first_frame_shows_an_address_without_secrets(home: Path) -> None:
    write_settings(home, f'model = "{URL}#qwen3"')
    assert Launch().preview().model.endswith("/v1#qwen3")
    assert found_in(Launch().preview().model) == []
    assert found_in(Launch(model=URL).preview().model) == []


# What is shown of an address


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("https://somebody:secret@example.org/v1/", "https://example.org/v1"),
        ("https://example.org/v1?key=secret#qwen", "https://example.org/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("https://example.org/openai/deployments/mine", "https://example.org/openai/deployments/mine"),
        ("http://:pass/word@example.org/v1", "http://***"),
        ("http://:pass#word@example.org/v1", "http://***"),
        ("http://:pass?word@example.org/v1", "http://***"),
        ("http://#password@example.org/v1", "http://***"),
        ("http://?password@example.org/v1", "http://***"),
        ("http://:pass word@example.org/v1", "http://example.org/v1"),
    ],
)
def test_what_is_shown_of_an_address(address: str, shown: str) -> None:
    assert shown_address(address) == shown
    assert shown_address(shown) == shown
    assert "word" not in without_secrets(address.replace(" ", ""))


@pytest.mark.parametrize(
    "key",
    [RANDOM, "8f14e45fceea167a5a36dedd4bea2543", "550e8400-e29b-41d4-a716-446655440000", "sk-short-one", "key=abc"],
)
def test_a_key_in_a_path_is_masked_and_two_keys_stay_two_addresses(key: str) -> None:
    shown = shown_address(f"https://example.org/{key}/v1")
    assert key not in shown
    assert shown.startswith("https://example.org/***")
    assert shown != shown_address(f"https://example.org/{key}1/v1")
    assert shown_address(shown) == shown
    assert key in secrets_of(f"https://example.org/{key}/v1")


@pytest.mark.parametrize(
    "text",
    [
        "there is no model file gone.gguf",
        "use http://127.0.0.1:11434/v1#qwen3:4b@latest",
        "a server's URL begins with http://",
        'write a table, such as [servers."http://..."]',
        "http://example.org: is it the address of http://example.org/v1? It is http://example.org/v1, or http://[::1]:1.",
        "continue with chat --resume 01JD3K8Q4ZV6M2N5P7R9S0T1W3",
        "or set HF_ENDPOINT to a mirror",
        "the question ConfidenceInPublicInstitutions2024 of GSS_2018_abortion_any_reason at 12:30",
    ],
)
def test_ordinary_text_has_no_secrets(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize("end", ["", ".", ": it failed", "?", ", then", "; x", '"', ")", "#qwen"])
def test_an_address_in_a_sentence_is_shown_without_its_secrets(end: str) -> None:
    assert without_secrets(f"cannot reach {URL}{end}") == f"cannot reach {shown_address(URL)}{end}"


@pytest.mark.parametrize("scheme", ["", "//", "/", "http:", "http:/", "http:///"])
@pytest.mark.parametrize("user", ["", "somebody"])
def test_a_password_goes_where_the_scheme_is_mistyped_or_forgotten(scheme: str, user: str) -> None:
    written = f"{scheme}{user}:{PASSWORD}@models.example/v1"
    assert found_in(without_secrets(f"there is no model file {written}; check the path")) == []


def test_a_model_that_was_found_is_printed_without_its_address() -> None:
    assert found_in(repr(find_model(URL))) == []
    assert found_in(shown_model(URL)) == []


@pytest.mark.parametrize(
    "repeated", [str.upper, str.swapcase, "\u200b".join, lambda key: f"{key[:5]}\u2060\ufeff{key[5:]}"]
)
def test_a_secret_is_found_in_other_letters_and_with_characters_that_nobody_sees(
    repeated: Callable[[str], str],
) -> None:
    key = "aK3y-of.Mine"
    assert without(f"no {repeated(key)}, please", {key}) == f"no {masked(key)}, please"


def test_an_address_may_have_blanks_around_it() -> None:
    assert find_model(" http://127.0.0.1:8080/v1 ") == find_model("http://127.0.0.1:8080/v1")
