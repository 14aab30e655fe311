"""What the sections of the panel mean, in sentences with the figures of the conversation.

The panel and the mode for screen readers show the same sentences. They are pure functions of what is known, and what
may be claimed is decided where it is for every other face: in `verdicts` and `wording`. No claim is made without an
interval, nor before a round is complete.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from chat_personas.reporting.explained.glossary import meaning_of, words_in
from chat_personas.reporting.explained.in_one_sentence import after_which, in_one_sentence, moved, why_no_alignment
from chat_personas.reporting.numbers import COMPACT, people, plain, signed, signed_number, with_interval
from chat_personas.reporting.verdicts import not_shown, why_not_shown
from chat_personas.reporting.wording.measurements import (
    EVEN,
    EVERYONE,
    NOISE_FLOOR,
    PEOPLE_HIDDEN,
    TIES_EXPLAINED,
    TO_RANK,
    against_opposite,
    answered_of,
    answers_of,
    change_written,
    doubts,
    group_label,
    no_intervals,
    no_turn_0,
    own_group,
    score_name,
    sentence,
    too_few,
    turned,
)
from chat_personas.reporting.wording.steering import (
    EXAGGERATION,
    PARTING,
    STEERED,
    fixed_described,
    push_described,
    slope_not_shown,
)
from chat_personas.text import pluralize, printable

if TYPE_CHECKING:
    from chat_personas.monitor.inside import Inside
    from chat_personas.monitor.monitor import Estimate
    from eval.answers import FloatArray
    from eval.scoring.results import Reference, Score
    from eval.scoring.scores import QuestionScore, Scorecard

NOTHING_MEASURED = "nothing is measured yet"
_WHY_NO_SCORE = {
    "follows_letters": "it would say how the letters fall, not what the model thinks of the options",
    "does_not_answer": "it would rest on what is left of answers that are hardly any",
    "judge_unreliable": "it would say what the judge takes the answers for",
    "cannot_be_checked": "with so few it cannot be told whether the model answers or picks letters",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement as it is shown.

    Attributes:
        people: those it is compared with.
        estimate: the newest one, and `card` the scorecard on the screen, which may be of the round before.
        complete: whether the round of `card` has ended.
        state: why nothing is measured, "" where something is.
        source: the survey data.
        inside: where the replies lie along the persona's direction.
        question: the number of the probe that is on the screen, from 1.
        stems: the wording of the questions by id.
        remarks: see `measured_on`.
        side: the name of the side of a debate that is measured, "" outside debates.
        hidden: the id of the question to which people's answers are to be guessed, and are not told.
    """

    people: str
    estimate: "Estimate | None" = None
    card: "Scorecard | None" = None
    complete: bool = False
    state: str = ""
    source: str = ""
    inside: "Inside | None" = None
    question: int = 1
    stems: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    remarks: tuple[str, ...] = ()
    side: str = ""
    hidden: str | None = None

    @property
    def earlier(self) -> str:
        """What came before the turn that was measured: messages, in a debate contributions."""
        return "earlier contributions" if self.side else "earlier messages"

    @property
    def sound(self) -> bool:
        """Whether there are scores that may be shown."""
        return self.card is not None and not not_shown(self.card)

    @property
    def group_answers(self) -> str:
        """The answers of the people compared with, such as `Republican answers`."""
        return EVERYONE if self.card is not None and self.card.groups == () else answers_of(self.people)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a section means: sentences with the figures of this conversation, and the words that occur in them."""

    title: str
    says: tuple[str, ...]
    page: str

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        """The words of the glossary that the sentences use and do not define themselves."""
        said = " ".join(self.says)
        return tuple((word, meaning) for word, meaning in words_in(said) if _uncapitalised(meaning) not in said)


def explain(section: str, shown: Measured) -> Explanation:
    """Return what a section means (a key of `SECTIONS`), with the figures of `shown`."""
    title, page, about = SECTIONS[section]
    says = about(shown) if shown.card is not None else _nothing(shown)
    return Explanation(title, tuple(sentence(line).replace("?.", "?") for line in says), page)


def _nothing(shown: Measured) -> Iterator[str]:
    yield NOTHING_MEASURED
    if shown.state:
        yield shown.state
    estimate = shown.estimate
    if estimate is not None and not estimate.complete and not shown.state:
        yield f"{answered_of(estimate)} are answered so far, in both orders of their options"


def _alignment(shown: Measured) -> Iterator[str]:
    card, estimate = shown.card, shown.estimate
    assert card is not None
    yield in_one_sentence(card, estimate, complete=shown.complete)
    yield from _extent(shown)
    if not shown.sound:
        yield why_not_shown(card, shown.estimate)
        yield f"so no score is shown: {_WHY_NO_SCORE[card.verdict.finding]}"
    else:
        yield from _score(shown, card)
    if estimate is not None and estimate.message:
        yield printable(estimate.message)
    yield from shown.remarks
    yield (
        "it holds for these questions, worded like this, with this model: it does not say what any one person thinks, "
        "nor whether what the persona says in the conversation is true"
    )


def _extent(shown: Measured) -> Iterator[str]:
    """Say how many questions the figures rest on, and after which message they were asked."""
    card, estimate = shown.card, shown.estimate
    if card is None or estimate is None:
        return
    asked, found = len(card.questions) + len(card.refused), estimate.coverage
    if found is None or not shown.complete:
        older = f", {found.older} of them asked after {shown.earlier}" if found is not None and found.older else ""
        yield f"the figures rest on {pluralize(asked, 'question')}, each answered in both orders of its options{older}"
    elif found.older:
        yield (
            f"of the {found.questions} questions of the survey, {found.this_turn} were answered "
            f"{after_which(estimate.turn, shown.side)}; {found.older} more count with their answers after "
            f"{shown.earlier}"
        )
    elif found.measured == found.questions:
        yield f"all {found.questions} questions of the survey were answered {after_which(estimate.turn, shown.side)}"
    else:
        yield (
            f"of the {found.questions} questions of the survey, {found.measured} were answered "
            f"{after_which(estimate.turn, shown.side)}"
        )


def _score(shown: Measured, card: "Scorecard") -> Iterator[str]:
    score = card.scores.alignment
    if score is None:
        return
    counted = sum(question.alignment is not None for question in card.questions)
    yield (
        f"on each question the persona's answers are compared with {shown.group_answers}: 1 is the same answers, 0 is "
        f"as far apart as the options allow; the mean over {pluralize(counted, 'question')} is "
        f"{with_interval(score, decimals=COMPACT)}"
    )
    if not score.bounded:
        yield no_intervals()
        return
    yield (
        "the two numbers after it are the ends of its 95% interval: in 95 of 100 such measurements, each with other "
        "questions of the kind, an interval holds the value over all of them"
    )
    worth = card.scores.worth
    if worth is not None and worth.bounded and card.groups:
        as_close = f"a random sample of so many people of the group would come as close ({score_name('worth')})"
        yield f"{as_close}: {people(worth)}"


def _references(shown: Measured) -> Iterator[str]:
    card = shown.card
    assert card is not None
    if not shown.sound or card.scores.alignment is None:
        yield from _no_figures(shown)
        return
    against, found = card.scores_against_opposite, card.references
    yield "a score says little alone, so others stand beside it, as if they were the persona's"
    opposite = answers_of(group_label(against)) if against is not None else ""
    for name, reference, meaning in (
        (EVERYONE, found.population if card.groups else None, meaning_of(EVERYONE)),
        (opposite, found.opposite, "what the opposite group answered, compared with what the persona's group did"),
        (EVEN, found.uniform, meaning_of(EVEN)),
        (NOISE_FLOOR, found.noise_floor, meaning_of(NOISE_FLOOR)),
    ):
        if reference is not None and reference.alignment is not None:
            told = [_uncapitalised(meaning), *_difference(name, reference, shown)]
            yield f"{name}, {with_interval(reference.alignment, decimals=COMPACT)}: {'; '.join(told)}"
    if against is not None and against.alignment is not None:
        yield (
            f"{against_opposite(group_label(against))}, {with_interval(against.alignment, decimals=COMPACT)}: the "
            "persona's own answers, compared with those of the opposite group instead of its own"
        )
    if card.groups and found.population is not None:
        yield f"a persona that is not detectably closer than {EVERYONE} adds nothing to them"
    if shown.complete:
        yield from doubts(against, found, card.group_sample, of_everyone=card.groups == ())


def _difference(name: str, reference: "Reference", shown: Measured) -> Iterator[str]:
    """Say whether the persona is closer than a reference point, of a complete round only."""
    difference = reference.minus_persona.alignment
    if not shown.complete or difference is None or not difference.bounded:
        return
    if name == NOISE_FLOOR and not (difference.detectable and difference.mean > 0):
        yield "that floor is reached: the persona is as close as another sample of people"
        return
    if not difference.detectable:
        yield f"the persona and {name} cannot be told apart (its alignment minus theirs {signed(turned(difference))})"
    elif difference.mean < 0:
        yield f"the persona is closer by {with_interval(turned(difference))}"
    else:
        yield f"the persona is less close by {with_interval(difference)}"


def _course(shown: Measured) -> Iterator[str]:
    estimate = shown.estimate
    if estimate is None or not shown.sound or not estimate.course:
        yield from _no_figures(shown)
        return
    yield "each row is the alignment before the first message or after one, over the same questions in every row"
    for point in estimate.course[:1] + estimate.course[1:][-1:]:
        yield f"{after_which(point.turn, shown.side)}: {with_interval(point.alignment, decimals=COMPACT)}"
    drift = estimate.drift
    if drift is None:
        yield "with one row there is nothing yet to compare it with"
        return
    change = change_written(drift.difference, decimals=COMPACT)
    yield f"the drift, from the first row to the last, question by question: {change}"
    if drift.first_turn > 0:
        yield no_turn_0(drift.first_turn)
    if not drift.difference.bounded:
        yield too_few("detect a change")
    else:
        told = "that is more than chance" if drift.detectable else "that may be chance"
        yield f"{told}: every turn is another look, so the interval is one of {100 * drift.level:.3g}% and not of 95%"
    yield from _moves(shown)
    yield "it is about the answers to the survey: not about what was said, nor why the answers moved or did not"


def _moves(shown: Measured) -> Iterator[str]:
    """Yield after which replies the alignment had moved; on the screen a mark stands in the margin of each."""
    estimate = shown.estimate
    if estimate is not None and shown.sound:
        for drift in estimate.trajectory.moves:
            yield f"where it moved: {moved(drift, shown.people, shown.side)}"


def _inside(shown: Measured) -> Iterator[str]:
    found = shown.inside
    if found is None:
        yield "nothing is read inside the model for this persona"
        return
    names = [printable(name) for name in found.direction.pole_names or ("the negative pole", "the positive pole")]
    yield (
        f"in layer {found.layer} of the model, the direction {printable(found.direction.name)} leads from {names[0]} "
        f"(0) to {names[1]} (1); these are the means of the texts that it was trained on"
    )
    if found.fixed is not None:
        yield f"under this persona's steering it is {fixed_described(found.fixed)}"
        return
    turn = found.points[-1].turn
    which = f"contribution {turn} of {printable(shown.side)}" if shown.side else f"the reply to message {turn}"
    yield f"{which} lies at {found.points[-1].projection:.2f}"
    if (pushed := push_described(found)) is not None:
        yield pushed
    if found.spread is not None:
        yield f"texts that were held out spread around their pole by {found.spread:.2f}, so less than that is no move"
    if found.change is not None:
        by = signed_number(found.change, decimals=COMPACT)
        yield f"since turn {found.points[0].turn} the replies moved by {by} toward {names[found.toward]}"
    drift = shown.estimate.drift if shown.estimate is not None and shown.sound else None
    if (parted := found.parting(drift)) is not None:
        yield PARTING[parted]
    yield "it shows how the model computes, not how close its answers are to people"


def _nearest(shown: Measured) -> Iterator[str]:
    card = shown.card
    assert card is not None
    if not shown.sound or not card.nearest:
        yield from _no_figures(shown)
        return
    best = card.nearest[0]
    if not best.alignment.bounded:
        yield too_few(TO_RANK)
        return
    yield (
        f"{len(card.nearest)} groups are ranked by how close the persona's answers are to theirs, over the "
        f"{card.nearest_questions} questions that all of them were asked"
    )
    so_far = "" if shown.complete else "so far "
    yield f"{so_far}first comes {group_label(best)}, {with_interval(best.alignment, decimals=COMPACT)}"
    for place, near in enumerate(card.nearest, start=1):
        if near.group in (card.groups or ()):
            alignment = with_interval(near.alignment, decimals=COMPACT)
            yield f"{own_group(len(card.groups or ()))}, {group_label(near)}, is number {place}, {alignment}"
    tied = sum(near.tied for near in card.nearest)
    if not shown.complete:
        yield "which of them are tied is said when the round is complete"
    elif tied > 1:
        yield f"{tied} of them are tied: each may be the nearest in truth, and their order says nothing"
        yield TIES_EXPLAINED
    else:
        yield "no other may be the nearest in truth"


def _probe(shown: Measured) -> Iterator[str]:
    card = shown.card
    assert card is not None
    if not card.questions:
        yield "no question was answered"
        return
    number = min(shown.question, len(card.questions))  # the number may be of a round before, with more questions
    question = card.questions[number - 1]
    stem = printable(shown.stems.get(question.id, question.id)).strip()
    yield f"question {number} of {len(card.questions)}: {stem.removesuffix('.')}"
    yield from _shares(question, shown)
    if question.label_mass is not None:
        yield f"label mass {plain(question.label_mass, decimals=COMPACT)}: {_uncapitalised(meaning_of('label mass'))}"
    if question.order_bias is not None:
        yield f"order bias {plain(question.order_bias, decimals=COMPACT)}: {_uncapitalised(meaning_of('order bias'))}"
    if shown.sound and question.alignment is not None and question.id != shown.hidden:
        yield f"on this question the alignment is {plain(question.alignment, decimals=COMPACT)}"
    yield "one question has no interval, so nothing can be concluded from it alone"


def _shares(question: "QuestionScore", shown: Measured) -> Iterator[str]:
    """Say which answer is the most frequent among people, and which the model gives most; if not sound, the former."""
    if question.id == shown.hidden:
        yield PEOPLE_HIDDEN
    elif question.human is None:
        yield "the survey has no figures of this group for it"
    else:
        yield f"the most frequent answer of people ({shown.people}) is {_most_frequent(question, question.human)}"
    if shown.sound:
        yield f"the answer that the model gives most is {_most_frequent(question, question.model)}"


def _most_frequent(question: "QuestionScore", shares: "FloatArray") -> str:
    place = int(shares.argmax())
    return f"“{printable(question.options[place])}”, {100 * float(shares[place]):.0f}%"


def _validity(shown: Measured) -> Iterator[str]:
    card = shown.card
    assert card is not None
    yield "may the alignment be trusted? These figures say how the model answered"
    scores, agreement = card.scores, card.verdict.order_agreement
    yield from _figure("label mass", scores.label_mass)
    yield from _figure("order bias", scores.order_bias)
    yield from _figure("order agreement", agreement)
    invalid = sum(not question.valid for question in card.questions)
    yield f"{invalid} of {pluralize(len(card.questions), 'question')} not valid"
    if scores.refusal is not None and scores.human_refusal is not None:
        yield (
            f"refusal {with_interval(scores.refusal, decimals=COMPACT)}, people "
            f"{with_interval(scores.human_refusal, decimals=COMPACT)}: {_uncapitalised(meaning_of('refusal'))}"
        )
    if not shown.sound:
        yield why_not_shown(card, shown.estimate)
        return
    for name in ("total_variation", "skill", "entropy_ratio"):
        yield from _figure(score_name(name), getattr(scores, name))
    if scores.worth is not None:
        yield f"{score_name('worth')} {people(scores.worth)}: {_uncapitalised(meaning_of(score_name('worth')))}"
    yield from _exaggeration(card)


def _figure(name: str, score: "Score | None") -> Iterator[str]:
    if score is not None:
        yield f"{name} {with_interval(score, decimals=COMPACT)}: {_uncapitalised(meaning_of(name))}"


def _exaggeration(card: "Scorecard") -> Iterator[str]:
    effect = card.effect
    if effect is None or effect.slope is None:
        return
    if not effect.slope_sound:
        yield slope_not_shown(effect)
        return
    yield from _figure(EXAGGERATION, effect.slope)
    if (told := STEERED.get(effect.finding)) is not None:
        yield told


def _no_figures(shown: Measured) -> Iterator[str]:
    """Say why a section has nothing to show although there is a measurement."""
    card = shown.card
    if card is not None and not shown.sound:
        yield in_one_sentence(card, shown.estimate, complete=shown.complete)
        yield why_not_shown(card, shown.estimate)
    elif card is not None and card.scores.alignment is None:
        yield why_no_alignment(card)
    else:
        yield "there is nothing to show here yet"


def _uncapitalised(text: str) -> str:
    return text[0].lower() + text[1:].rstrip(".")


SECTIONS: Mapping[str, tuple[str, str, Callable[[Measured], Iterator[str]]]] = MappingProxyType(
    {
        "alignment": ("Alignment", "docs/measures.md, Scores", _alignment),
        "references": ("Compared with reference points", "docs/measures.md, Reference points", _references),
        "course": ("Course over the turns", "docs/measures.md, Drift", _course),
        "inside": ("Inside", "docs/steering.md, The needle", _inside),
        "nearest": ("Nearest groups", "docs/measures.md, Nearest groups", _nearest),
        "question": ("Probe", "docs/chat.md, The panel", _probe),
        "validity": ("Validity", "docs/measures.md, Validity", _validity),
    }
)
"""The sections of the panel from top to bottom: title, where more is said, and what gives the sentences."""


class UnknownSectionError(Exception):
    """There is no such section. The message names those that there are."""


def section_names() -> str:
    """Return what the sections are called; one whose title on the panel is another word has both."""
    titles = {name: title.casefold() for name, (title, *_) in SECTIONS.items()}
    both = {name: title for name, title in titles.items() if " " not in title and title != name}
    return ", ".join(f"{name} or {both[name]}" if name in both else name for name in titles)


def section_named(words: str) -> str:
    """Return the key of the section with this name, title, or beginning of either.

    Raises:
        UnknownSectionError: none has it, or several have.
    """
    wanted = words.strip().casefold()
    found = [
        name for name, (title, *_) in SECTIONS.items() if name.startswith(wanted) or title.casefold().startswith(wanted)
    ]
    if len(found) != 1:
        raise UnknownSectionError(f"There is no section “{printable(words.strip())}”. There are: {section_names()}.")
    return found[0]
