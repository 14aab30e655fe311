"""What the settings ask for that is not there: an unknown theme, key, persona, survey or model; two actions on one key.

Textual ignores themes and keys without a word, or lets one of two actions win. `doctor` and the screen name them, and
the screen keeps the default keys of the actions whose keys it cannot use.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, KEY_TO_UNICODE_NAME, Keys, _normalize_key_list, format_key

from chat_personas.settings import SettingsError, load_settings
from chat_personas.settings_listing import Setting, key_written, keys_written
from chat_personas.tui.key_registry import NO_KEY
from personas.errors import ReportedError
from personas.inputs.suggestions import nearest, quoted, suggestion

MODIFIERS = frozenset({"ctrl", "alt", "shift", "super", "hyper", "meta"})
FORM = "write one such as ^g, alt+up or f5"
_NAMED = frozenset(key.value.rpartition("+")[2] for key in Keys) | KEY_TO_UNICODE_NAME.keys() | {"space", "newline"}


_SENT_AS = {"h": "Backspace", "i": "Tab", "m": "Enter", "[": "Escape", "left_square_bracket": "Escape"}
"""What terminals send for these with Ctrl, but for a few that tell them apart. The same settings serve on all."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the settings that the screen does not use: a line about it, and the settings that it concerns."""

    line: str
    settings: tuple[tuple[str, ...], ...]


def faults_of(keys: Mapping[str, str], theme: str | None, themes: Collection[str]) -> Iterator[Fault]:
    """Yield everything in the settings that the screen does not use; `themes` are those that it knows.

    Values are not repeated, as they may stand in the wrong place, except for keys that exist and for a slip of a theme.
    """
    if theme and theme not in themes:
        what = f"theme {quoted(theme)}" if nearest(theme, themes) else "such name"
        line = f"theme: there is no {what}; {_advice(theme, themes, '/theme on the screen')}"
        yield Fault(line, (("theme",),))
    _, faults, _ = _sorted_out(keys)
    yield from faults


def usable_keys(keys: Mapping[str, str]) -> dict[str, str]:
    """Return the keys of the settings that the screen can use; an action that is left out keeps its default.

    So every action has a key of its own, whatever the settings say: a wrong line takes no action away. Among them are
    the keys that are left to actions that gave one to an action of the settings.
    """
    usable, _, left = _sorted_out(keys)
    return {**usable, **left}


def all_bound(keys: Mapping[str, str]) -> dict[str, str]:
    """Return `keys` with those of the actions that share a default key with one of them, such as Escape.

    Textual 8.2 takes a key that is given up from every action that is on it; so these are bound to theirs again.
    """
    from chat_personas.tui.key_registry import binding_holders, bindings_of

    kept = dict[str, str]()
    for holders in binding_holders().values():
        for holder in holders:
            defaults = dict(bindings_of(holder))
            given_up = {key for name in defaults.keys() & keys.keys() for key in _each(defaults[name])}
            kept |= {name: key for name, key in defaults.items() if given_up.intersection(_each(key))}
    return {**kept, **keys}


def given_way(keys: Mapping[str, str]) -> list[Fault]:
    """Return which actions gave one of their keys to an action of the settings, and keep another: no fault."""
    usable, _, left = _sorted_out(keys)
    found = list[Fault]()
    for clash in _clashes(usable):
        name, other = clash.names if clash.names[1] in left else clash.names[::-1]
        line = f"{name} has {key_written(clash.key)} from {other}, which keeps {keys_written(left[other])}"
        found.append(Fault(f"keys: {line}", (("keys", name), ("keys", other))))
    return found


def _sorted_out(keys: Mapping[str, str]) -> tuple[dict[str, str], list[Fault], dict[str, str]]:
    """Return the keys that can be used, what is wrong with the others, and what is left to actions that give way."""
    defaults, usable, faults = _keys_by_id(), dict[str, str](), list[Fault]()
    for name, chosen in keys.items():
        if name not in defaults:
            advice = _advice(name, defaults, "chat-personas doctor --settings")
            faults.append(Fault(f"keys: there is no {quoted(name)}; {advice}", (("keys", name),)))
        elif fault := next((found for key in _each(chosen) if (found := _fault_of(name, key))), None):
            faults.append(Fault(f"keys: {_until_then(fault, {name: defaults[name]})}", (("keys", name),)))
        else:
            usable[name] = chosen
    while True:  # a key that falls back may clash with another one
        left = _left_to_others(usable, defaults)
        if not (clashes := list(_clashes({**usable, **left}))):
            return usable, faults, left
        ours = {name for clash in clashes for name in clash.names if name in usable}
        for clash in clashes:
            first, second = clash.names
            line = f"{first} and {second} are both on {key_written(clash.key)}; give one of them another key"
            fall_back = {name: defaults[name] for name in clash.names if name in ours}
            faults.append(Fault(f"keys: {_until_then(line, fall_back)}", tuple(("keys", name) for name in clash.names)))
        usable = {name: chosen for name, chosen in usable.items() if name not in ours}


