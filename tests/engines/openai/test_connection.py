"""What may be shown of a server's address, and which servers count as this machine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.engines.openai.connection import account_of, is_loopback, key_for, redact_url
from eval.engine import EngineError

WORD = st.text(alphabet="abcdefghij0123456789", min_size=6, max_size=12)


@given(WORD, WORD, WORD)
def test_user_password_and_query_are_never_shown(user: str, password: str, query: str) -> None:
    assert redact_url(f"https://{user}:{password}@example.org:8443/v1?key={query}#m") == "https://example.org:8443/v1"


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
    assert key_for("https://api.openai.com/v1", None) == "sk-1"
    assert key_for("http://127.0.0.1:8080/v1", None) is None
    assert key_for("https://api.openai.com.example.org/v1", None) is None


def test_a_key_that_is_named_and_not_set_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_KEY", raising=False)
    with pytest.raises(EngineError, match="LAB_KEY is not set"):
        key_for("https://lab.example.org/v1", "LAB_KEY")


@given(WORD, WORD)
def test_accounts_of_one_server_are_told_apart_without_being_named(first: str, second: str) -> None:
    one, other, nobody = (account_of(f"https://{user}example.org/v1") for user in (f":{first}@", f":{second}@", ""))
    assert (one == other) == (first == second), "by chance once in four billion"
    assert nobody is None
    assert one is not None
    assert first not in one
