"""GlobalOpinionQA (Durmus et al. 2023): a CSV file of questions, options, and the answers of countries as shares.

`selections` and `options` are a dictionary and a list as Python writes them; shares are in the options' order.
"""

from collections import Counter
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from eval.errors import SurveyError
from eval.importers.building import (
    Draft,
    ImportOptions,
    ImportResult,
    Notes,
    collapsed,
    finished,
    finished_survey,
    repeated_text,
    tidy,
)
from eval.importers.markup import bare
from eval.importers.missing_codes import scale_of
from eval.importers.reading import number_of, read_literal, read_rows
from eval.surveys.model import Question, sums_to_one

_NEEDED = frozenset({"question", "selections", "options"})
_SOURCES = {"GAS": "Pew Global Attitudes Survey", "WVS": "World Values Survey"}
_WHOLES = (1.0, 100.0)
"""The sums that shares may have: some questions have percentages."""


def read(path: Path, import_options: ImportOptions) -> ImportResult:
    """Read the CSV file at `path`; countries become the groups `COUNTRY=...`.

    The question in row n of the file, counted from 1, gets the id `SOURCE-n`, because its text may occur twice.

    Raises:
        SurveyError: the file has another format, or no question could be imported.
    """
    if import_options.weighted:
        raise SurveyError("this file has no weights; leave out --weighted")
    notes = Notes()
    questions: list[Question] = []
    countries: set[str] = set()
    for number, (_, cells) in enumerate(read_rows(path, _NEEDED), start=1):
        question = _question(number, cells, import_options, notes)
        if question is not None:
            questions.append(question)
            countries |= set(question.responses.get("COUNTRY", ()))
    survey = finished_survey(
        questions,
        import_options,
        notes,
        title="GlobalOpinionQA",
        source="Pew Global Attitudes Survey and World Values Survey, as released with GlobalOpinionQA "
        "(Durmus et al. 2023)",
        licence="CC BY-NC-SA 4.0, see the data set and the surveys it draws on",
        years=(),
    )
    return ImportResult(survey, (f"countries: {len(countries)}; proportions, no counts",), notes.lines())


def _question(number: int, cells: dict[str, str], import_options: ImportOptions, notes: Notes) -> Question | None:
    source = collapsed(cells.get("source", "")) or "Q"
    name = f"{source}-{number}"
    try:
        options, selections = read_literal(cells["options"]), read_literal(cells["selections"])
    except (KeyError, ValueError):
        notes.add("question", "skipped (options or selections are not as Python writes them)", name)
        return None
    if not isinstance(options, list) or not isinstance(selections, dict):
        notes.add("question", "skipped (options are not a list, or selections not a dictionary)", name)
        return None
    texts = ["" if option is None else collapsed(str(option)) for option in options]
    repeated = repeated_text(texts)
    if repeated is not None:
        notes.add("question", "skipped (two options have the same text)", f"{name}: {repeated}".rstrip(": "))
        return None
    values = {text: _number(text) for text in texts if text}
    scale = scale_of(name, values, notes, kept=import_options.refusals)
    draft = Draft(
        id=name,
        stem=tidy(cells["question"]),
        topics=(_SOURCES.get(source, "general"),),
        options=scale.options,
        refusals=scale.refusals,
        ordinals=scale.ordinals,
    )
    if "" in texts:
        notes.add("question", "with an option left out (it has no text)", name)
    countries = [collapsed(str(country)) for country in selections]
    times = Counter(map(bare, countries))
    for country, shares in zip(countries, selections.values(), strict=True):
        if times[bare(country)] > 1:
            notes.add("country", "left out of a question (it occurs twice)", f"{name}, {country}")
        else:
            _add(draft, texts, country, shares, notes)
    return finished(draft, notes)


def _add(draft: Draft, texts: Sequence[str], country: str, shares: Any, notes: Notes) -> None:
    item = f"{draft.id}, {country}"
    if not isinstance(shares, list) or len(shares) != len(texts) or not all(map(_is_share, shares)):
        notes.add("country", "left out of a question (the shares do not fit the options)", item)
        return
    total = sum(shares)
    if not any(sums_to_one(total / whole) for whole in _WHOLES):
        notes.add("country", "left out of a question (the shares do not sum to 1)", item)
        return
    amounts = dict(zip(texts, shares, strict=True))
    if amounts.get(""):
        notes.add("country", "left out of a question (an option without text has a share)", item)
        return
    responses = draft.proportions(amounts)
    if responses is not None:
        draft.responses.setdefault("COUNTRY", {})[country] = responses


def _is_share(share: Any) -> bool:
    return isinstance(share, int | float) and not isinstance(share, bool) and isfinite(share) and share >= 0


def _number(option: str) -> float | None:
    """Return the number that an option is, such as "7"; None for other texts.

    "1_000", which Python would read as a number, is a text.
    """
    value = number_of(bare(option))
    return value if isfinite(value) else None
