"""The picker of personas: by the attribute of their group or composed of several, with exactly what a model is given.

It shows beside each what was measured of it last with this model, and saves what was composed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from chat_personas.own_personas import BUILT_IN, TALK_ONLY, built_in_survey
from chat_personas.text import printable
from chat_personas.tui.drawing import fitted
from chat_personas.tui.key_routing import changes_screen, fills_list
from chat_personas.tui.screens.picker import Picker
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.corpus import MeasurementRow
    from chat_personas.tui.session import Session
    from eval.surveys.model import Survey
    from personas import Group, LoadedPersona, Persona

TALK_ONLY_GROUPS = "talk only: the built-in survey has no figures"
IN_USE = "In this conversation"
"""The heading of the persona of the conversation where the list has none of that name."""


OWN, COMBINED, OTHERS, FIRST, LAST = "Your own", "Combined groups", "Others", -1, 1000
"""Headings beside those of the attributes, and the places of the first and of the last one."""
BY_PROMPT = ("portray", "bio", "qa", "none", "few_shot")
"""The ways of steering to choose from: those from inside need a direction."""
FOR_EVAL = "For chat-personas eval only: choose another steering to talk, or save it."
NO_PROMPT = "Nothing: the model is not steered."
INSIDE = "Nothing: the model is steered from inside."
NOTHING_FITS = "No persona of the list fits. Enter opens the file of this path; groups are typed like SEX=Female."


@dataclass(frozen=True, slots=True)
class Listed:
    """A persona as the list shows it: what it is, under which heading, and whether it can be measured.

    `place` orders the headings as the catalogue orders attributes; combined groups come after them. `loaded` is None
    until it has been read, and where its file has a problem. `in_use`: it is the persona of the conversation.
    """

    name: str
    about: str = ""
    heading: str = ""
    place: int = 0
    measurable: bool = True
    loaded: "LoadedPersona | None" = None
    in_use: bool = False

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return self.name

    @property
    def usable(self) -> bool:
        """Whether it can be chosen: where its file has a problem, choosing it says which."""
        return True

    @property
    def line(self) -> str:
        """The row of the list."""
        return f"{fitted(self.name, 28)} {'in use · ' if self.in_use else ''}{self.about}"


class PersonasScreen(Picker["LoadedPersona | None"]):
    """Lists the personas by attribute; typing narrows the list. Gives the one that was chosen or composed.

    Groups, or the path of a persona file, may be typed, too.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "combine", "Combine", id="personas_combine", tooltip="Combine groups, or take one out"),
        Binding("f3", "clear", "Clear", id="personas_clear", tooltip="Combine no groups"),
        Binding("f4", "steer", "Steering", id="personas_steer", tooltip="Steer it in the next way"),
        Binding("f5", "save", "Save", id="personas_save", tooltip="Save it as a persona of your own"),
        Binding("f6", "write", "Write", id="personas_write", tooltip="Write its prompt, and go on with it"),
    ]

    def __init__(self, names: tuple[str, ...], session: "Session") -> None:
        """List the personas of these `names`; `session` tells the model and what was measured with it."""
        super().__init__("Choose a persona", "Type to narrow the list; or groups, or the path of a file")
        self._session = session
        self._in_use = "" if session.conversation is None else session.conversation.persona.name
        self._rows = [Listed(name, in_use=name == self._in_use) for name in names]
        self._measured: Sequence[MeasurementRow] = ()
        self._combined: tuple[Group, ...] = ()
        self._steering: str | None = None  # None: as the persona's file says
        self.is_written = False
        """Whether the person wrote the prompt of the persona that was given."""

    def on_mount(self) -> None:
        """Show the names at once, and the rest as soon as it has been read."""
        self.show_list()
        self.read()

    @work(exclusive=True, group="read")
    @fills_list()
    async def read(self, chosen: str | None = None) -> None:
        """Read every persona, and what was measured with this model; highlight the one called `chosen`."""
        names = [each.name for each in self._rows if each.heading != IN_USE]
        listed = names if chosen is None else [*dict.fromkeys((*names, chosen))]
        self._rows = await asyncio.to_thread(_read, listed, await self._used())
        corpus, conversation = self._session.corpus, self._session.conversation
        if corpus is not None and conversation is not None:
            try:
                self._measured = await asyncio.to_thread(corpus.last_measurements, conversation.model)
            except ReportedError as error:
                self._say(error)
        if chosen is not None:
            with self.prevent(Input.Changed):
                self.wanted.value = ""
        self.show_list(chosen)

    async def _used(self) -> "LoadedPersona | None":
        """Return the persona of the conversation; None where there is none, or what steers it is gone."""
        try:
            return None if self._session.conversation is None else await self._session.open_same_persona()
        except ReportedError:
            return None

    # What is chosen

    def chosen(self) -> "LoadedPersona | None":
        """Return what is composed, or else highlighted, steered as was chosen; None where there is nothing.

        Raises:
            PersonaError: groups were typed that do not exist or exclude each other, or it cannot be steered so.
        """
        from personas.composing import DEFAULT_STEERING, are_groups, composed, groups_in

        typed = self.wanted.value
        groups = self._combined or (groups_in(typed) if are_groups(typed) else ())
        if groups:
            return composed(groups, self._steering or DEFAULT_STEERING)
        listed = self.highlighted(self._rows)
        return None if listed is None or listed.loaded is None else self._steered(listed.loaded)

    def _steered(self, loaded: "LoadedPersona") -> "LoadedPersona":
        """Return a persona as it was chosen to be steered. Raises PersonaError: it cannot be steered so."""
        from personas.composing import as_loaded
        from personas.persona import with_steering

        if self._steering in (None, loaded.persona.steering):
            return loaded
        return as_loaded(with_steering(loaded.persona, self._steering or ""))

    def choose(self) -> None:
        """Give what is shown, or the persona in the file whose path was typed."""
        self._choose()

    @work(exclusive=True, group="choose")
    @changes_screen
    async def _choose(self) -> None:
        """Give what is shown, or the persona in the file whose path was typed; say what is wrong with it."""
        from chat_personas.own_personas import find_persona
        from personas import system_prompt

        try:
            listed = self.highlighted(self._rows)
            found = self.chosen()
            if found is None and (name := self.wanted.value.strip() if listed is None else listed.name):
                found = self._steered(await asyncio.to_thread(find_persona, name))
            if found is not None:
                system_prompt(found.persona)  # few_shot cannot be talked with
                self.dismiss(found)
        except ReportedError as error:
            self._say(error)

    # Composing

    def action_combine(self) -> None:
        """Combine the highlighted group with the others, in place of one of the same attribute; or take it out."""
        listed = self.highlighted(self._rows)
        groups = listed.loaded.persona.groups if listed is not None and listed.loaded is not None else ()
        if not groups:
            self.notify("This one has no group to combine.", markup=False)
            return
        if set(groups) <= set(self._combined):
            self._combined = tuple(group for group in self._combined if group not in groups)
        else:
            attributes = {group.attribute for group in groups}
            self._combined = (*(one for one in self._combined if one.attribute not in attributes), *groups)
        self.show_about()

    def action_clear(self) -> None:
        """Combine no groups, and steer as each persona says."""
        self._combined, self._steering = (), None
        self.show_about()

    def action_steer(self) -> None:
        """Steer in the next way."""
        try:
            found = self.chosen()
        except ReportedError:
            found = None
        now = found.persona.steering if found is not None else self._steering
        self._steering = BY_PROMPT[(BY_PROMPT.index(now) + 1) % len(BY_PROMPT) if now in BY_PROMPT else 0]
        self.show_about()

    @work(exclusive=True, group="write")
    async def action_write(self) -> None:
        """Let the person write the prompt of what is shown, and give the persona that has it."""
        from chat_personas.tui.screens.prompt import write_prompt

        try:
            found = self.chosen()
            written = None if found is None else await write_prompt(self.app, found, self._session.corpus)
        except ReportedError as error:
            self._say(error)
            return
        if written is not None:
            self.is_written = True
            self.dismiss(written)

    @work(exclusive=True, group="save")
    async def action_save(self) -> None:
        """Save what is shown as a persona of one's own."""
        from chat_personas.tui.screens.dialogs import save_as_own

        try:
            found = self.chosen()
        except ReportedError as error:
            self._say(error)
            return
        saved = None if found is None else await save_as_own(self.app, found.persona)
        if saved is not None:
            self.action_clear()
            self.read(saved.persona.name)

    # What is shown

    def show_list(self, chosen: str | None = None) -> None:
        """List the personas that match what is typed; all where it is groups. Else stand on the one in use."""
        from personas.composing import are_groups

        typed = self.wanted.value
        words = [] if are_groups(typed) else typed.lower().split()
        found = (each for each in self._rows if all(word in f"{each.line} {each.heading}".lower() for word in words))
        wanted = chosen or ("" if words else self._in_use)
        self.list_those(found, lambda each: each.name == wanted)

    def show_about(self) -> None:
        """Show what is composed, or else highlighted: its groups, steering and alignment, and what a model is given."""
        self.workers.cancel_group(self, "about")
        try:
            found = self.chosen()
        except ReportedError as error:
            self.about.update(printable(f"! {error}"))
            return
        if found is None:
            listed = self.highlighted(self._rows)
            self.about.update(printable(NOTHING_FITS if listed is None else listed.about))
        elif found.persona.steering == "few_shot":
            self._show_examples(found.persona)
        else:
            self.about.update(Content("\n").join([*self._facts(found.persona), *_contents(preview(found.persona))]))

    @work(exclusive=True, group="about")
    async def _show_examples(self, persona: "Persona") -> None:
        """Show what comes before a question: finding the most similar others takes longer than a key may."""
        self.about.update(Content("\n").join(self._facts(persona)))
        try:
            lines = await asyncio.to_thread(preview, persona)
        except ReportedError as error:
            lines = [f"! {error}"]
        self.about.update(Content("\n").join([*self._facts(persona), *_contents(lines)]))

    def _facts(self, persona: "Persona") -> list[Content]:
        from personas.persona import steering_named

        now = steering_named(persona)
        ways = [Content.styled(way, "reverse") if way == now else Content(way) for way in BY_PROMPT]
        if now not in BY_PROMPT:
            ways = [Content.styled(now, "reverse"), *ways]
        groups = " and ".join(map(str, persona.groups)) or "no group"
        return [
            Content.assemble((printable(persona.title), "bold"), printable(f" · {groups}")),
            Content.assemble("steering: ", Content("  ").join(ways)),
            Content(measured_of(persona, last_measured(self._measured, persona))),
        ]

    def _say(self, error: ReportedError) -> None:
        self.notify(printable(str(error)), severity="error", markup=False)


