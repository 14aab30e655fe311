"""Where the waves of an OpinionQA release lie."""

import re
from pathlib import Path

from eval.errors import SurveyError
from eval.importers.imported import Notes
from personas.inputs.files import display_name, is_directory

_FOLDER = re.compile(r"(?:Pew_)?American_Trends_Panel_W(\d+)")
_INSIDE = ("human_resp", "data/human_resp")
_FILES = ("info.csv", "responses.csv")


def wave_folders(path: Path, notes: Notes) -> list[tuple[int, Path]]:
    """Return number and folder of each wave below `path`, in the order of their numbers.

    Folders that lack a file are left out, with a note.

    Raises:
        SurveyError: there is no folder of a wave, or a wave has two complete ones: they may differ.
    """
    if not is_directory(path):
        raise SurveyError(f"{display_name(path)} is no folder; name the one that has human_resp in it")
    found = _folders(path)
    if not found:
        raise SurveyError(f"{display_name(path)} has no folder American_Trends_Panel_W...; name human_resp")
    complete: dict[int, Path] = {}
    for number, folder in found:
        lacking = next((name for name in _FILES if not (folder / name).is_file()), None)
        if lacking:
            notes.add(f"waves skipped (no {lacking})", _said(number, folder, found))
        elif number in complete:
            both = " and ".join(str(each.relative_to(path)) for each in (complete[number], folder))
            raise SurveyError(
                f"{display_name(path)} has wave W{number} twice, in {both}; name the folder with one of them"
            )
        else:
            complete[number] = folder
    return sorted(complete.items())


def _folders(path: Path) -> list[tuple[int, Path]]:
    """Return the folders that are named as a wave's is, each once, however many links lead to it."""
    places = [path, *(path / inside for inside in _INSIDE)]
    candidates = [path] if _FOLDER.fullmatch(path.resolve().name) else []
    candidates += [found for place in places if place.is_dir() for found in sorted(place.iterdir()) if found.is_dir()]
    distinct = {folder.resolve(): folder for folder in reversed(candidates)}
    numbered = [(match, folder) for real, folder in distinct.items() if (match := _FOLDER.fullmatch(real.name))]
    return sorted(((int(match.group(1)), folder) for match, folder in numbered), key=lambda found: (found[0], found[1]))


def _said(number: int, folder: Path, found: list[tuple[int, Path]]) -> str:
    alone = sum(other == number for other, _ in found) == 1
    return f"W{number}" if alone else f"W{number} in {folder.parent.name}/{folder.name}"
