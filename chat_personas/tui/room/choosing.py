"""Choosing what to ask the room and whom, and who debates what: short lists, one after another."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widgets import Input

from chat_personas.conversation.debate import MOST_ROUNDS, NOT_ROUNDS, rounds_meant
from chat_personas.conversation.room import (
    PRESETS,
    RoomError,
    RoomQuestion,
    attributes_offered,
    attributes_with_figures,
    members_meant,
    question_meant,
    questions_with,
)
from chat_personas.corpus.corpus import DEBATE, ROOM, ROOM_OPTIONS
from chat_personas.own_personas import beside, line_of, readable_personas
from chat_personas.reporting.wording.measurements import sentence
from chat_personas.text import pluralize, printable
from chat_personas.tui.key_routing import fills_list
from chat_personas.tui.room.other_models import ANOTHER_MODEL, OtherModels, PersonaOnModel, choose_beside
from chat_personas.tui.room.unsent import UnsentLines, behind
from chat_personas.tui.screens.narrowed_list import Choice, NarrowedList, Result
from personas import LoadedPersona
from personas.inputs.suggestions import quoted

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus
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
NO_OPTIONS = "No options: replies in words only"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is asked, and who is asked."""

    question: RoomQuestion
    members: tuple[LoadedPersona, ...]


class StepByStep(NarrowedList[Result]):
    """Lists that ask for one thing after another; the person's own words are kept until all is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "undo", "Undo", id="choose_undo", tooltip="Bring back what was typed here")
    ]

    def __init__(self, corpus: "Corpus", unsent: Mapping[str, str], *, given: bool) -> None:
        """`unsent` is what was typed here before, by place: kept and not shown where something else is `given`."""
        super().__init__()
        self._chosen = False
        self._replaceable = ""
        self._brought_back: Mapping[str, str] = {} if given else unsent
        self._set_aside: Mapping[str, str] = unsent if given else {}
        self._unsent = UnsentLines(self, corpus, self._to_keep)

    def own_words(self) -> Mapping[str, str]:
        """Return what the person has typed for themselves so far, by the place of its draft."""
        raise NotImplementedError

    def _to_keep(self) -> Mapping[str, str]:
        """Return what is typed here behind what was set aside, by place."""
        typed, before = {} if self._chosen else self.own_words(), self._set_aside
        return {place: behind(before.get(place, ""), typed.get(place, "")) for place in {**before, **typed}}

    def on_mount(self) -> None:
        """Say so where words of before are here again."""
        self._unsent.brought_back(self._brought_back)

    def begin_again(self, typed: str = "") -> None:
        """List everything, or what fits `typed`; nothing is brought back any more by undoing."""
        self._replaceable = ""
        super().begin_again(typed)

    def select_brought_back(self) -> None:
        """Select what is back from the last time: what is typed at once replaces it, and undoing brings it back."""
        self._replaceable = self.typed.value
        self.typed.select_all()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is something to undo only where what was back has been changed."""
        return action != "undo" or self._replaceable not in ("", self.typed.value)

    def action_undo(self) -> None:
        """Bring back what was typed here the last time."""
        self.typed.value = self._replaceable
        self.typed.action_end()

    @on(Input.Changed)
    def keep_unsent(self) -> None:
        """Keep what is typed."""
        self.refresh_bindings()
        self._unsent.changed()

    async def on_unmount(self) -> None:
        """Keep what is typed, however the screen is left."""
        await self._unsent.leave()

    def finish(self, result: Result) -> None:
        """Leave with what is chosen: there is nothing to keep any more."""
        self._chosen = True
        self.dismiss(result)


