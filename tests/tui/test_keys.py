"""Every key that can be rebound has an id of its own, which the whole program knows."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest
from textual.actions import parse
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

import chat_personas.tui
from chat_personas.settings_listing import keys_written
from chat_personas.tui.app import ChatApp, TerminalApp
from chat_personas.tui.key_registry import NO_KEY, binding_holders, keys_shown, named_bindings


def classes_that_bind_keys() -> list[type[DOMNode]]:
    """Every screen, widget and application of the package that binds a key, found by looking at all of its modules."""
    for module in pkgutil.walk_packages(chat_personas.tui.__path__, "chat_personas.tui."):
        importlib.import_module(module.name)
    found, looked_at = list[type[DOMNode]](), [DOMNode]
    for node in looked_at:
        looked_at += [below for below in node.__subclasses__() if below not in looked_at]
        if node.__module__.startswith("chat_personas.tui.") and node.__dict__.get("BINDINGS"):
            found.append(node)
    return found


def ids_of(node: type[DOMNode]) -> list[str]:
    return [binding.id for binding in node.__dict__["BINDINGS"] if isinstance(binding, Binding) and binding.id]


def test_every_id_belongs_to_one_key_only() -> None:
    ids = [name for node in classes_that_bind_keys() for name in ids_of(node)]

    assert len(ids) > 30
    assert sorted(ids) == sorted(set(ids))


def test_the_settings_the_help_and_doctor_know_every_class_that_binds_keys() -> None:
    known = {node for holders in binding_holders().values() for node in holders}

    assert {node for node in classes_that_bind_keys() if ids_of(node)} == known


def test_every_key_runs_an_action_that_exists() -> None:
    """Textual passes over a missing one without a word."""
    wrong = []
    for node in classes_that_bind_keys():
        for binding in node.__dict__["BINDINGS"]:
            assert isinstance(binding, Binding)
            where, name, _ = parse(binding.action)
            owner = {"": node, "app": ChatApp, "screen": Screen}[where]
            if not hasattr(owner, f"action_{name}"):
                wrong.append(f"{node.__name__}: {binding.action}")
    assert wrong == []


@pytest.mark.parametrize(
    ("keys", "chosen", "written"),
    [
        ("f2,ctrl+t", {}, ["<f2>", "<ctrl+t>"]),
        ("f2, ctrl+t,", {}, ["<f2>", "<ctrl+t>"]),
        ("f2", {"it": "f9,f10", "other": "f3"}, ["<f9>", "<f10>"]),
        (NO_KEY, {}, []),
        ("", {}, []),
    ],
)
def test_keys_are_written_one_by_one_and_those_of_the_settings_before_the_others(
    keys: str, chosen: dict[str, str], written: list[str]
) -> None:
    assert keys_shown(Binding(keys, "do", id="it"), chosen, lambda binding: f"<{binding.key}>") == written


def test_no_text_is_selected_as_a_whole_when_it_gets_the_focus_back() -> None:
    """The next letter would replace it."""
    selecting = []
    for module in Path(chat_personas.tui.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id.endswith("Input") and "select_on_focus" not in [each.arg for each in node.keywords]:
                selecting.append(f"{module.name}:{node.lineno}")
    assert selecting == []


def test_every_key_is_written_as_the_line_of_keys_shows_it() -> None:
    app = TerminalApp()
    for _, binding in named_bindings():
        assert (
            keys_written(binding.key) == ", ".join(keys_shown(binding, {}, app.get_key_display))
            or binding.key == NO_KEY
        )
