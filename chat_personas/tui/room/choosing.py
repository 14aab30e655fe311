"""Choosing what to ask the room, and whom: three short lists, one after the other, that typing narrows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from chat_personas.conversation.room import RoomError, RoomQuestion, members_meant, question_meant
from chat_personas.text import pluralize, printable
from chat_personas.tui.widgets.title_and_status import KeyLine
from eval.surveys.human_figures import groups_with_figures
from personas import CATALOGUE, LoadedPersona

if TYPE_CHECKING:
    from eval.surveys.loading import LoadedSurvey

Step = Literal["question", "options", "members"]
HEADINGS: dict[Step, str] = {
    "question": "Ask the room: what?",
    "options": "Ask the room: with which options?",
    "members": "Ask the room: whom? All groups of an attribute, or type to pick single ones",
}
PLACEHOLDERS: dict[Step, str] = {
    "question": "Type your own question, or words to find one of the survey",
    "options": "Type your own options with | between them, as A lot|A little|Not at all",
    "members": "Type to narrow the list: an attribute, or a group",
}
PRESETS = (("Yes", "No"), ("Agree", "Neither agree nor disagree", "Disagree"), ("A lot", "A little", "Not at all"))
NO_OPTIONS = "No options: replies in words only"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is asked, and who is asked."""

    question: RoomQuestion
    members: tuple[LoadedPersona, ...]


class Choice(Option):
    """A line of a list, and what it stands for."""

    def __init__(self, line: str, value: str | Sequence[str]) -> None:
        super().__init__(printable(line))
        self.value = value


class ChoosingScreen(Screen[Chosen | None]):
    """Asks for the question, for options where it is in one's own words, and for the groups. Gives None if cancelled.

    A whole attribute is chosen by its line. Lines of single groups are picked, one by one, and then asked together.
    """

    CSS_PATH = "room.tcss"
    AUTO_FOCUS = "#typed"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="room_choose_back"),
        Binding("down", "to_list", "Go to the list", id="room_choose_list", show=False),
    ]

    def __init__(self, survey: "LoadedSurvey", first: str = "") -> None:
        """Offer the questions of `survey`, and the attribute `first` before the others."""
        super().__init__()
        self._survey = survey
        with_figures = {group.attribute for group in groups_with_figures(survey.survey)}
        self._attributes = sorted(
            (attribute for attribute in CATALOGUE.values() if attribute.values),
            key=lambda attribute: (attribute.key != first, attribute.key not in with_figures),
        )
        self._with_figures = with_figures
        self._step: Step = "question"
        self._asked = ""
        self._question: RoomQuestion | None = None
        self._picked: list[str] = []
        self._heading = Static(markup=False, id="heading")
        self._about = Static(markup=False, id="about")
        self._typed = Input(id="typed")
        self._listed = OptionList(id="choices", markup=False)

    def compose(self) -> ComposeResult:
        """Lay out what is chosen already, the input and the list."""
        yield self._heading
        yield self._about
        yield self._typed
        yield self._listed
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin with the question."""
        self._go("question")

    @on(Input.Changed)
    def narrow(self) -> None:
        """List what fits what is typed."""
        self._list()

    @on(Input.Submitted)
    def choose_highlighted(self) -> None:
        """Take the highlighted line."""
        listed = self._listed
        if listed.option_count:
            self._take(listed.get_option_at_index(listed.highlighted or 0))

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Take a line of the list."""
        self._take(event.option)

    def action_to_list(self) -> None:
        """Move from the input to the list."""
        self.set_focus(self._listed)

    def action_back(self) -> None:
        """Go one step back, or back to the conversation."""
        if self._step == "question":
            self.dismiss(None)
        elif self._step == "members" and self._question is not None and self._question.survey is None:
            self._go("options")
        else:
            self._go("question")

    def _go(self, step: Step) -> None:
        self._step = step
        self._heading.update(HEADINGS[step])
        about = f"survey {self._survey.survey.name}" if step == "question" else f"“{self._asked}”"
        self._about.update(printable(about))
        self._typed.placeholder = PLACEHOLDERS[step]
        with self.prevent(Input.Changed):
            self._typed.value = self._asked if step == "question" and self._question is None else ""
        self._list()
        self.set_focus(self._typed)

    def _list(self) -> None:
        typed = self._typed.value.strip()
        choices = {"question": self._questions, "options": self._options, "members": self._members}
        self._listed.clear_options()
        self._listed.add_options(choices[self._step](typed))
        if self._listed.option_count:
            self._listed.highlighted = 0

    def _questions(self, typed: str) -> Iterator[Choice]:
        words = typed.casefold().split()
        for question in self._survey.survey.questions:
            line = f"{question.stem}  ({', '.join(question.topics)})"
            if all(word in f"{line} {question.id}".casefold() for word in words):
                yield Choice(line, question.id)
        if typed:
            yield Choice(f"Ask in your own words: “{typed}”", (typed,))

    def _options(self, typed: str) -> Iterator[Choice]:
        own = [part.strip() for part in typed.split("|") if part.strip()]
        if own:
            yield Choice(f"These options: {' · '.join(own)}", own)
            return
        yield Choice(NO_OPTIONS, ())
        for preset in PRESETS:
            yield Choice(" · ".join(preset), preset)

    def _members(self, typed: str) -> Iterator[Choice]:
        """Yield what is picked and the attributes; where something is typed, attributes and groups that fit."""
        words, picked = typed.casefold().split(), tuple(self._picked)
        if picked and not words:
            yield Choice(f"Ask the {len(picked)} picked: {', '.join(picked)}", picked)
        for attribute in self._attributes:
            mark = "" if attribute.key in self._with_figures else " · no human figures"
            line = f"{attribute.title}: {', '.join(attribute.labels)}{mark}"
            if all(word in f"{line} {attribute.key}".casefold() for word in words):
                yield Choice(line, (attribute.key,))
        if not words:
            return
        for attribute in self._attributes:
            for value, label in zip(attribute.values, attribute.labels, strict=True):
                group = f"{attribute.key}={value}"
                if all(word in f"{label} {group}".casefold() for word in words):
                    yield Choice(f"  {'✓' if group in self._picked else '+'} {label} ({group})", group)

    def _take(self, chosen: Option) -> None:
        assert isinstance(chosen, Choice)
        value = chosen.value
        try:
            if self._step == "question":
                self._take_question(value)
            elif self._step == "options":
                self._question = question_meant(self._asked, value, self._survey)
                self._go("members")
            elif isinstance(value, str):
                self._pick(value)
            elif self._question is not None:
                self.dismiss(Chosen(self._question, members_meant(value, self._survey)))
        except RoomError as error:
            self.notify(printable(str(error)), severity="error", markup=False)

    def _take_question(self, value: str | Sequence[str]) -> None:
        if isinstance(value, str):
            self._question = question_meant(value, (), self._survey)
            self._asked = self._question.stem
            self._go("members")
        else:
            (self._asked,), self._question = value, None
            self._go("options")

    def _pick(self, group: str) -> None:
        """Pick a group, or leave it out again; what was typed has done its work."""
        if group in self._picked:
            self._picked.remove(group)
        else:
            self._picked.append(group)
        self._about.update(printable(f"“{self._asked}” · {pluralize(len(self._picked), 'group')} picked"))
        with self.prevent(Input.Changed):
            self._typed.value = ""
        self._list()
