"""The `info.csv` of OpinionQA: each question with its options, their ordinal values, and which of them decline."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from eval.errors import SurveyError
from eval.importers.imported import Notes
from eval.importers.literals import read_literal
from eval.importers.reading import read_rows
from personas.inputs.files import display_name

_NEEDED = frozenset({"key", "question", "references", "option_ordinal"})


class _Parsed(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    references: list[str]
    option_ordinal: list[FiniteFloat]


@dataclass(frozen=True, slots=True)
class QuestionInfo:
    """What `info.csv` says of a question; `references` without an ordinal value are refusals."""

    key: str
    stem: str
    texts: tuple[str, ...]
    ordinals: tuple[float, ...]

    @property
    def options(self) -> tuple[str, ...]:
        """The texts that have an ordinal value, in the source's order."""
        return self.texts[: len(self.ordinals)]

    @property
    def refusals(self) -> tuple[str, ...]:
        """The texts after them."""
        return self.texts[len(self.ordinals) :]


def read_info(path: Path, notes: Notes) -> dict[str, QuestionInfo]:
    """Return the questions of an `info.csv` by key; of a key that is there twice, the first; a note if they differ.

    Raises:
        SurveyError: it cannot be read, or a row is not in this format; the message names the line.
    """
    found: dict[str, QuestionInfo] = {}
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
        info = QuestionInfo(
            cells["key"].strip(),
            cells["question"],
            tuple(text.strip() for text in parsed.references),
            tuple(float(value) for value in parsed.option_ordinal),
        )
        if found.setdefault(info.key, info) != info:
            notes.add("questions that info.csv has twice (the first is taken)", info.key)
    return found
