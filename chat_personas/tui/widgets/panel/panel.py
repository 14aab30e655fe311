"""The alignment panel: the measurements beside the conversation."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message

from chat_personas.reporting.verdicts import not_shown
from chat_personas.tui.widgets.panel.headline import Figures, Headline, in_short

if TYPE_CHECKING:
    from chat_personas.monitor.inside import Inside
    from chat_personas.monitor.monitor import Estimate
    from chat_personas.tui.widgets.panel.probe import ProbeSection
    from chat_personas.tui.widgets.panel.sections import (
        CourseSection,
        InsideSection,
        NearestSection,
        ScaleSection,
        ValiditySection,
    )
    from eval.scoring.scores import Scorecard

SECONDS_BETWEEN_UPDATES = 0.2
MOST_POSTPONED = 9
"""How often in a row an update may give way to the person's typing: figures are then at most two seconds old."""


class Sections(NamedTuple):
    """The sections below the headline, from top to bottom."""

    scale: "ScaleSection"
    course: "CourseSection"
    inside: "InsideSection"
    nearest: "NearestSection"
    probe: "ProbeSection"
    validity: "ValiditySection"


class AlignmentPanel(VerticalScroll):
    """Takes estimates as fast as they come, and shows the newest at most five times a second.

    It shows them less often while `give_way` says that something more urgent is going on.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,n", "step(1)", "Next probe", id="next_probe"),
        Binding("left,p", "step(-1)", "Previous probe", id="previous_probe", show=False),
    ]

    @dataclass
    class Shown(Message):
        """The panel shows other figures; `in_short` is its headline in a few words."""

        in_short: str

    def __init__(self, give_way: Callable[[], bool] = lambda: False) -> None:
        super().__init__(id="panel")
        self._give_way = give_way
        self._postponed = 0
        self.border_title = "Measured"
        self.figures = Figures()
        self._inside: Inside | None = None
        self._group = ""
        self._source = ""
        self._stems: Mapping[str, str] = {}
        self._resting = False
        self._due = False
        self._headline = Headline()
        self._sections: Sections | None = None
        self._sections_are_old = True

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

    def about(self, groups: Iterable[str], *, stems: Mapping[str, str] | None = None, source: str = "") -> None:
        """Name the `groups` compared with, the questions (stem by id), and the source of the survey data."""
        self._group, self._stems, self._source = " + ".join(groups), stems or {}, source
        self._sections_are_old = True
        self._show()

    @property
    def estimate(self) -> "Estimate | None":
        """The newest estimate."""
        return self.figures.estimate

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

    def _show_due(self) -> None:
        self._resting = self._due
        if not self._due:
            return
        self.set_timer(SECONDS_BETWEEN_UPDATES, self._show_due)
        complete = self.estimate is not None and self.estimate.complete
        if not complete and self._postponed < MOST_POSTPONED and self._give_way():
            self._postponed += 1
            return
        self._due, self._postponed = False, 0
        self._show()

    def _show(self) -> None:
        self._headline.show(self._group, self.figures)
        self.post_message(self.Shown(in_short(self.figures)))
        if self._sections is not None and self._sections_are_old:  # drawn at every count, they held up keys (key-echo)
            self._sections_are_old = False
            self._show_sections(self._sections)

    def _show_sections(self, sections: Sections) -> None:
        card, estimate = self.figures.card, self.estimate
        complete = estimate is not None and estimate.complete
        sections.probe.show(card, self._stems, self._group)
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
