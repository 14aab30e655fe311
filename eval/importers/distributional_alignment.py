"""The files of the distributional-alignment benchmark (Meister et al. 2024).

Each file is an object of questions by key. A question has its options and a key for each group, with counts by option
text (options that nobody chose are missing), or for countries with proportions in the options' order. Dictionaries and
lists may be strings, as Python writes them. Some lists of options were split at every comma in a text; they are put
together again by the texts under which people are counted.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from eval.errors import SurveyError
from eval.importers.building import (
    NOBODY_ANSWERED,
    NOT_IN_CATALOGUE,
    Draft,
    ImportOptions,
    ImportResult,
    Notes,
    RefusalsKept,
    collapsed,
    finished,
    finished_survey,
    repeated_text,
    tidy,
)
from eval.importers.markup import bare
from eval.importers.missing_codes import NOT_ASKED_LEFT_OUT, scale_of
from eval.importers.opinionqa_waves import PanelQuestion, on_its_scale, read_info, topic_and_years, years_of
from eval.importers.reading import read_json_object, read_literal
from eval.importers.refusal_texts import declines
from eval.surveys.model import Question, Responses, sums_to_one
from personas import CATALOGUE
from personas.inputs.files import display_name, is_directory

COUNTRY = "COUNTRY"
_ABOUT = frozenset({"MC_options", "question_text", "genre", "summary", "countries"})
_NUMBERED = re.compile(r"(\d+)\s*[:.)]\s+\S")
_MOST_PIECES = 6
"""The number of pieces into which one option may have been split."""

Group = tuple[str, str]


@dataclass(slots=True)
class Entry:
    """One question in all files together: the keys about the question, and the figures by attribute and value."""

    about: dict[str, Any]
    amounts: dict[Group, Any]


def read(path: Path, import_options: ImportOptions) -> ImportResult:
    """Read one `..._data.json` file, or all in a folder, in which `info.csv` has the options in full and ordinals.

    Raises:
        SurveyError: there is no such file, or it has another format.
    """
    if import_options.weighted:
        raise SurveyError("these files have no weights; leave out --weighted")
    files = files_of(path)
    notes = Notes()
    entries = entries_of(files, notes)
    info_file = files[0].parent / "info.csv"
    infos = read_info(info_file, notes) if info_file.is_file() else {}
    about_info = _about_info(entries, infos, info_file) if info_file.is_file() else ()
    kept = import_options.refusals
    questions = [q for key, entry in entries.items() if (q := question_of(key, entry, infos.get(key), notes, kept))]
    by_country = any(COUNTRY in question.responses for question in questions)
    survey = finished_survey(
        questions,
        import_options,
        notes,
        title=f"Distributional alignment: {files[0].parent.resolve().name}",
        source="Benchmarking Distributional Alignment of Large Language Models (Meister et al. 2024)",
        licence="see the benchmark and the surveys it draws on; question texts belong to their authors",
        years=years_of(questions),
    )
    figures = "proportions by country" if by_country else "counts"
    return ImportResult(
        survey, (f"files: {', '.join(file.name for file in files)}; {figures}",), (*about_info, *notes.lines())
    )


def _about_info(entries: Mapping[str, Entry], infos: Mapping[str, PanelQuestion], path: Path) -> tuple[str, ...]:
    """Return a note on how many questions `info.csv` describes, unless it describes all of them.

    Raises:
        SurveyError: it describes none: it belongs to other files.
    """
    others = [key for key, entry in entries.items() if key not in infos or not _fits(entry, infos[key])]
    described = f"{len(entries) - len(others)} of the {len(entries)} questions here"
    if not others:
        return ()
    if len(others) == len(entries):
        problem = f"describes {described}; put the one that belongs to them there, or take it away"
        raise SurveyError(f"{display_name(path)} {problem}")
    without = "the others have no order or alignment from it, unless it is replaced by the one that belongs to them"
    return (f"{path.name} describes {described}; {without}: {'; '.join(others[:3])}{'; …' if others[3:] else ''}",)


def _chosen(entry: Entry) -> dict[str, str]:
    """Return the texts under which people are counted, by the form in which texts are compared."""
    figures = (found for amounts in entry.amounts.values() if isinstance(found := parsed(amounts), dict))
    return {bare(text): text for found in figures for text in found if isinstance(text, str)}


def _fits(entry: Entry, info: PanelQuestion) -> bool:
    """Return whether a row of `info.csv` has all options under which people are counted."""
    return _chosen(entry).keys() <= {bare(text) for text in info.texts}


def files_of(path: Path) -> list[Path]:
    """Return the file at `path`, or the files of a folder.

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
    """Return the questions of all files together, by key.

    Raises:
        SurveyError: a file cannot be read or has another format.
    """
    entries: dict[str, Entry] = {}
    for file in files:
        attribute = file.name.removesuffix("_data.json")
        for key, values in read_json_object(file).items():
            if not isinstance(values, dict) or "MC_options" not in values:
                raise SurveyError(f"{display_name(file)}: {key[:60]!r} has no MC_options; name a file of the benchmark")
            about = {name: value for name, value in values.items() if name in _ABOUT}
            entry = entries.setdefault(key, Entry(about, {}))
            for name, value in values.items():
                group = _group(name, attribute, value)
                if group is not None:
                    entry.amounts[group] = value
                elif name not in _ABOUT:
                    entry.amounts[("", f"{attribute}={name}")] = value
                    notes.add("group", NOT_IN_CATALOGUE, f"{attribute}={name}")
    return entries


