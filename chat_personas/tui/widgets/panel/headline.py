"""The first lines of the panel: the group, the alignment with its interval and doubts, and the progress."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from chat_personas.reporting.explained.in_one_sentence import after_which, in_one_sentence, too_early
from chat_personas.reporting.verdicts import not_shown, not_shown_briefly, verdict_lines, why_not_shown
from chat_personas.reporting.wording.measurements import (
    DEMONSTRATION,
    EVERYONE,
    THIS_PERSONA,
    answered_of,
    no_intervals,
    taken_over,
)
from chat_personas.text import pluralize, printable
from chat_personas.tui.drawing import (
    PERSONA,
    POPULATION,
    axis_row,
    mean_of,
    score_row,
    stacked,
    unbroken,
    with_interval,
)
from chat_personas.tui.widgets.panel.sections import Section

if TYPE_CHECKING:
    from chat_personas.monitor.monitor import Estimate
    from eval.scoring.scores import Scorecard


@dataclass(frozen=True, slots=True)
class Figures:
    """What the panel has to show.

    `card` came with `estimate`, or with that of an earlier round, `card_of`, while the new one has too few questions to
    replace it. `halted` says that nothing is being measured; `state` says in one line why, or why there are no figures.
    """

    estimate: "Estimate | None" = None
    card: "Scorecard | None" = None
    halted: bool = False
    state: str = ""
    card_of: "Estimate | None" = None

    @property
    def of_turn_before(self) -> bool:
        """Whether the card belongs to an earlier round than the estimate."""
        return self.card is not None and self.card_of is not None and self.estimate is not self.card_of

    @property
    def shown(self) -> "Estimate | None":
        """The estimate that the card is of."""
        return self.card_of or self.estimate

    @property
    def settled(self) -> bool:
        """Whether the card is that of a round that has ended, so that what it shows may be told."""
        return self.card is not None and self.shown is not None and self.shown.complete

    def after(self, estimate: "Estimate") -> "Figures":
        """Return what to show after `estimate`; the first estimate of a round has no figures."""
        before = estimate.scorecard is None or self.of_turn_before
        if before and self.card is not None and not _takes_the_place(estimate, self.card):
            return replace(self, estimate=estimate, halted=False)
        return replace(self, estimate=estimate, card=estimate.scorecard, card_of=estimate, halted=False)

    def of_path(self, messages: "Collection[str | None]") -> "Figures":
        """Return what is about one of `messages`, the path on the screen; None stands for its beginning."""
        if self.estimate is None or self.estimate.message_id in messages:
            left = self.card_of is not None and self.card_of.message_id not in messages
            return replace(self, card=None, card_of=None) if left else self
        return Figures(state=self.state, halted=self.halted)


def _takes_the_place(estimate: "Estimate", before: "Scorecard") -> bool:
    """Whether a round has come far enough to replace the previous one on the screen.

    It is complete, or has asked as many questions as the previous one, or enough for an interval. After its first few
    questions the score would jump, only because questions differ.
    """
    from eval.scoring.intervals import MIN_QUESTIONS

    card = estimate.scorecard
    if card is None or estimate.complete or estimate.answered >= len(before.questions):
        return card is not None
    score = card.scores.alignment
    return estimate.answered >= MIN_QUESTIONS and (score is None or score.low is not None)


def headline(group: str, figures: Figures, remarks: Sequence[str] = (), side: str = "") -> Content:
    """Say in words how close the answers are to those of `group`; then the figures, what makes them doubtful, and of
    when and how many questions they are.

    `remarks` say which model is measured, and how (`measured_on`); `side` is that of a debate, "" outside debates.
    """
    rows = [*_named(group), *_in_words(figures)]
    if figures.card is not None and not _too_early(figures):
        rows += _score(figures.card, figures.shown, under_way=_under_way(figures))
    return stacked([*rows, *_circumstances(figures, remarks, side)])


def compact(group: str, figures: Figures, width: int, remarks: Sequence[str] = (), side: str = "") -> Content:
    """Say in words how close the answers are, draw the alignment beside that of everyone, and give the verdict."""
    rows = [*_named(group), *_in_words(figures)]
    card = figures.card
    if card is not None and not not_shown(card):
        score, everyone = card.scores.alignment, card.references.population if card.groups else None
        if score is not None and score.low is not None:
            beside = everyone.alignment if everyone is not None else None
            rows.append(score_row(THIS_PERSONA, PERSONA, score, width, beside.mean if beside is not None else None))
            if beside is not None:
                rows.append(score_row(EVERYONE, POPULATION, beside, width))
            rows.append(axis_row(width))
        rows += [Content.styled(line, "dim") for line in verdict_lines(card)]
    return stacked([*rows, *_circumstances(figures, remarks, side)])


def _named(group: str) -> list[Content]:
    """Name the group; nothing while the persona is not read yet."""
    return [Content.styled(group, "bold")] if group else []


def _in_words(figures: Figures) -> list[Content]:
    """Say in one sentence what the figures amount to, or why there are none: in bold only what is told for good."""
    card = figures.card
    if card is None:
        return []
    complete = figures.settled
    said = in_one_sentence(card, figures.shown, complete=complete)
    if not_shown(card) and not _too_early(figures):
        return [Content.styled(said, "bold $warning")]
    score = card.scores.alignment
    told = complete and score is not None and score.low is not None
    return [Content.styled(said, "bold" if told else "italic")]


def _circumstances(figures: Figures, remarks: Sequence[str], side: str) -> list[Content]:
    """Say on which model, after which message and with how many questions the figures were measured."""
    rows = []
    if figures.estimate is not None:
        rows += [Content.styled(remark, "italic") for remark in remarks if remark != DEMONSTRATION]
        rows += _notes(figures.estimate)
        shown = figures.card_of or figures.estimate
        rows.append(Content.styled(f"turn {shown.turn}: {after_which(shown.turn, side)}", "dim"))
    rows.append(_progress(figures))
    return rows


def _too_early(figures: Figures) -> bool:
    """Whether nothing can be said yet only because a round has just begun: no cause for alarm."""
    card = figures.card
    return _under_way(figures) and card is not None and not_shown(card) and too_early(card)


def _under_way(figures: Figures) -> bool:
    return figures.estimate is not None and not figures.estimate.complete and not figures.halted


class WithIntervals(Static):
    """A text of which no line breaks between a number and its interval, or within that."""

    def __init__(self, classes: str) -> None:
        super().__init__(markup=False, classes=classes)
        self._text = self._drawn = Content()

    def show(self, text: Content) -> None:
        """Show `text` from now on."""
        self._text = text
        self._draw()

    def on_resize(self) -> None:
        """Break the lines for the width that there is now."""
        self._draw()

    def _draw(self) -> None:
        width = self.content_size.width
        drawn = unbroken(self._text, width) if width else self._text
        if drawn != self._drawn:
            self._drawn = drawn
            self.update(drawn)


def in_short(figures: Figures) -> str:
    """Give the alignment with its turn and the progress in a few words, or say that nothing is measured."""
    estimate, halted = figures.estimate, _briefly(figures.state) if figures.halted else ""
    if estimate is None:
        return halted
    score = figures.card.scores.alignment if figures.card else None
    lacking = "" if score is None or score.low is not None else f" ({_no_interval(under_way=_under_way(figures))})"
    said = f"alignment {with_interval(score)}{lacking}" if score else ""
    if figures.card is not None and not_shown(figures.card):
        said = "" if _too_early(figures) else not_shown_briefly(figures.card)
    turn = f"turn {(figures.card_of or estimate).turn}" if said else ""
    under_way = "" if estimate.complete or figures.halted else f"measuring… {_counted(estimate)}"
    older = pluralize(_older(figures), "older answer") if _older(figures) else ""
    return " · ".join(filter(None, (said, turn, under_way, older, halted)))


def _counted(estimate: "Estimate") -> str:
    """Give the count in figures: `12/28 of 62` while these are the first ones of a round, then `30/62`."""
    whole = f" of {estimate.coverage.questions}" if estimate.first_part and estimate.coverage is not None else ""
    return f"{estimate.answered}/{estimate.total}{whole}"


def _briefly(state: str) -> str:
    """Return what a state says without its reason and its advice."""
    return state.partition(" (")[0].partition(":")[0]


def _no_interval(*, under_way: bool) -> str:
    return "no interval yet" if under_way else "no interval"


def _score(card: "Scorecard", estimate: "Estimate | None", *, under_way: bool) -> list[Content]:
    """Give the alignment and what its validity depends on; where the measurement is not sound, why, and no number."""
    if not_shown(card):
        return [Content.styled(f"! {why_not_shown(card, estimate)}", "$warning")]
    return [_alignment(card, under_way=under_way), *_why_no_interval(card), _doubts(card)]


def _alignment(card: "Scorecard", *, under_way: bool) -> Content:
    """Give the alignment: in bold with its interval, and quietly where there is none."""
    score = card.scores.alignment
    if score is None:
        return Content("alignment —")
    if score.low is None:
        return Content.styled(f"alignment {with_interval(score)}  {_no_interval(under_way=under_way)}", "dim")
    return Content.assemble("alignment ", (with_interval(score), "bold $accent"), "  95%")


def _why_no_interval(card: "Scorecard") -> list[Content]:
    if card.scores.alignment is None or card.scores.alignment.low is not None:
        return []
    some = any(question.alignment is None for question in card.questions)
    return [Content.styled(no_intervals(*(["alignment"] if some else []), among=len(card.questions)), "italic")]


def _doubts(card: "Scorecard") -> Content:
    """Give label mass and order bias in one line; the section on validity has more."""
    invalid = sum(not question.valid for question in card.questions)
    line = f"label mass {mean_of(card.scores.label_mass)} · order bias {mean_of(card.scores.order_bias)}"
    return Content.assemble((line, "dim"), (f" · ! {invalid} not valid" if invalid else "", "bold $warning"))


def _notes(estimate: "Estimate") -> list[Content]:
    """Say what the comparison rests on, which is no cause for alarm, and which questions failed, which is."""
    notes = [Content.styled(printable(estimate.message), "italic")] if estimate.message else []
    if estimate.failures:
        first = estimate.failures[0]
        failed = f"! {pluralize(len(estimate.failures), 'question')} failed; {first.question_id}: {first.why}"
        notes.append(Content.styled(printable(failed), "bold $warning"))
    return notes


def _progress(figures: Figures) -> Content:
    estimate = figures.estimate
    if estimate is None or estimate.total == 0:
        return Content.styled(figures.state, "italic")
    asked = f"{answered_of(estimate)}{'' if figures.of_turn_before else taken_over(estimate)}"
    turn = f"turn {estimate.turn}: " if figures.of_turn_before else ""
    if estimate.complete:
        halted = Content.styled(f"\n{figures.state}" if figures.halted else "", "italic")
        return Content.assemble((_measured(estimate), "dim"), halted)
    if figures.halted:
        return Content.styled(f"{turn}stopped after {asked}; {figures.state}", "italic")
    return Content.styled(f"{turn}measuring… {asked}", "italic")


def _measured(estimate: "Estimate") -> str:
    """Say how many questions the figures rest on, how many were asked this turn, and whether in an earlier session."""
    reused = bool(estimate.done) and estimate.from_before == estimate.done
    found = estimate.coverage
    if found is None or found.this_turn == found.questions:
        return _of_questions("measured:", pluralize(estimate.answered, "question"), reused=reused)
    total = _of_questions("measured", f"{found.measured} of {pluralize(found.questions, 'question')}", reused=reused)
    older = f", {found.older} older" if found.older else ""
    return f"{total}:\n{found.this_turn} this turn ({pluralize(found.anchors, 'anchor')}){older}"


def _of_questions(measured: str, questions: str, *, reused: bool) -> str:
    return f"{questions} (from an earlier measurement)" if reused else f"{measured} {questions}"


def _older(figures: Figures) -> int:
    """Count the answers of earlier turns that the figures include."""
    found = figures.estimate.coverage if figures.estimate is not None and not figures.of_turn_before else None
    return found.older if found and figures.card else 0


class Headline(Section):
    """The headline. It is always shown, also before anything is measured, and never folded; `compact` says how."""

    FOLDS = False

    def __init__(self) -> None:
        super().__init__("Alignment", "headline")
        self._group = ""
        self._figures = Figures()
        self._remarks: Sequence[str] = ()
        self._side = ""
        self.compact = False
        self.display = True

    def show(self, group: str, figures: Figures, remarks: Sequence[str] = (), side: str = "") -> None:
        """Show what is known of `group`, and how it was measured."""
        self._group, self._figures, self._remarks, self._side = group, figures, remarks, side
        self.changed()

    def draw(self, width: int) -> Content:
        """Draw the headline."""
        if self.compact:
            return unbroken(compact(self._group, self._figures, width, self._remarks, self._side), width)
        return unbroken(headline(self._group, self._figures, self._remarks, self._side), width)
