"""Make the picture of models that are found, of docs/models.md: `python -m scripts.pictures.make_models_pictures`.

discover.svg is what `models discover` prints on a machine that is made up: a home directory with the headers of a few
models, so that nothing of anybody's home is on the picture.
"""

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import gguf
import numpy as np
from rich.console import Console

from scripts.pictures.make_screenshot import PICTURE, own_home
from scripts.pictures.portable_svg import portable

if TYPE_CHECKING:
    from chat_personas.models.found import Found

FOLDER = PICTURE.parent
WIDTH = 120
"""Columns of the picture of `models discover`."""
BLOCKS = {
    gguf.LlamaFileType.MOSTLY_Q8_0: gguf.GGMLQuantizationType.Q8_0,
    gguf.LlamaFileType.MOSTLY_Q4_K_M: gguf.GGMLQuantizationType.Q4_K,
}


class Made(NamedTuple):
    """A model of which there is a header: where it lies, its architecture, weights and figures."""

    place: str
    architecture: str
    kind: gguf.LlamaFileType
    weights: int
    figures: dict[str, int]
    template: bool = True


MADE = (
    Made(
        ".cache/huggingface/hub/models--Qwen--Qwen3-0.6B-GGUF/snapshots/main/Qwen3-0.6B-Q8_0.gguf",
        "qwen3",
        gguf.LlamaFileType.MOSTLY_Q8_0,
        600_000_000,
        {
            "block_count": 28,
            "context_length": 40960,
            "embedding_length": 1024,
            "attention.head_count": 16,
            "attention.head_count_kv": 8,
            "attention.key_length": 128,
            "attention.value_length": 128,
        },
    ),
    Made(
        ".lmstudio/models/bartowski/Mistral-7B-v0.1-GGUF/Mistral-7B-v0.1-Q4_K_M.gguf",
        "llama",
        gguf.LlamaFileType.MOSTLY_Q4_K_M,
        7_250_000_000,
        {
            "block_count": 32,
            "context_length": 32768,
            "embedding_length": 4096,
            "attention.head_count": 32,
            "attention.head_count_kv": 8,
        },
        template=False,
    ),
    Made(
        ".cache/llama.cpp/mamba-2.8b-Q8_0.gguf",
        "mamba",
        gguf.LlamaFileType.MOSTLY_Q8_0,
        2_770_000_000,
        {
            "block_count": 64,
            "context_length": 2048,
            "embedding_length": 2560,
            "attention.head_count": 0,
            "ssm.inner_size": 5120,
            "ssm.state_size": 16,
            "ssm.conv_kernel": 4,
        },
        template=False,
    ),
)
UNFINISHED = ".cache/llama.cpp/granite-3.3-2b-instruct-Q4_K_M.gguf"


def main() -> None:
    """Make the picture, in a home of its own."""
    with own_home() as home:
        picture_of_discover(home)


def picture_of_discover(home: Path) -> None:
    """Write discover.svg: the lines of the command, below the command."""
    from chat_personas.cli.tables.layout import print_line
    from chat_personas.reporting.models_found import found_lines

    made_machine(home)
    found = found_on(home)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False, markup=False, emoji=False)
    console.print("$ chat-personas models discover")
    for line in found_lines(found):
        print_line(console, line)
    console.print()  # the last line's underscores lie below the edge of the picture otherwise
    written(FOLDER / "discover.svg", console.export_svg(title="chat-personas"))


def made_machine(home: Path) -> None:
    """Put the headers of models, one of them not finished, where programs keep models in a home."""
    for made in MADE:
        write_header(home / made.place, made)
    cut_off = home / UNFINISHED
    write_header(cut_off, MADE[0])
    os.truncate(cut_off, 300_000_000)


def found_on(home: Path) -> "Found":
    """Return what is found in the files of a home, and no servers: whoever makes the pictures may have some."""
    from chat_personas.models.discovery import find_files
    from chat_personas.models.found import Found, Problem, in_files
    from chat_personas.paths import display_path

    files, damaged = find_files(home / "own", None)
    return Found(
        files=tuple(in_files(each, None) for each in files),
        servers=(),
        problems=tuple(Problem(what=display_path(each.path), why=each.why) for each in damaged),
    )


def write_header(path: Path, made: Made) -> None:
    """Write the header of a model, and as much emptiness after it as its weights would take; it takes no room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, made.architecture)
    writer.add_file_type(made.kind)
    for key, figure in made.figures.items():
        writer.add_uint32(f"{made.architecture}.{key}", figure)
    if made.template:
        writer.add_chat_template("{{ messages }}")
    kind = BLOCKS[made.kind]
    weights, each = gguf.GGML_QUANT_SIZES[kind]
    size = made.weights // weights * each
    writer.add_tensor_info("weights", [size], np.dtype(np.uint8), size, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    os.truncate(path, path.stat().st_size + size + 64)


def written(path: Path, svg: str) -> None:
    """Write a picture, and say where it is."""
    path.write_text(portable(svg), encoding="utf-8")
    print(f"written {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
