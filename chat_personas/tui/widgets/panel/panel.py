"""The alignment panel: the measurements beside the conversation, in sections under a cursor that fold and explain."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.signal import Signal

from chat_personas.reporting.verdicts import not_shown
from chat_personas.tui.widgets.pace import Pace
from chat_personas.tui.widgets.panel.headline import Figures, Headline, in_short

if TYPE_CHECKING:
    from textual.screen import Screen

    from chat_personas.monitor.inside import Inside
    from chat_personas.monitor.monitor import Estimate
    from chat_personas.reporting.explained.sections import Measured
    from chat_personas.tui.widgets.panel.probe import ProbeSection
    from chat_personas.tui.widgets.panel.sections import (
        CourseSection,
        InsideSection,
        NearestSection,
        ScaleSection,
        Section,
        ValiditySection,
    )
    from eval.scoring.scores import Scorecard

SECONDS_BETWEEN_UPDATES = 0.2


class Sections(NamedTuple):
    """The sections below the headline, from top to bottom."""

    scale: "ScaleSection"
    course: "CourseSection"
    inside: "InsideSection"
    nearest: "NearestSection"
    probe: "ProbeSection"
    validity: "ValiditySection"


EXPLAINED = {
    "headline": "alignment",
    "scale": "references",
    "course": "course",
    "inside": "inside",
    "nearest": "nearest",
    "probe": "question",
    "validity": "validity",
}
"""What explains each section (`chat_personas.reporting.explained.sections.SECTIONS`), by the section's id."""
WIDTH, STEP = 50, 4
"""The cells that the panel takes beside a conversation at first, and by how many one key changes that."""
LEAST, LEAST_BESIDE = 38, 40
"""The fewest cells of the panel, and of the conversation beside it."""
SECONDS_OF_WIDENING = 0.15
"""After so long without another key the new width is laid out: each time, all messages are wrapped again."""