class ChoosingScreen(StepByStep[Chosen | None]):
    """Asks for the question, for options where it is in one's own words, and for the groups. Gives None if cancelled.

    A whole attribute is chosen by its line. Lines of single groups are picked, one by one, and then asked together.
    """

    def __init__(
        self, survey: "LoadedSurvey", corpus: "Corpus", unsent: Mapping[str, str], first: str, asked: str
    ) -> None:
        """Offer the questions of `survey`, and the attribute `first` before the others.

        A question that is `asked` already is not chosen any more.
        """
        super().__init__(corpus, unsent, given=bool(asked))
        self._survey = survey
        self._given = asked
        self._own_options = "" if asked else unsent.get(ROOM_OPTIONS, "")
        self._attributes = attributes_offered(survey, first)
        self._with_figures = attributes_with_figures(survey)
        self._step: Step = "question"
        self._asked = unsent.get(ROOM, "")
        self._question: RoomQuestion | None = None
        self._picked: list[str] = []

    def on_mount(self) -> None:
        """Begin with the question, or with what follows the one that is given."""
        super().on_mount()
        self._go("question")
        if self._given:
            self._begin_with(self._given)
        else:
            self.select_brought_back()

    def own_words(self) -> Mapping[str, str]:
        """Return the question in one's own words and its options."""
        if self._step == "question":
            return {ROOM: self.typed.value, ROOM_OPTIONS: self._own_options}
        if self._question is not None and self._question.survey is not None:
            return {}
        options = self.typed.value if self._step == "options" else self._own_options
        return {ROOM: self._asked, ROOM_OPTIONS: options}

    def action_back(self) -> None:
        """Go one step back, or back to the conversation."""
        if self._step == "options":
            self._own_options = self.typed.value
        if self._step == "question":
            self.dismiss(None)
        elif self._step == "members" and self._question is not None and self._question.survey is None:
            self._go("options")
        else:
            self._go("question")

    def choices(self, typed: str) -> Iterable[Choice]:
        """Return the lines of this step that fit what is typed."""
        lines = {"question": self._questions, "options": self._options, "members": self._members}
        return lines[self._step](typed)

    def take(self, chosen: Choice) -> None:
        """Take a question, options or groups; what cannot be asked is said."""
        try:
            self._take_in_step(chosen.value)
        except RoomError as error:
            self.notify(printable(str(error)), severity="error", markup=False)

    def _take_in_step(self, value: str | Sequence[str]) -> None:
        if self._step == "question":
            self._take_question(value)
        elif self._step == "options":
            self._question = question_meant(self._asked, value, self._survey)
            self._own_options = self.typed.value
            self._go("members")
        elif isinstance(value, str):
            self._pick(value)
        elif self._question is not None:
            self.finish(Chosen(self._question, members_meant(value, self._survey)))

    def _go(self, step: Step) -> None:
        self._step = step
        self.heading.update(HEADINGS[step])
        about = f"survey {self._survey.survey.name}" if step == "question" else f"“{self._asked}”"
        self.about.update(printable(about))
        self.typed.placeholder = PLACEHOLDERS[step]
        own = self._question is None or self._question.survey is None
        words = {"question": self._asked if own else "", "options": self._own_options, "members": ""}
        self.begin_again(words[step])

    def _questions(self, typed: str) -> Iterator[Choice]:
        for question in questions_with(typed, self._survey):
            yield Choice(f"{question.stem}  ({', '.join(question.topics)})", question.id)
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

    def _begin_with(self, asked: str) -> None:
        """Take a question that was given with the command; one that cannot be meant stays where it can be changed."""
        self.begin_again(asked)
        try:
            question = question_meant(asked, (), self._survey)
        except RoomError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
        else:
            self._take_question((asked,) if question.question is None else question.question.id)

    def _take_question(self, value: str | Sequence[str]) -> None:
        if isinstance(value, str):
            self._question = question_meant(value, (), self._survey)
            self._asked = self._question.stem
            self._go("members")
        else:
            (own,) = value
            if self._asked not in ("", own):
                self._own_options = ""  # they belong to the question before
            self._asked, self._question = own, None
            self._go("options")

    def _pick(self, group: str) -> None:
        """Pick a group, or leave it out again; what was typed has done its work."""
        if group in self._picked:
            self._picked.remove(group)
        else:
            self._picked.append(group)
        self.about.update(printable(f"“{self._asked}” · {pluralize(len(self._picked), 'group')} picked"))
        self.begin_again()


DebateStep = Literal["topic", "first", "second", "rounds"]
ROUNDS = (3, 1, 5, 10)
"""What is offered as the number of rounds, the usual one first."""
DEBATE_HEADINGS: dict[DebateStep, str] = {
    "topic": "Debate: about what?",
    "first": "Debate: who begins?",
    "second": "Debate: who answers?",
    "rounds": "Debate: for how many rounds?",
}


@dataclass(frozen=True, slots=True)
class ChosenDebate:
    """What is argued about, who argues, and for how many rounds."""

    topic: str
    sides: tuple[PersonaOnModel, PersonaOnModel]
    rounds: int


DEBATE_PLACEHOLDERS: dict[DebateStep, str] = {
    "topic": "Type a topic, or words to find a question of the survey",
    "first": "Type to narrow the list of personas",
    "second": "Type to narrow the list of personas",
    "rounds": f"Type another number, 1 to {MOST_ROUNDS}",
}


