"""What a measurement says in one sentence, words first and figures last: for the panel, the large print and listeners.

What may be claimed is decided where it is for every other face: in `verdicts` and `wording`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chat_personas.models import BASE_MODEL
from chat_personas.reporting.numbers import COMPACT, DECIMALS, with_interval
from chat_personas.reporting.verdicts import NOT_SOUND, may_be_the_talk, not_shown
from chat_personas.reporting.wording.measurements import (
    DEMONSTRATION,
    EVEN,
    EVERYONE,
    answers_of,
    asked_every_turn,
    beside_everyone,
    change_written,
    group_label,
    leaning,
    recorded_model,
)
from chat_personas.text import pluralize, printable

if TYPE_CHECKING:
    from chat_personas.conversation.conversation import Conversation
    from chat_personas.monitor.drift import Drift
    from chat_personas.monitor.round import Estimate
    from eval.engine import EngineInfo
    from eval.scoring.results import Reference
    from eval.scoring.scores import Scorecard

BESIDE = "beside"
CANNOT_BE_MEASURED = ("cannot be measured with this model", "it")
CANNOT_BE_MEASURED_NOW = ("cannot be measured at this point", "the model")
"""What is said first of a measurement that is not sound, and how the model is called then; with less said before, it
may be sound."""
WHY_NOT_MEASURED = {
    "follows_letters": "picks the letter, not the answer",
    "does_not_answer": "does not answer the questions",
}
SAID_LATER = "what that means is said when the round is complete"
HARDLY = 0.01
"""A share that differs by less from that of even answers is taken for even."""


def in_one_sentence(
    card: "Scorecard", estimate: "Estimate | None" = None, *, complete: bool, figures: bool = True
) -> str:
    """Say first in words how close the persona is to its group, or why that is not known; figures come last.

    Of a round under way (not `complete`) only figures are given: who looks many times sees something sooner or later.
    Without `figures` it is the words alone, where there are any. `estimate` tells when in a conversation the card is
    from.
    """
    if not_shown(card):
        return _not_sound(card, estimate, complete=complete)
    own = card.scores.alignment
    if own is None:
        return why_no_alignment(card)
    if not own.bounded:
        return "too few questions to say how close its answers come"
    if not complete:
        return f"so far {_beside(card)}; {SAID_LATER}" if figures else SAID_LATER
    words, *beside = _compared(card)
    if not words:
        return f"alignment {_beside(card, *beside)}"
    return f"{words}: {_beside(card, *beside)}" if figures else words


def _not_sound(card: "Scorecard", estimate: "Estimate | None", *, complete: bool) -> str:
    from eval.scoring.intervals import MIN_QUESTIONS

    found = card.verdict.finding
    if found == "cannot_be_checked" or (not complete and too_early(card)):
        answered = f"{pluralize(card.verdict.both_orders, 'question')} answered in both orders"
        return f"{'cannot be checked' if complete else 'too early to say'}: {answered}, at least {MIN_QUESTIONS} needed"
    cannot, model = CANNOT_BE_MEASURED_NOW if may_be_the_talk(estimate) else CANNOT_BE_MEASURED
    if found == "follows_letters" and _all_even(card):
        return f"{cannot}: {model} prefers no answer to another"
    return f"{cannot}: {f'{model} {WHY_NOT_MEASURED[found]}' if found in WHY_NOT_MEASURED else NOT_SOUND[found]}"


def too_early(card: "Scorecard") -> bool:
    """Whether a round under way has too few questions yet to say of it that it is not sound."""
    from eval.scoring.intervals import MIN_QUESTIONS

    return card.verdict.finding == "cannot_be_checked" or len(card.questions) < MIN_QUESTIONS


def _all_even(card: "Scorecard") -> bool:
    """Whether every answer is all but even in each option order: such a model picks no letter either."""
    asked = (each.distribution for one in card.questions for each in one.by_order)
    return all(abs(float(share) - 1 / len(found)) < HARDLY for found in asked if found is not None for share in found)


def why_no_alignment(card: "Scorecard") -> str:
    """Say why a sound measurement has no alignment."""
    if not card.questions:
        return "no question was answered, so nothing is known"
    if card.groups is None:
        return "no human figures for this group: how close the answers come is not known"
    return "no alignment: no question with figures has options in an order"


def _compared(card: "Scorecard") -> tuple[str, str, str]:
    """Say how the persona of a complete round compares with everyone's answers, even answers and the opposite group.

    Returns the words, "" where nothing can be said, and how its alignment stands to which reference point, for
    `_beside`. It answers "like its group" only where it is detectably closer than everyone's answers and than even
    answers, and, if there is an opposite group, leans detectably to its own.
    """
    everyone, even, against = card.references.population, card.references.uniform, card.scores_against_opposite
    if card.groups == ():
        return f"compared with {EVERYONE}", "", EVEN
    found = beside_everyone(everyone, card.group_sample) if everyone is not None else None
    leans = leaning(against)
    opposite = answers_of(group_label(against)) if against is not None else ""
    if leans == "to_the_opposite":
        return f"closer to {opposite} than to its own group's", BESIDE, EVERYONE
    if found == "closer":
        if leans == "to_neither":
            return (
                f"not detectably closer to its own group's answers than to {opposite}",
                "though better than",
                EVERYONE,
            )
        if even is None or not _is_behind(even):
            return f"not detectably closer than {EVEN}", BESIDE, EVEN
        if against is not None and leans is None:
            return f"closer to its group than {EVERYONE}", BESIDE, EVERYONE
        return "answers like its group", "better than", EVERYONE
    if found == "farther":
        return f"farther from its group than {EVERYONE}", BESIDE, EVERYONE
    if found == "no_closer":
        return f"not detectably closer to its group than {EVERYONE}", BESIDE, EVERYONE
    return "", BESIDE, EVERYONE


def _is_behind(reference: "Reference") -> bool:
    """Whether the persona is detectably closer to its group than a reference point is."""
    difference = reference.minus_persona.alignment
    return difference is not None and difference.detectable and difference.mean < 0


def _beside(card: "Scorecard", how: str = BESIDE, reference: str = EVERYONE) -> str:
    """Write the alignment, and that of a reference point after `how`, each with its interval.

    They have the decimals that tell them apart.
    """
    own = card.scores.alignment
    assert own is not None
    kind = "uniform" if reference == EVEN else "population"
    beside: Reference | None = getattr(card.references, kind)
    other = beside.alignment if beside is not None else None
    if other is None or (card.groups == () and kind == "population"):
        return with_interval(own, decimals=COMPACT)
    decimals = _telling_apart(own.mean, other.mean)
    said = f"{how} {reference}".strip()
    return f"{with_interval(own, decimals=decimals)}, {said} {with_interval(other, decimals=decimals)}"


def _telling_apart(one: float, other: float) -> int:
    """Return how many decimals two figures need to differ; two if they do not with three either."""
    same = [f"{one:.{decimals}f}" == f"{other:.{decimals}f}" for decimals in (COMPACT, DECIMALS)]
    return DECIMALS if same == [True, False] else COMPACT


def measured_on(info: "EngineInfo", others: str = "", inside: str = "") -> Iterator[str]:
    """Yield what a reader must know of the model that is measured.

    `others` names further models that made replies of the conversation, and `inside` what is on inside the model.
    """
    if others:
        yield f"measured is {printable(info.name)}; some of the replies came from {others}"
    if inside:
        yield f"steered inside the model: {printable(inside)}"
    if info.prompt_format == "plain":
        yield f"{BASE_MODEL}, and is asked in plain text"
    if info.demonstration:
        yield DEMONSTRATION


def how_measured(conversation: "Conversation") -> Iterator[str]:
    """Yield what a reader must know of the model of a conversation: see `measured_on`."""
    others = dict.fromkeys(recorded_model(*each.asked) for each in conversation.other_models)
    knob = conversation.knob
    return measured_on(knob.engine.info, ", ".join(others), knob.described() if knob.interventions else "")


def after_which(turn: int, side: str = "") -> str:
    """Say after which message of the person something was measured.

    In a debate nobody's messages are replied to: there it is after which contribution of the `side`, by its name.
    """
    if side:
        return f"after contribution {turn} of {printable(side)}" if turn else f"before {printable(side)} spoke"
    return f"after the reply to message {turn}" if turn else "before the first message"


def moved(drift: "Drift", people_named: str, side: str = "") -> str:
    """Say how far the alignment had moved when that was first detectable; `side` as in `after_which`."""
    closer = "closer to" if drift.difference.mean > 0 else "farther from"
    return (
        f"{after_which(drift.turn, side)}, the answers were {closer} {answers_of(people_named)} than "
        f"{after_which(drift.first_turn, side)}: {change_written(drift.difference, decimals=COMPACT)} "
        f"({100 * drift.level:.3g}% interval, {asked_every_turn(drift)})"
    )
