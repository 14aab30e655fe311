"""What the files of the distributional-alignment benchmark say, question by question, before it is made sense of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.errors import SurveyError
from eval.importers.imported import Notes
from eval.importers.literals import read_literal
from eval.importers.reading import read_json_object
from personas import CATALOGUE
from personas.inputs.files import display_name, is_directory

COUNTRY = "COUNTRY"
_ABOUT = frozenset({"MC_options", "question_text", "genre", "summary", "countries"})

Group = tuple[str, str]


@dataclass(slots=True)
class Entry:
    """What the files together say of one question: what it asks, and amounts by attribute and value as written."""

    about: dict[str, Any]
    amounts: dict[Group, Any]


def files_of(path: Path) -> list[Path]:
    """Return one file as it is, or those of a folder.

    Raises:
        SurveyError: the folder has none.
    """
    if not is_directory(path):
        return [path]
    named = sorted(path.glob("*_data.json")) or sorted(path.glob("data.json"))
    if not named:
        raise SurveyError(f"{display_name(path)} has no ..._data.json or data.json; name the folder that has them")
    return named


def entries_of(files: Sequence[Path], notes: Notes) -> dict[str, Entry]:
    """Return what the files together say, by the key of the question.

    Raises:
        SurveyError: a file cannot be read or is in another format.
    """
    entries: dict[str, Entry] = {}
    for file in files:
        attribute = file.name.removesuffix("_data.json")
        for key, said in read_json_object(file).items():
            if not isinstance(said, dict) or "MC_options" not in said:
                raise SurveyError(f"{display_name(file)}: {key[:60]!r} has no MC_options; name a file of the benchmark")
            about = {name: value for name, value in said.items() if name in _ABOUT}
            entry = entries.setdefault(key, Entry(about, {}))
            for name, value in said.items():
                group = _group(name, attribute, value)
                if group is not None:
                    entry.amounts[group] = value
                elif name not in _ABOUT:
                    entry.amounts[("", f"{attribute}={name}")] = value
                    notes.add("groups skipped (not among the 60 of the catalogue)", f"{attribute}={name}")
    return entries


def _group(name: str, attribute: str, value: Any) -> Group | None:
    """Return the group that a key names: of the file's own attribute, of the only one that has it, or a country."""
    if name in _ABOUT:
        return None
    if attribute in CATALOGUE and name in CATALOGUE[attribute].values:
        return attribute, name
    owners = [key for key, found in CATALOGUE.items() if name in found.values]
    if len(owners) == 1:
        return owners[0], name
    return (COUNTRY, name) if isinstance(parsed(value), list) and not owners else None


def parsed(said: Any) -> Any:
    """Return what a value is, or what it says where it is a string that Python wrote."""
    if not isinstance(said, str):
        return said
    try:
        return read_literal(said)
    except ValueError:
        return None
