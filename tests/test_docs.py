"""The pages for people hang together: links lead somewhere, paths exist, commands are ones that the program has."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from chat_personas.cli.app import application
from chat_personas.settings import Settings

ROOT = Path(__file__).parents[1]
MANUAL = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = [*MANUAL, *sorted(ROOT.glob("[!R]*.md")), ROOT / "chat_personas" / "models" / "POCKET.md"]
FOLDERS = ("benchmarks", "chat_personas", "docs", "eval", "personas", "pocket", "scripts", "tests")
PACKAGES = ("chat_personas", "eval", "personas")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
LONGEST = 130
FENCE = "```"


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> Iterator[str]:
    """Yield the lines of a page that are not in a block of code."""
    code = False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.lstrip().startswith(FENCE):
            code = not code
        elif not code:
            yield line


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the anchors of a page's headings: as GitHub makes them, lower case, words joined by dashes."""
    found: list[str] = []
    for line in prose(page):
        if heading := re.match(r"#+ (.*)", line):
            words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading[1])
            anchor = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            earlier = sum(re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", each) is not None for each in found)
            found.append(f"{anchor}-{earlier}" if earlier else anchor)
    return frozenset(found)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_to_a_file_and_every_anchor_to_a_heading(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", "\n".join(prose(page))):
        if link.startswith(("https://", "http://")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_the_index_of_the_documentation_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in (ROOT / "docs").glob("[!R]*.md") if f"({page.name}" not in index] == []


@pytest.mark.parametrize("page", [ROOT / "docs" / "architecture.md", ROOT / "CONTRIBUTING.md"], ids=name)
def test_every_path_named_in_the_pages_for_contributors_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    paths = set(re.findall(rf"(?<![\w./-])(?:{'|'.join(FOLDERS)})/[\w./-]*", text))
    modules = set(re.findall(r"[\w./-]+\.py\b", text))
    assert paths
    assert [path for path in sorted(paths | modules) if not (ROOT / path.rstrip(".")).exists()] == []


def test_every_class_named_on_the_page_about_architecture_exists() -> None:
    named = set(
        re.findall(r"`([A-Z][a-z]+[A-Z]\w*|Conversation|Engine|Monitor|Scorecard|Scores|Section)\b", ARCHITECTURE)
    )
    source = "\n".join(
        file.read_text(encoding="utf-8") for folder in PACKAGES for file in (ROOT / folder).rglob("*.py")
    )
    assert [each for each in sorted(named) if not re.search(rf"^class {each}\b", source, re.MULTILINE)] == []


def test_the_page_about_architecture_draws_every_module_of_the_import_contract() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = [layer for contract in contracts for layer in contract["layers"]]
    drawn = set(re.findall(r"\w+", ARCHITECTURE.split(FENCE)[1]))
    assert set(re.findall(r"\w+", " ".join(layers))) - drawn == set()


@pytest.mark.parametrize("page", MANUAL, ids=name)
def test_no_line_of_prose_is_longer_than_an_editor_shows(page: Path) -> None:
    assert [line for line in prose(page) if len(line) > LONGEST and not line.startswith("|")] == []


@pytest.mark.parametrize("page", MANUAL, ids=name)
def test_every_command_on_a_page_has_its_options(page: Path) -> None:
    unknown = [line for line in commands(page) if not understood(line)]
    assert unknown == []


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of each `chat-personas ...` in the blocks of code of a page that show commands to type."""
    for block in re.findall(r"^```\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            for part in re.split(r"\s[|>]\s|\s#\s|\$\(|\)\"", line):
                if part.strip().startswith("chat-personas ") and "..." not in part:
                    yield shlex.split(part)[1:]


def understood(words: list[str]) -> bool:
    """Whether the program has the command that `words` begin with, and all the options among them."""
    command: Any = typer.main.get_command(application())
    if words[0] not in command.commands and not words[0].startswith("-"):
        words = ["chat", *words]
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    if (first := getattr(command, "meant_if_none_is_named", None)) is not None:
        command = command.commands[first]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h", "--debug"}
    return all(word in options for word in words if word.startswith("--"))


@pytest.mark.parametrize("page", [ROOT / "docs" / "settings.md", ROOT / "docs" / "models.md"], ids=name)
def test_every_settings_file_on_a_page_is_valid(page: Path) -> None:
    blocks = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)]
    settings = [block for block in blocks if block.keys() & {"schema", "servers", "templates", "keys"}]

    assert settings
    for block in settings:
        Settings.model_validate({"schema": "chat-personas/settings@1"} | block)


def test_the_pictures_are_made_under_either_name_of_the_goal() -> None:
    goals = dict(re.findall(r"^([a-z]+):(.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert "Make the pictures" in goals["picture"]
    assert goals["pictures"].split() == ["picture"]


def test_every_picture_stands_on_a_page_and_every_script_of_pictures_belongs_to_the_goal() -> None:
    pages = "\n".join(page.read_text(encoding="utf-8") for page in MANUAL)
    pictures = [picture.name for picture in (ROOT / "docs" / "pictures").glob("*.svg")]
    scripts = [script.stem for script in (ROOT / "scripts" / "pictures").glob("make_*.py")]
    assert pictures
    assert scripts
    assert [each for each in pictures if f"pictures/{each})" not in pages] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [each for each in scripts if f"-m scripts.pictures.{each}\n" not in makefile] == []
