"""Models that were found or can be fetched, in words: their figures, what opens them, and what cannot be used."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chat_personas.corpus import ReplyModel
from chat_personas.engines.open import ModelServer, UnknownModelError, find_model, recorded_as, shown_model
from chat_personas.models import POCKET, SMOLLM2, pocket_path
from chat_personas.models.catalogue import Entry, catalogue
from chat_personas.models.found import Found, ModelInFiles
from chat_personas.models.pulling import Offer, shown
from chat_personas.models.servers import ModelOnServer
from chat_personas.paths import program
from chat_personas.reporting.wording.measurements import DEMONSTRATION, RECURRENT, recorded_model
from chat_personas.text import pluralize, printable
from personas.inputs.redaction import shown_address, without_secrets
from personas.inputs.suggestions import one_of, quoted

OPTION = "--model"
BUILT_IN, FILES, SERVERS = "Built in", "In files on this machine", "On servers of this machine"
OF_SETTINGS = "On servers of your settings"
TO_FETCH, UNUSABLE = "To be fetched", "Cannot be used"
Kind = Literal["ready", "to fetch", "unusable"]
MEASURED = {
    "as a rule": "shows log-probabilities as a rule",
    "no": "shows no log-probabilities",
    "when asked": "log-probabilities unknown until it is opened",
}


def found_lines(found: Found) -> Iterator[str]:
    """Yield the lines about all that was found."""
    usable = [file for file in found.files if file.why_not is None]
    yield f"{pluralize(len(usable), 'model')} in GGUF files, measured exactly by the embedded engine"
    for file in usable:
        yield from _block(file.name, figures_of_file(file), file.model, file.place)
    yield ""
    yield f"{pluralize(len(found.servers), 'model')} on servers of this machine"
    for served in found.servers:
        yield from _block(served.name, figures_of_server(served), served.model, served.server)
    if not found.files and not found.servers:
        yield ""
        yield f"fetch one with: {program()} models get NAME (without NAME: what there is)"
    others = [(file.path, file.why_not) for file in found.files if file.why_not is not None]
    if others or found.problems:
        yield ""
        yield "cannot be used"
    for what, why in [*others, *((problem.what, problem.why) for problem in found.problems)]:
        yield printable(f"  {what}: {why}")


def _block(name: str, figures: list[str], model: str, place: str) -> Iterator[str]:
    yield printable(f"  {name}: {', '.join(figures)}")
    yield printable(f"      {OPTION} {model}    ({place})")


def figures_of_file(file: ModelInFiles) -> list[str]:
    """Return what is known of a model in files."""
    figures = [in_bytes(file.size), file.quantization, f"{_count(file.parameters)} parameters"]
    if file.parts > 1:
        figures.append(f"{file.parts} files")
    figures.append("chat template" if file.chat_template else "base model (no chat template)")
    if file.context_length:
        figures.append(f"context {file.context_length:,}")
    if file.memory is not None:
        figures.append(f"memory about {in_bytes(file.memory)}{too_much(file.memory)}")
    if file.recurrent:
        figures.append(RECURRENT)
    return figures


def figures_of_server(served: ModelOnServer) -> list[str]:
    """Return what is known of a model on a server."""
    known = [
        None if served.size is None or served.remote is not None else in_bytes(served.size),  # remote: a stub
        served.quantization,
        None if served.parameters is None else f"{served.parameters} parameters",
        None if served.context_length is None else f"context {served.context_length:,}",
        MEASURED[served.measured],
        None if served.remote is None else f"COMPUTED ELSEWHERE, by {served.remote}",
    ]
    return [each for each in known if each]


def catalogue_lines(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield the lines about the models that can be fetched."""
    wide = max(len(entry.name) for entry in entries)
    for entry in entries:
        kind = "" if entry.kind == "instruct" else ", base model"
        about = f"{entry.title}, {entry.quantization}, {entry.licence}{kind}"
        yield f"{entry.name:{wide}} {in_bytes(entry.size):>8}  {about}"
    yield ""
    yield f"fetch one with: {program()} models get NAME"