def _left_to_others(chosen: Mapping[str, str], defaults: Mapping[str, str]) -> dict[str, str]:
    """Return what is left to the actions that are not `chosen` and give a key to one that is: what a person asks wins.

    An action of which nothing would be left gives nothing.
    """
    lost = defaultdict[str, set[str]](set)
    for clash in _clashes(chosen):
        for name, other in (clash.names, clash.names[::-1]):
            if name in chosen and other not in chosen:
                lost[other].add(clash.key)
    rest = {other: [key for key in _each(defaults[other]) if key not in keys] for other, keys in lost.items()}
    return {other: ",".join(keys) for other, keys in rest.items() if keys}


def _fault_of(name: str, key: str) -> str | None:
    """Say why an action can have no such key, None where it can."""
    if not is_key(key):
        return f"{name} is on a key that does not exist; {_likely(key)}"
    if why := _why_no_terminal_sends(key) or _why_kept(name, key):
        return f"{name} cannot be on {key_written(key)}: {why}; {FORM}"
    return None


def _why_no_terminal_sends(key: str) -> str | None:
    *modifiers, base = key.split("+")
    if base.lower() in _SENT_AS and {*modifiers} - {"shift"} == {"ctrl"}:
        return f"a terminal cannot send it apart from {_SENT_AS[base.lower()]}"
    return None


def _why_kept(name: str, key: str) -> str | None:
    """Say for what a key is kept, None where an action can have it: a letter cannot be on what people write with."""
    from chat_personas.tui.key_routing import UNTAKEN, is_letter

    if key == UNTAKEN:
        return "it copies and quits"
    if name in _where_written() and is_letter(key, len(format_key(key)) == 1):
        return "it is needed for writing"
    return None


def _until_then(line: str, defaults: Mapping[str, str]) -> str:
    """Add to a fault on which keys the actions are meanwhile, by default."""
    kept = " and ".join(
        f"{name} is on {keys_written(keys)}" if keys != NO_KEY else f"{name} has no key"
        for name, keys in defaults.items()
    )
    return f"{line}{' Until' if line.endswith('?') else '; until'} then {kept}"


def unusable(settings: Collection[Setting], themes: Collection[str]) -> dict[tuple[str, ...], str]:
    """Return by their keys the settings whose values name nothing that is there, each with a line about it."""
    values = {setting.keys: setting.value for setting in settings if setting.origin != "default"}
    keys = keys_chosen(settings)
    theme = values.get(("theme",))
    found = {each: fault.line for fault in faults_of(keys, str(theme or ""), themes) for each in fault.settings}
    for named in values.keys() & {("persona",), ("survey",), ("model",)}:
        try:
            check_named(named, values[named], themes)
        except (ReportedError, OSError) as error:
            found[named] = f"{named[0]}: {error}"
    return found


def keys_chosen(settings: Iterable[Setting]) -> dict[str, str]:
    """Return the keys that are not the default ones, by the ids of the actions."""
    own = (setting for setting in settings if setting.keys[0] == "keys" and setting.origin != "default")
    return {setting.keys[1]: str(setting.value) for setting in own}


def check_named(keys: Sequence[str], value: object, themes: Collection[str]) -> None:
    """Look for what a setting names, before it is written: a persona, a survey, a model, or one of the `themes`.

    Raises:
        ReportedError: it is not there: the program would ignore it, or not start; or a key is needed elsewhere.
    """
    if not isinstance(value, str):
        return
    match keys:
        case ("theme",) if fault := next(faults_of({}, value, themes), None):
            raise SettingsError(fault.line)
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
    chosen = load_settings().keys
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
    """Say which known name was meant; where none is near, what lists all."""
    return suggestion(name, sorted(known), f"{lists} lists all")


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


def _where_written() -> set[str | None]:
    """Return the ids of the actions that are possible where text is written."""
    from chat_personas.tui.key_registry import named_bindings

    return {binding.id for place, binding in named_bindings() if place in WRITTEN_IN}


def _writing_keys() -> set[str]:
    """Return the keys that move and change the text that is being written, but for those of our actions by default."""
    from textual.widgets import TextArea

    from chat_personas.tui.key_registry import named_bindings

    keys = (binding.key for binding in TextArea.BINDINGS if isinstance(binding, Binding))
    ours = (binding.key for place, binding in named_bindings() if place in WRITTEN_IN)
    return {key for each in keys for key in _each(each)} - {key for each in ours for key in _each(each)}


def why_not(name: str, key: str, is_printable: bool, keys: Mapping[str, str]) -> str | None:
    """Say why an action cannot be on a key that was pressed, None where it can; `keys` are those of the settings."""
    from chat_personas.tui.key_registry import named_bindings
    from chat_personas.tui.key_routing import UNTAKEN, is_letter

    if key == UNTAKEN:
        return f"{key_written(key)} copies and quits"
    if why := _why_no_terminal_sends(key):
        return f"{key_written(key)} cannot be used: {why}"
    does = {binding.id: binding.tooltip or binding.description for _, binding in named_bindings()}
    if name in _where_written() and (is_letter(key, is_printable) or key in _writing_keys()):
        return f"{key_written(key)} is needed for writing"
    meant = {**keys, name: key}
    clashes = _clashes({**meant, **_left_to_others(meant, _keys_by_id())})
    found = (clash.other(name) for clash in clashes if name in clash.names and clash.key == key)
    return next((f"{key_written(key)} is on {other} already ({does[other]})" for other in found), None)
