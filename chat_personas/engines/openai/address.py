"""What a server's URL tells: how it may be shown, whether it is this machine, which key belongs to it."""

import hashlib
import ipaddress
import os
from urllib.parse import urlsplit

from eval.engine import EngineError

KEYS_OF_KNOWN_HOSTS = {
    "api.openai.com": "OPENAI_API_KEY",
    "openrouter.ai": "OPENROUTER_API_KEY",
    "api.mistral.ai": "MISTRAL_API_KEY",
    "api.groq.com": "GROQ_API_KEY",
    "api.together.xyz": "TOGETHER_API_KEY",
    "api.deepseek.com": "DEEPSEEK_API_KEY",
}


def shown(url: str) -> str:
    """Return the URL without user, password, query and fragment: what may stand on screen and in files."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}".rstrip("/")


def account_of(url: str, key: str | None = None) -> str | None:
    """Return what tells the accounts of one server apart without naming them; None without user, password and key.

    A gateway may give every key another model under one name. The same key is the same account, whether it stands in
    the URL or is sent from the environment. So short a part of a hash tells nothing about a password.
    """
    parts = urlsplit(url)
    user, password = parts.username or "", parts.password or key or ""
    if not (user or password):
        return None
    return hashlib.sha256(f"{user}\0{password}".encode()).hexdigest()[:8]


def is_loopback(url: str) -> bool:
    """Say whether the server is on this machine (127.0.0.0/8, ::1 or localhost)."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def key_variable(url: str, configured: str | None) -> str | None:
    """Name the environment variable that holds this server's key: the configured one, else its host's usual one."""
    return configured or KEYS_OF_KNOWN_HOSTS.get(urlsplit(url).hostname or "")


def key_for(url: str, configured: str | None) -> str | None:
    """Return this server's key, or None where it needs none that we know of.

    A password in the URL (`http://:KEY@host/v1`) wins. No other server's key is ever looked at.

    Raises:
        EngineError: a variable is named for this server and is not set.
    """
    if password := urlsplit(url).password:
        return password
    variable = key_variable(url, configured)
    if variable is None:
        return None
    key = os.environ.get(variable)
    if not key:
        raise EngineError(f"{shown(url)} wants a key and {variable} is not set; export {variable}=... and try again")
    return key
