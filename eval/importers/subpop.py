"""SubPOP (Suh et al. 2025): JSON Lines, one line for each question and group, shares in the options' order.

`responses` sum to 1 without refusals; `refusal_rate` is the share of refusals among everyone asked, and the option for
them, if it is listed, comes last. Lines that contradict each other about a question, or give two figures for one group,
are errors, because it is not known which line is right.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from eval.errors import SurveyError
from eval.importers.building import (
    NOT_IN_CATALOGUE,
    Amounts,
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
from eval.importers.opinionqa_waves import topic_and_years, years_of
from eval.importers.reading import read_text
from eval.importers.refusal_texts import declines, parts_fit
from eval.surveys.model import Question, sums_to_one
from eval.surveys.spelling import same_texts
from personas import CATALOGUE
from personas.inputs.files import display_name
from personas.inputs.models import broken_rule
from personas.inputs.suggestions import quoted

_EVERYONE = frozenset({"overall", "all"})
_OTHER_WORDINGS: Mapping[tuple[str, str], str] = {
    ("POLPARTY", "something else"): "Other",
    ("CITIZEN", "a us citizen"): "Yes",
    ("CITIZEN", "not a us citizen"): "No",
    ("MARITAL", "unmarried and have never been married"): "Never been married",
}
"""The catalogue's value for a value in the words of this source."""

Share = Annotated[FiniteFloat, Field(ge=0)]


class _Record(BaseModel):
    """A line of the file, with the keys that are used here; others are ignored."""

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
        if not sums_to_one(sum(self.responses)):
            raise broken_rule(f"responses sum to {sum(self.responses):.4g}, not to 1")
        return self


@dataclass(slots=True)
class _Asked:
    """A question as its first line has it, the shares of each group read so far, and the line that gave them.

    The group of everyone is None.
    """

    draft: Draft
    shares: dict[tuple[str, str] | None, Amounts] = field(default_factory=dict)
    lines: dict[tuple[str, str], int] = field(default_factory=dict)


def read(path: Path, import_options: ImportOptions) -> ImportResult:
    """Read `subpop_train.jsonl` or `subpop_eval.jsonl`.

    Raises:
        SurveyError: a line has another format; the message names it.
    """
    if import_options.weighted:
        raise SurveyError("this file has no weights of its own; leave out --weighted")
    notes = Notes()
    asked: dict[str, _Asked] = {}
    lines = 0
    for line, record in _records(path):
        lines += 1
        earlier = asked.setdefault(collapsed(record.qkey), _Asked(_draft(record)))
        problem = _contradiction(earlier, record, line) or _add(earlier, record, notes)
        if problem:
            where = f"{display_name(path)}: line {line}: question {quoted(earlier.draft.id)}"
            raise SurveyError(f"{where} {problem}; download the file again, or keep one of the lines")
    questions = [found for each in asked.values() if (found := _question(each, import_options, notes))]
    survey = finished_survey(
        questions,
        import_options,
        notes,
        title="SubPOP",
        source="American Trends Panel or General Social Survey, as released with SubPOP (Suh et al. 2025)",
        licence="CC BY-NC-SA 4.0, see the data set and the surveys it draws on",
        years=years_of(questions),
    )
    return ImportResult(survey, (f"lines: {lines}; proportions, no counts",), notes.lines())


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


def _draft(record: _Record) -> Draft:
    texts = tuple(collapsed(text) for text in record.options)
    return Draft(
        id=collapsed(record.qkey),
        stem=tidy(record.question),
        topics=topic_and_years(record.qkey)[0],
        options=texts[: len(record.responses)],
        refusals=texts[len(record.responses) :] or ("Refused",),
        ordinals=tuple(float(value) for value in record.ordinal),
    )


def _contradiction(asked: _Asked, record: _Record, line: int) -> str | None:
    """Return how a line contradicts an earlier line about the same question; None if it does not."""
    before, now = asked.draft, _draft(record)
    if bare(before.stem) != bare(now.stem):
        return "has another text than on a line before"
    if (_same(before.options), before.ordinals, _same(before.refusals)) != (
        _same(now.options),
        now.ordinals,
        _same(now.refusals),
    ):
        return "has other options than on a line before"
    first = asked.lines.setdefault((record.attribute, record.group), line)
    return None if first == line else f"has {record.attribute}={record.group} already, on line {first}"


def _same(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(bare, texts))


def _add(asked: _Asked, record: _Record, notes: Notes) -> str | None:
    """Add the figures of a line to its question; return a problem if the group has figures already."""
    draft = asked.draft
    answering = (1 - record.refusal_rate) / sum(record.responses)
    if answering == 0:
        notes.add("group", "left out of a question (all refused)", f"{draft.id}, {record.attribute}={record.group}")
        return None
    group, name = None, "everyone"
    if record.attribute.casefold() not in _EVERYONE:
        value = _OTHER_WORDINGS.get((record.attribute, record.group.casefold()), record.group)
        known = CATALOGUE.get(record.attribute)
        values = same_texts(value, known.values) if known is not None else ()
        if not values:
            notes.add("group", NOT_IN_CATALOGUE, f"{record.attribute}={record.group}")
            return None
        group, name = (record.attribute, values[0]), f"{record.attribute}={values[0]}"
    if group in asked.shares:
        return f"has figures of {name} already" + (", under another name" if group else "")
    shares = [share * answering for share in record.responses]
    asked.shares[group] = dict(zip(draft.options, shares, strict=True)) | {draft.refusals[0]: record.refusal_rate}
    return None


def _question(asked: _Asked, import_options: ImportOptions, notes: Notes) -> Question | None:
    """Return the question with its figures; None, with a note why, if it cannot be imported."""
    draft = asked.draft
    if not _has_its_shares(draft, notes):
        return None
    values = dict(zip(draft.options, draft.ordinals, strict=True))
    scale = scale_of(draft.id, values, notes, refusals=draft.refusals, kept=import_options.refusals)
    draft.options, draft.ordinals, draft.refusals = scale.options, scale.ordinals, scale.refusals
    for group, shares in asked.shares.items():
        responses = draft.proportions(shares)
        if responses is None:
            continue
        if group is None:
            draft.overall = responses
        else:
            draft.responses.setdefault(group[0], {})[group[1]] = responses
    return finished(draft, notes)


def _has_its_shares(draft: Draft, notes: Notes) -> bool:
    """Return whether the option without a share is for refusals. If not, the shares may belong to other options."""
    if not all(map(declines, draft.refusals)):
        notes.add("question", "skipped (the option without a share is not for refusals)", draft.id)
        return False
    own = repeated_text((*draft.refusals, *draft.options))
    if own is not None and bare(own).casefold() in [bare(text).casefold() for text in draft.refusals]:
        reason = f"skipped ({quoted(own)} has a share of its own, beside refusal_rate; take it out of responses)"
        notes.add("question", reason, draft.id)
        return False
    if own is not None:
        notes.add("question", "skipped (two options have the same text)", f"{draft.id}: {own}")
        return False
    return parts_fit(draft.id, draft.options, draft.refusals, notes)
