"""What the settings ask of the screen that it cannot do: an unknown theme, an unknown key, two actions on one key.

Textual ignores all of these without a word, or lets one of two actions win. `doctor` and the screen name them.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from itertools import combinations

from textual.keys import KEY_NAME_REPLACEMENTS, KEY_TO_UNICODE_NAME, Keys, _normalize_key_list

from personas.inputs.suggestions import quoted, suggestion

MODIFIERS = frozenset({"ctrl", "alt", "shift", "super", "hyper", "meta"})
FORM = "write one such as ctrl+x, alt+up or f5"
_NAMED = frozenset(key.value.rpartition("+")[2] for key in Keys) | KEY_TO_UNICODE_NAME.keys() | {"space", "newline"}


def faults_of(keys: Mapping[str, str], theme: str | None, themes: Collection[str]) -> Iterator[str]:
    """Yield a line for everything in the settings that the screen would ignore; `themes` are those that it knows.

    Values are not repeated, as they may stand in the wrong place, except for keys that exist.
    """
    if theme and theme not in themes:
        yield f"theme: there is no such name; {_advice(theme, themes)}"
    defaults = _keys_by_id()
    for name, chosen in keys.items():
        if name not in defaults:
            yield f"keys: there is no {quoted(name)}; {_advice(name, defaults)}"
        else:
            unknown = [key for key in _each(chosen) if not is_key(key)]
            yield from (f"keys: {name} is on a key that does not exist; {_likely(key)}" for key in unknown)
    yield from _clashes(keys)


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
        unicodedata.lookup(name.replace("_", " ").upper())
    except KeyError:
        return False
    return True


def _likely(key: str) -> str:
    """Return the key that was probably meant by one that does not exist, or how keys are written."""
    meant = key.strip().lower().replace("control", "ctrl").replace("option", "alt").replace("-", "+").replace(" ", "")
    return f"did you mean {quoted(meant)}?" if is_key(meant) else FORM


def _advice(name: str, known: Collection[str]) -> str:
    return suggestion(name, sorted(known), f"write one of {', '.join(sorted(known))}")


def _each(keys: str) -> list[str]:
    """Return the single keys of a setting such as `f2,ctrl+t`, by their long names."""
    return _normalize_key_list(keys).split(",")


def _keys_by_id() -> dict[str, str]:
    from chat_personas.tui.key_registry import named_bindings

    return {binding.id: binding.key for _, binding in named_bindings() if binding.id}


def _clashes(keys: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for every two actions that `keys` put on one key where both can be meant.

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
                    yield f"keys: {pair[0]} and {pair[1]} are both on {key}; give one of them another key"


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
