"""What the settings ask for that is not there: an unknown theme, key, persona, survey or model; two actions on one key.

Textual ignores themes and keys without a word, or lets one of two actions win. `doctor` and the screen name them.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, KEY_TO_UNICODE_NAME, Keys, _normalize_key_list, format_key

from chat_personas.settings import SettingsError, load_settings
from chat_personas.settings_listing import Setting, key_written
from personas.errors import ReportedError
from personas.inputs.suggestions import nearest, quoted, suggestion

MODIFIERS = frozenset({"ctrl", "alt", "shift", "super", "hyper", "meta"})
FORM = "write one such as ^g, alt+up or f5"
_NAMED = frozenset(key.value.rpartition("+")[2] for key in Keys) | KEY_TO_UNICODE_NAME.keys() | {"space", "newline"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the settings that the screen would ignore: a line about it, and the settings that it concerns."""

    line: str
    settings: tuple[tuple[str, ...], ...]


def faults_of(keys: Mapping[str, str], theme: str | None, themes: Collection[str]) -> Iterator[str]:
    """Yield a line for everything in the settings that the screen would ignore; `themes` are those that it knows.

    Values are not repeated, as they may stand in the wrong place, except for keys that exist.
    """
    for fault in _faults(keys, theme, themes):
        yield fault.line


def _faults(keys: Mapping[str, str], theme: str | None, themes: Collection[str]) -> Iterator[Fault]:
    if theme and theme not in themes:
        line = f"theme: there is no such name; {_advice(theme, themes, '/theme on the screen')}"
        yield Fault(line, (("theme",),))
    defaults = _keys_by_id()
    for name, chosen in keys.items():
        if name not in defaults:
            advice = _advice(name, defaults, "chat-personas doctor --settings")
            yield Fault(f"keys: there is no {quoted(name)}; {advice}", (("keys", name),))
        else:
            for key in _each(chosen):
                if not is_key(key):
                    line = f"keys: {name} is on a key that does not exist; {_likely(key)}"
                    yield Fault(line, (("keys", name),))
    for clash in _clashes(keys):
        first, second = clash.names
        line = f"keys: {first} and {second} are both on {key_written(clash.key)}; give one of them another key"
        yield Fault(line, (("keys", first), ("keys", second)))


def unusable(settings: Iterable[Setting], themes: Collection[str]) -> dict[tuple[str, ...], str]:
    """Return by their keys the settings whose values name nothing that is there, each with a line about it."""
    values = {setting.keys: setting.value for setting in settings if setting.origin != "default"}
    keys = {setting[1]: str(value) for setting, value in values.items() if setting[0] == "keys"}
    theme = values.get(("theme",))
    found = {each: fault.line for fault in _faults(keys, str(theme or ""), themes) for each in fault.settings}
    for named in values.keys() & {("persona",), ("survey",), ("model",)}:
        try:
            check_named(named, values[named], themes)
        except (ReportedError, OSError) as error:
            found[named] = f"{named[0]}: {error}"
    return found


def check_named(keys: Sequence[str], value: object, themes: Collection[str]) -> None:
    """Look for what a setting names, before it is written: a persona, a survey, a model, or one of the `themes`.

    Raises:
        ReportedError: it is not there: the program would ignore it, or not start; or a key is needed elsewhere.
    """
    if not isinstance(value, str):
        return
    match keys:
        case ("theme",) if fault := next(faults_of({}, value, themes), None):
            raise SettingsError(fault)
        case ("persona",):
            from chat_personas.own_personas import find_persona

            find_persona(value)
        case ("survey",):
            from chat_personas.surveys import find_survey

            find_survey(value)
        case ("model",):
            from chat_personas.engines.open import find_model

            find_model(value)
        case ("keys", name):
            _check_keys(name, value)


def _check_keys(name: str, keys: str) -> None:
    """Raise SettingsError where a terminal cannot send one of these keys, or the action `name` cannot be on it."""
    chosen = _keys_by_id() | load_settings().keys
    for key in _each(keys):
        if not is_key(key):
            raise SettingsError(f"there is no such key; {_likely(key)}")
        if fault := why_not(name, key, len(format_key(key)) == 1, chosen):
            raise SettingsError(fault)


def is_key(key: str) -> bool:
    """Whether a terminal can send a key of this name, such as `ctrl+x`, `f5`, `question_mark` or `?`."""
    *modifiers, base = key.split("+") if len(key) > 1 else [key]
    if not set(modifiers) <= MODIFIERS or not base:
        return False
    return base in _NAMED or base in KEY_NAME_REPLACEMENTS.values() or len(base) == 1 or _is_named_character(base)


