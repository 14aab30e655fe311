"""Personas as they are named on the command line: each once, or its figures would stand there twice."""

from collections.abc import Sequence

from chat_personas.cli.exit_codes import UsageError
from personas import LoadedPersona


def check_each_once(personas: Sequence[LoadedPersona]) -> None:
    """Make sure that no persona is named twice, by its name in the library or by its file.

    Raises:
        UsageError: one is.
    """
    seen: set[str] = set()
    for loaded in personas:
        if loaded.sha256 in seen:
            raise UsageError(f"the persona {loaded.persona.name} is named twice; name each once")
        seen.add(loaded.sha256)
