"""The house stays readable: a folder's listing is a table of contents, and a module is a concept.

CONTRIBUTING says how modules are cut. A module fails here because it is one more scrap; merge it with its only user, or
name it below with its reason.
"""

import ast
import statistics
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("chat_personas", "eval", "personas")
MOST_IN_A_FOLDER = 16
SHORT = 40
MOST_MODULES = 426
LEAST_MEDIAN = 110

ALLOWED = {
    "eval.expression.sequence": "every method of expression has a module of its own; this one shares most of its code",
}
"""Short modules that only one other uses, each with the reason why it stands alone."""


@cache
def modules() -> Mapping[str, Path]:
    """The modules of the three packages by name; a package is called by the name of its `__init__`."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    return {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in sorted(files)}


def lines(file: Path) -> int:
    """How many lines a module has."""
    return len(file.read_text(encoding="utf-8").splitlines())


def imported(file: Path) -> Iterator[str]:
    """Yield the names of all modules that one may import, wherever in it the statement stands."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def users() -> Mapping[str, set[str]]:
    """The modules that import each module. An `__init__` is none of them: it only passes names on."""
    found = defaultdict[str, set[str]](set)
    for name, file in modules().items():
        if file.name != "__init__.py":
            for each in set(imported(file)) & modules().keys():
                found[each].add(name)
    return found


def scraps() -> set[str]:
    """The short modules that one module of the same package uses, and no other."""
    found = set()
    for name, file in modules().items():
        only = users().get(name, set())
        same = {user for user in only if user.split(".")[0] == name.split(".")[0]}
        if file.name != "__init__.py" and lines(file) < SHORT and len(only) == len(same) == 1:
            found.add(name)
    return found


def test_no_folder_holds_more_modules_than_one_can_overlook() -> None:
    counts = Counter(file.parent.relative_to(ROOT) for file in modules().values() if file.name != "__init__.py")
    assert {str(folder): count for folder, count in counts.items() if count > MOST_IN_A_FOLDER} == {}


def test_no_short_module_has_a_single_user_without_a_reason() -> None:
    assert scraps() - ALLOWED.keys() == set()


def test_every_exception_still_is_one() -> None:
    assert ALLOWED.keys() - scraps() == set()


def test_the_whole_is_not_cut_into_scraps() -> None:
    assert len(modules()) <= MOST_MODULES
    assert statistics.median(map(lines, modules().values())) >= LEAST_MEDIAN


def test_every_module_has_a_place_in_the_layers() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    exhaustive = [contract["containers"] for contract in contracts if contract.get("exhaustive") is True]
    assert sorted(package for containers in exhaustive for package in containers) == sorted(PACKAGES)
