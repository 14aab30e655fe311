"""What all importers share: building questions and a survey from what was read, and notes on what was left out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from eval.errors import SurveyError
from eval.importers.markup import bare, without_markup
from eval.surveys.model import MOST_LABELS, MOST_PEOPLE, SCHEMA, Option, Population, Question, Responses, Survey
from personas.inputs.suggestions import quoted

if TYPE_CHECKING:
    from eval.surveys.respondents import Respondents

RefusalsKept = Literal["pooled", "options"]
"""Refusal options pooled into one figure, or as options of their own without a place on the scale."""
EVERYONE = "Everyone asked"
"""The label of the overall figures of an imported survey."""
NOT_IN_CATALOGUE = "skipped (not among the 60 of the catalogue)"
NOBODY_ANSWERED = "left out of a question (nobody answered)"
_EXAMPLES = 3
_COUNTED_EXAMPLES = 20
_LONGEST = 60
_PLURALS = {"country": "countries"}


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the person states about a survey beside its files; None leaves it to the importer.

    `weighted` asks for figures weighted to the population, where the source has weights. `spec` is the file that
    describes a table with a row per person, or the mapping of an SPSS or Stata file. `refusals` says whether
    refusal options are pooled, or options.
    """

    name: str
    title: str | None = None
    source: str | None = None
    licence: str | None = None
    years: tuple[int, ...] = ()
    weighted: bool = False
    spec: Path | None = None
    refusals: RefusalsKept = "pooled"


@dataclass(frozen=True, slots=True, eq=False)
class ImportResult:
    """A survey read from another format.

    `found` and `notes` are lines for the person. `respondents` are the answers person by person, where the source has
    them. They belong into the user's own directory, never into a file that is shared.
    """

    survey: Survey
    found: tuple[str, ...]
    notes: tuple[str, ...]
    respondents: "Respondents | None" = None


@dataclass(slots=True)
class Notes:
    """What was skipped or changed, by kind and reason, in the order in which the reasons first occurred."""

    _items: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _answers: dict[tuple[str, str], float] = field(default_factory=dict)
    _texts: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def add(self, kind: str, reason: str, item: str) -> None:
        """Record `reason` for `item`, which is a `kind` such as "question"; the same item is recorded once."""
        items = self._items.setdefault((kind, reason), [])
        if item not in items:
            items.append(item)

    def add_answers(
        self, kind: str, reason: str, item: str, by_text: Mapping[str, float], answers: float | None = None
    ) -> None:
        """Record `reason` for answers of an item, by text and with their numbers.

        `answers` is how many are left out for that reason, if these are more than the numbers by text.
        """
        for text, number in by_text.items():
            self.add(kind, reason, f"{item}: {number:g} × {quoted(text)}")
        if by_text:
            left_out = sum(by_text.values()) if answers is None else answers
            self._answers[kind, reason] = self._answers.get((kind, reason), 0) + left_out

    def add_text(self, reason: str, text: str, question: str) -> None:
        """Record `reason` for the text of an option of a question; the same text of many questions is one item."""
        self._texts.setdefault(reason, {}).setdefault(text, []).append(question)

    def lines(self) -> tuple[str, ...]:
        """Return a line for each reason: how many items, the reason, and the first few items.

        Texts of options come first, since what was decided about them concerns every figure of their questions.
        """
        of_texts = (self._text_line(reason) for reason in self._texts)
        return (*of_texts, *(self._line(kind, reason) for kind, reason in self._items))

    def skipped_questions(self) -> Iterator[str]:
        """Yield the lines about questions that were skipped."""
        for kind, reason in self._items:
            if kind == "question" and reason.startswith("skipped"):
                yield self._line(kind, reason)

    def _text_line(self, reason: str) -> str:
        texts = self._texts[reason]
        items = [
            f"{quoted(text)} in {questions[0] if len(questions) == 1 else f'{len(questions)} questions'}"
            for text, questions in texts.items()
        ]
        name = "option" if len(items) == 1 else "options"
        return f"{len(items)} {name} {reason}: {_listed(items, _COUNTED_EXAMPLES)}"

    def _line(self, kind: str, reason: str) -> str:
        items = self._items[kind, reason]
        name = kind if len(items) == 1 else _PLURALS.get(kind, f"{kind}s")
        answers = self._answers.get((kind, reason))
        if answers is None:
            return f"{len(items)} {name} {reason}: {_listed(items, _EXAMPLES)}"
        return f"{len(items)} {name} {reason}: {_listed(items, _COUNTED_EXAMPLES)} (answers left out: {answers:g})"


def _listed(items: list[str], most: int) -> str:
    more = ["…"] if len(items) > most else []
    examples = (item if len(item) <= _LONGEST else f"{item[: _LONGEST - 1]}…" for item in items[:most])
    return "; ".join([*examples, *more])


Amounts = Mapping[str, float]
"""How many people, or which share of them, chose the option with this text."""


