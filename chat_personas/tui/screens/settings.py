"""The settings: a list of all of them with their values, which typing narrows; Enter changes one, in the file too."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from rich.cells import cell_len
from textual import on, work
from textual._path import CSSPathType
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key as KeyEvent
from textual.widgets import Input, OptionList, Static

from chat_personas.paths import display_path
from chat_personas.settings import SettingsError
from chat_personas.settings_file import Keys, SettingsFile
from chat_personas.settings_listing import Setting, all_settings, change_meant, shown_value
from chat_personas.text import printable
from chat_personas.tui.drawing import fitted
from chat_personas.tui.key_registry import settable_keys
from chat_personas.tui.screens.dialogs import Dialog
from chat_personas.tui.screens.narrowed_list import LIST_STYLES, Choice, NarrowedList
from chat_personas.tui.unusable_settings import check_named, given_way, keys_chosen, unusable, why_not
from chat_personas.tui.widgets.title_and_status import KeyLine
from personas.errors import ReportedError

NAME, VALUE, ORIGIN = 26, 22, 12
"""The widths of the columns of the list, in cells."""
UNUSABLE = "! "
"""The mark before a value that names nothing that is there."""
NOTHING_MATCHES = "Nothing matches: no setting has these words."


class SettingsScreen(NarrowedList[None]):
    """Lists all settings; Enter changes one. `changed` names, by their first keys, those that were changed here."""

    CSS_PATH: ClassVar[CSSPathType] = [LIST_STYLES, "settings.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "undo", "Undo", id="settings_undo", tooltip="Undo the last change", priority=True),
        Binding(
            "ctrl+d", "default", "Default", id="settings_default", tooltip="Set back to the default", priority=True
        ),
    ]

    def __init__(self, given: Mapping[str, str], use: Callable[[], object], words: str = "") -> None:
        """`given` are the settings of the command line; `use` lets the program use what the file says now.

        Settings with these `words` are listed at first.
        """
        super().__init__("Type to narrow the list: a name, a value, or what it is for")
        self.changed = set[str]()
        self.typed.value = words
        self._given = given
        self._use = use
        self._file = SettingsFile()
        self._settings = dict[Keys, Setting]()
        self._unusable: Mapping[Keys, str] = {}
        self._given_way: Mapping[Keys, str] = {}
        self._said = ""
        self._one_change = asyncio.Lock()

    def compose(self) -> ComposeResult:
        """Lay out the list, and below it what the highlighted setting is for."""
        yield self.heading
        yield self.typed
        yield self.listed
        yield self.about
        yield KeyLine(("quit", "back", "undo", "default"))

    def on_mount(self) -> None:
        """Read and list the settings; change one where its name and a value were given."""
        self._read()
        name, _, value = self.typed.value.strip().partition(" ")
        setting = next((each for each in self._settings.values() if each.name == name), None)
        if setting is not None and value.strip():
            self.typed.value = name
            self.change_to(setting, value)

    # The list

    def choices(self, typed: str) -> Iterable[Choice]:
        """Return the settings that fit what is typed, by name, value or what they are for."""
        words = typed.lower().split()
        for setting in self._settings.values():
            searched = f"{setting.name} {setting.shown} {setting.value} {setting.origin} {setting.help} {setting.place}"
            if all(word in searched.lower() for word in words):
                yield Choice(self._row(setting), setting.keys)

    @on(Input.Changed, "#typed")
    def say_if_nothing_matches(self) -> None:
        """Say so where no setting fits what is typed; no line is highlighted then."""
        if not any(self.choices(self.typed.value)):
            self.call_later(self.describe)

    def _row(self, setting: Setting) -> str:
        name = setting.name if cell_len(setting.name) <= NAME else f"…{setting.name[1 - NAME :]}"
        mark = UNUSABLE if setting.keys in self._unusable else ""
        value = fitted(f"{mark}{setting.shown}", VALUE)
        return f"{fitted(name, NAME)} {value} {fitted(setting.origin, ORIGIN)} {setting.help}"

    @on(OptionList.OptionHighlighted)
    def describe(self) -> None:
        """Say what the highlighted setting is for, what it is by default, and when a change counts."""
        setting = self._highlighted
        if setting is None:
            self.about.update("\n".join(printable(part) for part in (NOTHING_MATCHES, self._said) if part))
            return
        place = f" ({setting.place})" if setting.place else ""
        default = setting.show(setting.default)
        origin = "the default" if setting.origin == "default" else f"from the {setting.origin}; default: {default}"
        parts = [
            f"{setting.name}{place}: {setting.help}",
            f"Now: {setting.shown} ({origin}). A change counts {setting.effect}.",
            *(f"{UNUSABLE}{fault}" for fault in [self._unusable.get(setting.keys)] if fault),
            self._given_way.get(setting.keys, ""),
            self._said,
        ]
        self.about.update("\n".join(printable(part) for part in parts if part))

    @property
    def _highlighted(self) -> Setting | None:
        option = self.listed.highlighted_option
        return self._settings.get(tuple(option.value)) if isinstance(option, Choice) else None

    def _read(self) -> None:
        """Read the settings, and list them with the same one highlighted as before."""
        try:
            found = all_settings(self._given, settable_keys())
        except (ReportedError, OSError) as error:
            self.heading.update(printable(f"The settings cannot be shown: {error}"))
            return
        there, at = self._file.path.exists(), self.listed.highlighted
        self._settings = {setting.keys: setting for setting in found}
        self._unusable = unusable(found, self.app.available_themes)
        self._given_way = {keys: each.line for each in given_way(keys_chosen(found)) for keys in each.settings}
        own = sum(setting.origin != "default" for setting in found)
        file = f"{display_path(self._file.path)}{'' if there else ' (not there yet)'}"
        changed = f"{own} of {len(found)} settings changed" if own else f"all {len(found)} settings are the defaults"
        self.heading.update(printable(f"Settings · {changed} · {file}"))
        self.narrow()
        if at is not None and at < self.listed.option_count:
            self.listed.highlighted = at
        self.describe()

    # Changing

    def take(self, chosen: Choice) -> None:
        """Change a setting: a switch at once, anything else after a question."""
        setting = self._settings.get(tuple(chosen.value))
        if setting is not None:
            self.change(setting)

    @work(group="change")
    async def change(self, setting: Setting) -> None:
        """Ask for the new value in the way that fits the setting, and write it into the file."""
        meant: tuple[Keys, object] | None
        if setting.is_switch:
            meant = setting.keys, not setting.value
        elif setting.keys[0] == "keys":
            key = await self.app.push_screen_wait(KeyScreen(setting, keys_chosen(self._settings.values())))
            meant = None if key is None else (setting.keys, key)
        elif setting.keys == ("theme",):
            meant = await self.app.push_screen_wait(ThemeScreen(setting))
        else:
            meant = await self.app.push_screen_wait(ValueScreen(setting))
        if meant is not None:
            await self._write(lambda: self._file.change(*meant), f"Last change: {setting.name} is written.", meant[0])

    @work(group="change")
    async def change_to(self, setting: Setting, typed: str) -> None:
        """Change a setting to what was typed with its name."""
        try:
            keys, value = change_meant(setting, typed)
            await asyncio.to_thread(check_named, keys, value, self.app.available_themes)
        except (ReportedError, OSError) as error:
            self._said = f"! Not changed: {error}"
            self.describe()
        else:
            await self._write(lambda: self._file.change(keys, value), f"Last change: {setting.name} is written.", keys)

    @work(group="change")
    async def action_undo(self) -> None:
        """Undo the last change that was made here."""
        last = self._file.last_change
        await self._write(self._file.undo, f"Last change: {last[-1]} is as before." if last else "", last)

    @work(group="change")
    async def action_default(self) -> None:
        """Take the highlighted setting out of the file."""
        setting = self._highlighted
        if setting is not None:
            await self._write(
                lambda: self._file.change(setting.keys, None),
                f"Last change: {setting.name} is the default.",
                setting.keys,
            )

    async def _write(self, write: Callable[[], object], done: str, keys: Keys | None) -> None:
        """Change the file, say that it is done or why it is not, and let the program use what can be used at once."""
        async with self._one_change:
            try:
                await asyncio.to_thread(write)
            except (ReportedError, OSError) as error:
                self._said = f"! Not changed: {error}"
            else:
                self._said = done
                if keys is not None:
                    self.changed.add(keys[0])
                self._use()
            self._read()

    def action_back(self) -> None:
        """Go back to the conversation."""
        self.dismiss(None)


class ValueScreen(Dialog[tuple[Keys, object] | None]):
    """Asks for the value of a setting, and says as it is typed what is wrong. Gives the change that is meant."""

    CSS_PATH = "settings.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", id="setting_cancel")]

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self._setting = setting
        self._hint = Static(markup=False, id="hint")

    def compose(self) -> ComposeResult:
        """Lay out what the setting is for, its value to be changed, and what is wrong with it."""
        setting = self._setting
        with Vertical(id="dialog"):
            yield Static(printable(f"{setting.name}: {setting.help}"), markup=False)
            yield Input(setting.typed, placeholder=shown_value(setting.default), id="value", select_on_focus=False)
            yield self._hint

    @on(Input.Changed)
    def check(self, event: Input.Changed) -> None:
        """Say what is wrong with the value, or what Enter does."""
        try:
            _, value = change_meant(self._setting, event.value)
        except SettingsError as error:
            self._hint.update(printable(str(error)))
        else:
            does = "writes it" if value is not None else f"sets the default ({shown_value(self._setting.default)})"
            self._hint.update(f"Enter {does}; it counts {self._setting.effect}. Escape cancels.")

    @on(Input.Submitted)
    async def choose(self, event: Input.Submitted) -> None:
        """Take the value, unless it is wrong or names nothing that is there."""
        try:
            keys, value = change_meant(self._setting, event.value)
            await asyncio.to_thread(check_named, keys, value, self.app.available_themes)
        except (ReportedError, OSError) as error:
            self._hint.update(printable(str(error)))
        else:
            self.dismiss((keys, value))

    def action_cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)


OWN_CHOICE = "(the program's own choice)"


class ThemeScreen(NarrowedList[tuple[Keys, object] | None]):
    """Lists the themes; the highlighted one is shown at once. Gives the change that is meant."""

    CSS_PATH: ClassVar[CSSPathType] = [LIST_STYLES, "settings.tcss"]

    def __init__(self, setting: Setting) -> None:
        super().__init__("Type to narrow the list of themes")
        self._setting = setting
        self._before = ""

    def on_mount(self) -> None:
        """List the themes, the one in use highlighted."""
        self._before = self.app.theme
        self.heading.update("Theme · the highlighted one is shown, Enter keeps it, Escape leaves it")
        with self.prevent(OptionList.OptionHighlighted):
            self.narrow()
            names = [str(option.value) for option in self.listed.options if isinstance(option, Choice)]
            self.listed.highlighted = names.index(self._before) if self._before in names else 0

    def choices(self, typed: str) -> Iterable[Choice]:
        """Return the themes whose names fit, ours first."""
        from chat_personas.tui.themes import OURS

        ours = {theme.name: theme.about for theme in OURS}
        names = [*ours, *sorted(self.app.available_themes.keys() - ours.keys())]
        lines = [(OWN_CHOICE, ""), *((fitted(name, NAME) + " " + ours.get(name, ""), name) for name in names)]
        for line, name in lines:
            if typed.lower() in line.lower():
                yield Choice(line, name)

    @on(OptionList.OptionHighlighted)
    def show(self, event: OptionList.OptionHighlighted) -> None:
        """Show the highlighted theme, unless there are to be no colours."""
        if isinstance(event.option, Choice) and event.option.value and not self.app.no_color:
            self.app.theme = str(event.option.value)

    def take(self, chosen: Choice) -> None:
        """Take a theme."""
        self.dismiss((self._setting.keys, str(chosen.value) or None))

    def action_back(self) -> None:
        """Leave the theme as it was."""
        self.app.theme = self._before
        self.dismiss(None)


class KeyScreen(Dialog[str | None]):
    """Waits for the new key of an action, whatever that key does otherwise. Gives its name, or None for Escape.

    The application hands over every key (see `TerminalApp.on_event`): keys with priority would act before.
    """

    CSS_PATH = "settings.tcss"

    def __init__(self, setting: Setting, chosen: Mapping[str, str]) -> None:
        """`chosen` are the keys of the settings as they are, by id."""
        super().__init__()
        self._setting = setting
        self._chosen = chosen
        self._hint = Static("Press the new key. Escape leaves the key as it is.", markup=False, id="hint")

    def compose(self) -> ComposeResult:
        """Lay out what the key does now, and what is wrong with the key that was pressed."""
        setting = self._setting
        with Vertical(id="dialog"):
            yield Static(printable(f"{setting.help} ({setting.place})\n{setting.name} = {setting.shown}"), markup=False)
            yield self._hint

    def take_key(self, event: KeyEvent) -> None:
        """Take the key, unless something else is on it where both can be meant."""
        if event.key == "escape":
            self.dismiss(None)
            return
        fault = why_not(self._setting.keys[1], event.key, event.is_printable, self._chosen)
        if fault is None:
            self.dismiss(event.key)
        else:
            self._hint.update(printable(f"{fault}. Press another key; Escape leaves the key as it is."))
