"""Every key that can be rebound has an id of its own, which the whole program knows."""

import importlib
import pkgutil

from textual.binding import Binding
from textual.dom import DOMNode

import chat_personas.tui


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


def test_every_id_belongs_to_one_key_only() -> None:
    ids = [
        binding.id
        for node in classes_that_bind_keys()
        for binding in node.__dict__["BINDINGS"]
        if isinstance(binding, Binding) and binding.id
    ]

    assert len(ids) > 30
    assert sorted(ids) == sorted(set(ids))
