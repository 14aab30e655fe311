"""SubPOP (Suh et al. 2025): JSON Lines, one line for each question and group, shares in the options' order.

`responses` sum to 1 without refusals, whose share of everyone asked is `refusal_rate`; the option for them, where it is
listed, comes last.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from eval.errors import SurveyError
from eval.importers.building import Draft, collapsed, finished, finished_survey, tidy
from eval.importers.imported import Imported, Notes, Wishes
from eval.importers.reading import read_text
from eval.importers.wave import topic_and_years
from eval.question import Question, Responses
from personas import CATALOGUE
from personas.reading import display_name
from personas.strict import broken_rule

_ROUNDING = 0.02
_EVERYONE = frozenset({"overall", "all"})
_IN_OTHER_WORDS: Mapping[tuple[str, str], str] = {
    ("POLPARTY", "something else"): "Other",
    ("CITIZEN", "a us citizen"): "Yes",
    ("CITIZEN", "not a us citizen"): "No",
    ("MARITAL", "unmarried and have never been married"): "Never been married",
}

Share = Annotated[FiniteFloat, Field(ge=0)]


class _Record(BaseModel):
    """A line of the file; keys beside these are of no use here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    qkey: str
    attribute: str
    group: str
    question: str
    options: list[str]
    responses: list[Share]
    refusal_rate: Annotated[FiniteFloat, Field(ge=0, le=1)]
    ordinal: list[FiniteFloat]

    @model_validator(mode="after")
    def _fits(self) -> "_Record":
        if len(self.options) - len(self.responses) not in (0, 1) or len(self.ordinal) != len(self.responses):
            raise broken_rule("options, ordinal and responses do not fit together")
        if abs(sum(self.responses) - 1) > _ROUNDING:
            raise broken_rule(f"responses sum to {sum(self.responses):.4g}, not to 1")
        return self


def read(path: Path, wishes: Wishes) -> Imported:
    """Read `subpop_train.jsonl` or `subpop_eval.jsonl`.

    Raises:
        SurveyError: a line is in another format; the message names it.
    """
    if wishes.weighted:
        raise SurveyError("this file has no weights of its own; leave out --weighted")
    notes = Notes()
    drafts: dict[str, Draft] = {}
    lines = 0
    for line, record in _records(path):
        lines += 1
        draft = drafts.setdefault(record.qkey, _draft(record))
        if (draft.options, draft.ordinals) != _options(record):
            problem = f"question {record.qkey} has other options than on a line before"
            raise SurveyError(f"{display_name(path)}: line {line}: {problem}; download the file again")
        _add(draft, record, notes)
    questions: list[Question] = [found for draft in drafts.values() if (found := finished(draft, notes))]
    survey = finished_survey(
        questions,
        wishes,
        title="SubPOP",
        source="American Trends Panel or General Social Survey, as released with SubPOP (Suh et al. 2025)",
        licence="CC BY-NC-SA 4.0, see the data set and the surveys it draws on",
        years=sorted({year for question in questions for year in topic_and_years(question.id)[1]}),
        everyone="Everyone asked",
    )
    return Imported(survey, (f"{lines} lines; proportions, no counts",), notes.lines())


def _records(path: Path) -> Iterator[tuple[int, _Record]]:
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, _Record.model_validate(json.loads(line))
        except (ValueError, RecursionError) as error:
            why = "this is not JSON"
            if isinstance(error, ValidationError):
                fault = error.errors(include_url=False)[0]
                why = ": ".join([*(str(part) for part in fault["loc"][:1]), fault["msg"].lower()])
            raise SurveyError(f"{display_name(path)}: line {number}: {why}; download the file again") from error


def _options(record: _Record) -> tuple[tuple[str, ...], tuple[float, ...]]:
    texts = tuple(collapsed(text) for text in record.options[: len(record.responses)])
    return texts, tuple(float(value) for value in record.ordinal)


def _draft(record: _Record) -> Draft:
    options, ordinals = _options(record)
    refusals = tuple(collapsed(text) for text in record.options[len(record.responses) :])
    return Draft(
        id=collapsed(record.qkey),
        stem=tidy(record.question),
        topics=topic_and_years(record.qkey)[0],
        options=options,
        refusals=refusals or ("Refused",),
        ordinals=ordinals,
    )


def _add(draft: Draft, record: _Record, notes: Notes) -> None:
    answering = (1 - record.refusal_rate) / sum(record.responses)
    if answering == 0:
        notes.add("groups left out of a question (all refused)", f"{draft.id}, {record.attribute}={record.group}")
        return
    shares = tuple(share * answering for share in record.responses)
    responses = Responses(proportions=shares, refused=record.refusal_rate)
    if record.attribute.casefold() in _EVERYONE:
        draft.overall = responses
        return
    value = _IN_OTHER_WORDS.get((record.attribute, record.group.casefold()), record.group)
    known = CATALOGUE.get(record.attribute)
    if known is None or value not in known.values:
        notes.add("groups skipped (not among the 60 of the catalogue)", f"{record.attribute}={record.group}")
        return
    draft.responses.setdefault(record.attribute, {})[value] = responses