def offer_lines(offer: Offer, there: int) -> Iterator[str]:
    """Yield what a person should know before fetching a model, of which `there` bytes are on the disk."""
    entry = offer.entry
    kind = "instruction model" if entry.kind == "instruct" else "base model"
    yield f"{entry.title}: {kind}, {entry.quantization}, licence {entry.licence}"
    memory = "unknown" if offer.memory is None else f"about {in_bytes(offer.memory)}{too_much(offer.memory)}"
    left = f", of which {in_bytes(there)} are there" if there else ""
    yield f"size {in_bytes(offer.size)}{left}; memory {memory}"
    yield f"from {shown(offer.url)}"


@dataclass(frozen=True, slots=True)
class Offered:
    """A model to choose from. `model` is what opens it, or its name in the catalogue; `about` are its figures."""

    name: str
    heading: str
    model: str
    about: tuple[str, ...] = ()
    kind: Kind = "ready"


def offered(found: Found, servers: Collection[str] = ()) -> Iterator[Offered]:
    """Yield everything that there is: the built-in model, what was found, what can be fetched, what cannot be used.

    `servers` are the addresses of the settings' servers: they are not asked which models they have.
    """
    yield built_in()
    usable = [file for file in found.files if file.why_not is None]
    yield from map(_in_files, usable)
    yield from map(_on_server, found.servers)
    answered = {served.url for served in found.servers}
    yield from (_of_settings(url) for url in servers if url.rstrip("/") not in answered)
    names = {file.name for file in usable}
    yield from (_to_fetch(entry) for entry in catalogue() if entry.name not in names)
    others = [(file.name, file.path, file.why_not) for file in found.files if file.why_not is not None]
    for name, path, why in [*others, *((problem.what, problem.what, problem.why) for problem in found.problems)]:
        yield Offered(name, UNUSABLE, path, (" ".join(why.split()),), "unusable")


def how_to_go_on_with(made: ReplyModel, found: Found, *, command: str = "/model") -> str:
    """Say that another model made the last reply of a conversation, and how `command` goes on with that one.

    A file that is in none of the places where models are looked for is named: only the person knows where it is.
    """
    ready = tuple(all_ready(found))
    model, name = what_opens(made, ready), printable(made.name)
    made_it = f"{recorded_model(*made.asked)} made the last reply."
    if model in ready:
        template = _template_for(made, model, found)
        if template is not None:
            how = f"{OPTION} {printable(model)} --template {printable(template)}, at the start,"
            return f"{made_it} {how} goes on with it in that way."
        return f"{made_it} {command} {printable(model)} goes on with it."
    if made.sha256 is None:
        return made_it
    why = "which is not where models are looked for"
    if any(_is_called(each, made.name) for each in ready):
        why = "because the one of this name that is here is another file"
    place = f"of its file, {name}.gguf, {why}"
    at_start = "" if command == OPTION else f", as {OPTION} FILE does at the start"
    return f"{made_it} {command} FILE goes on with it{at_start}: write the path {place}."


def _template_for(made: ReplyModel, model: str, found: Found) -> str | None:
    """Return what has to be given as the template to ask a model as it was asked then; None for nothing."""
    if made.prompt_format != "plain":
        return made.template
    has_template = any(each.model == model and each.chat_template for each in found.files)
    return "plain" if has_template else None


def what_opens(wanted: ReplyModel, ready: Iterable[str]) -> str | None:
    """Return what opens the model that made a reply; None where it is not found.

    `ready` yields what opens each model that there is. A file is the same model only with the same hash. A server that
    is not among them is given all the same: opening it says what is wrong.
    """
    server = wanted.name if wanted.sha256 is None and wanted.name.startswith(("http://", "https://")) else None
    return next((model for model in ready if _records(model, wanted)), server)


def all_ready(found: Found, servers: Collection[str] = ()) -> Iterator[str]:
    """Yield what opens each model that can be opened at once; `servers` as in `offered`."""
    return (each.model for each in offered(found, servers) if each.kind == "ready")


def _is_called(model: str, name: str) -> bool:
    try:
        return shown_model(model) == name
    except UnknownModelError:
        return False


