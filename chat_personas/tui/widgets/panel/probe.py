"""One probe at a time: the question, with people's answers beside the model's."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.content import Content

from chat_personas.reporting.verdicts import not_shown
from chat_personas.reporting.wording.measurements import PEOPLE_HIDDEN
from chat_personas.text import printable
from chat_personas.tui.drawing import legend, paired_bars, stacked, two
from chat_personas.tui.key_registry import key_of
from chat_personas.tui.widgets.panel.sections import Section

if TYPE_CHECKING:
    from eval.scoring.scores import QuestionScore, Scorecard

BIASED = 0.3
"""An order bias (0 to 1) above this is flagged: the answer depends strongly on the order of the options."""


def probe(
    question: "QuestionScore", stem: str, people: str, width: int, *, sound: bool = True, hidden: bool = False
) -> Content:
    """Draw one question: its stem, the paired bars, its scores and its flags; if not `sound`, not how close it came.

    Of a question that is being guessed nothing of people's answers is drawn: they are `hidden`.
    """
    human = None if question.human is None or hidden else [float(share) for share in question.human]
    no_people = f"{PEOPLE_HIDDEN} ({key_of('room')}, then R)" if hidden else "no human figures for this group"
    refused = Content.assemble(("refused   ", "dim"), two(question.refusal))
    rows = [
        Content.styled(printable(stem), "bold"),
        legend(people) if human is not None else Content.styled(no_people, "italic"),
        paired_bars([printable(text) for text in question.options], human, [float(p) for p in question.model], width),
        *([_close(question)] if sound and not hidden else []),
        refused if hidden else Content.assemble(refused, ("  people ", "dim"), two(question.human_refusal)),
        Content.assemble(
            ("label mass ", "dim"), two(question.label_mass), ("  order bias ", "dim"), two(question.order_bias)
        ),
    ]
    return stacked([*rows, *(Content.styled("! " + flag, "bold $warning") for flag in flags(question))])


def _close(question: "QuestionScore") -> Content:
    return Content.assemble(
        ("alignment ", "dim"), two(question.alignment), ("  total var. ", "dim"), two(question.total_variation)
    )


def flags(question: "QuestionScore") -> list[str]:
    """Say what makes this question's scores doubtful."""
    found = []
    if not question.valid:
        found.append("not valid: the model rarely answered with a letter")
    if question.order_bias is not None and question.order_bias > BIASED:
        found.append("depends strongly on the order of the options")
    if question.alignment is None and question.human is not None:
        found.append("no alignment: the options have no order")
    return found


class ProbeSection(Section):
    """The selected probe. It stays selected, by its id, while measuring continues."""

    def __init__(self) -> None:
        super().__init__("Probe", "probe")
        self._card: Scorecard | None = None
        self._stems: Mapping[str, str] = {}
        self._people = ""
        self._hidden: str | None = None
        self._chosen: str | None = None

    def show(self, card: "Scorecard | None", stems: Mapping[str, str], people: str, hidden: str | None) -> None:
        """Show the chosen question of `card`, the first one at the beginning; `stems` by question id.

        Of the question `hidden` people's answers are not shown.
        """
        self._card, self._stems, self._people, self._hidden = card, stems, people, hidden
        self.changed()

    def step(self, by: int) -> None:
        """Choose the probe `by` places further on; after the last comes the first."""
        if self._card is not None and self._card.questions:
            questions = self._card.questions
            self._chosen = questions[(self._index + by) % len(questions)].id
            self.changed()

    def draw(self, width: int) -> Content | None:
        """Draw the chosen probe, and name it in the title."""
        if self._card is None or not self._card.questions:
            return None
        index = self._index
        question = self._card.questions[index]
        topics = printable(", ".join(question.topics))
        self.entitle(f"Probe {index + 1}/{len(self._card.questions)}: {topics} (← →)")
        stem = self._stems.get(question.id, question.id)
        sound, hidden = not not_shown(self._card), question.id == self._hidden
        return probe(question, stem, self._people, width, sound=sound, hidden=hidden)

    @property
    def number(self) -> int:
        """The number of the chosen probe, from 1."""
        return self._index + 1

    @property
    def _index(self) -> int:
        ids = [question.id for question in self._card.questions] if self._card else []
        return ids.index(self._chosen) if self._chosen in ids else 0
