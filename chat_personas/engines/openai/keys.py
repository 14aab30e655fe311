"""The key of a server: where it comes from, and how the accounts of one server are told apart.

A key is looked for in the server's address, then in the environment variable that the settings name or that is usual
for its host, then in the keyring of the operating system, if the package `keyring` is installed. It is the key of that
address only: no other server's key is ever looked at.
"""

import hashlib
import importlib
import importlib.util
import os
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from chat_personas.text import printable
from eval.engine import EngineError
from personas.inputs.redaction import shown_address, without_secrets

KEYRING_SERVICE = "chat-personas"
"""The name under which keys stand in the keyring: `keyring set chat-personas ADDRESS`."""
KEYRING_SECONDS = 5.0
"""How long the keyring may take: one that is locked may wait for a window that nobody sees."""
_LONGEST_TROUBLE = 120
_KEYS_OF_KNOWN_HOSTS = {
    "api.openai.com": "OPENAI_API_KEY",
    "openrouter.ai": "OPENROUTER_API_KEY",
    "api.mistral.ai": "MISTRAL_API_KEY",
    "api.groq.com": "GROQ_API_KEY",
    "api.together.xyz": "TOGETHER_API_KEY",
    "api.deepseek.com": "DEEPSEEK_API_KEY",
}


class _KeyringError(Exception):
    """The keyring cannot be read. The message is a part of a sentence that says why."""


@dataclass(frozen=True, slots=True)
class ServerKey:
    """What is known of a server's key.

    Attributes:
        value: the key; None for none.
        source: where it comes from, in words; "" without one.
        trouble: why the keyring could not be asked, in words; "" if it could, or did not have to be.
    """

    value: str | None = field(default=None, repr=False)
    source: str = ""
    trouble: str = ""


def find_key(url: str, configured: str | None) -> ServerKey:
    """Return this server's key, without a value if it needs none as far as we know.

    A password in the URL (`http://:KEY@host/v1`) wins, then the environment. The keyring may take `KEYRING_SECONDS`.

    Args:
        url: the server's address.
        configured: the environment variable that the settings name for it, None for none.

    Raises:
        EngineError: an environment variable is named for this server and is not set, and the keyring has no key.
    """
    if password := urlsplit(url).password:
        return ServerKey(password, "the address")
    variable = key_variable(url, configured)
    if variable is not None and (key := os.environ.get(variable)):
        return ServerKey(key, f"the environment variable {variable}")
    try:
        found, trouble = _in_keyring(url), ""
    except _KeyringError as error:
        found, trouble = None, str(error)
    if found is not None:
        return ServerKey(found, "the keyring")
    if variable is not None:
        why = f" ({trouble})" if trouble else ""
        raise EngineError(
            f"{shown_address(url)} needs a key, but {variable} is not set{why}; export {variable}=... and try again"
        )
    return ServerKey(trouble=trouble)


def key_variable(url: str, configured: str | None) -> str | None:
    """Name the environment variable that holds this server's key: the configured one, else its host's usual one."""
    return configured or _KEYS_OF_KNOWN_HOSTS.get(urlsplit(url).hostname or "")


def _in_keyring(url: str) -> str | None:
    """Return the key that the keyring has for the address, or else for its host and port; None if it has none.

    It is asked on a thread of its own, which is left behind if it does not answer.

    Raises:
        _KeyringError: the keyring cannot be read, or does not answer in time.
    """
    if importlib.util.find_spec("keyring") is None:
        return None
    parts = urlsplit(url)
    root = (parts.scheme, parts.netloc.rpartition("@")[2])
    addresses = dict.fromkeys((urlunsplit((*root, parts.path.rstrip("/"), "", "")), urlunsplit((*root, "", "", ""))))
    answer: list[str | None] = []
    failure: list[BaseException] = []

    def ask() -> None:
        try:
            keyring = importlib.import_module("keyring")
            found = (keyring.get_password(KEYRING_SERVICE, address) for address in addresses)
            answer.append(next((key for key in found if isinstance(key, str) and key), None))
        except BaseException as error:  # a backend may raise anything, and a thread has nobody to raise it to
            failure.append(error)

    asking = threading.Thread(target=ask, name="keyring", daemon=True)
    asking.start()
    asking.join(KEYRING_SECONDS)
    if failure:
        first = " ".join(str(failure[0]).split()).partition(". ")[0]
        said = printable(without_secrets(first))[:_LONGEST_TROUBLE]
        raise _KeyringError(f"the keyring cannot be read: {said or type(failure[0]).__name__}")
    if not answer:
        raise _KeyringError(f"the keyring did not answer in {KEYRING_SECONDS:g} s; is it locked?")
    return answer[0]


def pasteable_address(url: str) -> str | None:
    """Return the address of a server as it can stand in the settings file, without a secret; None if none can.

    It ends before the first part of the path that looks like a key. Settings for such an address are those of all
    addresses below it.
    """
    parts = urlsplit(url)
    whole = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")).rstrip("/").split("/")
    same = []
    for ours, shown in zip(whole, shown_address(url).split("/"), strict=False):
        if ours != shown:
            break
        same.append(ours)
    return "/".join(same) if len(same) > len(["http:", ""]) else None


def account_of(url: str, key: str | None = None) -> str | None:
    """Return a short hash that tells the accounts of one server apart; None without user, password and key.

    A gateway may give every key another model under one name. The same key is the same account, wherever it comes
    from. So short a part of a hash reveals nothing about a password.
    """
    parts = urlsplit(url)
    user, password = parts.username or "", parts.password or key or ""
    if not (user or password):
        return None
    return hashlib.sha256(f"{user}\0{password}".encode()).hexdigest()[:8]
