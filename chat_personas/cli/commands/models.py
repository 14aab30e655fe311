"""`chat-personas models`: list models that have a name, discover and fetch others, and show one."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from chat_personas.cli.errors import DONE, StoppedError, UsageError
from chat_personas.cli.evaluation.output import Destinations
from chat_personas.cli.evaluation.sources import gguf_files
from chat_personas.cli.opening import described_engine
from chat_personas.cli.options import command_group, examples
from chat_personas.cli.progress import progress_bar
from chat_personas.cli.tables.layout import padded, print_line, table_console
from chat_personas.engines.open import ModelFile, find_model, model_names
from chat_personas.models import BASE_MODEL, POCKET
from chat_personas.models.catalogue import catalogue, find_entry
from chat_personas.models.found import Found, find_models
from chat_personas.models.gguf import GgufError, read_header
from chat_personas.models.pulling import ask_hub, check_space, fetch
from chat_personas.paths import display_path, models_directory, path_named
from chat_personas.reporting.models_found import OPTION, catalogue_lines, found_lines, in_bytes, offer_lines
from chat_personas.reporting.wording.measurements import DEMONSTRATION, TEMPLATE_GIVEN
from chat_personas.settings import load_settings
from chat_personas.text import printable

app = command_group("chat-personas models list")

ELSEWHERE = (
    "Any GGUF file works by its path, and any OpenAI-compatible server by its URL: "
    "--model ~/models/qwen3-4b.gguf, --model http://127.0.0.1:11434/v1#qwen3"
)


@app.command("list", epilog="Example: chat-personas models list")
def list_models() -> int:
    """List the models that can be used by name.

    These are the built-in model, smollm2 if it is installed, and the GGUF files in the models directory.
    """
    for name in model_names():
        found = find_model(name)
        assert isinstance(found, ModelFile)
        size = found.path.stat().st_size / 1e6
        remark = DEMONSTRATION if name == POCKET else _asked_how(found.path)
        print(f"{padded(printable(name), 24)} {size:9.1f} MB  {remark}".rstrip())
    print(f"\nGGUF files in {display_path(models_directory())} are listed by name. {ELSEWHERE}")
    print("`models discover` finds others on this machine, `models get` fetches one.")
    return DONE


def _asked_how(path: Path) -> str:
    """Say of a model file that it is a base model, or which template the settings give for it; "" of all others."""
    given = load_settings().templates.get(path.stem)
    if given not in (None, "plain"):
        return TEMPLATE_GIVEN.format(template=printable(Path(given).name))
    try:
        return BASE_MODEL if given == "plain" or not read_header(path).has_template else ""
    except (GgufError, OSError):  # opening it says what is wrong
        return ""


@app.command(
    "discover",
    epilog=examples("chat-personas models discover", "chat-personas models discover --json - | python -m json.tool"),
)
def discover(
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write what was found as JSON; - is standard output.")
    ] = None,
) -> int:
    """Find the models that this machine has, in files and on servers.

    Files are looked for where Hugging Face, LM Studio, Ollama and llama.cpp keep them, and in models_folder of the
    settings. Servers are asked on the usual ports of 127.0.0.1 and nowhere else. No model is loaded.
    """
    destinations = Destinations(json_file)
    destinations.check({"a model": [] if json_file is None else gguf_files(Path(json_file))})
    settings = load_settings()
    further = None if settings.models_folder is None else path_named(settings.models_folder)
    found = find_models(models_directory(), further, settings.context_length)
    places = (*(each.path for each in found.files), *(each.what for each in found.problems))
    destinations.check({"a model": [path_named(place) for place in places]})
    try:
        destinations.write({"--json": found.as_document})
    finally:
        print_found(found, to_error=destinations.take_standard_output)
    return DONE


def print_found(found: Found, *, to_error: bool) -> None:
    """Print all that was found. What is to be copied stays on one line."""
    console = table_console(to_error=to_error)
    for line in found_lines(found):
        if line.lstrip().startswith(OPTION):
            console.print(line, soft_wrap=True)
        else:
            print_line(console, line)


@app.command(
    "get",
    epilog=examples(
        "chat-personas models get",
        "chat-personas models get qwen3-0.6b",
        "HF_ENDPOINT=https://hub.example.org chat-personas models get qwen3-0.6b --yes",
        note="Needs the package huggingface_hub. An interrupted download goes on where it stopped.",
    ),
)
def get(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which; without it, the models are listed.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before fetching.")] = False,
) -> int:
    """Fetch a model of a small catalogue from the Hugging Face hub.

    Size, licence and memory are shown first. Only a file that has the hub's hash gets the name of the model.
    """
    if name is None:
        for line in catalogue_lines(catalogue()):
            print(line)
        return DONE
    entry, directory = find_entry(name), models_directory()
    if (directory / f"{entry.name}.gguf").is_file():
        print(f"{entry.name} is already there: chat-personas --model {entry.name}")
        return DONE
    offer = ask_hub(entry, load_settings().context_length)
    check_space(offer, directory)
    for line in offer_lines(offer, offer.there(directory)):
        typer.echo(line, err=True)
    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise UsageError(f"fetching {entry.name} takes {in_bytes(offer.size)} of the disk; add --yes to agree")
        if not typer.confirm("Fetch it?", err=True):
            typer.echo("nothing was fetched", err=True)
            return DONE
    try:
        with progress_bar(f"{entry.name}, MB") as advance:
            fetch(offer, directory, lambda done, size: advance(done // 10**6, size // 10**6))
    except KeyboardInterrupt as error:
        left = f"{100 * offer.there(directory) // offer.size}% of {entry.name} is there"
        raise StoppedError(f"interrupted; {left}: run the command again, which goes on from there") from error
    print(f"{entry.name} is there: chat-personas --model {entry.name}")
    return DONE


@app.command("show", epilog="Example: chat-personas models show pocket")
def show(model: Annotated[str, typer.Argument(metavar="M", help="A name, a GGUF file, or a URL.")]) -> int:
    """Open a model and print its description and abilities as JSON."""
    print(json.dumps(asdict(described_engine(model, load_settings())), indent=2))
    return DONE
