"""A question of the distributional-alignment benchmark: its options, and what each group answered."""

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from eval.importers.benchmark_entries import COUNTRY, Entry, parsed
from eval.importers.building import Draft, collapsed, finished, tidy
from eval.importers.imported import Notes
from eval.importers.option_texts import repaired
from eval.importers.question_info import QuestionInfo
from eval.importers.refusal_texts import declines, parts_fit
from eval.importers.wave import topic_and_years
from eval.surveys.model import Question, Responses, sums_to_one

_NUMBERED = re.compile(r"(\d+)\s*[:.)]\s+\S")


def question_of(key: str, entry: Entry, info: QuestionInfo | None, notes: Notes) -> Question | None:
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


def _draft(key: str, entry: Entry, info: QuestionInfo | None, notes: Notes) -> Draft | None:
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
