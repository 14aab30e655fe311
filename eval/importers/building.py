"""Making a question from options and amounts that were read, matched by the options' text.

What an import found and what it left out, and the wishes it was given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import ValidationError

from eval.errors import SurveyError
from eval.surveys.model import MOST_LABELS, MOST_PEOPLE, SCHEMA, Option, Population, Question, Responses, Survey
from personas.inputs.suggestions import quoted

if TYPE_CHECKING:
    from eval.surveys.respondents import Respondents

_EXAMPLES = 3
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the person says about a survey that its files do not tell; None leaves it to the importer.

    `weighted` asks for figures weighted to the population, where the source has weights.
    """

    name: str
    title: str | None = None
    source: str | None = None
    licence: str | None = None
    years: tuple[int, ...] = ()
    weighted: bool = False


@dataclass(slots=True)
class Notes:
    """What was skipped or changed on the way, by reason, in the order in which the reasons came up."""

    _by_reason: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, what: str) -> None:
        """Record that `reason` holds for `what`, once however often it is said."""
        items = self._by_reason.setdefault(reason, [])
        if what not in items:
            items.append(what)

    def lines(self) -> tuple[str, ...]:
        """Return a line for each reason: how often, why, and the first few that it holds for."""
        return tuple(f"{len(items)} {reason}: {_listed(items)}" for reason, items in self._by_reason.items())


@dataclass(frozen=True, slots=True, eq=False)
class ImportResult:
    """A survey read from another format.

    `found` and `notes` are lines for the person. `respondents` are the answers person by person, where the source has
    them: they are for the user's own directory, never for a file that is shared.
    """

    survey: Survey
    found: tuple[str, ...]
    notes: tuple[str, ...]
    respondents: "Respondents | None" = None


def _listed(items: list[str]) -> str:
    more = ["…"] if len(items) > _EXAMPLES else []
    examples = (item if len(item) <= _LONGEST else f"{item[: _LONGEST - 1]}…" for item in items[:_EXAMPLES])
    return "; ".join([*examples, *more])


Amounts = Mapping[str, float]
"""How many people, or which share of them, chose the option with this text."""


@dataclass(slots=True)
class Draft:
    """A question on its way: options and refusals by text, and what was read of everyone and of groups.

    `ordinals` has a value for each option, or none at all where the source does not order them.
    """

    id: str
    stem: str
    topics: tuple[str, ...]
    options: tuple[str, ...]
    refusals: tuple[str, ...] = ()
    ordinals: tuple[float, ...] = ()
    paraphrased: bool = False
    overall: Responses | None = None
    responses: dict[str, dict[str, Responses]] = field(default_factory=dict)

    def counted(self, amounts: Amounts, n_effective: float | None = None) -> Responses | None:
        """Return counts in the options' order, 0 for an option that is not among `amounts`; None for nobody.

        Raises:
            SurveyError: they are more people than there are.
        """
        counts = tuple(float(amounts.get(text, 0)) for text in self.options)
        refused = float(sum(amounts.get(text, 0) for text in self.refusals))
        if sum(counts) + refused == 0:
            return None
        try:
            return Responses(counts=counts, refused=refused, n_effective=n_effective)
        except ValidationError as error:
            problem = _lowered(error.errors(include_url=False)[0]["msg"])
            raise SurveyError(f"question {quoted(self.id)}: counts: {problem}; correct the file") from error

    def shared(self, amounts: Amounts) -> Responses | None:
        """Return proportions in the options' order, scaled to sum to 1 with the refusals; None for nobody.

        Raises:
            SurveyError: they are too large to be scaled.
        """
        total = sum(amounts.get(text, 0) for text in (*self.options, *self.refusals))
        if total == 0:
            return None
        if total > MOST_PEOPLE:
            raise SurveyError(
                f"question {quoted(self.id)}: these are no shares, they sum to {total:g}; correct the file"
            )
        shares = tuple(amounts.get(text, 0) / total for text in self.options)
        return Responses(proportions=shares, refused=sum(amounts.get(text, 0) for text in self.refusals) / total)


def finished(draft: Draft, notes: Notes) -> Question | None:
    """Return the question; None, with a note why, where the survey format cannot hold it.

    Options without an order all get the same ordinal value, so that alignment is left out for them.
    """
    problem = _unfit(draft)
    if problem:
        notes.add(f"questions skipped ({problem})", draft.id)
        return None
    if not draft.ordinals:
        notes.add("questions without an order of their options: total variation only, no alignment", draft.id)
    ordinals = draft.ordinals or (1.0,) * len(draft.options)
    try:
        return Question(
            id=draft.id,
            topics=draft.topics,
            stem=draft.stem,
            paraphrased=draft.paraphrased,
            options=tuple(
                Option(text=text, ordinal=place) for text, place in zip(draft.options, ordinals, strict=True)
            ),
            refusals=draft.refusals,
            overall=draft.overall,
            responses=draft.responses,
        )
    except ValidationError as error:
        notes.add(f"questions skipped ({_lowered(error.errors(include_url=False)[0]['msg'])})", draft.id)
        return None


def _unfit(draft: Draft) -> str | None:
    texts = [text.casefold() for text in (*draft.options, *draft.refusals)]
    if len(draft.options) < 2:
        return "fewer than two options besides refusals"
    if len(set(texts)) < len(texts):
        return "two options have the same text"
    if len(texts) > MOST_LABELS:
        return f"more than {MOST_LABELS} options"
    if not draft.stem.strip() or not draft.id.strip():
        return "no question text"
    if not draft.responses and draft.overall is None:
        return "nobody answered"
    return None


def finished_survey(
    questions: Sequence[Question],
    wishes: ImportOptions,
    notes: Notes,
    *,
    title: str,
    source: str,
    licence: str,
    years: Sequence[int],
    everyone: str,
) -> Survey:
    """Return the survey; what the person wished comes in place of what the importer says.

    Raises:
        SurveyError: no question is left, with what `notes` say why, or the name or the years are not allowed.
    """
    if not questions:
        why = next((f" ({line})" for line in notes.lines() if " questions skipped " in line), "")
        raise SurveyError(f"no question could be taken over{why}; check that KIND is the format of these files")
    given = sorted(wishes.years or years)
    try:
        return Survey(
            schema=SCHEMA,
            name=wishes.name,
            title=wishes.title or title,
            source=wishes.source or source,
            licence=wishes.licence or licence,
            years=tuple(given),
            weighted=wishes.weighted,
            overall=Population(label=everyone),
            questions=tuple(questions),
        )
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ", ".join(str(part) for part in fault["loc"])
        raise SurveyError(f"{where + ': ' if where else ''}{_lowered(fault['msg'])}") from error


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def collapsed(text: str) -> str:
    """Return `text` on one line, every run of spaces and line breaks as one space, without what cannot be printed."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def tidy(text: str) -> str:
    """Return `text` with its line breaks, tidy at its ends, without what cannot be printed."""
    lines = (collapsed(line) for line in text.strip().splitlines())
    return "\n".join(lines)
