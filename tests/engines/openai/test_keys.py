"""Where a server's key comes from: its address, the environment, the keyring; and what is said when it is refused."""

import asyncio
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from chat_personas.engines.open import open_engine
from chat_personas.engines.openai import OpenAIEngine, keys
from chat_personas.engines.openai.keys import find_key, pasteable_address
from chat_personas.settings import ServerSettings, Settings
from eval.engine import EngineError
from tests.engines.openai.scripted_server import Request, completion, send_json, serving

LAB = "https://lab.example.org:8443/v1"
Keyring = Callable[[Callable[[str, str], str | None]], None]


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    """Install a keyring that answers so when it is asked for the password of a service and a name."""
    module = ModuleType("keyring")
    module.__spec__ = importlib.util.spec_from_loader("keyring", None)
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.delenv("LAB_KEY", raising=False)
    return lambda get_password: setattr(module, "get_password", get_password)


def holds(**passwords: str) -> Callable[[str, str], str | None]:
    """Return a keyring with these passwords of this program, by address, and one of another program."""
    known = {("chat-personas", address): password for address, password in passwords.items()}
    return lambda service, name: {**known, ("other", LAB): "sk-other"}.get((service, name))


@pytest.mark.parametrize("address", [LAB, "https://lab.example.org:8443"])
def test_a_key_in_the_keyring_is_found_by_the_servers_address_or_by_its_host(keyring: Keyring, address: str) -> None:
    keyring(holds(**{address: "sk-ring"}))
    found = find_key(LAB, None)
    assert (found.value, found.source) == ("sk-ring", "the keyring")
    assert "sk-ring" not in repr(found)


@pytest.mark.parametrize(
    "other",
    ["https://lab.example.org/v1", "http://lab.example.org:8443/v1", "https://lab.example.org.evil.example:8443/v1"],
)
def test_a_key_in_the_keyring_is_for_no_other_scheme_host_or_port(keyring: Keyring, other: str) -> None:
    keyring(holds(**{LAB: "sk-ring", "https://lab.example.org:8443": "sk-ring"}))
    assert find_key(other, None).value is None


def test_the_address_comes_before_the_environment_and_that_before_the_keyring(
    keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring(holds(**{LAB: "sk-ring"}))
    assert find_key(LAB, "LAB_KEY").value == "sk-ring"
    monkeypatch.setenv("LAB_KEY", "sk-env")
    found = find_key(LAB, "LAB_KEY")
    assert (found.value, found.source) == ("sk-env", "the environment variable LAB_KEY")
    assert find_key(LAB.replace("://", "://:sk-url@"), "LAB_KEY").value == "sk-url"


def fails(service: str, name: str) -> str | None:
    raise RuntimeError("No recommended backend was available.\nInstall a recommended 3rd party backend package")


def test_a_keyring_that_fails_is_a_sentence_and_keeps_nobody_from_a_server_without_a_key(keyring: Keyring) -> None:
    keyring(fails)
    found = find_key(LAB, None)
    assert found.value is None
    assert found.trouble == "the keyring cannot be read: No recommended backend was available"
    with pytest.raises(EngineError, match=r"LAB_KEY is not set \(the keyring cannot be read: .*\); export"):
        find_key(LAB, "LAB_KEY")


@pytest.fixture
def locked() -> Iterator[threading.Event]:
    """An event that nobody sets before the test ends, as nobody sees the window of a locked keyring."""
    event = threading.Event()
    yield event
    event.set()


def test_a_keyring_that_never_answers_is_left_behind(
    keyring: Keyring, monkeypatch: pytest.MonkeyPatch, locked: threading.Event
) -> None:
    monkeypatch.setattr(keys, "KEYRING_SECONDS", 0.01)
    keyring(lambda service, name: str(locked.wait()))
    assert find_key(LAB, None).trouble == "the keyring did not answer in 0.01 s; is it locked?"


async def test_the_key_of_the_keyring_is_sent_and_is_in_no_error(keyring: Keyring) -> None:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.headers.get("authorization") == "Bearer sk-ring":
            await send_json(writer, 200, completion("A", [("A", -0.1)]))
        else:
            await send_json(writer, 401, {"error": {"message": f"not {request.headers.get('authorization')}"}})

    async with serving(reply) as server:
        keyring(holds(**{server.url: "sk-ring"}))
        engine = await open_engine(server.url, Settings())
        await engine.close()
        keyring(holds(**{server.url: "sk-wrong"}))
        with pytest.raises(EngineError, match="refused the key") as raised:
            await open_engine(server.url, Settings())
    assert "sk-wrong" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("https://ann:secret@lab.example.org/v1", "https://lab.example.org/v1"),
        ("https://lab.example.org/proxy/sk-abcdefghij0123456789/v1", "https://lab.example.org/proxy"),
        ("https://lab.example.org/sk-abcdefghij0123456789/v1", "https://lab.example.org"),
    ],
)
def test_the_address_that_is_named_for_the_settings_can_be_pasted_there_and_is_found(url: str, address: str) -> None:
    assert pasteable_address(url) == address
    settings = Settings(servers={address: ServerSettings(key_env="LAB_KEY")})
    assert settings.server(url).key_env == "LAB_KEY"


async def test_who_refuses_a_key_is_named_by_an_address_for_the_settings() -> None:
    async def refuses(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_json(writer, 401, {"error": {"message": "no key"}})

    async with serving(refuses, models=()) as server:
        root = server.url.removesuffix("/v1")
        with pytest.raises(EngineError) as raised:
            await OpenAIEngine.open(f"{root}/sk-abcdefghij0123456789/v1")
    assert f'in the settings, [servers."{root}"] key_env = "..."' in str(raised.value)
    assert "sk-abcdefghij0123456789" not in str(raised.value)
