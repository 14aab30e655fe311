"""The files of the distributional-alignment benchmark (Meister et al. 2024).

An object of questions by key. A question has its options and a key for each group: counts by option text, without the
options nobody chose; or proportions in the options' order, by country. Dictionaries and lists may stand there as
strings that Python wrote.

What the files of the distributional-alignment benchmark say, question by question, before it is made sense of.

Options whose list was split at every comma, put together again by the texts that people are counted under.

A question of the distributional-alignment benchmark: its options, and what each group answered.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from eval.errors import SurveyError
from eval.importers.american_trends_panel import PanelQuestion, read_info, topic_and_years
from eval.importers.building import (
    Draft,
    ImportOptions,
    ImportResult,
    Notes,
    collapsed,
    finished,
    finished_survey,
    tidy,
)
from eval.importers.reading import read_json_object, read_literal
from eval.importers.refusals import declines, parts_fit
from eval.surveys.model import Question, Responses, sums_to_one
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


_LONGEST = 6


def repaired(written: Sequence[str], chosen: Collection[str]) -> tuple[str, ...]:
    """Return the options that the list `written` stood for.

    Quotes around a whole text go. Neighbours that, joined by a comma, are one of the `chosen` texts are that
    option; a text nobody chose that begins with a small letter belongs to the one before it, such as "Important",
    "but not essential".
    """
    pieces = [_unquoted(text) for text in written]
    texts: list[str] = []
    start = 0
    while start < len(pieces):
        length = _length(pieces, start, chosen)
        text = ", ".join(pieces[start : start + length])
        if texts and text not in chosen and text[:1].islower() and texts[-1] not in chosen:
            texts[-1] = f"{texts[-1]}, {text}"
        else:
            texts.append(text)
        start += length
    return tuple(texts)


def _length(pieces: Sequence[str], start: int, chosen: Collection[str]) -> int:
    """Return how many pieces from `start` make up one of the chosen texts, the longest first; 1 if none do."""
    longest = min(_LONGEST, len(pieces) - start)
    return next((n for n in range(longest, 0, -1) if ", ".join(pieces[start : start + n]) in chosen), 1)


def _unquoted(text: str) -> str:
    stripped = text.strip()
    whole = len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in "\"'"
    return stripped[1:-1] if whole else stripped


_NUMBERED = re.compile(r"(\d+)\s*[:.)]\s+\S")


def question_of(key: str, entry: Entry, info: PanelQuestion | None, notes: Notes) -> Question | None:
    """Return the question, with `info` on its options where that fits; None, and a note why, where there is none."""
    draft = _draft(key, entry, info, notes)
    if draft is None:
        return None
    everyone: dict[str, dict[str, float]] = {}
    for (attribute, value), said in entry.amounts.items():
        amounts = _amounts(parsed(said), entry, draft, f"{key}, {value}", notes)
        if amounts is None:
            continue
        if attribute == COUNTRY and any(amounts.values()) and not sums_to_one(sum(amounts.values())):
            notes.add("groups left out of a question (their shares do not sum to 1)", f"{key}, {value}")
            continue
        owner = attribute or value.partition("=")[0]
        total = everyone.setdefault(owner, {})
        for text, amount in amounts.items():
            total[text] = total.get(text, 0.0) + amount
        responses = draft.shared(amounts) if attribute == COUNTRY else draft.counted(amounts)
        if responses is None:
            notes.add("groups left out of a question (nobody answered)", f"{key}, {value}")
        elif attribute:
            draft.responses.setdefault(attribute, {})[value] = responses
    draft.overall = _overall(draft, everyone)
    return finished(draft, notes)


def _overall(draft: Draft, everyone: Mapping[str, Mapping[str, float]]) -> Responses | None:
    """Return the sum over the groups of the attribute that most people are counted in, skipped groups with them."""
    counted = [amounts for attribute, amounts in everyone.items() if attribute != COUNTRY]
    return draft.counted(max(counted, key=lambda amounts: sum(amounts.values()))) if counted else None


def _draft(key: str, entry: Entry, info: PanelQuestion | None, notes: Notes) -> Draft | None:
    written = parsed(entry.about["MC_options"])
    if not isinstance(written, list) or not all(isinstance(text, str) for text in written):
        notes.add("questions skipped (the options are no list of texts)", key)
        return None
    chosen = {text for said in entry.amounts.values() if isinstance(found := parsed(said), dict) for text in found}
    if info and chosen <= set(info.texts):
        if not parts_fit(key, info.options, info.refusals, notes):
            return None
        options, refusals, ordinals = info.options, info.refusals, info.ordinals
    else:
        texts = repaired(written, chosen)
        refusals = _refusals(texts)
        options = tuple(text for text in texts if text not in refusals)
        ordinals = _numbered(options)
    book = "summary" in entry.about
    return Draft(
        id=collapsed(key),
        stem=_book(key, entry.about) if book else tidy(str(entry.about.get("question_text") or key)),
        topics=("books",) if book else topic_and_years(key)[0],
        options=options,
        refusals=refusals,
        ordinals=ordinals,
        paraphrased=book,
    )


def _refusals(texts: Sequence[str]) -> tuple[str, ...]:
    """Return "Refused" where it is one of the texts: the benchmark counts "Not sure" beside it as an answer."""
    refused = tuple(text for text in texts if text.casefold() == "refused")
    return refused or tuple(text for text in texts if declines(text))


def _book(title: str, about: Mapping[str, Any]) -> str:
    genre = f" ({about['genre']})" if about.get("genre") else ""
    return tidy(f"How likely are you to read this book? {title}{genre}. {about['summary']}")


def _numbered(options: Sequence[str]) -> tuple[float, ...]:
    """Return the numbers that the options begin with, "1: Very unlikely", or nothing if not all do."""
    matches = [_NUMBERED.match(text) for text in options]
    return tuple(float(match.group(1)) for match in matches if match) if options and all(matches) else ()


def _amounts(said: Any, entry: Entry, draft: Draft, where: str, notes: Notes) -> dict[str, float] | None:
    if isinstance(said, list):
        written = parsed(entry.about["MC_options"])
        said = dict(zip(written, said, strict=False)) if len(written) == len(said) else None
    if not isinstance(said, dict) or not all(_is_amount(amount) for amount in said.values()):
        notes.add("groups left out of a question (their figures do not fit the options)", where)
        return None
    known = {*draft.options, *draft.refusals}
    unknown = [text for text in said if text not in known]
    if unknown:
        notes.add("groups left out of a question (they chose an option that it does not have)", where)
        return None
    return {str(text): float(amount) for text, amount in said.items()}


def _is_amount(amount: Any) -> bool:
    return isinstance(amount, int | float) and not isinstance(amount, bool) and isfinite(amount) and amount >= 0


def read(path: Path, wishes: ImportOptions) -> ImportResult:
    """Read one `..._data.json` file, or all of them in a folder, where `info.csv` gives options in full and ordinals.

    Raises:
        SurveyError: there is no such file, or it is in another format.
    """
    if wishes.weighted:
        raise SurveyError("these files have no weights; leave out --weighted")
    files = files_of(path)
    notes = Notes()
    entries = entries_of(files, notes)
    infos = read_info(files[0].parent / "info.csv", notes) if (files[0].parent / "info.csv").is_file() else {}
    questions = [q for key, entry in entries.items() if (q := question_of(key, entry, infos.get(key), notes))]
    years = {year for question in questions for year in topic_and_years(question.id)[1]}
    by_country = any(COUNTRY in question.responses for question in questions)
    survey = finished_survey(
        questions,
        wishes,
        notes,
        title=f"Distributional alignment: {files[0].parent.resolve().name}",
        source="Benchmarking Distributional Alignment of Large Language Models (Meister et al. 2024)",
        licence="see the benchmark and the surveys it draws on; question texts belong to their authors",
        years=sorted(years),
        everyone="Everyone asked",
    )
    what = "proportions by country" if by_country else "counts"
    return ImportResult(survey, (f"files: {', '.join(file.name for file in files)}; {what}",), notes.lines())