class DebateChoosingScreen(StepByStep[ChosenDebate | None]):
    """Asks for the topic, the persona that begins, the one that answers and the rounds. Gives None if cancelled.

    On which model a persona speaks is asked only where the person wants another than the present one.
    """

    def __init__(
        self,
        survey: "LoadedSurvey",
        own: LoadedPersona,
        corpus: "Corpus",
        unsent: Mapping[str, str],
        topic: str,
        models: OtherModels,
    ) -> None:
        """Offer the questions of `survey` as topics, and the persona of the conversation, `own`, before the others.

        A `topic` that is given already is not asked for any more.
        """
        super().__init__(corpus, unsent, given=bool(topic))
        self._survey = survey
        self._own = own
        self._typed_topic = unsent.get(DEBATE, "")
        self._topic = topic
        self._models = models
        self._engine = models.present  # of the side that is chosen next
        self._picked: list[PersonaOnModel] = []
        self._offered: dict[str, LoadedPersona] = {}
        self._lines: dict[str, str] = {}
        self._step: DebateStep = "topic"

    def on_mount(self) -> None:
        """Begin with the topic, or with the personas where it is given, while these are read."""
        super().on_mount()
        self._go("first" if self._topic else "topic", "" if self._topic else self._typed_topic)
        self.select_brought_back()
        self.read()

    def own_words(self) -> Mapping[str, str]:
        """Return the topic."""
        return {DEBATE: self.typed.value if self._step == "topic" else self._topic}

    def why_nothing(self, typed: str) -> str:
        """Say how many rounds there can be, where those are asked for."""
        if self._step != "rounds":
            return super().why_nothing(typed)
        return sentence(NOT_ROUNDS.format(typed=quoted(typed)))

    @work(exclusive=True)
    @fills_list(lambda screen: screen._step in ("first", "second"))
    async def read(self) -> None:
        """Read the personas, and list them where they are being asked for."""
        found = dict(await asyncio.to_thread(lambda: beside(self._own.persona, readable_personas())))
        own = {self._own.persona.name: self._own}  # before all, and in place of a file that says something else by now
        offered = own | found | own
        self._lines = await asyncio.to_thread(
            lambda: {name: line_of(name, each.persona) for name, each in offered.items()}
        )
        self._offered = offered
        if self._step in ("first", "second"):
            self.narrow()

    def action_back(self) -> None:
        """Go one step back, or back to the conversation."""
        if self._step == "topic":
            self.dismiss(None)
            return
        if self._on_other:
            self._engine = self._models.present
            self._go(self._step)
            return
        if self._step != "first":
            self._picked.pop()
        before: dict[DebateStep, DebateStep] = {"first": "topic", "second": "first", "rounds": "second"}
        self._go(before[self._step], self._topic if self._step == "first" else "")

    def choices(self, typed: str) -> Iterator[Choice]:
        """Yield the lines of this step that fit what is typed."""
        words = typed.casefold().split()
        if self._step == "topic":
            if typed:
                yield Choice(f"“{typed}”", typed)
            stems = (question.stem for question in self._survey.survey.questions)
            yield from (Choice(stem, stem) for stem in stems if all(word in stem.casefold() for word in words))
        elif self._step == "rounds":
            rounds = rounds_meant(typed) if typed else None
            numbers = ROUNDS if not typed else () if rounds is None else (rounds,)
            yield from (Choice(pluralize(number, "round"), str(number)) for number in numbers)
        else:
            lines = [
                (self._lines[name], name)
                for name, loaded in self._offered.items()
                if PersonaOnModel(loaded, self._engine) not in self._picked
            ]
            if lines and not self._on_other:
                lines.insert(1, (ANOTHER_MODEL, ANOTHER_MODEL))
            yield from (Choice(line, value) for line, value in lines if all(word in line.casefold() for word in words))

    def take(self, chosen: Choice) -> None:
        """Take what a line stands for, and go on with the next step."""
        value = str(chosen.value)
        if self._step == "topic":
            self._topic = value
            self._go("first")
        elif self._step == "rounds":
            first, second = self._picked
            self.finish(ChosenDebate(self._topic, (first, second), int(value)))
        elif value == ANOTHER_MODEL:
            self.choose_model()
        else:
            self._picked.append(PersonaOnModel(self._offered[value], self._engine))
            self._engine = self._models.present
            self._go("second" if self._step == "first" else "rounds")

    @work(group="model", exclusive=True)
    async def choose_model(self) -> None:
        """Choose and open the model of the side that is chosen next; where that fails, all stays as it is."""
        engine = await choose_beside(self.app, self._models, "Debate: on which model?")
        self._engine = self._engine if engine is None else engine
        self._go(self._step)

    @property
    def _on_other(self) -> bool:
        return self._engine is not self._models.present

    def _go(self, step: DebateStep, typed: str = "") -> None:
        self._step = step
        where = f" On {self._engine.info.name}." if self._on_other else ""
        self.heading.update(printable(DEBATE_HEADINGS[step] + where))
        self.typed.placeholder = DEBATE_PLACEHOLDERS[step]
        names = " and ".join(map(self._named, self._picked))
        self.about.update(printable(" · ".join(filter(None, (f"“{self._topic}”" * (step != "topic"), names)))))
        self.begin_again(typed)

    def _named(self, side: PersonaOnModel) -> str:
        where = f" on {side.engine.info.name}" if side.engine is not self._models.present else ""
        return f"{side.persona.persona.title}{where}"