def _is_named_character(name: str) -> bool:
    if name != name.lower():
        return False
    try:
        found = unicodedata.lookup(name.replace("_", " ").upper())
    except KeyError:
        return False
    return found.isprintable()  # no terminal sends a control character by its name, such as "bs"


def _likely(key: str) -> str:
    """Return the key that was probably meant by one that does not exist, or how keys are written."""
    meant = key.strip().lower().replace("control", "ctrl").replace("option", "alt").replace("-", "+").replace(" ", "")
    return f"did you mean {quoted(key_written(meant))}?" if is_key(meant) else FORM


def _advice(name: str, known: Collection[str], lists: str) -> str:
    """Say which known name was meant or is nearest; where that may be far off, also what lists all."""
    names = sorted(known)
    near = nearest(name, names, alike=0)
    return suggestion(name, names, f"the nearest is {quoted(near)}; {lists} lists all")


def _each(keys: str) -> list[str]:
    """Return the single keys of a setting such as `f2,ctrl+t`, by their long names."""
    return _normalize_key_list(keys).split(",")


def _keys_by_id() -> dict[str, str]:
    from chat_personas.tui.key_registry import named_bindings

    return {binding.id: binding.key for _, binding in named_bindings() if binding.id}


@dataclass(frozen=True, slots=True)
class Clash:
    """Two actions on one key, of which one would have none; `names` are their ids."""

    key: str
    names: tuple[str, str]

    def other(self, name: str) -> str:
        """Return the action that clashes with the one of this id."""
        first, second = self.names
        return second if name == first else first


def _clashes(keys: Mapping[str, str]) -> Iterator[Clash]:
    """Yield every two actions that `keys` put on one key where both can be meant.

    Actions that share a key by default, as those of Escape, are never possible at the same time.
    """
    said = set[frozenset[str]]()
    for place in _places():
        by_default, chosen = _by_key(place, {}), _by_key(place, keys)
        shared = {frozenset(pair) for names in by_default.values() for pair in combinations(names, 2)}
        for key, names in chosen.items():
            for pair in combinations(names, 2):
                if frozenset(pair) not in shared | said:
                    said.add(frozenset(pair))
                    yield Clash(key, pair)


def _places() -> Iterator[Mapping[str, str]]:
    """Yield the ids and default keys of the actions that are possible at the same time, for every place."""
    from chat_personas.tui.app import ChatApp
    from chat_personas.tui.chat.screen import ChatScreen
    from chat_personas.tui.key_registry import binding_holders, bindings_of
    from chat_personas.tui.widgets.panel.panel import AlignmentPanel

    for holders in binding_holders().values():
        around = {ChatApp, *((ChatScreen,) if holders == (AlignmentPanel,) else ())} - set(holders)
        yield {name: key for holder in (*holders, *around) for name, key in bindings_of(holder)}


def _by_key(place: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the ids of a place by the keys that they are on."""
    found = defaultdict[str, list[str]](list)
    for name, default in place.items():
        for key in _each(keys.get(name, default)):
            found[key].append(name)
    return found


WRITTEN_IN = frozenset({"In the conversation", "Everywhere"})
"""Places where people write text: a letter cannot be a key of an action there."""


def _writing_keys() -> set[str]:
    """Return the keys that move and change the text that is being written, but for those of our actions by default."""
    from textual.widgets import TextArea

    from chat_personas.tui.key_registry import named_bindings

    keys = (binding.key for binding in TextArea.BINDINGS if isinstance(binding, Binding))
    ours = (binding.key for place, binding in named_bindings() if place in WRITTEN_IN)
    return {key for each in keys for key in _each(each)} - {key for each in ours for key in _each(each)}


def why_not(name: str, key: str, is_printable: bool, keys: Mapping[str, str]) -> str | None:
    """Say why an action cannot be on a key that was pressed, None where it can; `keys` are all keys as they are."""
    from chat_personas.tui.key_registry import named_bindings
    from chat_personas.tui.key_routing import is_letter

    if key == "ctrl+c":
        return f"{key_written(key)} copies and quits"
    does = {binding.id: binding.tooltip or binding.description for _, binding in named_bindings()}
    where_written = {binding.id for place, binding in named_bindings() if place in WRITTEN_IN}
    if name in where_written and (is_letter(key, is_printable) or key in _writing_keys()):
        return f"{key_written(key)} is needed for writing"
    found = (clash.other(name) for clash in _clashes({**keys, name: key}) if name in clash.names and clash.key == key)
    return next((f"{key_written(key)} is on {other} already ({does[other]})" for other in found), None)
