"""What may be shown of a server's address, and which servers count as this machine."""

import importlib.util

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.engines.openai.connection import Connection, InvalidAddressError, is_loopback, proxy_variable
from chat_personas.engines.openai.keys import account_of, find_key
from eval.engine import EngineError, EnvironmentVariableError
from personas.inputs.redaction import shown_address

WORD = st.text(alphabet="abcdefghij0123456789", min_size=6, max_size=12)


@given(WORD, WORD, WORD)
def test_user_password_and_query_are_never_shown(user: str, password: str, query: str) -> None:
    assert (
        shown_address(f"https://{user}:{password}@example.org:8443/v1?key={query}#m") == "https://example.org:8443/v1"
    )


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8080/v1", True),
        ("http://127.9.9.9/v1", True),
        ("http://localhost:11434/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://127.0.0.1.example.org/v1", False),
        ("http://192.168.1.4/v1", False),
        ("https://api.openai.com/v1", False),
    ],
)
def test_only_loopback_counts_as_this_machine(url: str, here: bool) -> None:
    assert is_loopback(url) is here


def test_a_key_goes_to_the_server_it_belongs_to_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    assert find_key("https://api.openai.com/v1", None).value == "sk-1"
    assert find_key("http://127.0.0.1:8080/v1", None).value is None
    assert find_key("https://api.openai.com.example.org/v1", None).value is None


def test_a_key_that_is_named_and_not_set_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_KEY", raising=False)
    with pytest.raises(EngineError, match="LAB_KEY is not set"):
        find_key("https://lab.example.org/v1", "LAB_KEY")


@given(WORD, WORD)
def test_accounts_of_one_server_are_told_apart_without_being_named(first: str, second: str) -> None:
    one, other, nobody = (account_of(f"https://{user}example.org/v1") for user in (f":{first}@", f":{second}@", ""))
    assert (one == other) == (first == second), "by chance once in four billion"
    assert nobody is None
    assert one is not None
    assert first not in one


FAR = "https://models.example.org/v1"
PROXIES = [name for upper in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY") for name in (upper, upper.lower())]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that says nothing of proxies and certificates."""
    for name in (*PROXIES, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("HTTP_PROXY", "ftp://proxy:1", "a proxy that cannot be used; write it as http://127.0.0.1:3128, or unset it"),
        ("https_proxy", "http://proxy:many", "a proxy that cannot be used"),
        ("HTTPS_PROXY", "http://[::1", "a proxy that cannot be used"),
        ("HTTPS_PROXY", "http://", "a proxy that cannot be used"),
        ("HTTPS_PROXY", "proxy:99999999", "a proxy that cannot be used"),
        ("ALL_PROXY", "socks4://proxy:1", "a proxy that cannot be used"),
        ("ALL_PROXY", "socks5://proxy:1", "a SOCKS proxy, for which the package socksio is missing"),
        ("SSL_CERT_FILE", "/nowhere", "a file that cannot be opened; unset or correct it"),
        ("SSL_CERT_FILE", __file__, "a file that cannot be read as certificates; unset or correct it"),
    ],
)
def test_a_variable_with_which_no_server_can_be_reached_is_named(
    bare: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    if "socksio" in says and importlib.util.find_spec("socksio") is not None:
        pytest.skip("the package is installed")
    bare.setenv(name, value)
    with pytest.raises(EnvironmentVariableError) as raised:
        Connection(FAR, None, timeout=1.0)
    assert str(raised.value).startswith(f"{name} in the environment names {says}")
    Connection("http://127.0.0.1:1/v1", None, timeout=1.0)  # it is not needed on this machine


def test_the_proxy_between_here_and_a_server_is_known_by_its_variable(bare: pytest.MonkeyPatch) -> None:
    assert proxy_variable(FAR) is None
    bare.setenv("ALL_PROXY", "http://proxy:1")
    bare.setenv("https_proxy", "http://proxy:2")
    assert proxy_variable(FAR) == "https_proxy"
    assert proxy_variable("http://models.example.org/v1") == "ALL_PROXY"
    assert proxy_variable("http://127.0.0.1:1/v1") is None
    bare.setenv("NO_PROXY", "example.org")
    assert proxy_variable(FAR) is None


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel", "tab\tbed"])
def test_a_key_that_cannot_be_sent_is_one_line_without_the_key(key: str) -> None:
    with pytest.raises(EngineError, match="has characters that cannot be sent") as raised:
        Connection(FAR, key, timeout=1.0)
    assert key not in str(raised.value)


@pytest.mark.parametrize("host", ["\u00fc\u2026\u00fc.invalid", "\u2488com", "a\u0300\u2044b.invalid"])
def test_an_address_that_cannot_be_one_is_one_line(host: str) -> None:
    with pytest.raises(InvalidAddressError, match="is not the address of a server"):
        Connection(f"https://{host}/v1", None, timeout=1.0)
