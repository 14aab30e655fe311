"""What the command line hands to the screen: ways to get everything, so that the first paint waits for nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus
    from chat_personas.monitor.monitor import Monitor
    from eval.engine import Engine, EngineInfo
    from personas import LoadedPersona, Persona


def _no_monitor(engine: "Engine", persona: "Persona", corpus: "Corpus") -> "Monitor | None":
    return None


def _local_only(info: "EngineInfo") -> bool:
    return info.local


def _forget(info: "EngineInfo") -> None:
    return None


@dataclass(frozen=True, slots=True)
class Session:
    """One sitting at the screen, as the command line describes it. Nothing is opened yet.

    `persona` and `model` are what the person typed and are shown until the real ones are read. `load_persona` is
    called in the background after the first paint, and again for every persona picked later. `make_monitor` gives None
    where nothing can be measured. `probing_confirmed` says whether the person agreed before to probe this engine;
    `remember_probing` is called when they agree now. `keys` maps ids of bindings to keys. While the screen is up, what
    native libraries write to file descriptor 2 goes to `log_path`.
    """

    persona: str
    model: str
    load_persona: Callable[[str], "LoadedPersona"]
    open_engine: Callable[[], Awaitable["Engine"]]
    open_corpus: Callable[[], "Corpus"]
    make_monitor: Callable[["Engine", "Persona", "Corpus"], "Monitor | None"] = _no_monitor
    measure: bool = True
    resume_id: str | None = None
    probing_confirmed: Callable[["EngineInfo"], bool] = _local_only
    remember_probing: Callable[["EngineInfo"], None] = _forget
    keys: Mapping[str, str] = field(default_factory=dict)
    theme: str | None = None
    log_path: Path | None = None
