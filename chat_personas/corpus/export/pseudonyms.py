"""Pseudonyms: the keys that a release gives to people and to what they did, so that no two releases can be joined.

A pseudonym is a keyed hash (HMAC-SHA256) of the key in the corpus, cut to 80 bits. Its secret belongs to one release
and stays in the corpus: only there can it be found out whose a pseudonym is.
"""

import base64
import hmac
import secrets
from typing import Literal

Kind = Literal["participant", "participation", "consent", "conversation", "message", "measurement", "rating"]
"""What has a key."""

_PREFIXES: dict[Kind, str] = {
    "participant": "P",
    "participation": "W",
    "consent": "A",
    "conversation": "C",
    "message": "M",
    "measurement": "R",
    "rating": "V",
}
"""How the pseudonyms of each kind begin: the way through a study is W, an agreement A, a round of measuring R."""
_SECRET_BYTES = 32
_BYTES = 10


def new_secret() -> str:
    """Return a secret for a release, in hexadecimal."""
    return secrets.token_hex(_SECRET_BYTES)


class Pseudonyms:
    """The pseudonyms of one release."""

    def __init__(self, secret: str) -> None:
        self._secret = bytes.fromhex(secret)

    def of(self, kind: Kind, key: str) -> str:
        """Return the pseudonym of a key, such as `P-4QJ7ZK2MNB3XW5DA`."""
        digest = hmac.digest(self._secret, f"{kind} {key}".encode(), "sha256")
        return f"{_PREFIXES[kind]}-{base64.b32encode(digest[:_BYTES]).decode()}"
