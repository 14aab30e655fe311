"""Which servers the person has agreed to have probed: probing one sends the conversation to it again at every turn."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from chat_personas.paths import confirmations_path, make_private

if TYPE_CHECKING:
    from eval.engine import EngineInfo


def server_of(info: "EngineInfo") -> str:
    """Return what the agreement is for: the server's address without the model."""
    return info.name.partition("#")[0]


def is_confirmed(info: "EngineInfo") -> bool:
    """Say whether this engine may be probed: it is on this machine, or the person agreed before."""
    return info.local or server_of(info) in _confirmed()


def remember(info: "EngineInfo") -> None:
    """Remember that the person agreed to have this server probed; `corpus` and settings stay as they are."""
    _write({*_confirmed(), server_of(info)})


def _confirmed() -> frozenset[str]:
    path = confirmations_path()
    if not path.is_file():
        return frozenset()
    import json

    try:
        servers = json.loads(path.read_text(encoding="utf-8"))["servers"]
    except (ValueError, KeyError, TypeError):
        return frozenset()  # unreadable means: ask again, which loses nothing
    return frozenset(server for server in servers if isinstance(server, str))


def _write(servers: Iterable[str]) -> None:
    import json

    path = confirmations_path()
    make_private(path.parent)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"servers": sorted(servers)}, indent=2) + "\n", encoding="utf-8")