def _contents(lines: Sequence[str]) -> list[Content]:
    return [Content(printable(line)) for line in lines]


def preview(persona: "Persona") -> list[str]:
    """Return what the model is given, under headings; each exact text is one element. Slow for `few_shot`.

    Raises:
        SurveyError: the built-in survey has too few figures for `few_shot`.
    """
    from eval.evaluation import given_first

    messages = given_first(persona, built_in_survey())
    lines = [FOR_EVAL, ""] if persona.steering == "few_shot" else []
    if not messages:
        return [*lines, "The model is given:", INSIDE if persona.activation or persona.ablation else NO_PROMPT]
    for message in messages:
        what = "before the first message" if message.role == "system" else f"before a question of {BUILT_IN}, with it"
        lines += [f"The model is given, {what}:", message.content]
    return lines


def last_measured(rows: "Sequence[MeasurementRow]", persona: "Persona") -> "MeasurementRow | None":
    """Return the newest of `rows` (oldest first) that measured a persona as it is: its prompt and its groups.

    One that is steered from inside is known by its name, because what is on inside depends on the model.
    """
    from personas import evaluation_prompt, is_steered_inside

    inside, groups = is_steered_inside(persona), {(group.attribute, group.value) for group in persona.groups}
    if persona.steering == "few_shot":
        return None
    same = [
        row
        for row in rows
        if row.system_prompt == evaluation_prompt(persona)
        and {(group.attribute, group.value) for group in row.groups} == groups
        and bool(row.interventions) == inside
        and (not inside or row.persona_name == persona.name)
    ]
    return same[-1] if same else None