class AlignmentPanel(VerticalScroll):
    """Takes estimates as fast as they come, and shows the newest at most five times a second.

    It shows them less often while `give_way` says that something more urgent is going on.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,n", "step(1)", "Next probe", id="next_probe"),
        Binding("left,p", "step(-1)", "Previous probe", id="previous_probe", show=False),
        Binding(
            "enter,question_mark", "explain", "What is this?", id="panel_explain", tooltip="Say what a section means"
        ),
        Binding("up", "choose(-1)", "Section before", id="panel_up", show=False),
        Binding("down", "choose(1)", "Next section", id="panel_down", show=False),
        Binding("space", "fold", "Fold", id="panel_fold", tooltip="Fold or unfold the section"),
        Binding("c", "compact", "Compact", id="panel_compact", tooltip="Show the essence, or all sections"),
        Binding("less_than_sign,comma", "widen(1)", "Wider", id="panel_wider", show=False),
        Binding("greater_than_sign,full_stop", "widen(-1)", "Narrower", id="panel_narrower", show=False),
        Binding("z", "large_print", "Large print", id="panel_large_print", tooltip="Show one number, for a projector"),
    ]

    @dataclass
    class Shown(Message):
        """The panel shows other figures; `in_short` is its headline in a few words."""

        in_short: str

    def __init__(self, give_way: Callable[[], bool] = lambda: False) -> None:
        super().__init__(id="panel")
        self._pace = Pace(give_way)
        self.border_title = "Measured"
        self.figures = Figures()
        self._estimate_shown: Estimate | None = None
        self._inside: Inside | None = None
        self._hidden: str | None = None  # the question to which people's answers are to be guessed
        self._group = ""
        self._side = ""
        self._source = ""
        self._stems: Mapping[str, str] = {}
        self._resting = False
        self._due = False
        self._headline = Headline()
        self._chosen: Section = self._headline
        self._sections: Sections | None = None
        self._sections_are_old = True
        self._remarks: tuple[str, ...] = ()
        self._cells, self._alone, self._widening = WIDTH, False, False
        self.changes: Signal[None] = Signal(self, "panel-changes")

    def compose(self) -> ComposeResult:
        """Lay out the headline; the sections are mounted by `furnish`, after the first frame."""
        yield self._headline

    async def furnish(self) -> None:
        """Mount the sections below the headline, once."""
        if self._sections is not None:
            return
        from chat_personas.tui.widgets.panel.probe import ProbeSection
        from chat_personas.tui.widgets.panel.sections import (
            CourseSection,
            InsideSection,
            NearestSection,
            ScaleSection,
            ValiditySection,
        )

        self._sections = Sections(
            ScaleSection(), CourseSection(), InsideSection(), NearestSection(), ProbeSection(), ValiditySection()
        )
        await self.mount_all(self._sections)

    def about(
        self, groups: Iterable[str], *, stems: Mapping[str, str] | None = None, source: str = "", side: str = ""
    ) -> None:
        """Name the `groups` compared with, the questions (stem by id), and the source of the survey data.

        `side` is how the conversation is called as a side of a debate, "" where it is none.
        """
        self._group, self._stems, self._source, self._side = " + ".join(groups), stems or {}, source, side
        self._sections_are_old = True
        self._show()

    def remark(self, remarks: Iterable[str]) -> None:
        """Say on which model the next figures are measured, and how (`measured_on`)."""
        self._remarks = tuple(remarks)

    @property
    def estimate(self) -> "Estimate | None":
        """The newest estimate."""
        return self.figures.estimate

    @property
    def estimate_shown(self) -> "Estimate | None":
        """The estimate of which the panel tells now: a newer one may wait for its turn."""
        return self._estimate_shown

    def clear(self, state: str, *, halted: bool = False) -> None:
        """Drop the figures and say `state` in their place; `halted` if nothing is going to be measured."""
        self.figures, self._inside, self._due = Figures(state=state, halted=halted), None, False
        self._sections_are_old = True
        self._show()

    def keep_of(self, messages: "Collection[str | None]") -> None:
        """Drop figures that are about none of `messages`, the path on the screen (None: before the first one)."""
        if (kept := self.figures.of_path(messages)) is not self.figures:
            self.figures, self._inside, self._sections_are_old = kept, None, True
            self._show()

    def say(self, state: str) -> None:
        """Say `state` where there are no figures, and that measuring goes on where there are."""
        self.figures = replace(self.figures, state=state, halted=False)
        self._show()

    def halt(self, state: str) -> None:
        """Say that nothing is being measured, and `state`, which says why; the figures stay."""
        self.figures = replace(self.figures, state=state, halted=True)
        self._show()

    def show_inside(self, inside: "Inside | None") -> None:
        """Show where the replies lie along the persona's direction; None where nothing is known."""
        self._inside, self._sections_are_old = inside, True
        self._show()

    def hide_people_of(self, question: str | None) -> None:
        """Show nothing of people's answers to the question of this id, which are to be guessed; None hides none."""
        if question != self._hidden:
            self._hidden, self._sections_are_old = question, True
            self._show()

    def offer(self, estimate: "Estimate") -> None:
        """Take a new estimate. The first and the final one are shown at once, others when it is time.

        A round with too few figures so far leaves those of the previous round in place, and says so.
        """
        before, self.figures = self.figures, self.figures.after(estimate)
        course = before.estimate.course if before.estimate is not None else ()
        new = estimate.complete or self.figures.card is not before.card or estimate.course != course
        self._sections_are_old = self._sections_are_old or new
        self._due = True
        if estimate.complete or not self._resting:
            self._show_due()

    def action_step(self, by: int) -> None:
        """Show the next or the previous probe, and scroll to it."""
        if self._sections is not None:
            self._sections.probe.step(by)
            self.call_after_refresh(self.scroll_to_widget, self._sections.probe, animate=False)

    # The cursor, folding and forms

    def on_focus(self) -> None:
        """Show the cursor."""
        self._chosen.set_class(True, "-chosen")

    def on_blur(self) -> None:
        """Hide the cursor; the section stays chosen."""
        self._chosen.remove_class("-chosen")

    @property
    def _visible(self) -> "list[Section]":
        return [self._headline, *(section for section in self._sections or () if section.display)]

    def action_choose(self, by: int) -> None:
        """Put the cursor on the next section, or on the one before, and bring it into view."""
        there = self._visible
        place = there.index(self._chosen) if self._chosen in there else 0
        self._choose(there[min(len(there) - 1, max(0, place + by))])

    def _choose(self, section: "Section") -> None:
        self._chosen.remove_class("-chosen")
        self._chosen = section
        section.set_class(self.has_focus, "-chosen")
        self.scroll_to_widget(section, animate=False, top=section.size.height >= self.size.height)

    def action_fold(self) -> None:
        """Show the section under the cursor as its title alone, or whole again."""
        if self._chosen.FOLDS and self._chosen in self._visible:
            self._chosen.fold(folded=not self._chosen.folded)

    def on_section_clicked(self, event: "Section.Clicked") -> None:
        """Put the cursor on the section that was clicked, and fold or unfold it after a click on its title."""
        event.stop()
        self._choose(event.section)
        if event.on_title:
            self.action_fold()

    def action_compact(self) -> None:
        """Show the headline, the bar of the alignment and the verdict alone, or all sections again."""
        self._headline.compact = not self._headline.compact
        self._headline.changed()
        for section in self._sections or ():
            section.leave_out(left_out=self._headline.compact)
        if self._headline.compact:
            self._choose(self._headline)

    def action_explain(self) -> None:
        """Explain the section under the cursor."""
        self.explain(None)

    def explain(self, section: str | None) -> None:
        """Explain a section, a key of `SECTIONS`, or the one under the cursor, with the figures of this conversation.

        Whoever asked in the panel returns there.
        """
        from chat_personas.tui.screens.measurement import ExplanationScreen

        chosen = self._chosen if self._chosen in self._visible else self._headline
        self._push(ExplanationScreen(self.measured, section or EXPLAINED[chosen.id or ""]))

    def _push(self, screen: "Screen[None]") -> None:
        """Show another screen, and come back to the panel from it where the person was in the panel."""
        self.app.push_screen(screen, self._come_back if self.has_focus else None)

    def _come_back(self, _: None) -> None:
        self.call_after_refresh(self.run_action, "screen.command('panel')")

    def action_large_print(self) -> None:
        """Show the alignment in large print, as it changes."""
        from chat_personas.tui.screens.measurement import LargePrintScreen

        self._push(LargePrintScreen(lambda: self.measured, self.changes))

    @property
    def measured(self) -> "Measured":
        """What is shown, for those who say it in sentences."""
        from chat_personas.reporting.explained.sections import Measured

        figures, sections = self.figures, self._sections
        shown = figures.card_of if figures.card is not None and figures.card_of is not None else figures.estimate
        return Measured(
            self._group,
            shown,
            figures.card,
            complete=figures.settled,
            state=figures.state if figures.halted or figures.estimate is None else "",
            source=self._source,
            inside=self._inside,
            question=sections.probe.number if sections is not None else 1,
            stems=self._stems,
            remarks=self._remarks,
            side=self._side,
            hidden=self._hidden,
        )

    # The width

    def fit(self, *, alone: bool) -> None:
        """Take the whole width if the panel stands `alone`, else as many cells as were chosen and there is room for."""
        self._alone = alone
        self.set_class(alone, "-alone")
        self._take_width()

    def action_widen(self, by: int) -> None:
        """Make the panel wider or narrower by so many steps, once no further key comes: see `SECONDS_OF_WIDENING`."""
        if self._alone:
            return
        self._cells = self._within_limits(self._within_limits(self._cells) + by * STEP)
        if not self._widening:
            self._widening = True
            self.set_timer(SECONDS_OF_WIDENING, self._widen)

    def _widen(self) -> None:
        self._widening = False
        self._take_width()

    def _take_width(self) -> None:
        if self._alone:
            self.styles.clear_rule("width")
        elif self.styles.width is None or self.styles.width.value != self._within_limits(self._cells):
            self.styles.width = self._within_limits(self._cells)

    def _within_limits(self, cells: int) -> int:
        return max(LEAST, min(cells, self.app.size.width - LEAST_BESIDE))

    # What is due

    def _show_due(self) -> None:
        self._resting = self._due
        if not self._due:
            return
        self.set_timer(SECONDS_BETWEEN_UPDATES, self._show_due)
        complete = self.estimate is not None and self.estimate.complete
        if not complete and not self._pace.due():
            return
        self._due = False
        self._pace.begin()
        self._show()
        self.call_after_refresh(self._pace.end)

    def _show(self) -> None:
        self._estimate_shown = self.figures.estimate
        self._headline.show(self._group, self.figures, self._remarks, self._side)
        self.post_message(self.Shown(in_short(self.figures)))
        self.changes.publish(None)
        if self._sections is not None and self._sections_are_old:  # drawn at every count, they held up keys (key-echo)
            self._sections_are_old = False
            self._show_sections(self._sections)

    def _show_sections(self, sections: Sections) -> None:
        card, estimate = self.figures.card, self.estimate
        complete = estimate is not None and estimate.complete
        sections.probe.show(card, self._stems, self._group, self._hidden)
        sections.validity.show(card, self._source)
        if card is not None and not_shown(card):  # probes and their validity say why; the rest would claim something
            card, estimate = None, None
        sections.scale.show(card, complete=complete)
        course, drift = (estimate.course, estimate.drift) if estimate else ((), None)
        sections.course.show(course, drift, _population(card))
        sections.inside.show(self._inside, drift)
        sections.nearest.show(card, complete=complete)


def _population(card: "Scorecard | None") -> float | None:
    """The alignment of everyone's answers, if the survey has figures for the group."""
    if card is None or card.references is None or card.references.population is None:
        return None
    score = card.references.population.alignment
    return score.mean if score is not None else None
