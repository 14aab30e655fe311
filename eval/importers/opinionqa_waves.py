"""The American Trends Panel in OpinionQA: the questions in an `info.csv`, and the topic and year of each wave.

Topics are those of Santurkar et al. (2023), years those that Pew Research Center publishes with its data.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from eval.errors import SurveyError
from eval.importers.building import Notes, RefusalsKept, repeated_text
from eval.importers.markup import bare
from eval.importers.missing_codes import scale_of, without_not_asked
from eval.importers.reading import read_literal, read_rows
from eval.importers.refusal_texts import parts_fit
from eval.surveys.model import Question
from personas.inputs.files import display_name

WAVES: Mapping[int, tuple[str, int]] = MappingProxyType(
    {
        26: ("guns", 2017),
        27: ("automation", 2017),
        29: ("gender", 2017),
        32: ("community types", 2018),
        34: ("biomedical and food issues", 2018),
        36: ("gender and leadership", 2018),
        41: ("America in 2050", 2018),
        42: ("trust in science", 2019),
        43: ("race", 2019),
        45: ("misinformation", 2019),
        49: ("privacy", 2019),
        50: ("family", 2019),
        54: ("economic inequality", 2019),
        82: ("global attitudes", 2021),
        92: ("political views", 2021),
    }
)
"""Topic and year by the number of the wave."""
_ENDING = re.compile(r"_W(\d+)$")
_NEEDED = frozenset({"key", "question", "references", "option_ordinal"})


def topic_and_years(key: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the topics and years of a question by its key, such as `GOVTHC_W92`; "general" and no year if unknown."""
    match = _ENDING.search(key)
    known = WAVES.get(int(match.group(1))) if match else None
    return ((known[0],), (known[1],)) if known else (("general",), ())


def years_of(questions: Iterable[Question]) -> list[int]:
    """Return the years in which the waves of these questions were asked, ascending."""
    return sorted({year for question in questions for year in topic_and_years(question.id)[1]})


@dataclass(frozen=True, slots=True)
class PanelQuestion:
    """A row of `info.csv`: options with an ordinal value each, in the source's order, and the refusals after them.

    `not_asked` are texts of people to whom the question was not put: see `on_its_scale`.
    """

    key: str
    stem: str
    options: tuple[str, ...]
    ordinals: tuple[float, ...]
    refusals: tuple[str, ...]
    not_asked: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The options and then the refusals."""
        return (*self.options, *self.refusals)

    @property
    def compared(self) -> tuple[object, ...]:
        """What makes two rows the same: the texts, whatever their typography, and the ordinal values."""
        texts = [bare(text) for text in (self.stem, *self.texts)]
        return (self.key, *texts, self.ordinals)


def on_its_scale(
    info: PanelQuestion, notes: Notes, kept: RefusalsKept = "pooled", answers: Sequence[str] = ()
) -> PanelQuestion | None:
    """Return the question with the options that have a place on its scale; None, with a note, if it cannot be read.

    An option that declines and has a missing code for a value is one of the refusals. A "refusal" that says that people
    were not asked is none, and `answers` are those that are options without a place.
    """
    repeated = repeated_text(info.texts)
    if repeated is not None:
        notes.add("question", "skipped (two options have the same text)", f"{info.key}: {repeated}")
        return None
    if not parts_fit(info.key, info.options, info.refusals, notes):
        return None
    placed = dict(zip(info.options, info.ordinals, strict=True))
    declining = [text for text in info.refusals if text not in answers]
    refusals, not_asked = without_not_asked(info.key, declining, notes)
    values = placed | dict.fromkeys(answers)
    scale = scale_of(info.key, values, notes, refusals=refusals, answers=answers, kept=kept)
    return replace(
        info,
        options=scale.options,
        ordinals=scale.ordinals,
        refusals=scale.refusals,
        not_asked=(*scale.not_asked, *not_asked),
    )


class _Parsed(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    references: list[str]
    option_ordinal: list[FiniteFloat]


def read_info(path: Path, notes: Notes) -> dict[str, PanelQuestion]:
    """Return the questions of an `info.csv` by key. If a key occurs twice, the first is taken; a note if they differ.

    Raises:
        SurveyError: the file cannot be read, or a row has another format; the message names the line.
    """
    found: dict[str, PanelQuestion] = {}
    for line, cells in read_rows(path, _NEEDED):
        try:
            parsed = _Parsed(
                references=read_literal(cells["references"]),
                option_ordinal=read_literal(cells["option_ordinal"]),
            )
        except (KeyError, ValueError, ValidationError) as error:
            problem = "references and option_ordinal must be lists as Python writes them"
            raise SurveyError(f"{display_name(path)}: line {line}: {problem}; download the file again") from error
        if len(parsed.option_ordinal) > len(parsed.references):
            raise SurveyError(f"{display_name(path)}: line {line}: more ordinals than options; download the file again")
        texts = tuple(text.strip() for text in parsed.references)
        info = PanelQuestion(
            cells["key"].strip(),
            cells["question"],
            options=texts[: len(parsed.option_ordinal)],
            ordinals=tuple(float(value) for value in parsed.option_ordinal),
            refusals=texts[len(parsed.option_ordinal) :],
        )
        if found.setdefault(info.key, info).compared != info.compared:
            notes.add("question", "that info.csv has twice (the first is taken)", info.key)
    return found
