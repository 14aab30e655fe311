"""The page about models says what the program does."""

from chat_personas.models import INSTALL_SMOLLM2
from chat_personas.models.gguf import Header
from chat_personas.models.pulling import INSTALL_HUB
from chat_personas.models.servers import PORTS
from chat_personas.models.usable import why_unusable
from scripts.docs import write_models

PAGE = write_models.PAGE.read_text(encoding="utf-8")


def test_generated_parts_are_up_to_date() -> None:
    """If this fails, run `make docs`."""
    assert write_models.updated(PAGE) == PAGE


def test_the_ports_on_the_page_are_those_that_are_asked() -> None:
    prose = " ".join(PAGE.split())
    assert all(f"{name} {port}" in prose for port, name in PORTS.items())


def test_the_commands_that_install_are_those_that_errors_name() -> None:
    assert INSTALL_SMOLLM2 in PAGE
    assert INSTALL_HUB in PAGE


def test_the_kinds_that_the_page_sends_to_a_server_are_those_that_discover_names() -> None:
    encoder = Header({"general.architecture": "t5"})
    assert "use a server" in (why_unusable(encoder) or "")
    assert "T5" in PAGE