def _group(name: str, attribute: str, value: Any) -> Group | None:
    """Return the group that a key names: of the file's attribute, of the only attribute that has it, or a country."""
    if name in _ABOUT:
        return None
    if attribute in CATALOGUE and name in CATALOGUE[attribute].values:
        return attribute, name
    owners = [key for key, found in CATALOGUE.items() if name in found.values]
    if len(owners) == 1:
        return owners[0], name
    return (COUNTRY, name) if isinstance(parsed(value), list) and not owners else None


def parsed(value: Any) -> Any:
    """Return a value as it is, or what a string that Python wrote stands for; None for another string."""
    if not isinstance(value, str):
        return value
    try:
        return read_literal(value)
    except ValueError:
        return None


def question_of(
    key: str, entry: Entry, info: PanelQuestion | None, notes: Notes, kept: RefusalsKept = "pooled"
) -> Question | None:
    """Return the question, with the options of `info` if they fit; None, with a note why, if it cannot be imported."""
    asked = _asked(key, entry, info, notes, kept)
    if asked is None:
        return None
    draft, not_asked = asked
    everyone: dict[str, dict[str, float]] = {}
    for (attribute, value), figures in entry.amounts.items():
        item = f"{key}, {value}"
        amounts = _amounts(parsed(figures), entry, (*draft.options, *draft.refusals, *not_asked), item, notes)
        if amounts is None:
            continue
        left_out = {text: amount for text in not_asked if (amount := amounts.pop(text, 0.0))}
        notes.add_answers("group", NOT_ASKED_LEFT_OUT, item, left_out)
        if attribute == COUNTRY and any(amounts.values()) and not sums_to_one(sum(amounts.values())):
            notes.add("group", "left out of a question (the shares do not sum to 1)", item)
            continue
        owner = attribute or value.partition("=")[0]
        total = everyone.setdefault(owner, {})
        for text, amount in amounts.items():
            total[text] = total.get(text, 0.0) + amount
        in_counts = attribute != COUNTRY and _are_whole(amounts)
        if attribute != COUNTRY and not in_counts:
            notes.add("question", "with counts that are not whole (weighted: kept as proportions)", key)
        responses = draft.counts(amounts) if in_counts else draft.proportions(amounts)
        if responses is None:
            notes.add("group", NOBODY_ANSWERED, item)
        elif attribute:
            draft.responses.setdefault(attribute, {})[value] = responses
    draft.overall = _overall(draft, everyone)
    return finished(draft, notes)


def _asked(
    key: str, entry: Entry, info: PanelQuestion | None, notes: Notes, kept: RefusalsKept
) -> tuple[Draft, tuple[str, ...]] | None:
    """Return the question without figures, and the texts of people who were not asked; None, with a note why."""
    written = parsed(entry.about["MC_options"])
    if not isinstance(written, list) or not all(isinstance(text, str) for text in written):
        notes.add("question", "skipped (the options are not a list of texts)", key)
        return None
    if info and _fits(entry, info):
        answers = [text for text in _answers(info.texts) if text in info.refusals]
        placed = on_its_scale(info, notes, kept, answers)
        if placed is None:
            return None
        options, refusals, ordinals, not_asked = placed.options, placed.refusals, placed.ordinals, placed.not_asked
    else:
        texts = repaired(written, set(_chosen(entry).values()))
        repeated = repeated_text(texts)
        if repeated is not None:
            notes.add("question", "skipped (two options have the same text)", f"{key}: {repeated}")
            return None
        numbers = {text: _number(text) for text in texts}
        scale = scale_of(collapsed(key), numbers, notes, answers=_answers(texts), kept=kept)
        options, refusals, ordinals, not_asked = scale.options, scale.refusals, scale.ordinals, scale.not_asked
    book = "summary" in entry.about
    draft = Draft(
        id=collapsed(key),
        stem=_book(key, entry.about) if book else tidy(str(entry.about.get("question_text") or key)),
        topics=("books",) if book else topic_and_years(key)[0],
        options=options,
        refusals=refusals,
        ordinals=ordinals,
        paraphrased=book,
    )
    return draft, not_asked


