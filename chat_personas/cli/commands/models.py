"""`chat-personas models`: list and show models."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from chat_personas.cli.errors import DONE
from chat_personas.cli.opening import described_engine
from chat_personas.cli.options import command_group
from chat_personas.cli.tables.layout import padded
from chat_personas.engines.open import ModelFile, find_model, model_names
from chat_personas.models import POCKET
from chat_personas.paths import display_path, models_directory
from chat_personas.reporting.wording import DEMONSTRATION
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

    These are the built-in model and the GGUF files in the models directory.
    """
    for name in model_names():
        found = find_model(name)
        assert isinstance(found, ModelFile)
        size = found.path.stat().st_size / 1e6
        remark = f"  {DEMONSTRATION}" if name == POCKET else ""
        print(f"{padded(printable(name), 24)} {size:9.1f} MB{remark}")
    print(f"\nGGUF files in {display_path(models_directory())} are listed by name. {ELSEWHERE}")
    return DONE


@app.command("show", epilog="Example: chat-personas models show pocket")
def show(model: Annotated[str, typer.Argument(metavar="M", help="A name, a GGUF file, or a URL.")]) -> int:
    """Open a model and print its description and abilities as JSON."""
    print(json.dumps(asdict(described_engine(model, load_settings())), indent=2))
    return DONE
