"""Replies and measurements as sentences and rows that make sense one by one, for people who listen.

Every row repeats its heading, because a screen reader reads row by row and a listener cannot look up. Signs that it
skips or spells out become words: an interval is "from 0.87 to 0.92", and a minus is "minus".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from chat_personas.reporting.explained.in_one_sentence import after_which, in_one_sentence
from chat_personas.reporting.numbers import COMPACT, people, plain, signed_number, with_interval
from chat_personas.reporting.verdicts import VERDICTS, not_shown, why_not_shown
from chat_personas.reporting.wording.measurements import (
    AS_THE_PERSONAS,
    DEMONSTRATION,
    EVEN,
    EVERYONE,
    NOISE_FLOOR,
    PEOPLE_HIDDEN,
    REFERENCES_EXPLAINED,
    THIS_PERSONA,
    TO_RANK,
    against_opposite,
    answered_briefly,
    answered_of,
    answers_of,
    change_written,
    doubts,
    drifted,
    model_described,
    no_intervals,
    own_group,
    score_name,
    sentence,
    taken_over,
    too_few,
)
from chat_personas.reporting.wording.steering import EXAGGERATION, PARTING, STEERED, fixed_described, push_described
from chat_personas.text import full_stop, pluralize, printable, without_drawing

if TYPE_CHECKING:
    from chat_personas.conversation.conversation import ReplyEnded
    from chat_personas.monitor.inside import Inside
    from chat_personas.monitor.monitor import Estimate
    from chat_personas.reporting.numbers import Score
    from eval.engine import EngineInfo
    from eval.scoring.scores import QuestionScore, Scorecard

_INTERVAL = re.compile(r" \[([^\s\]]+), ([^\s\]]+)\]")
_SIGN = re.compile(r"(?<![\w.)\]])([+-])(?=\d)")
_WORDS = {" (=)": "", " ·": ",", "·": ",", "−": "minus ", "–": " to ", "—": "not known", "…": "...", "vs.": "against"}


def spoken(line: str) -> str:
    """Return a line of ours as it is read aloud: `+0.02 [-0.01, +0.05]` is plus 0.02, from minus 0.01 to plus 0.05."""
    said = _INTERVAL.sub(r", from \1 to \2", line)
    said = _SIGN.sub(lambda sign: "plus " if sign[1] == "+" else "minus ", said)
    for sign, words in _WORDS.items():
        said = said.replace(sign, words)
    return said


def in_sentence(line: str) -> str:
    """Return a line of ours as a sentence that is read aloud."""
    said = sentence(spoken(line.strip()))
    return said.removesuffix(".") if said.endswith(":.") else said


def model_in_sentences(info: "EngineInfo") -> list[str]:
    """Say which model is open, and whether it is a demonstration."""
    about = [info.quantization, f"context of {info.context_length:,} tokens" if info.context_length else None]
    said = [", ".join([f"Model: {model_described(info)}", *filter(None, about)]) + "."]
    return [*said, sentence(DEMONSTRATION)] if info.demonstration else said


def reply_ended(ended: "ReplyEnded", advice: str = " /again asks once more.", *, said: bool = True) -> list[str]:
    """Say how a reply has ended, why, and what to do; and how many messages the model was not given.

    `advice` is about a reply that failed, "" where it cannot be asked for once more; `said` is whether it has a word.
    """
    why = full_stop(f": {printable(ended.why)}" if ended.why else "")
    if not said and not ended.given_up and ended.status != "complete":
        how = {"stopped": "stopped", "interrupted": "cut off"}.get(ended.status, "failed")
        return [
            f"Reply {how} before the first word{why}{'' if ended.status == 'stopped' else advice}",
            *_dropped(ended),
        ]
    if ended.given_up:
        how = {"stopped": "Stopped", "interrupted": "Cut off"}.get(ended.status, "Reply failed")
        return [
            f"{how} before the first word{why} The reply before stays.{'' if ended.status == 'stopped' else advice}"
        ]
    how_ended = {
        "complete": f"Reply complete{why}",
        "stopped": "Reply stopped. What was said so far is kept.",
        "interrupted": f"Reply cut off{why} Its beginning is kept.{advice}",
        "error": f"Reply failed{why} What was said so far is kept.{advice}",
    }
    return [how_ended[ended.status], *_dropped(ended)]


def _dropped(ended: "ReplyEnded") -> list[str]:
    left_out = pluralize(ended.dropped_messages, "oldest message")
    return [f"The model was not given the {left_out}: its context is too short."] if ended.dropped_messages else []


def after(turn: int, side: str = "") -> str:
    """Say after which turn something was measured, or in a debate after which contribution of a `side`."""
    if side:
        return after_which(turn, side)
    return f"after turn {turn}" if turn else "before the first message"


def under_way(estimate: "Estimate") -> str:
    """Say how far a round has come."""
    return f"Measuring, {answered_briefly(estimate)}."


def measured(estimate: "Estimate", side: str = "") -> str:
    """Say in short what a round has found: the alignment beside everyone's answers, or why there is none, and drift.

    `side` is the name of the side of a debate that was measured, "" outside debates.
    """
    card, said = estimate.scorecard, [f"Measured {after(estimate.turn, side)}: {_headline(estimate)}."]
    if card is not None and not not_shown(card) and estimate.drift is not None:
        since = _turn(estimate.drift.first_turn, side)
        change = change_written(estimate.drift.difference, decimals=COMPACT)
        if estimate.drift.detectable:
            said.append(in_sentence(f"since {since}: {change}, a detectable change"))
        elif estimate.drift.difference.bounded:
            said.append(f"No detectable change since {since}.")
    if estimate.failures:
        said.append(_failed(estimate))
    return " ".join(said)


def _turn(turn: int, side: str) -> str:
    if not turn:
        return "the beginning"
    return f"contribution {turn}" if side else f"turn {turn}"


def _headline(estimate: "Estimate") -> str:
    card = estimate.scorecard
    if card is None:
        return printable(estimate.message or "no question was answered")
    if not_shown(card):
        return spoken(why_not_shown(card, estimate))
    if card.scores.alignment is None:
        return printable(estimate.message or "no alignment")
    unbounded = "" if card.scores.alignment.bounded else "; no interval, because the questions are too few"
    everyone = card.references.population
    beside = "" if everyone is None or not card.groups else f"; {EVERYONE} {spoken(_two(everyone.alignment))}"
    return f"alignment {spoken(_two(card.scores.alignment))}{beside}{unbounded}"


def _failed(estimate: "Estimate") -> str:
    count = pluralize(len(estimate.failures), "question")
    return in_sentence(f"{count} failed: {printable(estimate.failures[0].why)}")


def whole(
    estimate: "Estimate", people_named: str, source: str, inside: "Inside | None", *, halted: bool, side: str = ""
) -> Iterator[str]:
    """Yield everything that the panel of the screen shows, a sentence or a row with its heading at a time.

    `people_named` are those the persona is compared with, `source` describes the survey data, and `halted` says that
    the round was stopped before its end. `side` as in `measured`.
    """
    yield f"Measurement {after(estimate.turn, side)}. Compared with {people_named}. {_extent(estimate, halted=halted)}"
    if source:
        yield in_sentence(source)
    if estimate.message:
        yield in_sentence(printable(estimate.message))
    if estimate.failures:
        yield _failed(estimate)
    card = estimate.scorecard
    if card is None:
        yield "No figures yet."
        return
    complete = estimate.complete
    yield from _headed("In short", [in_one_sentence(card, estimate, complete=complete)])
    if not_shown(card):
        yield in_sentence(why_not_shown(card, estimate))
    else:
        yield from _headed("Alignment", _alignment(card))
        yield from _headed("Verdict", _verdict(card))
        yield from _headed("Reference points", _references(card))
        if complete:
            of_everyone = card.groups == ()
            said = doubts(card.scores_against_opposite, card.references, card.group_sample, of_everyone=of_everyone)
            yield from _headed("Doubt", said)
        yield from _headed("Course", _course(estimate, side))
        yield from _headed("Nearest groups", _nearest(card, complete=complete))
        yield from _headed("Other scores", _others(card))
    if inside is not None:
        yield from _headed("Inside the model", _inside(inside, estimate))
    yield from _headed("Validity", _validity(card))


def _headed(heading: str, rows: Iterable[str]) -> Iterator[str]:
    """Yield every row as a sentence, after its heading; a row that begins with a name of its own has that, too."""
    for row in rows:
        name, colon, rest = row.partition(": ")
        yield f"{heading}, {spoken(name)}: {in_sentence(rest)}" if colon else f"{heading}: {in_sentence(row)}"


def _extent(estimate: "Estimate", *, halted: bool) -> str:
    """Say how many questions the figures rest on."""
    found = estimate.coverage
    asked = f"{answered_of(estimate)}{taken_over(estimate)}"
    if halted:
        return f"Stopped after {asked}."
    if not estimate.complete:
        return f"Still measuring, {asked}."
    if found is None or found.this_turn == found.questions:
        return f"Measured with {pluralize(estimate.answered, 'question')}."
    older = f", {found.older} of them asked after earlier turns" if found.older else ""
    return f"Measured with {found.measured} of {pluralize(found.questions, 'question')}{older}."


def _two(score: "Score | None") -> str:
    return with_interval(score, decimals=COMPACT)


def _alignment(card: "Scorecard") -> Iterator[str]:
    score = card.scores.alignment
    if score is None:
        yield "none"
        return
    bounded = "; 95% interval over questions only" if score.low is not None else ""
    yield f"{_two(score)}{bounded}; 1 means identical answers"
    if score.low is None:
        yield no_intervals(among=len(card.questions))


def _verdict(card: "Scorecard") -> Iterator[str]:
    agreement = card.verdict.order_agreement
    rests_on = "" if agreement is None else f"; order agreement {_two(agreement)}"
    yield f"{VERDICTS[card.verdict.finding]}{rests_on}"


def _references(card: "Scorecard") -> Iterator[str]:
    if card.scores.alignment is None:
        return
    found, against = card.references, card.scores_against_opposite
    opposite = "" if against is None else against.group.label
    rows = (
        (EVERYONE, found.population),
        (answers_of(opposite), found.opposite),
        (EVEN, found.uniform),
        (NOISE_FLOOR, found.noise_floor),
    )
    yield f"{THIS_PERSONA}: alignment {_two(card.scores.alignment)}"
    for name, reference in rows:
        if reference is not None and reference.alignment is not None:
            yield f"{name}: alignment {_two(reference.alignment)}"
    if against is not None and against.alignment is not None:
        yield f"{against_opposite(opposite)}: alignment {_two(against.alignment)}"
    yield f"what they are: {REFERENCES_EXPLAINED.replace(': ', ' are ', 1).replace(': ', ' is ')}"
    if found.opposite is not None and found.opposite.alignment is not None:
        yield f"what {answers_of(opposite)} are: what these people answered, {AS_THE_PERSONAS}"


def _course(estimate: "Estimate", side: str) -> Iterator[str]:
    for point in estimate.course:
        yield f"{after(point.turn, side)}: alignment {_two(point.alignment)}"
    if estimate.drift is not None:
        yield "; ".join(drifted(estimate.drift, decimals=COMPACT))


GROUPS_READ = 5


def _nearest(card: "Scorecard", *, complete: bool) -> Iterator[str]:
    if not card.nearest:
        return
    own, best = set(card.groups or ()), card.nearest[0].alignment
    tied = sum(near.tied for near in card.nearest)
    if best.bounded:
        for place, near in enumerate(card.nearest[:GROUPS_READ], start=1):
            whose = f", {own_group(len(own))}" if near.group in own else ""
            marked = ", tied" if near.tied and tied > 1 and complete else ""
            yield f"{place} of {len(card.nearest)}: {near.group.label}{whose}{marked}, alignment {_two(near.alignment)}"
    if not best.bounded:
        yield too_few(TO_RANK)
    elif not complete:
        yield "which of them are tied is known when the round is complete"
    elif tied == 1:
        yield "the first is clearly the nearest"
    else:
        yield f"{tied} of {len(card.nearest)} are tied, so that each of them may be the nearest"


def _others(card: "Scorecard") -> Iterator[str]:
    scores, effect, everyone = card.scores, card.effect, card.references.population
    beside = f"; {EVERYONE} {people(everyone.worth)}" if everyone is not None and everyone.worth is not None else ""
    yield f"{score_name('worth')}: {people(scores.worth)}{beside}"
    if effect is not None and effect.slope is not None and effect.slope_sound:
        said = STEERED.get(effect.finding)
        yield f"{EXAGGERATION}: {_two(effect.slope)}{f'; {said}' if said else ''}"
    for name in ("total_variation", "skill", "entropy_ratio"):
        yield f"{score_name(name)}: {_two(getattr(scores, name))}"


def _inside(found: "Inside", estimate: "Estimate") -> Iterator[str]:
    names = [printable(name) for name in found.direction.pole_names or ("the negative pole", "the positive pole")]
    yield f"{printable(found.direction.name)}, layer {found.layer}; 0 is {names[0]}, 1 is {names[1]}"
    if found.fixed is not None:
        yield fixed_described(found.fixed)
        return
    for point in found.points:
        yield f"turn {point.turn}: {point.projection:.2f}"
    if (pushed := push_described(found)) is not None:
        yield pushed
    if found.spread is not None:
        yield f"held-out texts spread by {found.spread:.2f}"
    if found.change is not None:
        by = signed_number(found.change, decimals=COMPACT)
        yield f"since turn {found.points[0].turn}: {by}, toward {names[found.toward]}"
    if (parted := found.parting(estimate.drift)) is not None:
        yield PARTING[parted]


def _validity(card: "Scorecard") -> Iterator[str]:
    scores = card.scores
    yield f"label mass: {_mean(scores.label_mass)}"
    yield f"refusals: {_mean(scores.refusal)}; people {_mean(scores.human_refusal)}"
    yield f"order bias: {_mean(scores.order_bias)}"
    invalid = sum(not question.valid for question in card.questions)
    if invalid:
        yield f"{invalid} of {pluralize(len(card.questions), 'question')} not valid"


def _mean(score: "Score | None") -> str:
    return plain(None if score is None else score.mean, decimals=COMPACT)


def questions_listed(card: "Scorecard", stems: Mapping[str, str], hidden: str | None = None) -> Iterator[str]:
    """Yield every measured question with its number, its alignment where that may be shown, and its text.

    `hidden` is the id of the question to which people's answers are to be guessed.
    """
    sound = not not_shown(card)
    for number, question in enumerate(card.questions, start=1):
        told = sound and question.id != hidden
        figure = f", alignment {plain(question.alignment, decimals=COMPACT)}" if told else ""
        yield spoken(f"Question {number}{figure}: ") + without_drawing(stems.get(question.id, question.id))


def question_read(
    question: "QuestionScore", number: int, stem: str, people_named: str, *, sound: bool, hidden: bool = False
) -> Iterator[str]:
    """Yield one question with its options, and at each of them people's share and the persona's, in percent.

    If the measurement is not `sound`, nothing is said of how close the persona comes. Of a question that is being
    guessed nothing is said of people's answers: they are `hidden`.
    """
    heading = f"Question {number}"
    human, human_refusal = (None, None) if hidden else (question.human, question.human_refusal)
    yield f"{heading}: {without_drawing(stem)}"
    if hidden:
        yield f"{heading}: {in_sentence(PEOPLE_HIDDEN)} /reveal reads them."
    elif human is None:
        yield f"{heading}: No human figures for this group."
    for place, option in enumerate(question.options):
        shares = [f"persona {100 * float(question.model[place]):.0f} percent"]
        if human is not None:
            shares.insert(0, f"{people_named} {100 * float(human[place]):.0f} percent")
        yield f"{heading}, {without_drawing(option)}: {', '.join(shares)}."
    refused = [f"persona {100 * question.refusal:.0f} percent"]
    if human_refusal is not None:
        refused.insert(0, f"{people_named} {100 * human_refusal:.0f} percent")
    yield f"{heading}, refused: {', '.join(refused)}."
    if sound and not hidden and question.alignment is not None:
        yield f"{heading}: Alignment {plain(question.alignment, decimals=COMPACT)}."
    if not question.valid:
        yield f"{heading}: Not valid, because the model rarely answered with a letter."
    if question.order_bias is not None:
        yield f"{heading}: Order bias {plain(question.order_bias, decimals=COMPACT)}."