@dataclass(slots=True)
class Draft:
    """A question while it is built: options and refusals by text, and the figures read so far.

    `ordinals` has a value for each option, or none at all if the source does not order them.
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

    def counts(self, amounts: Amounts, n_effective: float | None = None) -> Responses | None:
        """Return counts in the options' order, 0 for an option that is not in `amounts`; None if nobody answered.

        Raises:
            SurveyError: the counts are too large.
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

    def proportions(self, amounts: Amounts) -> Responses | None:
        """Return proportions in the options' order, scaled to sum to 1 with the refusals; None if nobody answered.

        Raises:
            SurveyError: the amounts are too large to be shares.
        """
        total = sum(amounts.get(text, 0) for text in (*self.options, *self.refusals))
        if total == 0:
            return None
        if total > MOST_PEOPLE:
            raise SurveyError(
                f"question {quoted(self.id)}: these are not shares, they sum to {total:g}; correct the file"
            )
        shares = tuple(amounts.get(text, 0) / total for text in self.options)
        return Responses(proportions=shares, refused=sum(amounts.get(text, 0) for text in self.refusals) / total)


def finished(draft: Draft, notes: Notes) -> Question | None:
    """Return the question of a draft; None, with a note why, if the survey format cannot hold it.

    Options without an order all get the same ordinal value, so that there is no alignment for them.
    """
    _clean(draft, notes)
    problem = _unfit(draft)
    if problem:
        same = repeated_text((*draft.options, *draft.refusals))
        notes.add("question", f"skipped ({problem})", draft.id if same is None else f"{draft.id}: {same}")
        return None
    if not draft.ordinals:
        notes.add("question", "without an order of the options: total variation only, no alignment", draft.id)
    ordinals = draft.ordinals or (1.0,) * len(draft.options)
    try:
        return Question(
            id=draft.id,
            topics=draft.topics,
            stem=draft.stem,
            paraphrased=draft.paraphrased,
            options=tuple(
                Option(text=text, ordinal=ordinal) for text, ordinal in zip(draft.options, ordinals, strict=True)
            ),
            refusals=draft.refusals,
            overall=draft.overall,
            responses=draft.responses,
        )
    except ValidationError as error:
        notes.add("question", f"skipped ({_lowered(error.errors(include_url=False)[0]['msg'])})", draft.id)
        return None


def _clean(draft: Draft, notes: Notes) -> None:
    """Take HTML out of the texts of a draft, with a note."""
    before = (draft.stem, draft.options, draft.refusals)
    draft.stem = tidy(without_markup(draft.stem)) if without_markup(draft.stem) != draft.stem else draft.stem
    draft.options = tuple(map(_plain, draft.options))
    draft.refusals = tuple(map(_plain, draft.refusals))
    if before != (draft.stem, draft.options, draft.refusals):
        notes.add("question", "with HTML in its texts (tags and entities were taken out)", draft.id)


def _plain(text: str) -> str:
    plain = without_markup(text)
    return text if plain == text else collapsed(plain)


def repeated_text(texts: Iterable[str]) -> str | None:
    """Return the first text that is the same as one before it but for capital letters, typography and HTML."""
    seen: set[str] = set()
    for text in texts:
        same = bare(text).casefold()
        if same in seen:
            return text
        seen.add(same)
    return None


def _unfit(draft: Draft) -> str | None:
    texts = (*draft.options, *draft.refusals)
    if len(draft.options) < 2:
        return "fewer than two options besides refusals"
    if repeated_text(texts) is not None:
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
    import_options: ImportOptions,
    notes: Notes,
    *,
    title: str,
    source: str,
    licence: str,
    years: Sequence[int],
) -> Survey:
    """Return the survey; what the person states takes the place of what the importer says.

    Raises:
        SurveyError: no question is left, with the reason in `notes`, or the name or the years are not allowed.
    """
    if not questions:
        why = next((f" ({line})" for line in notes.skipped_questions()), "")
        fix = "correct the files, or " if why else ""
        raise SurveyError(f"no question could be imported{why}; {fix}check that KIND is the format of these files")
    try:
        return Survey(
            schema=SCHEMA,
            name=import_options.name,
            title=import_options.title or title,
            source=import_options.source or source,
            licence=import_options.licence or licence,
            years=tuple(sorted(import_options.years or years)),
            weighted=import_options.weighted,
            overall=Population(label=EVERYONE),
            questions=tuple(questions),
        )
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ", ".join(str(part) for part in fault["loc"])
        raise SurveyError(f"{where + ': ' if where else ''}{_lowered(fault['msg'])}") from error


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def collapsed(text: str) -> str:
    """Return `text` on one line, with every run of white space as one space and without unprintable characters."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def tidy(text: str) -> str:
    """Return `text` with its line breaks, each line collapsed, without empty lines at its ends."""
    lines = (collapsed(line) for line in text.strip().splitlines())
    return "\n".join(lines)
