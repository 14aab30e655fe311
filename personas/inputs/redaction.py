"""What may be shown of a text that can hold a secret: addresses without user, password, query and keys in the path.

A key is replaced by a mask with a short part of its hash (`***1f0c88d2`). So two addresses that differ only in their
keys still have different names, and a mask reveals nothing of a long random text.
"""

import hashlib
import re
from collections.abc import Iterable
from itertools import pairwise
from urllib.parse import unquote

LEAST_OF_A_KEY = 20
"""How many characters a word has, at least, to be taken for a key."""
_CHANGES_OF_A_KEY = 0.3
"""How often a random word changes between capitals, small letters and digits, at least, per character."""

_SCHEME = re.compile(r"(?:https?:/{1,2}|[a-z][a-z0-9+.-]*://)", re.IGNORECASE)
"""With one slash, too: `Path` makes one of two."""
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/@\[\]]+)(:\d{1,5})?", re.IGNORECASE)
_ADDRESS = re.compile(rf"{_SCHEME.pattern}[^\s\"'`<>()]*", re.IGNORECASE)
_USER = re.compile(r"(?<![^\s\"'`<>()])/*[^\s\"'`<>()/@:]*:(?!//)[^\s\"'`<>()]*@(?=\w)")
"""User and password where `http://` is forgotten before them, or only `http:`."""

_WITH_HOST = re.compile(r"@[^@/]+/")
"""What no model's name has: the rest of an address whose password has a `#`."""

_MARKS = ".,:;!?…"

_RUN = re.compile(rf"[A-Za-z0-9_.~+-]{{{LEAST_OF_A_KEY},}}")
_WORD = re.compile(rf"(?<![A-Za-z0-9])[A-Za-z0-9]{{{LEAST_OF_A_KEY},}}(?![A-Za-z0-9])")
_PREFIXED = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:sk|pk|rk|gsk|hf|ghp|xoxb)[-_]|AIza|AKIA)[A-Za-z0-9_-]{8,}", re.IGNORECASE
)
"""How the keys of well-known services begin."""
_VARIABLE = re.compile(r"(?:[A-Z]+_)+[A-Z]+")
"""The name of a variable of the environment, such as HF_ENDPOINT, which a person needs to set it."""
_NAMED = re.compile(r"(?:key|token|secret|password|passwd)[=:]\S", re.IGNORECASE)
_UUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
"""An identifier of a conversation, which a person needs to continue it."""


_UNSEEN = "[\u00ad\u061c\u200b-\u200f\u2060-\u2064\ufeff]*"


def shown_address(address: str) -> str:
    """Return the address of a server as it may be shown and stored: without user, password, query and fragment.

    A part of the path that looks like a key is masked. Where user and password cannot be told from the host, only the
    scheme is left.
    """
    found = _SCHEME.match(address)
    if found is None:
        return without_secrets(address)
    authority, slash, path = re.split(r"[?#]", address[found.end() :], maxsplit=1)[0].partition("/")
    host = authority.rpartition("@")[2]
    if _HOST.fullmatch(host) is None:
        return f"{found[0]}***"
    segments = (masked(segment) if _is_key_in_path(segment) else segment for segment in path.split("/"))
    return f"{found[0]}{host}{slash}{'/'.join(segments)}".rstrip("/")


def without_secrets(text: str, *, words: bool = True) -> str:
    """Return a text without what looks like a secret: addresses are shown as `shown_address` does, keys are masked.

    The name of a model, after the `#` of an address, stays. `words`: long random words are masked, too, but not the
    identifiers of conversations.
    """
    shown = _ADDRESS.sub(lambda found: _shown_with_model(found[0]), text)
    shown = _USER.sub("", shown) if "@" in shown else shown
    shown = _PREFIXED.sub(lambda found: found[0] if _VARIABLE.fullmatch(found[0]) else masked(found[0]), shown)
    if not words:
        return shown
    shown = _UUID.sub(lambda found: masked(found[0]), shown)
    return _WORD.sub(lambda found: masked(found[0]) if _is_random(found[0]) else found[0], shown)


def secrets_of(address: str) -> frozenset[str]:
    """Return the texts in an address that `shown_address` leaves out or masks, as they are written and decoded."""
    authority, _, path = re.split(r"[?#]", _SCHEME.sub("", address, count=1), maxsplit=1)[0].partition("/")
    user, _, password = authority.rpartition("@")[0].partition(":")
    found = [user, password, *(segment for segment in path.split("/") if _is_key_in_path(segment))]
    return frozenset(each for text in found for each in (text, unquote(text)) if each)


def masked(secret: str) -> str:
    """Return what is shown in place of a secret."""
    return f"***{hashlib.sha256(secret.encode(errors='surrogatepass')).hexdigest()[:8]}"


_LEAST_FOUND = 4
"""The shortest secret that is looked for in other text: a shorter one is part of ordinary words."""


def without(text: str, secrets: Iterable[str]) -> str:
    """Return a text with each of these secrets masked, wherever it stands; one of under 4 characters is not found.

    It is found in capitals and small letters, and with characters in it that nobody sees, as a server may repeat it.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LEAST_FOUND:
            written = _UNSEEN.join(map(re.escape, secret))
            text = re.sub(written, masked(secret), text, flags=re.IGNORECASE)
    return text


def _shown_with_model(found: str) -> str:
    """Return an address in a text with the name of a model after it; a mark that ends a sentence is not part of it."""
    address = found.rstrip(_MARKS)
    rest = found[len(address) :]
    before, hash_sign, model = address.partition("#")
    if not _SCHEME.match(address) or _SCHEME.fullmatch(address):  # the scheme alone, or with dots for the rest
        return found
    shown = shown_address(before)
    if shown.endswith("***") or not hash_sign:
        return f"{shown}{rest}"
    return f"{shown}#{masked(model) if _WITH_HOST.search(model) else model}{rest}"


def _is_key_in_path(segment: str) -> bool:
    """Say whether a part of a path may be a key: long and of letters and digits, or called a key, or with a user."""
    text = unquote(segment)
    if "@" in text[1:] or _NAMED.search(text) or _PREFIXED.search(text):
        return True
    runs = _RUN.findall(text)
    return any(_is_random(run) or (re.search("[0-9]", run) and re.search("[A-Za-z]", run)) for run in runs)


def _is_random(word: str) -> bool:
    if _ULID.fullmatch(word):
        return False
    kinds = ["digit" if c.isdigit() else "capital" if c.isupper() else "small" for c in word]
    changes = sum(one != following for one, following in pairwise(kinds))
    return len(word) >= LEAST_OF_A_KEY and changes >= _CHANGES_OF_A_KEY * len(word)