def _records(model: str, wanted: ReplyModel) -> bool:
    """Whether a model would be recorded as the wanted one; the file of one of another name is not read."""
    try:
        if wanted.sha256 is not None and shown_model(model) != wanted.name:
            return False
        return recorded_as(model) == (wanted.name, wanted.sha256)
    except (UnknownModelError, OSError):
        return False


def is_strange(model: str, known: Collection[str]) -> bool:
    """Whether a model is on a server of another machine that is none of the `known` addresses or models.

    A corpus may have been merged from somebody else's, so that it names one is not enough to send anything there.
    """
    from chat_personas.engines.openai.connection import is_loopback

    try:
        found = find_model(model)
    except UnknownModelError:
        return False
    if not isinstance(found, ModelServer) or is_loopback(found.url):
        return False
    return shown_address(found.url) not in {shown_address(each.partition("#")[0]).rstrip("/") for each in known}


def model_called(name: str, found: Found) -> str:
    """Return what opens the model that is shown under this name; `name` itself where none of those found is.

    Raises:
        UnknownModelError: several models are shown under it.
    """
    there = dict.fromkeys(each.model for each in offered(found) if each.kind == "ready" and name in _names(each))
    if len(there) > 1:
        listed = one_of([without_secrets(model) for model in there])
        raise UnknownModelError(f"{pluralize(len(there), 'model')} are called {quoted(name)}; write {listed}")
    return next(iter(there), name)


def _names(each: Offered) -> tuple[str, ...]:
    return each.name, each.model, Path(each.model).stem


def in_sentences(each: Offered) -> str:
    """Say what a model is and how it is opened, for people who listen."""
    how = {
        "ready": f"/model {each.model} opens it.",
        "to fetch": f"{program()} models get {each.model} fetches it.",
        "unusable": "",
    }
    return f"{each.heading}, {each.name}: {', '.join(each.about)}. {how[each.kind]}".rstrip()


def built_in() -> Offered:
    """Return the model that is always there."""
    return Offered(POCKET, BUILT_IN, POCKET, (in_bytes(pocket_path().stat().st_size), DEMONSTRATION))


def _in_files(file: ModelInFiles) -> Offered:
    model = SMOLLM2 if file.model == SMOLLM2 else file.path
    return Offered(file.name, FILES, model, (*figures_of_file(file), file.place))


def _on_server(served: ModelOnServer) -> Offered:
    model = f"{served.url}#{served.name}"
    return Offered(served.name, SERVERS, model, (served.server, *figures_of_server(served), served.url))


def _of_settings(url: str) -> Offered:
    return Offered(shown_address(url), OF_SETTINGS, url, ("its model, if it serves one; else type URL#MODEL",))


def _to_fetch(entry: Entry) -> Offered:
    kind = "instruction model" if entry.kind == "instruct" else "base model"
    figures = (in_bytes(entry.size), entry.licence, kind, entry.quantization, entry.title)
    return Offered(entry.name, TO_FETCH, entry.name, figures, "to fetch")


def in_bytes(size: int) -> str:
    """Return a size for people: `60 kB`, `98 MB`, `2.5 GB`."""
    if size < 1e6:
        return f"{size / 1e3:.0f} kB"
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def short_of_memory(memory: int | None, free: int | None) -> str:
    """Say that a model needs more memory than is free; empty where it does not, or either is not known (None)."""
    if memory is None or free is None or memory <= free:
        return ""
    return f"It needs about {in_bytes(memory)} of memory, and {in_bytes(free)} are free: this machine may stall."


def free_memory() -> int | None:
    """Return how many bytes of memory programs can still take without any being swapped out; None if not known."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
    except (OSError, ValueError, IndexError):
        return None


def too_much(memory: int) -> str:
    """Return the remark on a model that needs more memory than this machine has; else nothing."""
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return ""
    return f", more than this machine's {in_bytes(there)}" if memory > there > 0 else ""


def _count(parameters: int) -> str:
    return f"{parameters / 1e9:.1f}B" if parameters >= 1e9 else f"{parameters / 1e6:.0f}M"