def repaired(written: Sequence[str], chosen: Collection[str]) -> tuple[str, ...]:
    """Return the options that a list split at commas stands for.

    Quotes around a whole text are removed. Neighbours that, joined by a comma, are one of the `chosen` texts are that
    option. A text that nobody chose and that begins with a small letter belongs to the one before it, as in
    "Important", "but not essential".
    """
    chosen = {bare(text) for text in chosen}
    pieces = [_unquoted(text) for text in written]
    texts: list[str] = []
    start = 0
    while start < len(pieces):
        length = _length(pieces, start, chosen)
        text = ", ".join(pieces[start : start + length])
        if texts and bare(text) not in chosen and text[:1].islower() and bare(texts[-1]) not in chosen:
            texts[-1] = f"{texts[-1]}, {text}"
        else:
            texts.append(text)
        start += length
    return tuple(texts)


def _length(pieces: Sequence[str], start: int, chosen: Collection[str]) -> int:
    """Return how many pieces from `start` on make up one of the chosen texts, the most if several do; 1 if none do.

    The chosen texts are in the form in which texts are compared.
    """
    most = min(_MOST_PIECES, len(pieces) - start)
    return next((n for n in range(most, 0, -1) if bare(", ".join(pieces[start : start + n])) in chosen), 1)


def _unquoted(text: str) -> str:
    stripped = text.strip()
    whole = len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in "\"'"
    return stripped[1:-1] if whole else stripped


def _answers(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the texts that decline but are answers: beside "Refused", the benchmark counts "Not sure" as one."""
    refused = [text for text in texts if bare(text).casefold() == "refused"]
    return tuple(text for text in texts if text not in refused and declines(text)) if refused else ()


def _number(option: str) -> float | None:
    """Return the number with which an option begins, as in "1: Very unlikely"; None if it has none."""
    match = _NUMBERED.match(option)
    return float(match.group(1)) if match else None


def _book(title: str, about: Mapping[str, Any]) -> str:
    genre = f" ({about['genre']})" if about.get("genre") else ""
    return tidy(f"How likely are you to read this book? {title}{genre}. {about['summary']}")


def _amounts(figures: Any, entry: Entry, texts: Sequence[str], item: str, notes: Notes) -> dict[str, float] | None:
    if isinstance(figures, list):
        written = parsed(entry.about["MC_options"])
        figures = dict(zip(map(_unquoted, written), figures, strict=False)) if len(written) == len(figures) else None
    if not isinstance(figures, dict) or not all(_is_amount(amount) for amount in figures.values()):
        notes.add("group", "left out of a question (the figures do not fit the options)", item)
        return None
    known = {bare(text): text for text in texts}
    amounts: dict[str, float] = {}
    unknown: dict[str, float] = {}
    for text, amount in figures.items():
        option = known.get(bare(str(text)))
        into, name = (unknown, str(text)) if option is None else (amounts, option)
        into[name] = into.get(name, 0.0) + float(amount)
    if unknown:
        reason = "left out of a question (an option was chosen that it does not have)"
        notes.add_answers("group", reason, item, unknown, answers=sum(map(float, figures.values())))
        return None
    return amounts


def _is_amount(amount: Any) -> bool:
    return isinstance(amount, int | float) and not isinstance(amount, bool) and isfinite(amount) and amount >= 0


def _are_whole(amounts: Mapping[str, float]) -> bool:
    return all(amount.is_integer() for amount in amounts.values())


def _overall(draft: Draft, everyone: Mapping[str, Mapping[str, float]]) -> Responses | None:
    """Return the sum over the groups of the attribute with the most people, including groups that were skipped."""
    counted = [amounts for attribute, amounts in everyone.items() if attribute != COUNTRY]
    if not counted:
        return None
    most = max(counted, key=lambda amounts: sum(amounts.values()))
    return draft.counts(most) if _are_whole(most) else draft.proportions(most)