def measured_of(persona: "Persona", row: "MeasurementRow | None") -> str:
    """Say in one line what was measured last of a persona, or that there are no figures to measure it by."""
    from eval.surveys.human_figures import has_figures

    if row is None and not has_figures(built_in_survey(), persona.groups):
        return TALK_ONLY_GROUPS
    return measured_in_short(row)


def measured_in_short(row: "MeasurementRow | None") -> str:
    """Say in one line what was measured last with this model, or why that is not shown."""
    from chat_personas.reporting.numbers import with_interval
    from chat_personas.reporting.verdicts import NOT_SOUND, VERDICTS
    from eval.report import Score

    if row is None:
        return "alignment with this model: not measured yet"
    when = row.created_at.astimezone().strftime("%Y-%m-%d")
    if row.verdict in NOT_SOUND:
        return f"alignment with this model: not sound: {NOT_SOUND[row.verdict]} ({row.survey}, {when})"
    if row.alignment is None or row.verdict is None:
        return f"alignment with this model: none ({row.survey}, {when})"
    score = with_interval(Score(mean=row.alignment, low=row.alignment_low, high=row.alignment_high))
    return f"alignment with this model: {score}, {VERDICTS[row.verdict]} ({row.survey}, {when})"


def _read(names: list[str], used: "LoadedPersona | None") -> list[Listed]:
    """Read the personas; about a file with a problem, say the problem. Those of one heading stand together.

    The one that is `used` is marked; where none is called so, it stands before all of them.
    """
    from chat_personas.own_personas import find_persona, own_persona_names
    from personas import PersonaError

    survey, own, read = built_in_survey(), own_persona_names(), list[Listed]()
    for name in names:
        try:
            listed = _described(name, find_persona(name), survey)
        except PersonaError as error:
            listed = Listed(name, f"! {error}", OTHERS, LAST)
        read.append(replace(listed, heading=OWN, place=FIRST) if name in own else listed)
    in_order = sorted(read, key=lambda each: each.place)
    found = list[Listed]()
    for heading, group in groupby(in_order, lambda each: each.heading):
        personas = list(group)
        nowhere = heading != OWN and not any(each.measurable for each in personas)
        found += [replace(each, heading=f"{heading} ({TALK_ONLY_GROUPS})" if nowhere else heading) for each in personas]
    if used is None:
        return found
    if used.persona.name not in names:
        found.insert(0, replace(_described(used.persona.name, used, survey), heading=IN_USE))
    return [replace(each, in_use=each.name == used.persona.name) for each in found]


def _described(name: str, loaded: "LoadedPersona", survey: "Survey") -> Listed:
    from eval.surveys.human_figures import has_figures
    from personas.catalogue import CATALOGUE

    persona = loaded.persona
    groups = " and ".join(str(group) for group in persona.groups) or "no group"
    measurable = has_figures(survey, persona.groups)
    about = f"{persona.title}{'' if measurable else f' · {TALK_ONLY}'} ({groups})"
    attributes = [group.attribute for group in persona.groups]
    if len(attributes) == 1 and attributes[0] in CATALOGUE:
        heading, place = CATALOGUE[attributes[0]].title, list(CATALOGUE).index(attributes[0])
    else:
        heading, place = (COMBINED, LAST - 1) if len(attributes) > 1 else (OTHERS, LAST)
    return Listed(name, about, heading, place, measurable, loaded)
