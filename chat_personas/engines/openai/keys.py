"""The key of a server: where it comes from, and how the accounts of one server are told apart."""

import hashlib
import os
from urllib.parse import urlsplit

from eval.engine import EngineError
from personas.inputs.redaction import shown_address

_KEYS_OF_KNOWN_HOSTS = {
    "api.openai.com": "OPENAI_API_KEY",
    "openrouter.ai": "OPENROUTER_API_KEY",
    "api.mistral.ai": "MISTRAL_API_KEY",
    "api.groq.com": "GROQ_API_KEY",
    "api.together.xyz": "TOGETHER_API_KEY",
    "api.deepseek.com": "DEEPSEEK_API_KEY",
}


def key_for(url: str, configured: str | None) -> str | None:
    """Return this server's key, or None if it needs none as far as we know.

    A password in the URL (`http://:KEY@host/v1`) wins. No other server's key is ever looked at.

    Raises:
        EngineError: an environment variable is named for this server and is not set.
    """
    if password := urlsplit(url).password:
        return password
    variable = key_variable(url, configured)
    if variable is None:
        return None
    key = os.environ.get(variable)
    if not key:
        raise EngineError(
            f"{shown_address(url)} needs a key, but {variable} is not set; export {variable}=... and try again"
        )
    return key


def key_variable(url: str, configured: str | None) -> str | None:
    """Name the environment variable that holds this server's key: the configured one, else its host's usual one."""
    return configured or _KEYS_OF_KNOWN_HOSTS.get(urlsplit(url).hostname or "")


def account_of(url: str, key: str | None = None) -> str | None:
    """Return a short hash that tells the accounts of one server apart; None without user, password and key.

    A gateway may give every key another model under one name. The same key is the same account, whether it stands in
    the URL or is sent from the environment. So short a part of a hash reveals nothing about a password.
    """
    parts = urlsplit(url)
    user, password = parts.username or "", parts.password or key or ""
    if not (user or password):
        return None
    return hashlib.sha256(f"{user}\0{password}".encode()).hexdigest()[:8]
