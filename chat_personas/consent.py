"""Which servers the user has agreed to have probed. Probing sends the conversation to a server again at every turn."""

import logging
from typing import TYPE_CHECKING

from chat_personas.paths import confirmations_path, make_private

if TYPE_CHECKING:
    from eval.engine import EngineInfo

logger = logging.getLogger(__name__)

_not_stored: set[str] = set()
"""Servers that the user agreed to although it could not be written, on a full disk say: until the program ends."""


def server_of(info: "EngineInfo") -> str:
    """Return what an agreement is for: the server's address without the model."""
    return info.name.partition("#")[0]


def is_confirmed(info: "EngineInfo") -> bool:
    """Say whether this engine may be probed: it is on this machine, or the user agreed before."""
    return info.local or server_of(info) in {*_confirmed(), *_not_stored}


def remember(info: "EngineInfo") -> None:
    """Remember that the user agreed to have this server probed.

    Where that cannot be written, the agreement holds until the program ends, and the earlier ones are kept.
    """
    import json

    from chat_personas.storage.files import atomic_write

    path = confirmations_path()
    servers = sorted({*_confirmed(), server_of(info)})
    try:
        make_private(path.parent)
        with atomic_write(path) as file:
            file.write(f"{json.dumps({'servers': servers}, indent=2)}\n".encode())
    except OSError as error:
        logger.warning("the agreement to probe a server could not be stored: %s", error.strerror or error)
        _not_stored.add(server_of(info))


def _confirmed() -> frozenset[str]:
    path = confirmations_path()
    if not path.is_file():  # as nearly always: what reads it need not be imported
        return frozenset()
    from chat_personas.storage.files import document_in

    try:
        document = document_in(path)
    except OSError:
        return frozenset()  # unreadable: ask again, which loses nothing
    servers = document.get("servers") if isinstance(document, dict) else None
    return frozenset(each for each in servers if isinstance(each, str)) if isinstance(servers, list) else frozenset()
